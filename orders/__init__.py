"""Shortorder, the order desk for configured products."""

__version__ = "0.1.0"
