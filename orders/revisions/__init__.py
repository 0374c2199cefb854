"""Changing an order on a form, beside others who change it, too."""
