"""The reference of the JSON door for people: a page of its own, open to everybody."""

from orders.docs.views import docs

__all__ = ["docs"]
