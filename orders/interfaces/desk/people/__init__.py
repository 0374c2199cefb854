"""Signing in, invitations, password resets, and the pages of a person's own account."""
