"""The order form, for entering a new order or changing a stored one."""
