"""The history of customer records: who has changed what, and when.

`customers` writes it in the transaction of the change. The API does not have it.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select

from orders.domain.customer import Customer
from orders.services.accounts.access import Actor
from orders.services.accounts.history import HistoryEntry, entries_from
from orders.storage import database
from orders.storage.sql import in_array
from orders.storage.tables import customer_history

MOST_ENTRIES = 200  # that are read; a program may change a record every night


def history_row(
    record: Customer, actor: Actor, action: str, changes: dict[str, Any], *, at: datetime
) -> dict[str, Any]:
    """Return a row of `customer_history` for an action of the actor on the record.

    `changes` is what `domain.customer.customer_difference` returns.
    """
    return {
        "org_id": record.org_id,
        "customer_id": record.customer_id,
        "at": at,
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "action": action,
        "changes": changes,
    }


def read_customer_history(customer_id: str, org_id: str) -> tuple[HistoryEntry, ...]:
    """Return the newest entries of a customer's history, at most MOST_ENTRIES, oldest first.

    It is empty for records that have not changed since histories are kept, and for customers
    without a record.
    """
    table = customer_history.c
    newest = (
        select(customer_history)
        .where(table.org_id == org_id, table.customer_id == customer_id)
        .order_by(table.id.desc())
        .limit(MOST_ENTRIES)
    )
    return entries_from(database.fetch_all(newest)[::-1], org_id)


def forget_histories(connection: Connection, customer_ids: Collection[str], org_id: str) -> None:
    """Delete the histories of customers in the caller's transaction."""
    if customer_ids:
        named = in_array(customer_history.c.customer_id, sorted(customer_ids))
        own = customer_history.c.org_id == org_id
        connection.execute(delete(customer_history).where(own, named))
