"""A column that a condition only checks in the rows that another condition finds.

Without statistics SQLite takes an org for ten rows: beside some more IDs or codes it would walk
through all that the org has. PostgreSQL knows better, and does not mind.
"""

from typing import Any

from sqlalchemy import ColumnElement, func
from sqlalchemy.orm import InstrumentedAttribute


def checked(column: ColumnElement[Any] | InstrumentedAttribute[Any]) -> ColumnElement[Any]:
    """Give a column of texts, none of them null, so that no index is searched by it."""
    return func.coalesce(column, "")
