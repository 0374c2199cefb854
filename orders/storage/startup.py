"""What a start asks of the database before it migrates it."""

import sqlite3
from pathlib import Path

from sqlalchemy import Engine, column, inspect, select, table
from sqlalchemy.exc import DBAPIError

from orders.domain.errors import ServiceBusy
from orders.storage.database import CANNOT_READ, db, read
from orders.storage.sqlite.database_files import new_mark

_VERSION = table("alembic_version", column("version_num"))


def is_copy_without_log() -> bool:
    """Return whether the database is an SQLite file without tables that nobody has just begun.

    That is left of a database when its file is copied without the write-ahead log beside it. Raises
    ServiceBusy if the database cannot be reached.
    """
    if db.engine.dialect.name != "sqlite":
        return False
    path = Path(str(db.engine.url.database))
    # Before a look at the tables: another process may be about to make them.
    may_be_new = new_mark(str(path)).exists() or not path.stat().st_size
    return not may_be_new and not has_tables()


def has_begun() -> None:
    """Take note that an SQLite database has its tables."""
    if db.engine.dialect.name == "sqlite":
        new_mark(str(db.engine.url.database)).unlink(missing_ok=True)


def has_tables() -> bool:
    """Return whether the database has any. Raises ServiceBusy if it cannot be reached."""
    with read() as connection:
        return bool(inspect(connection).get_table_names())


def schema_version(engine: Engine | None = None) -> str | None:
    """Return the revision of the last migration of the database; None if it has none.

    Without an `engine` it is that of the application, whose context is required then. Raises
    ServiceBusy if the database cannot be reached or is none; the cause has the driver's words.
    """
    try:
        with (engine or db.engine).connect() as connection:
            if not inspect(connection).has_table(_VERSION.name):
                return None
            found: str | None = connection.execute(select(_VERSION.c.version_num)).scalar()
            return found
    except (DBAPIError, sqlite3.Error) as error:
        raise ServiceBusy(CANNOT_READ) from error


def text_encoding() -> str:
    """Return the encoding of the database's texts; "UTF8" is the one that takes every text.

    Raises ServiceBusy if the database cannot be reached.
    """
    if db.engine.dialect.name == "sqlite":
        return "UTF8"
    with read() as connection:
        found: str = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
        return found


def find_damage() -> list[str]:
    """Return what is damaged in an SQLite file, a line each; empty on PostgreSQL.

    Reads the whole file, which takes a second for some hundred megabytes. Requires an application
    context. Raises ServiceBusy if the database cannot be read.
    """
    if db.engine.dialect.name != "sqlite":
        return []
    try:
        with db.engine.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
            keys = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    except (DBAPIError, sqlite3.Error) as error:
        raise ServiceBusy(CANNOT_READ) from error
    lost = [
        f"Row {row} of {table} refers to a missing row of {other}." for table, row, other, _ in keys
    ]
    return [one for one in pages if one != "ok"] + lost
