"""Where writes queue (docs/decisions/0002-where-writes-queue.md).

SQLite has one writer at a time, and its own waiting is unfair: a busy process keeps the lock for
itself. So each process has one writing thread that puts all waiting works into one durable
commit, and the processes take turns by a file lock, which the kernel hands out in order.
"""

import fcntl
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, OperationalError

from orders.rules.errors import ServiceBusy

T = TypeVar("T")

CANNOT_WRITE = "The database cannot be written. Please try again."
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

    def __init__(self, work: Callable[[Connection], T]) -> None:
        self.work = work
        self.done = threading.Event()
        self.result: Any = None
        self.error: BaseException | None = None
        self.is_given_up = False

    def run(self, connection: Connection) -> None:
        """Run the work in a savepoint, so that its failure is its own."""
        # By the driver itself: SQLAlchemy's way to a statement costs more than the savepoint.
        driver: Any = connection.connection.driver_connection
        execute = driver.execute
        execute("SAVEPOINT work")
        try:
            self.result, self.error = self.work(connection), None
        except Exception as error:  # noqa: BLE001 - the error belongs to the caller, who gets it
            self.error = error
            execute("ROLLBACK TO work")
        execute("RELEASE work")


class GroupWriter:
    """The one writer of this process for one SQLite database; starts with its first work."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine.execution_options(sqlite_begin="IMMEDIATE")
        self._lock_file = f"{engine.url.database}.writer-lock"
        self._waiting: queue.SimpleQueue[_Job[Any] | None] = queue.SimpleQueue()
        self._start = threading.Lock()
        self._process = 0

    def run(self, work: Callable[[Connection], T]) -> T:
        """Run the work with its neighbours and return its result after their commit."""
        if self._process != os.getpid():
            self._start_thread()
        job = _Job(work)
        self._waiting.put(job)
        if not job.done.wait(PATIENCE):
            job.is_given_up = True
            raise ServiceBusy("The service is busy. Please try again.")
        if isinstance(job.error, OperationalError):
            raise ServiceBusy(CANNOT_WRITE) from job.error
        if job.error is not None:
            raise job.error
        result: T = job.result
        return result

    def _start_thread(self) -> None:
        with self._start:
            if self._process != os.getpid():
                # After a fork the queue of the parent belongs to the parent.
                self._waiting = queue.SimpleQueue()
                threading.Thread(target=self._serve, name="writer", daemon=True).start()
                self._process = os.getpid()

    def close(self) -> None:
        """End the thread after the works that wait already."""
        self._waiting.put(None)

    def _serve(self) -> None:
        while True:
            group = [self._waiting.get()]
            while len(group) < GROUP and not self._waiting.empty():
                group.append(self._waiting.get())
            jobs = [job for job in group if job is not None and not job.is_given_up]
            try:
                with self._turn():
                    self._commit(jobs)
            except Exception as error:  # noqa: BLE001 - the thread must live; each caller is told
                self._fail(jobs, error)
            for job in jobs:
                job.done.set()
            if None in group:
                return

    def _commit(self, jobs: list[_Job[Any]]) -> None:
        """Commit the works together; nobody is acknowledged unless the commit returns."""
        with self._engine.connect() as connection, connection.begin():
            for job in jobs:
                job.run(connection)

    def _fail(self, jobs: list[_Job[Any]], error: Exception) -> None:
        reason: BaseException = error
        # On a full disk SQLite ends the transaction by itself, and the savepoint's end then fails
        # with the driver's own error.
        if isinstance(error, OperationalError | sqlite3.Error | OSError):
            reason = ServiceBusy(CANNOT_WRITE)
            reason.__cause__ = error
        for job in jobs:
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
