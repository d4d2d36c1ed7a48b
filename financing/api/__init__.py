"""What the bank may read, and the tokens it reads with."""
