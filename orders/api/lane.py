"""The express lane: the two requests that programs send all day, without Flask's request cycle.

Creating an order and reading one ask the database for microseconds; the framework around them took
more than half of their time (docs/decisions/0010-an-express-lane.md). The lane takes a request only
in its plainest form: a token in the header that has no limit, no query, no browser behind it, a
whole JSON body. Whatever is different in any way, and whatever is to be refused, goes to the views
of this door, which know every case. Both call the same services and make the same answers.
"""

import re
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.exceptions import InternalServerError

from orders import access, intake, queries
from orders.access import Actor
from orders.api.answers import send_json
from orders.api.authentication import secret_of_header
from orders.api.etags import etag_of
from orders.api.pace import pace_of
from orders.api.problems import problem_of, problem_of_http
from orders.recording.request_recorder import RequestRecorder
from orders.rules.errors import OrderError
from orders.rules.inputs import Limits
from orders.rules.json_values import parse_json
from orders.rules.order import Order, order_fields
from orders.web.security import PROGRAM_HEADERS, complete

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

ORDERS = "/api/orders"
_ORDER = re.compile(rf"{ORDERS}/([0-9A-Za-z-]{{12,36}})")
_LENGTH = re.compile("[0-9]{1,15}")
# A browser's page, a chunked body, a repeat, a known version: the views know what to do.
_UNUSUAL = (
    "HTTP_ORIGIN",
    "HTTP_REFERER",
    "HTTP_TRANSFER_ENCODING",
    "HTTP_IDEMPOTENCY_KEY",
    "HTTP_IF_NONE_MATCH",
)


class ExpressLane:
    """Answers plain requests of the JSON door; gives None for all others."""

    def __init__(
        self,
        app: Flask,
        limits: Limits,
        take_turn: Callable[[], None],
        recorder: RequestRecorder,
    ) -> None:
        self._app = app
        self._limits = limits
        self._take_turn = take_turn
        self._is_open = not pace_of(app).is_limited
        self._recorder = recorder

    def answer(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes] | None:
        """Answer the request, or leave it to Flask as if nobody had looked at it."""
        if (
            not self._is_open
            or environ.get("QUERY_STRING")
            or any(name in environ for name in _UNUSUAL)
        ):
            return None
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if method == "GET" and (named := _ORDER.fullmatch(path)):
            return self._read(environ, start_response, named[1])
        if method == "POST" and path == ORDERS:
            return self._create(environ, start_response)
        return None

    def _read(
        self, environ: "WSGIEnvironment", start_response: "StartResponse", reference: str
    ) -> Iterable[bytes] | None:
        self._take_turn()
        scheme = environ["wsgi.url_scheme"]
        with self._app.app_context():
            try:
                actor = access.authenticate(secret_of_header(environ), origin=None)
                order = queries.find_order(reference, actor.org_id)
                answer = send_json(
                    start_response, order_fields(order), scheme=scheme, etag=etag_of(order)
                )
                self._note(actor, environ, 200)
                return answer
            except Exception:  # noqa: BLE001 - the view meets it too, and knows what to say
                return None

    def _create(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes] | None:
        body = self._body(environ)
        if body is None:
            return None
        self._take_turn()
        scheme = environ["wsgi.url_scheme"]
        with self._app.app_context():
            try:
                actor = access.authenticate(secret_of_header(environ), origin=None)
                raw = parse_json(body)
                draft = intake.check_order(raw, actor=actor, limits=self._limits)
            except Exception:  # noqa: BLE001 - as above: nothing is stored yet
                return None
            try:
                order = intake.create_order(draft, actor=actor)
                location = location_of(environ.get("SCRIPT_NAME", ""), order)
                answer = send_json(
                    start_response, order_fields(order), "201 Created", location=location,
                    scheme=scheme, etag=etag_of(order),
                )  # fmt: skip
                self._note(actor, environ, 201)
                return answer
            except OrderError as error:  # not a second time by Flask
                refusal = problem_of(error)
            except Exception:
                self._app.logger.exception("An order could not be created.")
                refusal = problem_of_http(InternalServerError())
        self._note(actor, environ, refusal.status_code)
        refusal.headers["Vary"] = "Origin"
        complete(refusal, PROGRAM_HEADERS, scheme)
        return refusal(environ, start_response)

    def _note(self, actor: Actor, environ: "WSGIEnvironment", status: int) -> None:
        self._recorder.note(
            actor.org_id, actor.id, environ["REQUEST_METHOD"], environ["PATH_INFO"], status,
            environ.get("HTTP_USER_AGENT", ""),
        )  # fmt: skip

    def _body(self, environ: "WSGIEnvironment") -> bytes | None:
        """Read a body of usual kind and size; the views find it unread."""
        announced = environ.get("CONTENT_LENGTH") or ""
        if environ.get("CONTENT_TYPE") != "application/json" or not _LENGTH.fullmatch(announced):
            return None
        length = int(announced)
        if length > self._limits.body_bytes:
            return None
        body: bytes = environ["wsgi.input"].read(length)
        environ["wsgi.input"] = BytesIO(body)
        return body if len(body) == length else None


def location_of(root: str, order: Order) -> str:
    """Give the address at which the order can be read, of a service below the path `root`."""
    return f"{root}{ORDERS}/{order.short_id}"
