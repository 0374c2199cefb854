"""`database.transaction()`: one block, once, durable and fair to the other ways to write."""

import fcntl
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import psycopg
import pytest
from flask import Flask
from sqlalchemy import Connection, Table, event, insert, select, update
from sqlalchemy.exc import IntegrityError

from app import create_app
from orders.domain.errors import NotFound, ServiceBusy
from orders.storage import database
from orders.storage.models.orgs import Org as OrgRow
from orders.storage.sqlite import group_commit
from tests.databases import settings_for
from tests.processes.commands import FORKS

ORG = cast(Table, OrgRow.__table__)
NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
PATIENCE = 60.0  # seconds


@pytest.fixture(autouse=True)
def inside(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


def add(connection: Connection, name: str) -> None:
    connection.execute(insert(OrgRow), {"id": name, "name": name, "created_at": NOW})


def put(*names: str, then: Callable[[], object] = lambda: None) -> None:
    with database.transaction() as connection:
        for name in names:
            add(connection, name)
        then()


def names() -> list[str]:
    with database.read() as connection:
        return list(connection.execute(select(OrgRow.id).order_by(OrgRow.id)).scalars())


def stored_by_another_program(url: str) -> list[str]:
    """Read what is committed, with the driver alone."""
    if url.startswith("sqlite:"):
        with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
            return [row[0] for row in connection.execute("SELECT id FROM org ORDER BY id")]
    with psycopg.connect(url) as server:
        return [row[0] for row in server.execute("SELECT id FROM org ORDER BY id")]


def test_what_the_block_wrote_is_committed_when_it_ends(database_url: str) -> None:
    with database.transaction() as connection:
        add(connection, "one")
        assert stored_by_another_program(database_url) == []
    assert stored_by_another_program(database_url) == ["one"]


def test_a_return_out_of_the_block_commits(database_url: str) -> None:
    def put() -> str:
        with database.transaction() as connection:
            add(connection, "one")
            return "done"

    assert put() == "done"
    assert stored_by_another_program(database_url) == ["one"]


@pytest.mark.parametrize("error", [NotFound, LookupError, KeyboardInterrupt])
def test_an_exception_rolls_back_and_the_next_block_is_served(error: type[BaseException]) -> None:
    def fail() -> None:
        raise error("changed its mind")

    with pytest.raises(error):
        put("half", then=fail)
    put("whole")
    assert names() == ["whole"]


def test_a_taken_key_is_raised_and_the_next_block_is_served() -> None:
    put("taken")
    with pytest.raises(IntegrityError):
        put("half", "taken")
    put("after")
    assert names() == ["after", "taken"]


def nested_transaction() -> None:
    put("inner")


def nested_write() -> None:
    database.write(lambda connection: add(connection, "inner"))


def nested_insert() -> None:
    row = {"id": "inner", "name": "x", "is_strict": False, "rules_version": 1, "created_at": NOW}
    database.insert(lambda: {ORG: [row]})


@pytest.mark.parametrize("inner", [nested_transaction, nested_write, nested_insert])
def test_a_write_inside_another_is_refused_at_once(inner: Callable[[], None]) -> None:
    began = time.monotonic()
    with pytest.raises(RuntimeError, match="inside another"):
        put("outer", then=inner)
    with pytest.raises(RuntimeError, match="inside another"):
        database.write(lambda _connection: inner())
    assert time.monotonic() - began < group_commit.PATIENCE / 2
    assert names() == []
    inner()
    assert names() == ["inner"]


def test_all_ways_to_write_share_the_queue(app: Flask) -> None:
    taken: list[str] = []

    def write_one(number: int) -> None:
        name = "taken" if number % 10 == 0 else f"{number:02}"
        row = {"id": name, "name": "x", "is_strict": False, "rules_version": 1, "created_at": NOW}
        with app.app_context():
            try:
                if number % 3 == 0:
                    put(name)
                elif number % 3 == 1:
                    database.write(lambda connection: add(connection, name))
                else:
                    database.insert(lambda: {ORG: [row]})
            except IntegrityError:
                taken.append(name)

    put("taken")
    threads = [threading.Thread(target=write_one, args=(number,)) for number in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert taken == ["taken"] * 6
    assert names() == [*(f"{number:02}" for number in range(60) if number % 10), "taken"]


def count_up(url: str, folder: str, times: int) -> None:
    """Raise a number in many transactions, each of which reads it first; runs in a process."""
    app = create_app(settings_for(url, Path(folder)))

    def run() -> None:
        with app.app_context():
            for _ in range(times):
                with database.transaction() as connection:
                    of_one = select(OrgRow.rules_version).where(OrgRow.id == "one")
                    found = connection.execute(of_one.with_for_update()).scalar_one()
                    connection.execute(update(OrgRow).values(rules_version=found + 1))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with app.app_context():
        database.close()


def test_two_processes_lose_no_write_of_each_other(database_url: str, tmp_path: Path) -> None:
    put("one")
    processes = [
        FORKS.Process(target=count_up, args=(database_url, str(tmp_path), 25)) for _ in range(2)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(PATIENCE)
    assert [process.exitcode for process in processes] == [0, 0]
    with database.read() as connection:
        assert connection.execute(select(OrgRow.rules_version)).scalar_one() == 1 + 2 * 2 * 25


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_block_that_waits_too_long_is_refused_and_the_next_one_is_served(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "PATIENCE", 0.2)

    def lead() -> None:
        with app.app_context():
            put("leader")

    put("before")
    lock_file = f"{database.db.engine.url.database}.writer-lock"
    with Path(lock_file).open("rb") as another_process:
        fcntl.flock(another_process, fcntl.LOCK_EX)
        leader = threading.Thread(target=lead)
        leader.start()
        while not database._writer_of(database._engine())._has_leader:
            time.sleep(0.01)
        with pytest.raises(ServiceBusy):
            put("too late")
    leader.join()
    put("later")
    assert names() == ["before", "later", "leader"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_without_the_lock_file_nothing_is_written(tmp_path: Path) -> None:
    lock_file = Path(f"{database.db.engine.url.database}.writer-lock")
    lock_file.unlink(missing_ok=True)
    lock_file.mkdir()
    with pytest.raises(ServiceBusy):
        put("one")
    lock_file.rmdir()
    put("two")
    assert names() == ["two"]


@pytest.mark.own_database(reason="its connections have no room to write")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_full_disk_is_reported_as_busy() -> None:
    engine = database.db.engine
    database.close()

    # The next connections may not make the file any larger: what a full disk means to SQLite.
    def no_room(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA max_page_count = 1")

    event.listen(engine, "connect", no_room)
    for _ in range(2):
        with pytest.raises(ServiceBusy):
            put(*(f"{number:03} {'x' * 10_000}" for number in range(300)))  # more than free pages
    event.remove(engine, "connect", no_room)
    database.close()
    put("after")
    assert names() == ["after"]


END_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


@pytest.mark.own_database(reason="it ends all connections to the database")
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_connection_that_was_lost_before_is_replaced(database_url: str) -> None:
    assert names() == []  # leaves a connection in the pool
    with psycopg.connect(database_url, autocommit=True) as other:
        other.execute(END_OTHERS)
    put("after")
    assert names() == ["after"]


@pytest.mark.own_database(reason="it ends all connections to the database")
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_connection_that_is_lost_in_the_block_is_reported_as_busy(database_url: str) -> None:
    def lose() -> None:
        with psycopg.connect(database_url, autocommit=True) as other:
            other.execute(END_OTHERS)

    with pytest.raises(ServiceBusy):
        put("half", then=lose)
    put("after")
    assert names() == ["after"]
