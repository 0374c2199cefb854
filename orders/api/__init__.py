"""The JSON door: for storefronts and scripts."""

from orders.api import (  # noqa: F401 - they add the routes
    accesstoken_views,
    configuration_views,
    document_views,
    order_views,
    webhook_views,
)
from orders.api.blueprint import api

__all__ = ["api"]
