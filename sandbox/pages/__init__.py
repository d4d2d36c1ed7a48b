"""The bank's pages for people, in Norwegian."""
