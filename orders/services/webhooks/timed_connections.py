"""Connections to receivers with a limit for the duration of an attempt, and for where they lead."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any

from requests_hardened.ip_filter import filter_host

WATCH = 0.1  # seconds between two looks for attempts that are late


class AttemptClock:
    """Limits the duration of attempts on one connection; `time_limit` is in seconds.

    The connection is shut down when an attempt takes longer. A socket's own timeout is not enough:
    it starts again with each byte, so a slow receiver could occupy a sending thread forever.
    """

    def __init__(self, time_limit: float) -> None:
        self.time_limit = time_limit
        self.has_rung = False
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
            self._socket = connection.dup()

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
        self._clocks: set[AttemptClock] = set()
        self._has_clocks = threading.Condition()
        self._thread: threading.Thread | None = None

    def add(self, clock: AttemptClock) -> None:
        with self._has_clocks:
            self._clocks.add(clock)
            # A thread does not survive a fork.
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)
                self._thread.start()
            self._has_clocks.notify()

    def remove(self, clock: AttemptClock) -> None:
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


class TimedConnection(HTTPConnection):
    """A connection whose sockets `clock` watches, and never into a private network unless allowed.

    The host is resolved once for each socket, and the IP address that was checked is the one that
    is connected to. With `tls`, certificates are verified for the host's name.
    """

    def __init__(
        self, host: str, port: int, *, clock: AttemptClock, allow_private: bool,
        tls: ssl.SSLContext | None = None,
    ) -> None:  # fmt: skip
        super().__init__(host, port, timeout=clock.time_limit)
        self._clock = clock
        self._allow_private = allow_private
        self._tls = tls
        self._head = b""

    def connect(self) -> None:
        """Open the socket, which the first message does."""
        host = self.host
        if not self._allow_private:
            host = filter_host(host, self.port, allow_loopback=False).strip("[]")
        connection = socket.create_connection((host, self.port), self.timeout)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._clock.watch(connection)
        if self._tls is not None:
            connection = self._tls.wrap_socket(connection, server_hostname=self.host)
        self.sock = connection

    def send(self, data: Any) -> None:  # noqa: ANN401 - bytes, as the head and our bodies are
        """Send the head of a request together with its body, which comes after it.

        To send a message is mostly the system's work, and that of one packet is half of it.
        """
        if not self._head:
            self._head = data
            return
        head, self._head = self._head, b""
        super().send(head + data)
