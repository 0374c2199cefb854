"""What the product does: each service checks its input and owns its transactions."""
