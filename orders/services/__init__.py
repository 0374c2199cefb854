"""The record of recent requests."""
