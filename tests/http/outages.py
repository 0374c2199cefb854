"""Databases that go away under a running application, in the ways in which they really do."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from sqlalchemy import Engine

from orders.storage import database
from orders.storage.sqlite.database_files import files_of
from tests.postgres import free_port

Outage = Callable[[], object]  # begins it


def _drop_connections(engine: Engine) -> None:
    """Close the connections of an engine, and remember which files they were to."""
    database._autocommit.pop(engine, None)
    for kept in (database._writers.pop(engine, None), database._connections.pop(engine, None)):
        if kept is not None:
            kept.close()
    engine.dispose()
    files_of(str(engine.url.database)).forget_log()


def _move_away(stack: ExitStack, engine: Engine) -> None:
    """Rename the file of an SQLite database."""
    file = Path(str(engine.url.database))
    away = file.with_name("away")
    stack.callback(_drop_connections, engine)
    file.rename(away)
    stack.callback(away.rename, file)


def _lock(stack: ExitStack, engine: Engine) -> None:
    """Lock an SQLite database for reading and writing, as some programs do."""
    other = sqlite3.connect(str(engine.url.database), isolation_level=None)
    stack.callback(other.close)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")


def _refuse(stack: ExitStack, engine: Engine) -> None:
    """Refuse connections to a PostgreSQL database, as a port does on which nothing listens."""

    def connect(*_: object, **_options: object) -> object:
        return psycopg.connect(host="127.0.0.1", port=free_port(), connect_timeout=1)

    patch = stack.enter_context(pytest.MonkeyPatch.context())
    patch.setattr(engine.dialect, "connect", connect)


WAYS = {"moved away": _move_away, "locked": _lock, "refused": _refuse}


@contextmanager
def outage(app: Flask, way: str, *, after: int = 0) -> Iterator[None]:
    """Take the database away once `after` more uses of it have begun, until the block ends.

    `way` is one of WAYS.
    """
    with app.app_context():
        engine = database.db.engine
    find, left, is_beginning = database._engine, after, False
    with ExitStack() as stack:

        def count() -> Engine:
            nonlocal left, is_beginning
            if left == 0:
                left -= 1
                _drop_connections(engine)
                WAYS[way](stack, engine)
            left -= 1
            return find()

        database._engine = count
        stack.callback(setattr, database, "_engine", find)
        yield
