"""SIGHUP exchanges all processes of the service, and no request notices."""

import http.client
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from orders.interfaces.cli.supervisor import DRAINING
from orders.interfaces.http.monitoring import IN_MEMORY
from orders.settings import PROJECT
from tests.postgres import free_port
from tests.processes.server import PATIENCE, children_of, die_with_parent, typed

RATE = 200  # requests a second
CLIENTS = 8


def wait_for(condition: Callable[[], object]) -> None:
    ends = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.02)


class Load:
    """Requests at RATE until the block ends: a half on new connections, a half on kept ones."""

    def __init__(self, port: int, path: str) -> None:
        self._port = port
        self._path = path
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
                connection.request("GET", self._path)
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


def reload(pid: int) -> None:
    """Send SIGHUP to a supervisor, and wait until others have taken the place of its children."""
    before = set(children_of(pid))
    os.kill(pid, signal.SIGHUP)
    wait_for(lambda: before.isdisjoint(children_of(pid)) and children_of(pid))


def test_a_reload_refuses_no_request(tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "log"
    environment = {**os.environ, "DATA_DIR": str(tmp_path), "PORT": str(port), "WORKERS": "1"}
    with log.open("wb") as stream:
        service = subprocess.Popen(
            [sys.executable, "-m", "tests.processes.small_service"], cwd=PROJECT, env=environment,
            stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, preexec_fn=die_with_parent,  # noqa: PLW1509 - no locks are held here
        )  # fmt: skip
    try:
        wait_for(lambda: answers(port))
        children = children_of(service.pid)
        (tmp_path / "broken").touch()
        service.send_signal(signal.SIGHUP)
        wait_for(lambda: "a new start would fail" in log.read_text("utf-8"))
        assert children_of(service.pid) == children
        (tmp_path / "broken").unlink()
        with Load(port, "/") as load:
            reload(service.pid)
        assert load.failures == []
        assert load.answered > RATE * DRAINING
        assert answers(port)
    finally:
        service.terminate()
    assert service.wait(timeout=PATIENCE) == 0


def answers(port: int) -> bool:
    """Return whether something is served at the port."""
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).close()
    except OSError:
        return False
    return True


@pytest.mark.soak
def test_many_reloads_of_the_product_refuse_no_request(tmp_path: Path) -> None:
    settings = tmp_path / "settings"
    settings.write_text("ACCESS_LOG=0\n")
    with typed(tmp_path, ENV_FILE=str(settings), METRICS_TOKEN="0123456789abcdef") as server:
        settings.write_text("MAX_CART_LINES=none\n")
        os.kill(server.process.pid, signal.SIGHUP)
        wait_for(lambda: "a new start would fail" in server.log.read_text("utf-8"))
        assert "MAX_CART_LINES" in server.log.read_text("utf-8")
        settings.write_text("ACCESS_LOG=1\nWORKERS=1\n")
        with Load(server.port, "/api/orders/healthcheck") as load:
            for _ in range(5):
                reload(server.process.pid)
        assert load.failures == []
        assert load.answered > RATE * DRAINING * 5
        assert "2 workers go on" in server.log.read_text("utf-8")
        assert '"GET /api/orders/healthcheck" 200' in server.log.read_text("utf-8")
        assert server.is_well()
        folders = set(IN_MEMORY.glob("shortorder-metrics-*"))
        server.process.terminate()
        assert server.process.wait(timeout=PATIENCE) == 0
        assert len(folders - set(IN_MEMORY.glob("shortorder-metrics-*"))) == 1
