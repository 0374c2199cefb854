"""The JSON door: for storefronts and scripts."""

from orders.api import order_views  # noqa: F401 - it adds the routes
from orders.api.blueprint import api

__all__ = ["api"]
