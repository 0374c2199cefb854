"""What a start asks of the database before it migrates it."""

import sqlite3

from sqlalchemy import column, inspect, select, table
from sqlalchemy.exc import DBAPIError

from orders.domain.errors import ServiceBusy
from orders.storage.database import CANNOT_READ, db

_VERSION = table("alembic_version", column("version_num"))


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
