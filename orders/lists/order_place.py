"""Where an order stands in a sorted list: the order of the rows, and the cursors of pages.

Ties are broken by the ID, in the direction of the sort; orders without a value stand last.
"""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import (
    ColumnElement,
    Row,
    UnaryExpression,
    and_,
    case,
    func,
    literal,
    or_,
    tuple_,
)

from orders.rules.configuration_id import read_uuid
from orders.rules.status import Status
from orders.storage.tables import orders

MAX_CURSOR = 2_000  # characters; a name of 255 characters fits in any letters
# An order's steps, not the letters of their names.
_STEP = case({str(status): step for step, status in enumerate(Status)}, value=orders.c.status)
_COLUMNS: dict[str, ColumnElement[Any]] = {
    "createdAt": orders.c.created_at,
    "updatedAt": orders.c.updated_at,
    "name": func.lower(orders.c.name),
    "customerId": func.lower(orders.c.customer_id),
    "status": _STEP,
}
_MAY_BE_NULL = {"name", "customerId"}
SORTABLE = tuple(_COLUMNS)


@dataclass(frozen=True, slots=True)
class Sort:
    """A field by its wire name, and the direction: newest, last or largest first."""

    field: str = "createdAt"
    is_descending: bool = True

    def __str__(self) -> str:
        """Give the wire form: a hyphen in front means descending."""
        return f"-{self.field}" if self.is_descending else self.field


NEWEST_FIRST = Sort()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ends: the value of the sorted field, and the order's ID."""

    value: Any
    id: str


def read_sort(text: str) -> Sort | None:
    """Read `name` or `-name`; None for a field by which the list cannot be sorted."""
    field = text.removeprefix("-")
    return Sort(field, text.startswith("-")) if field in SORTABLE else None


def placed_by(sort: Sort) -> ColumnElement[Any]:
    """Give the expression that the list is sorted by."""
    return _COLUMNS[sort.field]


def in_order(sort: Sort, *, is_upward: bool) -> list[UnaryExpression[Any]]:
    """Give the order of the rows; upward is from a page's beginning towards the list's."""
    column = _COLUMNS[sort.field]
    goes_down = sort.is_descending != is_upward
    first = column.desc() if goes_down else column.asc()
    if sort.field in _MAY_BE_NULL:
        first = first.nulls_first() if is_upward else first.nulls_last()
    return [first, orders.c.id.desc() if goes_down else orders.c.id.asc()]


def further(sort: Sort, place: Place, *, is_upward: bool) -> ColumnElement[bool]:
    """Give the condition that an order comes behind the place, or before it when upward."""
    column = _COLUMNS[sort.field]
    goes_down = sort.is_descending != is_upward
    own = tuple_(column, orders.c.id)
    edge = tuple_(literal(place.value, column.type), literal(place.id))
    if sort.field not in _MAY_BE_NULL:
        # In one comparison, so that an index leads straight to the place.
        return own < edge if goes_down else own > edge
    behind = orders.c.id < place.id if goes_down else orders.c.id > place.id
    if place.value is None:
        among_empty = and_(column.is_(None), behind)
        return or_(column.is_not(None), among_empty) if is_upward else among_empty
    beyond = column < place.value if goes_down else column > place.value
    found = or_(beyond, and_(column == place.value, behind))
    return found if is_upward else or_(found, column.is_(None))


def write_cursor(sort: Sort, row: Row[Any]) -> str:
    """Give the cursor of a row that has `id` and `place`."""
    value = row.place.isoformat() if isinstance(row.place, datetime) else row.place
    written = orjson.dumps([str(sort), value, row.id])
    return base64.urlsafe_b64encode(written).decode().rstrip("=")


def read_cursor(cursor: str, sort: Sort) -> Place | None:
    """Read a cursor of a list with this sort; None for anything else."""
    if not cursor or len(cursor) > MAX_CURSOR or not cursor.isascii():
        return None
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        named, value, order_id = orjson.loads(raw)
    except (binascii.Error, ValueError, TypeError):
        return None
    if named != str(sort) or not isinstance(order_id, str) or read_uuid(order_id) is None:
        return None
    return _place(sort, value, order_id)


def _place(sort: Sort, value: object, order_id: str) -> Place | None:
    if sort.field in _MAY_BE_NULL:
        is_text = isinstance(value, str) and "\0" not in value
        return Place(value, order_id) if value is None or is_text else None
    if sort.field == "status":
        is_step = isinstance(value, int) and 0 <= value < len(Status)
        return Place(value, order_id) if is_step else None
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return Place(at, order_id) if at is not None and at.tzinfo is not None else None
