"""The days of orders in a table of their own, by which the list is filtered and sorted.

`intake` and `changes` write it with the order; `storage/attribute_dates.py` fills it when
an attribute becomes a date.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, func, select, text

from orders.domain.attributes import AttributeRule
from orders.domain.order import Order
from orders.domain.order_dates import DateRange, days_of, is_open
from orders.storage.models.orders import IS_OPEN
from orders.storage.tables import order_date, orders, upsert


def date_rows(order: Order, rules: Sequence[AttributeRule]) -> list[dict[str, Any]]:
    """Return the rows of `order_date` for an order; none if the org has no dates (`rules`)."""
    days = days_of(order, rules)
    if not days:
        return []
    own = {"order_id": order.id, "org_id": order.org_id, "is_open": is_open(order)}
    return [{**own, "attribute_key": key, "day": day} for key, day in days.items()]


def store_dates(
    connection: Connection, before: Order, after: Order, rules: Sequence[AttributeRule]
) -> None:
    """Replace the rows of a changed order in the caller's transaction."""
    rows = date_rows(after, rules)
    if not rows and not days_of(before, rules):
        return
    connection.execute(delete(order_date).where(order_date.c.order_id == after.id))
    for row in rows:
        # Not an insert: the table may be filled for a new attribute at the same moment.
        key = {name: row[name] for name in ("order_id", "attribute_key")}
        upsert(connection, order_date, key, {name: row[name] for name in row.keys() - key.keys()})


def is_within(org_id: str, wanted: DateRange) -> ColumnElement[bool]:
    """Return the SQL condition that an order of the org has a day in the range."""
    days = select(order_date.c.order_id).where(*_in_range(org_id, wanted))
    return orders.c.id.in_(days)


def count_overdue(connection: Connection, org_id: str, wanted: DateRange) -> int:
    """Return the number of the org's orders with a day in the range; it reads an index alone."""
    counted = select(func.count()).select_from(order_date).where(*_in_range(org_id, wanted))
    return int(connection.execute(counted).scalar_one())


def _in_range(org_id: str, wanted: DateRange) -> list[ColumnElement[bool]]:
    found = [order_date.c.org_id == org_id, order_date.c.attribute_key == wanted.key]
    if wanted.first is not None:
        found.append(order_date.c.day >= wanted.first)
    if wanted.last is not None:
        found.append(order_date.c.day <= wanted.last)
    # The words of the partial index.
    return [*found, text(IS_OPEN)] if wanted.is_open else found  # type: ignore[list-item]


def with_day(statement: Select[Any], key: str) -> Select[Any]:
    """Return a SELECT of orders with the attribute's row of `order_date`, if there is one."""
    own = and_(order_date.c.order_id == orders.c.id, order_date.c.attribute_key == key)
    return statement.select_from(orders.outerjoin(order_date, own))
