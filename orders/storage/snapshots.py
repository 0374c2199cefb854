"""The database of a running service in one file, and such a file made the database again."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Select, text
from sqlalchemy.dialects import sqlite as sqlite_dialect
from sqlalchemy.exc import DBAPIError

from orders.domain.errors import BackupError
from orders.storage import database, postgresql_dump
from orders.storage.database import db
from orders.storage.sqlite import snapshot as sqlite_snapshot
from orders.storage.startup import schema_version

Kind = Literal["sqlite", "postgresql"]
# Any number will do, as long as nothing else in the database locks the same one.
ADVISORY_LOCK = 7_264_402


class AnotherBackup(BackupError):  # noqa: N818 - named as our other errors
    """Another process of this installation is making a backup."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A copy of the database at one moment, and what is in it."""

    kind: Kind
    file: Path
    revision: str  # of the last migration
    counts: dict[str, int]  # rows by table
    names: list[str]  # the first column of the select that the caller gave


def kind() -> Kind:
    """Return the kind of the database."""
    return "sqlite" if db.engine.dialect.name == "sqlite" else "postgresql"


def sqlite_file() -> Path | None:
    """Return the path of the SQLite database; None for PostgreSQL."""
    return Path(str(db.engine.url.database)) if kind() == "sqlite" else None


def take(target: Path, names: Select[Any], interrupt: Callable[[], None]) -> Snapshot:
    """Write the database as it is now into the file `target`, while the service runs.

    What was committed before the call is in it. `interrupt` is called again and again, and may
    raise an exception to end the copy. Raises BackupError, and ServiceBusy if the database cannot
    be reached.
    """
    revision = schema_version()
    if revision is None:
        raise BackupError("The database has no tables yet: there is nothing to back up.")
    if kind() == "sqlite":
        sqlite_snapshot.copy_database(str(sqlite_file()), target, interrupt)
        return of_file(target, revision, names)
    try:
        counts, found = postgresql_dump.dump(target, names, interrupt)
    except DBAPIError as error:
        raise BackupError(f"The database cannot be read: {error.orig}") from error
    return Snapshot("postgresql", target, revision, counts, found)


def of_file(file: Path, revision: str, names: Select[Any]) -> Snapshot:
    """Return what is in an SQLite file with this schema, as `take` does.

    Nobody else may have the file open. Raises BackupError.
    """
    sqlite_snapshot.make_single(file)
    counts = sqlite_snapshot.examine(file, is_thorough=False)
    statement = str(names.compile(dialect=sqlite_dialect.dialect()))
    found = sqlite_snapshot.first_column(file, statement)
    return Snapshot("sqlite", file, revision, counts, found)


def count_rows(file: Path, its_kind: Kind) -> dict[str, int]:
    """Return the number of rows of each table in the copy of a database of this kind.

    Reads all of it. Raises BackupError if it is damaged.
    """
    if its_kind == "sqlite":
        return sqlite_snapshot.examine(file, is_thorough=True)
    return postgresql_dump.count_rows(file)


def restore(file: Path) -> None:
    """Make the copy in `file`, of a database of the same kind, the database, which has no tables.

    An SQLite copy is moved, so it must be on the disk of the database. Raises BackupError; then
    the database has no tables.
    """
    path = sqlite_file()
    database.close()
    try:
        if path is None:
            postgresql_dump.restore(file)
        else:
            sqlite_snapshot.put_in_place(file, path)
    except (DBAPIError, OSError) as error:
        raise BackupError(f"The database cannot be restored: {error}") from error


@contextmanager
def only_one(data_dir: Path) -> Iterator[None]:
    """Run the `with` block unless another process of this installation is in such a block.

    Raises AnotherBackup if one is. A process that dies gives up its place.
    """
    busy = AnotherBackup("Another backup is running.")
    if kind() == "postgresql":
        # As a read, so that a database that is away is reported as such.
        with database.read() as connection:
            postgresql_dump.with_no_limits(connection)
            locked = connection.execute(text(f"SELECT pg_try_advisory_xact_lock({ADVISORY_LOCK})"))
            if not locked.scalar_one():
                raise busy
            yield
            with suppress(DBAPIError):  # the backup is there, even if this connection was lost
                connection.rollback()
        return
    handle = os.open(data_dir / "backup.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise busy from None
        yield
    finally:
        os.close(handle)
