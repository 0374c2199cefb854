"""Where writes queue (docs/decisions/0002-where-writes-queue.md).

SQLite has one writer at a time, and its own waiting is unfair: a busy process keeps the lock for
itself. So the threads of a process put their works into one durable commit, which one of them
makes, and the processes take turns by a file lock, which the kernel hands out in order.
"""

import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, OperationalError

from orders import turns
from orders.rules.errors import ServiceBusy
from orders.rules.texts import mark
from orders.storage.insertion import Insertion, insert_together
from orders.storage.prepared import driver_of

T = TypeVar("T")

CANNOT_WRITE = mark("The database cannot be written. Please try again.")
# Works in one commit. More would make the first of them wait for the last.
GROUP = 64
# Seconds for which a request waits for its work before it is told to try again.
PATIENCE = 30.0
# PostgreSQL: tries of one work, and the first pause between them in seconds.
TRIES = 5
PAUSE = 0.05
# SQLSTATE of a transaction that may simply be tried again.
TRY_AGAIN = {"40001", "40P01", "55P03", "57P01", "57P02", "57P03", "53300"}


class _Job(Generic[T]):
    """One work with the place where its result or error appears."""

    __slots__ = ("error", "is_done", "is_given_up", "result", "signal", "work")

    def __init__(self, work: Callable[[Connection], T]) -> None:
        self.work = work
        self.result: Any = None
        self.error: BaseException | None = None
        self.is_done = False
        self.is_given_up = False
        # Released once: when the work is done, or when its thread is to write the next group. A
        # bare lock, because an Event costs several times as much.
        self.signal = threading.Lock()
        self.signal.acquire()

    def run(self, connection: Connection) -> None:
        """Run the work in a savepoint, so that its failure is its own."""
        # By the driver itself: SQLAlchemy's way to a statement costs more than the savepoint.
        execute = driver_of(connection).execute
        execute("SAVEPOINT work")
        try:
            self.result, self.error = self.work(connection), None
        except Exception as error:  # noqa: BLE001 - the error belongs to the caller, who gets it
            self.error = error
            execute("ROLLBACK TO work")
        execute("RELEASE work")


class GroupWriter:
    """Writes the works of all threads of this process to one SQLite database.

    Whoever finds nobody writing writes, for itself and for all who came meanwhile; afterwards the
    first of those who wait writes the next group. A lonely work changes no thread.
    """

    def __init__(self, engine: Engine) -> None:
        # It begins its transactions itself, on a connection that it keeps.
        self._engine = engine.execution_options(sqlite_begin="")
        self._connection: Connection | None = None
        self._lock_file = f"{engine.url.database}.writer-lock"
        self._mutex = threading.Lock()
        self._waiting: list[_Job[Any]] = []
        self._has_leader = False

    def run(self, work: Callable[[Connection], T]) -> T:
        """Run the work with its neighbours and return its result after their commit."""
        turns.give()
        job = _Job(work)
        with self._mutex:
            self._waiting.append(job)
            leads = not self._has_leader
            self._has_leader = True
        if leads or not self._is_done_by_others(job):
            self._write_group()
        if isinstance(job.error, OperationalError):
            raise ServiceBusy(CANNOT_WRITE) from job.error
        if job.error is not None:
            raise job.error
        result: T = job.result
        return result

    def close(self) -> None:
        """Close the connection once nobody writes; the next work opens another."""
        ends = time.monotonic() + PATIENCE
        while self._has_leader and time.monotonic() < ends:
            time.sleep(0.01)
        with self._mutex:
            _discard(self._connection)
            self._connection = None

    def _is_done_by_others(self, job: _Job[Any]) -> bool:
        """Wait until another thread has done the work; False when this one is to write now."""
        if job.signal.acquire(timeout=PATIENCE):
            return job.is_done
        with self._mutex:
            if job.signal.acquire(blocking=False):  # in the last moment
                return job.is_done
            job.is_given_up = True
        raise ServiceBusy(mark("The service is busy. Please try again."))

    def _write_group(self) -> None:
        group: list[_Job[Any]] = []
        is_written = False
        try:
            with self._turn():
                # Whoever came while this process waited for its turn comes along.
                with self._mutex:
                    group = [job for job in self._waiting[:GROUP] if not job.is_given_up]
                    del self._waiting[:GROUP]
                self._connection = self._connection or self._engine.connect()
                _commit(self._connection, group)
                is_written = True
        except BaseException as error:
            self._fail(group, error)
            if not isinstance(error, Exception):
                raise
        finally:
            self._hand_over()
            for job in group:
                if not is_written and job.error is None:  # whatever went wrong, it is not success
                    job.error = ServiceBusy(CANNOT_WRITE)
                job.is_done = True
                job.signal.release()

    def _hand_over(self) -> None:
        """Let the first of those who wait write the next group."""
        with self._mutex:
            self._waiting = [job for job in self._waiting if not job.is_given_up]
            if self._waiting:
                self._waiting[0].signal.release()
            else:
                self._has_leader = False

    def _fail(self, group: list[_Job[Any]], error: BaseException) -> None:
        with self._mutex:
            if not group:  # the turn itself could not be had
                group += self._waiting
                self._waiting = []
            _discard(self._connection)
            self._connection = None
        reason: BaseException = error
        # On a full disk SQLite ends the transaction by itself, and the savepoint's end then fails
        # with the driver's own error.
        if isinstance(error, OperationalError | sqlite3.Error | OSError):
            reason = ServiceBusy(CANNOT_WRITE)
            reason.__cause__ = error
        for job in group:
            job.error = reason

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Wait for this process's turn; the kernel serves waiters in the order they came."""
        handle = os.open(self._lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def _commit(connection: Connection, jobs: list[_Job[Any]]) -> None:
    """Commit the works together; nobody is acknowledged unless the commit returns."""
    driver = driver_of(connection)
    driver.execute("BEGIN IMMEDIATE")
    alone = [job for job in jobs if not isinstance(job.work, Insertion)]
    try:
        insert_together(driver, [job.work for job in jobs if isinstance(job.work, Insertion)])
    except Exception:  # noqa: BLE001 - whatever it is, it belongs to one of them
        # One of them cannot be inserted: each by itself tells which, and the others go in.
        driver.execute("ROLLBACK")
        driver.execute("BEGIN IMMEDIATE")
        alone = jobs
    if not alone:
        driver.execute("COMMIT")
        return
    # SQLAlchemy takes the transaction over, and commits it; a transaction that is no more raises.
    transaction = connection.begin()
    for job in alone:
        job.run(connection)
    transaction.commit()


def _discard(connection: Connection | None) -> None:
    """Close a connection whose state nobody knows; what it had not committed is undone."""
    if connection is not None:
        connection.invalidate()
        connection.close()


def write_alone(engine: Engine, work: Callable[[Connection], T]) -> T:
    """Run the work in a transaction of its own, again when the database says so or is gone.

    PostgreSQL writes side by side and groups commits by itself.
    """
    for attempt in range(1, TRIES + 1):
        try:
            with engine.connect() as connection, connection.begin():
                return work(connection)
        except DBAPIError as error:
            may_try_again = _may_try_again(error)
            if not may_try_again and not isinstance(error, OperationalError):
                raise
            if not may_try_again or attempt == TRIES:
                raise ServiceBusy(CANNOT_WRITE) from error
            time.sleep(PAUSE * 2**attempt)
    raise AssertionError("unreachable: the last attempt returns or raises")


def _may_try_again(error: DBAPIError) -> bool:
    """A lost connection carries no SQLSTATE; SQLAlchemy knows it by the driver's own sign."""
    if error.connection_invalidated:
        return True
    state = getattr(error.orig, "sqlstate", None)
    is_lost = isinstance(error, OperationalError) and state is None
    return is_lost or state in TRY_AGAIN
