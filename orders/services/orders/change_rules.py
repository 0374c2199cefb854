"""The rules for a changed order as a whole: the org's attributes, and lines where it needs them."""

from orders.domain.changes import apply_changes
from orders.domain.errors import FieldError, InvalidOrder
from orders.domain.legacy_items import convert_items
from orders.domain.order import Order, OrderChanges
from orders.domain.schema import missing_line
from orders.domain.status import OPEN_CARTS
from orders.services.accounts.access import Actor
from orders.services.catalog import products


def changed_order(order: Order, changes: OrderChanges, actor: Actor) -> Order:
    """Return the order as it would be after the changes; store nothing. Raises InvalidOrder."""
    org = actor.org
    after, errors = apply_changes(
        order, changes, org.attributes, strict=org.is_strict, line_rules=org.line_attributes
    )
    if changes.values.keys() & {"cart", "status"} and _lacks_lines(after, actor):
        errors.append(FieldError("cart", missing_line(after.status)))
    if errors:
        raise InvalidOrder(errors)
    return after


def _lacks_lines(order: Order, actor: Actor) -> bool:
    """Return whether the order has no cart line although its status requires one.

    No line is required if the order's deprecated `items` cannot be converted to lines.
    """
    if order.cart or order.status in OPEN_CARTS:
        return False
    converted = convert_items(order.items)
    if converted.warnings:
        return False
    names = [line.configuration_id for line in converted.lines]
    return not (names and products.unknown_short_ids(names, actor.org_id))
