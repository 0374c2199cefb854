"""Changing an order on a form while others change it, too."""
