"""The database: its engine, consistent reads, and durable writes.

There are three ways to write. `transaction` is the usual one: a `with` block that runs once.
`write` takes a function and retries it where that helps: use it for work that an API client, an
import or a background job should not have to repeat. `insert` only adds new rows, and is the
cheapest. A single statement needs no connection from the caller: see `fetch_all`, `fetch_one`,
`fetch_value` and `execute`.

Flask-SQLAlchemy creates one engine per application. Services run Core statements on the connections
that the functions of this module provide.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, Engine, Executable, text
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from orders.domain.errors import ServiceBusy
from orders.storage.compiled_select import CompiledSelect, Parameters
from orders.storage.models.base import Base
from orders.storage.postgresql import SNAPSHOT, forget_isolated, isolated, rows_of_driver
from orders.storage.postgresql_insert import insert_rows
from orders.storage.sql import NewRows
from orders.storage.sqlite import connections as _sqlite_connections  # noqa: F401 - its listeners
from orders.storage.sqlite import request_lock
from orders.storage.sqlite.batch_insert import BatchInsert, WaitedTooLong
from orders.storage.sqlite.database_files import CANNOT_READ, CANNOT_WRITE, files_of, forget
from orders.storage.sqlite.group_commit import ROWS_WAIT, GroupWriter
from orders.storage.sqlite.open_connections import ConnectionCache
from orders.storage.thread_writes import writes
from orders.storage.unavailable import is_unavailable

__all__ = [
    "CANNOT_READ", "CompiledSelect", "NewRows", "close", "db", "execute", "fetch_all", "fetch_one",
    "fetch_value", "free_pages", "has_trouble", "insert", "read", "rows", "transaction", "write",
    "write_to_disk", "writing_since",
]  # fmt: skip

T = TypeVar("T")

# PostgreSQL: tries of one transaction, and the first pause between them in seconds.
TRIES = 5
PAUSE = 0.05
# SQLSTATEs of transactions that may simply be repeated.
RETRYABLE = {"40001", "40P01", "25P03", "57P01", "57P02", "57P03", "53300"}

# Seconds by the database's clock, which may differ from ours. A session that has done nothing for a
# minute is a forgotten one, or that of a lost machine: it must not stop those who poll.
_OLDEST_WRITE = text(
    "SELECT CAST(extract(epoch FROM max(clock_timestamp() - xact_start)) AS float)"
    " FROM pg_stat_activity"
    " WHERE datname = current_database() AND backend_xid IS NOT NULL"
    " AND backend_type = 'client backend' AND (state NOT LIKE 'idle%'"
    " OR state_change > clock_timestamp() - interval '1 minute')"
)
# Makes the transaction one that `_OLDEST_WRITE` finds.
_BEGIN_TO_WRITE = text("SELECT pg_current_xact_id()")

# The models are plain SQLAlchemy; Flask-SQLAlchemy and the migrations know them by their metadata.
db = SQLAlchemy(metadata=Base.metadata)

# The engine of work without an application context; None for that of the context.
engine_in_use: ContextVar[Engine | None] = ContextVar("engine_in_use", default=None)

_connections: "WeakKeyDictionary[Engine, ConnectionCache]" = WeakKeyDictionary()
_writers: "WeakKeyDictionary[Engine, GroupWriter]" = WeakKeyDictionary()


def _reset() -> None:
    """Forget the connections that a forked child inherits: SQLite's cannot be shared."""
    _connections.clear()
    _writers.clear()


os.register_at_fork(after_in_child=_reset)


@contextmanager
def read() -> Iterator[Connection]:
    """Open a connection for reading, on which all statements see the same state of the database.

    On SQLite, readers never wait for the writer and never take its lock. Raises ServiceBusy if the
    database cannot be reached. Do not run statements here that change data.
    """
    request_lock.release()  # a search may take long, and other requests should not wait for it
    try:
        with isolated(_engine(), SNAPSHOT).connect() as connection, connection.begin():
            yield connection
    except SQLAlchemyError as error:
        _raise_if_unavailable(error, CANNOT_READ)
        raise


def fetch_all(statement: Executable) -> Sequence[Any]:
    """Run one select in a `read` of its own and return its rows, possibly none."""
    with read() as connection:
        return connection.execute(statement).all()


def fetch_one(statement: Executable) -> Any | None:  # noqa: ANN401 - a row of the statement
    """Run one select in a `read` of its own and return its first row, or None without rows."""
    with read() as connection:
        return connection.execute(statement).first()


def fetch_value(statement: Executable) -> Any:  # noqa: ANN401 - a value of the statement
    """Run one select in a `read` of its own and return a single value.

    Returns the first column of the first row, or None if the select has no rows.
    """
    with read() as connection:
        return connection.execute(statement).scalar()


def rows(statement: CompiledSelect, parameters: Parameters) -> Sequence[Any]:
    """Run one compiled select outside of any transaction and return its rows.

    The columns are attributes of a row. `parameters` are the values of the select's `bindparam`s.
    This takes a fraction of the time of `read`. If a PostgreSQL connection turns out to be lost,
    the select runs once more on a new one. Raises ServiceBusy if the database cannot be reached.
    """
    engine = _engine()
    try:
        if engine.dialect.name == "sqlite":
            return _connections_of(engine).rows(statement, parameters)
        found = rows_of_driver(engine, statement, parameters)
        return _rows_on_new_connection(engine, statement, parameters) if found is None else found
    except SQLAlchemyError as error:
        _raise_if_unavailable(error, CANNOT_READ)
        raise


@contextmanager
def transaction() -> Iterator[Connection]:
    """Run the `with` block in one transaction, which is on disk once the block has ended.

    If the block raises an exception, everything is rolled back and the exception propagates. Raises
    ServiceBusy if the database cannot be written in time or the connection is lost; nothing is
    stored then, unless the connection was lost during the commit. Raises RuntimeError inside
    another write of the same thread. The block runs only once: use `write` for changes that must
    survive deadlocks.
    """
    engine = _engine()
    _start_writing()
    try:
        if engine.dialect.name == "sqlite":
            with _writer_of(engine).transaction() as connection:
                yield connection
        else:
            with _with_retries(lambda: _begun(engine)) as connection:
                yield connection
                connection.commit()
        writes.committed += 1
    except SQLAlchemyError as error:
        if _is_retryable(error):
            raise ServiceBusy(CANNOT_WRITE) from error
        _raise_if_unavailable(error, CANNOT_WRITE)
        raise
    finally:
        writes.is_writing = False


def execute(statement: Executable) -> int:
    """Run one insert, update or delete in a `transaction` of its own.

    Returns the number of rows that an update matched or a delete removed. After an insert, the
    number is meaningless.
    """
    with transaction() as connection:
        return connection.execute(statement).rowcount


def write(function: Callable[[Connection], T]) -> T:
    """Run the function in one transaction and return its result once it is on disk.

    On PostgreSQL the function is run again after a deadlock or a lost connection, even if the
    connection was lost during a commit that succeeded. So the function must change nothing but the
    database, and running it twice must do no harm. If the function itself raises an exception, its
    changes are rolled back and the exception propagates. Raises RuntimeError and ServiceBusy as
    `transaction` does.
    """
    engine = _engine()
    _start_writing()
    try:
        if engine.dialect.name == "sqlite":
            result = _writer_of(engine).run(function)
        else:
            result = _write_with_retries(engine, function)
        writes.committed += 1
        return result
    finally:
        writes.is_writing = False


def insert(make_rows: Callable[[], NewRows]) -> None:
    """Insert rows into several tables, all or none; they are on disk afterwards.

    `make_rows` returns the rows of each table, parent tables first. Each row must have every column
    that cannot be null, because defaults are not filled in. If the rows are not there within
    ROWS_WAIT seconds, `make_rows` is called again inside the transaction, so that the times in the
    rows are those of the transaction. On SQLite the rows of many callers are inserted together.
    Raises IntegrityError if a row violates a constraint, which can also happen because a first
    attempt was stored although its connection was lost. Raises RuntimeError and ServiceBusy as
    `transaction` does.
    """

    def insert_late(connection: Connection) -> None:
        BatchInsert(make_rows())(connection)

    engine, asked_at = _engine(), time.monotonic()
    rows = make_rows()
    _start_writing()
    try:
        if engine.dialect.name == "sqlite":
            _writer_of(engine).run(BatchInsert(rows))
        else:
            _write_with_retries(engine, lambda connection: _insert_rows(connection, rows, asked_at))
    except WaitedTooLong:
        if engine.dialect.name == "sqlite":
            _writer_of(engine).run(insert_late)
        else:
            _write_with_retries(engine, lambda connection: _insert_late(connection, make_rows))
    finally:
        writes.is_writing = False
    writes.committed += 1


def writing_since() -> datetime | None:
    """Return when the oldest write that is running now began; None if none is.

    Reads that begin afterwards see what was written before. Raises ServiceBusy.
    """
    engine, now = _engine(), datetime.now(UTC)
    if engine.dialect.name == "sqlite":
        return _writer_of(engine).writing_since()
    try:
        with isolated(engine, "AUTOCOMMIT").connect() as connection:
            seconds = connection.execute(_OLDEST_WRITE).scalar()
    except SQLAlchemyError as error:
        _raise_if_unavailable(error, CANNOT_READ)
        raise
    return None if seconds is None else now - timedelta(seconds=seconds)


def has_trouble() -> bool:
    """Return whether SQLite refused a write of this process just now, or its disk is nearly full.

    Always False on PostgreSQL: its disk is not ours.
    """
    engine = _engine()
    if engine.dialect.name != "sqlite":
        return False
    return _writer_of(engine).failed_lately() or not files_of(str(engine.url.database)).have_room()


def write_to_disk(connection: Connection) -> None:
    """Make SQLite write a page with this transaction, which it does not for equal values."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA user_version = {int(time.monotonic() * 1000) % 2**31}")


def free_pages() -> bool:
    """Remove what deleted and changed rows leave in SQLite's file and log; return whether it did.

    It copies the whole database, and writes wait meanwhile. Returns False if the log could not be
    emptied, because someone read for too long. On PostgreSQL this is left to its own vacuum.
    Raises ServiceBusy if the database cannot be written, or there is no room for the copy.
    """
    engine = _engine()
    request_lock.release()
    return engine.dialect.name != "sqlite" or _writer_of(engine).free_pages()


def close() -> None:
    """Close all connections of the current engine; the next statement opens new ones."""
    engine = _engine()
    forget_isolated(engine)
    writer = _writers.pop(engine, None)
    if writer is not None:
        writer.close()
    connections = _connections.pop(engine, None)
    if connections is not None:
        connections.close()
    engine.dispose()
    forget(str(engine.url.database))


def _rows_on_new_connection(
    engine: Engine, statement: CompiledSelect, parameters: Parameters
) -> Sequence[Any]:
    with isolated(engine, "AUTOCOMMIT").connect() as connection:
        return statement.rows(connection, parameters)


def _start_writing() -> None:
    """Mark this thread as writing, or raise RuntimeError if it already is, or may only read.

    A write inside another write of the same thread would wait for itself on SQLite.
    """
    if writes.is_reading:
        raise RuntimeError("a write in a function that may read from a replica")
    if writes.is_writing:
        raise RuntimeError("a write inside another write: pass its connection instead")
    writes.is_writing = True


def _write_with_retries(engine: Engine, function: Callable[[Connection], T]) -> T:
    """Run the function in a transaction, retrying after transient errors, and return its result."""

    def run() -> T:
        with engine.connect() as connection, connection.begin():
            return function(connection)

    return _with_retries(run)


def _with_retries(run: Callable[[], T]) -> T:
    for attempt in range(1, TRIES + 1):
        try:
            return run()
        except SQLAlchemyError as error:
            if not _is_retryable(error):
                _raise_if_unavailable(error, CANNOT_WRITE)
                raise
            if attempt == TRIES:
                raise ServiceBusy(CANNOT_WRITE) from error
            time.sleep(PAUSE * 2**attempt)
    raise AssertionError("unreachable: the last attempt returns or raises")


def _raise_if_unavailable(error: SQLAlchemyError, sentence: str) -> None:
    """Raise ServiceBusy with this sentence if the error means that the database is away."""
    if is_unavailable(error):
        raise ServiceBusy(sentence) from error


def _is_retryable(error: SQLAlchemyError) -> bool:
    """Return whether a transaction that failed with this error may succeed if it is run again.

    True for a lost connection, which has no SQLSTATE, and for the SQLSTATEs in RETRYABLE.
    """
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    state = getattr(error.orig, "sqlstate", None)
    is_lost = isinstance(error, OperationalError) and state is None
    return is_lost or state in RETRYABLE


def _begun(engine: Engine) -> Connection:
    """Return a new connection in a transaction, after testing it with a first statement."""
    connection = engine.connect()
    try:
        connection.exec_driver_sql("SELECT 1")
    except BaseException:
        connection.close()
        raise
    return connection


def _insert_rows(connection: Connection, rows: NewRows, asked_at: float) -> None:
    """Insert rows; raise WaitedTooLong unless that is done within ROWS_WAIT after `asked_at`."""
    insert_rows(connection, rows)
    # Only after its first statement does PostgreSQL show that the transaction writes.
    if time.monotonic() - asked_at > ROWS_WAIT:
        raise WaitedTooLong


def _insert_late(connection: Connection, make_rows: Callable[[], NewRows]) -> None:
    connection.execute(_BEGIN_TO_WRITE)
    insert_rows(connection, make_rows())


def _engine() -> Engine:
    return engine_in_use.get() or db.engine


def _writer_of(engine: Engine) -> GroupWriter:
    return _writers.get(engine) or _writers.setdefault(engine, GroupWriter(engine))


def _connections_of(engine: Engine) -> ConnectionCache:
    return _connections.get(engine) or _connections.setdefault(engine, ConnectionCache(engine))
