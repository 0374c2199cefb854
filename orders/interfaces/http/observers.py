"""Observers: functions that are called with each request that the API or the pages have answered.

The request log is one. Others (metrics, say) can be added to `Shortorder.observers`, and need no
change of the API, the views or Flask's hooks.
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
    """A request and how it was answered; it is filled in while the request is handled.

    `path` is without the query. `route` is the declared path, with placeholders for its values
    (`/api/orders/{reference}`), and `""` for an unknown path. `caller` has the IDs of the token and
    its org, None without a known token. `status` is 500 as long as there is no response; `seconds`
    is how long the application took.
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

    Route, caller, status and seconds are set later, by the code that answers the request.
    """
    path: str = environ["PATH_INFO"]
    if not path.isascii():  # WSGI has the bytes of a path as Latin-1
        path = path.encode("latin-1").decode("utf-8", "replace")
    agent = environ.get("HTTP_USER_AGENT", "")
    handled = HandledRequest(environ["REQUEST_METHOD"], path, agent, is_api)
    environ[_PLACE] = handled
    return handled


def handled_request(environ: "WSGIEnvironment") -> HandledRequest:
    """Return what `begin_request` has stored in this environment. Raises KeyError without it."""
    handled: HandledRequest = environ[_PLACE]
    return handled


def record_route() -> None:
    """Set the `route` of the current request's HandledRequest, if a URL rule matches (a hook)."""
    if request.url_rule is not None:
        handled_request(request.environ).route = request.url_rule.rule


def log_requests(recorder: RequestRecorder) -> Observer:
    """Return an observer that passes each API request with a known token to the request log."""

    def observe(handled: HandledRequest) -> None:
        if handled.caller is not None:
            recorder.log_request(
                *handled.caller, handled.method, handled.path, handled.status, handled.user_agent
            )

    return observe
