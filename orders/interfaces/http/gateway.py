"""Calls the WSGI application from ASGI, with a request body that is either complete or an error.

The whole body is read first, within limits of size, time and rate. Reading `wsgi.input` then
returns it, or raises the HTTP error for a body that was cut off, too large or too slow. So the
application cannot mistake a part of the body for all of it, and formats the error itself.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context, copy_context
from dataclasses import dataclass
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, Any, NoReturn, TypeAlias

from werkzeug import exceptions
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge, RequestTimeout

from orders.domain.texts import lazy_gettext
from orders.domain.uploads import too_many_bytes
from orders.interfaces.http.bodies import ended_early
from orders.interfaces.http.request_ids import request_id_of
from orders.interfaces.http.wsgi_environ import environ_of

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]

log = logging.getLogger(__name__)

# Larger bodies wait in a temporary file: many slow uploads must not fill the memory.
IN_MEMORY = 262_144
# Seconds between two looks at the bodies that are still arriving.
CHECK_INTERVAL = 0.25
# Pieces of a streamed response that are sent before others get the thread.
BURST = 8
# Bytes beyond the limit that are read and dropped. A connection that is closed while its client is
# still sending is reset, and the client loses the answer.
MOST_DROPPED = 67_108_864
TOO_SLOW = lazy_gettext("The body arrived too slowly.")


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """Limits of a body: its size, the seconds within which it must arrive, and its minimum rate.

    The rate is in bytes per second, 0 for no minimum. It is checked only after `grace` seconds.
    """

    most_bytes: int
    seconds: float
    min_rate: int
    grace: float


class Gateway:
    """An ASGI application that passes each request to a WSGI application.

    The WSGI application runs on the thread that resumes the coroutine. That must not be the only
    thread of an event loop: see `orders/interfaces/http/server.py`. With `closes_connections`, each
    connection is closed after the next response.
    """

    def __init__(self, app: "WSGIApplication", limits: BodyLimits) -> None:
        self._app = app
        self._limits = limits
        self._watch = _BodyWatch(limits)
        self.closes_connections = False

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Handle one HTTP request, as ASGI defines it."""
        environ = environ_of(scope)
        body = _Body(BytesIO(), 0)
        if "CONTENT_LENGTH" in environ or "HTTP_TRANSFER_ENCODING" in environ:
            body = await self._body(environ, receive)
        environ["wsgi.input"] = body.file
        # What the application keeps in it follows a streamed response, and no other request.
        context = copy_context()
        response = _Response(must_close=body.must_close or self.closes_connections)
        iterable = context.run(self._app, environ, response.start)
        try:
            if isinstance(iterable, list):
                await send(response.message())
                await send({"type": "http.response.body", "body": b"".join(iterable)})
            else:
                await _stream(response, iterable, body, context, receive, send)
        finally:
            close = getattr(iterable, "close", None)
            if close is not None:
                context.run(close)
            body.file.close()

    async def _body(self, environ: "WSGIEnvironment", receive: Receive) -> "_Body":
        """Return the request's body or a refusal of it; for a chunked body, set CONTENT_LENGTH."""
        coding = environ.pop("HTTP_TRANSFER_ENCODING", None)
        if coding is None:
            return await self._read(environ, int(environ["CONTENT_LENGTH"]), receive)
        if coding.lower() == "chunked":
            body = await self._read(environ, None, receive)
        else:
            body = _Body(_Refusal(exceptions.NotImplemented()), 0)
        # An application that goes by the length must come upon the error of a refused body.
        environ["CONTENT_LENGTH"] = str(max(body.size, 1 if body.is_refused else 0))
        return body

    async def _read(
        self, environ: "WSGIEnvironment", announced: int | None, receive: Receive
    ) -> "_Body":
        """Return the body, or a refusal if it is too large, too slow or cut off.

        `announced` is its Content-Length, or None if it is chunked.
        """
        most = self._limits.most_bytes
        # A client that waits for `100 Continue` has sent nothing yet.
        is_waiting = announced is not None and "HTTP_EXPECT" in environ
        surplus = (announced or 0) - most
        if surplus > (0 if is_waiting else MOST_DROPPED):
            error = RequestEntityTooLarge(too_many_bytes(most, most + surplus))
            return _Body(_Refusal(error), 0)
        reading = _Reading(announced, most)
        self._watch.add(reading)
        try:
            return await reading.read(receive)
        except asyncio.CancelledError:
            return reading.refused(RequestTimeout(TOO_SLOW))
        except OSError as problem:  # no room, or no descriptor, for the file of a large one
            request = {"request_id": request_id_of(environ)}
            log.warning("A body cannot be kept: %s", problem, extra=request)
            return reading.refused(exceptions.ServiceUnavailable())
        finally:
            self._watch.discard(reading)


class _Refusal(BytesIO):
    """A file in place of a refused body; reading it raises the HTTP error that explains why."""

    def __init__(self, error: HTTPException) -> None:
        super().__init__()
        self._error = error

    def _refuse(self, *_: object) -> NoReturn:
        raise self._error

    def close(self) -> None:
        self._error = HTTPException()  # the old one's traceback would keep the connection open

    read = read1 = readinto = readline = readlines = __iter__ = __next__ = _refuse


class _Body:
    """A complete request body, or a refusal; `size` is the number of bytes that arrived.

    `is_drained` means that the last ASGI message of the body was received, even if it is refused.
    """

    __slots__ = ("file", "is_drained", "is_refused", "size")

    def __init__(self, file: IO[bytes], size: int, *, is_drained: bool = False) -> None:
        self.file = file
        self.size = size
        self.is_drained = is_drained
        self.is_refused = isinstance(file, _Refusal)

    @property
    def must_close(self) -> bool:
        """Whether to close the connection, because the rest of a refused body is still to come."""
        return self.is_refused and not self.is_drained


class _Reading:
    """An arriving body; `announced` is its Content-Length or None, `most` its limit in bytes."""

    __slots__ = ("_announced", "_file", "_most", "is_late", "pending", "size", "started")

    def __init__(self, announced: int | None, most: int) -> None:
        self.started = time.monotonic()
        self.size = 0
        self.is_late = False
        self.pending: Any = None  # granian's future of the next piece
        self._announced = announced
        self._most = most
        self._file: IO[bytes] | None = None

    async def read(self, receive: Receive) -> _Body:
        """Return the complete body, or a refusal. Raises CancelledError if the body is too slow."""
        while True:
            message = await self._next(receive)
            if message["type"] == "http.disconnect":
                return self.refused(ended_early(self._announced, self.size))
            piece: bytes = message["body"]
            self.size += len(piece)
            is_last = not message["more_body"]
            if self.size > self._most:
                if not is_last and self.size - self._most <= MOST_DROPPED:
                    continue
                return self.refused(RequestEntityTooLarge(), is_drained=is_last)
            if is_last or self.size == self._announced:
                return _Body(self._whole(piece), self.size, is_drained=is_last)
            if self._file is None:
                self._file = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - closed with the body
            self._file.write(piece)

    def refused(self, error: HTTPException, *, is_drained: bool = False) -> _Body:
        """Return a refusal with this error, or with a 413 if the body is too large."""
        size = max(self.size, self._announced or 0)
        if size > self._most:
            error = RequestEntityTooLarge(too_many_bytes(self._most, size))
        return _Body(_Refusal(error), self.size, is_drained=is_drained)

    async def _next(self, receive: Receive) -> Message:
        self.pending = receive()
        if self.is_late:  # marked before `pending` could be cancelled
            raise asyncio.CancelledError
        message: Message = await self.pending
        return message

    def _whole(self, piece: bytes) -> IO[bytes]:
        if self._file is None:
            return BytesIO(piece)
        self._file.write(piece)
        self._file.seek(0)
        return self._file


class _BodyWatch:
    """Cancels the reading of bodies that arrive too slowly; one thread checks all of them."""

    def __init__(self, limits: BodyLimits) -> None:
        self._limits = limits
        self._readings: set[_Reading] = set()
        self._start = threading.Lock()
        # The answers of cancelled requests run here, so that one does not delay the next look.
        self._executor = ThreadPoolExecutor(2, "late-bodies")

    def add(self, reading: _Reading) -> None:
        self._readings.add(reading)
        # Not before the first body: the server may have forked until then.
        if self._start.acquire(blocking=False):
            threading.Thread(target=self._run, name="body-watch", daemon=True).start()

    def discard(self, reading: _Reading) -> None:
        self._readings.discard(reading)

    def _run(self) -> None:
        while True:
            time.sleep(CHECK_INTERVAL)
            now = time.monotonic()
            for reading in list(self._readings):
                if not reading.is_late and self._is_late(reading, now - reading.started):
                    # The reader sets `pending` first and looks at this mark next: one stops it.
                    reading.is_late = True
                    self._executor.submit(_cancel, reading)

    def _is_late(self, reading: _Reading, seconds: float) -> bool:
        limits = self._limits
        is_slow = seconds > limits.grace and reading.size < limits.min_rate * seconds
        return is_slow or seconds > limits.seconds


def _cancel(reading: _Reading) -> None:
    reading.pending.cancel()


class _Response:
    """The status and headers that the WSGI application has set.

    `must_close` adds `Connection: close`.
    """

    __slots__ = ("_must_close", "headers", "status")

    def __init__(self, *, must_close: bool) -> None:
        self._must_close = must_close

    def start(
        self,
        status: str,
        headers: list[tuple[str, str]],
        exc_info: object = None,  # noqa: ARG002 - of the protocol
    ) -> Callable[[bytes], object]:
        """Store status and headers (PEP 3333); the returned `write` raises NotImplementedError."""
        self.status = int(status[:3])
        self.headers = headers
        return _no_write

    def message(self) -> Message:
        """Return the ASGI message that starts a response."""
        headers = [
            (name.encode(), value.encode() if value.isascii() else value.encode("latin-1"))
            for name, value in self.headers
        ]
        if self._must_close:
            headers.append((b"connection", b"close"))
        return {"type": "http.response.start", "status": self.status, "headers": headers}

    @property
    def length(self) -> int | None:
        """The Content-Length, or None if the application has not set one."""
        lengths = (int(value) for name, value in self.headers if name.lower() == "content-length")
        return next(lengths, None)


def _no_write(_: bytes) -> NoReturn:
    raise NotImplementedError("Return the body as an iterable.")


async def _stream(
    response: _Response,
    iterable: Iterable[bytes],
    body: _Body,
    context: Context,
    receive: Receive,
    send: Send,
) -> None:
    """Send the pieces of a response, made one by one in `context`, until the client disconnects."""
    pieces = filter(None, iterable)
    piece = context.run(next, pieces, b"")
    await send(response.message())
    if not piece or len(piece) == response.length:
        await send({"type": "http.response.body", "body": piece})
        return
    gone = await _disconnect(body, receive)
    count = 0
    while piece and not (gone is not None and gone.done()):
        await send({"type": "http.response.body", "body": piece, "more_body": True})
        count += 1
        if count % BURST == 0:
            # granian takes pieces for a client that has gone without a word, and needs a free
            # thread to say that it has.
            await asyncio.sleep(0)
        piece = context.run(next, pieces, b"")
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _disconnect(body: _Body, receive: Receive) -> Any:  # noqa: ANN401 - granian's future
    """Return a future that is done once the client disconnects; None if the body was refused."""
    if body.is_refused:
        return None
    if not body.is_drained:
        await receive()  # the end of the body; the disconnect is what comes after it
    return receive()
