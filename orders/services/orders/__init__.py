"""What helps to enter an order: drafts, templates, and known customers."""
