"""The express lane: the two requests that programs send all day, without Flask's request cycle.

Creating an order and reading one ask the database for microseconds; the framework around them took
more than half of their time (docs/decisions/0010-an-express-lane.md). The lane takes a request only
in its plainest form: a token in the header, no query, no browser behind it, a whole JSON body.
Whatever is different in any way, and whatever is to be refused, goes to the views of this door,
which know every case. Both call the same services and make the same answers.
"""

import re
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import TYPE_CHECKING, Any

from flask import Flask, Response

from orders import access, intake, queries
from orders.api.answers import JsonAnswer
from orders.api.authentication import BEARER
from orders.api.problems import problem, problem_of
from orders.api.wire import order_fields
from orders.rules.errors import OrderError
from orders.rules.json_values import parse_json
from orders.rules.limits import Limits
from orders.rules.order import Order
from orders.web.security import add_transport_security

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

ORDERS = "/api/orders"
_ORDER = re.compile(rf"{ORDERS}/([0-9A-Za-z-]{{12,36}})")
# A browser's page, an older token, a repeat, a method in disguise: the views know what to do.
_UNUSUAL = ("HTTP_ORIGIN", "HTTP_REFERER", "HTTP_TRANSFER_ENCODING", "HTTP_IDEMPOTENCY_KEY")


class ExpressLane:
    """Answers plain requests of the JSON door; gives None for all others."""

    def __init__(self, app: Flask, limits: Limits, take_turn: Callable[[], None]) -> None:
        self._app = app
        self._limits = limits
        self._take_turn = take_turn

    def answer(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes] | None:
        """Answer the request, or leave it to Flask as if nobody had looked at it."""
        if environ.get("QUERY_STRING") or any(name in environ for name in _UNUSUAL):
            return None
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        response: Response | None = None
        if method == "GET" and (named := _ORDER.fullmatch(path)):
            response = self._read(environ, named[1])
        elif method == "POST" and path == ORDERS:
            response = self._create(environ)
        if response is None:
            return None
        add_transport_security(response, environ["wsgi.url_scheme"])
        return response(environ, start_response)

    def _read(self, environ: "WSGIEnvironment", reference: str) -> Response | None:
        self._take_turn()
        with self._app.app_context():
            try:
                actor = access.authenticate(_secret(environ), origin=None)
                order = queries.find_order(reference, actor.org_id)
            except OrderError:
                return None
        return JsonAnswer(order_fields(order))

    def _create(self, environ: "WSGIEnvironment") -> Response | None:
        body = self._body(environ)
        if body is None:
            return None
        self._take_turn()
        with self._app.app_context():
            try:
                actor = access.authenticate(_secret(environ), origin=None)
                raw = parse_json(body)
                draft = intake.check_order(raw, actor=actor, limits=self._limits)
            except OrderError:
                return None
            try:
                order = intake.create_order(draft, actor=actor)
            except OrderError as error:  # not a second time by Flask
                return problem_of(error)
            except Exception:
                self._app.logger.exception("An order could not be created.")
                return problem(500, "")
        return created(environ.get("SCRIPT_NAME", ""), order)

    def _body(self, environ: "WSGIEnvironment") -> bytes | None:
        """Read a body of usual kind and size; the views find it unread."""
        announced = environ.get("CONTENT_LENGTH") or ""
        if environ.get("CONTENT_TYPE") != "application/json" or not announced.isdecimal():
            return None
        length = int(announced)
        if length > self._limits.body_bytes:
            return None
        body: bytes = environ["wsgi.input"].read(length)
        environ["wsgi.input"] = BytesIO(body)
        return body if len(body) == length else None


def created(root: str, order: Order) -> Response:
    """Answer a created order: 201, where it can be read from now on, and the whole order."""
    location = f"{root}{ORDERS}/{order.short_id}"
    return JsonAnswer(order_fields(order), 201, {"Location": location})


def _secret(environ: dict[str, Any]) -> str | None:
    header = BEARER.fullmatch(environ.get("HTTP_AUTHORIZATION", ""))
    return header[1] if header else None
