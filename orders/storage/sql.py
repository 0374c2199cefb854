"""SQL expressions that SQLAlchemy does not provide, compiled for SQLite and PostgreSQL."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

import orjson
from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    Row,
    Select,
    Table,
    Text,
    bindparam,
    case,
    func,
    literal,
    text,
    true,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

BATCH = 500  # values in one query; both databases allow many more
Column = ColumnElement[Any] | InstrumentedAttribute[Any]


def unindexed(column: Column) -> ColumnElement[Any]:
    """Return the value of a NOT NULL text column as an expression for which no index is used.

    Use it for a condition next to a more selective one: without statistics SQLite would search by
    the org instead of by short IDs (docs/decisions/0032). PostgreSQL's plan is the same either way.
    """
    return func.coalesce(column, "")


def unsorted(column: Column) -> ColumnElement[Any]:
    """Return the value of a column as an expression by which no index is sorted.

    Use it to sort the few rows that a selective condition finds: SQLite would rather read all rows
    of the org in the order of an index.
    """
    return case((true(), column))


def in_array(column: Column, texts: Sequence[str]) -> ColumnElement[bool]:
    """Return the condition that the text column equals one of `texts`, bound as a single value.

    Databases limit the number of bound values in a statement, and each bound value costs time.
    """
    return _InArray(column, bindparam(None, list(texts), type_=_Texts()))


# The rows of each table, parents first; all rows of a table have the same keys.
NewRows: TypeAlias = Mapping[Table, Sequence[Mapping[str, Any]]]
# Converts a value for a driver.
Process: TypeAlias = Callable[[Any], Any]


def row_values(
    table: Table, rows: Sequence[Mapping[str, Any]], dialect: Dialect
) -> list[tuple[Any, ...]]:
    """Return the rows' values as the driver takes them, in the order of the first row's keys."""
    keys = tuple(rows[0])
    processes = _processes(table, keys, dialect)
    return [
        tuple(
            row[key] if process is None else process(row[key])
            for key, process in zip(keys, processes, strict=True)
        )
        for row in rows
    ]


@lru_cache(maxsize=256)
def _processes(table: Table, keys: tuple[str, ...], dialect: Dialect) -> tuple[Process | None, ...]:
    kinds = (table.c[key].type.dialect_impl(dialect) for key in keys)
    return tuple(kind.bind_processor(dialect) for kind in kinds)


def rows_with(
    connection: Connection, statement: Select[Any], column: Column, values: Iterable[Any]
) -> Iterator[Row[Any]]:
    """Yield the select's rows whose `column` is one of `values`, using BATCH values per query."""
    every = sorted(values)
    for start in range(0, len(every), BATCH):
        batch = every[start : start + BATCH]
        yield from connection.execute(statement.where(column.in_(batch)))


class _Texts(TypeDecorator[Sequence[str]]):
    """A list of texts bound as one value: an array on PostgreSQL, a JSON text on SQLite."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        is_sqlite = dialect.name == "sqlite"
        return dialect.type_descriptor(Text() if is_sqlite else ARRAY(Text()))

    def process_bind_param(self, value: Sequence[str] | None, dialect: Dialect) -> Any:  # noqa: ANN401 - what the driver takes
        return orjson.dumps(value).decode() if dialect.name == "sqlite" else list(value or ())


class _InArray(FunctionElement[bool]):
    name = "in_array"
    type = Boolean()
    inherit_cache = True

    def self_group(self, against: object = None) -> "_InArray":  # noqa: ARG002 - as in the base class
        """Return itself: compared with 1, as any other boolean on SQLite, it would use no index."""
        return self


@compiles(_InArray)
def _compile_in_array(element: _InArray, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's own options
    column, texts = _compiled(element, compiler, options)
    if compiler.dialect.name == "sqlite":
        return f"{column} IN (SELECT value FROM json_each({texts}))"  # noqa: S608 - names of bound values
    return f"({column} = ANY ({texts}))"


class JsonMember(FunctionElement[bool]):
    """The condition that the JSON object in a column has the value `value` under the key `key`.

    `value` is a string, number, boolean or None; None also matches a missing key. Numbers are
    compared by value, so 1 equals 1.0.
    """

    name = "json_member"
    type = Boolean()
    inherit_cache = True

    def __init__(self, column: ColumnElement[Any], key: str, value: object) -> None:
        wanted = orjson.dumps({key: value}).decode()
        super().__init__(type_coerce(column, Text), literal(key, Text), literal(wanted, Text))


@compiles(JsonMember)
def _compile_json_member(element: JsonMember, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - as above
    column, key, wanted = _compiled(element, compiler, options)
    if compiler.dialect.name == "postgresql":
        has, want = f"(({column})::jsonb -> {key})", f"(({wanted})::jsonb -> {key})"
        return f"(coalesce({has}, 'null'::jsonb) = {want})"
    # Types are compared too, since SQLite reads true as 1. A missing member has the type null.
    return f"""(
        SELECT CASE want.type
            WHEN 'null' THEN coalesce(has.type, 'null') = 'null'
            ELSE coalesce(replace(has.type, 'real', 'integer'), 'null')
                = replace(want.type, 'real', 'integer') AND has.atom = want.atom
        END
        FROM json_each({wanted}) AS want
        LEFT JOIN json_each({column}) AS has ON has.key = {key}
    )"""  # noqa: S608 - names of bound values


class JsonRows(FunctionElement[str]):
    """An SQL aggregate that returns rows as the text of a JSON array of arrays, in no fixed order.

    It lets one statement read an order together with its lines, in half the time of two statements.
    """

    name = "json_rows"
    type = Text()
    inherit_cache = True


@compiles(JsonRows)
def _compile_json_rows(element: JsonRows, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - as above
    row = compiler.process(element.clauses, **options)
    if compiler.dialect.name == "sqlite":
        return f"json_group_array(json_array({row}))"
    return f"json_agg(json_build_array({row}))::text"


def _compiled(
    element: FunctionElement[Any], compiler: SQLCompiler, options: dict[str, Any]
) -> list[str]:
    return [compiler.process(clause, **options) for clause in element.clauses]


# The columns get what the types of the model would write (orders.storage.types.UtcDateTime).
_INSERT_REQUESTS = {
    "sqlite": text(
        "INSERT INTO request_log (org_id, token_id, at, method, path, status, user_agent) "
        "SELECT value->>0, value->>1, "
        "strftime('%Y-%m-%d %H:%M:%f', (value->>2) / 1000.0, 'unixepoch') || '000', "
        "value->>3, value->>4, value->>5, value->>6 FROM json_each(:rows)"
    ),
    "postgresql": text(
        "INSERT INTO request_log (org_id, token_id, at, method, path, status, user_agent) "
        "SELECT value->>0, value->>1, "
        "to_timestamp(0) + CAST(value->>2 AS bigint) * interval '1 millisecond', "
        "value->>3, value->>4, CAST(value->>5 AS integer), value->>6 "
        "FROM json_array_elements(CAST(:rows AS json))"
    ),
}


def insert_requests(connection: Connection, rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows into the table `request_log` with one statement, in the order given.

    A row consists of org ID, token ID, milliseconds since 1970, method, path, status and user
    agent. All rows are sent as one JSON text, which is the fastest way (docs/benchmarks.md).
    """
    sent = {"rows": orjson.dumps(rows).decode()}
    connection.execute(_INSERT_REQUESTS[connection.dialect.name], sent)
