"""Read orders one by one, their history and their customers; convert orders to rows and back.

Every query is limited to one org or to one of its orders.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Text, bindparam, func, or_, select, type_coerce

from orders.domain import short_id
from orders.domain.collation import VERSION, sort_key
from orders.domain.errors import NotFound
from orders.domain.identifiers import clean_reference, read_uuid
from orders.domain.order import CartLine, Order
from orders.domain.repeated_numbers import number_keys
from orders.domain.search_text import fold, search_text
from orders.domain.status import STATUS_BY_NAME
from orders.domain.texts import lazy_gettext
from orders.services.accounts.access import Actor
from orders.services.accounts.history import HistoryEntry, entries_from
from orders.services.customers.customer_queries import names_of, suggest_customers
from orders.services.orders.order_text import find_candidates
from orders.storage import database
from orders.storage.database import CompiledSelect
from orders.storage.models.orders import Submission
from orders.storage.replica import from_replica
from orders.storage.sql import JsonRows, in_array
from orders.storage.tables import cart_line, order_history, orders


def order_row(order: Order) -> dict[str, Any]:
    row = order._asdict()
    del row["cart"], row["warnings"]
    return {
        **row,
        "status": str(order.status),
        "search_text": search_text(order),
        "name_key": sort_key(order.name),
        "customer_key": sort_key(order.customer_id),
        "sort_version": VERSION,
        **number_keys(order.platform, order.metadata)._asdict(),
    }


def order_from(row: Any) -> Order:  # noqa: ANN401 - a row of `any_order`
    fields = row._asdict()
    fields["cart"] = _cart(fields.pop("lines"))
    fields["status"] = STATUS_BY_NAME[fields["status"]]
    return Order(**fields)


def _cart(text: str | None) -> tuple[CartLine, ...]:
    """Return the cart lines in a JSON array of arrays, with the columns of `_lines`.

    The cart is empty if `text` is None.
    """
    if text is None:
        return ()
    rows = orjson.loads(text)
    rows.sort()
    return tuple(
        CartLine(
            name,
            count,
            None if metadata is None else orjson.loads(metadata),
            position if line_id is None else line_id,
        )
        for position, name, count, metadata, line_id in rows
    )


def line_rows(order: Order) -> list[dict[str, Any]]:
    """Return the rows of `cart_line` for the lines of a new order, whose IDs are their positions.

    The rows lack the column `line_id`: creating an order writes nothing for the IDs.
    """
    return [
        {
            "order_id": order.id,
            "position": position,
            "configuration_id": line.configuration_id,
            "count": line.count,
            "metadata": line.metadata,
        }
        for position, line in enumerate(order.cart)
    ]


def changed_line_rows(order: Order) -> list[dict[str, Any]]:
    """Return the rows of `cart_line` for a changed order, in which every line has its ID."""
    ids = [line.line_id for line in order.cart]
    return [{**row, "line_id": own} for row, own in zip(line_rows(order), ids, strict=True)]


def history_row(
    order: Order, actor: Actor, action: str, changes: dict[str, Any], *, at: datetime
) -> dict[str, Any]:
    """Return a row of `order_history` for an action of the actor on the order.

    `changes` is what `domain.changes.difference` returns, or other details of the action.
    """
    return {
        "order_id": order.id,
        "at": at,
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "action": action,
        "changes": changes,
    }


_lines = (
    select(
        JsonRows(
            cart_line.c.position,
            cart_line.c.configuration_id,
            cart_line.c.count,
            type_coerce(cart_line.c.metadata, Text),
            cart_line.c.line_id,
        )
    )
    .where(cart_line.c.order_id == orders.c.id)
    .correlate(orders)
    .scalar_subquery()
    .label("lines")
)
# By what a list searches and sorts; an order does not have it.
_OF_LISTS = {*("search_text", "name_key", "customer_key", "sort_version", "platform_key", "po_key")}
_columns = [column for column in orders.c if column.name not in _OF_LISTS]
# An order with its lines; and one that is not in the bin.
any_order = select(*_columns, _lines)
whole_order = any_order.where(orders.c.deleted_at.is_(None))
_of_org = whole_order.where(orders.c.org_id == bindparam("org_id"))
_by_id = CompiledSelect(_of_org.where(orders.c.id == bindparam("reference")))
_by_short_id = CompiledSelect(_of_org.where(orders.c.short_id == bindparam("reference")))


def find_order(reference: str, org_id: str) -> Order:
    """Return an order of the org by its UUID, or by its short ID in any spelling.

    Raises NotFound if there is none outside the bin, and MistypedShortId if `reference` can be
    neither.
    """
    order_id = read_uuid(reference)
    statement = _by_short_id if order_id is None else _by_id
    key = order_id or short_id.normalise(reference)
    found = database.rows(statement, {"reference": key, "org_id": org_id})
    if not found:
        raise NotFound(lazy_gettext("There is no order with this ID."))
    return order_from(found[0])


def find_any_order(reference: str, org_id: str) -> Order:
    """Return an order as `find_order` does, even if it is in the bin."""
    statement = any_order.where(orders.c.org_id == org_id, names_order(reference))
    with database.read() as connection:
        found = connection.execute(statement).one_or_none()
    if found is None:
        raise NotFound(lazy_gettext("There is no order with this ID."))
    return order_from(found)


def names_order(reference: str) -> ColumnElement[bool]:
    """Return the SQL condition that an order has this UUID, or this short ID in any spelling.

    Raises MistypedShortId for a text that can be neither.
    """
    order_id = read_uuid(reference)
    if order_id is not None:
        return orders.c.id == order_id
    return orders.c.short_id == short_id.normalise(reference)


def read_history(order: Order) -> tuple[HistoryEntry, ...]:
    """Return the order's history, oldest first."""
    of_order = order_history.c.order_id == order.id
    statement = select(order_history).where(of_order).order_by(order_history.c.id)
    return entries_from(database.fetch_all(statement), order.org_id)


def find_submission(key: str, actor: Actor) -> str | None:
    """Return the short ID of the order created with this actor's idempotency key, or None."""
    statement = (
        select(orders.c.short_id)
        .join(Submission, Submission.order_id == orders.c.id)
        .where(Submission.actor_id == actor.id, Submission.key == key)
    )
    with database.read() as connection:
        return connection.execute(statement).scalar()


MOST_SHOWN = 8
# The newest orders of the org, in which any part of an ID is found; older ones by its start.
LOOKED_BACK = 500
MAX_TEXT = 100  # characters of a search that are looked at
MOST_SOUGHT = 100  # characters; of a longer folded ID, the search text may lack the end
# Sorts after every character that an ID may start with.
_LAST = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class KnownCustomer:
    """A customer: the ID in their orders, and the name of one of these orders, if it has a name.

    `name` is the name in the customer's record; None if there is no record, or no name in it.
    """

    customer_id: str
    order_name: str | None
    name: str | None = None


@from_replica
def find_customers(text: str, actor: Actor, *, most: int = MOST_SHOWN) -> list[KnownCustomer]:
    """Return suggestions of customers for a text that a person has typed, at most `most`.

    First come customers of recent orders (LOOKED_BACK) whose ID or order's name contains the text,
    regardless of case; those in the actor's own orders are first. Then come customers whose records
    match the text as a search, and customers of older orders whose ID starts with the text. If the
    text is empty, only customers of recent orders are returned.
    """
    typed = text[:MAX_TEXT].replace("\0", " ").strip()
    newest = (
        select(orders.c.customer_id, orders.c.name, orders.c.created_by)
        .where(orders.c.org_id == actor.org_id, orders.c.deleted_at.is_(None))
        .order_by(orders.c.created_at.desc(), orders.c.id.desc())
        .limit(LOOKED_BACK)
    )
    with database.read() as connection:
        rows = [row for row in connection.execute(newest) if row.customer_id]
        rows.sort(key=lambda row: row.created_by != actor.id)
        found: dict[str, KnownCustomer] = {}
        sought = fold(clean_reference(typed))
        for row in rows:
            if len(found) >= most:
                break  # to fold all of their texts would take longer than to read them
            if not sought or sought in fold(f"{row.customer_id}\n{row.name or ''}"):
                found.setdefault(row.customer_id, KnownCustomer(row.customer_id, row.name))
        if typed and len(found) < most:
            for customer_id in suggest_customers(connection, typed, actor.org_id, most=most):
                found.setdefault(customer_id, KnownCustomer(customer_id, None))
        if typed and len(found) < most:
            for customer_id, name in _customers_of_orders(connection, typed, actor.org_id, most):
                found.setdefault(customer_id, KnownCustomer(customer_id, name))
    shown = list(found.values())[:most]
    names = names_of([one.customer_id for one in shown], actor.org_id)
    return [replace(one, name=names.get(one.customer_id)) for one in shown]


def _customers_of_orders(
    connection: Connection, typed: str, org_id: str, most: int
) -> Iterator[tuple[str, str | None]]:
    """Yield customers of orders whose ID starts with the text, in some spellings, with a name."""
    plain, column = clean_reference(typed), orders.c.customer_id
    ways = (typed, plain, plain.upper(), plain.lower(), plain.capitalize())
    spellings = list(dict.fromkeys(ways))
    every = [or_(*(column.startswith(one, autoescape=True) for one in spellings))]
    if connection.dialect.name == "sqlite":
        # Its LIKE cannot use the index. A statement for each spelling ends after a few customers;
        # one for all of them would look at all that the org has.
        every = [(column >= one) & (column < one + _LAST) for one in spellings]
    elif (ids := find_candidates(connection, org_id, fold(plain)[:MOST_SOUGHT])) is not None:
        every = [in_array(orders.c.id, ids) & every[0]]  # its index has no beginnings of IDs
    of_org = (orders.c.org_id == org_id, orders.c.deleted_at.is_(None), column.is_not(None))
    for begins in every:
        older = (
            select(column, func.max(orders.c.name))
            .where(*of_org, begins)
            .group_by(column)
            .order_by(column)
            .limit(most)
        )
        for row in connection.execute(older):
            yield row[0], row[1]
