"""A real receiver of webhooks on loopback, which verifies signatures as receivers do."""

import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook

PATIENCE = 30.0  # seconds
Answer = tuple[int, bytes]


@dataclass(frozen=True)
class Received:
    """One request: its path, headers in small letters, body, and the port that it came from."""

    path: str
    headers: dict[str, str]
    body: bytes
    port: int = 0

    def verified(self, secret: str) -> dict[str, Any]:
        """Check the signature; return the message."""
        message: dict[str, Any] = Webhook(secret).verify(self.body, self.headers)
        return message


@dataclass
class Receiver:
    """What has arrived, and what is answered: one answer after the other, the last for ever."""

    address: str = ""
    answers: list[Answer] = field(default_factory=lambda: [(204, b"")])
    headers: dict[str, str] = field(default_factory=dict)
    received: list[Received] = field(default_factory=list)
    before: Callable[[], object] = lambda: None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer_with(self, answers: Sequence[Answer | int]) -> None:
        """Set the answers; a number is a status alone."""
        self.answers = [(one, b"") if isinstance(one, int) else one for one in answers]

    def take(self, request: Received) -> Answer:
        """Record a request and return its answer."""
        with self._lock:
            self.received.append(request)
            answer = self.answers[0]
            if len(self.answers) > 1:
                del self.answers[0]
        self.before()
        return answer

    def wait_for(self, count: int) -> list[Received]:
        """Wait until `count` requests have arrived."""
        deadline = time.monotonic() + PATIENCE
        while len(self.received) < count:
            assert time.monotonic() < deadline, f"{len(self.received)} of {count} have arrived"
            time.sleep(0.02)
        return self.received


@contextmanager
def receiving(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Receive on a free port of 127.0.0.1 until the block ends, over TLS with `tls`."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # which keeps connections alive
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, text = receiver.take(Received(self.path, headers, body, self.client_address[1]))
            self.send_response(status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            """Write no access log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.address = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}/hook"
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
