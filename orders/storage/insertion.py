"""New rows of several tables, inserted together or not at all, by as few statements as possible.

The transaction of SQLite's one writer is the narrow place of the service. Each statement in it lets
other threads have Python's lock, and waits for them afterwards: so the rows of a whole group of
insertions go into a few statements of many rows (docs/decisions/0002-where-writes-queue.md).
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, TypeAlias

from sqlalchemy import Connection, Table, insert
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect

from orders.storage.prepared import Process, driver_of, translated

# Of each table, parents first: its rows, all with the same keys.
NewRows: TypeAlias = Mapping[Table, Sequence[Mapping[str, Any]]]
_Keys: TypeAlias = tuple[str, ...]

# Rows of the largest statement. SQLite takes 32,766 values in one.
MOST_ROWS = 64

_SQLITE = sqlite_dialect()


class Insertion:
    """A work for the writer that only inserts, so that it can be merged with others."""

    def __init__(self, rows: NewRows) -> None:
        """Turn the values into what the driver takes; here, before anybody waits for the lock."""
        self.parts = [
            (table, tuple(table_rows[0]), _values(table, table_rows))
            for table, table_rows in rows.items()
            if table_rows
        ]

    def __call__(self, connection: Connection) -> None:
        """Insert these rows alone. Raises IntegrityError when one of them is taken."""
        insert_together(driver_of(connection), [self])


def insert_together(driver: sqlite3.Connection, insertions: Iterable[Insertion]) -> None:
    """Insert the rows of all insertions. Raises SQLAlchemy's errors; some rows may be in then."""
    merged: dict[tuple[Table, _Keys], list[tuple[Any, ...]]] = {}
    for insertion in insertions:
        for table, keys, values in insertion.parts:
            merged.setdefault((table, keys), []).extend(values)
    # Parents first: insertions differ in their tables, so none of them has the whole order.
    for table, keys in sorted(merged, key=lambda place: _depth(place[0])):
        rows = merged[table, keys]
        while rows:
            # Sizes are powers of two: a few texts, which the driver keeps prepared.
            size = min(MOST_ROWS, 1 << (len(rows).bit_length() - 1))
            text = _statement(table, keys, size)
            try:
                driver.execute(text, list(chain.from_iterable(rows[:size])))
            except sqlite3.Error as error:
                raise translated(_statement(table, keys, 1), error) from error
            rows = rows[size:]


def insert_rows(connection: Connection, rows: NewRows) -> None:
    """Insert by SQLAlchemy's own way, for PostgreSQL."""
    for table, table_rows in rows.items():
        if table_rows:
            connection.execute(insert(table).inline(), table_rows)


@lru_cache(maxsize=256)
def _depth(table: Table) -> int:
    """Give how many tables lie above this one, by its foreign keys."""
    parents = {key.column.table for key in table.foreign_keys} - {table}
    return max((1 + _depth(parent) for parent in parents), default=0)


@lru_cache(maxsize=256)
def _statement(table: Table, keys: _Keys, size: int) -> str:
    quoted = _SQLITE.identifier_preparer
    columns = ", ".join(quoted.quote(key) for key in keys)
    row = f"({', '.join('?' * len(keys))})"
    # Names come from our own tables, values are bound.
    return f"INSERT INTO {quoted.format_table(table)} ({columns}) VALUES {', '.join([row] * size)}"  # noqa: S608


def _values(table: Table, rows: Sequence[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
    keys = tuple(rows[0])
    processes = _processes(table, keys)
    return [
        tuple(
            row[key] if process is None else process(row[key])
            for key, process in zip(keys, processes, strict=True)
        )
        for row in rows
    ]


@lru_cache(maxsize=256)
def _processes(table: Table, keys: _Keys) -> tuple[Process | None, ...]:
    kinds = (table.c[key].type.dialect_impl(_SQLITE) for key in keys)
    return tuple(kind.bind_processor(_SQLITE) for kind in kinds)
