"""What helps to enter an order: drafts, templates, and the customers of before."""
