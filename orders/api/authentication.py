"""Who is calling: reads the token of a request and answers browsers of other origins (CORS)."""

import re
from collections.abc import Mapping
from typing import Any

from flask import Response, current_app, g, request

from orders import access
from orders.access import Actor, Origin
from orders.api.pace import pace_of
from orders.rules import domains
from orders.rules.errors import Forbidden, Unauthorized

ALLOWED_METHODS = "GET, POST, PUT, DELETE"
ALLOWED_HEADERS = "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match"
EXPOSED_HEADERS = "ETag, Idempotent-Replayed, Location, Retry-After"
PREFLIGHT_AGE = 600  # seconds for which a browser may remember the permission

_BEARER = re.compile(r"Bearer +([^\s]+) *", re.IGNORECASE)


def current_actor() -> Actor:
    """Find out who calls, once for each request.

    Raises Unauthorized without a known token and Forbidden for a public token from elsewhere
    (docs/contract.md, "Tokens"), and TooManyRequests for one that is over its limit.
    """
    if "actor" not in g:
        g.actor = access.authenticate(_secret(), origin=_origin())
        pace_of(current_app).count(g.actor)
    actor: Actor = g.actor
    return actor


def require_may_list(actor: Actor, *, is_one: bool) -> None:
    """Refuse a list to a public token unless it asks by short ID, or its org allows more."""
    if not (actor.is_private or is_one or actor.org.may_public_list):
        raise Forbidden("A public token may list with shortId= only, unless its org allows more.")


def secret_of_header(environ: Mapping[str, Any]) -> str | None:
    """Read the token of the `Authorization` header, if it holds one."""
    header = _BEARER.fullmatch(environ.get("HTTP_AUTHORIZATION", ""))
    return header[1] if header else None


def refused_secret() -> str | None:
    """Give the token that was sent with a request that it did not open; None for none or two."""
    try:
        return _secret()
    except Unauthorized:
        return None


def _secret() -> str | None:
    """Read the token from the header or the query; sending the same one in both is fine."""
    in_header = secret_of_header(request.environ)
    sent = {in_header} if in_header else set()
    if request.query_string:
        sent.update(filter(None, request.args.getlist("bearer_token")))
    if len(sent) > 1:
        raise Unauthorized("Two different tokens were sent. Send one.")
    return sent.pop() if sent else None


def _origin() -> Origin | None:
    """Read which host the browser names as the page's own: `Origin`, or else `Referer`."""
    environ = request.environ
    if "HTTP_ORIGIN" in environ:
        found = domains.origin_host(environ["HTTP_ORIGIN"])
    elif "HTTP_REFERER" in environ:
        found = domains.referer_host(environ["HTTP_REFERER"])
    else:
        return None
    return None if found is None else Origin(*found)


def answer_preflight() -> Response | None:
    """Answer a browser's question whether it may send a request; None for any other request."""
    if request.method != "OPTIONS" or "Access-Control-Request-Method" not in request.headers:
        return None
    response = Response(status=204)
    response.vary.update(
        ["Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers"]
    )
    origin = _origin()
    try:
        may = origin is not None and access.may_preflight(_secret(), origin)
    except Unauthorized:
        may = False
    if may:
        response.headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
        response.headers["Access-Control-Allow-Methods"] = ALLOWED_METHODS
        response.headers["Access-Control-Allow-Headers"] = ALLOWED_HEADERS
        response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_AGE)
    return response


def add_cors_headers(response: Response) -> Response:
    """Let the page that holds a public token read the answer; a private token opens nothing."""
    if "Vary" not in response.headers:
        response.headers["Vary"] = "Origin"
    actor: Actor | None = g.get("actor")
    if actor is not None and not actor.is_private and "Origin" in request.headers:
        response.headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
        response.headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
    return response
