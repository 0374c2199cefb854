"""Inserts of new rows into several tables, merged with those of other threads.

SQLite's single writer is the bottleneck of the service. During each of its statements, other
threads take Python's lock, and the writer has to wait to get it back. So the rows of a whole group
of inserts are inserted with a few statements of many rows
(docs/decisions/0002-where-writes-queue.md).
"""

import sqlite3
from collections.abc import Iterable
from functools import lru_cache
from itertools import chain
from typing import Any, TypeAlias

from sqlalchemy import Connection, Table
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect

from orders.storage.sql import NewRows, row_values
from orders.storage.sqlite.open_connections import driver_of, sqlalchemy_error

_Keys: TypeAlias = tuple[str, ...]

# Rows in the largest statement. SQLite takes 32,766 values in one.
MOST_ROWS = 64

_SQLITE = sqlite_dialect()


class WaitedTooLong(Exception):  # noqa: N818 - named for what happened, as our other errors
    """Raised when new rows could not be stored soon after their times were taken."""


class BatchInsert:
    """An insert of new rows into several tables, which the group commit merges with others.

    The constructor converts values for the driver, before any thread waits for the write lock.
    """

    def __init__(self, rows: NewRows) -> None:
        self.parts = [
            (table, tuple(table_rows[0]), row_values(table, table_rows, _SQLITE))
            for table, table_rows in rows.items()
            if table_rows
        ]

    def __call__(self, connection: Connection) -> None:
        """Insert only this insert's rows. Raises IntegrityError if one violates a constraint."""
        insert_batch(driver_of(connection), [self])


def insert_batch(driver: sqlite3.Connection, inserts: Iterable[BatchInsert]) -> None:
    """Insert the rows of several inserts in the open transaction, merged by table.

    Raises SQLAlchemy's exceptions. After one, some of the rows may already be inserted.
    """
    merged: dict[tuple[Table, _Keys], list[tuple[Any, ...]]] = {}
    for one in inserts:
        for table, keys, values in one.parts:
            merged.setdefault((table, keys), []).extend(values)
    # Parents first: inserts differ in their tables, so none of them has the whole order.
    for table, keys in sorted(merged, key=lambda place: _depth(place[0])):
        rows = merged[table, keys]
        while rows:
            # Sizes are powers of two: a few different texts, which the driver keeps prepared.
            size = min(MOST_ROWS, 1 << (len(rows).bit_length() - 1))
            text = _statement(table, keys, size)
            try:
                driver.execute(text, list(chain.from_iterable(rows[:size])))
            except sqlite3.Error as error:
                raise sqlalchemy_error(_statement(table, keys, 1), error) from error
            rows = rows[size:]


@lru_cache(maxsize=256)
def _depth(table: Table) -> int:
    """Return how many levels of parent tables the table's foreign keys lead to, 0 for none."""
    parents = {key.column.table for key in table.foreign_keys} - {table}
    return max((1 + _depth(parent) for parent in parents), default=0)


@lru_cache(maxsize=256)
def _statement(table: Table, keys: _Keys, size: int) -> str:
    quoted = _SQLITE.identifier_preparer
    columns = ", ".join(quoted.quote(key) for key in keys)
    row = f"({', '.join('?' * len(keys))})"
    # Names come from our own tables, values are bound.
    return f"INSERT INTO {quoted.format_table(table)} ({columns}) VALUES {', '.join([row] * size)}"  # noqa: S608
