"""Orders by JSON: each view reads its input, calls one service and answers."""

from flask import Response, current_app, request

from orders import intake, queries
from orders.api.answers import JsonAnswer
from orders.api.authentication import current_actor
from orders.api.blueprint import api, limits_in_force
from orders.api.json_body import json_object
from orders.api.lane import location_of
from orders.health import HealthCheck
from orders.rules.errors import Forbidden
from orders.rules.wire import order_fields


@api.post("/orders")
def create_order() -> Response:
    """Create an order: 201, `Location`, and the whole order."""
    actor = current_actor()
    raw = json_object()
    _refuse_foreign_org(actor.org_id)
    draft = intake.check_order(raw, actor=actor, limits=limits_in_force())
    order = intake.create_order(draft, actor=actor)
    location = location_of(request.root_path, order)
    return JsonAnswer(order_fields(order), 201, {"Location": location})


@api.get("/orders/<reference>")
def read_order(reference: str) -> Response:
    """Read one order by its UUID or short ID."""
    return JsonAnswer(order_fields(queries.find_order(reference, current_actor().org_id)))


@api.get("/orders/healthcheck")
def check_health() -> Response:
    """Answer `true` when the service can store an order, and 503 with `false` when it cannot."""
    checks: HealthCheck = current_app.extensions["health"]
    is_well = checks.can_store()
    return JsonAnswer(is_well, 200 if is_well else 503)


def _refuse_foreign_org(org_id: str) -> None:
    """The query may name the org too; it must be the token's."""
    if any(sent.lower() != org_id for sent in request.args.getlist("orgId")):
        raise Forbidden("This token may create orders in its own org only.")
