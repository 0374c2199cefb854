"""The reference of the JSON door for people: a page of its own, open to everybody."""

from orders.interfaces.reference.views import reference_pages

__all__ = ["reference_pages"]
