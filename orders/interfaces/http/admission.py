"""Refuses requests before anything that they contain is used, kept, or shown again.

Hosts that are not ours, forms of other sites, forms with too many fields, and large input of people
who are not signed in end here. The functions are `before_request` hooks of the pages; the JSON API
checks the host too, and judges the pages that call it by the domains of their token.
"""

from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit

from flask import request
from werkzeug.exceptions import BadRequest, Forbidden, RequestEntityTooLarge, RequestURITooLarge
from werkzeug.sansio.utils import host_is_trusted
from werkzeug.wrappers import Request

from orders.domain.texts import lazy_gettext
from orders.domain.uploads import too_many_bytes
from orders.interfaces.http.current_settings import current_limits, current_settings
from orders.interfaces.http.resumed import MOST_FIELDS, RESUMED, sent_fields
from orders.interfaces.http.session import current_member
from orders.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

Headers: TypeAlias = list[tuple[str, str]]

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
FOREIGN = "shortorder.foreign"  # in the environment of a request that another site has made
OTHER_SITE = lazy_gettext(
    "This form was sent by a page of another site, so nothing in it was used. Open the page here"
    " and enter it again."
)
OTHER_HOST = lazy_gettext(
    "This service is not reached under the host name of your request. Operators add host names to"
    " the setting ALLOWED_HOSTS."
)
# Fields of a form for each line that a cart may have, and beside the lines.
FIELDS_OF_LINE = 40
FIELDS_OF_FORM = 2_000
# Bytes that a person who is not signed in may send, but for an order form that waits for a sign-in.
ANONYMOUS_BYTES = 8_192
ANONYMOUS_QUERY = 4_096  # in bytes; pages repeat it as the address to go to after a sign-in


def require_own_host(request: Request, settings: Settings) -> None:
    """Raise BadRequest unless the request's host is one that the settings allow.

    All hosts are allowed while PUBLIC_URL and ALLOWED_HOSTS are empty. Ports are not compared.
    """
    allowed = settings.hosts
    if allowed and not host_is_trusted(request.environ.get("HTTP_HOST", ""), allowed):
        raise BadRequest(OTHER_HOST)


def refuse_other_hosts() -> None:
    require_own_host(request, current_settings())


def refuse_other_sites() -> None:
    """Raise Forbidden for a request that changes something and was made by a page of another site.

    Browsers say so in `Sec-Fetch-Site`; those that are too old, or reach the service without TLS,
    say in `Origin` which site it was. A request with neither is not from a browser, and is
    protected by the form's CSRF token alone.
    """
    if request.method in SAFE_METHODS:
        return
    site = request.headers.get("Sec-Fetch-Site")
    is_ours = _is_own_origin() if site is None else site in {"same-origin", "none"}
    if not is_ours:
        request.environ[FOREIGN] = True
        raise Forbidden(OTHER_SITE)


def _is_own_origin() -> bool:
    origin = request.headers.get("Origin")
    if origin is None:
        return True
    # Without the scheme: a proxy may have taken TLS off without saying so.
    own = {request.host, urlsplit(current_settings().public_url).netloc}
    return origin.partition("://")[2].lower() in {host.lower() for host in own if host}


def without_cookies(headers: Headers, environ: "WSGIEnvironment") -> Headers:
    """Return the headers of a response, without cookies if another site has made the request."""
    if FOREIGN not in environ:
        return headers
    return [(name, value) for name, value in headers if name.lower() != "set-cookie"]


def most_fields() -> int:
    """Return how many fields the form of the current request may have.

    A signed-in person may send a full cart; anyone else what is kept until a sign-in.
    """
    if current_member() is not None:
        return FIELDS_OF_FORM + FIELDS_OF_LINE * current_limits().cart_lines
    return MOST_FIELDS


def refuse_large_anonymous_forms() -> None:
    """Raise an HTTP error for a form or query too large for a person who is not signed in.

    Pages repeat what was typed, so that this limits their size, too. An order form that is kept
    until the sign-in has a limit of its own, see `fits_on_page`. Raises RequestEntityTooLarge or
    RequestURITooLarge.
    """
    if request.endpoint == "static" or current_member() is not None:
        return
    if len(request.query_string) > ANONYMOUS_QUERY:
        raise RequestURITooLarge
    if request.method in SAFE_METHODS or request.endpoint == "desk.place_order":
        return
    size = sum(len(name) + len(value) for name, value in sent_fields(but={RESUMED}))
    if size > ANONYMOUS_BYTES:
        raise RequestEntityTooLarge(too_many_bytes(ANONYMOUS_BYTES, size))
