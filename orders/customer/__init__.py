"""The customer's look-up: an order's code is all that it takes."""

from orders.customer import look_views, views
from orders.customer.blueprint import customer

__all__ = ["customer", "look_views", "views"]
