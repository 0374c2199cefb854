"""Read orders one by one, and their history. Every query names its org."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Text, bindparam, select, type_coerce

from orders.domain import short_id
from orders.domain.errors import NotFound
from orders.domain.identifiers import read_uuid
from orders.domain.order import Order
from orders.domain.texts import lazy_gettext
from orders.services.accounts.access import Actor
from orders.services.orders.rows import order_from
from orders.storage import database
from orders.storage.database import CompiledSelect
from orders.storage.models.orders import OrderHistory, Submission
from orders.storage.models.orgs import Token
from orders.storage.models.people import StaffAccount
from orders.storage.sql import JsonRows
from orders.storage.tables import cart_line, orders, shown_name

_lines = (
    select(
        JsonRows(
            cart_line.c.position,
            cart_line.c.configuration_id,
            cart_line.c.count,
            type_coerce(cart_line.c.metadata, Text),
        )
    )
    .where(cart_line.c.order_id == orders.c.id)
    .correlate(orders)
    .scalar_subquery()
    .label("lines")
)
_columns = [column for column in orders.c if column.name != "search_text"]
# An order with its lines; and one that is not in the bin.
any_order = select(*_columns, _lines)
whole_order = any_order.where(orders.c.deleted_at.is_(None))
_of_org = whole_order.where(orders.c.org_id == bindparam("org_id"))
_by_id = CompiledSelect(_of_org.where(orders.c.id == bindparam("reference")))
_by_short_id = CompiledSelect(_of_org.where(orders.c.short_id == bindparam("reference")))


def find_order(reference: str, org_id: str) -> Order:
    """Read one order of the org by its UUID, or by its short ID in any spelling.

    Raises NotFound when the org has no such order or it is in the bin, and MistypedShortId for a
    text that can be neither; the latter without asking the database.
    """
    order_id = read_uuid(reference)
    statement = _by_short_id if order_id is None else _by_id
    key = order_id or short_id.normalise(reference)
    found = database.rows(statement, {"reference": key, "org_id": org_id})
    if not found:
        raise NotFound(lazy_gettext("There is no order with this ID."))
    return order_from(found[0])


def find_any_order(reference: str, org_id: str) -> Order:
    """Read one order of the org, also one that is in the bin; raises as `find_order` does."""
    statement = any_order.where(orders.c.org_id == org_id, names_order(reference))
    with database.read() as connection:
        found = connection.execute(statement).one_or_none()
    if found is None:
        raise NotFound(lazy_gettext("There is no order with this ID."))
    return order_from(found)


def names_order(reference: str) -> ColumnElement[bool]:
    """Return the condition that an order has this UUID, or this short ID in any spelling.

    Raises MistypedShortId for a text that can be neither.
    """
    order_id = read_uuid(reference)
    if order_id is not None:
        return orders.c.id == order_id
    return orders.c.short_id == short_id.normalise(reference)


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """What happened to an order; `actor_name` is a person's name or address, or a token's.

    `actor_kind` is "staff" or "token".
    """

    at: datetime
    actor_name: str
    action: str
    changes: dict[str, Any]
    actor_kind: str = "staff"


def read_history(order: Order) -> tuple[HistoryEntry, ...]:
    """Read what happened to the order, oldest first."""
    statement = (
        select(
            OrderHistory.at,
            OrderHistory.actor_id,
            OrderHistory.action,
            OrderHistory.changes,
            OrderHistory.actor_kind,
        )
        .where(OrderHistory.order_id == order.id)
        .order_by(OrderHistory.id)
    )
    with database.read() as connection:
        rows = connection.execute(statement).all()
    names = actor_names({row.actor_id for row in rows}, order.org_id)
    return tuple(
        HistoryEntry(
            row.at, names.get(row.actor_id, row.actor_id), row.action, row.changes, row.actor_kind
        )
        for row in rows
    )


def actor_names(actor_ids: set[str], org_id: str) -> dict[str, str]:
    """Return the name of each actor of the org: a person's name or address, or a token's name."""
    staff = select(StaffAccount.id, shown_name).where(
        StaffAccount.org_id == org_id, StaffAccount.id.in_(actor_ids)
    )
    tokens = select(Token.id, Token.name).where(Token.org_id == org_id, Token.id.in_(actor_ids))
    with database.read() as connection:
        people = [(row[0], row[1]) for row in connection.execute(staff)]
        return dict(people + [(row[0], row[1]) for row in connection.execute(tokens)])


def find_submission(key: str, actor: Actor) -> str | None:
    """Return the short ID of the order that this actor's key has created, if any."""
    statement = (
        select(orders.c.short_id)
        .join(Submission, Submission.order_id == orders.c.id)
        .where(Submission.actor_id == actor.id, Submission.key == key)
    )
    with database.read() as connection:
        return connection.execute(statement).scalar()
