"""Observers: functions that are called after each request to the API or the pages.

The request log is one of them. Others, such as metrics, can be added to `Shortorder.observers`
without changing the API, the views or Flask's hooks.
"""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import request

from orders.interfaces.http.request_ids import request_id_of
from orders.services.request_log import RequestRecorder

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


@dataclass(slots=True)
class HandledRequest:
    """A request and its result; the object is filled in while the request is handled.

    `id` is that of `request_id_of`. `path` excludes the query. `address` is the client's, as the
    trusted proxies say. `route` is the declared path with placeholders (`/api/orders/{reference}`),
    or empty for an unknown path. `org_id` and `actor_id` are the IDs of a known token or a
    signed-in person and their org, or empty. `status` is 500 until there is a response. `seconds`
    is how long the application took. `trace` is the header `traceparent`, empty if not sent.
    """

    id: str
    method: str
    path: str
    user_agent: str
    is_api: bool
    address: str = ""
    trace: str = ""
    route: str = ""
    org_id: str = ""
    actor_id: str = ""
    status: int = 500
    seconds: float = 0.0


Observer = Callable[[HandledRequest], None]

# The last request that this thread began. The server gives each request a context of its own.
_current: ContextVar[HandledRequest | None] = ContextVar("request", default=None)


def begin_request(environ: "WSGIEnvironment", *, is_api: bool) -> HandledRequest:
    """Create the HandledRequest of a WSGI request, make it the current one, and return it.

    Its route, actor, status and seconds are set later, by the code that handles the request.
    """
    path: str = environ["PATH_INFO"]
    if not path.isascii():  # WSGI has the bytes of a path as Latin-1
        path = path.encode("latin-1").decode("utf-8", "replace")
    get = environ.get
    handled = HandledRequest(
        request_id_of(environ), environ["REQUEST_METHOD"], path, get("HTTP_USER_AGENT", ""),
        is_api, get("REMOTE_ADDR", ""), get("HTTP_TRACEPARENT", ""),
    )  # fmt: skip
    _current.set(handled)
    return handled


def handled_request() -> HandledRequest:
    """Return the current request, or raise LookupError if there is none."""
    handled = _current.get()
    if handled is None:
        raise LookupError("No request has begun in this context.")
    return handled


def current_request() -> HandledRequest | None:
    """Return the request that this code works for; None for work without one."""
    return _current.get()


def set_actor(org_id: str, actor_id: str) -> None:
    """Set who makes the current request, if there is one: a token or a person, by its ID."""
    handled = _current.get()
    if handled is not None:
        handled.org_id, handled.actor_id = org_id, actor_id


def record_route() -> None:
    """Set the `route` of the current HandledRequest if a URL rule matches. This is a Flask hook."""
    if request.url_rule is not None:
        handled_request().route = request.url_rule.rule


def log_requests(recorder: RequestRecorder) -> Observer:
    """Return an observer that sends each API request with a known token to the request log."""

    def observe(handled: HandledRequest) -> None:
        if handled.is_api and handled.actor_id:
            recorder.log_request(
                handled.org_id, handled.actor_id, handled.method, handled.path, handled.status,
                handled.user_agent,
            )  # fmt: skip

    return observe
