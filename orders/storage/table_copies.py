"""Copies the rows of tables from one database to another, also of the other kind.

Rows are read and written as Python values, so that what the databases store in different forms,
such as times and booleans, arrives with the same meaning. JSON and encrypted texts are copied as
the texts that they are.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    MetaData,
    Row,
    Table,
    column,
    delete,
    func,
    insert,
    select,
    table,
    type_coerce,
    update,
)
from sqlalchemy.types import TypeDecorator, TypeEngine

from orders.storage.models.base import Base
from orders.storage.postgresql_dump import with_no_limits
from orders.storage.types import UtcDateTime

# Rows that are read, and written by one statement, at a time.
BATCH = 1_000
# Before the revision of a database whose copy is not finished, so that no service starts with it.
UNFINISHED = "copying "
# Bytes of a hash.
SIZE = 32

_VERSION = table("alembic_version", column("version_num"))
Step = Callable[[int], object]


@dataclass(frozen=True, slots=True)
class TableContent:
    """The number of rows in a table, and a hash of all of them, whatever their order."""

    rows: int
    digest: str  # in hexadecimal


class _Summing:
    """Adds up the hashes of rows, so that databases that sort texts differently agree."""

    def __init__(self) -> None:
        self._rows = self._sum = 0

    def add(self, rows: Iterator[Row[tuple[object, ...]]]) -> None:
        for row in rows:
            self._rows += 1
            self._sum += int.from_bytes(hashlib.sha256(orjson.dumps(list(row))).digest())

    @property
    def content(self) -> TableContent:
        return TableContent(self._rows, (self._sum % 256**SIZE).to_bytes(SIZE).hex())


def copied_tables() -> list[Table]:
    """Return all tables of the models, each after those to which its foreign keys refer."""
    return Base.metadata.sorted_tables


def counts(connection: Connection) -> dict[str, int]:
    """Return the number of rows by table."""
    return {
        one.name: connection.execute(select(func.count()).select_from(one)).scalar_one()
        for one in copied_tables()
    }


def content_of(connection: Connection, of: Table, step: Step) -> TableContent:
    """Read a whole table and return what is in it. `step` is called with numbers of rows."""
    found = _Summing()
    for rows in _read(connection, of):
        found.add(iter(rows))
        step(len(rows))
    return found.content


def copy_rows(
    source: Connection,
    target: Connection,
    of: Table,
    step: Step,
    *,
    where: ColumnElement[bool] | None = None,
) -> TableContent:
    """Copy the rows of a table into the same table of `target`, and return what was copied.

    `where` is a condition for the rows; None copies all. The next row that PostgreSQL numbers gets
    the number after the highest. `step` is called with numbers of rows.
    """
    copied, plain = _Summing(), _plain(of)
    for rows in _read(source, of, where):
        copied.add(iter(rows))
        target.execute(insert(plain), [dict(row._mapping) for row in rows])
        step(len(rows))
    numbered = of.autoincrement_column
    if numbered is not None and target.dialect.name == "postgresql":
        sequence = func.pg_get_serial_sequence(of.name, numbered.name)
        target.execute(select(func.setval(sequence, func.max(numbered))).select_from(of))
    return copied.content


def add_rows(source: Connection, target: Connection, of: Table, step: Step) -> None:
    """Add all rows of a table to those in the same table of `target`.

    Rows that databases number get new numbers, in the same order. `step` is called with numbers of
    rows.
    """
    plain, numbered = _plain(of), of.autoincrement_column
    own = "" if numbered is None else numbered.name
    for rows in _read(source, of):
        added = [
            {name: value for name, value in row._mapping.items() if name != own} for row in rows
        ]
        target.execute(insert(plain), added)
        step(len(rows))


def empty(connection: Connection, tables: list[Table]) -> None:
    """Delete all rows of these tables, which are in the order of `copied_tables`."""
    for one in reversed(tables):
        connection.execute(delete(one))


def mark_revision(connection: Connection, revision: str) -> None:
    """Set the revision that a start of the service compares to its own."""
    connection.execute(update(_VERSION).values(version_num=revision))


def take_your_time(connection: Connection) -> None:
    """Let the current transaction take as long as it takes."""
    if connection.dialect.name == "postgresql":
        with_no_limits(connection)


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Open a connection whose statements all see the same state of the database."""
    is_sqlite = engine.dialect.name == "sqlite"
    options = {} if is_sqlite else {"isolation_level": "REPEATABLE READ"}
    with engine.connect().execution_options(**options) as connection, connection.begin():
        take_your_time(connection)
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Open a connection with a transaction, which is committed at the end of the `with` block."""
    with engine.begin() as connection:
        take_your_time(connection)
        yield connection


def _read(
    connection: Connection, of: Table, where: ColumnElement[bool] | None = None
) -> Iterator[list[Row[tuple[object, ...]]]]:
    columns = (type_coerce(one, _plain_type(one.type)).label(one.name) for one in of.columns)
    statement = select(*columns).order_by(*of.primary_key)
    if where is not None:
        statement = statement.where(where)
    found = connection.execute(statement, execution_options={"yield_per": BATCH})
    yield from found.partitions()  # type: ignore[misc]  # lists, which are typed as sequences


@cache  # statements are compiled once for each table
def _plain(of: Table) -> Table:
    """Return a table with the same columns, whose texts are not read as what they contain."""
    columns = (Column(one.name, _plain_type(one.type)) for one in of.columns)
    return Table(of.name, MetaData(), *columns)


def _plain_type(of: TypeEngine[Any]) -> TypeEngine[Any]:
    if isinstance(of, TypeDecorator) and not isinstance(of, UtcDateTime):
        return of.impl_instance
    return of
