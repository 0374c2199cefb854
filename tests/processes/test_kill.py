"""No acknowledged order is lost when the server is killed, and the service recovers by itself."""

import http.client
import json
import os
import random
import signal
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from app import create_app
from orders.settings import Settings
from orders.storage import database, tables
from tests.processes.server import Server, running

FEW_KILLS, MANY_KILLS = 3, 30  # each kind of kill once
CONNECTIONS = 8
LOAD_BETWEEN_KILLS = 0.25  # seconds
LINES = [{"configurationId": "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11", "count": n} for n in (1, 2, 3)]


class Client(threading.Thread):
    """Creates orders one after the other and remembers which the server has acknowledged."""

    def __init__(self, server: Server, secret: str, number: int) -> None:
        super().__init__(daemon=True)
        self.server, self.secret, self.number = server, secret, number
        self.acknowledged: list[tuple[str, str]] = []
        self.refused: list[str] = []
        self.stopping = threading.Event()

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=10)
        at = 0
        while not self.stopping.is_set():
            at += 1
            name = f"{self.number}-{at}"
            body = json.dumps({"name": name, "metadata": {"mark": name}, "cart": LINES})
            headers = {"Authorization": f"Bearer {self.secret}", "Content-Type": "application/json"}
            try:
                connection.request("POST", "/api/orders", body, headers)
                answer = connection.getresponse()
                text = answer.read()
                if answer.status == 201:
                    self.acknowledged.append((json.loads(text)["shortId"], name))
                elif answer.status != 503:
                    self.refused.append(f"{answer.status} {text[:200]!r}")
            except (OSError, http.client.HTTPException, ValueError):
                connection.close()  # the next request opens it again
                time.sleep(0.02)
        connection.close()


def kill(server: Server, turn: int, chance: random.Random) -> None:
    """Kill granian with all its workers, granian alone, or one worker."""
    children = server.children()
    while len(children) < 2:  # the supervisor is just starting it again
        time.sleep(0.05)
        children = server.children()
    granian, workers = children[0], children[1:]
    if turn % 3 == 0:
        os.killpg(granian, signal.SIGKILL)
    else:
        target = granian if turn % 3 == 1 or not workers else chance.choice(workers)
        os.kill(target, signal.SIGKILL)


def stored(app: Flask) -> tuple[dict[str, str], Counter[str], Counter[str]]:
    """Read every order's name by its code, and how many lines and history rows each has."""
    orders = tables.orders
    with app.app_context(), database.read() as connection:
        rows = connection.execute(select(orders.c.short_id, orders.c.id, orders.c.metadata)).all()
        codes = {row.id: row.short_id for row in rows}
        lines = connection.execute(select(tables.cart_line.c.order_id)).scalars()
        history = connection.execute(select(tables.order_history.c.order_id)).scalars()
        return (
            {row.short_id: row.metadata["mark"] for row in rows},
            Counter(codes[order] for order in lines),
            Counter(codes[order] for order in history),
        )


@pytest.mark.parametrize("kills", [FEW_KILLS, pytest.param(MANY_KILLS, marks=pytest.mark.soak)])
def test_kill_9_again_and_again_under_load(database_url: str, tmp_path: Path, kills: int) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    chance = random.Random(9)  # noqa: S311 - which worker is hit need not be a secret
    with running(folder, database_url) as server:
        org = server.command("org", "add", "Killed")["id"]
        secret = server.command("token", "add", "--org", org, "--name", "x", "--private")["token"]
        clients = [Client(server, secret, number) for number in range(CONNECTIONS)]
        for client in clients:
            client.start()
        for turn in range(kills):
            time.sleep(LOAD_BETWEEN_KILLS)
            kill(server, turn, chance)
            server.wait_until_well()
        for client in clients:
            client.stopping.set()
        for client in clients:
            client.join(timeout=30)
        assert not any(client.is_alive() for client in clients)
    acknowledged = [pair for client in clients for pair in client.acknowledged]
    assert [fault for client in clients for fault in client.refused] == []
    assert len(acknowledged) > kills * CONNECTIONS
    app = create_app(Settings(data_dir=folder, database_url=database_url, secret_key="x" * 32))
    names, lines, history = stored(app)
    with app.app_context():
        database.close()
    assert len({code for code, _ in acknowledged}) == len(acknowledged)
    assert {code: names.get(code) for code, _ in acknowledged} == dict(acknowledged)
    assert max(Counter(names.values()).values()) == 1
    assert set(lines.values()) == {3}
    assert set(history.values()) == {1}
    assert lines.keys() == history.keys() == names.keys()
