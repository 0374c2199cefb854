"""Selects of the hot paths: on SQLite compiled once, and run by the driver itself.

SQLite answers in microseconds, and SQLAlchemy's general way from a statement to the driver and back
takes several times as long (docs/decisions/0009-the-driver-itself-on-sqlite.md). The statement is
still written once, in SQLAlchemy's terms, with its column types. On PostgreSQL the network decides,
and SQLAlchemy's own way is kept.
"""

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from sqlalchemy import Connection, Select
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine

Parameters: TypeAlias = Mapping[str, Any]
Process: TypeAlias = Callable[[Any], Any]

_SQLITE = sqlite_dialect(paramstyle="named")


@dataclass(frozen=True, slots=True)
class _Form:
    """A select as SQLite's driver takes it, with what turns its values into ours."""

    text: str
    row: Callable[[tuple[Any, ...]], Any]


class Prepared:
    """A select with `bindparam`s, each of which is one text or number.

    Errors are SQLAlchemy's own, on both databases.
    """

    def __init__(self, statement: Select[Any], *, remembered: int = 0) -> None:
        """Take the select; of so many rows that are read again and again, remember our form.

        They are read from the database each time, and only not worked out anew. Rows that are
        remembered hold no objects that anybody changes.
        """
        self._statement = statement
        self._remembered = remembered
        self._form: _Form | None = None

    def rows(self, connection: Connection, parameters: Parameters) -> Sequence[Any]:
        """Give all rows by SQLAlchemy's own way; their columns are attributes."""
        return connection.execute(self._statement, parameters).all()

    def rows_of_driver(self, driver: sqlite3.Connection, parameters: Parameters) -> Sequence[Any]:
        """Give all rows, on a connection of SQLite's driver."""
        form = self._form or self._compile()
        try:
            found = driver.execute(form.text, parameters).fetchall()
        except sqlite3.Error as error:
            raise translated(form.text, error) from error
        return [form.row(one) for one in found]

    def _compile(self) -> _Form:
        # Two threads may do this at once; both find the same.
        columns = self._statement.selected_columns
        row_type = namedtuple("Row", [column.name for column in columns])  # type: ignore[misc]
        processes = [(at, _result(column.type)) for at, column in enumerate(columns)]
        results = tuple((at, process) for at, process in processes if process is not None)

        def row(found: tuple[Any, ...]) -> Any:  # noqa: ANN401 - a named tuple of the columns
            values = list(found)
            for at, process in results:
                values[at] = process(values[at])
            return row_type._make(values)

        self._form = _Form(
            text=str(self._statement.compile(dialect=_SQLITE)),
            row=lru_cache(self._remembered)(row) if self._remembered else row,
        )
        return self._form


def _result(kind: TypeEngine[Any]) -> Process | None:
    return kind.dialect_impl(_SQLITE).result_processor(_SQLITE, None)


def driver_of(connection: Connection) -> sqlite3.Connection:
    """Give SQLite's own connection behind SQLAlchemy's."""
    driver: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]  # on SQLite it is
    return driver


def translated(text: str, error: sqlite3.Error) -> BaseException:
    """Give SQLAlchemy's error for the driver's; values stay out of its text."""
    return DBAPIError.instance(text, None, error, sqlite3.Error, hide_parameters=True)
