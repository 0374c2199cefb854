"""The customers' pages: an order, looked up by its short ID."""

from orders.customer import views
from orders.customer.blueprint import customer

__all__ = ["customer", "views"]
