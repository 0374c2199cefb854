"""The customer pages, on which a customer finds an order by its short ID."""

from orders.interfaces.customer import views
from orders.interfaces.customer.blueprint import customer

__all__ = ["customer", "views"]
