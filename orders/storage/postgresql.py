"""How PostgreSQL's connections are opened, also through PgBouncer, and what may not take long.

In PgBouncer's transaction mode each transaction may have another session of the server. So nothing
may be kept in a session: no prepared statements, and no settings.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, ExceptionContext, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError

from orders.storage.compiled_select import CompiledSelect, Parameters

# Seconds to wait for a server that does not answer at all, unless DATABASE_URL has connect_timeout.
CONNECT = 5
# Seconds after which a server that stops responding, such as after a cut cable, counts as lost.
GONE = 15
# SQLSTATE of a write on a server that has become a standby, or whose administrator allows none.
READ_ONLY = "25006"
# The class of SQLSTATEs of values that do not fit.
DATA_EXCEPTION = "22"


# The isolation level in which all statements of a transaction see the same state.
SNAPSHOT = "REPEATABLE READ"
# Connections beside those that a process keeps, closed after use.
MOST_MORE = 5

_isolated: "WeakKeyDictionary[Engine, dict[str, Engine]]" = WeakKeyDictionary()


def isolated(engine: Engine, level: str) -> Engine:
    """Return the engine with an isolation level; on SQLite, whose transactions have one, itself."""
    if engine.dialect.name == "sqlite":
        return engine
    engines = _isolated.setdefault(engine, {})
    if level not in engines:
        engines[level] = engine.execution_options(isolation_level=level)
    return engines[level]


def forget_isolated(engine: Engine) -> None:
    """Forget what `isolated` has returned for an engine that is closed."""
    _isolated.pop(engine, None)


def engine_options(kept: int) -> dict[str, Any]:
    """Return the options of an engine that keeps `kept` connections.

    Its errors are logged: never with what was stored.
    """
    return {"hide_parameters": True, "pool_size": kept, "max_overflow": MOST_MORE}


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """Seconds for a statement, for a lock, and for a transaction without a statement; 0: any."""

    statement: int
    lock: int
    idle: int

    @property
    def values(self) -> dict[str, int]:
        """PostgreSQL's settings in milliseconds, by their names."""
        return {
            "statement_timeout": self.statement * 1000,
            "lock_timeout": self.lock * 1000,
            "idle_in_transaction_session_timeout": self.idle * 1000,
        }


def prepare(
    engine: Engine, limits: TimeLimits, *, patience: int = CONNECT, gone: int = GONE
) -> None:
    """Let the new connections of a PostgreSQL engine have these limits, also behind PgBouncer.

    `patience` is the number of seconds to wait for a server that does not answer a new connection,
    and `gone` for one that has acknowledged nothing on an open one.
    """
    values = limits.values.items()
    for_session = "; ".join(f"SET SESSION {name} = {value}" for name, value in values)
    for_transaction = "; ".join(f"SET LOCAL {name} = {value}" for name, value in values)

    def open_in_time(
        dialect: Any,  # noqa: ANN401 - of the driver
        _record: object,
        arguments: tuple[Any, ...],
        options: dict[str, Any],
    ) -> DBAPIConnection:
        options.setdefault("connect_timeout", patience)
        options.setdefault("tcp_user_timeout", gone * 1000)
        options.setdefault("keepalives_idle", max(gone // 3, 1))
        options.setdefault("keepalives_interval", max(gone // 3, 1))
        # A database without an encoding gives bytes otherwise; a start refuses it.
        options.setdefault("client_encoding", "utf8")
        try:
            connection: DBAPIConnection = dialect.connect(*arguments, **options)
        except OSError as error:  # no descriptor is left; the driver lets it pass
            raise dialect.loaded_dbapi.OperationalError(str(error)) from error
        return connection

    def connected(driver: Any, record: Any) -> None:  # noqa: ANN401 - psycopg's, and the pool's
        [process] = driver.execute("SELECT pg_backend_pid()").fetchone()
        # A pooler makes up the process that it names to its clients.
        record.info["is_pooled"] = process != driver.info.backend_pid
        if record.info["is_pooled"]:
            driver.prepare_threshold = None
        else:
            driver.execute(for_session)
        driver.commit()

    def begun(connection: Connection) -> None:
        options = connection.get_execution_options()
        if connection.info["is_pooled"] and options.get("isolation_level") != "AUTOCOMMIT":
            connection.exec_driver_sql(for_transaction)

    def failed(context: ExceptionContext) -> None:
        # Another server has taken this one's place: the connections to it are of no more use.
        if getattr(context.original_exception, "sqlstate", None) == READ_ONLY:
            context.is_disconnect = True

    event.listen(engine, "do_connect", open_in_time)
    event.listen(engine, "handle_error", failed)
    event.listen(engine, "handle_error", _leave_out_values)
    event.listen(engine, "connect", connected)
    event.listen(engine, "reset", _begin_transactions_again)
    event.listen(engine, "begin", begun)


def _begin_transactions_again(driver: Any, _record: object, _state: object) -> None:  # noqa: ANN401 - psycopg's
    """Set back what `rows_of_driver` has set; the pool closes a connection for which this fails."""
    if driver.autocommit:
        driver.autocommit = False


def rows_of_driver(
    engine: Engine, statement: CompiledSelect, parameters: Parameters
) -> Sequence[Any] | None:
    """Run a compiled select by the driver, outside of any transaction, and return its rows.

    SQLAlchemy's own way to such a connection takes as long as the select. Returns None if the
    connection turned out to be lost; all connections of the pool from before are closed then.
    Raises SQLAlchemy's exceptions.
    """
    dialect, pooled = engine.dialect, None
    errors = dialect.loaded_dbapi.Error
    try:
        pooled = engine.raw_connection()
        driver: Any = pooled.driver_connection
        driver.autocommit = True  # until it is back in the pool
        return statement.rows_of_driver(driver, dialect, parameters)
    except errors as error:
        if pooled is not None and driver.closed:
            engine.pool._invalidate(pooled, error)  # as SQLAlchemy does
            return None
        said, text = _without_values(error), statement.text(dialect)
        wrapped = DBAPIError.instance(text, None, error, errors, hide_parameters=True)
        if said is not None:
            wrapped.args = (said,)
        raise wrapped from error
    finally:
        if pooled is not None and pooled.is_valid:
            pooled.close()


def _leave_out_values(context: ExceptionContext) -> None:
    said = _without_values(context.original_exception)
    if said is not None and context.sqlalchemy_exception is not None:
        context.sqlalchemy_exception.args = (said,)


def _without_values(error: BaseException) -> str | None:
    """Shorten the server's message, because errors are logged, and return it with its class.

    Below its first line, it quotes the row or key; of a value that it cannot read, in the first.
    Returns None if the error is not from the server.
    """
    state, diagnosis = getattr(error, "sqlstate", None), getattr(error, "diag", None)
    if state is None or diagnosis is None:
        return None
    said = f"SQLSTATE {state}"
    if not state.startswith(DATA_EXCEPTION) and diagnosis.message_primary:
        said = f"{diagnosis.message_primary} ({said})"
    error.args = (said,)
    return f"({type(error).__name__}) {said}"
