"""A condition on one member of an object that is stored as JSON text."""

from typing import Any

import orjson
from sqlalchemy import Boolean, ColumnElement, Text, literal, type_coerce
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class JsonMember(FunctionElement[bool]):
    """Holds when the object's member has this value: a text, number, boolean or null.

    Null also means that the object has no such member. Numbers are equal by their value.
    """

    name = "json_member"
    type = Boolean()
    inherit_cache = True

    def __init__(self, column: ColumnElement[Any], key: str, value: object) -> None:
        wanted = orjson.dumps({key: value}).decode()
        super().__init__(type_coerce(column, Text), literal(key, Text), literal(wanted, Text))


@compiles(JsonMember, "sqlite")
def _sqlite(element: JsonMember, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's own options
    column, key, wanted = (compiler.process(clause, **options) for clause in element.clauses)
    # The kinds are compared too: SQLite tells true as 1. What is left out is of the kind null.
    return f"""(
        SELECT CASE want.type
            WHEN 'null' THEN coalesce(has.type, 'null') = 'null'
            ELSE coalesce(replace(has.type, 'real', 'integer'), 'null')
                = replace(want.type, 'real', 'integer') AND has.atom = want.atom
        END
        FROM json_each({wanted}) AS want
        LEFT JOIN json_each({column}) AS has ON has.key = {key}
    )"""  # noqa: S608 - what stands in it are the names of bound values


@compiles(JsonMember, "postgresql")
def _postgresql(element: JsonMember, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - as above
    column, key, wanted = (compiler.process(clause, **options) for clause in element.clauses)
    has, want = f"(({column})::jsonb -> {key})", f"(({wanted})::jsonb -> {key})"
    return f"(coalesce({has}, 'null'::jsonb) = {want})"
