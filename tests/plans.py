"""Query plans of SQLite."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from orders.storage import database


@contextmanager
def noted_plans() -> Iterator[list[str]]:
    """Record the block's statements; afterwards the list contains the steps of their plans.

    Needs an application context on SQLite.
    """
    asked: list[tuple[str, Any]] = []
    steps: list[str] = []
    engine = database.db.engine

    def note(_c: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:  # noqa: ANN401 - the driver's
        if statement.lstrip().startswith(("SELECT", "WITH")):
            asked.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield steps
    finally:
        event.remove(engine, "before_cursor_execute", note)
    with database.read() as connection:
        for statement, parameters in asked:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            steps += [row[3] for row in plan]
