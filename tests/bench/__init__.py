"""The bench runs whole on a handful of rows."""
