"""SQLite connections that stay open for single selects, past SQLAlchemy's pool."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Engine, PoolProxiedConnection
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect
from sqlalchemy.exc import DBAPIError

from orders.storage.compiled_select import CompiledSelect, Parameters

_SQLITE = sqlite_dialect(paramstyle="named")


class ConnectionCache:
    """Keeps SQLite connections open for single selects, as many as were ever in use at one time.

    Reusing one costs less than the bookkeeping of SQLAlchemy's pool.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._free: list[tuple[PoolProxiedConnection, Any]] = []
        self._is_closed = False

    def rows(self, statement: CompiledSelect, parameters: Parameters) -> Sequence[Any]:
        """Run one select outside of any transaction and return its rows."""
        try:
            borrowed = self._free.pop()
        except IndexError:
            borrowed = self._open()
        try:
            found = statement.rows_of_driver(borrowed[1], _SQLITE, parameters)
        except BaseException as error:
            borrowed[0].close()
            if isinstance(error, sqlite3.Error):
                raise sqlalchemy_error(statement.text(_SQLITE), error) from error
            raise
        if self._is_closed:
            borrowed[0].close()
        else:
            self._free.append(borrowed)
        return found

    def close(self) -> None:
        """Close all connections; one that is in use is closed after its select."""
        self._is_closed = True
        while self._free:
            self._free.pop()[0].close()

    def _open(self) -> tuple[PoolProxiedConnection, Any]:
        try:
            proxy = self._engine.raw_connection()
        except sqlite3.Error as error:
            raise sqlalchemy_error("", error) from error
        driver = proxy.driver_connection
        # From now on the pool neither counts it nor waits for it.
        proxy.detach()
        return proxy, driver


def driver_of(connection: Connection) -> sqlite3.Connection:
    """Return the SQLite driver's connection that an SQLAlchemy connection uses."""
    driver: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]  # on SQLite it is
    return driver


def sqlalchemy_error(text: str, error: sqlite3.Error) -> BaseException:
    """Return the SQLAlchemy exception for a driver error raised by the SQL statement `text`.

    The exception does not contain the bound values.
    """
    return DBAPIError.instance(text, None, error, sqlite3.Error, hide_parameters=True)
