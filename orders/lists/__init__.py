"""The list of orders: filters, search, sorting, bulk changes, saved views, export."""
