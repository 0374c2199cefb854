"""The database: its engine, reading in one snapshot, writing in one durable transaction.

Nothing here knows Flask. Flask-SQLAlchemy gives each application its engine; the services run Core
statements on connections that `read` and `write` hand out.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import OperationalError

from orders import turns
from orders.rules.errors import ServiceBusy
from orders.rules.texts import mark
from orders.storage.base import Base
from orders.storage.insertion import Insertion, NewRows, insert_rows
from orders.storage.prepared import Parameters, Prepared
from orders.storage.readers import Readers
from orders.storage.writer import GroupWriter, write_alone

T = TypeVar("T")

# Milliseconds for which SQLite waits for a lock that another program holds (a backup, a shell).
BUSY_TIMEOUT = 10_000
# Negative: KiB of page cache for each connection.
CACHE_KIB = -16_000

CANNOT_READ = mark("The database cannot be reached. Please try again.")

# The models are plain SQLAlchemy; Flask-SQLAlchemy and the migrations know them by their metadata.
db = SQLAlchemy(metadata=Base.metadata)

_readers: "WeakKeyDictionary[Engine, Readers]" = WeakKeyDictionary()
_writers: "WeakKeyDictionary[Engine, GroupWriter]" = WeakKeyDictionary()
_side_by_side: "WeakKeyDictionary[Engine, Engine]" = WeakKeyDictionary()


def _forget() -> None:
    """Let a forked process open connections of its own: SQLite's must not be shared."""
    _readers.clear()
    _writers.clear()


os.register_at_fork(after_in_child=_forget)


@contextmanager
def read() -> Iterator[Connection]:
    """Give a connection for reading: all its statements see one state of the database.

    On SQLite readers never wait for the writer and never take its lock. Raises ServiceBusy when the
    database cannot be reached. Statements that change something do not belong here.
    """
    turns.give()  # a search may take long, and nobody else should wait for it
    try:
        with _engine().connect() as connection, connection.begin():
            yield connection
    except OperationalError as error:
        raise ServiceBusy(CANNOT_READ) from error


def rows(statement: Prepared, parameters: Parameters) -> Sequence[Any]:
    """Read by one statement, which needs no transaction to see one state of the database.

    A fraction of the time of `read`. A connection that was lost meanwhile is replaced once; then,
    and when the database cannot be reached at all, ServiceBusy is raised.
    """
    engine = _engine()
    if engine.dialect.name == "sqlite":
        try:
            return _readers_of(engine).rows(statement, parameters)
        except OperationalError as error:
            raise ServiceBusy(CANNOT_READ) from error
    for is_last in (False, True):
        try:
            with _side_by_side_of(engine).connect() as connection:
                return statement.rows(connection, parameters)
        except OperationalError as error:
            if is_last or not error.connection_invalidated:
                raise ServiceBusy(CANNOT_READ) from error
    raise AssertionError("unreachable: the last try returns or raises")


def write(work: Callable[[Connection], T]) -> T:
    """Run `work` in one transaction and return its result once it is on disk.

    `work` may run more than once (on a lost connection, or when a neighbour in its group fails), so
    it changes nothing but the database, and a repeat after a commit whose answer was lost must do
    no harm. Its own exception rolls its changes back and is raised here. Raises ServiceBusy when
    the database cannot be written in time.
    """
    engine = _engine()
    if engine.dialect.name != "sqlite":
        return write_alone(engine, work)
    return _writer_of(engine).run(work)


def insert(rows: NewRows) -> None:
    """Insert rows of several tables, parents first, all or none; returns once they are on disk.

    The cheap way to write: on SQLite the rows of many callers go in together. Each row names every
    column that must not be null; defaults are not filled in. Raises IntegrityError when a row
    contradicts what is stored, and ServiceBusy as `write` does. After a commit whose answer was
    lost the rows may be stored although IntegrityError is raised.
    """
    engine = _engine()
    if engine.dialect.name == "sqlite":
        _writer_of(engine).run(Insertion(rows))
    else:
        write_alone(engine, lambda connection: insert_rows(connection, rows))


def _engine() -> Engine:
    return db.engine


def _writer_of(engine: Engine) -> GroupWriter:
    writer = _writers.get(engine)
    return writer if writer is not None else _writers.setdefault(engine, GroupWriter(engine))


def _side_by_side_of(engine: Engine) -> Engine:
    """Give the engine's other self, whose statements begin no transactions."""
    if engine not in _side_by_side:
        _side_by_side[engine] = engine.execution_options(isolation_level="AUTOCOMMIT")
    return _side_by_side[engine]


def _readers_of(engine: Engine) -> Readers:
    readers = _readers.get(engine)
    return readers if readers is not None else _readers.setdefault(engine, Readers(engine))


@event.listens_for(Engine, "connect")
def _prepare(connection: Any, _record: object) -> None:  # noqa: ANN401 - either driver's connection
    """Make a new SQLite connection durable and fair; PostgreSQL is both by itself."""
    if not type(connection).__module__.startswith("sqlite3"):
        return
    # The driver's own BEGIN would be deferred; transactions are begun below.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout = {BUSY_TIMEOUT}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        f"cache_size = {CACHE_KIB}",
        "temp_store = MEMORY",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


@event.listens_for(Engine, "begin")
def _begin(connection: Connection) -> None:
    """Begin a transaction on SQLite for everyone but the writer, who begins by itself."""
    if connection.dialect.name == "sqlite":
        mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
        if mode:
            connection.exec_driver_sql(f"BEGIN {mode}")


def close() -> None:
    """Close all connections; a later use opens them again."""
    engine = _engine()
    _side_by_side.pop(engine, None)
    writer = _writers.pop(engine, None)
    if writer is not None:
        writer.close()
    readers = _readers.pop(engine, None)
    if readers is not None:
        readers.close()
    engine.dispose()
