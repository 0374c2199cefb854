"""JSON endpoints about the service itself, and the list of all the API's resources."""

import hashlib
from functools import lru_cache
from typing import Any

import orjson

from orders.domain.inputs import Limits
from orders.interfaces.api import (
    access_tokens,
    configurations,
    customers,
    openapi,
    orders,
    webhooks,
)
from orders.interfaces.api.endpoints import EXAMPLES, Access, Resource, Success
from orders.interfaces.api.request import Call
from orders.interfaces.api.responses import EndpointResult

MAX_AGE = 300  # seconds; afterwards the ETag makes asking again cheap

resource = Resource("Service", "The service itself.")
# In the order of the reference.
RESOURCES: tuple[Resource, ...] = (
    orders.resource, configurations.resource, customers.resource, webhooks.resource,
    access_tokens.resource, resource,
)  # fmt: skip


HEALTH = (
    Success(200, "It can be stored.", {"type": "boolean", "const": True}, EXAMPLES["well"]),
    Success(503, "Nothing can be stored.", {"type": "boolean", "const": False}, EXAMPLES["ill"]),
)


@resource.endpoint("GET /api/orders/healthcheck", Access.NONE, *HEALTH)
def check_health(call: Call) -> EndpointResult:
    """Check whether orders can be stored.

    For load balancers and monitors. The check writes to the database, so it returns `true` only if
    an order could be stored.
    """
    is_well = call.health.can_store()
    return EndpointResult(is_well, 200 if is_well else 503)


@resource.endpoint("GET /api/configurations/healthcheck", Access.NONE, *HEALTH)
def check_configurations(call: Call) -> EndpointResult:
    """Check whether configurations can be stored.

    The same check as that of orders: all of them are in one database.
    """
    return check_health(call)


@resource.endpoint("GET /api/webhooks/healthcheck", Access.NONE, *HEALTH)
def check_webhooks(call: Call) -> EndpointResult:
    """Check whether webhooks can be stored.

    The same check as that of orders.
    """
    return check_health(call)


@resource.endpoint("GET /api/accesstokens/healthcheck", Access.NONE, *HEALTH)
def check_access_tokens(call: Call) -> EndpointResult:
    """Check whether tokens can be stored.

    The same check as that of orders.
    """
    return check_health(call)


@resource.endpoint(
    "GET /api/openapi.json",
    Access.NONE,
    Success(
        200,
        "The document.",
        {"type": "object", "required": ["openapi", "info", "paths", "components"]},
        EXAMPLES["document"],
        ("ETag", "Cache-Control"),
    ),
)
def read_document(call: Call) -> EndpointResult:
    """Read this document.

    OpenAPI 3.1, generated from the classes that check the requests. Any web page can read it.
    """
    body, etag = _written(call.limits, call.address)
    headers = {"Cache-Control": f"public, max-age={MAX_AGE}", "Access-Control-Allow-Origin": "*"}
    return EndpointResult(orjson.Fragment(body), etag=etag, headers=headers)


@lru_cache(maxsize=8)
def document(limits: Limits, server: str) -> dict[str, Any]:
    """Return the OpenAPI document with these limits; `server` is the API's root URL."""
    return openapi.document(RESOURCES, limits, server)


def _written(limits: Limits, server: str) -> tuple[bytes, str]:
    # The host comes from the request; the document is not rendered again for each host.
    body = _rendered(limits).replace(orjson.dumps(_ANY_SERVER), orjson.dumps(server))
    return body, hashlib.sha256(body).hexdigest()[:32]


@lru_cache(maxsize=8)
def _rendered(limits: Limits) -> bytes:
    return orjson.dumps(document(limits, _ANY_SERVER), option=orjson.OPT_NON_STR_KEYS)


_ANY_SERVER = "https://server.invalid"
