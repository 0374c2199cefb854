"""What a change makes of an order: its new fields, what speaks against them, what its history says.

Fields that were sent are replaced, others stay (docs/contract.md, "Changing an order").
"""

from collections.abc import Sequence
from typing import Any

from orders.rules.attributes import AttributeRule, apply_attributes
from orders.rules.change_schema import READ_ONLY_SENTENCE, OrderChanges
from orders.rules.errors import FieldError
from orders.rules.json_values import same_json
from orders.rules.order import NotSent, Order
from orders.rules.wire import line_fields, order_fields

_WIRE_NAMES = {
    "name": "name",
    "customer_id": "customerId",
    "platform": "platform",
    "metadata": "metadata",
    "derivative": "derivative",
    "status": "status",
}


def apply_changes(
    order: Order, changes: OrderChanges, rules: Sequence[AttributeRule], *, strict: bool
) -> tuple[Order, list[FieldError]]:
    """Give the order with its new fields, and every error by its path.

    Whether the cart may be empty is for the caller to judge.
    """
    stored = order_fields(order)
    errors = [
        FieldError(name, READ_ONLY_SENTENCE)
        for name, value in changes.unchangeable
        if not _is_as_stored(name, value, stored)
    ]
    sent = {
        name: value
        for name in (*_WIRE_NAMES, "cart")
        if not isinstance(value := getattr(changes, name), NotSent)
    }
    after = order._replace(**sent)
    if "metadata" in sent or "derivative" in sent:
        after, faults = _with_attributes(order, after, rules, strict=strict)
        errors += faults
    return after, errors


def _is_as_stored(name: str, value: object, stored: dict[str, Any]) -> bool:
    if name == "originOrgId" and value == "":  # old clients: counts as not sent
        return True
    if name == "orgId" and isinstance(value, str):
        value = value.lower()
    try:
        return same_json(value, stored[name])
    except TypeError:  # what cannot be stored is not what is stored
        return False


def _with_attributes(
    before: Order, after: Order, rules: Sequence[AttributeRule], *, strict: bool
) -> tuple[Order, list[FieldError]]:
    """Fill in defaults as on creation, and tell what the org's attributes refuse.

    What was wrong before and was not touched is no fault of this change: a retired option survives
    the save of an old order.
    """
    result = apply_attributes(after.metadata, after.derivative, rules, strict=strict)
    old = apply_attributes(before.metadata, before.derivative, rules, strict=strict)
    known = {error for error in old.errors if same_json(_at(before, error), _at(after, error))}
    if not same_json(after.metadata, before.metadata):
        after = after._replace(metadata=result.metadata)
    if not same_json(after.derivative, before.derivative):
        after = after._replace(derivative=result.derivative)
    return after, [error for error in result.errors if error not in known]


def _at(order: Order, error: FieldError) -> object:
    area, _, key = error.path.partition(".")
    values: dict[str, Any] = order.derivative if area == "derivative" else order.metadata
    return (key in values, values.get(key))


def is_same(before: Order, after: Order) -> bool:
    """Tell whether an order is answered alike before and after."""
    return same_json(order_fields(before), order_fields(after))


def difference(before: Order, after: Order) -> dict[str, Any]:
    """Give what the history tells: `{field: {"from": …, "to": …}}` by wire names.

    Of lines that were only put behind the others it tells `{"added": [...]}`: a cart that grows
    line by line must not be written down whole each time.
    """
    changes: dict[str, Any] = {
        wire: {"from": getattr(before, name), "to": getattr(after, name)}
        for name, wire in _WIRE_NAMES.items()
        if not same_json(getattr(before, name), getattr(after, name))
    }
    old = [line_fields(line) for line in before.cart]
    new = [line_fields(line) for line in after.cart]
    if same_json(old, new):
        return changes
    is_grown = same_json(old, new[: len(old)])
    changes["cart"] = {"added": new[len(old) :]} if is_grown else {"from": old, "to": new}
    return changes
