"""What customers may see of an order that they look up by its short ID.

An org can also ask for the customer ID. To prevent guessing, each order allows MAX_TRIES tries
within WINDOW. A try is counted in the database before it is checked, so that the limit applies to
all processes and parallel requests together.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, select, update

from orders.domain.attributes import AttributeRule
from orders.domain.moments import now_or
from orders.domain.order import CartLine, Order
from orders.domain.permissions import Gate, gate_of, is_fact, lock_of
from orders.domain.status import Status
from orders.services.accounts import orgs
from orders.services.accounts.org_rules import org_rules_of
from orders.services.accounts.orgs import CustomerPage
from orders.services.catalog import configuration_queries, products
from orders.services.catalog.configuration_queries import StoredFile
from orders.services.catalog.products import ConfigurationSummary
from orders.services.orders.queries import order_from, whole_order
from orders.storage import database
from orders.storage.database import CompiledSelect
from orders.storage.replica import from_replica
from orders.storage.tables import insert_new, order_tries, orders

MAX_TRIES = 10
WINDOW = timedelta(hours=1)  # starts with the first try
# Returns whether the customer has already been verified for this lock (`lock_of`).
IsUnlocked = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class CustomerLine:
    """An order line as a customer sees it.

    If its configuration is unknown, only `count` and `details` are set.

    If `has_picture` is true, `find_picture` returns the picture. `details` are the values of the
    attributes of lines that the org shows to customers.
    """

    product_name: str | None
    options: dict[str, Any]
    thumbnail: str | None
    count: int
    has_picture: bool = False
    details: tuple["Detail", ...] = ()


@dataclass(frozen=True, slots=True)
class Detail:
    """An attribute of an order that the org shows to customers, and its value in the order."""

    rule: AttributeRule
    value: object


@dataclass(frozen=True, slots=True)
class Content:
    """What a customer sees of an order after verification: times, lines and attributes.

    `canceled_at` is None unless the order is canceled.
    """

    created_at: datetime
    updated_at: datetime
    canceled_at: datetime | None
    lines: tuple[CustomerLine, ...]
    details: tuple[Detail, ...]


@dataclass(frozen=True, slots=True)
class CustomerView:
    """All that a customer may see of an order; `content` is None unless `gate` is Gate.OPEN."""

    short_id: str
    status: Status
    is_canceled: bool
    org: CustomerPage
    gate: Gate
    content: Content | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """The result of `verify_customer`.

    If the typed ID was correct, `lock` is the text that the caller signs as a cookie to unlock the
    order. If no try was left, `wait` is the number of seconds until the next try is allowed. If the
    typed ID was wrong, `lock` is None and `wait` is 0.
    """

    lock: str | None = None
    wait: int = 0


_any_by_short_id = CompiledSelect(whole_order.where(orders.c.short_id == bindparam("reference")))


@from_replica
def find_order_for_customer(code: str, is_unlocked: IsUnlocked) -> CustomerView | None:
    """Return what a customer may see of the order with the short ID `code`, of any org.

    `code` must have the canonical spelling. `is_unlocked` takes the order's lock (see Attempt) and
    returns whether this customer was verified. Returns None if there is no such order outside the
    bin.
    """
    found = _find(code)
    if found is None:
        return None
    order, org = found
    gate = _gate(order, org, is_unlocked)
    content = _content(order) if gate is Gate.OPEN else None
    is_canceled = order.canceled_at is not None
    return CustomerView(order.short_id, order.status, is_canceled, org, gate, content)


def verify_customer(code: str, typed: str, *, now: datetime | None = None) -> Attempt | None:
    """Check whether `typed` is the customer ID of the order with the short ID `code`.

    Every call uses up one of the order's tries; if none is left, nothing is compared. Returns None
    if there is no such order, or if no customer ID is required to see it.
    """
    found = _find(code)
    if found is None:
        return None
    order, org = found
    if gate_of(org.check, order.customer_id) is not Gate.ASKS:
        return None
    return try_customer_id(order, typed, now=now)


def try_customer_id(order: Order, typed: str, *, now: datetime | None = None) -> Attempt:
    """Check whether `typed` is the order's customer ID, which uses up one of the order's tries."""
    wait = _take_try(order.id, now=now)
    if wait:
        return Attempt(wait=wait)
    if not is_fact(typed, order.customer_id):
        return Attempt()
    database.execute(delete(order_tries).where(order_tries.c.order_id == order.id))
    return Attempt(lock=lock_of(order.id, order.customer_id))


@from_replica
def find_picture(code: str, number: int, is_unlocked: IsUnlocked) -> StoredFile | None:
    """Return the picture of line `number` (from 1) of the order with the short ID `code`.

    Returns None if there is no such order, line or picture, or if the customer must be verified to
    see the order and `is_unlocked` returns False.
    """
    found = _find(code)
    if found is None:
        return None
    order, org = found
    if not 1 <= number <= len(order.cart) or _gate(order, org, is_unlocked) is not Gate.OPEN:
        return None
    reference = order.cart[number - 1].configuration_id
    summary = products.resolve([reference], order.org_id).get(reference)
    if summary is None or not summary.has_picture:
        return None
    return configuration_queries.find_picture(summary.id, order.org_id)


def _find(code: str) -> tuple[Order, CustomerPage] | None:
    """Return the order with this short ID, of any org, and the customer page of its org.

    Returns None if there is no such order outside the bin.
    """
    found = database.rows(_any_by_short_id, {"reference": code})
    if not found:
        return None
    order = order_from(found[0])
    return order, orgs.find_customer_page(order.org_id)


def _gate(order: Order, org: CustomerPage, is_unlocked: IsUnlocked) -> Gate:
    gate = gate_of(org.check, order.customer_id)
    is_verified = gate is Gate.ASKS and is_unlocked(lock_of(order.id, order.customer_id))
    return Gate.OPEN if is_verified else gate


def _take_try(order_id: str, *, now: datetime | None) -> int:
    """Use up one of the order's tries; return 0, or the seconds to wait if none was left."""
    at = now_or(now)
    mine = order_tries.c.order_id == order_id

    with database.transaction() as connection:
        first = {"order_id": order_id, "tries": 1, "since": at}
        if insert_new(connection, order_tries, first):
            return 0
        # The update locks the row, so parallel requests are counted one after the other.
        connection.execute(update(order_tries).where(mine).values(tries=order_tries.c.tries + 1))
        row = connection.execute(select(order_tries).where(mine)).one()
        if row.since + WINDOW <= at:
            connection.execute(update(order_tries).where(mine).values(tries=1, since=at))
            return 0
        left = (row.since + WINDOW - at).total_seconds()
        return max(1, math.ceil(left)) if row.tries > MAX_TRIES else 0


def _content(order: Order) -> Content:
    summaries = products.resolve({line.configuration_id for line in order.cart}, order.org_id)
    rules = org_rules_of(order.org_id)
    return Content(
        created_at=order.created_at,
        updated_at=order.updated_at,
        canceled_at=order.canceled_at,
        lines=tuple(
            _customer_line(line, summaries.get(line.configuration_id), rules.line_attributes)
            for line in order.cart
        ),
        details=tuple(_visible_details(order, rules.attributes)),
    )


def _customer_line(
    line: CartLine, summary: ConfigurationSummary | None, rules: Sequence[AttributeRule]
) -> CustomerLine:
    metadata = line.metadata or {}
    details = tuple(
        Detail(rule, metadata[rule.key])
        for rule in rules
        if rule.visible_to_customer and metadata.get(rule.key) is not None
    )
    if summary is None:
        return CustomerLine(None, {}, None, line.count, details=details)
    return CustomerLine(
        summary.product_name, summary.variant, summary.thumbnail, line.count, summary.has_picture,
        details,
    )  # fmt: skip


def _visible_details(order: Order, rules: Sequence[AttributeRule]) -> Iterable[Detail]:
    """Yield the order's attributes that the org shows to customers, in the sequence of `rules`."""
    for rule in rules:
        values = (getattr(order, area).get(rule.key) for area in rule.areas)
        value = next((value for value in values if value is not None), None)
        if rule.visible_to_customer and value is not None:
            yield Detail(rule, value)
