"""A light load generator: one process, raw non-blocking sockets, every answer's status checked."""

import selectors
import socket
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

PATIENCE = 60.0  # seconds without any answer before the run is given up
READ_SIZE = 65_536


@dataclass
class Result:
    """One run: its seconds, the seconds and body of each successful response, and the errors."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Successful responses per second."""
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """Seconds within which this share of the responses came."""
        ordered = sorted(self.latencies)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


@dataclass
class _Connection:
    socket: socket.socket
    sent_at: float = 0.0
    received: bytearray = field(default_factory=bytearray)
    is_closed: bool = False


def run(port: int, requests: Iterable[bytes], *, expected: int, connections: int = 16) -> Result:
    """Send all requests over keep-alive connections, one at a time on each.

    `requests` are complete HTTP/1.1 requests, all made before the clock starts. A response with
    another status than `expected` is an error, and so is a closed connection.
    """
    result = Result()
    waiting = iter(list(requests))
    with selectors.DefaultSelector() as selector:
        started = time.perf_counter()
        for _ in range(connections):
            connection = _Connection(socket.create_connection(("127.0.0.1", port)))
            connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            _go_on(selector, connection, waiting)
        while selector.get_map():
            ready = selector.select(PATIENCE)
            if not ready:
                result.errors.append("no answer came any more")
                break
            for key, _ in ready:
                if _take(key.data, result, expected):
                    _go_on(selector, key.data, waiting)
        result.seconds = time.perf_counter() - started
    return result


def _take(connection: _Connection, result: Result, expected: int) -> bool:
    """Read what has arrived; return whether the connection is ready for its next request."""
    try:
        chunk = connection.socket.recv(READ_SIZE)
    except ConnectionResetError:
        chunk = b""
    if not chunk:
        result.errors.append("a connection was closed without an answer")
        connection.is_closed = True
        return True
    connection.received += chunk
    answer = _whole_answer(connection.received)
    if answer is None:
        return False
    status, body = answer
    connection.received.clear()
    if status != expected:
        result.errors.append(f"{status}: {body[:200]!r}")
        return True
    result.latencies.append(time.perf_counter() - connection.sent_at)
    result.bodies.append(body)
    return True


def _go_on(
    selector: selectors.BaseSelector, connection: _Connection, requests: Iterator[bytes]
) -> None:
    """Send the next request; close the connection when there is none."""
    request = None if connection.is_closed else next(requests, None)
    if request is None:
        selector.unregister(connection.socket)
        connection.socket.close()
        return
    connection.sent_at = time.perf_counter()
    connection.socket.sendall(request)


def _whole_answer(received: bytearray) -> tuple[int, bytes] | None:
    """Return status and body of a complete response; one without a length has no body."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = bytes(received[:end]).lower()
    at = head.find(b"content-length:")
    length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
    if len(received) < end + 4 + length:
        return None
    return int(head[9:12]), bytes(received[end + 4 : end + 4 + length])
