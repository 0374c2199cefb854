"""A customer's record, orders, and configurations, as JSON: what the person may ask for.

Copies in drafts, files of imports, and logs are not in it; `erasure` finds and deletes them.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from orders.domain.configuration import configuration_fields
from orders.domain.customer import customer_fields
from orders.domain.errors import NotFound
from orders.domain.moments import wire_time
from orders.domain.order import Order, order_fields
from orders.services.accounts.account_events import EventKind, note
from orders.services.accounts.history import HistoryEntry
from orders.services.catalog.configuration_queries import configuration_from
from orders.services.customers.customer_history import read_customer_history
from orders.services.customers.customer_queries import (
    NOT_FOUND,
    find_optional_customer,
    read_customer_id,
)
from orders.services.orders.notes import list_notes
from orders.services.orders.order_erasure import find_order_ids
from orders.services.orders.queries import find_any_order, read_history
from orders.storage import database
from orders.storage.tables import configuration, order_pasted_text


def export_customer(customer_id: str, org_id: str) -> dict[str, Any]:
    """Return a customer's record, orders, and configurations, each as the JSON API has it.

    Orders also have their notes, pasted text, and history, and the record its history, without the
    names of those who made the changes. Orders in the bin are included. The export is recorded in
    the audit trail. Raises NotFound if nothing is stored about the customer.
    """
    customer_id = read_customer_id(customer_id)
    record = find_optional_customer(customer_id, org_id)
    orders = [find_any_order(one, org_id) for one in find_order_ids(customer_id, org_id)]
    own = (configuration.c.org_id == org_id, configuration.c.customer_id == customer_id)
    saved = database.fetch_all(select(configuration).where(*own))
    if record is None and not orders and not saved:
        raise NotFound(NOT_FOUND)
    note(org_id, EventKind.CUSTOMER_EXPORTED, subject="" if record is None else record.id)
    return {
        "exportedAt": wire_time(datetime.now(UTC)),
        "customerId": customer_id,
        "record": None if record is None else customer_fields(record),
        "history": _entries(read_customer_history(customer_id, org_id)),
        "orders": [_order(one) for one in orders],
        "configurations": [configuration_fields(configuration_from(row)) for row in saved],
    }


def _order(order: Order) -> dict[str, Any]:
    pasted = select(order_pasted_text.c.text).where(order_pasted_text.c.order_id == order.id)
    return {
        **order_fields(order),
        "notes": [{"at": wire_time(one.at), "text": one.text} for one in list_notes(order)],
        "pastedText": database.fetch_value(pasted),
        "history": _entries(read_history(order)),
    }


def _entries(history: Iterable[HistoryEntry]) -> list[dict[str, Any]]:
    return [
        {"at": wire_time(one.at), "action": one.action, "changes": one.changes} for one in history
    ]
