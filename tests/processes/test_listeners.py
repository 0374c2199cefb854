"""The sockets on which the service listens: one for each worker, all with the same address."""

import errno
import json
import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest

from orders.interfaces.cli.supervisor import SUCCESSION, succession
from orders.interfaces.http.listener import open_listeners
from orders.settings import PROJECT
from tests.postgres import free_port
from tests.processes.serve_app import server_command
from tests.processes.server import PATIENCE, children_of, die_with_parent
from tests.processes.test_gateway import APP, serving
from tests.processes.test_reload import answers, wait_for

CONNECTIONS = 40


def test_a_reload_from_a_version_with_one_socket_goes_on_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as before:
        handed = json.dumps({"listener": before.fileno(), "servers": [7], "background": 8})
        monkeypatch.setenv(SUCCESSION, handed)
        found = succession()
        assert found is not None
        assert (found.listeners, found.servers, found.background) == ([before.fileno()], [7], 8)
        [_, other] = open_listeners("127.0.0.1", 0, 2, [before])
        assert other.getsockname() == before.getsockname()
        other.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_reload_keeps_all_sockets_and_opens_what_is_missing(host: str) -> None:
    with ExitStack() as stack:
        opened = [stack.enter_context(closing(one)) for one in open_listeners(host, 0, 2)]
        assert len({one.getsockname() for one in opened}) == 1
        assert open_listeners(host, 0, 1, opened) == opened
        more = [stack.enter_context(closing(one)) for one in open_listeners(host, 0, 3, opened)]
        assert more[:2] == opened
        assert len(more) == 3
        assert more[2].getsockname() == opened[0].getsockname()


def test_a_port_in_use_is_an_error_also_for_a_second_service() -> None:
    with ExitStack() as stack:
        opened = [stack.enter_context(closing(one)) for one in open_listeners("127.0.0.1", 0, 2)]
        port = opened[0].getsockname()[1]
        with pytest.raises(OSError, match="in use") as caught:
            open_listeners("127.0.0.1", port, 2)
        assert caught.value.errno == errno.EADDRINUSE


def test_the_port_is_free_while_a_killed_service_finishes_requests(tmp_path: Path) -> None:
    port = free_port()
    own = {"DATA_DIR": str(tmp_path), "PORT": str(port), "WORKERS": "2"}
    service = subprocess.Popen(
        [sys.executable, "-m", "tests.processes.small_service"], cwd=PROJECT,
        env={**os.environ, **own}, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        preexec_fn=die_with_parent,  # noqa: PLW1509 - no locks are held here
    )  # fmt: skip
    wait_for(lambda: answers(port))
    children = children_of(service.pid)
    try:
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as client:
            client.sendall(b"GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert client.recv(100)
            service.kill()
            service.wait()
            wait_for(lambda: has_opened(port))
            left = 10_000_000
            while left > 0:
                received = len(client.recv(left))
                assert received
                left -= received
    finally:
        for pid in children:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def has_opened(port: int) -> bool:
    """Return whether another service could listen on the port."""
    try:
        for one in open_listeners("127.0.0.1", port, 2):
            one.close()
    except OSError:
        return False
    return True


def test_no_worker_takes_all_connections(tmp_path: Path) -> None:
    port = free_port()
    with ExitStack() as stack:
        stack.enter_context(serving(server_command(APP), tmp_path, port, WORKERS="2"))
        wait_for(lambda: len(counted(port)) == 2)  # a worker's socket listens once it is there
        counts = counted(port)
    # The kernel spreads them by a hash: fewer than 5 of 40 for a worker would be chance once in
    # five million runs.
    assert sum(counts.values()) == CONNECTIONS
    assert min(counts.values()) >= 5


def counted(port: int) -> Counter[bytes]:
    """Return how many of CONNECTIONS connections each worker accepts."""
    with ExitStack() as stack:
        connections = []
        for _ in range(CONNECTIONS):
            one = socket.create_connection(("127.0.0.1", port), 10)
            connections.append(stack.enter_context(closing(one)))
        for one in connections:
            one.sendall(b"GET /process HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return Counter(one.recv(10_000).rpartition(b"\r\n\r\n")[2] for one in connections)
