"""The queue of writes to one SQLite database (docs/decisions/0002-where-writes-queue.md).

SQLite allows one writer at a time, and its own way of waiting is unfair: a busy process can keep
the lock to itself. So the threads of a process queue their writes, and one of the threads commits
them together. The processes wait for a file lock, which the kernel grants in order.
"""

import logging
import math
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import takewhile
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from orders.domain.errors import BUSY, ServiceBusy
from orders.measurements import Measured, report
from orders.storage.sqlite import request_lock
from orders.storage.sqlite.batch_insert import BatchInsert, WaitedTooLong, insert_batch
from orders.storage.sqlite.database_files import CANNOT_WRITE, FilesReplaced, files_of
from orders.storage.sqlite.freed_pages import rewrite
from orders.storage.sqlite.long_log import LongLog
from orders.storage.sqlite.open_connections import driver_of
from orders.storage.sqlite.process_lock import ProcessLock
from orders.storage.unavailable import is_unavailable

log = logging.getLogger(__name__)

T = TypeVar("T")

# Writes in one commit. With more, the first of them would wait long for the last.
GROUP = 64
# Seconds for which a request waits for its turn before it is refused.
PATIENCE = 15.0
# Seconds for which new rows may wait. They have times in them; with older ones they would appear
# behind a client that walks along the times (`storage/pages.py`).
ROWS_WAIT = 0.5
# Seconds for which a failure makes the health check fail: a smaller write might succeed.
FAILURE_COUNTS = 1.0


class _Entry(Generic[T]):
    """A write in the queue, with its result or error; `function` is None for a `transaction`."""

    __slots__ = ("error", "function", "is_done", "is_given_up", "queued_at", "result", "signal")

    def __init__(self, function: Callable[[Connection], T] | None) -> None:
        self.function = function
        self.result: Any = None
        self.error: BaseException | None = None
        self.is_done = False
        self.is_given_up = False
        self.queued_at = time.monotonic()
        # Released once: when the function is done, or when its thread is to write next. A bare
        # lock, because an Event costs several times as much.
        self.signal = threading.Lock()
        self.signal.acquire()

    def check_wait(self) -> None:
        """Store WaitedTooLong as the error if these are new rows that waited for too long."""
        waited = time.monotonic() - self.queued_at
        if isinstance(self.function, BatchInsert) and waited > ROWS_WAIT:
            self.error = WaitedTooLong()

    def run(self, connection: Connection) -> None:
        """Run the function in a savepoint, and store its result or error.

        After an error, its changes are undone.
        """
        assert self.function is not None  # noqa: S101 - for the type checker
        # By the driver itself: SQLAlchemy's way to a statement costs more than the savepoint.
        execute = driver_of(connection).execute
        execute("SAVEPOINT entry")
        try:
            self.result, self.error = self.function(connection), None
        except Exception as error:  # noqa: BLE001 - the error belongs to the caller, who gets it
            self.error = error
            execute("ROLLBACK TO entry")
        execute("RELEASE entry")


class GroupWriter:
    """Writes to one SQLite database for all threads of this process.

    A thread that finds no other thread writing commits its own entry together with those queued in
    the meantime. Then the first waiting thread does the same. So a write that no other one competes
    with stays in its own thread. A `transaction` waits in the same queue and gets a commit of its
    own.
    """

    def __init__(self, engine: Engine) -> None:
        # It begins its transactions itself, on a connection that it keeps.
        self._engine = engine.execution_options(sqlite_begin="")
        self._connection: Connection | None = None
        self._process_lock = ProcessLock(f"{engine.url.database}.writer-lock")
        self._files = files_of(str(engine.url.database))
        self._log = LongLog(str(engine.url.database), self._process_lock.held)
        self._mutex = threading.Lock()
        self._waiting: list[_Entry[Any]] = []
        self._has_leader = False
        # When the last write failed for a reason that is not its caller's.
        self._failed_at = -math.inf

    def run(self, function: Callable[[Connection], T]) -> T:
        """Run the function in a transaction shared with other writes; return its result.

        Returns once the transaction is committed, in a file that is at its place. The function may
        run more than once. If it raises an exception, only its own changes are rolled back, and the
        exception is raised here. Raises ServiceBusy if the database cannot be written within
        PATIENCE seconds or its file was replaced, and WaitedTooLong if a BatchInsert waited for
        more than ROWS_WAIT seconds.
        """
        entry = _Entry(function)
        if self._leads(entry):
            self._write_group()
        if entry.error is not None:
            if is_unavailable(entry.error):
                raise ServiceBusy(CANNOT_WRITE) from entry.error
            raise entry.error
        result: T = entry.result
        return result

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Run the `with` block in a transaction of its own when it is this thread's turn.

        The transaction is on disk once the block has ended; an exception in the block rolls it
        back. Raises ServiceBusy as `run` does.
        """
        entry: _Entry[None] = _Entry(None)
        if not self._leads(entry):
            assert entry.error is not None  # noqa: S101 - nobody else can have done it
            raise entry.error
        try:
            with self._process_lock.held():
                connection = self._connected()
                driver_of(connection).execute("BEGIN IMMEDIATE")
                with connection.begin():
                    yield connection
                self._check(connection)
        except (DBAPIError, sqlite3.Error) as error:
            self._disconnect()
            # The driver's own errors are those of BEGIN, and of a rollback on a full disk.
            if isinstance(error, sqlite3.Error) or is_unavailable(error):
                self._failed_at = time.monotonic()
                raise ServiceBusy(CANNOT_WRITE) from error
            raise
        except FilesReplaced:
            self._failed_at = time.monotonic()
            raise
        finally:
            entry.is_given_up = True  # it is over, and still in the queue
            self._hand_over()

    def failed_lately(self) -> bool:
        """Return whether a write failed within FAILURE_COUNTS, through no fault of its caller."""
        return time.monotonic() - self._failed_at < FAILURE_COUNTS

    def writing_since(self) -> datetime | None:
        """Return when the write that a process is running now began; None if none is running.

        Raises ServiceBusy if the lock file cannot be read.
        """
        return self._process_lock.held_since()

    def free_pages(self) -> bool:
        """Rewrite the database without freed pages, and empty its log; return whether it is empty.

        Raises ServiceBusy if the database cannot be written.
        """
        try:
            with self._process_lock.held():
                return rewrite(str(self._engine.url.database))
        except sqlite3.Error as error:
            raise ServiceBusy(CANNOT_WRITE) from error

    def close(self) -> None:
        """Close the connection once no thread is writing; the next write opens a new one."""
        ends = time.monotonic() + PATIENCE
        while self._has_leader and time.monotonic() < ends:
            time.sleep(0.01)
        with self._mutex:
            self._disconnect()

    def _leads(self, entry: _Entry[Any]) -> bool:
        """Queue the entry and wait for its turn; return whether this thread must write it.

        False means that another thread has already written it. True means that the entry is the
        first in the queue, and that the caller must call `_hand_over` when it is done. Raises
        ServiceBusy after PATIENCE seconds.
        """
        request_lock.release()
        with self._mutex:
            self._waiting.append(entry)
            leads = not self._has_leader
            self._has_leader = True
        if leads:
            return True
        if entry.signal.acquire(timeout=PATIENCE):
            return not entry.is_done
        with self._mutex:
            if entry.signal.acquire(blocking=False):  # in the last moment
                return not entry.is_done
            entry.is_given_up = True
        raise ServiceBusy(BUSY)

    def _write_group(self) -> None:
        group: list[_Entry[Any]] = []
        is_written = False
        try:
            with self._process_lock.held():
                # Entries that came while this process waited for the lock are included.
                group = self._take_group()
                for entry in group:
                    entry.check_wait()
                connection = self._connected()
                _commit(connection, [entry for entry in group if entry.error is None])
                self._check(connection)
                is_written = True
            report(Measured.GROUP_SIZE, len(group))
        except BaseException as error:
            self._fail(group, error)
            if not isinstance(error, Exception):
                raise
        finally:
            self._hand_over()
            for entry in group:
                if not is_written and entry.error is None:  # whatever went wrong, it is no success
                    entry.error = ServiceBusy(CANNOT_WRITE)
                entry.is_done = True
                entry.signal.release()

    def _take_group(self) -> list[_Entry[Any]]:
        """Remove and return up to GROUP entries from the front of the queue.

        Stops before the first entry of a `transaction`, which gets a commit of its own.
        """
        with self._mutex:
            waiting = [entry for entry in self._waiting if not entry.is_given_up]
            group = list(takewhile(lambda entry: entry.function is not None, waiting[:GROUP]))
            self._waiting = waiting[len(group) :]
        return group

    def _hand_over(self) -> None:
        """Let the first waiting thread write next, or the next one to arrive if none is waiting."""
        with self._mutex:
            self._waiting = [entry for entry in self._waiting if not entry.is_given_up]
            if self._waiting:
                self._waiting[0].signal.release()
            else:
                self._has_leader = False

    def _fail(self, group: list[_Entry[Any]], error: BaseException) -> None:
        self._failed_at = time.monotonic()
        with self._mutex:
            if not group:  # the file lock could not be had
                group += self._waiting
                self._waiting = []
            # Files that are away may return, and the connection that has them open is still good.
            # A new one might open other files.
            if not isinstance(error, FilesReplaced):
                self._disconnect()
        reason: BaseException = error
        # On a full disk SQLite ends the transaction by itself, and the savepoint's end then fails
        # with the driver's own error.
        if isinstance(error, sqlite3.Error | OSError) or is_unavailable(error):
            reason = ServiceBusy(CANNOT_WRITE)
            reason.__cause__ = error
        for entry in group:
            entry.error = reason

    def _connected(self) -> Connection:
        """Return the connection for writes. Raises FilesReplaced if the files were away before."""
        self._connection = self._connection or self._engine.connect()
        if self._files.are_away:
            self._files.check()
        return self._connection

    def _check(self, connection: Connection) -> None:
        """Raise FilesReplaced if what was committed is not in files that are at their place."""
        self._log.look(self._files.check(), driver_of(connection))

    def _disconnect(self) -> None:
        """Close the connection, rolling back what is not committed; the next write opens one."""
        _discard(self._connection)
        self._connection = None
        self._files.forget_log()
        self._log.forget()


def _commit(connection: Connection, entries: list[_Entry[Any]]) -> None:
    """Run the entries in one transaction and commit it. If this raises, nothing is stored."""
    driver = driver_of(connection)
    driver.execute("BEGIN IMMEDIATE")
    alone = [entry for entry in entries if not isinstance(entry.function, BatchInsert)]
    try:
        inserts = [entry.function for entry in entries if isinstance(entry.function, BatchInsert)]
        insert_batch(driver, inserts)
    except Exception:  # noqa: BLE001 - it belongs to one of them, and is raised again below
        log.debug("A batch cannot be inserted: each of its rows is inserted alone.")
        driver.execute("ROLLBACK")
        driver.execute("BEGIN IMMEDIATE")
        alone = entries
    if not alone:
        driver.execute("COMMIT")
        return
    # SQLAlchemy takes the transaction over, and commits it; it raises when there is none any more.
    transaction = connection.begin()
    for entry in alone:
        entry.run(connection)
    transaction.commit()


def _discard(connection: Connection | None) -> None:
    """Close a connection, rolling back what it has not committed; do nothing if it is None."""
    if connection is not None:
        connection.invalidate()
        connection.close()
