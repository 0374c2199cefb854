"""The pages of settings, for admins."""
