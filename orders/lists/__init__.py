"""The list of orders: found, sorted, changed by the dozen, exported."""
