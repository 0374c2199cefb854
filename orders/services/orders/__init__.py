"""Orders: create, change, find, list and export them; drafts, notes, and look-up by customers."""
