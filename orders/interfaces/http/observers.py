"""Observers of requests: they are called for each one that the API or the pages have answered.

The request log is one. Whatever else wants to know of requests (metrics, say) is added to
`Shortorder.observers`, and needs nothing in the API, in views or in hooks of Flask.
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
    """A request and how it was answered.

    `route` is the path as it is declared, without its values (`/api/orders/{reference}`), and empty
    for an unknown address. `caller` is the token and its org, None without a known token. `status`
    is 500 as long as there is no response.
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
    """Return a new HandledRequest, and put it into the environment for `handled_request`.

    Whatever answers the request completes it.
    """
    path: str = environ["PATH_INFO"]
    if not path.isascii():  # WSGI has the bytes of a path as Latin-1
        path = path.encode("latin-1").decode("utf-8", "replace")
    agent = environ.get("HTTP_USER_AGENT", "")
    handled = HandledRequest(environ["REQUEST_METHOD"], path, agent, is_api)
    environ[_PLACE] = handled
    return handled


def handled_request(environ: "WSGIEnvironment") -> HandledRequest:
    """Return the HandledRequest of this environment. Raises KeyError before `begin_request`."""
    handled: HandledRequest = environ[_PLACE]
    return handled


def record_route() -> None:
    """Set the route of a page's HandledRequest (a hook of Flask, before the view)."""
    if request.url_rule is not None:
        handled_request(request.environ).route = request.url_rule.rule


def log_requests(recorder: RequestRecorder) -> Observer:
    """Return the observer that writes the request log, with the API requests of known tokens."""

    def observe(handled: HandledRequest) -> None:
        if handled.caller is not None:
            recorder.log_request(
                *handled.caller, handled.method, handled.path, handled.status, handled.user_agent
            )

    return observe
