"""What a customer may see of an order, found by its short ID alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam

from orders import catalogue, configuration_queries
from orders.access import org_rules_of
from orders.catalogue import ConfigurationCard
from orders.configuration_queries import StoredFile
from orders.queries import order_from, whole_order
from orders.rules.attributes import Applies, AttributeRule, display
from orders.rules.order import CartLine, Order
from orders.rules.status import Status
from orders.storage import database
from orders.storage.prepared import Prepared
from orders.storage.tables import orders


@dataclass(frozen=True, slots=True)
class CustomerLine:
    """One line as a customer sees it; `has_picture` tells that `find_picture` has one."""

    product_name: str | None
    options: dict[str, Any]
    thumbnail: str | None
    count: int
    has_picture: bool = False


@dataclass(frozen=True, slots=True)
class CustomerView:
    """All that a customer may see of an order; `details` are labels and texts."""

    short_id: str
    status: Status
    created_at: datetime
    updated_at: datetime
    lines: tuple[CustomerLine, ...]
    details: tuple[tuple[str, str], ...]


_any_by_short_id = Prepared(whole_order.where(orders.c.short_id == bindparam("reference")))


def find_order_for_customer(code: str) -> CustomerView | None:
    """Read what the customer may see of the order with this short ID (canonical spelling).

    This is the one look-up that names no org: the code alone finds the order, whoever owns it.
    None when there is no such order or it is in the bin.
    """
    found = database.rows(_any_by_short_id, {"reference": code})
    if not found:
        return None
    order = order_from(found[0])
    cards = catalogue.resolve({line.configuration_id for line in order.cart}, order.org_id)
    return CustomerView(
        short_id=order.short_id,
        status=order.status,
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


def find_picture(code: str, number: int) -> StoredFile | None:
    """Find the picture of a line, counted from 1, of the order with this short ID.

    None when there is no such order, line or picture: whoever has the code may see the pictures of
    its own lines and no others.
    """
    found = database.rows(_any_by_short_id, {"reference": code})
    lines = order_from(found[0]).cart if found else ()
    if not 1 <= number <= len(lines):
        return None
    reference, org_id = lines[number - 1].configuration_id, found[0].org_id
    card = catalogue.resolve([reference], org_id).get(reference)
    if card is None or not card.has_picture:
        return None
    return configuration_queries.find_picture(card.id, org_id)


def _visible_details(order: Order, rules: Sequence[AttributeRule]) -> list[tuple[str, str]]:
    """Give label and text of each value that the org lets customers see."""
    details = []
    for rule in rules:
        value = _value(order, rule)
        if rule.visible_to_customer and value is not None:
            details.append((rule.label, display(rule, value)))
    return details


def _value(order: Order, rule: AttributeRule) -> object:
    """Find the attribute's value where the attribute applies; None when it has none."""
    areas = {
        Applies.METADATA: (order.metadata,),
        Applies.DERIVATIVE: (order.derivative,),
        Applies.BOTH: (order.metadata, order.derivative),
    }
    values = (area.get(rule.key) for area in areas[rule.applies])
    return next((value for value in values if value is not None), None)
