"""The widgets: one file each, and one line each in registry.py."""
