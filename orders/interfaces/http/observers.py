"""Observers: functions that are called after each request to the API or the pages.

The request log is one of them. Others, such as metrics, can be added to `Shortorder.observers`
without changing the API, the views or Flask's hooks.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import request

from orders.services.request_log import Caller, RequestRecorder

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_PLACE = "shortorder.request"  # in the environment of the request


@dataclass(slots=True)
class HandledRequest:
    """A request and its result; the object is filled in while the request is handled.

    `path` excludes the query. `route` is the declared path with placeholders
    (`/api/orders/{reference}`), or empty for an unknown path. `caller` has the IDs of the token and
    its org, or is None if no known token was sent. `status` is 500 until there is a response.
    `seconds` is how long the application took.
    """

    method: str
    path: str
    user_agent: str
    is_api: bool
    route: str = ""
    caller: Caller | None = None
    status: int = 500
    seconds: float = 0.0


Observer = Callable[[HandledRequest], None]


def begin_request(environ: "WSGIEnvironment", *, is_api: bool) -> HandledRequest:
    """Create the HandledRequest of a WSGI request, store it in `environ`, and return it.

    Its route, caller, status and seconds are set later, by the code that handles the request.
    """
    path: str = environ["PATH_INFO"]
    if not path.isascii():  # WSGI has the bytes of a path as Latin-1
        path = path.encode("latin-1").decode("utf-8", "replace")
    agent = environ.get("HTTP_USER_AGENT", "")
    handled = HandledRequest(environ["REQUEST_METHOD"], path, agent, is_api)
    environ[_PLACE] = handled
    return handled


def handled_request(environ: "WSGIEnvironment") -> HandledRequest:
    """Return the HandledRequest that `begin_request` stored in `environ`, or raise KeyError."""
    handled: HandledRequest = environ[_PLACE]
    return handled


def record_route() -> None:
    """Set the `route` of the current HandledRequest if a URL rule matches. This is a Flask hook."""
    if request.url_rule is not None:
        handled_request(request.environ).route = request.url_rule.rule


def log_requests(recorder: RequestRecorder) -> Observer:
    """Return an observer that sends each API request with a known token to the request log."""

    def observe(handled: HandledRequest) -> None:
        if handled.caller is not None:
            recorder.log_request(
                *handled.caller, handled.method, handled.path, handled.status, handled.user_agent
            )

    return observe
