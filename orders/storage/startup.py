"""What a start asks of the database before it migrates it."""

import sqlite3

from sqlalchemy import Engine, column, inspect, select, table
from sqlalchemy.exc import DBAPIError

from orders.domain.errors import ServiceBusy
from orders.storage.database import CANNOT_READ, db

_VERSION = table("alembic_version", column("version_num"))


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
