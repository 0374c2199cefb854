"""The files of an SQLite database, and whether they are still those that this process has opened.

On Linux a file can be deleted or replaced while a process has it open. SQLite does not notice:
commits go on into a file that no longer has a name, and are gone when the process ends.
"""

import logging
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from orders.domain.errors import ServiceBusy
from orders.domain.texts import lazy_gettext

log = logging.getLogger(__name__)

# Bytes that must be free on the disk for the service to be healthy: a few orders.
ROOM = 262_144

T = TypeVar("T")
Identity = tuple[int, int]  # device and inode

CANNOT_READ = lazy_gettext("The database cannot be reached. Please try again.")
CANNOT_WRITE = lazy_gettext("Changes cannot be saved right now. Please try again.")

_known: "dict[str, DatabaseFiles]" = {}


class FilesReplaced(ServiceBusy):
    """The database has been deleted, moved or replaced while this process has it open."""


class DatabaseFiles:
    """The database at `path` and its write-ahead log, recognized by device and inode.

    The database is the file that this process has opened first. It may leave and return: what
    counts is that it is at its place when a connection is opened and when a commit is acknowledged.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._log_path = f"{path}-wal"
        self._file: Identity | None = None
        self._log: Identity | None = None
        self.are_away = False

    def open(self, connect: Callable[[], T]) -> T:
        """Return the connection to the database that `connect` opens.

        Raises FilesReplaced, and ServiceBusy for files that may not be written: SQLite would open
        them for reading, and the process could not write until all of its connections are closed.
        """
        file = self._stat(self._path)
        self._compare(file)
        if not file.st_size:
            with suppress(OSError):  # SQLite says what is wrong with the disk
                new_mark(self._path).touch()
        for path in (self._path, self._log_path, f"{self._path}-shm"):
            if os.path.exists(path) and not os.access(path, os.W_OK):  # noqa: PTH110 - as below
                raise ServiceBusy(CANNOT_WRITE) from PermissionError(f"{path} is read-only")
        connection = connect()
        self._compare(self._stat(self._path))  # else the new connection may be to another file
        return connection

    def check(self) -> int:
        """Return the size of the write-ahead log in bytes. Raises FilesReplaced.

        Call this after a commit, on the connection that has made it, and before acknowledging it.
        It takes two system calls.
        """
        file, wal = self._stat(self._path), self._stat(self._log_path)
        self._compare(file)
        found = (wal.st_dev, wal.st_ino)
        if self._log is None:
            self._log = found
        if self._log != found:
            raise self._replaced()
        if self.are_away:
            self.are_away = False
            log.warning("The database file %s is back: orders are stored again.", self._path)
        return wal.st_size

    def have_room(self) -> bool:
        """Return whether ROOM bytes are free on the disk; True where the disk does not say."""
        try:
            disk = os.statvfs(self._path)
        except OSError:
            return True
        free = disk.f_bfree if os.geteuid() == 0 else disk.f_bavail
        return free * disk.f_frsize >= ROOM

    def forget_log(self) -> None:
        """Forget the write-ahead log, which SQLite may delete while no connection is open."""
        self._log = None

    def _stat(self, path: str) -> os.stat_result:
        try:
            return os.stat(path)  # noqa: PTH116 - a Path would cost as much as the call
        except OSError as error:
            raise self._replaced() from error

    def _compare(self, file: os.stat_result) -> None:
        found = (file.st_dev, file.st_ino)
        if self._file is None:
            self._file = found
        if self._file != found:
            raise self._replaced()

    def _replaced(self) -> FilesReplaced:
        """Return the error; write the reason into the log, once until the files are back."""
        if not self.are_away:
            self.are_away = True
            log.error(
                "The database file %s was deleted, moved or replaced while it was in use: nothing"
                " is stored until it is back at its place or the server is restarted.",
                self._path,
            )
        return FilesReplaced(CANNOT_WRITE)


def new_mark(path: str) -> Path:
    """Return the path of the file that marks the database at `path` as one that has just begun.

    SQLite makes an empty file one of 4 KB without tables before the first migration. A copy without
    its write-ahead log may be the same, but has no mark.
    """
    return Path(f"{path}.new")


def files_of(path: str) -> DatabaseFiles:
    """Return what this process knows of the database at `path`; always the same object."""
    return _known.get(path) or _known.setdefault(path, DatabaseFiles(path))


def forget(path: str) -> None:
    """Forget the database at `path`, to which no connection is open any more."""
    _known.pop(path, None)


os.register_at_fork(after_in_child=_known.clear)
