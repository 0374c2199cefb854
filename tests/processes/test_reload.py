"""SIGHUP exchanges all processes of the service, and no request notices."""

import http.client
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from orders.interfaces.cli.supervisor import DRAINING
from tests.processes.server import PATIENCE, Server, typed

RATE = 200  # requests a second
CLIENTS = 8


def wait_for(condition: Callable[[], object]) -> None:
    ends = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.02)


class Load:
    """Requests at RATE until the block ends: a half on new connections, a half on kept ones."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._ends = threading.Event()
        self.answered = 0
        self.failures: list[str] = []

    def __enter__(self) -> "Load":
        self._threads = ThreadPoolExecutor(CLIENTS)
        for number in range(CLIENTS):
            self._threads.submit(self._send, keeps=number % 2 == 0)
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._threads.shutdown()

    def _send(self, *, keeps: bool) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)
        due = time.monotonic()
        while not self._ends.wait(max(due - time.monotonic(), 0)):
            due += CLIENTS / RATE
            try:
                connection.request("GET", "/api/orders/healthcheck")
                answer = connection.getresponse()
                said = answer.read()
                assert answer.status == 200, said
                self.answered += 1
            except (OSError, http.client.HTTPException, AssertionError) as error:
                self.failures.append(repr(error))
                connection.close()
            if not keeps:
                connection.close()
        connection.close()


def reload(server: Server) -> None:
    """Send SIGHUP, and wait until new processes have taken the place of all old ones."""
    before = {*server.children(), *server.background()}
    os.kill(server.process.pid, signal.SIGHUP)
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in before))
    wait_for(lambda: server.children() and server.background())


def test_a_reload_refuses_no_request_and_reads_the_settings_again(tmp_path: Path) -> None:
    settings = tmp_path / "settings"
    settings.write_text("ACCESS_LOG=0\n")
    with typed(tmp_path, WORKERS="1", ENV_FILE=str(settings)) as server:
        settings.write_text("MAX_CART_LINES=none\n")
        os.kill(server.process.pid, signal.SIGHUP)
        wait_for(lambda: "a new start would fail" in server.log.read_text("utf-8"))
        assert "MAX_CART_LINES" in server.log.read_text("utf-8")
        settings.write_text("ACCESS_LOG=1\n")
        with Load(server.port) as load:
            reload(server)
        assert load.failures == []
        assert load.answered > RATE * DRAINING
        assert server.is_well()
        assert "healthcheck" in server.log.read_text("utf-8")
        server.process.terminate()
        assert server.process.wait(timeout=PATIENCE) == 0


@pytest.mark.soak
def test_many_reloads_refuse_no_request(tmp_path: Path) -> None:
    with typed(tmp_path) as server:
        with Load(server.port) as load:
            for _ in range(20):
                reload(server)
        assert load.failures == []
        assert load.answered > RATE * 20
