"""Forgets files that nobody has imported, so that people's data does not lie about."""

from datetime import datetime, timedelta

from sqlalchemy import Delete, Update, delete, select, update

from orders.imports.claim import Clock, utc_now
from orders.imports.records import State
from orders.storage import database
from orders.storage.tables import order_import, order_import_order, order_import_row

# How long an upload waits to be started.
KEPT_FOR = timedelta(days=7)
# Imports that are forgotten at a time, and their rows in one transaction.
FORGOTTEN_AT_ONCE = 20
ROWS_AT_ONCE = 1_000


def forget_old(now: Clock = utc_now) -> int:
    """Forget uploads that were not started within KEPT_FOR; gives how many, a few at a time."""
    before = now() - KEPT_FOR
    is_old = order_import.c.started_at.is_(None) & (order_import.c.created_at < before)
    with database.read() as connection:
        old = select(order_import.c.id, order_import.c.row_count).where(is_old)
        found = connection.execute(old.limit(FORGOTTEN_AT_ONCE)).all()
    return sum(_forget(one.id, before) for one in found)


def _forget(import_id: str, before: datetime) -> bool:
    """Forget one, unless somebody starts it at this moment."""
    hidden = (
        update(order_import)
        .where(
            order_import.c.id == import_id,
            order_import.c.started_at.is_(None),
            order_import.c.created_at < before,
        )
        # Nobody sees it any more, or works on it.
        .values(state=State.READING, waiting_since=None, claimed_until=None)
    )
    if _rows_written(hidden) != 1:
        return False
    for table, place in (
        (order_import_order, order_import_order.c.position),
        (order_import_row, order_import_row.c.number),
    ):
        some = select(place).where(table.c.import_id == import_id).limit(ROWS_AT_ONCE)
        while _rows_written(delete(table).where(table.c.import_id == import_id, place.in_(some))):
            pass
    return _rows_written(delete(order_import).where(order_import.c.id == import_id)) == 1


def _rows_written(statement: Update | Delete) -> int:
    with database.transaction() as connection:
        return connection.execute(statement).rowcount
