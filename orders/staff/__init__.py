"""The sales desk: signing in, entering orders, finding them again, and the settings."""

from orders.staff import (  # noqa: F401 - they add the routes
    account_views,
    admin,
    attribute_views,
    bulk_views,
    configuration_views,
    draft_views,
    edit_views,
    entry_views,
    export_views,
    field_views,
    import_views,
    invitation_views,
    link_views,
    list_views,
    order_act_views,
    order_views,
    org_views,
    print_views,
    request_views,
    second_factor_views,
    showing_people,
    sign_in_views,
    staff_views,
    start_views,
    token_views,
    webhook_views,
)
from orders.staff.blueprint import staff

__all__ = ["staff"]
