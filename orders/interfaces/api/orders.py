"""JSON endpoints for orders."""

from collections.abc import Mapping
from typing import Any

import orjson

from orders.domain.configuration import configuration_fields
from orders.domain.errors import FieldError, InvalidInput
from orders.domain.order import Order, OrderChanges, order_fields
from orders.domain.shown_orders import Shown, shown_fields
from orders.interfaces.api import order_bodies, parameters
from orders.interfaces.api.endpoints import Access, Example, Resource, Success, link
from orders.interfaces.api.order_filters import FILTERS
from orders.interfaces.api.parameters import (
    CUSTOMER_ID,
    FULL_CONFIGURATION,
    IDEMPOTENCY_KEY,
    IF_MATCH,
    IF_NONE_MATCH,
    ORG_ID,
)
from orders.interfaces.api.request import Call, read_json
from orders.interfaces.api.responses import EndpointResult, list_result
from orders.interfaces.api.schemas import SHORT_ID, OrderAnswer, OrderList
from orders.services.catalog import configuration_queries
from orders.services.orders import changes as order_changes
from orders.services.orders import intake, order_list, public_reads
from orders.services.orders.order_filter import OrderFilter

resource = Resource("Orders", "Create, read and change orders, from storefronts and scripts.")

MAX_CONFIGURATIONS = 33_554_432  # bytes of JSON that `fullConfiguration` adds to an answer

REFERENCE = parameters.path_parameter(
    "reference",
    "The `id` of the order, or its `shortId` as people type it: in lowercase, with spaces or "
    "hyphens, O for 0, I or L for 1.",
    SHORT_ID,
    kind="order-reference",
)


CHANGE_ERRORS = {
    403: "The token is public and the status is no longer `List` or `In Cart`, or a public token "
    "is used outside its domains.",
    409: "The order is canceled, and its status or its cart would change. Reopen it first.",
    422: "The input is not valid, or the order would no longer be valid: from `New` on it needs a "
    "line. `errors` lists every error by its path.",
}
BIN_ERRORS = {403: "The token is public."}

# Only from where an order is created: clients, and schemathesis, start from there.
THIS_ORDER = {"reference": "$response.body#/id"}
LINKS = {
    "read": link("readOrder", THIS_ORDER, "Read the order."),
    "readByShortId": link(
        "readOrder", {"reference": "$response.body#/shortId"}, "Read it by its short ID."
    ),
    "change": link("changeOrder", THIS_ORDER, "Change its fields."),
    "addLines": link("addLines", THIS_ORDER, "Add lines to its cart."),
    "replaceLines": link("replaceLines", THIS_ORDER, "Replace its lines."),
    "cancel": link("cancelOrder", THIS_ORDER, "Cancel it."),
    "bin": link("binOrder", THIS_ORDER, "Move it to the bin."),
}
FROM_THE_BIN = {"restore": link("restoreOrder", THIS_ORDER, "Restore it from the bin.")}


def _whole_order(description: str, example: Example, **links: Mapping[str, Any]) -> Success:
    return Success(200, description, OrderAnswer, {"order": example}, ("ETag",), links)


def present_order(order: Order) -> EndpointResult:
    fields = order_fields(order)
    fields["warnings"] = [{"path": one.path, "message": one.message} for one in order.warnings]
    return EndpointResult(fields, etag=str(order.version))


def present_new_order(order: Order) -> EndpointResult:
    return present_order(order)._replace(location=f"/api/orders/{order.short_id}")


CHANGE: dict[str, Any] = {
    "read_body": read_json, "errors": CHANGE_ERRORS, "present": present_order,
}  # fmt: skip


@resource.endpoint(
    "POST /api/orders",
    Access.ANY,
    Success(
        201, "The complete order, including the fields that the service sets.",
        OrderAnswer, order_bodies.ORDERS, ("Location", "ETag"), LINKS,
    ),
    parameters=(ORG_ID, IDEMPOTENCY_KEY),
    bodies=(order_bodies.NEW_ORDER_BODY,),
    present=present_new_order,
)  # fmt: skip
def create_order(call: Call) -> Order:
    """Create an order.

    The order is stored, or refused with a list of all errors. When you get the response, the order
    is on disk.
    """
    draft = intake.check_order(call.body, actor=call.actor, limits=call.limits)
    return intake.create_order(draft, actor=call.actor, key=call.once)


@resource.endpoint(
    "GET /api/orders",
    Access.PUBLIC_BY_SHORT_ID,
    Success(200, "A page of orders.", OrderList, {"orders": order_bodies.LIST}),
    parameters=(ORG_ID, FULL_CONFIGURATION, CUSTOMER_ID),
    filters=FILTERS,
    sortable=order_list.SORTABLE,
)
def list_orders(call: Call) -> EndpointResult:
    """List orders.

    Returns the orders of the org that match all filters, without those in the bin. Filters can be
    sent as plain text or as JSON text (`name=Hall` or `name="Hall"`). If the org withholds orders
    from public tokens, these read them as `Read an order` says.
    """
    page = public_reads.list_orders(
        call.actor, OrderFilter(**call.filters), call.paging, call.request.customer_id
    )
    call.misses = max(0, len(set(call.filters["short_ids"])) - page.count)
    answer = list_result("orders", page, lambda entry: _shown(call, *entry), call.ignored)
    if call.flag(FULL_CONFIGURATION.name):
        _with_configurations(call, answer.value["orders"])
    return answer


@resource.endpoint(
    "GET /api/orders/{reference}",
    Access.ANY,
    Success(200, "The complete order.", OrderAnswer, {"order": order_bodies.ORDER}, ("OrderETag",)),
    Success(304, "The version is still the one in `If-None-Match`.", None, headers=("ETag",)),
    parameters=(REFERENCE, FULL_CONFIGURATION, CUSTOMER_ID, IF_NONE_MATCH),
    errors={
        404: "The org of the token has no such order, or it is in the bin, or the short ID is "
        "mistyped (its check character does not match).",
        422: "A query parameter is malformed, or `Customer-Id` does not match the order.",
        429: "The token has sent too many requests, or no try of `Customer-Id` is left.",
    },
)
def read_order(call: Call, reference: str) -> EndpointResult:
    """Read an order.

    Finds it by its `id` or `shortId`. Orders of other orgs are 404. If the org withholds orders
    from public tokens, a public token reads open carts and what it created itself in full. Of other
    orders it gets what the customer's page shows, with null or an empty value in place of the rest:
    the status, and with the right `Customer-Id` also times, lines and visible attributes.
    """
    order, shown = public_reads.find_order(reference, call.actor, call.request.customer_id)
    is_full = call.flag(FULL_CONFIGURATION.name)
    if shown is public_reads.ALL and not is_full:
        return present_order(order)
    # Never "not modified": configurations, and what is shown, may change while the order keeps its
    # version.
    value = {**_shown(call, order, shown), "warnings": []}
    if is_full:
        _with_configurations(call, [value])
    return EndpointResult(value, headers={"ETag": f'"{order.version}"'})


def _shown(call: Call, order: Order, shown: Shown) -> dict[str, Any]:
    rules = call.actor.org
    return shown_fields(order, shown, rules.attributes, rules.line_attributes)


def _with_configurations(call: Call, found: list[dict[str, Any]]) -> None:
    """Add the saved configuration, or None, to each line of the orders.

    `found` are orders as JSON objects, which are changed in place. Raises InvalidInput if the
    configurations are longer than MAX_CONFIGURATIONS bytes in total.
    """
    lines = [line for order in found for line in order["cart"]]
    references = {line["configurationId"] for line in lines}
    saved = configuration_queries.find_configurations(references, call.actor.org_id)
    shown = {name: configuration_fields(one, call.address) for name, one in saved.items()}
    # Many lines may repeat one large configuration.
    sizes = {name: len(orjson.dumps(one)) for name, one in shown.items()}
    if sum(sizes.get(line["configurationId"], 0) for line in lines) > MAX_CONFIGURATIONS:
        message = (
            f"The configurations of these lines have more than {MAX_CONFIGURATIONS:,} bytes "
            "together. Read fewer orders at once, or the configurations by themselves."
        )
        raise InvalidInput([FieldError(FULL_CONFIGURATION.name, message)])
    for line in lines:
        line["configuration"] = shown.get(line["configurationId"])


@resource.endpoint(
    "PUT /api/orders/{reference}",
    Access.PUBLIC_WHEN_OPEN,
    _whole_order("The complete order after the change.", order_bodies.CHANGED),
    parameters=(REFERENCE, IF_MATCH),
    bodies=(order_bodies.CHANGE_BODY,),
    **CHANGE,
)
def change_order(call: Call, reference: str) -> Order:
    """Change an order.

    Fields that you send are replaced; others stay as they are. An array replaces the cart. You can
    send a complete order back: fields that only the service sets are accepted if they are
    unchanged. A request that changes nothing keeps the version.
    """
    changes = order_changes.check_changes(call.body, actor=call.actor, limits=call.limits)
    return order_changes.change_order(
        reference, changes, actor=call.actor, is_current=call.request.version_check
    )


@resource.endpoint(
    "DELETE /api/orders/{reference}",
    Access.PRIVATE,
    _whole_order("The order with `deletedAt`.", order_bodies.BINNED, **FROM_THE_BIN),
    parameters=(REFERENCE, IF_MATCH),
    errors=BIN_ERRORS,
    present=present_order,
)
def bin_order(call: Call, reference: str) -> Order:
    """Move an order to the bin.

    After that, all requests for it are 404, except restoring it.
    """
    return order_changes.bin_order(
        reference, actor=call.actor, is_current=call.request.version_check
    )


@resource.endpoint(
    "POST /api/orders/{reference}/restore",
    Access.PRIVATE,
    _whole_order("The complete order.", order_bodies.CHANGED),
    parameters=(REFERENCE, IDEMPOTENCY_KEY, IF_MATCH),
    errors=BIN_ERRORS,
    present=present_order,
)
def restore_order(call: Call, reference: str) -> Order:
    """Restore an order from the bin.

    An order that is not in the bin stays as it is.
    """
    return order_changes.restore_order(
        reference, actor=call.actor, is_current=call.request.version_check, key=call.once
    )


@resource.endpoint(
    "POST /api/orders/{reference}/cancel",
    Access.PRIVATE,
    _whole_order(
        "The order with `canceledAt`.", order_bodies.CANCELED,
        reopen=link("reopenOrder", THIS_ORDER, "Reopen it."),
    ),
    parameters=(REFERENCE, IDEMPOTENCY_KEY, IF_MATCH),
    bodies=(order_bodies.CANCELLATION_BODY,),
    errors=BIN_ERRORS,
    present=present_order,
)  # fmt: skip
def cancel_order(call: Call, reference: str) -> Order:
    """Cancel an order.

    Sets `canceledAt` and `cancelReason`; `status` does not change. Until the order is reopened,
    changes of its status or its cart are 409. An order that is canceled already stays as it is,
    with its first reason.
    """
    reason = order_changes.check_reason(call.body, limits=call.limits)
    return order_changes.cancel_order(
        reference, reason, actor=call.actor, is_current=call.request.version_check, key=call.once
    )


@resource.endpoint(
    "POST /api/orders/{reference}/reopen",
    Access.PRIVATE,
    _whole_order("The complete order.", order_bodies.CHANGED),
    parameters=(REFERENCE, IDEMPOTENCY_KEY, IF_MATCH),
    errors=BIN_ERRORS,
    present=present_order,
)
def reopen_order(call: Call, reference: str) -> Order:
    """Reopen a canceled order.

    Sets `canceledAt` and `cancelReason` to null. An order that is not canceled stays as it is.
    """
    return order_changes.reopen_order(
        reference, actor=call.actor, is_current=call.request.version_check, key=call.once
    )


@resource.endpoint(
    "POST /api/orders/{reference}/cart",
    Access.PUBLIC_WHEN_OPEN,
    _whole_order(
        "The complete order, with the new lines after the existing ones.", order_bodies.GROWN
    ),
    parameters=(REFERENCE, IDEMPOTENCY_KEY, IF_MATCH),
    bodies=(order_bodies.LINES_BODY,),
    **CHANGE,
)
def add_lines(call: Call, reference: str) -> Order:
    """Add lines to the cart.

    Adds lines after the existing ones. Two lines can have the same configuration.
    """
    return _add_lines(call, reference, is_legacy=False)


def _add_lines(call: Call, reference: str, *, is_legacy: bool) -> Order:
    lines = order_changes.check_lines(
        call.body, actor=call.actor, limits=call.limits, is_legacy=is_legacy
    )
    return order_changes.add_lines(
        reference,
        lines,
        actor=call.actor,
        limits=call.limits,
        is_current=call.request.version_check,
        key=call.once,
    )


@resource.endpoint(
    "PUT /api/orders/{reference}/cart",
    Access.PUBLIC_WHEN_OPEN,
    _whole_order("The complete order with its new lines.", order_bodies.CHANGED),
    parameters=(REFERENCE, IF_MATCH),
    bodies=(order_bodies.LINES_BODY,),
    **CHANGE,
)
def replace_lines(call: Call, reference: str) -> Order:
    """Replace the cart.

    The lines that you send replace all existing ones.
    """
    lines = order_changes.check_lines(call.body, actor=call.actor, limits=call.limits)
    return order_changes.change_order(
        reference, OrderChanges(cart=lines), actor=call.actor, is_current=call.request.version_check
    )


@resource.endpoint(
    "POST /api/orders/{reference}/items",
    Access.PUBLIC_WHEN_OPEN,
    _whole_order(
        "The complete order, with the new lines after the existing ones.", order_bodies.GROWN
    ),
    parameters=(REFERENCE, IDEMPOTENCY_KEY, IF_MATCH),
    bodies=(order_bodies.ITEMS_BODY,),
    **CHANGE,
    is_deprecated=True,
)
def add_items(call: Call, reference: str) -> Order:
    """Add lines to the cart (old path).

    The same as `POST …/cart`, for old clients: a count may be a text of digits, and is 1 when it is
    missing.
    """
    return _add_lines(call, reference, is_legacy=True)
