"""The pages of the list of orders."""
