"""How SQLite's connections are opened and begin their transactions: listeners of all engines."""

from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Dialect, Engine, event

from orders.storage.sqlite.database_files import files_of

# Milliseconds for which SQLite waits for a lock of another program (a backup, a shell).
BUSY_TIMEOUT = 10_000


@event.listens_for(Engine, "do_connect")
def _open(dialect: Dialect, _record: object, arguments: list[Any], options: dict[str, Any]) -> Any:  # noqa: ANN401 - the driver's connection
    """Open an SQLite file, which must exist: SQLite would make an empty one in its place."""
    if dialect.name != "sqlite":
        return None  # as SQLAlchemy does
    [path] = arguments
    address = f"file:{quote(path)}?mode=rw"
    return files_of(path).open(lambda: dialect.connect(address, **options, uri=True))


@event.listens_for(Engine, "connect")
def _prepare(connection: Any, _record: object) -> None:  # noqa: ANN401 - either driver's connection
    """Set the pragmas of a new SQLite connection. PostgreSQL is durable by default."""
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
        "temp_store = MEMORY",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


@event.listens_for(Engine, "begin")
def _begin(connection: Connection) -> None:
    """Send BEGIN to SQLite when SQLAlchemy begins a transaction; GroupWriter sends its own."""
    if connection.dialect.name == "sqlite":
        mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
        if mode:
            connection.exec_driver_sql(f"BEGIN {mode}")
