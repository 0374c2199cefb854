"""Carries one signed message to its address, and brings back what was answered.

Nothing is carried into the private network unless the operator allows it: the address that a name
resolves to is checked and then called itself, so that no name can point elsewhere meanwhile.
"""

import contextlib
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests_hardened import Config, HTTPSession
from requests_hardened.ip_filter import InvalidIPAddress
from standardwebhooks import Webhook
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NameResolutionError

from orders.rules.texts import mark

USER_AGENT = "Shortorder-Webhooks/1"
# Seconds that an attempt may take from the connection to the end of the answer.
TIME_LIMIT = 10.0
MAX_ANSWER = 1_000  # characters of the answer that are kept
_MOST_BYTES = 4 * MAX_ANSWER  # as many as so many characters can have

_UNPRINTABLE = re.compile(r"[^\S\n]+|[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Message:
    """A message to send: `id` is the same in every attempt, `secrets` are those that sign it."""

    id: str
    address: str
    payload: str
    secrets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PostResult:
    """The receiver's answer: its status and text, or None and why there was none."""

    status: int | None
    answer: str

    @property
    def is_delivered(self) -> bool:
        """Whether the receiver has taken the message: any 2xx."""
        return self.status is not None and 200 <= self.status < 300


class WebhookClient:
    """Sends messages; one may be used by many threads."""

    def __init__(self, *, allow_private: bool, time_limit: float = TIME_LIMIT) -> None:
        """Say whether addresses may be in the private network; `time_limit` is in seconds."""
        self._time_limit = time_limit
        self._config = Config(
            ip_filter_enable=not allow_private,
            ip_filter_allow_loopback_ips=False,
            never_redirect=True,
            default_timeout=(time_limit, time_limit),
            user_agent_override=USER_AGENT,
        )

    def post(self, message: Message, *, at: datetime | None = None) -> PostResult:
        """Post the message once. Never raises: whatever goes wrong is the outcome."""
        with _Session(self._config) as session, _clock(session, self._time_limit) as clock:
            try:
                return self._post(session, clock, message, at or datetime.now(UTC))
            except Exception as error:  # noqa: BLE001 - an address can go wrong in many ways
                return PostResult(None, self._reason(error, is_late=clock.has_rung))

    def _post(
        self, session: "_Session", clock: "_Clock", message: Message, at: datetime
    ) -> PostResult:
        body = message.payload.encode()
        response = session.post(
            message.address, data=body, headers=_headers(message, at), stream=True
        )
        if clock.has_rung:  # what looks like the end of the head is the end of the connection
            raise requests.Timeout
        text = b""
        # The status decides; a text that breaks off is no failure.
        with contextlib.suppress(Exception):
            text = response.raw.read(_MOST_BYTES, decode_content=False) or b""
        response.close()
        return PostResult(response.status_code, _printable(text.decode("utf-8", "replace")))

    def _reason(self, error: Exception, *, is_late: bool) -> str:
        if is_late or isinstance(error, requests.Timeout):
            return mark(
                "No whole answer within %(seconds)s seconds.", seconds=f"{self._time_limit:g}"
            )
        if isinstance(error, InvalidIPAddress):
            return mark("The address is in a private network, where nothing is sent.")
        if isinstance(error, requests.exceptions.SSLError):
            return mark(
                "No trusted connection: the certificate of the receiver could not be verified."
            )
        if isinstance(_root(error), socket.gaierror | NameResolutionError):
            return mark("The name of the address could not be resolved.")
        if isinstance(error, requests.ConnectionError):
            return mark("The receiver could not be reached, or hung up without an answer.")
        return mark("The message could not be sent (%(error)s).", error=type(error).__name__)


class _Session(HTTPSession):
    """A session that follows nobody and brings nothing from this machine."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        # Neither proxies nor passwords of this machine's user are for the receivers.
        self.trust_env = False

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002 - the library's signature
        """Say that there is none: the library would read the whole text before not following it."""
        return None


def _root(error: Exception) -> BaseException | None:
    """Give what lies behind the library's error."""
    inner = error.args[0] if error.args else None
    return getattr(inner, "reason", None) or error.__cause__


def _headers(message: Message, at: datetime) -> dict[str, str]:
    """Sign the message as the Standard Webhooks scheme says, once with each secret."""
    signatures = (
        Webhook(secret).sign(message.id, at.astimezone(UTC), message.payload)
        for secret in message.secrets
    )
    return {
        "Content-Type": "application/json",
        "Accept-Encoding": "identity",
        "webhook-id": message.id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _printable(text: str) -> str:
    return _UNPRINTABLE.sub(" ", text).strip()[:MAX_ANSWER]


class _Clock:
    """Ends connections that are still open after the time limit.

    The timeouts of sockets count from byte to byte: a receiver that sends one every few seconds
    would hold its sender for ever.
    """

    def __init__(self) -> None:
        self.has_rung = False
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()

    def watch(self, connection: socket.socket) -> None:
        """Take a connection of this attempt; it may be wrapped into TLS afterwards."""
        with self._lock:
            if self.has_rung:  # it took too long to get here
                connection.close()
                raise TimeoutError
            self._sockets.append(connection.dup())

    def ring(self) -> None:
        """End what is open, and whatever is opened from now on."""
        with self._lock:
            self.has_rung = True
            for connection in self._sockets:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let go of the connections."""
        with self._lock:
            for connection in self._sockets:
                connection.close()
            self._sockets.clear()


@contextlib.contextmanager
def _clock(session: requests.Session, time_limit: float) -> Iterator[_Clock]:
    """Time all connections that the session opens in this block."""
    clock = _Clock()
    timer = threading.Timer(time_limit, clock.ring)
    timer.daemon = True
    pools = _timed_pools(clock)
    for adapter in session.adapters.values():
        assert isinstance(adapter, HTTPAdapter)  # noqa: S101 - for the type checker
        adapter.poolmanager.pool_classes_by_scheme = pools
    timer.start()
    try:
        yield clock
    finally:
        timer.cancel()
        clock.close()


def _timed_pools(clock: _Clock) -> dict[str, Any]:
    """Give urllib3's pools with connections that the clock knows."""

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
