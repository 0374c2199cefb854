"""Orders by JSON: each view reads its input, calls one service and answers."""

from functools import partial

from flask import Response, current_app, request

from orders import editing, intake, queries
from orders.access import Actor
from orders.api.answers import JsonAnswer, list_answer
from orders.api.authentication import current_actor, require_may_list
from orders.api.blueprint import api
from orders.api.etags import etag_of, not_modified, version_wanted
from orders.api.json_body import json_object, json_value
from orders.api.lane import location_of
from orders.api.query import Query, read_query
from orders.api.repeating import Made, answer_once
from orders.health import HealthCheck
from orders.lists import order_list
from orders.lists.order_filter import OrderFilter
from orders.repeats import Once
from orders.rules.order import Order, OrderChanges, order_fields
from orders.rules.status import Status
from orders.web.in_force import limits_in_force


@api.post("/orders")
def create_order() -> Response:
    """Create an order: 201, `Location`, and the whole order."""
    actor = _actor_here()
    raw = json_object()

    def create(once: Once | None) -> Order:
        draft = intake.check_order(raw, actor=actor, limits=limits_in_force())
        return intake.create_order(draft, actor=actor, once=once)

    return answer_once(actor, raw, create, partial(_created, request.root_path))


@api.get("/orders")
def list_orders() -> Response:
    """List orders by filters, in pages."""
    actor = current_actor()
    query = read_query()
    query.own_org(actor)
    wanted = _filter(query)
    paging = query.paging(order_list.SORTABLE)
    query.refuse()
    require_may_list(actor, is_one=bool(wanted.short_ids))
    return list_answer("orders", order_list.find_orders(actor.org_id, wanted, paging), order_fields)


@api.get("/orders/<order:reference>")
def read_order(reference: str) -> Response:
    """Read one order by its UUID or short ID."""
    order = queries.find_order(reference, current_actor().org_id)
    return not_modified(order) or _order_answer(order)


@api.put("/orders/<order:reference>")
def change_order(reference: str) -> Response:
    """Replace the fields that were sent; an array replaces the cart."""
    actor = _actor_here()
    changes = editing.check_changes(json_value(), actor=actor, limits=limits_in_force())
    return _order_answer(
        editing.change_order(reference, changes, actor=actor, is_current=version_wanted())
    )


@api.post("/orders/<order:reference>/cart")
@api.post("/orders/<order:reference>/items")
def add_lines(reference: str) -> Response:
    """Put lines behind those of the cart."""
    actor, limits, check = _actor_here(), limits_in_force(), version_wanted()
    raw = json_value()

    def add(once: Once | None) -> Order:
        lines = editing.check_lines(raw, actor=actor, limits=limits)
        return editing.add_lines(
            reference, lines, actor=actor, limits=limits, is_current=check, once=once
        )

    return answer_once(actor, raw, add, _changed)


@api.put("/orders/<order:reference>/cart")
def replace_lines(reference: str) -> Response:
    """Replace the lines of the cart."""
    actor = _actor_here()
    lines = editing.check_lines(json_value(), actor=actor, limits=limits_in_force())
    return _order_answer(
        editing.change_order(
            reference, OrderChanges(cart=lines), actor=actor, is_current=version_wanted()
        )
    )


@api.delete("/orders/<order:reference>")
def bin_order(reference: str) -> Response:
    """Put the order into the bin."""
    return _order_answer(
        editing.bin_order(reference, actor=_actor_here(), is_current=version_wanted())
    )


@api.post("/orders/<order:reference>/restore")
def restore_order(reference: str) -> Response:
    """Take the order out of the bin."""
    actor, check = _actor_here(), version_wanted()

    def restore(once: Once | None) -> Order:
        return editing.restore_order(reference, actor=actor, is_current=check, once=once)

    return answer_once(actor, None, restore, _changed)


@api.get("/orders/healthcheck")
def check_health() -> Response:
    """Answer `true` when the service can store an order, and 503 with `false` when it cannot."""
    checks: HealthCheck = current_app.extensions["health"]
    is_well = checks.can_store()
    return JsonAnswer(is_well, 200 if is_well else 503)


def _actor_here() -> Actor:
    """Find out who calls; Forbidden when the query names another org than the token's."""
    actor = current_actor()
    read_query().own_org(actor)
    return actor


def _filter(query: Query) -> OrderFilter:
    platform = query.json_object("platform", nesting=limits_in_force().nesting)
    for key, value in (platform or {}).items():
        if isinstance(value, dict | list):
            query.add_error(f"platform.{key}", "Text, a number, a boolean or null.")
    return OrderFilter(
        short_ids=query.short_ids("shortId"),
        origin_org_id=query.text("originOrgId"),
        customer_id=query.text("customerId"),
        name=query.text("name"),
        statuses=query.choices("status", tuple(Status)),
        platform=platform or {},
        created_from=query.moment("createdFrom"),
        created_to=query.moment("createdTo", is_end=True),
        configuration_id=query.configuration_id("configurationId"),
    )


def _order_answer(order: Order) -> JsonAnswer:
    value, status, headers = _changed(order)
    return JsonAnswer(value, status, headers)


def _changed(order: Order) -> Made:
    return order_fields(order), 200, {"ETag": etag_of(order)}


def _created(root: str, order: Order) -> Made:
    location = location_of(root, order)
    return order_fields(order), 201, {"ETag": etag_of(order), "Location": location}
