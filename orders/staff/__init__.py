"""The sales desk: signing in, entering orders, finding them again, and the settings."""

# Each module of views adds its routes to the blueprint.
from orders.staff import display, start_views  # noqa: F401
from orders.staff.blueprint import staff
from orders.staff.entry import draft_views, edit_views, entry_views, field_views  # noqa: F401
from orders.staff.imports import import_views  # noqa: F401
from orders.staff.lists import bulk_views, list_views  # noqa: F401
from orders.staff.order import order_views, print_views  # noqa: F401
from orders.staff.people import (  # noqa: F401
    account_views,
    invitation_views,
    link_views,
    second_factor_views,
    sign_in_views,
)
from orders.staff.settings import (  # noqa: F401
    attribute_views,
    configuration_views,
    navigation,
    org_views,
    request_views,
    staff_views,
    token_views,
    webhook_views,
)

__all__ = ["staff"]
