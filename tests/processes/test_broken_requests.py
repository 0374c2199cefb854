"""Broken requests over raw sockets to the production server: nothing is stored."""

import contextlib
import json
import re
import socket
import sqlite3
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path

import pytest

from tests.html import attribute
from tests.processes import slow_clients
from tests.processes.server import Server, running

CHAIR = "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11"
BODY = json.dumps({"cart": [{"configurationId": CHAIR, "count": 12}]}).encode()
KEY = "E" * 22


@dataclass(frozen=True)
class RawClient:
    """A client of the running product that sends bytes, with a token."""

    server: Server
    secret: str
    file: Path

    def send(self, *parts: bytes, then_close: bool = True) -> int:
        """Send the bytes, close the sending side, and return the status; 0 without an answer."""
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=10) as connection:
            # The server may have answered, or hung up, before all of it is sent.
            with contextlib.suppress(OSError):
                for part in parts:
                    connection.sendall(part)
                if then_close:
                    connection.shutdown(socket.SHUT_WR)
            try:
                answer = connection.recv(65_536)
            except ConnectionResetError:
                return 0
        return int(answer[9:12]) if answer else 0

    def head(self, *lines: str, path: str = "/api/orders") -> bytes:
        """Return the head of a request with the token."""
        always = [f"POST {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {self.secret}"]
        return "\r\n".join([*always, *lines, "", ""]).encode()

    def stored(self) -> int:
        """Count the stored orders, in the file itself."""
        with sqlite3.connect(self.file) as connection:
            found: int = connection.execute("SELECT count(*) FROM orders").fetchone()[0]
        connection.close()
        return found


@pytest.fixture(scope="module")
def raw_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RawClient]:
    folder = tmp_path_factory.mktemp("broken")
    limits = {"BODY_SECONDS": "3", "BODY_GRACE": "1", "BODY_MIN_RATE": "100", "READ_SECONDS": "1"}
    with running(folder, WORKERS="1", **limits) as server:
        yield raw_client_of(server, folder)


def raw_client_of(server: Server, folder: Path) -> RawClient:
    """Return a client with a token of a new org, which has a salesperson, too."""
    org = server.command("org", "add", "Broken")["id"]
    made = server.command("token", "add", "--org", org, "--name", "x", "--private")
    staff = ("staff", "add", "--org", org, "--email", "a@desk.example", "--role", "sales")
    server.command(*staff, "--password-stdin", stdin="correct horse battery\n")
    return RawClient(server, made["token"], folder / "shortorder.sqlite3")


JSON = "Content-Type: application/json"
FORM = "Content-Type: application/x-www-form-urlencoded"


def test_a_complete_body_is_accepted(raw_client: RawClient) -> None:
    before = raw_client.stored()
    head = raw_client.head(JSON, f"Content-Length: {len(BODY)}")
    assert raw_client.send(head, BODY, then_close=False) == 201
    assert raw_client.stored() == before + 1


def test_a_complete_chunked_body_is_accepted(raw_client: RawClient) -> None:
    before = raw_client.stored()
    chunks = f"{len(BODY):x}\r\n".encode() + BODY + b"\r\n0\r\n\r\n"
    head = raw_client.head(JSON, "Transfer-Encoding: chunked")
    assert raw_client.send(head, chunks, then_close=False) == 201
    assert raw_client.stored() == before + 1


@pytest.mark.parametrize("missing", [1, 10, len(BODY)])
def test_json_that_ends_early_stores_nothing(raw_client: RawClient, missing: int) -> None:
    before = raw_client.stored()
    head = raw_client.head(JSON, f"Content-Length: {len(BODY)}")
    assert raw_client.send(head, BODY[: len(BODY) - missing]) == 400
    padded = raw_client.head(JSON, f"Content-Length: {len(BODY) + missing}")
    assert raw_client.send(padded, BODY) == 400
    assert raw_client.stored() == before


@pytest.mark.parametrize(
    "chunks",
    [
        b"5\r\n{\"car",
        f"{len(BODY):x}\r\n".encode() + BODY,
        b"zz\r\n" + BODY + b"\r\n0\r\n\r\n",
        b"ffffffffffffffffff\r\n" + BODY,
        b"-1\r\n" + BODY,
    ],
)  # fmt: skip
def test_broken_chunks_store_nothing(raw_client: RawClient, chunks: bytes) -> None:
    before = raw_client.stored()
    assert raw_client.send(raw_client.head(JSON, "Transfer-Encoding: chunked"), chunks) == 400
    assert raw_client.stored() == before


def test_a_form_that_ends_in_the_middle_of_a_count_stores_nothing(raw_client: RawClient) -> None:
    cookie, token = sign_in(raw_client)
    form = f"csrf_token={token}&do=place&cart.0.configurationId={CHAIR}&cart.0.count=12".encode()
    lines = (FORM, f"Cookie: {cookie}")
    path = f"/orders/new?form={KEY}"
    before = raw_client.stored()
    length = f"Content-Length: {len(form)}"
    assert raw_client.send(raw_client.head(*lines, length, path=path), form[:-1]) == 400
    assert raw_client.stored() == before
    assert raw_client.send(raw_client.head(*lines, path=path), form) in {0, 400, 411}
    chunked = raw_client.head(*lines, "Transfer-Encoding: chunked", path=path)
    assert raw_client.send(chunked, f"{len(form) - 1:x}\r\n".encode() + form[:-1] + b"\r\n") == 400
    assert raw_client.stored() == before
    assert (
        raw_client.send(raw_client.head(*lines, length, path=path), form, then_close=False) == 303
    )
    assert raw_client.stored() == before + 1


def test_slow_clients_of_every_kind_do_not_stop_others_and_are_let_go(
    raw_client: RawClient,
) -> None:
    cookie, _ = sign_in(raw_client)
    # Idle connections and slow heads have half a minute, and are left. A few exports: each of them
    # takes a quarter of a second until it waits for its reader.
    left = 2 * slow_clients.MANY
    slow_clients.check(raw_client.server, raw_client.secret, cookie, exports=5, after=3, left=left)


@pytest.mark.soak
def test_slow_clients_of_the_product_as_it_ships(tmp_path: Path) -> None:
    with running(tmp_path, WORKERS="1") as server:
        client = raw_client_of(server, tmp_path)
        cookie, _ = sign_in(client)
        slow_clients.check(
            server, client.secret, cookie, exports=slow_clients.MANY, after=60, left=0
        )


def test_slow_bodies_are_refused_and_their_connections_closed(raw_client: RawClient) -> None:
    before = raw_client.stored()
    head = raw_client.head(JSON, f"Content-Length: {len(BODY)}")
    address = ("127.0.0.1", raw_client.server.port)
    with contextlib.ExitStack() as opened:
        # Several, one after another: a connection that something still refers to is closed when
        # the garbage is collected, which may be soon.
        slow = [
            opened.enter_context(socket.create_connection(address, timeout=30)) for _ in range(60)
        ]
        for connection in slow:
            connection.sendall(head + BODY[:-1])
            time.sleep(0.03)
        for connection in slow:
            received = b""
            while piece := connection.recv(65_536):
                received += piece
            assert received.startswith(b"HTTP/1.1 408 ")
            assert b"connection: close" in received.lower()
            assert b"application/problem+json" in received
            assert b"too slowly" in received
    assert raw_client.stored() == before


def test_a_body_over_the_largest_upload_is_refused_unread(raw_client: RawClient) -> None:
    head = raw_client.head(JSON, f"Content-Length: {26_214_400 + 1}")
    assert raw_client.send(head, then_close=False) == 413


def test_a_flood_of_headers_is_refused(raw_client: RawClient) -> None:
    flood = [f"X-{number}: {'y' * 1000}" for number in range(2000)]
    assert raw_client.send(raw_client.head(*flood), then_close=False) in {0, 400, 413, 431}
    assert raw_client.server.is_well()


def sign_in(raw_client: RawClient) -> tuple[str, str]:
    """Sign in as a browser does; return the cookie and the form's token."""
    cookie, token = ask(raw_client, "/sign-in", "")
    form = f"csrf_token={token}&email=a@desk.example&password=correct+horse+battery".encode()
    head = raw_client.head(
        FORM, f"Cookie: {cookie}", f"Content-Length: {len(form)}", path="/sign-in"
    )
    with socket.create_connection(("127.0.0.1", raw_client.server.port), timeout=10) as connection:
        connection.sendall(head + form)
        answer = connection.recv(65_536).decode()
    assert " 303 " in answer.splitlines()[0], answer
    found = re.search(r"set-cookie: (shortorder=[^;]+)", answer, re.IGNORECASE)
    assert found is not None
    return ask(raw_client, f"/orders/new?form={KEY}", found[1])


def ask(raw_client: RawClient, path: str, cookie: str) -> tuple[str, str]:
    """Get a page; return the cookie to send from now on, and the token of its form."""
    request = urllib.request.Request(  # noqa: S310 - our own address
        raw_client.server.address + path, headers={"Cookie": cookie}
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - as above
        page = answer.read().decode()
        jar = SimpleCookie(answer.headers.get("Set-Cookie", ""))
    token = attribute(page, "[name=csrf_token]", "value")
    set_now = jar.get("shortorder")
    return (f"shortorder={set_now.value}" if set_now else cookie), token
