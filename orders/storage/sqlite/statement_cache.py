"""Selects on hot paths: compiled once, and run by SQLite's driver on connections that stay open.

SQLite answers in microseconds, but SQLAlchemy takes several times as long to prepare a statement
and convert its result (docs/decisions/0009-the-driver-itself-on-sqlite.md). The statement is still
written as an SQLAlchemy select, with its column types.
"""

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from sqlalchemy import Connection, Engine, PoolProxiedConnection, Select
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine

from orders.storage.sql import Process

Parameters: TypeAlias = Mapping[str, Any]

_SQLITE = sqlite_dialect(paramstyle="named")


@dataclass(frozen=True, slots=True)
class _Compiled:
    """The SQL text of a select, and a function that turns a driver's row into a named tuple."""

    text: str
    row: Callable[[tuple[Any, ...]], Any]


class CompiledSelect:
    """A select that is compiled once; each of its `bindparam`s is a single text or number.

    `remembered` is how many different rows to cache as named tuples. Rows are still read from the
    database each time, but the values of a cached row are not converted again. Callers must not
    change the objects in such rows.
    """

    def __init__(self, statement: Select[Any], *, remembered: int = 0) -> None:
        self._statement = statement
        self._remembered = remembered
        self._compiled: _Compiled | None = None

    def rows(self, connection: Connection, parameters: Parameters) -> Sequence[Any]:
        """Run the select with SQLAlchemy (for PostgreSQL) and return all rows.

        The columns are attributes of a row.
        """
        return connection.execute(self._statement, parameters).all()

    def rows_of_driver(self, driver: sqlite3.Connection, parameters: Parameters) -> Sequence[Any]:
        """Run the select with SQLite's driver and return all rows. Raises SQLAlchemy exceptions."""
        compiled = self._compiled or self._compile()
        try:
            found = driver.execute(compiled.text, parameters).fetchall()
        except sqlite3.Error as error:
            raise sqlalchemy_error(compiled.text, error) from error
        return [compiled.row(one) for one in found]

    def _compile(self) -> _Compiled:
        # Two threads may do this at the same time; the results are equal.
        columns = self._statement.selected_columns
        row_type = namedtuple("Row", [column.name for column in columns])  # type: ignore[misc]
        processes = [(at, _result_processor(column.type)) for at, column in enumerate(columns)]
        needed = tuple((at, process) for at, process in processes if process is not None)

        def row(found: tuple[Any, ...]) -> Any:  # noqa: ANN401 - a named tuple of the columns
            values = list(found)
            for at, process in needed:
                values[at] = process(values[at])
            return row_type._make(values)

        self._compiled = _Compiled(
            text=str(self._statement.compile(dialect=_SQLITE)),
            row=lru_cache(self._remembered)(row) if self._remembered else row,
        )
        return self._compiled


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
            found = statement.rows_of_driver(borrowed[1], parameters)
        except BaseException:
            borrowed[0].close()
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


def _result_processor(kind: TypeEngine[Any]) -> Process | None:
    return kind.dialect_impl(_SQLITE).result_processor(_SQLITE, None)


def driver_of(connection: Connection) -> sqlite3.Connection:
    """Return the SQLite driver's connection that an SQLAlchemy connection uses."""
    driver: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]  # on SQLite it is
    return driver


def sqlalchemy_error(text: str, error: sqlite3.Error) -> BaseException:
    """Return the SQLAlchemy exception for a driver error raised by the SQL statement `text`.

    The exception does not contain the bound values.
    """
    return DBAPIError.instance(text, None, error, sqlite3.Error, hide_parameters=True)
