"""The sales desk: signing in, entering orders, finding them again."""

from orders.staff import entry_views, order_views, sign_in_views  # noqa: F401 - they add the routes
from orders.staff.blueprint import staff

__all__ = ["staff"]
