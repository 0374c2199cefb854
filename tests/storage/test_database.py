"""Writing durably and in groups, reading one state, and the same values on both databases."""

import sqlite3
import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import Connection, event, func, insert, select, text
from sqlalchemy.exc import IntegrityError, StatementError

from orders.storage import database
from orders.storage.models import Base
from orders.storage.models import Org as OrgRow
from tests.actors import Org
from tests.bad_orders import CHAIR

NOW = datetime(2026, 11, 24, 9, 30, 0, 123_456, tzinfo=UTC)


def add(connection: Connection, name: str) -> str:
    connection.execute(insert(OrgRow), {"id": name, "name": name, "created_at": NOW})
    return name


def names() -> list[str]:
    with database.read() as connection:
        return list(connection.execute(select(OrgRow.id).order_by(OrgRow.id)).scalars())


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


def test_models_and_migrations_agree(app: Flask) -> None:
    with app.app_context(), database.db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_works_of_many_threads_are_all_written_and_a_bad_one_fails_alone(app: Flask) -> None:
    failures: list[Exception] = []

    def run(number: int) -> None:
        with app.app_context():
            try:
                # Every fifth takes a name that is there already.
                name = "taken" if number % 5 == 0 else f"org {number:02}"
                database.write(lambda connection: add(connection, name))
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


def test_a_work_that_fails_late_leaves_nothing(app: Flask) -> None:
    def work(connection: Connection) -> None:
        add(connection, "half")
        raise LookupError("changed its mind")

    with app.app_context():
        with pytest.raises(LookupError):
            database.write(work)
        assert names() == []


def test_a_reader_sees_one_state_and_does_not_wait_for_a_writer(app: Flask) -> None:
    count = select(func.count()).select_from(OrgRow)
    with app.app_context():
        database.write(lambda connection: add(connection, "first"))
        with database.read() as connection:
            before = connection.execute(count).scalar_one()
            database.write(lambda connection: add(connection, "second"))
            is_sqlite = connection.dialect.name == "sqlite"
            during = connection.execute(count).scalar_one()
        assert before == 1
        # PostgreSQL reads committed rows statement by statement; every order is one statement.
        assert during == (1 if is_sqlite else 2)
        assert [row[0] for row in database.rows(count, {})] == [2]


def test_times_are_utc_with_milliseconds(app: Flask) -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=9)))
    row = {"id": "x", "name": "x", "created_at": elsewhere}
    with app.app_context():
        database.write(lambda connection: connection.execute(insert(OrgRow), row).rowcount)
        [found] = database.rows(select(OrgRow.created_at), {})
        assert found[0] == NOW.replace(microsecond=123_000)
        assert found[0].utcoffset() == timedelta(0)
        naive = {**row, "id": "y", "created_at": NOW.replace(tzinfo=None)}
        with pytest.raises(StatementError, match="time zone"):
            database.write(lambda connection: connection.execute(insert(OrgRow), naive).rowcount)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_lost_connection_is_replaced_and_the_work_runs_again(app: Flask) -> None:
    end_others = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    runs: list[str] = []

    def work(connection: Connection) -> str:
        runs.append("run")
        if len(runs) == 1:
            with database.db.engine.connect() as other:
                other.execute(end_others)
        return add(connection, "survivor")

    with app.app_context():
        assert database.write(work) == "survivor"
        assert names() == ["survivor"]
        assert len(runs) == 2


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_full_disk_is_told_as_busy_and_reading_goes_on(org: Org) -> None:
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
