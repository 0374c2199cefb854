"""The server between socket and application, over raw sockets: bodies, environments, streams."""

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from orders.interfaces.http.server import drop_stalled_readers
from orders.settings import PROJECT
from tests.postgres import free_port
from tests.processes.serve_app import server_command

APP = "tests.processes.echo_app:create_app"
THREADS = 2
MOST = 300_000  # bytes of a body; more than are kept in memory
SETTINGS = {
    "WORKERS": "1", "THREADS": str(THREADS), "BODY_SECONDS": "2", "BODY_MIN_RATE": "1000",
    "BODY_GRACE": "1", "MAX_BODY_BYTES": str(MOST), "MAX_UPLOAD_BYTES": str(MOST),
}  # fmt: skip
PATIENCE = 20.0  # seconds


@contextmanager
def serving(command: list[str], folder: Path, port: int, **settings: str) -> Iterator[Path]:
    """Run a server until the block ends; return its log."""
    own = {**SETTINGS, "DATA_DIR": str(folder), "PORT": str(port), **settings}
    environment = {**os.environ, **own}
    log = folder / "log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command, cwd=PROJECT, env=environment, stdout=stream, stderr=stream
        )
    try:
        deadline = time.monotonic() + 60
        while not _is_open(port):
            assert process.poll() is None, log.read_text("utf-8")
            assert time.monotonic() < deadline, log.read_text("utf-8")
            time.sleep(0.05)
        yield log
    finally:
        process.terminate()
        assert process.wait(timeout=30) == 0


def _is_open(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


@pytest.fixture(scope="module")
def log(port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with serving(server_command(APP), tmp_path_factory.mktemp("echo"), port) as log:
        yield log


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture
def connection(log: Path, port: int) -> Iterator[socket.socket]:
    with connect(port) as connection:
        yield connection


def connect(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def head(path: str, *lines: str, method: str = "POST") -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: x", *lines, "", ""]).encode()


def read_all(connection: socket.socket) -> bytes:
    """Read until the server closes the connection."""
    received = b""
    while piece := connection.recv(65_536):
        received += piece
    return received


def answer(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """Read one answer with a Content-Length, or with none and without a body."""
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(1)
        assert piece, received
        received += piece
    status_line, *lines = received.decode("latin-1").strip().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    body, length = b"", int(headers.get("content-length", 0))
    while len(body) < length:
        body += connection.recv(length - len(body))
    return int(status_line.split()[1]), headers, body


def ask(port: int, path: str, *lines: str) -> bytes:
    """Ask on a connection of its own; return the body."""
    with connect(port) as connection:
        connection.sendall(head(path, *lines, method="GET"))
        status, _, body = answer(connection)
    assert status == 200
    return body


CHUNKED = "Transfer-Encoding: chunked"


def test_a_body_that_comes_in_many_pieces_is_whole(connection: socket.socket) -> None:
    connection.sendall(head("/read", f"Content-Length: {MOST}"))
    for _ in range(10):
        connection.sendall(b"x" * (MOST // 10))
        time.sleep(0.02)
    assert answer(connection)[2] == str(MOST).encode()


def test_a_complete_chunked_body_is_accepted_and_has_a_length(connection: socket.socket) -> None:
    connection.sendall(
        head("/read", CHUNKED) + b"5\r\nabcde\r\n3;x=y\r\nfgh\r\n0\r\nX-A: 1\r\n\r\n"
    )
    assert answer(connection)[2] == b"8"
    connection.sendall(head("/environ", CHUNKED) + b"5\r\nabcde\r\n0\r\n\r\n")
    environ = json.loads(answer(connection)[2])
    assert environ["CONTENT_LENGTH"] == "5"
    assert "HTTP_TRANSFER_ENCODING" not in environ
    connection.sendall(head("/read", CHUNKED) + b"0\r\n\r\n")
    assert answer(connection)[2] == b"0"


@pytest.mark.parametrize(
    ("lines", "body"),
    [
        (("Content-Length: 20",), b"0123456789"),
        (("Content-Length: 20",), b""),
        ((CHUNKED,), b""),
        ((CHUNKED,), b"9\r\nabcd"),
        ((CHUNKED,), b"4\r\nabcd\r\n"),
        ((CHUNKED,), b"4\r\nabcd\r\n0\r\n"),
        ((CHUNKED,), b"4\r\nabcd\r\nzz\r\nabcd\r\n0\r\n\r\n"),
        ((CHUNKED,), b"-1\r\nabcd\r\n0\r\n\r\n"),
        ((CHUNKED,), b"ffffffffffffffffff\r\nabcd\r\n0\r\n\r\n"),
    ],
)
def test_a_cut_off_body_is_refused(
    connection: socket.socket, lines: tuple[str, ...], body: bytes
) -> None:
    connection.sendall(head("/read", *lines) + body)
    connection.shutdown(socket.SHUT_WR)
    received = read_all(connection)
    assert received.startswith(b"HTTP/1.1 400 "), received
    assert b"connection: close" in received.lower()
    assert b"ended early" in received


def test_another_transfer_coding_is_refused(connection: socket.socket) -> None:
    connection.sendall(head("/read", "Transfer-Encoding: gzip, chunked") + b"1\r\na\r\n0\r\n\r\n")
    assert read_all(connection).startswith(b"HTTP/1.1 501 ")


def test_a_body_below_the_rate_is_refused(connection: socket.socket) -> None:
    connection.sendall(head("/read", "Content-Length: 5000"))
    started = time.monotonic()
    connection.settimeout(0.1)
    received = b""
    while not received and time.monotonic() < started + PATIENCE:
        try:
            received = connection.recv(65_536)
        except TimeoutError:
            connection.sendall(b"x")
    assert received.startswith(b"HTTP/1.1 408 "), received
    assert b"connection: close" in received.lower()
    assert time.monotonic() - started >= 1.0  # the grace period


def test_a_body_above_the_rate_is_refused_after_its_deadline(connection: socket.socket) -> None:
    connection.sendall(head("/read", "Content-Length: 100000"))
    started = time.monotonic()
    connection.settimeout(0.1)
    received = b""
    while not received and time.monotonic() < started + PATIENCE:
        try:
            received = connection.recv(65_536)
        except TimeoutError:
            connection.sendall(b"x" * 500)
    assert received.startswith(b"HTTP/1.1 408 "), received
    assert time.monotonic() - started >= 2.0


def test_a_body_that_is_announced_too_large_is_not_read(connection: socket.socket) -> None:
    connection.sendall(head("/read", f"Content-Length: {MOST + 1}", "Expect: 100-continue"))
    received = read_all(connection)
    assert received.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in received.lower()


def test_a_chunked_body_that_becomes_too_large_is_refused(connection: socket.socket) -> None:
    connection.sendall(head("/read", CHUNKED))
    for _ in range(MOST // 50_000 + 1):
        connection.sendall(f"{50_000:x}\r\n".encode() + b"x" * 50_000 + b"\r\n")
    connection.sendall(b"0\r\n\r\n")
    status, headers, _ = answer(connection)
    assert (status, headers.get("connection")) == (413, None)
    connection.sendall(head("/closed", method="GET"))
    assert answer(connection)[0] == 200


def test_a_body_that_is_too_large_and_stops_is_refused_for_its_size(
    connection: socket.socket,
) -> None:
    connection.sendall(head("/read", f"Content-Length: {MOST + 1}") + b"x")
    status, headers, _ = answer(connection)
    assert (status, headers["connection"]) == (413, "close")


def test_expect_100_continue_is_answered(connection: socket.socket) -> None:
    connection.sendall(head("/read", "Content-Length: 4", "Expect: 100-continue"))
    assert answer(connection)[0] == 100
    connection.sendall(b"abcd")
    assert answer(connection)[2] == b"4"


def test_a_refused_body_is_not_read_as_a_request(connection: socket.socket) -> None:
    hidden = head("/closed", method="GET")
    body = hidden * (MOST // len(hidden) + 1)
    connection.sendall(head("/read", f"Content-Length: {len(body)}") + body)
    assert answer(connection)[0] == 413
    connection.sendall(head("/ignore", method="GET"))
    assert answer(connection)[2] == b"not read"


def test_a_refused_body_does_not_affect_an_application_that_does_not_read_it(
    connection: socket.socket,
) -> None:
    connection.sendall(head("/ignore", f"Content-Length: {MOST + 1}"))
    status, headers, body = answer(connection)
    assert (status, headers["connection"], body) == (200, "close", b"not read")


def test_pipelined_requests_are_answered_in_order(connection: socket.socket) -> None:
    one, two = head("/read", "Content-Length: 3"), head("/closed", method="GET")
    connection.sendall(one + b"abc" + two + one + b"abc")
    found = [answer(connection)[2] for _ in range(3)]
    assert [found[0], found[2]] == [b"3", b"3"]
    connection.sendall(two)
    assert answer(connection)[0] == 200


def test_many_slow_bodies_do_not_delay_others(log: Path, port: int) -> None:
    slow = [connect(port) for _ in range(40 * THREADS)]
    for connection in slow:
        connection.sendall(head("/read", "Content-Length: 5000") + b"x")
    started = time.monotonic()
    assert ask(port, "/ignore") == b"not read"
    assert time.monotonic() - started < 1.0
    for connection in slow:
        assert answer(connection)[0] == 408
        connection.close()


def test_slow_readers_do_not_delay_others(log: Path, port: int) -> None:
    before = int(ask(port, "/closed"))
    slow = [connect(port) for _ in range(4 * THREADS)]
    for connection in slow:
        connection.sendall(head("/stream", method="GET"))
        assert connection.recv(9) == b"HTTP/1.1 "
    time.sleep(0.5)  # until all buffers are full
    assert ask(port, "/ignore") == b"not read"
    for connection in slow:
        connection.close()
    deadline = time.monotonic() + PATIENCE
    while int(ask(port, "/closed")) < before + len(slow):  # also when the client has gone
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_stream_keeps_its_context_from_piece_to_piece(connection: socket.socket) -> None:
    connection.sendall(head("/context", "Connection: close", method="GET"))
    received = b""
    while piece := connection.recv(1_000_000):
        received += piece
        time.sleep(0.001)
    pieces = re.sub(rb"\r\n[0-9a-f]+\r\n", b"", received.partition(b"\r\n\r\n")[2])
    assert pieces.count(b"kept") == 2_000_000
    assert b"reset" in received
    assert received.endswith(b"0\r\n\r\n")


def test_a_stream_of_pieces_arrives(connection: socket.socket) -> None:
    connection.sendall(head("/three", "Connection: close", method="GET"))
    received = read_all(connection)
    assert received.endswith(b"\r\n\r\n3\r\none\r\n3\r\ntwo\r\n5\r\nthree\r\n0\r\n\r\n")


def test_an_answer_without_a_body_has_none(connection: socket.socket) -> None:
    for path, method, status in (
        ("/empty", "GET", 204), ("/unchanged", "GET", 304), ("/ignore", "HEAD", 200),
    ):  # fmt: skip
        connection.sendall(head(path, method=method) + head("/closed", method="GET"))
        first = b""
        while not first.endswith(b"\r\n\r\n"):
            first += connection.recv(1)
        assert first.startswith(f"HTTP/1.1 {status} ".encode())
        assert (b"content-length: 8" in first.lower()) == (method == "HEAD")
        assert answer(connection)[0] == 200


def test_headers_are_sent_as_they_are(connection: socket.socket) -> None:
    connection.sendall(head("/cookies", "Connection: close", method="GET"))
    received = read_all(connection)
    assert received.count(b"set-cookie: ") == 2
    with connect(connection.getpeername()[1]) as other:
        other.sendall(head("/umlaut", method="GET"))
        assert answer(other)[1]["x-name"] == "Zürich"


def test_a_failure_is_answered_and_logged(connection: socket.socket, log: Path) -> None:
    connection.sendall(head("/fails", method="GET"))
    assert answer(connection)[0] == 500
    deadline = time.monotonic() + PATIENCE  # it is logged after the answer
    while "ZeroDivisionError" not in log.read_text("utf-8"):
        assert time.monotonic() < deadline
        time.sleep(0.05)


ODD = [
    head("/environ", method="GET"),
    head("/environ?a=%20b&c=%C3%A9&d", method="GET"),
    head("/%65nviron//a%2Fb%00/./..;c=d?", method="GET"),
    head("/%FF%C3%A9", method="GET"),
    head("/environ", "X-Name: a", "x-name: b", "Cookie: a=1", "Cookie: b=2", method="GET"),
    head("/environ", "Content-Type: text/plain", "Content-Length: 2") + b"ab",
    head("/environ", "Content-Type: a/b", "Content-Type: c/d", method="PROPFIND"),
    head("/environ", "X-Empty:", "X-Tab: a\tb", "X-Spaces:   a  b  ", method="DELETE"),
    b"GET http://elsewhere.example/environ HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /environ HTTP/1.1\r\n\r\n",
    b"GET /environ HTTP/1.0\r\n\r\n",
]  # fmt: skip


def test_the_environment_is_that_of_granians_own_wsgi(log: Path, port: int, tmp_path: Path) -> None:
    theirs = free_port()
    command = [
        str(Path(sys.executable).with_name("granian")), "--interface", "wsgi", "--factory", APP,
        "--port", str(theirs), "--http", "1", "--no-ws", "--log-level", "error",
    ]  # fmt: skip
    with serving(command, tmp_path, theirs):
        for request in ODD:
            ours = _environ(port, request)
            expected = _environ(theirs, request)
            # Several processes answer; granian does not say so. It spells its name otherwise.
            assert ours.pop("wsgi.multiprocess") is not expected.pop("wsgi.multiprocess")
            assert ours.pop("SERVER_SOFTWARE") != expected.pop("SERVER_SOFTWARE")
            assert int(ours.pop("SERVER_PORT")) == port
            assert int(expected.pop("SERVER_PORT")) == theirs
            assert ours == expected, request


def _environ(port: int, request: bytes) -> dict[str, Any]:
    with connect(port) as connection:
        connection.sendall(request)
        status, _, body = answer(connection)
    assert status == 200, request
    environ: dict[str, Any] = json.loads(body)
    return environ


def test_a_header_cannot_be_mistaken_for_another_one(log: Path, port: int) -> None:
    lines = ("Content_Length: 5", "Content_Type: text/html", "X_Forwarded_For: 1.2.3.4", "A_B: c")
    environ = _environ(port, head("/environ", *lines, method="GET"))
    assert {"CONTENT_LENGTH", "CONTENT_TYPE", "HTTP_X_FORWARDED_FOR", "HTTP_A_B", ""}.isdisjoint(
        environ
    )


def test_texts_beyond_ascii_are_their_bytes(log: Path, port: int) -> None:
    name = "X-Name: Zürich".encode()
    request = b"GET /environ?a=%FF HTTP/1.1\r\nHost: x\r\n" + name + b"\r\n\r\n"
    environ = _environ(port, request)
    assert environ["HTTP_X_NAME"].encode("latin-1").decode() == "Zürich"


@pytest.mark.parametrize(("seconds", "milliseconds"), [(60, 60_000), (10**9, 2**31 - 1)])
def test_any_number_of_seconds_fits_into_the_option(seconds: int, milliseconds: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        drop_stalled_readers(listener, seconds)
        found = listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
    assert found == milliseconds
