"""Pages for an org's settings, saved configurations, and recent API requests."""
