"""Authentication and authorization of API requests, and their CORS headers."""

import re

from orders.domain.errors import FieldError, Forbidden, InvalidInput, ServiceBusy, Unauthorized
from orders.interfaces.api.endpoints import Access, Endpoint
from orders.interfaces.api.query import Query
from orders.interfaces.api.request import ApiRequest
from orders.interfaces.api.responses import RenderedResponse
from orders.interfaces.http.security import CROSS_ORIGIN, RESOURCE_POLICY
from orders.services.accounts import access
from orders.services.accounts.access import MAX_PUBLIC_CODES, Actor

ALLOWED_METHODS = "GET, POST, PUT, DELETE"
ALLOWED_HEADERS = (
    "Authorization, Content-Type, Customer-Id, Idempotency-Key, If-Match, If-None-Match,"
    " X-Request-ID"
)
# Names of headers, separated by commas (RFC 9110, 5.1).
_HEADER_NAMES = re.compile(r"[\w!#$%&'*+.^`|~, -]{1,2000}", re.ASCII)
EXPOSED_HEADERS = "ETag, Idempotent-Replayed, Location, Retry-After, X-Request-ID"
PREFLIGHT_AGE = 600  # seconds for which a browser may remember the permission
PREFLIGHT_VARY = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"


def authenticate(request: ApiRequest) -> Actor:
    """Return the org and token that a request comes from.

    Raises Unauthorized if the token is missing or unknown, and Forbidden if a public token is used
    on a web page outside the token's domains, or a private one in an address of an org that refuses
    it (docs/contract.md, "Tokens").
    """
    return access.authenticate(
        request.secret, origin=request.page_origin, in_address=request.has_secret_in_address
    )


def authorize(endpoint: Endpoint, actor: Actor, query: Query) -> None:
    """Raise Forbidden if the token may not call the endpoint, or the query names another org.

    Raises InvalidInput if a public token lists more than MAX_PUBLIC_CODES short IDs.
    """
    if not actor.is_private:
        if endpoint.access is Access.PRIVATE:
            raise Forbidden("This needs a private token.")
        if endpoint.access is Access.PUBLIC_BY_SHORT_ID:
            _authorize_public_list(actor, query)
    query.require_own_org(actor)


def _authorize_public_list(actor: Actor, query: Query) -> None:
    if not (actor.org.may_public_list or query.names_short_ids()):
        raise Forbidden("A public token can list only with shortId=, unless its org allows more.")
    if len(query.texts("shortId")) > MAX_PUBLIC_CODES:
        message = f"At most {MAX_PUBLIC_CODES} short IDs in a request with a public token."
        raise InvalidInput([FieldError("shortId", message)])


def answer_preflight(request: ApiRequest) -> RenderedResponse:
    """Return the response to a CORS preflight; it permits nothing if the origin is not allowed.

    All headers that the page asks for are permitted, because those of monitoring tools and
    frameworks (`traceparent`, `sentry-trace`, `X-Requested-With`) grant no access here. The request
    that follows the preflight is checked again.
    """
    headers = {"Vary": PREFLIGHT_VARY}
    if request.origin_header is not None and _is_allowed_origin(request):
        asked = request.preflight_headers
        headers["Access-Control-Allow-Origin"] = request.origin_header
        headers["Access-Control-Allow-Methods"] = ALLOWED_METHODS
        headers["Access-Control-Allow-Headers"] = (
            asked if _HEADER_NAMES.fullmatch(asked) else ALLOWED_HEADERS
        )
        headers["Access-Control-Max-Age"] = str(PREFLIGHT_AGE)
    return RenderedResponse(204, headers)


def cors_headers(request: ApiRequest, actor: Actor | None, status: int) -> dict[str, str]:
    """Return the headers that let web pages read or embed a response or error; {} if none may.

    Web pages may read responses to requests with a public token, and embed such pictures, for which
    browsers send no `Origin`. If `actor` is None, the request
    was not authenticated. A page may then read only an error, and only if a preflight from its
    origin would be allowed and the database is available (`status` is not 503).
    """
    if request.is_preflight or (actor is not None and actor.is_private):
        return {}
    embedding = {} if actor is None else {RESOURCE_POLICY: CROSS_ORIGIN}
    if request.origin_header is None:
        return embedding
    if actor is None and (status < 400 or status == 503 or not _is_allowed_origin(request)):
        return {}
    return {
        **embedding,
        "Access-Control-Allow-Origin": request.origin_header,
        "Access-Control-Expose-Headers": EXPOSED_HEADERS,
    }


def _is_allowed_origin(request: ApiRequest) -> bool:
    origin = request.page_origin
    try:
        return origin is not None and access.may_preflight(request.secret, origin)
    except (Unauthorized, ServiceBusy):
        return False
