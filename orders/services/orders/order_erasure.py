"""Take a customer out of their orders, and out of what belongs to these orders.

Beside `intake` and `changes`, the only module that writes orders, lines, and history.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, insert, select, update

from orders.domain.erasure import without_customer
from orders.domain.moments import TICK, now_or
from orders.domain.order import Order
from orders.domain.webhook import Topic
from orders.services.accounts.acting import Doer
from orders.services.accounts.org_rules import OrgRules
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
