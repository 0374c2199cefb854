"""The pages of imports of orders."""
