"""What a customer may see of an order, found by its short ID and what else its org asks for."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam

from orders import administration, second_fact
from orders.access import org_rules_of
from orders.administration import CustomerPage
from orders.catalogue import configuration_queries, naming
from orders.catalogue.configuration_queries import StoredFile
from orders.catalogue.naming import ConfigurationCard
from orders.order_rows import order_from
from orders.queries import whole_order
from orders.rules.attributes import Applies, AttributeRule, option_label
from orders.rules.order import CartLine, Order
from orders.rules.permissions import Gate, gate_of, is_fact, lock_of
from orders.rules.status import Status
from orders.storage import database
from orders.storage.prepared import Prepared
from orders.storage.tables import orders

# Tells whether the customer has told what this lock asks for (`lock_of`).
MaySee = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class CustomerLine:
    """One line as a customer sees it; `has_picture` tells that `find_picture` has one."""

    product_name: str | None
    options: dict[str, Any]
    thumbnail: str | None
    count: int
    has_picture: bool = False


@dataclass(frozen=True, slots=True)
class Detail:
    """A value that the org lets customers see, under its label; options by their labels."""

    label: str
    value: object


@dataclass(frozen=True, slots=True)
class Content:
    """What is behind the second fact."""

    created_at: datetime
    updated_at: datetime
    lines: tuple[CustomerLine, ...]
    details: tuple[Detail, ...]


@dataclass(frozen=True, slots=True)
class CustomerView:
    """All that a customer may see of an order; `content` is there when `gate` is open only."""

    short_id: str
    status: Status
    org: CustomerPage
    gate: Gate
    content: Content | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of telling the second fact: the lock that it opens, or seconds to wait, or none."""

    lock: str | None = None
    wait: int = 0


_any_by_short_id = Prepared(whole_order.where(orders.c.short_id == bindparam("reference")))


def find_order_for_customer(code: str, may_see: MaySee) -> CustomerView | None:
    """Read what the customer may see of the order with this short ID (canonical spelling).

    This is the one look-up that names no org: the code alone finds the order, whoever owns it.
    None when there is no such order or it is in the bin.
    """
    order = _find(code)
    if order is None:
        return None
    org = administration.find_customer_page(order.org_id)
    gate = _gate(order, org, may_see)
    content = _content(order) if gate is Gate.OPEN else None
    return CustomerView(order.short_id, order.status, org, gate, content)


def tell_fact(code: str, typed: str, *, now: datetime | None = None) -> Attempt | None:
    """Judge the customer ID that somebody has typed for the order with this short ID.

    Costs one of the order's tries, right or wrong; without any left nothing is judged. None when
    there is no such order, or nothing is asked for.
    """
    order = _find(code)
    if order is None:
        return None
    org = administration.find_customer_page(order.org_id)
    if gate_of(org.check, order.customer_id) is not Gate.ASKS:
        return None
    wait = second_fact.take_try(order.id, now=now)
    if wait:
        return Attempt(wait=wait)
    if not is_fact(typed, order.customer_id):
        return Attempt()
    second_fact.forget_tries(order.id)
    return Attempt(lock=lock_of(order.id, order.customer_id))


def find_picture(code: str, number: int, may_see: MaySee) -> StoredFile | None:
    """Find the picture of a line, counted from 1, of the order with this short ID.

    None when there is no such order, line or picture, or the order is not open: whoever may see an
    order may see the pictures of its own lines and no others.
    """
    order = _find(code)
    if order is None or not 1 <= number <= len(order.cart):
        return None
    org = administration.find_customer_page(order.org_id)
    if _gate(order, org, may_see) is not Gate.OPEN:
        return None
    reference = order.cart[number - 1].configuration_id
    card = naming.resolve([reference], order.org_id).get(reference)
    if card is None or not card.has_picture:
        return None
    return configuration_queries.find_picture(card.id, order.org_id)


def _find(code: str) -> Order | None:
    found = database.rows(_any_by_short_id, {"reference": code})
    return order_from(found[0]) if found else None


def _gate(order: Order, org: CustomerPage, may_see: MaySee) -> Gate:
    gate = gate_of(org.check, order.customer_id)
    is_told = gate is Gate.ASKS and may_see(lock_of(order.id, order.customer_id))
    return Gate.OPEN if is_told else gate


def _content(order: Order) -> Content:
    cards = naming.resolve({line.configuration_id for line in order.cart}, order.org_id)
    return Content(
        created_at=order.created_at,
        updated_at=order.updated_at,
        lines=tuple(_customer_line(line, cards.get(line.configuration_id)) for line in order.cart),
        details=tuple(_visible_details(order, org_rules_of(order.org_id).attributes)),
    )


def _customer_line(line: CartLine, card: ConfigurationCard | None) -> CustomerLine:
    if card is None:
        return CustomerLine(None, {}, None, line.count)
    return CustomerLine(
        card.product_name, card.variant, card.thumbnail, line.count, card.has_picture
    )


def _visible_details(order: Order, rules: Sequence[AttributeRule]) -> Iterable[Detail]:
    """Give label and value of each attribute that the org lets customers see."""
    for rule in rules:
        value = _value(order, rule)
        if rule.visible_to_customer and value is not None:
            yield Detail(rule.label, option_label(rule, value))


def _value(order: Order, rule: AttributeRule) -> object:
    """Find the attribute's value where the attribute applies; None when it has none."""
    areas = {
        Applies.METADATA: (order.metadata,),
        Applies.DERIVATIVE: (order.derivative,),
        Applies.BOTH: (order.metadata, order.derivative),
    }
    values = (area.get(rule.key) for area in areas[rule.applies])
    return next((value for value in values if value is not None), None)
