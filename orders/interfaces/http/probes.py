"""Answers for programs that watch a process: `/livez` and `/readyz`, and `/metrics` if it is on.

They take the path of all requests, but neither Flask's hooks nor its pages: a probe asks by an IP
address, has no session, and must get its answer while the database is away.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.wrappers import Request, Response

from orders.interfaces.http.security import PROGRAM_HEADERS

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

RETRY_AFTER = 1  # seconds
_METHODS = ("GET", "HEAD")


def new_probes(app: Flask) -> "dict[str, WSGIApplication]":
    """Return the probes that every process of the application has, by their paths."""

    def show_ready(_: Request) -> Response:
        with app.app_context():
            if app.extensions["health"].can_store():
                return Response("ready\n")
        return Response("Orders cannot be stored.\n", 503, {"Retry-After": str(RETRY_AFTER)})

    return {"/livez": probe(lambda _: Response("alive\n")), "/readyz": probe(show_ready)}


def probe(answer: Callable[[Request], Response]) -> "WSGIApplication":
    """Return a WSGI application that responds to GET and HEAD with what `answer` returns.

    An HTTPException that `answer` raises becomes a response in plain text.
    """

    @Request.application
    def respond(request: Request) -> Response:
        try:
            if request.method not in _METHODS:
                raise MethodNotAllowed(_METHODS)
            response = answer(request)
        except HTTPException as error:
            response = Response(f"{error.description}\n", error.code)
            for name, value in error.get_headers():
                if name != "Content-Type":
                    response.headers[name] = value
        response.headers.update({**PROGRAM_HEADERS, "Cache-Control": "no-store"})
        return response

    return respond
