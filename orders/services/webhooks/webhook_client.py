"""Posts one signed message to a webhook's address and returns the result.

Nothing is sent into the private network unless the operator allows it: the IP address that a name
resolves to is checked, and then that address is called, so a name cannot change in between.
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

from orders.domain.texts import lazy_gettext

USER_AGENT = "Shortorder-Webhooks/1"
# Seconds for an attempt, from the connection to the end of the answer.
TIME_LIMIT = 10.0
MAX_ANSWER = 1_000  # characters of the answer that are kept
_MOST_BYTES = 4 * MAX_ANSWER  # a character has at most four

_UNPRINTABLE = re.compile(r"[^\S\n]+|[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Message:
    """A message to send. Its `id` is the same in every attempt; each of `secrets` signs it."""

    id: str
    address: str
    payload: str
    secrets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PostResult:
    """The receiver's answer: status and text, or None and the reason why there was none."""

    status: int | None
    answer: str

    @property
    def is_delivered(self) -> bool:
        """Whether the receiver has accepted the message, with any 2xx."""
        return self.status is not None and 200 <= self.status < 300


class WebhookClient:
    """Sends messages; one client may be used by many threads.

    `allow_private` allows addresses in the private network; `time_limit` is in seconds.
    """

    def __init__(self, *, allow_private: bool, time_limit: float = TIME_LIMIT) -> None:
        self._time_limit = time_limit
        self._config = Config(
            ip_filter_enable=not allow_private,
            ip_filter_allow_loopback_ips=False,
            never_redirect=True,
            default_timeout=(time_limit, time_limit),
            user_agent_override=USER_AGENT,
        )

    def post(self, message: Message, *, at: datetime | None = None) -> PostResult:
        """Post the message once. Never raises: failures are results, too."""
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
        if clock.has_rung:  # the head ended only because the clock closed the connection
            raise requests.Timeout
        text = b""
        # The status decides; a text that is cut off is no failure.
        with contextlib.suppress(Exception):
            text = response.raw.read(_MOST_BYTES, decode_content=False) or b""
        response.close()
        return PostResult(response.status_code, _printable(text.decode("utf-8", "replace")))

    def _reason(self, error: Exception, *, is_late: bool) -> str:
        if is_late or isinstance(error, requests.Timeout):
            return lazy_gettext(
                "No whole answer within %(seconds)s seconds.", seconds=f"{self._time_limit:g}"
            )
        if isinstance(error, InvalidIPAddress):
            return lazy_gettext("The address is in a private network, where nothing is sent.")
        if isinstance(error, requests.exceptions.SSLError):
            return lazy_gettext(
                "No trusted connection: the certificate of the receiver could not be verified."
            )
        if isinstance(_root(error), socket.gaierror | NameResolutionError):
            return lazy_gettext("The name of the address could not be resolved.")
        if isinstance(error, requests.ConnectionError):
            return lazy_gettext("The receiver could not be reached, or hung up without an answer.")
        return lazy_gettext(
            "The message could not be sent (%(error)s).", error=type(error).__name__
        )


class _Session(HTTPSession):
    """A session that follows no redirects and uses no settings of this machine's user."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        # Receivers must not get the proxies and passwords of this machine's user.
        self.trust_env = False

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002 - the library's signature
        """Return None: the library would read the whole text before it refuses to follow."""
        return None


def _root(error: Exception) -> BaseException | None:
    inner = error.args[0] if error.args else None
    return getattr(inner, "reason", None) or error.__cause__


def _headers(message: Message, at: datetime) -> dict[str, str]:
    """Return the headers of Standard Webhooks, with a signature for each secret."""
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

    Socket timeouts count from byte to byte, so a slow receiver could keep its sender for ever.
    """

    def __init__(self) -> None:
        self.has_rung = False
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()

    def watch(self, connection: socket.socket) -> None:
        """Watch a connection of this attempt; it may be wrapped in TLS afterwards."""
        with self._lock:
            if self.has_rung:  # it took too long to get here
                connection.close()
                raise TimeoutError
            self._sockets.append(connection.dup())

    def ring(self) -> None:
        """End all connections, and those that are opened from now on."""
        with self._lock:
            self.has_rung = True
            for connection in self._sockets:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        with self._lock:
            for connection in self._sockets:
                connection.close()
            self._sockets.clear()


@contextlib.contextmanager
def _clock(session: requests.Session, time_limit: float) -> Iterator[_Clock]:
    """Apply the time limit to all connections that the session opens in this block."""
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
