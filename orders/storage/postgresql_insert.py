"""New rows of several tables in one statement of PostgreSQL, so that one trip to it is enough."""

from functools import lru_cache
from itertools import chain
from typing import TypeAlias

from sqlalchemy import Connection, Table
from sqlalchemy import insert as insert_statement
from sqlalchemy.engine import Dialect

from orders.storage.sql import NewRows, row_values

# Rows in one statement. Each number of rows is a text of its own, of which the driver keeps some
# prepared; with more rows, the trips are the smaller part of the time.
MOST_ROWS = 64
# Tables with the columns that are filled, and the number of rows.
_Parts: TypeAlias = tuple[tuple[Table, tuple[str, ...], int], ...]


def insert_rows(connection: Connection, rows: NewRows) -> None:
    """Insert the rows of all tables in the open transaction.

    A statement checks references only when it ends, so a row may refer to one of the same
    statement. Raises IntegrityError if a row violates a constraint.
    """
    filled = {table: table_rows for table, table_rows in rows.items() if table_rows}
    if sum(map(len, filled.values())) > MOST_ROWS:
        for table, table_rows in filled.items():
            connection.execute(insert_statement(table).inline(), table_rows)
        return
    parts = tuple((table, tuple(found[0]), len(found)) for table, found in filled.items())
    values = (row_values(table, found, connection.dialect) for table, found in filled.items())
    bound = tuple(chain.from_iterable(chain.from_iterable(values)))
    connection.exec_driver_sql(_statement(parts, connection.dialect), bound)


@lru_cache(maxsize=256)
def _statement(parts: _Parts, dialect: Dialect) -> str:
    *others, last = (_insert(*part, dialect) for part in parts)
    named = ", ".join(f"new_{at} AS ({text})" for at, text in enumerate(others))
    return f"WITH {named} {last}" if named else last


def _insert(table: Table, keys: tuple[str, ...], count: int, dialect: Dialect) -> str:
    quoted = dialect.identifier_preparer
    columns = ", ".join(map(quoted.quote, keys))
    rows = ", ".join([f"({', '.join(['%s'] * len(keys))})"] * count)
    # Names come from our own tables, values are bound.
    return f"INSERT INTO {quoted.format_table(table)} ({columns}) VALUES {rows}"  # noqa: S608
