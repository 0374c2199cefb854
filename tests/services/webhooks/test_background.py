"""The background finds due messages, sends them soon with all threads, and rests when idle."""

import dataclasses
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from sqlalchemy import event, update

from app import create_app
from orders.domain.inputs import Limits
from orders.interfaces.cli import worker
from orders.interfaces.cli.worker import GRACE, Background
from orders.services.accounts.access import Actor
from orders.services.imports import records, upload
from orders.services.imports.records import ImportState
from orders.services.orders import intake
from orders.services.webhooks import deliveries, webhooks
from orders.services.webhooks.deliveries import DeliveryState
from orders.services.webhooks.sender import MOST_AT_ONCE, POLL
from orders.settings import Settings
from orders.storage import database
from orders.storage.models.webhooks import WebhookDelivery
from orders.storage.pages import Paging
from tests.actors import Org
from tests.bad_orders import CHAIR
from tests.databases import settings_for
from tests.mail_server import mail_server
from tests.processes.commands import FORKS
from tests.receiver import Receiver
from tests.services.imports.steps import GOOD, started, stored, uploaded

pytestmark = pytest.mark.usefixtures("inside")
PATIENCE = 30.0  # seconds
SOON = 1.0  # seconds from an order to its message, on an idle machine


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@contextmanager
def running(app: Flask, settings: Settings, *, threads: int = 2) -> Iterator[Background]:
    there = Background(
        app, dataclasses.replace(settings, webhook_private_network=True, webhook_threads=threads)
    )
    there.start()
    try:
        yield there
    finally:
        there.stop()


def hook(org: Org, receiver: Receiver) -> str:
    raw = {"topic": "order.created", "address": receiver.address}
    made = webhooks.create(raw, actor=org.actor(), limits=Limits(), allow_private=True)
    return made.webhook.id


def place_order(actor: Actor, *, now: datetime | None = None) -> None:
    raw = {"cart": [{"configurationId": CHAIR, "count": 2}]}
    intake.create_order(intake.check_order(raw, actor=actor, limits=Limits()), actor=actor, now=now)


def states(webhook_id: str, org: Org) -> set[DeliveryState]:
    page = deliveries.list_deliveries(webhook_id, org.id, Paging())
    return {one.state for one in page.entries}


def test_what_was_due_before_the_start_is_sent(
    app: Flask, settings: Settings, org: Org, receiver: Receiver
) -> None:
    webhook_id = hook(org, receiver)
    place_order(org.actor())
    with running(app, settings):
        receiver.wait_for(1)
        wait_until(lambda: states(webhook_id, org) == {DeliveryState.DELIVERED})


def test_each_order_is_sent_soon(
    app: Flask, settings: Settings, org: Org, receiver: Receiver
) -> None:
    hook(org, receiver)
    with running(app, settings):
        taken = []
        for count in range(1, 6):
            place_order(org.actor())
            stored = time.monotonic()
            receiver.wait_for(count)
            taken.append(time.monotonic() - stored)
    assert sorted(taken)[2] < SOON


def place_elsewhere(url: str, folder: str, actor: Actor) -> None:
    """Place an order; runs in a process."""
    app = create_app(settings_for(url, Path(folder)))
    with app.app_context():
        place_order(actor)
        database.close()


def test_an_order_of_another_process_is_sent(
    app: Flask, settings: Settings, org: Org, receiver: Receiver, tmp_path: Path
) -> None:
    hook(org, receiver)
    actor = org.actor()
    with running(app, settings):
        process = FORKS.Process(
            target=place_elsewhere, args=(settings.database_url, str(tmp_path), actor)
        )
        process.start()
        receiver.wait_for(1)
        process.join(PATIENCE)
    assert process.exitcode == 0
    assert len(receiver.received) == 1


def test_a_later_attempt_comes_when_it_is_due(
    app: Flask, settings: Settings, org: Org, receiver: Receiver
) -> None:
    hook(org, receiver)
    due = datetime.now(UTC) + timedelta(seconds=2)
    place_order(org.actor(), now=due)
    with running(app, settings):
        receiver.wait_for(1)
        assert datetime.now(UTC) >= due


def test_several_threads_send_at_the_same_time(
    app: Flask, settings: Settings, org: Org, receiver: Receiver
) -> None:
    webhook_id = hook(org, receiver)
    together = threading.Barrier(MOST_AT_ONCE)
    receiver.before = lambda: together.wait(PATIENCE)
    for _ in range(MOST_AT_ONCE):
        place_order(org.actor())
    with running(app, settings, threads=MOST_AT_ONCE):
        wait_until(lambda: states(webhook_id, org) == {DeliveryState.DELIVERED})
    assert not together.broken
    assert len({one.headers["webhook-id"] for one in receiver.received}) == MOST_AT_ONCE


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_idle_background_writes_nothing_and_reads_little(app: Flask, settings: Settings) -> None:
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    file = settings.database_url.removeprefix("sqlite:///")
    with sqlite3.connect(file) as other:
        before = other.execute("PRAGMA data_version").fetchone()
        event.listen(database.db.engine, "before_cursor_execute", note)
        with running(app, settings, threads=8):
            time.sleep(4 * POLL)
        event.remove(database.db.engine, "before_cursor_execute", note)
        assert other.execute("PRAGMA data_version").fetchone() == before
    selects = [one for one in statements if one.startswith("SELECT")]
    # Twice in each POLL: for messages and for imports; and some at the start and the end.
    assert 2 <= len(selects) <= 2 * (4 + 2)
    assert {one.split()[0] for one in statements} <= {"SELECT", "BEGIN"}


def test_background_threads_let_those_of_requests_go_first(app: Flask, settings: Settings) -> None:
    def niceness(thread: int | None) -> int:
        return os.getpriority(os.PRIO_PROCESS, thread or 0)

    own = niceness(threading.get_native_id())
    with running(app, settings):
        theirs = [one.native_id for one in threading.enumerate() if one.name == "_send"]
        assert theirs
        wait_until(lambda: {niceness(one) for one in theirs} == {min(own + worker.NICE, 19)})


def test_an_idle_background_stops_at_once(app: Flask, settings: Settings) -> None:
    with running(app, settings, threads=8) as there:
        time.sleep(POLL)
        began = time.monotonic()
        there.stop()
        assert time.monotonic() - began < GRACE / 2
        assert not any(thread.is_alive() for thread in there.threads)


def test_a_stop_waits_for_a_running_attempt_and_begins_no_other(
    app: Flask, settings: Settings, org: Org, receiver: Receiver
) -> None:
    webhook_id = hook(org, receiver)
    may_answer = threading.Event()
    receiver.before = lambda: may_answer.wait(PATIENCE)
    for _ in range(3):
        place_order(org.actor())
    with running(app, settings, threads=1) as there:
        receiver.wait_for(1)
        there.ask_to_stop()
        threading.Timer(0.2, may_answer.set).start()
        there.stop()
        assert not any(thread.is_alive() for thread in there.threads)
    assert len(receiver.received) == 1
    assert states(webhook_id, org) == {DeliveryState.DELIVERED, DeliveryState.WAITING}


def test_a_message_of_a_process_that_died_is_sent_when_its_claim_has_ended(
    app: Flask, settings: Settings, org: Org, receiver: Receiver
) -> None:
    webhook_id = hook(org, receiver)
    place_order(org.actor())
    soon = datetime.now(UTC) + timedelta(seconds=1)
    with database.transaction() as connection:
        connection.execute(update(WebhookDelivery).values(claimed_until=soon, attempts=1))
    with running(app, settings):
        receiver.wait_for(1)
        assert datetime.now(UTC) >= soon
        wait_until(lambda: states(webhook_id, org) == {DeliveryState.DELIVERED})


def test_admins_get_mail_when_a_webhook_is_switched_off(
    app: Flask, settings: Settings, org: Org, receiver: Receiver
) -> None:
    admin = org.admin()
    assert org.staff().email != admin.email
    webhook_id = hook(org, receiver)
    receiver.answer_with([410])
    place_order(org.actor())
    with mail_server() as server:
        mailing = dataclasses.replace(
            settings,
            smtp_url=f"smtp://127.0.0.1:{server.port}?tls=off",
            mail_from="desk@shop.example",
            public_url="https://desk.example",
        )
        with running(app, mailing):
            wait_until(lambda: bool(server.received))
    assert server.receivers == [[admin.email]]
    [mail] = server.received
    assert "Workshop was turned off" in mail["Subject"]
    text = mail.get_content()
    assert receiver.address in text
    assert f"https://desk.example/settings/webhooks/{webhook_id}" in text


@pytest.mark.own_database(reason="it ends all connections to the database")
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_database_that_was_unavailable_is_polled_again(
    app: Flask, settings: Settings, org: Org, receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    monkeypatch.setattr(worker, "PAUSE", 0.1)
    hook(org, receiver)
    place_order(org.actor(), now=datetime.now(UTC) + timedelta(seconds=3))
    name = settings.database_url.rpartition("/")[2]
    server = settings.database_url.rpartition("/")[0] + "/postgres"
    with (
        psycopg.connect(server, autocommit=True) as other,
        caplog.at_level(logging.WARNING, logger="orders.interfaces.cli.worker"),
        running(app, settings),
    ):
        other.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
        )
        wait_until(lambda: "has to wait" in caplog.text)
        other.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        receiver.wait_for(1)


def test_an_import_is_checked_and_made(app: Flask, settings: Settings, org: Org) -> None:
    actor = org.staff().actor
    one = uploaded(org, GOOD)
    upload.match(one, upload.suggest(one, actor), actor=actor)
    with running(app, settings):
        wait_until(lambda: records.find(one.id, org.id).state == ImportState.CHECKED)
        started(records.find(one.id, org.id), org)
        wait_until(lambda: records.find(one.id, org.id).state == ImportState.DONE)
    assert stored(org) == [("Canteen", [1]), ("Reception", [2, 3]), ("Roof", [4])]
