"""Clients that poll along the times of changes miss nothing, however long a write waits."""

import fcntl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
from flask import Flask
from sqlalchemy import Table, select, update

from orders.domain.order import Order
from orders.services.orders.changes import change_order, check_changes
from orders.services.orders.intake import check_order, create_order
from orders.settings import Settings
from orders.storage import database, tables
from orders.storage.database import NewRows
from orders.storage.models.orgs import Org as OrgRow
from orders.storage.pages import SETTLED_AFTER, settled_until
from orders.storage.sqlite import group_commit
from tests.actors import Org

WAIT = 1.2  # seconds: longer than rows may wait, and than young entries are left out
ORG = cast(Table, OrgRow.__table__)


@contextmanager
def a_write_in_another_thread(app: Flask, org: Org) -> Iterator[None]:
    """Keep a transaction open that has written something."""
    has_written, may_end = threading.Event(), threading.Event()

    def run() -> None:
        with app.app_context(), database.transaction() as connection:
            connection.execute(update(ORG).where(ORG.c.id == org.id).values(name="changed"))
            has_written.set()
            may_end.wait(20)

    thread = threading.Thread(target=run)
    thread.start()
    assert has_written.wait(20)
    try:
        yield
    finally:
        may_end.set()
        thread.join()


@contextmanager
def another_process_writes(app: Flask) -> Iterator[None]:
    """Keep the lock for which the processes queue on SQLite, for WAIT seconds."""
    with app.app_context():
        lock_file = Path(f"{database.db.engine.url.database}.writer-lock")
    with lock_file.open("rb") as another:
        fcntl.flock(another, fcntl.LOCK_EX)
        timer = threading.Timer(WAIT, lambda: fcntl.flock(another, fcntl.LOCK_UN))
        timer.start()
        yield
        timer.join()


def test_what_a_running_write_may_store_is_not_settled(app: Flask, org: Org) -> None:
    with app.app_context():
        assert settled_until() >= datetime.now(UTC) - SETTLED_AFTER - timedelta(seconds=1)
    before = datetime.now(UTC)
    with a_write_in_another_thread(app, org):
        time.sleep(WAIT)
        with app.app_context():
            assert settled_until() <= before + timedelta(seconds=0.1) - SETTLED_AFTER / 2
    with app.app_context():
        assert database.writing_since() is None


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_order_that_waited_for_another_process_has_the_time_when_its_turn_came(
    app: Flask, org: Org, settings: Settings
) -> None:
    actor = org.actor()
    with app.app_context():
        draft = check_order({"status": "List"}, actor=actor, limits=settings.limits)
        create_order(draft, actor=actor)
        with another_process_writes(app):
            asked = datetime.now(UTC)
            waited = create_order(draft, actor=actor)
        assert waited.created_at > asked + timedelta(seconds=WAIT / 2)
        assert stored_times(waited) == [(waited.created_at, waited.updated_at)]
        assert len(stored_times(None)) == 2


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_changes_and_configurations_have_the_time_when_their_turn_came(
    app: Flask, org: Org, settings: Settings
) -> None:
    actor = org.actor()
    with app.app_context():
        draft = check_order({"status": "List"}, actor=actor, limits=settings.limits)
        order = create_order(draft, actor=actor)
        changes = check_changes({"name": "Later"}, actor=actor, limits=settings.limits)
        with another_process_writes(app):
            asked = datetime.now(UTC)
            changed = change_order(order.id, changes, actor=actor)
        assert changed.updated_at > asked + timedelta(seconds=WAIT / 2)
        with another_process_writes(app):
            asked = datetime.now(UTC)
            saved = org.save("Later", "LATER-1")
        column = tables.configuration.c
        at = database.fetch_value(
            select(column.updated_at).where(column.short_id == saved.short_id)
        )
        assert at > asked + timedelta(seconds=WAIT / 2)


def test_rows_that_waited_are_made_again_in_the_transaction(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[bool] = []

    def make_rows() -> NewRows:
        made.append(database.writing_since() is not None)
        return {ORG: [{"id": "x", "name": "x", "is_strict": False, "rules_version": 1,
                       "created_at": datetime.now(UTC)}]}  # fmt: skip

    for module in (group_commit, database):
        monkeypatch.setattr(module, "ROWS_WAIT", -1.0)
    with app.app_context():
        database.insert(make_rows)
        assert made == [False, True]
        assert len(database.fetch_all(select(ORG.c.id))) == 1


def stored_times(order: Order | None) -> list[tuple[datetime, datetime]]:
    column = tables.orders.c
    statement = select(column.created_at, column.updated_at)
    if order is not None:
        statement = statement.where(column.id == order.id)
    return [(row.created_at, row.updated_at) for row in database.fetch_all(statement)]
