"""Saved configurations: store, list, import, and find by ID, SKU or text."""
