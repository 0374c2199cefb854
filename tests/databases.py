"""One application for each kind of database and test process, reset for each test.

To build an application and its database costs far more than most tests do with it. So a test
process keeps one of each kind: before a test all rows go, and all that the test before it may have
changed in the application is set back (docs/testing.md).
"""

import atexit
import functools
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import flask_migrate
import psycopg
from flask import Flask
from sqlalchemy import event, make_url

from app import create_app
from orders.services.health import HealthCheck
from orders.settings import PROJECT, Settings
from orders.storage import database, rate_counts
from orders.storage.sqlite import request_lock


def settings_for(url: str, folder: Path) -> Settings:
    """Return the settings of an application under test."""
    return Settings(
        data_dir=folder,
        database_url=url,
        secret_key="only for tests, 32 characters..",
        demo=False,
        # All requests of all tests come from one address within minutes, and many must fail.
        lookup_limit="1000 per second",
        sign_in_limit="100000 per minute",
        miss_limit="0",
        account_limit="0",
        account_total_limit="0",
        public_token_limit="0",
        public_address_limit="0",
        anonymous_limit="100000 per minute",
    )


def migrate(settings: Settings) -> None:
    """Bring a database up to date; an SQLite file is made unless it exists."""
    file = make_url(settings.database_url)
    if file.drivername == "sqlite":
        Path(str(file.database)).touch()
    app = create_app(settings)
    with app.app_context():
        flask_migrate.upgrade(directory=str(PROJECT / "orders" / "storage" / "migrations"))
        database.close()


@functools.cache
def sqlite_template() -> Path:
    """Return a migrated database, made once a process."""
    folder = Path(tempfile.mkdtemp(prefix="shortorder-template-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    migrate(settings_for(f"sqlite:///{folder / 'orders.sqlite3'}", folder))
    return folder / "orders.sqlite3"


def copy_sqlite(folder: Path, name: str = "orders.sqlite3") -> None:
    """Put a migrated database into a folder."""
    shutil.copy(sqlite_template(), folder / name)


@contextmanager
def own_app(settings: Settings) -> Iterator[Flask]:
    """Build an application for one test, for settings or a database that others do not share."""
    app = create_app(settings)
    app.testing = True
    yield app
    app.extensions["request_recorder"].close()
    with app.app_context():
        database.close()


class Database(Protocol):
    """A migrated database that tests use one after the other."""

    url: str
    folder: Path

    def connect(self) -> None:
        """Connect to it, once all of its tables are there."""

    def clean(self) -> None:
        """Remove all rows, and all files beside it."""

    def close(self) -> None:
        """Close the connection."""


class SqliteDatabase:
    """A copy of the migrated file, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        copy_sqlite(folder)
        self.folder = folder
        self.url = f"sqlite:///{folder / 'orders.sqlite3'}"

    def connect(self) -> None:
        self._connection = sqlite3.connect(
            self.folder / "orders.sqlite3", isolation_level=None, check_same_thread=False
        )
        execute = self._connection.execute
        execute("PRAGMA synchronous = OFF")
        execute("PRAGMA foreign_keys = OFF")
        # Not the index of the search, which triggers of its table keep up to date.
        tables = execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'alembic_version'"
            " AND name NOT LIKE 'order_trigram%'"
        )
        deletes = "".join(f'DELETE FROM "{table}";' for (table,) in tables)  # noqa: S608 - ours
        self._script = f"BEGIN IMMEDIATE; {deletes} COMMIT"

    def clean(self) -> None:
        self._connection.executescript(self._script)
        _empty(self.folder, but_for=("orders.sqlite3",))

    def close(self) -> None:
        self._connection.close()


class PostgresDatabase:
    """A database on the server of this test process."""

    def __init__(self, url: str, folder: Path) -> None:
        self.folder = folder
        self.url = url

    def connect(self) -> None:
        self._connection = psycopg.connect(self.url, autocommit=True)
        execute = self._connection.execute
        tables = execute(
            "SELECT quote_ident(tablename) FROM pg_tables "
            "WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
        )
        deletes = "".join(f"DELETE FROM {table};" for (table,) in tables)  # noqa: S608 - quoted
        sequences = execute("SELECT quote_ident(sequencename) FROM pg_sequences")
        restarts = "".join(f"SELECT setval('{name}', 1, false);" for (name,) in sequences)
        # As a replica the server leaves out the checks of foreign keys, so that no order counts.
        self._script = (
            "BEGIN; SET LOCAL session_replication_role = replica; SET LOCAL lock_timeout = '10s';"
            f"{deletes} {restarts} COMMIT"
        )

    def clean(self) -> None:
        try:
            self._connection.execute(self._script.encode())
        except psycopg.errors.DeadlockDetected:
            # A thread of the test before was still writing; the server has chosen this one to end.
            self._connection.execute("ROLLBACK")
            self._connection.execute(self._script.encode())
        _empty(self.folder)

    def close(self) -> None:
        self._connection.close()


def _empty(folder: Path, but_for: tuple[str, ...] = ()) -> None:
    for place in folder.iterdir():
        if place.name.startswith(but_for):
            continue
        if place.is_dir():
            shutil.rmtree(place)
        else:
            place.unlink()


def _wait_for_no_disk(connection: sqlite3.Connection, _record: object) -> None:
    """Let commits return at once: nobody cuts the power to see what is left in these databases."""
    connection.execute("PRAGMA synchronous = OFF")


class SharedApp:
    """The application of a database; tests share it one after the other."""

    def __init__(self, kept: Database) -> None:
        self.database = kept
        self.settings = settings_for(kept.url, kept.folder)
        self.app = create_app(self.settings)
        self.app.testing = True
        if self.settings.database_url.startswith("sqlite:"):
            with self.app.app_context():
                event.listen(database.db.engine, "connect", _wait_for_no_disk)
        kept.connect()
        self._config = dict(self.app.config)
        self._extensions = dict(self.app.extensions)

    def renew(self) -> None:
        """Set back whatever a test may have changed in the application."""
        self.app.config.clear()
        self.app.config.update(self._config)
        self.app.extensions.clear()
        self.app.extensions.update(self._extensions, health=HealthCheck())
        request_lock.release()  # a test that calls parts of the product directly may have kept it
        self.app.extensions["request_recorder"].close()
        self.app.extensions["request_recorder"].days = self.settings.request_log_days
        rate_counts.reset_all()

    def close(self) -> None:
        """Close all connections."""
        self.app.extensions["request_recorder"].close()
        with self.app.app_context():
            database.close()
        self.database.close()
