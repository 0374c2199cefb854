"""The customers' pages: an order, looked up by its short ID."""

from orders.interfaces.customer import views
from orders.interfaces.customer.blueprint import customer

__all__ = ["customer", "views"]
