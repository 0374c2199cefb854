"""Fills the days of stored orders (`order_date`) when an attribute becomes a date or a week.

Orders that are written later bring their days along (`services/orders/order_dates.py`).
"""

from typing import Any

import orjson
from sqlalchemy import Connection, Text, delete, or_, select, type_coerce

from orders.domain.attributes import AttributeRule
from orders.domain.order_dates import dated_rules, days_of, is_open
from orders.domain.status import STATUS_BY_NAME
from orders.storage.tables import insert_or_skip, order_date, orders

BATCH = 1_000  # orders in memory


class StoredDates:
    """The parts of a stored order that its days are read from, and that close it."""

    def __init__(self, row: Any) -> None:  # noqa: ANN401 - a row of the select below
        self.metadata, self.derivative = row.metadata, row.derivative
        self.deleted_at, self.canceled_at = row.deleted_at, row.canceled_at
        self.status = STATUS_BY_NAME[row.status]


def forget_dates(connection: Connection, org_id: str, key: str) -> None:
    """Delete the days of an attribute in the caller's transaction; orders keep their values."""
    own = (order_date.c.org_id == org_id, order_date.c.attribute_key == key)
    connection.execute(delete(order_date).where(*own))


def fill_dates(connection: Connection, org_id: str, rule: AttributeRule) -> None:
    """Store the days of an attribute for all orders of the org, in the caller's transaction.

    Nothing is stored for an attribute of another kind, or of lines.
    """
    if not dated_rules([rule]):
        return
    written = orjson.dumps(rule.key).decode()
    columns = (orders.c[name] for name in ("id", "metadata", "derivative", "status"))
    statement = select(*columns, orders.c.deleted_at, orders.c.canceled_at).where(
        orders.c.org_id == org_id,
        # Most orders may have no such key; their JSON need not be read.
        or_(
            *(
                type_coerce(orders.c[area], Text).contains(written, autoescape=True)
                for area in rule.areas
            )
        ),
    )
    # Read only once, in parts: without statistics PostgreSQL would scan all orders for each part.
    result = connection.execute(statement, execution_options={"yield_per": BATCH})
    for found in result.partitions():
        stored = ((row.id, StoredDates(row)) for row in found)
        rows = [
            {
                "order_id": order_id, "attribute_key": rule.key, "org_id": org_id,
                "day": day, "is_open": is_open(order),
            }
            for order_id, order in stored
            for day in days_of(order, [rule]).values()
        ]  # fmt: skip
        if rows:
            # With RETURNING, hundreds of rows are inserted by one statement.
            missing = insert_or_skip(connection, order_date).returning(order_date.c.order_id)
            connection.execute(missing, rows).close()
