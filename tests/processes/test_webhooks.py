"""From an order to a signed message at a real receiver, with real processes and kill -9."""

import json
import os
import signal
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.bad_orders import CHAIR
from tests.processes.commands import Command
from tests.processes.server import PATIENCE, Server, running
from tests.receiver import Receiver

# Receivers of tests listen on loopback; who sends is no matter of how many processes take orders.
HERE = {"WEBHOOK_PRIVATE_NETWORK": "1", "WORKERS": "1"}


class Shop:
    """A script with the private token of an org."""

    def __init__(self, server: Server) -> None:
        self.server = server
        org = server.command("org", "add", "Told")["id"]
        made = server.command("token", "add", "--org", org, "--name", "x", "--private")
        self.headers = {
            "Authorization": f"Bearer {made['token']}",
            "Content-Type": "application/json",
        }

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Post JSON; return the answer, which must be a good one."""
        request = urllib.request.Request(  # noqa: S310 - our own address
            f"{self.server.address}/api/{path}", json.dumps(body).encode(), self.headers
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310 - as above
            assert answer.status == 201
            result: dict[str, Any] = json.load(answer)
            return result

    def hook(self, address: str) -> str:
        """Make a webhook; return its secret."""
        body = {"topic": "order.created", "address": address}
        secret: str = self.post("webhooks", body)["webhook"]["secret"]
        return secret

    def order(self) -> dict[str, Any]:
        """Place an order."""
        return self.post("orders", {"cart": [{"configurationId": CHAIR, "count": 1}]})


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@contextmanager
def working(server: Server) -> Iterator[Command]:
    """Run the command that sends webhooks, on the server's database."""
    process = Command("work", environment=server.environment, log=server.log)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)


def test_an_order_by_json_becomes_a_signed_message(
    database_url: str, tmp_path: Path, receiver: Receiver
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    # Out of order at first: the second attempt is the scheduled one.
    receiver.answer_with([503, 204])
    with running(folder, database_url, **HERE) as server:
        shop = Shop(server)
        secret = shop.hook(receiver.address)
        order = shop.order()
        assert order.pop("warnings") == []  # only answers to requests have them
        first, second = receiver.wait_for(2)
    for got in (first, second):
        message = got.verified(secret)
        assert message["type"] == "order.created"
        assert message["data"] == order
        assert message["version"] == 1
        assert message["timestamp"] == order["createdAt"]
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert "Traceback" not in server.log.read_text("utf-8")
    assert secret not in server.log.read_text("utf-8")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_was_stored_before_a_kill_9_is_sent_after_the_next_start(
    database_url: str, tmp_path: Path, receiver: Receiver
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    # Nobody sends, and then everything dies: between the commit and the sending.
    with running(folder, database_url, SEND_WEBHOOKS="0", **HERE) as server:
        shop = Shop(server)
        secret = shop.hook(receiver.address)
        order = shop.order()
        children = server.children()
        os.kill(server.process.pid, signal.SIGKILL)
        os.killpg(children[0], signal.SIGKILL)
        server.process.wait(timeout=PATIENCE)
    assert receiver.received == []
    with running(folder, database_url, **HERE):
        [got] = receiver.wait_for(1)
    assert got.verified(secret)["data"]["id"] == order["id"]


def test_workers_of_their_own_send_each_message_once(
    database_url: str, tmp_path: Path, receiver: Receiver
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    with running(folder, database_url, SEND_WEBHOOKS="0", **HERE) as server:
        shop = Shop(server)
        shop.hook(receiver.address)
        with working(server) as one, working(server) as other:
            codes = {shop.order()["shortId"] for _ in range(20)}
            receiver.wait_for(20)
            wait_until(lambda: server.log.read_text("utf-8").count("sends webhooks") == 2)
            for process in (one, other):
                process.terminate()
            assert [process.wait(timeout=PATIENCE) for process in (one, other)] == [0, 0]
    got = [json.loads(request.body)["data"]["shortId"] for request in receiver.received]
    assert sorted(got) == sorted(codes)
    assert "Traceback" not in server.log.read_text("utf-8")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_stop_lets_the_running_attempt_finish(
    database_url: str, tmp_path: Path, receiver: Receiver
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    may_answer = threading.Event()
    receiver.before = lambda: may_answer.wait(PATIENCE)
    with running(folder, database_url, **HERE) as server:
        shop = Shop(server)
        shop.hook(receiver.address)
        shop.order()
        receiver.wait_for(1)
        server.process.terminate()
        wait_until(lambda: not server.children())
        assert server.process.poll() is None, "it waits for the receiver"
        may_answer.set()
        assert server.process.wait(timeout=PATIENCE) == 0
    # The outcome was noted: the next start sends nothing again.
    with running(folder, database_url, **HERE) as server:
        Shop(server).hook(receiver.address)
        server.wait_until_well()
        time.sleep(1.5)  # it has looked for due messages three times by then
    assert len(receiver.received) == 1
