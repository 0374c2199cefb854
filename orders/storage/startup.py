"""What a start asks of the database before it migrates it."""

import sqlite3
from pathlib import Path

from sqlalchemy import column, inspect, select, table
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


def schema_version() -> str | None:
    """Return the revision of the last migration of the database; None if it has none.

    Raises ServiceBusy if the database cannot be reached or is none; the cause has the driver's
    words.
    """
    try:
        with db.engine.connect() as connection:
            if not inspect(connection).has_table(_VERSION.name):
                return None
            found: str | None = connection.execute(select(_VERSION.c.version_num)).scalar()
            return found
    except (DBAPIError, sqlite3.Error) as error:
        raise ServiceBusy(CANNOT_READ) from error
