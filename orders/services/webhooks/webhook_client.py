"""Posts signed messages to the addresses of webhooks and returns the results.

Nothing is sent to private networks unless the operator allows it: the IP address to which a host
name resolves is checked before each connection, which is then made to exactly this IP address, so
that the name cannot be changed in between. Consecutive messages to the same receiver share a
connection.
"""

import contextlib
import re
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests_hardened.ip_filter import InvalidIPAddress
from requests_hardened.ip_filter_adapter import IPFilterAdapter
from standardwebhooks import Webhook
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NameResolutionError

from orders.domain.texts import lazy_gettext

USER_AGENT = "Shortorder-Webhooks/1"
# Seconds for an attempt, from the connection to the end of the answer.
TIME_LIMIT = 10.0
WATCH = 0.1  # seconds between two looks for attempts that are late
MAX_ANSWER = 1_000  # characters of the answer that are kept
_MOST_BYTES = 4 * MAX_ANSWER  # a character has at most four
# The longest pause that a receiver can ask for by `Retry-After`.
LONGEST_PAUSE = timedelta(days=1)

_UNPRINTABLE = re.compile(r"[^\S\n]+|[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Message:
    """A JSON text (`payload`) to post to the URL `address`.

    Every attempt has the same `id`, and is signed with each of `secrets`.
    """

    id: str
    address: str
    payload: str
    secrets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PostResult:
    """The result of posting a message.

    `status` and `answer` are the HTTP status and the text of the receiver's response. If there was
    no response, `status` is None and `answer` is the reason. `retry_after` is the pause that the
    response to a failed attempt asks for in its `Retry-After` header, or None if it asks for none.
    """

    status: int | None
    answer: str
    retry_after: timedelta | None = None

    @property
    def is_delivered(self) -> bool:
        """Whether the receiver has accepted the message by responding with a 2xx status."""
        return self.status is not None and 200 <= self.status < 300


class WebhookClient:
    """Sends messages to webhooks; threads may share one client.

    If `allow_private` is true, addresses in private networks are allowed. `time_limit` is the
    maximum duration of an attempt in seconds.
    """

    def __init__(self, *, allow_private: bool, time_limit: float = TIME_LIMIT) -> None:
        self._allow_private = allow_private
        self.time_limit = time_limit

    def post(self, message: Message, *, at: datetime | None = None) -> PostResult:
        """Post one message on a new connection. Never raises; see `ReceiverConnection.post`."""
        with self.connection() as connection:
            return connection.post(message, at=at)

    @contextlib.contextmanager
    def connection(self) -> Iterator["ReceiverConnection"]:
        """Return a context manager for a connection that one thread may use for one receiver.

        The connection is closed at the end of the `with` block.
        """
        clock = _Clock(self.time_limit)
        adapters = _adapters(clock, allow_private=self._allow_private)
        try:
            yield ReceiverConnection(adapters, clock)
        finally:
            for adapter in adapters.values():
                adapter.close()
            clock.close()


class ReceiverConnection:
    """A kept-alive connection to a receiver; the first message opens it.

    It ignores cookies, redirects, and the proxies and passwords that are configured on this
    machine.
    """

    def __init__(self, adapters: Mapping[str, HTTPAdapter], clock: "_Clock") -> None:
        self._adapters = adapters
        self._clock = clock
        # The last address with its request, because to parse an address takes long.
        self._template: tuple[str, requests.PreparedRequest] | None = None

    def post(self, message: Message, *, at: datetime | None = None) -> PostResult:
        """Post the message, signed with the time `at` (by default now), and return the result.

        Never raises: without a response, the result's `status` is None.
        """
        moment = at or datetime.now(UTC)
        with self._clock.attempt():
            opened = self._clock.opened
            try:
                try:
                    return self._post(message, moment)
                except requests.ConnectionError:
                    # Receivers close idle connections at any moment: that is no failed attempt.
                    if self._clock.has_rung or not opened or self._clock.opened != opened:
                        raise
                    self._clock.hang_up()
                    return self._post(message, moment)
            except Exception as error:  # noqa: BLE001 - an address can go wrong in many ways
                return PostResult(None, self._reason(error))

    def _post(self, message: Message, at: datetime) -> PostResult:
        request = self._prepared(message.address)
        request.headers.update(_headers(message, at))
        request.prepare_body(message.payload.encode(), None)
        adapter = self._adapters[str(request.url).partition(":")[0].lower()]
        limit = self._clock.time_limit
        response = adapter.send(request, stream=True, timeout=(limit, limit), verify=True)
        if self._clock.has_rung:  # the head ended only because the clock closed the connection
            raise requests.Timeout
        text = b""
        # The status decides; a text that is cut off is no failure.
        with contextlib.suppress(Exception):
            text = response.raw.read(_MOST_BYTES, decode_content=False) or b""
        response.close()  # a connection whose answer was read to its end stays open
        answer = _printable(text.decode("utf-8", "replace"))
        result = PostResult(response.status_code, answer)
        if result.is_delivered:
            return result
        return PostResult(result.status, answer, _retry_after(response.headers, at))

    def _prepared(self, address: str) -> requests.PreparedRequest:
        if self._template is None or self._template[0] != address:
            self._template = address, requests.Request("POST", address).prepare()
        return self._template[1].copy()

    def _reason(self, error: Exception) -> str:
        if self._clock.has_rung or isinstance(error, requests.Timeout):
            return lazy_gettext(
                "No complete answer within %(seconds)s seconds.",
                seconds=f"{self._clock.time_limit:g}",
            )
        if isinstance(error, InvalidIPAddress):
            return lazy_gettext("The address is in a private network. Nothing was sent.")
        if isinstance(error, requests.exceptions.SSLError):
            return lazy_gettext("Not trusted: the receiver's certificate could not be verified.")
        if isinstance(_root(error), socket.gaierror | NameResolutionError):
            return lazy_gettext("The host name could not be resolved.")
        if isinstance(error, requests.ConnectionError):
            return lazy_gettext(
                "The receiver could not be reached, or closed the connection without an answer."
            )
        return lazy_gettext(
            "The message could not be sent (%(error)s).", error=type(error).__name__
        )


def _adapters(clock: "_Clock", *, allow_private: bool) -> dict[str, HTTPAdapter]:
    """Return HTTP adapters by URL scheme, which report each new connection to `clock`.

    Unless `allow_private` is true, they refuse addresses in private networks.
    """
    if allow_private:
        adapters = {"http": HTTPAdapter(), "https": HTTPAdapter()}
    else:
        adapters = {
            "http": IPFilterAdapter(is_https_proto=False),
            "https": IPFilterAdapter(is_https_proto=True),
        }
    pools = _timed_pools(clock)
    for adapter in adapters.values():
        adapter.poolmanager.pool_classes_by_scheme = pools
    return adapters


def _retry_after(headers: Mapping[str, str], at: datetime) -> timedelta | None:
    """Return the pause for which the `Retry-After` header asks (RFC 9110, 10.2.3).

    The pause is from 0 to LONGEST_PAUSE; it is counted from `at` if the header contains a date.
    Returns None if the header is missing or invalid.
    """
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        # More digits than a timedelta can have mean "very long".
        return min(timedelta(seconds=int(value[:9])), LONGEST_PAUSE)
    try:
        until = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):  # by the kind of nonsense
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return min(max(until - at, timedelta()), LONGEST_PAUSE)


def _root(error: Exception) -> BaseException | None:
    inner = error.args[0] if error.args else None
    return getattr(inner, "reason", None) or error.__cause__


def _headers(message: Message, at: datetime) -> dict[str, str]:
    """Return the headers of a request with this message, signed as Standard Webhooks requires.

    There is a signature for each of the message's secrets; `at` is the time that is signed.
    """
    signatures = (
        Webhook(secret).sign(message.id, at.astimezone(UTC), message.payload)
        for secret in message.secrets
    )
    return {
        "User-Agent": USER_AGENT,
        "Accept": "*/*",
        "Content-Type": "application/json",
        "Accept-Encoding": "identity",
        "webhook-id": message.id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _printable(text: str) -> str:
    return _UNPRINTABLE.sub(" ", text).strip()[:MAX_ANSWER]


class _Clock:
    """Limits the duration of attempts on one connection; `time_limit` is in seconds.

    The connection is shut down when an attempt takes longer. A socket's own timeout is not enough:
    it starts again with each byte, so a slow receiver could occupy a sending thread forever.
    """

    def __init__(self, time_limit: float) -> None:
        self.time_limit = time_limit
        self.has_rung = False
        self.opened = 0  # connections so far
        self._ends: float | None = None  # of the attempt, by the monotonic clock
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def attempt(self) -> Iterator[None]:
        """Return a context manager that limits the duration of its `with` block, one attempt.

        When the limit is exceeded, the connection is shut down and `has_rung` becomes True.
        """
        self.has_rung = False
        self._ends = time.monotonic() + self.time_limit
        _watchdog.add(self)
        try:
            yield
        finally:
            with self._lock:
                self._ends = None
            _watchdog.remove(self)

    def watch(self, connection: socket.socket) -> None:
        """Apply the time limit to a newly opened socket, instead of the previous one.

        If the current attempt has already exceeded the limit, closes the socket and raises
        TimeoutError.
        """
        self.close()
        with self._lock:
            if self.has_rung:  # it took too long to get here
                connection.close()
                raise TimeoutError
            self.opened += 1
            self._socket = connection.dup()

    def hang_up(self) -> None:
        """Shut down the connection, so that the next message opens a new one."""
        with self._lock:
            self._shut_down()

    def close(self) -> None:
        with self._lock:
            if self._socket is not None:
                self._socket.close()
                self._socket = None

    def end_if_late(self) -> None:
        with self._lock:
            if self._ends is not None and time.monotonic() >= self._ends:
                self.has_rung = True
                self._shut_down()

    def _shut_down(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)


class _Watchdog:
    """A thread that ends late attempts: it calls `end_if_late` of each clock with an attempt.

    It sleeps while there is no attempt. Starting a timer for each attempt would take longer than
    sending a message.
    """

    def __init__(self) -> None:
        self._clocks: set[_Clock] = set()
        self._has_clocks = threading.Condition()
        self._thread: threading.Thread | None = None

    def add(self, clock: _Clock) -> None:
        with self._has_clocks:
            self._clocks.add(clock)
            # A thread does not survive a fork.
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)
                self._thread.start()
            self._has_clocks.notify()

    def remove(self, clock: _Clock) -> None:
        with self._has_clocks:
            self._clocks.discard(clock)

    def _run(self) -> None:
        while True:
            with self._has_clocks:
                self._has_clocks.wait_for(lambda: self._clocks)
                clocks = list(self._clocks)
            for clock in clocks:
                clock.end_if_late()
            time.sleep(WATCH)


_watchdog = _Watchdog()


def _timed_pools(clock: _Clock) -> dict[str, Any]:
    class Timed:
        def _new_conn(self) -> socket.socket:
            connection: socket.socket = super()._new_conn()  # type: ignore[misc]  # of the class beside it
            clock.watch(connection)
            return connection

    class TimedHttp(Timed, HTTPConnection): ...

    class TimedHttps(Timed, HTTPSConnection): ...

    class Http(HTTPConnectionPool):
        ConnectionCls = TimedHttp

    class Https(HTTPSConnectionPool):
        ConnectionCls = TimedHttps

    return {"http": Http, "https": Https}
