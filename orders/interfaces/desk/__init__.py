"""The sales desk, on which staff sign in, enter orders, find them again and change the settings."""

# Each module of views adds its routes to the blueprint.
from orders.interfaces.desk import display, go_views, start_views  # noqa: F401
from orders.interfaces.desk.blueprint import desk
from orders.interfaces.desk.customers import customer_views, erasure_views, file_views  # noqa: F401
from orders.interfaces.desk.imports import import_views  # noqa: F401
from orders.interfaces.desk.order import order_views, print_views  # noqa: F401
from orders.interfaces.desk.order_form import (  # noqa: F401
    customer_panel,
    draft_views,
    edit_views,
    entry_views,
    field_views,
    read_back,
    total_views,
)
from orders.interfaces.desk.order_list import list_views  # noqa: F401
from orders.interfaces.desk.people import (  # noqa: F401
    account_views,
    company_views,
    invitation_views,
    link_views,
    passkey_views,
    second_factor_views,
    setup_views,
    sign_in_views,
)
from orders.interfaces.desk.settings import (  # noqa: F401
    attribute_views,
    audit_views,
    configuration_views,
    org_views,
    product_views,
    request_views,
    staff_views,
    token_views,
    webhook_views,
)

__all__ = ["desk"]
