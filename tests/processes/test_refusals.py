"""Refusals over real connections: a client that keeps its connection never loses an answer."""

import http.client
import json
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.processes.server import Server, running

SOFA = "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11"
ORDER = json.dumps({"cart": [{"configurationId": SOFA, "count": 1}]})
JSON = {"Content-Type": "application/json"}
LIMIT = 5_000  # bytes of a body, of an upload too


@dataclass(frozen=True)
class Request:
    """A request and how it is refused; a body that is made by a function is chunked."""

    status: int
    method: str = "POST"
    path: str = "/api/orders"
    body: str | Callable[[], Iterator[bytes]] | None = ORDER
    headers: tuple[tuple[str, str], ...] = tuple(JSON.items())
    has_token: bool = True


def _large() -> Iterator[bytes]:
    yield from [b"x" * 1_000] * 20


REFUSED = [
    Request(401, has_token=False),
    Request(404, path="/api/nothing"),
    Request(404, method="GET", path="/api/orders/7KQ4M2XD9T3B", body=None),
    Request(405, method="PATCH"),
    Request(
        412, method="PUT", path="/api/orders/CODE", headers=(("If-Match", '"9"'), *JSON.items())
    ),
    Request(413, body="x" * (LIMIT + 1)),
    Request(413, body="x" * 2_000_000),
    Request(413, body=_large),
    Request(415, headers=(("Content-Type", "text/plain"),)),
    Request(415, headers=(("Content-Encoding", "br"), *JSON.items())),
    Request(422, body="{}"),
    Request(400, body="{"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("refusals")
    limits = {"MAX_BODY_BYTES": str(LIMIT), "MAX_UPLOAD_BYTES": str(LIMIT)}
    with running(folder, WORKERS="1", **limits) as server:
        yield server


@pytest.fixture(scope="module")
def secret(server: Server) -> str:
    org = server.command("org", "add", "Refused")["id"]
    return server.command("token", "add", "--org", org, "--name", "x", "--private")["token"]


class Client:
    """A client that keeps its connection until an answer announces that it is closed."""

    def __init__(self, server: Server, secret: str) -> None:
        self.code = ""
        self._secret = secret
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)

    def send(self, one: Request) -> int:
        """Send a request and return the status; `CODE` in its path is the last order's code."""
        headers = dict(one.headers)
        if one.has_token:
            headers["Authorization"] = f"Bearer {self._secret}"
        body = one.body() if callable(one.body) else one.body
        path = one.path.replace("CODE", self.code)
        if self._connection.sock is not None:
            self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection.request(one.method, path, body, headers, encode_chunked=callable(one.body))
        answer = self._connection.getresponse()
        value = json.loads(answer.read())
        self.code = value.get("shortId", self.code)
        return answer.status

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


@pytest.mark.parametrize("rounds", [20, pytest.param(1_000, marks=pytest.mark.soak)])
def test_no_client_sees_a_reset(server: Server, secret: str, rounds: int) -> None:
    client = Client(server, secret)
    assert client.send(Request(201)) == 201
    seen = Counter[tuple[int, int]]()
    for _ in range(rounds):
        for at, one in enumerate(REFUSED):
            seen[at, client.send(one)] += 1
    assert seen == {(at, one.status): rounds for at, one in enumerate(REFUSED)}
    assert client.send(Request(201)) == 201
    client.close()


def test_a_body_too_large_to_be_read_announces_that_the_connection_closes(
    server: Server, secret: str
) -> None:
    head = "\r\n".join([
        "POST /api/orders HTTP/1.1", "Host: x", f"Authorization: Bearer {secret}",
        "Content-Type: application/json", "Content-Length: 1000000000", "", "",
    ])  # fmt: skip
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(head.encode())
        answer = connection.recv(65_536).lower()
    assert answer.startswith(b"http/1.1 413 ")
    assert b"connection: close" in answer
