"""A small WSGI application, served by the product's own server to test the server alone."""

import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from typing import TYPE_CHECKING

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PIECE = b"x" * 65_536
RESPONSES: dict[str, Callable[[Request], Response]] = {
    "/read": lambda request: Response(str(len(request.get_data()))),
    "/ignore": lambda _: Response("not read"),
    "/stream": lambda _: Response(Endless(), mimetype="text/csv"),
    "/closed": lambda _: Response(str(Endless.closed)),
    "/three": lambda _: Response(iter([b"one", b"", b"two", b"three"])),
    "/context": lambda _: Response(_in_context()),
    "/process": lambda _: Response(str(os.getpid())),
    "/fails": lambda _: Response(str(1 // 0)),
    "/empty": lambda _: Response(status=204),
    "/unchanged": lambda _: Response(status=304, headers={"ETag": '"a"'}),
    "/cookies": lambda _: Response("", headers=[("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]),
    "/umlaut": lambda _: Response("", headers=[("X-Name", "Zürich")]),
}
_word: ContextVar[str] = ContextVar("word", default="")


class Endless:
    """A body without an end, which counts how many of its kind were closed."""

    closed = 0
    _lock = threading.Lock()

    def __iter__(self) -> Iterator[bytes]:
        while True:
            yield PIECE

    def close(self) -> None:
        with self._lock:
            Endless.closed += 1


def create_app() -> "WSGIApplication":
    """Make the application."""

    def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        response: Callable[..., Iterable[bytes]]
        try:
            response = RESPONSES.get(environ["PATH_INFO"], _environ)(Request(environ))
        except HTTPException as error:
            response = error
        return response(environ, start_response)

    return app


def _in_context() -> Iterator[bytes]:
    """Send the context variable as it is at each piece; long enough to wait."""
    token = _word.set("kept")
    for _ in range(200):
        yield _word.get().encode() * 10_000
    _word.reset(token)
    yield b"reset"


def _environ(request: Request) -> Response:
    """Answer what JSON can say of the environment, without the process's own variables."""
    plain = {
        name: value
        for name, value in request.environ.items()
        if name not in os.environ and isinstance(value, str | bool | int | tuple)
    }
    return Response(json.dumps(plain))
