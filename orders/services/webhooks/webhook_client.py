"""Posts signed messages to the addresses of webhooks and returns the results.

Nothing is sent to private networks unless the operator allows it: the IP address to which a host
name resolves is checked before each connection, which is then made to exactly this IP address, so
that the name cannot be changed in between. Consecutive messages to the same receiver share a
connection.
"""

import contextlib
import re
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cached_property
from http.client import HTTP_PORT, HTTPS_PORT, HTTPException

from certifi import where
from requests_hardened.ip_filter import InvalidIPAddress
from standardwebhooks import Webhook
from urllib3.util import Url, parse_url, wait_for_read

from orders.domain.texts import lazy_gettext
from orders.services.webhooks.timed_connections import AttemptClock, TimedConnection

USER_AGENT = "Shortorder-Webhooks/1"
# Seconds for an attempt, from the connection to the end of the answer.
TIME_LIMIT = 10.0
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

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        # To read all certificates takes longer than to send a message.
        return ssl.create_default_context(cafile=where())

    def post(self, message: Message, *, at: datetime | None = None) -> PostResult:
        """Post one message on a new connection. Never raises; see `ReceiverConnection.post`."""
        with self.connection() as connection:
            return connection.post(message, at=at)

    @contextlib.contextmanager
    def connection(self) -> Iterator["ReceiverConnection"]:
        """Return a context manager for a connection that one thread may use for one receiver.

        The connection is closed at the end of the `with` block.
        """
        connection = ReceiverConnection(self._open, AttemptClock(self.time_limit))
        try:
            yield connection
        finally:
            connection.close()

    def _open(self, url: Url, clock: AttemptClock) -> TimedConnection:
        """Return a connection to the host of `url`; the first request on it connects."""
        tls = self._tls if url.scheme == "https" else None
        host = (url.host or "").strip("[]")  # of an IPv6 address
        port = url.port or (HTTP_PORT if tls is None else HTTPS_PORT)
        private = self._allow_private
        return TimedConnection(host, port, clock=clock, allow_private=private, tls=tls)


class ReceiverConnection:
    """A kept-alive connection to a receiver; the first message opens it.

    It ignores cookies, redirects, and the proxies and passwords that are configured on this
    machine.
    """

    def __init__(
        self, open_connection: Callable[[Url, AttemptClock], TimedConnection], clock: AttemptClock
    ) -> None:
        self._open = open_connection
        self._clock = clock
        self._address = ""
        self._connection: TimedConnection | None = None
        self._host = self._target = ""  # of the address: host with port, and path with query

    def post(self, message: Message, *, at: datetime | None = None) -> PostResult:
        """Post the message, signed with the time `at` (by default now), and return the result.

        Never raises: without a response, the result's `status` is None.
        """
        moment = at or datetime.now(UTC)
        with self._clock.attempt():
            try:
                connection = self._connected_to(message.address)
                # Receivers close idle connections at any moment: that is no failed attempt.
                is_kept = connection.sock is not None
                try:
                    return self._post(connection, message, moment)
                except (OSError, HTTPException) as error:
                    connection.close()
                    if not is_kept or self._clock.has_rung or isinstance(error, TimeoutError):
                        raise
                    return self._post(connection, message, moment)
            except Exception as error:  # noqa: BLE001 - an address can go wrong in many ways
                self.close()
                return PostResult(None, self._reason(error))

    def close(self) -> None:
        """Close the connection; the next message opens a new one."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None
        self._clock.close()

    def _connected_to(self, address: str) -> TimedConnection:
        """Return the connection to this address: that of the last message if it is the same."""
        if self._connection is None or self._address != address:
            self.close()
            url = parse_url(address)
            self._connection, self._address = self._open(url, self._clock), address
            self._host, self._target = url.netloc or "", url.request_uri
        # Something to read before a request is no answer to it: the end of the connection, or the
        # rest of an answer that was longer than it said.
        kept = self._connection.sock
        if kept is not None and wait_for_read(kept, timeout=0.0):
            self._connection.close()
        return self._connection

    def _post(self, connection: TimedConnection, message: Message, at: datetime) -> PostResult:
        headers = {"Host": self._host, **_headers(message, at)}
        connection.request("POST", self._target, message.payload.encode(), headers)
        response = connection.getresponse()
        if self._clock.has_rung:  # the head ended only because the clock closed the connection
            raise TimeoutError
        text = b""
        # The status decides; a text that is cut off is no failure.
        with contextlib.suppress(Exception):
            text = response.read(_MOST_BYTES)
        if not response.isclosed():  # there is more of it
            connection.close()
        answer = _printable(text.decode("utf-8", "replace"))
        result = PostResult(response.status, answer)
        if result.is_delivered:
            return result
        return PostResult(
            result.status, answer, _retry_after(response.headers.get("Retry-After", ""), at)
        )

    def _reason(self, error: Exception) -> str:
        if self._clock.has_rung or isinstance(error, TimeoutError):
            return lazy_gettext(
                "No complete answer within %(seconds)s seconds.",
                seconds=f"{self._clock.time_limit:g}",
            )
        if isinstance(error, InvalidIPAddress):
            return lazy_gettext("The address is in a private network. Nothing was sent.")
        if isinstance(error, ssl.SSLError):
            return lazy_gettext("Not trusted: the receiver's certificate could not be verified.")
        if socket.gaierror in (type(error), type(error.__cause__)):
            return lazy_gettext("The host name could not be resolved.")
        if isinstance(error, OSError | HTTPException):
            return lazy_gettext(
                "The receiver could not be reached, or closed the connection without an answer."
            )
        return lazy_gettext(
            "The message could not be sent (%(error)s).", error=type(error).__name__
        )


def _retry_after(header: str, at: datetime) -> timedelta | None:
    """Return the pause for which a `Retry-After` header asks (RFC 9110, 10.2.3).

    The pause is from 0 to LONGEST_PAUSE; it is counted from `at` if the header contains a date.
    Returns None if the header is empty or invalid.
    """
    value = header.strip()
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
