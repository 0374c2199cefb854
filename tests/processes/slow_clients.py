"""Slow clients of every kind: others are served meanwhile, and what the slow ones held is free."""

import contextlib
import json
import os
import socket
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bad_orders import LINE
from tests.processes.server import Server

MANY = 30  # of each kind
PROMPT = 5.0  # seconds for an answer to everybody else
LATE = 5.0  # seconds after its limit by which a connection must have been closed
TICK = 0.2  # seconds
MORE_THREADS, MORE_MEGABYTES = 12, 100  # than before, when the slow clients have gone


@dataclass(frozen=True)
class Held:
    """What a process holds: threads, connections, and megabytes."""

    threads: int
    connections: int
    megabytes: float


def held_by(pid: int) -> Held:
    place, connections = Path(f"/proc/{pid}"), 0
    for one in (place / "fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            connections += str(one.readlink()).startswith("socket:")
    pages = int((place / "statm").read_text().split()[1])
    megabytes = pages * os.sysconf("SC_PAGESIZE") / 1_000_000
    return Held(len(list((place / "task").iterdir())), connections, megabytes)


class SlowClients:
    """Connections that send a body or a head at a byte a second, read so, or do nothing more."""

    def __init__(self, server: Server, secret: str, cookie: str, *, exports: int) -> None:
        post = f"POST /api/orders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {secret}"
        get = "GET /find HTTP/1.1\r\nHost: x\r\n"
        export = f"GET /orders/export.csv HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n\r\n"
        self._port, self._stack = server.port, contextlib.ExitStack()
        # One after the other: only some exports may begin at the same time.
        self.readers = [self._connect(export, answer=b"HTTP/1.1 200") for _ in range(exports)]
        self.idle = [self._connect(f"{get}\r\n", answer=b"HTTP/1.1 200") for _ in range(MANY)]
        self.heads = [self._connect(get) for _ in range(MANY)]
        whole = f"{post}\r\nContent-Length: 1000\r\n\r\n"
        self.bodies = [self._connect(whole) for _ in range(MANY)]
        self._sent_at = 0.0

    def _connect(self, text: str, *, answer: bytes = b"") -> socket.socket:
        client = self._stack.enter_context(socket.socket())
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(PROMPT)
        client.connect(("127.0.0.1", self._port))
        client.sendall(text.encode())
        assert client.recv(len(answer)) == answer
        return client

    def go_on(self) -> None:
        """Send and read the next bytes, if a second has passed."""
        if time.monotonic() < self._sent_at + 1:
            return
        self._sent_at = time.monotonic()
        with contextlib.suppress(OSError):  # those that were closed
            for client in (*self.bodies, *self.heads):
                client.send(b"x")
        for client in self.readers:
            with contextlib.suppress(OSError):
                client.recv(1, socket.MSG_DONTWAIT)

    def close(self) -> None:
        self._stack.close()


def check(
    server: Server, secret: str, cookie: str, *, exports: int, after: float, left: int
) -> None:
    """Serve slow clients and others; of the slow ones `left` may be there `after` seconds."""
    large = {"cart": [LINE] * 100, "metadata": {"note": "x" * 60_000}}
    ask(server, secret, "/api/orders", large)
    [worker] = server.children()[1:]
    before = held_by(worker)
    slow = SlowClients(server, secret, cookie, exports=exports)
    began = time.monotonic()
    try:
        while held_by(worker).connections > before.connections + left:
            slow.go_on()
            made = ask(server, secret, "/api/orders", {"cart": [LINE]})
            found = ask(server, secret, f"/api/orders/{made['id']}")
            assert found["shortId"] == made["shortId"]
            assert "Sign in" in ask(server, secret, "/sign-in")
            assert time.monotonic() - began < after + LATE, held_by(worker)
            time.sleep(TICK)
        for one in slow.bodies:
            assert one.recv(12) == b"HTTP/1.1 408"
    finally:
        slow.close()
    now = held_by(worker)
    assert now.threads <= before.threads + MORE_THREADS
    assert now.megabytes <= before.megabytes + MORE_MEGABYTES


def ask(server: Server, secret: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON, or a page
    """Send a request as everybody does; return the answer, which must be prompt and a good one."""
    request = urllib.request.Request(  # noqa: S310 - our own address
        server.address + path,
        None if body is None else json.dumps(body).encode(),
        {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=PROMPT) as answer:  # noqa: S310 - as above
        text = answer.read().decode()
        return json.loads(text) if "json" in answer.headers["Content-Type"] else text
