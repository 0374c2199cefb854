"""The sockets on which the service listens: one for each worker, all with the same address."""

import errno
import socket
from collections import Counter
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from orders.interfaces.cli.supervisor import server_command
from orders.interfaces.http.listener import open_listeners
from tests.postgres import free_port
from tests.processes.test_gateway import APP, serving

CONNECTIONS = 40


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


def test_no_worker_takes_all_connections(tmp_path: Path) -> None:
    port = free_port()
    with ExitStack() as stack:
        stack.enter_context(serving(server_command(APP), tmp_path, port, WORKERS="2"))
        connections = []
        for _ in range(CONNECTIONS):
            one = socket.create_connection(("127.0.0.1", port), 10)
            connections.append(stack.enter_context(closing(one)))
        for one in connections:
            one.sendall(b"GET /process HTTP/1.1\r\nHost: localhost\r\n\r\n")
        counts = Counter(one.recv(10_000).rpartition(b"\r\n\r\n")[2] for one in connections)
    # The kernel spreads them by a hash: fewer than 5 of 40 for a worker would be chance once in
    # five million runs.
    assert sum(counts.values()) == CONNECTIONS
    assert len(counts) == 2
    assert min(counts.values()) >= 5
