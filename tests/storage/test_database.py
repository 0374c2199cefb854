"""Writing durably and in groups, reading one state, and the same values on both databases."""

import fcntl
import sqlite3
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import cast

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import Connection, Table, event, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.schema import SchemaItem

from orders.domain.errors import ServiceBusy
from orders.storage import database
from orders.storage.database import CompiledSelect, NewRows
from orders.storage.models.base import Base
from orders.storage.models.orgs import Org as OrgRow
from orders.storage.models.orgs import Token
from orders.storage.sqlite import group_commit
from orders.storage.tables import insert_missing, insert_new, upsert
from tests.actors import Org
from tests.bad_orders import CHAIR

ORG, TOKEN = cast(Table, OrgRow.__table__), cast(Table, Token.__table__)
NOW = datetime(2026, 11, 24, 9, 30, 0, 123_456, tzinfo=UTC)


def add(connection: Connection, name: str) -> str:
    connection.execute(insert(OrgRow), {"id": name, "name": name, "created_at": NOW})
    return name


def org_row(name: str) -> dict[str, object]:
    return {"id": name, "name": name, "is_strict": False, "rules_version": 1, "created_at": NOW}


def names() -> list[str]:
    with database.read() as connection:
        return list(connection.execute(select(OrgRow.id).order_by(OrgRow.id)).scalars())


@pytest.mark.own_database(reason="those that tests share do not wait for the disk")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_sqlite_is_durable(app: Flask) -> None:
    with app.app_context(), database.read() as connection:
        found = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert found == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 10_000,
    }


# SQLite does not tell of what expression an index is, so such indexes are not compared there.
@pytest.mark.filterwarnings("ignore:.*expression-based index")
def test_models_and_migrations_agree(app: Flask) -> None:
    with app.app_context(), database.db.engine.connect() as connection:
        here = connection.dialect.name

        def is_of_here(thing: SchemaItem, name: str | None, *_about: object) -> bool:
            is_index_of_search = (name or "").startswith("order_trigram")  # it is no model
            return bool(thing.info.get("dialect", here) == here) and not is_index_of_search

        options = {"compare_type": True, "include_object": is_of_here}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) == []


def write_by_function(name: str) -> None:
    database.write(lambda connection: add(connection, name))


def write_by_rows(name: str) -> None:
    database.insert(lambda: {ORG: [org_row(name)]})


@pytest.mark.parametrize("write", [write_by_function, write_by_rows])
def test_many_threads_write_together_and_a_bad_one_fails_alone(
    app: Flask, write: Callable[[str], None]
) -> None:
    failures: list[Exception] = []

    def run(number: int) -> None:
        # Every fifth takes a name that is there already.
        name = "taken" if number % 5 == 0 else f"org {number:02}"
        with app.app_context():
            try:
                write(name)
            except IntegrityError as error:
                failures.append(error)

    with app.app_context():
        assert database.write(lambda connection: add(connection, "taken")) == "taken"
    threads = [threading.Thread(target=run, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with app.app_context():
        assert len(failures) == 8
        assert names() == sorted(["taken", *(f"org {n:02}" for n in range(40) if n % 5)])


def test_rows_of_several_tables_are_inserted_all_or_none(app: Flask) -> None:
    def rows(first: int, owner: str) -> NewRows:
        orgs = [org_row(f"{n:03}") for n in range(first, first + 150)]
        token = {
            "id": owner, "org_id": owner, "name": "x", "is_private": True, "secret_hash": owner,
            "domains": [], "created_at": NOW,
        }  # fmt: skip
        return {ORG: orgs, TOKEN: [token]}

    with app.app_context():
        database.insert(lambda: rows(0, "149"))
        assert names() == [f"{n:03}" for n in range(150)]
        with pytest.raises(IntegrityError):
            database.insert(lambda: rows(200, "nobody"))
        with pytest.raises(IntegrityError):
            database.insert(lambda: rows(149, "149"))
        assert names() == [f"{n:03}" for n in range(150)]


def test_insert_new_returns_whether_the_row_was_inserted(app: Flask) -> None:
    def put(name: str) -> bool:
        return database.write(lambda connection: insert_new(connection, ORG, org_row(name)))

    with app.app_context():
        assert [put(name) for name in ("one", "two", "one")] == [True, True, False]
        assert names() == ["one", "two"]


def test_insert_missing_leaves_rows_whose_key_is_taken(app: Flask) -> None:
    with app.app_context(), database.transaction() as connection:
        add(connection, "a")
        insert_missing(connection, ORG, [org_row("a") | {"name": "other"}, org_row("b")])
        stored = connection.execute(select(OrgRow.id, OrgRow.name).order_by(OrgRow.id)).all()
    assert [tuple(row) for row in stored] == [("a", "a"), ("b", "b")]


def test_upsert_inserts_a_row_or_changes_the_one_with_its_key(app: Flask) -> None:
    key = {"id": "a"}
    new = {"is_strict": False, "rules_version": 1, "created_at": NOW}
    statement = select(OrgRow.name, OrgRow.rules_version)
    with app.app_context():
        for name in ("first", "second"):
            with database.transaction() as connection:
                upsert(connection, ORG, key, {"name": name}, new)
            database.execute(update(OrgRow).values(rules_version=7))
            assert tuple(database.fetch_one(statement) or ()) == (name, 7)
        assert names() == ["a"]


def test_single_statements_need_no_connection(app: Flask) -> None:
    with app.app_context():
        assert database.fetch_all(select(OrgRow.id)) == []
        assert database.fetch_one(select(OrgRow.id)) is None
        assert database.fetch_value(select(OrgRow.id)) is None
        for name in ("a", "b"):
            database.execute(insert(OrgRow).values(org_row(name)))
        assert database.fetch_value(select(func.count()).select_from(OrgRow)) == 2
        assert database.execute(update(OrgRow).values(name="c")) == 2
        assert {row.name for row in database.fetch_all(select(OrgRow.name))} == {"c"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_write_that_waits_too_long_is_refused_and_the_next_ones_are_served(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "PATIENCE", 0.2)
    results: list[str] = []

    def run(name: str) -> None:
        with app.app_context():
            try:
                results.append(database.write(lambda connection: add(connection, name)))
            except ServiceBusy:
                results.append(f"not {name}")

    with app.app_context():
        database.write(lambda connection: add(connection, "before"))
        lock_file = f"{database.db.engine.url.database}.writer-lock"
    with Path(lock_file).open("rb") as another_process:
        fcntl.flock(another_process, fcntl.LOCK_EX)
        leader = threading.Thread(target=run, args=("leader",))
        leader.start()
        while not app_is_writing(app):
            time.sleep(0.01)
        run("follower")
        assert results == ["not follower"]
    leader.join()
    run("later")
    assert results == ["not follower", "leader", "later"]
    with app.app_context():
        assert names() == ["before", "later", "leader"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_nothing_is_acknowledged_even_when_the_cleanup_fails_too(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    results: list[str] = []

    def fail(*_: object) -> None:
        raise OSError("the disk is gone")

    def fail_again(*_: object) -> None:
        raise MemoryError

    def run(name: str) -> None:
        with app.app_context():
            try:
                database.insert(lambda: {ORG: [org_row(name)]})
                results.append(name)
            except (ServiceBusy, MemoryError):
                results.append("not written")

    with app.app_context():
        database.write(lambda connection: add(connection, "before"))
    with monkeypatch.context() as broken:
        broken.setattr(group_commit, "_commit", fail)
        broken.setattr(group_commit, "_discard", fail_again)
        threads = [threading.Thread(target=run, args=(f"{n}",)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    run("after")
    assert results == ["not written"] * 8 + ["after"]
    with app.app_context():
        assert names() == ["after", "before"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_value_that_the_driver_cannot_take_fails_alone(app: Flask) -> None:
    with app.app_context():
        with pytest.raises(UnicodeEncodeError):
            database.insert(lambda: {ORG: [org_row("\ud800")]})
        database.insert(lambda: {ORG: [org_row("fine")]})
        assert names() == ["fine"]


def app_is_writing(app: Flask) -> bool:
    with app.app_context():
        return bool(database._writer_of(database._engine())._has_leader)


def test_a_function_that_fails_late_leaves_nothing(app: Flask) -> None:
    def function(connection: Connection) -> None:
        add(connection, "half")
        raise LookupError("changed its mind")

    with app.app_context():
        with pytest.raises(LookupError):
            database.write(function)
        assert names() == []


def test_a_reader_sees_one_state_and_does_not_wait_for_a_writer(app: Flask) -> None:
    count = select(func.count()).select_from(OrgRow)
    with app.app_context():
        database.write(lambda connection: add(connection, "first"))
        with database.read() as connection:
            before = connection.execute(count).scalar_one()
            database.write(lambda connection: add(connection, "second"))
            during = connection.execute(count).scalar_one()
        assert before == during == 1
        assert [row[0] for row in database.rows(CompiledSelect(count), {})] == [2]


def test_times_are_utc_with_milliseconds(app: Flask) -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=9)))
    row = {"id": "x", "name": "x", "created_at": elsewhere}
    with app.app_context():
        database.write(lambda connection: connection.execute(insert(OrgRow), row).rowcount)
        [found] = database.rows(CompiledSelect(select(OrgRow.created_at)), {})
        assert found[0] == NOW.replace(microsecond=123_000)
        assert found[0].utcoffset() == timedelta(0)
        naive = {**row, "id": "y", "created_at": NOW.replace(tzinfo=None)}
        with pytest.raises(StatementError, match="time zone"):
            database.write(lambda connection: connection.execute(insert(OrgRow), naive).rowcount)


@pytest.mark.own_database(reason="it ends all connections to the database")
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_lost_connection_is_replaced_and_the_function_runs_again(app: Flask) -> None:
    end_others = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    runs: list[str] = []

    def function(connection: Connection) -> str:
        runs.append("run")
        if len(runs) == 1:
            with database.db.engine.connect() as other:
                other.execute(end_others)
        return add(connection, "survivor")

    with app.app_context():
        assert database.write(function) == "survivor"
        assert names() == ["survivor"]
        assert len(runs) == 2


@pytest.mark.own_database(reason="its connections have no room to write")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_full_disk_is_reported_as_busy_and_reads_go_on(org: Org) -> None:
    client = org.app.test_client()
    headers = {"Authorization": f"Bearer {org.private.secret}"}
    order = {"cart": [{"configurationId": CHAIR, "count": 1}]}
    made = client.post("/api/orders", json=order, headers=headers)
    assert made.status_code == 201
    assert made.json is not None
    with org.app.app_context():
        engine = database.db.engine
        database.close()

        # The next connections may not make the file any larger: what a full disk means to SQLite.
        def no_room(connection: sqlite3.Connection, _record: object) -> None:
            connection.execute("PRAGMA max_page_count = 1")

        event.listen(engine, "connect", no_room)
    huge = {**order, "metadata": {"note": "x" * 60_000}}
    answers = [client.post("/api/orders", json=huge, headers=headers) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [503] * 3
    assert answers[0].headers["Retry-After"] == "1"
    assert client.get(made.headers["Location"], headers=headers).json == made.json
