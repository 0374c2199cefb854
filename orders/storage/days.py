"""The day of a moment, for statements that count by days."""

from typing import Any

from sqlalchemy import Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class UtcDay(FunctionElement[str]):
    """The day of a stored moment in UTC, as `2026-11-25`."""

    name = "utc_day"
    type = Text()
    inherit_cache = True


@compiles(UtcDay, "sqlite")
def _sqlite(element: UtcDay, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's own options
    return f"substr({compiler.process(element.clauses, **options)}, 1, 10)"


@compiles(UtcDay, "postgresql")
def _postgresql(element: UtcDay, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - as above
    moment = compiler.process(element.clauses, **options)
    return f"CAST(CAST(({moment}) AT TIME ZONE 'UTC' AS date) AS text)"
