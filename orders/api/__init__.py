"""The JSON door: for storefronts and scripts."""

from orders.api import document_views, order_views  # noqa: F401 - they add the routes
from orders.api.blueprint import api

__all__ = ["api"]
