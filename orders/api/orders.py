"""Orders by JSON."""

from operator import methodcaller
from typing import Any

from orders import editing, intake, queries
from orders.api.endpoints import (
    CREATED,
    IDEMPOTENCY_KEY,
    IF_MATCH,
    IF_NONE_MATCH,
    ORG_ID,
    Access,
    Example,
    Link,
    Parameter,
    Resource,
    Success,
    path_parameter,
    text_filter,
)
from orders.api.order_bodies import (
    BINNED,
    CHANGE_BODY,
    CHANGED,
    GROWN,
    LINES_BODY,
    LIST,
    NEW_ORDER_BODY,
    ORDER,
    ORDERS,
)
from orders.api.query import Query
from orders.api.request import Call, read_json
from orders.api.responses import Result, list_result
from orders.api.schemas import SHORT_ID, OrderAnswer, OrderList
from orders.lists import order_list
from orders.lists.order_filter import OrderFilter
from orders.rules.fields import (
    CONFIGURATION_ID_PATTERN,
    EXAMPLE_CONFIGURATION_ID,
    EXAMPLE_ORG_ID,
    NO_NUL,
)
from orders.rules.json_values import MAX_INTEGER, MIN_INTEGER
from orders.rules.order import Order, OrderChanges, order_fields
from orders.rules.status import Status

resource = Resource(
    "Orders", "Orders as storefronts and scripts send them, and as they are read and changed again."
)

REFERENCE = path_parameter(
    "reference",
    "The `id` of the order, or its `shortId` in any spelling: small letters, with spaces or "
    "hyphens, O for 0, I or L for 1.",
    SHORT_ID,
    kind="order-reference",
    converter="order",
)


def _read_platform(query: Query) -> dict[str, Any] | None:
    platform = query.json_object("platform")
    for key, value in (platform or {}).items():
        if isinstance(value, dict | list):
            query.add_error(f"platform.{key}", "Text, a number, a boolean or null.")
    return platform


FILTERS = (
    Parameter(
        "shortId",
        "query",
        "Orders with these short names, in any spelling. A mistyped one is 422.",
        {"type": "array", "items": {"type": "string", "format": "order-code"}},
        [SHORT_ID],
        keyword="short_ids",
        read=methodcaller("short_ids", "shortId"),
    ),
    text_filter("originOrgId", "origin_org_id", "Orders that came from this org.", EXAMPLE_ORG_ID),
    Parameter(
        "platform",
        "query",
        "Keys of `platform` with their values, as JSON text; null stands for no value. Orders "
        "match when each named key has this value.",
        {
            "type": "object",
            "propertyNames": {"pattern": NO_NUL},
            "additionalProperties": {
                "anyOf": [
                    {"type": "string", "pattern": NO_NUL},
                    {"type": "number", "minimum": MIN_INTEGER, "maximum": MAX_INTEGER},
                    {"type": ["boolean", "null"]},
                ]
            },
        },
        {"id": "5001"},
        is_json=True,
        keyword="platform",
        read=_read_platform,
    ),
    text_filter("customerId", "customer_id", "Orders of this customer.", "C-1042"),
    Parameter(
        "status",
        "query",
        "Orders in one of these states.",
        {"type": "array", "items": {"type": "string", "enum": list(Status)}},
        ["New", "In Progress"],
        keyword="statuses",
        read=methodcaller("choices", "status", tuple(Status)),
    ),
    text_filter("name", "name", "Orders of exactly this name.", "Reception"),
    *CREATED,
    Parameter(
        "configurationId",
        "query",
        "Orders with a line of this configuration: a UUID or a short ID.",
        {"type": "string", "pattern": CONFIGURATION_ID_PATTERN},
        EXAMPLE_CONFIGURATION_ID,
        keyword="configuration_id",
        read=methodcaller("configuration_id", "configurationId"),
    ),
)

CHANGE_ERRORS = {
    403: "A public token, and the status is not `List` or `In Cart` any more; or a public token "
    "used from elsewhere than its domains.",
    422: "Not valid, or the order would not be valid any more: from `New` on it needs a line. "
    "`errors` names every fault by its path.",
}
BIN_ERRORS = {403: "The token is a public one."}

# Only from where an order is made: clients, and schemathesis, begin a way there.
THIS_ORDER = {"reference": "$response.body#/id"}
LINKS = {
    "read": Link("readOrder", THIS_ORDER, "Read the order."),
    "readByShortId": Link(
        "readOrder", {"reference": "$response.body#/shortId"}, "Read it by its short name."
    ),
    "change": Link("changeOrder", THIS_ORDER, "Change its fields."),
    "addLines": Link("addLines", THIS_ORDER, "Add lines to its cart."),
    "replaceLines": Link("replaceLines", THIS_ORDER, "Replace its lines."),
    "bin": Link("binOrder", THIS_ORDER, "Put it into the bin."),
}
FROM_THE_BIN = {"restore": Link("restoreOrder", THIS_ORDER, "Take it out of the bin again.")}


def _whole_order(description: str, example: Example, **links: Link) -> tuple[Success, ...]:
    return (Success(200, description, OrderAnswer, {"order": example}, ("ETag",), links),)


def present_order(order: Order) -> Result:
    """Return an order with its version."""
    return Result(order_fields(order), etag=str(order.version))


def present_new_order(order: Order) -> Result:
    """Return an order with its version and its address."""
    return present_order(order)._replace(location=f"/api/orders/{order.short_id}")


@resource.endpoint(
    "POST",
    "/api/orders",
    Access.ANY,
    (
        Success(
            201, "The whole order, with what the service has added.", OrderAnswer, ORDERS,
            ("Location", "ETag"), LINKS,
        ),
    ),
    parameters=(ORG_ID, IDEMPOTENCY_KEY),
    bodies=(NEW_ORDER_BODY,),
    present=present_new_order,
)  # fmt: skip
def create_order(call: Call) -> Order:
    """Create an order.

    Stores the order, or refuses it with every fault at once. When the answer is here, the order is
    on the disk.
    """
    draft = intake.check_order(call.body, actor=call.actor, limits=call.limits)
    return intake.create_order(draft, actor=call.actor, once=call.once)


@resource.endpoint(
    "GET",
    "/api/orders",
    Access.PUBLIC_BY_SHORT_ID,
    (Success(200, "A page of orders.", OrderList, {"orders": LIST}),),
    parameters=(ORG_ID,),
    filters=FILTERS,
    sortable=order_list.SORTABLE,
)
def list_orders(call: Call) -> Result:
    """List orders.

    The orders of the org that match all filters, none from the bin. Filters may be sent as plain
    text or as JSON text (`name=Hall` or `name="Hall"`).
    """
    page = order_list.find_orders(call.actor.org_id, OrderFilter(**call.filters), call.paging)
    return list_result("orders", page, order_fields)


@resource.endpoint(
    "GET",
    "/api/orders/{reference}",
    Access.ANY,
    (
        *_whole_order("The whole order.", ORDER),
        Success(
            304, "It is still the version that `If-None-Match` names.", None, headers=("ETag",)
        ),
    ),
    parameters=(REFERENCE, IF_NONE_MATCH),
    errors={
        404: "There is no such order in the org of the token, or it is in the bin; or the code is "
        "mistyped, which its check character tells."
    },
    present=present_order,
)
def read_order(call: Call, reference: str) -> Order:
    """Read an order.

    By its `id` or `shortId`. An order of another org does not exist for the token.
    """
    return queries.find_order(reference, call.actor.org_id)


@resource.endpoint(
    "PUT",
    "/api/orders/{reference}",
    Access.PUBLIC_WHEN_OPEN,
    _whole_order("The whole order after the change.", CHANGED),
    parameters=(REFERENCE, IF_MATCH),
    bodies=(CHANGE_BODY,),
    read_body=read_json,
    errors=CHANGE_ERRORS,
    present=present_order,
)
def change_order(call: Call, reference: str) -> Order:
    """Change an order.

    Fields that are sent are replaced, others stay. An array replaces the cart. A whole order may be
    sent back after a change: what only the service sets is taken as long as it is as it was. A
    change that changes nothing leaves the version as it is.
    """
    changes = editing.check_changes(call.body, actor=call.actor, limits=call.limits)
    return editing.change_order(
        reference, changes, actor=call.actor, is_current=call.request.version_check
    )


@resource.endpoint(
    "DELETE",
    "/api/orders/{reference}",
    Access.PRIVATE,
    _whole_order("The order with `deletedAt`.", BINNED, **FROM_THE_BIN),
    parameters=(REFERENCE, IF_MATCH),
    errors=BIN_ERRORS,
    present=present_order,
)
def bin_order(call: Call, reference: str) -> Order:
    """Put an order into the bin.

    From now on it is 404 for everything but its way back.
    """
    return editing.bin_order(reference, actor=call.actor, is_current=call.request.version_check)


@resource.endpoint(
    "POST",
    "/api/orders/{reference}/restore",
    Access.PRIVATE,
    _whole_order("The whole order.", CHANGED),
    parameters=(REFERENCE, IDEMPOTENCY_KEY, IF_MATCH),
    errors=BIN_ERRORS,
    present=present_order,
)
def restore_order(call: Call, reference: str) -> Order:
    """Take an order out of the bin.

    One that is not in the bin stays as it is.
    """
    return editing.restore_order(
        reference, actor=call.actor, is_current=call.request.version_check, once=call.once
    )


@resource.endpoint(
    "POST",
    "/api/orders/{reference}/cart",
    Access.PUBLIC_WHEN_OPEN,
    _whole_order("The whole order; the new lines stand behind the others.", GROWN),
    parameters=(REFERENCE, IDEMPOTENCY_KEY, IF_MATCH),
    bodies=(LINES_BODY,),
    read_body=read_json,
    errors=CHANGE_ERRORS,
    present=present_order,
)
def add_lines(call: Call, reference: str) -> Order:
    """Add lines to the cart.

    Puts lines behind those that are there. Two lines may name the same configuration.
    """
    lines = editing.check_lines(call.body, actor=call.actor, limits=call.limits)
    return editing.add_lines(
        reference,
        lines,
        actor=call.actor,
        limits=call.limits,
        is_current=call.request.version_check,
        once=call.once,
    )


@resource.endpoint(
    "PUT",
    "/api/orders/{reference}/cart",
    Access.PUBLIC_WHEN_OPEN,
    _whole_order("The whole order with its new lines.", CHANGED),
    parameters=(REFERENCE, IF_MATCH),
    bodies=(LINES_BODY,),
    read_body=read_json,
    errors=CHANGE_ERRORS,
    present=present_order,
)
def replace_lines(call: Call, reference: str) -> Order:
    """Replace the cart.

    The lines that are sent take the place of all that are there.
    """
    lines = editing.check_lines(call.body, actor=call.actor, limits=call.limits)
    return editing.change_order(
        reference,
        OrderChanges(cart=lines),
        actor=call.actor,
        is_current=call.request.version_check,
    )


@resource.endpoint(
    "POST",
    "/api/orders/{reference}/items",
    Access.PUBLIC_WHEN_OPEN,
    _whole_order("The whole order; the new lines stand behind the others.", GROWN),
    parameters=(REFERENCE, IDEMPOTENCY_KEY, IF_MATCH),
    bodies=(LINES_BODY,),
    read_body=read_json,
    errors=CHANGE_ERRORS,
    present=present_order,
    is_deprecated=True,
)
def add_items(call: Call, reference: str) -> Order:
    """Add lines to the cart (the old address).

    The same as `POST …/cart`, for old clients.
    """
    return add_lines(call, reference)
