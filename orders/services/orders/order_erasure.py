"""Take a customer out of their orders, and delete orders that were in the bin for long.

Beside `intake` and `changes`, the only module that writes orders, lines, and history.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from orders.domain.erasure import without_customer
from orders.domain.moments import TICK, now_or
from orders.domain.order import Order
from orders.domain.webhook import Topic
from orders.services.accounts.acting import Doer
from orders.services.accounts.org_rules import OrgRules
from orders.services.orders.pending_changes import settle_at_once
from orders.services.orders.queries import any_order, changed_line_rows, order_from, order_row
from orders.services.webhooks.webhooks import messages
from orders.storage import database, tables
from orders.storage.sql import in_array

ERASED = "erased"  # the action in the history
# Entries of the history keep what was changed in these fields.
KEPT_CHANGES = {"status"}
# Tables whose rows of an order are free texts about it, or copies of it.
_OF_ORDER = (
    tables.order_note,
    tables.order_pasted_text,
    tables.order_tries,
    tables.submission,
    tables.webhook_delivery,
)
# Tables whose rows are parts of an order.
_PARTS = (
    tables.cart_line, tables.order_history, tables.order_date, tables.order_editor,
    tables.order_sort, tables.order_text,
)  # fmt: skip
DELETED_AT_ONCE = 100  # so that others wait for few of them


def find_order_ids(customer_id: str, org_id: str) -> list[str]:
    """Return the IDs of the customer's orders, also of those in the bin; spaces do not matter."""
    table = tables.orders
    own = table.c.customer_id.contains(customer_id, autoescape=True)
    found = select(table.c.id, table.c.customer_id).where(table.c.org_id == org_id, own)
    return [row.id for row in database.fetch_all(found) if row.customer_id.strip() == customer_id]


def erase_orders(
    connection: Connection, order_ids: Sequence[str], org: OrgRules, doer: Doer
) -> None:
    """Take the person out of these orders of the org, in the caller's transaction.

    Their notes, pasted texts, idempotency keys, and messages are deleted; a new message tells the
    webhooks of the org what is left of each order.
    """
    ids = list(order_ids)
    connection.execute(
        select(tables.orders.c.id).where(in_array(tables.orders.c.id, ids)).with_for_update()
    )
    for table in _OF_ORDER:
        connection.execute(delete(table).where(in_array(table.c.order_id, ids)))
    _clear_histories(connection, ids)
    rows = connection.execute(any_order.where(in_array(tables.orders.c.id, ids))).all()
    for row in rows:
        _erase(connection, order_from(row), org, doer)
    settle_at_once(connection, ids)


def delete_binned(before: datetime) -> int:
    """Delete the orders of all orgs that were moved to the bin before `before`; return how many.

    Nothing of them can be restored. At most DELETED_AT_ONCE orders are deleted.
    """
    table, imported = tables.orders, tables.order_import_order
    old = select(table.c.id).where(table.c.deleted_at < before).limit(DELETED_AT_ONCE)
    with database.transaction() as connection:
        ids = connection.execute(old.with_for_update()).scalars().all()
        named = update(imported).where(in_array(imported.c.order_id, ids))
        connection.execute(named.values(order_id=None))
        for of_order in (*_OF_ORDER, *_PARTS):
            connection.execute(delete(of_order).where(in_array(of_order.c.order_id, ids)))
        connection.execute(delete(table).where(in_array(table.c.id, ids)))
    return len(ids)


def _erase(connection: Connection, before: Order, org: OrgRules, doer: Doer) -> None:
    after = without_customer(before, org.every_attribute)._replace(
        version=before.version + 1, updated_at=max(now_or(None), before.updated_at + TICK)
    )
    table = tables.orders
    connection.execute(update(table).where(table.c.id == after.id).values(order_row(after)))
    connection.execute(delete(tables.cart_line).where(tables.cart_line.c.order_id == after.id))
    if after.cart:
        connection.execute(insert(tables.cart_line), changed_line_rows(after))
    entry = {
        "order_id": after.id,
        "at": after.updated_at,
        "actor_kind": str(doer.kind),
        "actor_id": doer.id or str(doer.kind),
        "action": ERASED,
        "changes": {},
    }
    connection.execute(insert(tables.order_history), entry)
    if to_send := messages(Topic.UPDATED, after, org, at=after.updated_at):
        connection.execute(insert(tables.webhook_delivery), to_send)


def _clear_histories(connection: Connection, order_ids: list[str]) -> None:
    table = tables.order_history
    rows = connection.execute(
        select(table.c.id, table.c.changes).where(in_array(table.c.order_id, order_ids))
    ).all()
    for row in rows:
        kept = {name: one for name, one in row.changes.items() if name in KEPT_CHANGES}
        if kept != row.changes:
            connection.execute(update(table).where(table.c.id == row.id).values(changes=kept))
