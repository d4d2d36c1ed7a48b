"""The pages of invoice financing, by what a person does on them."""
