"""Reading orders: one, or a page of many. Every query names its org."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Select, Text, bindparam, func, select, type_coerce

from orders.access import Actor
from orders.rules import short_id
from orders.rules.configuration_id import read_uuid
from orders.rules.errors import NotFound
from orders.rules.order import CartLine, Order
from orders.rules.short_id import MistypedShortId
from orders.rules.status import STATUS_BY_NAME, Status
from orders.storage import database
from orders.storage.models import OrderHistory, StaffAccount, Submission, Token
from orders.storage.pages import turned_page
from orders.storage.prepared import Prepared
from orders.storage.tables import JsonRows, cart_line, orders

PAGE_SIZE = 50

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
_by_id = Prepared(_of_org.where(orders.c.id == bindparam("reference")))
_by_short_id = Prepared(_of_org.where(orders.c.short_id == bindparam("reference")))


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
        raise NotFound("There is no order with this ID.")
    return order_from(found[0])


def names_order(reference: str) -> ColumnElement[bool]:
    """Give the condition that an order has this UUID, or this short ID in any spelling.

    Raises MistypedShortId for a text that can be neither.
    """
    order_id = read_uuid(reference)
    if order_id is not None:
        return orders.c.id == order_id
    return orders.c.short_id == short_id.normalise(reference)


def order_from(row: Any) -> Order:  # noqa: ANN401 - a row of `whole_order`
    """Make an order of a row of `whole_order`."""
    return Order(
        id=row.id,
        short_id=row.short_id,
        org_id=row.org_id,
        origin_org_id=row.origin_org_id,
        name=row.name,
        customer_id=row.customer_id,
        platform=row.platform,
        metadata=row.metadata,
        derivative=row.derivative,
        cart=_cart(row.lines),
        items=row.items,
        status=STATUS_BY_NAME[row.status],
        created_at=row.created_at,
        updated_at=row.updated_at,
        created_by=row.created_by,
        deleted_at=row.deleted_at,
        version=row.version,
    )


def _cart(text: str | None) -> tuple[CartLine, ...]:
    """Make the lines of what `JsonRows` gives: position, configuration, count, metadata as text."""
    if text is None:
        return ()
    rows = orjson.loads(text)
    rows.sort()
    return tuple(
        CartLine(name, count, None if metadata is None else orjson.loads(metadata))
        for _position, name, count, metadata in rows
    )


@dataclass(frozen=True, slots=True)
class OrderSummary:
    """One order in a list: `lines` of the cart and `pieces`, the sum of their counts."""

    id: str
    short_id: str
    name: str | None
    customer_id: str | None
    status: Status
    created_at: datetime
    created_by: str
    lines: int
    pieces: int


@dataclass(frozen=True, slots=True)
class OrderPage:
    """A page of a list, newest first. The cursors are None at either end."""

    orders: tuple[OrderSummary, ...]
    newer: str | None
    older: str | None


def list_orders(
    org_id: str, *, search: str = "", older_than: str = "", newer_than: str = ""
) -> OrderPage:
    """Read a page of at most PAGE_SIZE orders of the org, newest first.

    `search` finds order codes (one or several, in any spelling) and otherwise parts of the code,
    name, customer ID or platform order ID, whatever their case. `older_than` and `newer_than` are
    cursors of a page; one that cannot be read means the first page.
    """
    statement = select(*_columns).where(orders.c.org_id == org_id, orders.c.deleted_at.is_(None))
    statement = _matching(statement, search)
    with database.read() as connection:
        page = turned_page(
            connection, statement,
            at=orders.c.created_at, tie=orders.c.id, read_tie=read_uuid, size=PAGE_SIZE,
            older_than=older_than, newer_than=newer_than,
        )  # fmt: skip
        counted = (
            select(cart_line.c.order_id, func.count(), func.sum(cart_line.c.count))
            .where(cart_line.c.order_id.in_([row.id for row in page.rows]))
            .group_by(cart_line.c.order_id)
        )
        totals = {row[0]: (row[1], int(row[2])) for row in connection.execute(counted)}
    found = tuple(_summary(row, *totals.get(row.id, (0, 0))) for row in page.rows)
    return OrderPage(found, page.newer, page.older)


def _matching(statement: Select[Any], search: str) -> Select[Any]:
    words = search.replace("\0", " ").replace(",", " ").replace(";", " ").split()
    if not words:
        return statement
    codes = _codes(words)
    if codes:
        return statement.where(orders.c.short_id.in_(codes))
    for word in words:
        statement = statement.where(orders.c.search_text.contains(word.casefold(), autoescape=True))
    return statement


def _codes(words: list[str]) -> list[str]:
    """Read the words as order codes; a code may be spread over words ("7KQ4 M2XD 9T3X")."""
    codes = []
    parts = ""
    for word in words:
        parts += word
        try:
            codes.append(short_id.normalise(parts))
        except MistypedShortId:
            continue
        parts = ""
    return [] if parts else codes


def _summary(row: Any, lines: int, pieces: int) -> OrderSummary:  # noqa: ANN401 - a row of `orders`
    return OrderSummary(
        id=row.id,
        short_id=row.short_id,
        name=row.name,
        customer_id=row.customer_id,
        status=Status(row.status),
        created_at=row.created_at,
        created_by=row.created_by,
        lines=lines,
        pieces=pieces,
    )


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """What happened to an order; `actor_name` is an e-mail address or a token's name."""

    at: datetime
    actor_name: str
    action: str
    changes: dict[str, Any]


def read_history(order: Order) -> tuple[HistoryEntry, ...]:
    """Read what happened to the order, oldest first."""
    statement = (
        select(OrderHistory.at, OrderHistory.actor_id, OrderHistory.action, OrderHistory.changes)
        .where(OrderHistory.order_id == order.id)
        .order_by(OrderHistory.id)
    )
    with database.read() as connection:
        rows = connection.execute(statement).all()
    names = actor_names({row.actor_id for row in rows}, order.org_id)
    return tuple(
        HistoryEntry(row.at, names.get(row.actor_id, row.actor_id), row.action, row.changes)
        for row in rows
    )


def actor_names(actor_ids: set[str], org_id: str) -> dict[str, str]:
    """Give the name of each actor of the org: a staff account's address or a token's name."""
    staff = select(StaffAccount.id, StaffAccount.email).where(
        StaffAccount.org_id == org_id, StaffAccount.id.in_(actor_ids)
    )
    tokens = select(Token.id, Token.name).where(Token.org_id == org_id, Token.id.in_(actor_ids))
    with database.read() as connection:
        people = [(row[0], row[1]) for row in connection.execute(staff)]
        return dict(people + [(row[0], row[1]) for row in connection.execute(tokens)])


def find_submission(key: str, actor: Actor) -> str | None:
    """Give the short ID of the order that this actor's key has made, if any."""
    statement = (
        select(orders.c.short_id)
        .join(Submission, Submission.order_id == orders.c.id)
        .where(Submission.actor_id == actor.id, Submission.key == key)
    )
    with database.read() as connection:
        return connection.execute(statement).scalar()
