"""Selects on hot paths: compiled once, and run by the database's own driver.

SQLAlchemy takes several times as long to prepare a statement and convert its result as SQLite takes
to answer it, and as long as PostgreSQL takes (docs/decisions/0009-the-driver-itself-on-sqlite.md).
The statement is still written as an SQLAlchemy select, with its column types.
"""

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from sqlalchemy import Connection, Select
from sqlalchemy.engine import Dialect

Parameters: TypeAlias = Mapping[str, Any]


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
        self._compiled: dict[str, _Compiled] = {}  # by the name of the dialect

    def rows(self, connection: Connection, parameters: Parameters) -> Sequence[Any]:
        """Run the select with SQLAlchemy, in the transaction of `connection`; return all rows.

        The columns are attributes of a row.
        """
        return connection.execute(self._statement, parameters).all()

    def rows_of_driver(
        self,
        driver: Any,  # noqa: ANN401 - a connection of sqlite3 or psycopg
        dialect: Dialect,
        parameters: Parameters,
    ) -> Sequence[Any]:
        """Run the select with the driver and return all rows. Raises the driver's exceptions.

        `dialect` belongs to the driver and takes parameters by name.
        """
        compiled = self._compiled_for(dialect)
        return [compiled.row(one) for one in driver.execute(compiled.text, parameters).fetchall()]

    def text(self, dialect: Dialect) -> str:
        """Return the SQL text, without values."""
        return self._compiled_for(dialect).text

    def _compiled_for(self, dialect: Dialect) -> _Compiled:
        return self._compiled.get(dialect.name) or self._compile(dialect)

    def _compile(self, dialect: Dialect) -> _Compiled:
        # Two threads may do this at the same time; the results are equal.
        columns = self._statement.selected_columns
        row_type = namedtuple("Row", [column.name for column in columns])  # type: ignore[misc]
        kinds = (column.type.dialect_impl(dialect) for column in columns)
        processes = [kind.result_processor(dialect, None) for kind in kinds]
        needed = tuple((at, one) for at, one in enumerate(processes) if one is not None)

        def row(found: tuple[Any, ...]) -> Any:  # noqa: ANN401 - a named tuple of the columns
            values = list(found)
            for at, process in needed:
                values[at] = process(values[at])
            return row_type._make(values)

        compiled = self._compiled[dialect.name] = _Compiled(
            text=str(self._statement.compile(dialect=dialect)),
            row=lru_cache(self._remembered)(row) if self._remembered else row,
        )
        return compiled
