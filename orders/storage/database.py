"""The database: its engine, reading in one snapshot, writing in one durable transaction.

Nothing here knows Flask. Flask-SQLAlchemy gives each application its engine; the services run Core
statements on connections that `read` and `write` hand out.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, Engine, Executable, Row, event
from sqlalchemy.exc import OperationalError

from orders.rules.errors import ServiceBusy
from orders.storage.models import Base
from orders.storage.writer import GroupWriter, write_alone

T = TypeVar("T")

# Milliseconds for which SQLite waits for a lock that another program holds (a backup, a shell).
BUSY_TIMEOUT = 10_000
# Negative: KiB of page cache for each connection.
CACHE_KIB = -16_000

# The models are plain SQLAlchemy; Flask-SQLAlchemy and the migrations know them by their metadata.
db = SQLAlchemy(metadata=Base.metadata)

# Of each engine, its other self that begins no transactions; both share the connections.
_reading: "WeakKeyDictionary[Engine, Engine]" = WeakKeyDictionary()
_writers: "WeakKeyDictionary[Engine, GroupWriter]" = WeakKeyDictionary()


@contextmanager
def read() -> Iterator[Connection]:
    """Give a connection for reading: all its statements see one state of the database.

    On SQLite readers never wait for the writer and never take its lock. Raises ServiceBusy when the
    database cannot be reached. Statements that change something do not belong here.
    """
    try:
        with _engine().connect() as connection, connection.begin():
            yield connection
    except OperationalError as error:
        raise ServiceBusy("The database cannot be reached. Please try again.") from error


def rows(statement: Executable, parameters: Mapping[str, Any]) -> Sequence[Row[Any]]:
    """Read by one statement, which needs no transaction to see one state of the database.

    Half the time of `read`. A connection that was lost meanwhile is replaced once; then, and when
    the database cannot be reached at all, ServiceBusy is raised.
    """
    engine = _engine()
    if engine not in _reading:
        is_sqlite = engine.dialect.name == "sqlite"
        option = {"sqlite_begin": ""} if is_sqlite else {"isolation_level": "AUTOCOMMIT"}
        _reading[engine] = engine.execution_options(**option)
    for is_last in (False, True):
        try:
            with _reading[engine].connect() as connection:
                return connection.execute(statement, parameters).all()
        except OperationalError as error:
            if is_last or not error.connection_invalidated:
                raise ServiceBusy("The database cannot be reached. Please try again.") from error
    raise AssertionError("unreachable: the second try returns or raises")


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
    writer = _writers.get(engine)
    if writer is None:
        writer = _writers.setdefault(engine, GroupWriter(engine))
    return writer.run(work)


def _engine() -> Engine:
    return db.engine


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
    """Begin a transaction on SQLite: the writer takes the lock at once, one read needs none."""
    if connection.dialect.name == "sqlite":
        mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
        if mode:
            connection.exec_driver_sql(f"BEGIN {mode}")


def close() -> None:
    """End the writing thread and all connections; a later use opens them again."""
    engine = _engine()
    writer = _writers.pop(engine, None)
    if writer is not None:
        writer.close()
    engine.dispose()
