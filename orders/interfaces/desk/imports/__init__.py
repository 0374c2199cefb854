"""The pages for importing orders."""
