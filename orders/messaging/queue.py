"""The clock of the deliveries: wakes whoever sends, now or at a time.

What is to be sent stands in the database, and nowhere else. The queue only says "look": a wake-up
that is lost costs a minute, until the next sweep, and one too many costs a query. So it holds one
at a time, however many orders come in while nobody sends.
"""

import json
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from huey import Huey, crontab
from huey.consumer import Consumer
from huey.registry import Message
from huey.serializer import Serializer
from huey.storage import BaseSqlStorage, PostgresStorage, SqliteStorage
from sqlalchemy import Engine

from orders.storage.database import db

log = logging.getLogger(__name__)

# Seconds for which a wake-up may wait for another process's before it is left to the sweep.
PATIENCE = 2
# The sweep comes each minute: a later wake-up need not be kept in the queue.
SWEEP = timedelta(minutes=1)
# Seconds between two looks into a queue that does not call by itself (SQLite's).
LOOK_EVERY = 0.5
NAME = "deliveries"
# The same after a failure of the database that holds the queue.
LONGEST_PAUSE = 10.0
# Two processes that make the queue's tables at the same moment hinder each other once.
START_TRIES = 3
START_PAUSE = 0.2  # seconds


class _NamesOnly(Serializer):
    """Writes a task as its ID, name and time: no task of ours has arguments.

    The library would pickle it, and then whoever can write to the queue could run any code here.
    """

    def _serialize(self, data: Message) -> bytes:
        eta = None if data.eta is None else data.eta.isoformat()
        return json.dumps([data.id, data.name, eta]).encode()

    def _deserialize(self, data: bytes) -> Message:
        task_id, name, eta = json.loads(bytes(data))
        return Message(
            id=task_id,
            name=name,
            eta=None if eta is None else datetime.fromisoformat(eta),
            retries=0,
            retry_delay=0,
            args=(),
            kwargs={},
        )


class _SqliteStorage(SqliteStorage):
    """A file beside the database. It may lose its last wake-ups with the power, nothing more."""

    def _create_connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection = super()._create_connection()
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection


class Queue:
    """The queue that belongs to a database."""

    def __init__(self, engine: Engine) -> None:
        """Open the queue; its tables are made when they are not there."""
        self._huey = _huey_for(engine)
        self._look: Callable[[], None] = _nobody_looks
        self._task = self._huey.task(name="look")(self._run)
        self._huey.periodic_task(crontab(), name="sweep")(self._run)
        # PostgreSQL's has a connection for each thread, which ends with it.
        self._huey.on_shutdown(name="close")(self.close)
        self._closing = threading.Lock()  # the storage closes badly in two threads at once

    def wake(self, after: timedelta = timedelta(0)) -> None:
        """Let somebody look for due deliveries, at once or after a while."""
        if after > SWEEP:
            return
        if after > timedelta(0):
            # Not by way of the queue: it would pass there for a wake-up that is heard at once.
            self._huey.add_schedule(self._task.s(delay=after))
        # Whoever takes the one that waits will look after this moment: one is enough.
        elif self._huey.pending_count() == 0:
            self._task()

    def consumer(self, look: Callable[[], None], threads: int) -> Consumer:
        """Give what calls `look` in threads of this process: at every wake-up and each minute.

        It is not started yet, and leaves the process's signals alone.
        """
        self._look = look
        pause = LONGEST_PAUSE if self._huey.storage.blocking else LOOK_EVERY
        return _QuietConsumer(self._huey, workers=threads, max_delay=pause)

    def close(self) -> None:
        """Close the connections of the queue that this thread uses; a later use opens them."""
        with self._closing:
            self._huey.storage.close()

    def _run(self) -> None:
        self._look()


def wake(after: timedelta = timedelta(0)) -> None:
    """Say, after the commit, that deliveries were written; needs an application context.

    Never fails and never waits long: what is not said now is found by the sweep.
    """
    try:
        _queue_of(db.engine).wake(after)
    except Exception as error:  # noqa: BLE001 - the order is stored, whatever is wrong with the queue
        log.warning("The queue of the deliveries cannot be reached: %s", type(error).__name__)


def consumer(look: Callable[[], None], threads: int) -> Consumer:
    """Give the consumer of the database's queue, see `Queue.consumer`."""
    return _queue_of(db.engine).consumer(look, threads)


def close() -> None:
    """Close the queue of the database; a later use opens it again."""
    queue = _queues.pop(db.engine, None)
    if queue is not None:
        queue.close()


class _QuietConsumer(Consumer):
    """A consumer that is stopped by its owner: the process's signals are not its business."""

    def _set_signal_handlers(self) -> None:
        pass


_queues: "WeakKeyDictionary[Engine, Queue]" = WeakKeyDictionary()
_left_behind: list[Queue] = []


def _forget() -> None:
    """Let a forked process open connections of its own; those of its parent it must not close."""
    _left_behind.extend(_queues.values())
    _queues.clear()


os.register_at_fork(after_in_child=_forget)


def _queue_of(engine: Engine) -> Queue:
    queue = _queues.get(engine)
    return queue if queue is not None else _queues.setdefault(engine, Queue(engine))


def _nobody_looks() -> None:
    raise AssertionError("unreachable: only a consumer runs tasks")


def _huey_for(engine: Engine) -> Huey:
    storage, name, options = _storage_for(engine)
    for is_last in (*[False] * (START_TRIES - 1), True):
        try:
            return Huey(
                name, results=False, storage_class=storage, serializer=_NamesOnly(), **options
            )
        except (sqlite3.Error, psycopg.Error):
            if is_last:
                raise
            time.sleep(START_PAUSE)
    raise AssertionError("unreachable: the last try returns or raises")


def _storage_for(engine: Engine) -> tuple[type[BaseSqlStorage], str, dict[str, Any]]:
    """Give the kind of storage, the queue's name in it, and how to open it."""
    if engine.dialect.name != "sqlite":
        return PostgresStorage, NAME, {"connection": lambda: _connect(engine)}
    file = Path(str(engine.url.database))
    options = {
        "filename": str(file.with_name("queue.sqlite3")),
        "timeout": PATIENCE,
        "cache_mb": 0,
    }
    # Two databases in one folder share the file, and no wake-ups.
    return _SqliteStorage, f"{NAME} of {file.name}", options


def _connect(engine: Engine) -> psycopg.Connection[Any]:
    """Open a connection as the engine does, whose commits need not be on disk at once."""
    arguments, options = engine.dialect.create_connect_args(engine.url)
    connection = psycopg.connect(*arguments, **{"connect_timeout": PATIENCE, **options})
    connection.execute("SET synchronous_commit TO off")
    connection.commit()
    return connection
