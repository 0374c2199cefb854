"""Webhooks: their settings, and the messages that are sent to them."""
