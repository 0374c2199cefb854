"""How fast a backlog of webhook messages drains, and what it costs those who place orders.

Run by `python -m benchmarks.webhooks`. Creates are measured in turn, in one run, beside a process
that does all of the background work, and beside one that does all of it but send; both among
delivered messages that are still kept, and every create adds a message.
Exit code 1 when a promise was missed.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ctypes import c_longlong
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import cast

from flask import Flask
from sqlalchemy import insert

from app import create_app
from benchmarks import load
from benchmarks.load import Result
from benchmarks.product import BIN, SCRATCH, Product, product
from orders.domain.inputs import Limits
from orders.domain.order import order_fields
from orders.interfaces.cli.worker import Background
from orders.services.accounts import access
from orders.services.orders import intake
from orders.services.webhooks import webhooks
from orders.settings import PROJECT, read_settings
from orders.storage import database
from orders.storage.tables import webhook_delivery

DRAIN_RATE = 300.0  # messages a second
CREATES_KEPT = 0.9  # of the rate beside a process that does not send
AT_ONCE = 2000  # rows that are written in one transaction
PATIENCE = 60.0  # seconds


class Receiver(asyncio.Protocol):
    """Accepts every message at once, over kept-alive connections, and counts them."""

    def __init__(self, received: c_longlong) -> None:
        self._received, self._buffer = received, b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, body = self._buffer.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        if not end or len(body) < int(length):
            return
        self._buffer = body[int(length) :]
        self._received.value += 1
        assert self._transport is not None  # noqa: S101 - for the type checker
        self._transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")


def receive(ready: Connection, received: c_longlong) -> None:
    """Receive on a free port, which is sent to `ready`; never returns."""

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Receiver(received), "127.0.0.1", 0)
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(serve())


@contextmanager
def receiver() -> Iterator[tuple[str, c_longlong]]:
    """Run the receiver in a process of its own; yield its address and its counter."""
    context = get_context("spawn")
    received = context.RawValue(c_longlong, 0)
    ours, theirs = context.Pipe()
    process = context.Process(target=receive, args=(theirs, received), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}/hook", received
    finally:
        process.terminate()
        process.join()


def write_messages(app: Flask, secret: str, address: str, *, kept: int, waiting: int) -> None:
    """Create a webhook with delivered messages and a backlog, all of one order."""
    with app.app_context():
        actor = access.authenticate(secret, origin=None)
        raw = {"topic": "order.created", "address": address}
        made = webhooks.create(raw, actor=actor, limits=Limits(), allow_private=True)
        draft = intake.check_order(
            {"status": "List", "metadata": {"finish": "matt", "note": "n" * 800}},
            actor=actor, limits=Limits(),
        )  # fmt: skip
        order = intake.create_order(draft, actor=actor)
        now = datetime.now(UTC)
        row = {
            "webhook_id": made.webhook.id, "order_id": order.id, "topic": "order.created",
            "payload": json.dumps({"type": "order.created", "data": order_fields(order)}),
        }  # fmt: skip
        old = {**row, "created_at": now - timedelta(days=1), "attempts": 1, "last_status": 204,
               "delivered_at": now - timedelta(days=1), "next_attempt_at": None}  # fmt: skip
        due = {**row, "created_at": now, "attempts": 0, "last_status": None, "delivered_at": None,
               "next_attempt_at": now}  # fmt: skip
        for kind, count in ((old, kept), (due, waiting)):
            for begin in range(0, count, AT_ONCE):
                rows = [
                    {**kind, "id": str(uuid.uuid4())} for _ in range(min(AT_ONCE, count - begin))
                ]
                with database.transaction() as connection:
                    connection.execute(insert(webhook_delivery), rows)
        database.close()


@contextmanager
def sending(environment: dict[str, str], received: c_longlong) -> Iterator[Product]:
    """Send from a process of its own; begin when the first messages have arrived."""
    before = received.value
    process = subprocess.Popen(
        [str(BIN / "flask"), "--app", "app", "work"], cwd=PROJECT, env=environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + PATIENCE
        while received.value < before + 200:
            if time.monotonic() > deadline:
                raise TimeoutError("nothing arrives")
            time.sleep(0.05)
        yield Product(0, "", process.pid)
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)


def work_without_sending(ready: Connection, environment: dict[str, str]) -> None:
    """Do the background work but for messages, and say so to `ready`; return when it closes."""
    settings = read_settings(environment)
    app = create_app(settings)
    with app.app_context():
        background = Background(app, settings)
        background.threads = [one for one in background.threads if one.name != "_send"]
        background.start()
        ready.send(None)
        with suppress(EOFError):
            ready.recv()
        background.stop()


@contextmanager
def not_sending(environment: dict[str, str]) -> Iterator[None]:
    """Do the background work but for messages in a process of its own."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=work_without_sending, args=(theirs, environment), daemon=True)
    process.start()
    theirs.close()
    ours.recv()
    try:
        yield
    finally:
        ours.close()
        process.join(PATIENCE)


def create(server: Product, count: int) -> Result:
    """Place orders over 16 connections."""
    return load.run(server.port, server.creates(count, "order"), expected=201)


def measure(server: Product, environment: dict[str, str], received: c_longlong,
            *, rounds: int, requests: int, seconds: float) -> bool:  # fmt: skip
    """Measure in turn, print the figures, and return whether every promise was kept."""
    alone, beside, drained = [], [], []
    create(server, requests)  # does not count
    for _ in range(rounds):
        with not_sending(environment):
            alone.append(create(server, requests))
        with sending(environment, received):
            before, began = received.value, time.monotonic()
            beside.append(create(server, requests))
            drained.append((received.value - before) / (time.monotonic() - began))
    with sending(environment, received) as sender:
        before, began, busy = received.value, time.monotonic(), sender.processor_seconds()
        time.sleep(seconds)
        sent = received.value - before
        idle = sent / (time.monotonic() - began)
        cost = (sender.processor_seconds() - busy) / sent * 1_000_000
    busy = server.processor_seconds()
    create(server, requests)
    create_cost = (server.processor_seconds() - busy) / requests * 1_000_000
    without, with_sender = (statistics.median(run.rate for run in runs) for runs in (alone, beside))
    ratio, drain = with_sender / without, statistics.median(drained)
    errors = sum(len(run.errors) for run in (*alone, *beside))
    tail = [Result(1.0, [one for run in runs for one in run.latencies]) for runs in (alone, beside)]
    for name, rate, all_of in zip(("without", "beside"), (without, with_sender), tail, strict=True):
        p99 = all_of.percentile(0.99) * 1000
        print(f"creates {name + ' a sender':32}{rate:9,.0f}/s  p99 {p99:6.1f} ms")
    rounds_of = zip(alone, beside, drained, strict=True)
    print(
        "each round: creates kept, messages a second   ",
        ", ".join(f"{two.rate / one.rate:.2f} {sent:.0f}" for one, two, sent in rounds_of),
    )
    print(f"processor's time: {cost:.0f} µs a message, {create_cost:.0f} µs a create")
    print(f"{errors} errors")
    kept = [
        promise("creates kept", ratio, CREATES_KEPT),
        promise("messages a second beside creates", drain, DRAIN_RATE),
        promise("messages a second, nothing beside", idle, DRAIN_RATE),
    ]
    return all(kept) and not errors


def promise(what: str, value: float, least: float) -> bool:
    """Print a figure beside what is promised; return whether the promise was kept."""
    is_kept = value >= least
    print(f"{what:40}{value:10.2f}  at least {least}: {'kept' if is_kept else 'MISSED'}")
    return is_kept


def main() -> int:
    """Read the options; exit code 1 when a promise was missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.webhooks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="alternating rounds (5)")
    parser.add_argument("--requests", type=int, default=4000, help="creates in a round (4000)")
    parser.add_argument("--kept", type=int, default=242_000, help="delivered messages (242,000)")
    parser.add_argument("--backlog", type=int, default=100_000, help="due messages (100,000)")
    parser.add_argument("--seconds", type=float, default=10.0, help="of sending alone (10)")
    parser.add_argument("--database", default="", help="a PostgreSQL URL in place of SQLite")
    given = parser.parse_args()
    SCRATCH.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=SCRATCH) as name, receiver() as (address, received):
        folder = Path(name)
        url = given.database or f"sqlite:///{folder / 'shortorder.sqlite3'}"
        settings = {"SEND_WEBHOOKS": "0", "WEBHOOK_PRIVATE_NETWORK": "1"}
        with product(folder, url, **settings) as server:
            environment = {**os.environ, **settings, "DATA_DIR": str(folder), "DATABASE_URL": url}
            # The server's settings, for its key: the sender decrypts the webhook's secret.
            app = create_app(read_settings(environment))
            write_messages(app, server.secret, address, kept=given.kept, waiting=given.backlog)
            is_kept = measure(server, environment, received, rounds=given.rounds,
                              requests=given.requests, seconds=given.seconds)  # fmt: skip
    return 0 if is_kept else 1


if __name__ == "__main__":
    sys.exit(main())
