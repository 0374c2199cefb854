"""Databases that go away under a running application, in the ways in which they really do."""

import resource
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from sqlalchemy import Connection, Engine, event

from orders.storage import database
from orders.storage.postgresql import forget_isolated
from orders.storage.sqlite.database_files import files_of
from tests.postgres import free_port


def _drop_connections(engine: Engine) -> None:
    """Close the connections of an engine, but remember which files they were to."""
    forget_isolated(engine)
    for kept in (database._writers.pop(engine, None), database._connections.pop(engine, None)):
        if kept is not None:
            kept.close()
    engine.dispose()
    files_of(str(engine.url.database)).forget_log()


def _move_away(stack: ExitStack, engine: Engine) -> None:
    """Rename the file of an SQLite database."""
    _drop_connections(engine)
    file = Path(str(engine.url.database))
    away = file.with_name("away")
    stack.callback(_drop_connections, engine)
    file.rename(away)
    stack.callback(away.rename, file)


def _lock(stack: ExitStack, engine: Engine) -> None:
    """Lock an SQLite database for reading and writing, as some programs do."""
    _drop_connections(engine)
    other = sqlite3.connect(str(engine.url.database), isolation_level=None)
    stack.callback(other.close)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")


def _damage(stack: ExitStack, engine: Engine) -> None:
    """Write something else over the file of an SQLite database."""
    _drop_connections(engine)
    file = Path(str(engine.url.database))
    content = file.read_bytes()
    stack.callback(file.write_bytes, content)
    file.write_bytes(b"no database " * 1000)


def _refuse(stack: ExitStack, engine: Engine) -> None:
    """Refuse connections to a PostgreSQL database, as a port does on which nothing listens."""

    def connect(*_: object, **_options: object) -> object:
        return psycopg.connect(host="127.0.0.1", port=port, connect_timeout=1)

    port = free_port()
    _drop_connections(engine)
    patch = stack.enter_context(pytest.MonkeyPatch.context())
    patch.setattr(engine.dialect, "connect", connect)


WAYS = {"moved away": _move_away, "locked": _lock, "damaged": _damage, "refused": _refuse}


@contextmanager
def outage(app: Flask, way: str, *, after: int = 0) -> Iterator[None]:
    """Take the database away, as WAYS has it, until the block ends.

    It goes away once it has been used `after` times.
    """
    engine, find, used = _engine_of(app), database._engine, 0
    with ExitStack() as stack:

        def count() -> Engine:
            nonlocal used
            used += 1
            if used == after + 1:
                WAYS[way](stack, engine)
            return find()

        if after:
            stack.enter_context(pytest.MonkeyPatch.context()).setattr(database, "_engine", count)
        else:
            WAYS[way](stack, engine)
        yield


@contextmanager
def failing_commits(app: Flask) -> Iterator[None]:
    """Let each COMMIT of a change fail until the block ends.

    SQLite's log cannot grow, as on a full disk. PostgreSQL's session is ended just before.
    """
    engine = _engine_of(app)
    if engine.dialect.name == "sqlite":
        log = Path(f"{engine.url.database}-wal")
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size, before[1]))
        yield
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        return
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as other:

        def end_session(connection: Connection) -> None:
            driver = connection.connection.driver_connection
            assert isinstance(driver, psycopg.Connection)
            other.execute("SELECT pg_terminate_backend(%s)", [driver.info.backend_pid])

        event.listen(engine, "commit", end_session)
        yield
        event.remove(engine, "commit", end_session)


def _engine_of(app: Flask) -> Engine:
    with app.app_context():
        return database.db.engine
