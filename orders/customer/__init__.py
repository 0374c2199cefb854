"""The customer's look-up: an order's code is all that it takes."""

from orders.customer.views import customer

__all__ = ["customer"]
