"""Saved configurations: kept, found, imported, and named by those who enter orders."""
