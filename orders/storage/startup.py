"""What a start asks of the database before it migrates it."""

import sqlite3
from pathlib import Path

from sqlalchemy import Engine, column, inspect, select, table, text
from sqlalchemy.exc import DBAPIError

from orders.domain.errors import ServiceBusy
from orders.storage.database import CANNOT_READ, db, read
from orders.storage.sqlite.database_files import new_mark

OLDEST_SQLITE = (3, 38)  # its JSON has `->>`; the trigrams of FTS5 are older
NO_FTS5 = (
    "Shortorder needs SQLite 3.38 or later with FTS5; this Python has {}. Use another Python, or"
    " PostgreSQL."
)
NO_PG_TRGM = (
    "The search needs PostgreSQL's extension pg_trgm. Have an administrator run CREATE EXTENSION"
    " pg_trgm in this database, and start again. The reason: {}"
)
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


def search_hindrance() -> str | None:
    """Return why the database cannot have the index of the search, and what to do; None if it can.

    Creates PostgreSQL's extension. Raises ServiceBusy if the database cannot be reached.
    """
    try:
        if db.engine.dialect.name == "postgresql":
            return _pg_trgm_hindrance(db.engine)
        with db.engine.connect() as connection:
            used = text("SELECT sqlite_compileoption_used('ENABLE_FTS5')")
            has_fts5 = bool(connection.execute(used).scalar())
    except (DBAPIError, sqlite3.Error) as error:
        raise ServiceBusy(CANNOT_READ) from error
    if has_fts5 and sqlite3.sqlite_version_info >= OLDEST_SQLITE:
        return None
    return NO_FTS5.format(sqlite3.sqlite_version)


def _pg_trgm_hindrance(engine: Engine) -> str | None:
    if _has_pg_trgm(engine):
        return None
    reason = "it is in a schema that is not in the search_path"
    try:
        with engine.begin() as connection:
            connection.execute(text("CREATE EXTENSION IF NOT EXISTS pg_trgm"))
    except DBAPIError as error:
        reason = " ".join(str(error.orig).split())
    # Also after a failure: another process may have created it at the same moment.
    return None if _has_pg_trgm(engine) else NO_PG_TRGM.format(reason)


def _has_pg_trgm(engine: Engine) -> bool:
    found = text(
        "SELECT count(*) FROM pg_opclass"
        " WHERE opcname = 'gin_trgm_ops' AND pg_opclass_is_visible(oid)"
    )
    with engine.connect() as connection:
        return bool(connection.execute(found).scalar())


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
