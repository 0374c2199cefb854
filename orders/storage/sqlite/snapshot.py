"""A copy of a running SQLite database in one file, and whether such a file is a sound database."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from orders.domain.errors import BackupError

# Pages that are copied between two looks at whether the copy is still wanted: 8 MB.
PAGES = 2_000


def copy_database(source: str, target: Path, interrupt: Callable[[], None]) -> None:
    """Copy the database as it is now into the file `target`, while others read and write.

    Everything that was committed before the call is in the copy. `interrupt` is called again and
    again, and may raise an exception to end the copy. Raises BackupError.
    """
    try:
        with _open(source, "rw") as live, _open(str(target), "rwc") as copy:
            # A transaction of its own: the copy would begin again after each commit of others.
            live.execute("BEGIN")
            live.execute("SELECT 1 FROM sqlite_schema").fetchone()
            copy.execute("PRAGMA synchronous = OFF")
            live.backup(copy, pages=PAGES, progress=lambda *_numbers: interrupt())
    except (sqlite3.Error, OSError) as error:
        raise BackupError(f"The database cannot be copied: {error}.") from error


def make_single(file: Path) -> None:
    """Let an SQLite file have no log beside it, which could be forgotten. Raises BackupError."""
    try:
        with _open(str(file), "rw") as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise BackupError(f"The database cannot be copied: {error}.") from error


def examine(file: Path, *, is_thorough: bool) -> dict[str, int]:
    """Return the number of rows of each table of an SQLite file.

    Raises BackupError if the file is damaged; with `is_thorough` the indexes are compared with
    their tables, too.
    """
    try:
        with _open(str(file), "ro") as connection:
            check = "integrity_check" if is_thorough else "quick_check"
            [found] = connection.execute(f"PRAGMA {check}(1)").fetchone()
            if found != "ok":
                raise BackupError(f"The database is damaged: {found}.")
            return {
                name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608 - a name of its schema
                for (name,) in connection.execute(
                    "SELECT name FROM sqlite_schema WHERE type = 'table'"
                    " AND name NOT LIKE 'sqlite!_%' ESCAPE '!'"
                ).fetchall()
            }
    except sqlite3.Error as error:
        raise BackupError(f"The database is damaged: {error}.") from error


def first_column(file: Path, statement: str) -> list[str]:
    """Return the first column of a select's rows. Raises BackupError."""
    try:
        with _open(str(file), "ro") as connection:
            return [row[0] for row in connection.execute(statement)]
    except sqlite3.Error as error:
        raise BackupError(f"The database cannot be read: {error}.") from error


def put_in_place(staged: Path, path: Path) -> None:
    """Replace the empty database at `path`, to which nobody has a connection, by another file."""
    for end in ("-wal", "-shm", "-journal", ".new"):
        Path(f"{path}{end}").unlink(missing_ok=True)
    staged.chmod(0o600)
    sync(staged)
    staged.replace(path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Write a file or a folder to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _open(path: str, mode: str) -> closing[sqlite3.Connection]:
    address = f"file:{quote(path)}?mode={mode}"
    return closing(sqlite3.connect(address, uri=True, isolation_level=None, timeout=10))
