"""The service itself by JSON, and the list of all resources of the API."""

import hashlib
from functools import lru_cache
from typing import Any

import orjson

from orders.domain.inputs import Limits
from orders.interfaces.api import access_tokens, configurations, openapi, orders, webhooks
from orders.interfaces.api.endpoints import Access, Example, Resource, Success
from orders.interfaces.api.request import Call
from orders.interfaces.api.responses import EndpointResult

MAX_AGE = 300  # seconds; afterwards the ETag makes asking again cheap

resource = Resource("Service", "The service itself.")
# In the order of the reference.
RESOURCES: tuple[Resource, ...] = (
    orders.resource, configurations.resource, webhooks.resource, access_tokens.resource, resource,
)  # fmt: skip

INFO = {"title": "Shortorder", "version": "1.0.0"}
DOCUMENT = {"openapi": "3.1.1", "info": INFO, "paths": {}, "components": {}}


def _health(status: int, description: str, example: str, summary: str) -> Success:
    is_well = status == 200
    return Success(
        status,
        description,
        {"type": "boolean", "const": is_well},
        {example: Example(summary, is_well)},
    )


@resource.endpoint(
    "GET /api/orders/healthcheck",
    Access.NONE,
    _health(200, "Orders can be stored.", "well", "All is well"),
    _health(503, "Orders cannot be stored.", "ill", "The database is out of reach"),
)
def check_health(call: Call) -> EndpointResult:
    """Check whether orders can be stored.

    For load balancers and monitors. The check writes to the database, so it returns `true` only if
    an order could be stored.
    """
    is_well = call.health.can_store()
    return EndpointResult(is_well, 200 if is_well else 503)


@resource.endpoint(
    "GET /api/openapi.json",
    Access.NONE,
    Success(
        200,
        "The document.",
        {"type": "object", "required": ["openapi", "info", "paths", "components"]},
        {"document": Example("The beginning of it", DOCUMENT)},
        ("ETag", "Cache-Control"),
    ),
)
def read_document(call: Call) -> EndpointResult:
    """Read this document.

    OpenAPI 3.1, generated from the classes that check the requests. Any web page can read it.
    """
    body, etag = _written(call.limits, call.request.root_path or "/")
    headers = {"Cache-Control": f"public, max-age={MAX_AGE}", "Access-Control-Allow-Origin": "*"}
    return EndpointResult(orjson.Fragment(body), etag=etag, headers=headers)


@lru_cache(maxsize=8)
def document(limits: Limits, server: str) -> dict[str, Any]:
    """Return the OpenAPI document of a service with these limits; `server` is its root: `/`."""
    return openapi.document(RESOURCES, limits, server)


@lru_cache(maxsize=8)
def _written(limits: Limits, server: str) -> tuple[bytes, str]:
    body = orjson.dumps(document(limits, server), option=orjson.OPT_NON_STR_KEYS)
    return body, hashlib.sha256(body).hexdigest()[:32]
