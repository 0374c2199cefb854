"""Reads from a replica of PostgreSQL that are as fresh as reads from the primary.

A replica repeats what the primary has written, a little later. So a function reads from it only if
it has repeated all that was committed before the function began. Otherwise, and while the replica
is away, the function reads from the primary: people always see their own writes, on any machine.
"""

import functools
import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DisconnectionError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from orders.domain.errors import ServiceBusy
from orders.measurements import Measured, report
from orders.storage.database import CANNOT_READ, db, engine_in_use
from orders.storage.postgresql import TimeLimits, engine_options, isolated, prepare
from orders.storage.thread_writes import writes
from orders.storage.unavailable import reason_of

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

# Seconds to wait until the replica has repeated what was committed.
PATIENCE = 0.1
# Seconds without another look at a replica that was late, and at one that was away.
LATE_PAUSE, AWAY_PAUSE = 1.0, 5.0
CONNECT = 2  # seconds to wait for its server, also on an open connection
CURRENT, LATE, AWAY = "current", "late", "away"  # states of a replica
# SQLSTATEs: of a statement that took too long, and of one that stood in the way of the replay.
CANCELED, CONFLICT = "57014", "40001"

# How far the primary has written, and the file of the write-ahead log for that. Another
# transaction's commit may be seen before it is on disk if commits do not wait for that.
_WRITTEN = text(
    "SELECT CAST(lsn AS text), pg_walfile_name(lsn) FROM (SELECT"
    " CASE current_setting('synchronous_commit') WHEN 'off' THEN pg_current_wal_insert_lsn()"
    " ELSE pg_current_wal_flush_lsn() END AS lsn) AS written"
)
# Null once the replica has become a primary.
_HAS_REPEATED = text(
    "SELECT CASE WHEN pg_is_in_recovery()"
    " THEN pg_last_wal_replay_lsn() >= CAST(:written AS pg_lsn) END"
)
# Replicas have the number of the cluster that they were copied from.
_IDENTITY = text("SELECT system_identifier, current_database() FROM pg_control_system()")
_IS_REPLICA = text("SELECT pg_is_in_recovery()")
# Positions in the log can be compared on the same timeline only. What the control file says may be
# older than the truth, never newer.
_TIMELINE = text(
    "SELECT greatest(timeline_id, min_recovery_end_timeline)"
    " FROM pg_control_checkpoint(), pg_control_recovery()"
)
_SERVER = text("SELECT inet_server_addr(), inet_server_port(), pg_postmaster_start_time()")

_replicas: "WeakKeyDictionary[Engine, Replica]" = WeakKeyDictionary()
NO_STANDBY = "DATABASE_READ_URL names a server that is not a standby."
OTHER_TIMELINE = "The standby in DATABASE_READ_URL does not follow the primary (timeline)."


class NoReplica(Exception):  # noqa: N818 - named as the other errors
    """What DATABASE_READ_URL names is no replica of the database; the text says why."""


def use_replica(primary: Engine, url: str, limits: TimeLimits, *, kept: int) -> "Replica":
    """Let functions that are `from_replica` read from the database at `url`.

    A process keeps `kept` connections to it. Nothing is connected yet.
    """
    engine = create_engine(url, **engine_options(kept))
    prepare(engine, limits, patience=CONNECT, gone=CONNECT)
    replica = _replicas.setdefault(primary, Replica(primary, engine))
    event.listen(primary, "engine_disposed", lambda _: replica.close())
    return replica


def from_replica(function: Callable[P, T]) -> Callable[P, T]:
    """Let what a function reads come from the replica, if there is one that is up to date.

    The function must not write: RuntimeError. If the replica goes away meanwhile, or cancels what
    conflicts with its replay, the function is called again, and reads from the primary.
    """

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        if writes.is_reading:  # inside another such function
            return function(*args, **kwargs)
        writes.is_reading = True
        try:
            replica = None if writes.is_writing else _replicas.get(engine_in_use.get() or db.engine)
            if replica is not None and replica.is_current():
                try:
                    return replica.call(function, *args, **kwargs)
                except ServiceBusy as error:
                    replica.take_note(error)
            return function(*args, **kwargs)
        finally:
            writes.is_reading = False

    return run


@dataclass
class _Asking:
    """A thread that waits for an answer of the replica: since when, and on which connection."""

    since: float
    driver: Any = None


class Replica:
    """The replica of a primary, and whether it can be read now."""

    def __init__(self, primary: Engine, engine: Engine) -> None:
        """Take the engines of both; nothing is connected yet."""
        self.engine = engine
        self._primary = primary
        self._driver: Any = engine.dialect.loaded_dbapi
        # Whether it was there, and a replica, when it was last used; and of which server.
        self._is_known = False
        self._server: tuple[Any, ...] | None = None
        self._timeline = 0
        self._next_look = 0.0
        self._is_looking = threading.Lock()
        self._asking: dict[int, _Asking] = {}  # by thread
        self._left = 0  # how often it was left: connections from before are not used again
        event.listen(engine, "connect", self._connected)
        event.listen(engine, "checkout", self._checked_out)

    def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function whose reads come from the replica. Raises what the function raises."""
        before = engine_in_use.set(self.engine)
        try:
            return function(*args, **kwargs)
        finally:
            engine_in_use.reset(before)

    def is_current(self) -> bool:
        """Return whether reads that begin now see all that is committed.

        Waits at most PATIENCE seconds for that. A replica that is away is left alone until a thread
        has found it again, and one that does not answer until those who have asked it get their
        answer. Raises ServiceBusy if the primary cannot be reached.
        """
        outcome = self._outcome()
        report(Measured.REPLICA, 1, outcome)
        return outcome == CURRENT

    def _outcome(self) -> str:
        now = time.monotonic()
        if now < self._next_look or not self._answers(now):
            return LATE if self._is_known else AWAY
        if not self._is_known:
            self._begin_to_look()
            return AWAY
        written, timeline = self._ask_primary()
        asking = self._asking[threading.get_ident()] = _Asking(time.monotonic())
        try:
            with isolated(self.engine, "AUTOCOMMIT").connect() as connection:
                asking.driver = connection.connection.driver_connection
                if self._has_repeated(connection, written, timeline):
                    return CURRENT
        except (NoReplica, SQLAlchemyError) as error:
            self._leave(error)
            return AWAY
        finally:
            del self._asking[threading.get_ident()]
        self._next_look = time.monotonic() + LATE_PAUSE
        return LATE

    def _answers(self, now: float) -> bool:
        """Return whether nobody waits long for its answer; let go of those who wait too long.

        A server that is frozen still holds its connections.
        """
        waiting = [(one.driver, now - one.since) for one in list(self._asking.values())]
        for driver, seconds in waiting:
            if driver is not None and seconds > AWAY_PAUSE:
                with (
                    suppress(OSError, self._driver.Error),
                    socket.socket(fileno=os.dup(driver.fileno())) as own,
                ):
                    own.shutdown(socket.SHUT_RDWR)
        return all(seconds < 2 * PATIENCE for _, seconds in waiting)

    def _ask_primary(self) -> tuple[str, int]:
        """Return how far the primary has written, and its timeline. Raises ServiceBusy."""
        for is_last in (False, True):
            try:
                with isolated(self._primary, "AUTOCOMMIT").connect() as connection:
                    written, file = connection.execute(_WRITTEN).one()
                    return written, int(file[:8], 16)
            except SQLAlchemyError as error:  # other connections may be good ones
                if is_last or not getattr(error, "connection_invalidated", False):
                    raise ServiceBusy(CANNOT_READ) from error
        raise AssertionError("unreachable: the last try returns or raises")

    def _has_repeated(self, connection: Connection, written: str, timeline: int) -> bool:
        if timeline != self._timeline:
            raise NoReplica(OTHER_TIMELINE)
        ends, pause = time.monotonic() + PATIENCE, 0.001
        while True:
            has_repeated = connection.execute(_HAS_REPEATED, {"written": written}).scalar_one()
            if has_repeated is None:
                raise NoReplica(NO_STANDBY)
            if has_repeated or time.monotonic() > ends:
                return bool(has_repeated)
            time.sleep(pause)
            pause *= 2

    def take_note(self, error: ServiceBusy) -> None:
        """Take note that a function could not read. Raises the error if the primary would not help.

        A statement that takes too long is at fault, and not the replica; it would be canceled once
        more. What conflicts with the replay is canceled by a replica that goes on.
        """
        state = getattr(getattr(error.__cause__, "orig", None), "sqlstate", None)
        if state == CANCELED:
            raise error
        if state != CONFLICT:
            self._leave(error)

    def _leave(self, error: Exception) -> None:
        if self._is_known:
            log.warning("The replica cannot be read; the primary is: %s", reason_of(error))
        self._forget()

    def _forget(self) -> None:
        self._is_known, self._server = False, None
        self._left += 1
        self._next_look = time.monotonic() + AWAY_PAUSE

    def close(self) -> None:
        """Close all connections; the next read opens new ones."""
        has_waited = self._is_looking.acquire(timeout=2 * CONNECT)  # for the thread that looks
        self.engine.dispose()
        if has_waited:
            self._is_looking.release()

    def check(self) -> None:
        """Raise NoReplica if it is not a replica of the primary.

        Raises SQLAlchemyError or ServiceBusy if one of them is away.
        """
        with isolated(self.engine, "AUTOCOMMIT").connect() as connection:
            if not connection.execute(_IS_REPLICA).scalar_one():
                raise NoReplica(NO_STANDBY)
            own = tuple(connection.execute(_IDENTITY).one())
            timeline = connection.execute(_TIMELINE).scalar_one()
            server = tuple(connection.execute(_SERVER).one())
        with isolated(self._primary, "AUTOCOMMIT").connect() as connection:
            primary = tuple(connection.execute(_IDENTITY).one())
        if own != primary:
            raise NoReplica("DATABASE_READ_URL names a standby of another database.")
        if timeline != self._ask_primary()[1]:
            raise NoReplica(OTHER_TIMELINE)
        self._server, self._timeline = server, timeline
        self._is_known = True  # last: other threads look at it first

    def _connected(self, driver: Any, record: ConnectionPoolEntry) -> None:  # noqa: ANN401 - psycopg's
        """Refuse a connection to another server than the one that was checked."""
        record.info["left"] = self._left
        server = driver.execute(_SERVER.text).fetchone()
        driver.commit()
        if self._server is not None and server != self._server:
            driver.close()
            raise self._driver.OperationalError("the address leads to another server than before")

    def _checked_out(
        self, _driver: object, record: ConnectionPoolEntry, _proxy: PoolProxiedConnection
    ) -> None:
        if record.info["left"] != self._left:
            raise DisconnectionError  # the pool opens another one in its place

    def _begin_to_look(self) -> None:
        if self._is_looking.acquire(blocking=False):
            try:
                threading.Thread(target=self._look, daemon=True, name="replica").start()
            except RuntimeError:  # no thread can be started
                self._next_look = time.monotonic() + AWAY_PAUSE
                self._is_looking.release()

    def _look(self) -> None:
        try:
            is_first = not self._next_look
            self.check()
            log.info("Lists and searches are read from the replica.")
        except (NoReplica, ServiceBusy, SQLAlchemyError) as error:
            if is_first:  # it is not said again
                log.warning("The replica is not used: %s", reason_of(error))
            self._forget()
        finally:
            self._is_looking.release()
