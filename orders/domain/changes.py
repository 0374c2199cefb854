"""Changes of an order: read as they were sent, applied, and described for the history.

Fields that were sent are replaced, others stay (docs/contract.md, "Changing an order"). Types,
limits and messages are those of a new order.
"""

from collections.abc import Sequence
from typing import Any

from orders.domain.attributes import AttributeRule, apply_attributes
from orders.domain.errors import FieldError
from orders.domain.fields import CartLineInput
from orders.domain.inputs import Limits, StrictInput, with_fields
from orders.domain.json_values import same_json
from orders.domain.order import (
    EDITABLE_FIELDS,
    UNCHANGEABLE,
    CartLine,
    FieldKind,
    Order,
    OrderChanges,
    line_from,
    lines_as_json,
    order_fields,
)
from orders.domain.schema import inspect, read_lines_of, request_types
from orders.domain.status import Status
from orders.domain.texts import lazy_gettext

READ_ONLY_SENTENCE = lazy_gettext("Set by the service and not changed; leave it out.")


@with_fields(
    request_types(EDITABLE_FIELDS, is_change=True, cart="The lines that replace the old ones.")
)
class OrderChangesInput(StrictInput):
    """Fields of an order to replace; a field that is left out stays as it is."""


class CartInput(StrictInput):
    """Lines to add to a cart."""

    cart: list[CartLineInput]


def read_changes(raw: object, *, limits: Limits) -> tuple[OrderChanges | None, list[FieldError]]:
    """Check changes as they were sent, as far as they can be checked without their order.

    `raw` is an object of fields, or an array of lines, which replaces the cart. Returns the changes
    or the errors; never raises.
    """
    document = {"cart": modern_lines(raw)} if isinstance(raw, list) else raw
    unchangeable: tuple[tuple[str, Any], ...] = ()
    if isinstance(document, dict):
        unchangeable = tuple((key, document[key]) for key in UNCHANGEABLE if key in document)
        document = {key: document[key] for key in document if key not in UNCHANGEABLE}
    seen = inspect(document, OrderChangesInput, limits=limits)
    if seen.errors or seen.parsed is None:
        return None, list(seen.errors.values())
    values = {}
    for field in EDITABLE_FIELDS:
        if field.wire_name in seen.sent:
            # Objects as they were sent: the model drops keys of `platform` that were left out.
            is_object = field.kind is FieldKind.OBJECT
            read = seen.sent[field.wire_name] if is_object else getattr(seen.parsed, field.name)
            values[field.name] = read_lines_of(read) if field.kind is FieldKind.LINES else read
    return OrderChanges(unchangeable=unchangeable, **values), []


def read_lines(raw: object, *, limits: Limits) -> tuple[tuple[CartLine, ...], list[FieldError]]:
    """Check lines for a cart as they were sent: an array of lines, or `{"cart": [...]}`.

    `items`, the old name of the field, is read as `cart` when it comes alone. Returns the lines and
    the errors; never raises.
    """
    document = raw
    if isinstance(raw, list):
        document = {"cart": raw}
    elif isinstance(raw, dict) and "items" in raw and "cart" not in raw:
        document = {("cart" if key == "items" else key): raw[key] for key in raw}
    if isinstance(document, dict) and isinstance(document.get("cart"), list):
        document = {**document, "cart": modern_lines(document["cart"])}
    seen = inspect(document, CartInput, limits=limits)
    if seen.errors or seen.parsed is None:
        return (), list(seen.errors.values())
    return read_lines_of(seen.parsed.cart), []


def modern_lines(lines: list[Any]) -> list[Any]:
    """Return lines with `configurationId` where an old client says `id`; others as they are."""
    return [
        {("configurationId" if key == "id" else key): line[key] for key in line}
        if isinstance(line, dict) and "id" in line and "configurationId" not in line
        else line
        for line in lines
    ]


def apply_changes(
    order: Order, changes: OrderChanges, rules: Sequence[AttributeRule], *, strict: bool
) -> tuple[Order, list[FieldError]]:
    """Return the order with its new fields, and every error by its path.

    Whether the cart may be empty is not checked here.
    """
    stored = order_fields(order)
    errors = [
        FieldError(name, READ_ONLY_SENTENCE)
        for name, value in changes.unchangeable
        if not _is_as_stored(name, value, stored)
    ]
    after = order._replace(**changes.values)
    if "metadata" in changes.values or "derivative" in changes.values:
        after, faults = _with_attributes(order, after, rules, strict=strict)
        errors += faults
    return after, errors


def _is_as_stored(name: str, value: object, stored: dict[str, Any]) -> bool:
    if name == "originOrgId" and value == "":  # old clients: counts as not sent
        return True
    if name == "orgId" and isinstance(value, str):
        value = value.lower()
    return same_json(value, stored[name])


def _with_attributes(
    before: Order, after: Order, rules: Sequence[AttributeRule], *, strict: bool
) -> tuple[Order, list[FieldError]]:
    """Fill in defaults as for a new order, and return what the org's attributes refuse.

    What was wrong before and is unchanged is no error of this change: an old order with a retired
    option can still be saved.
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
    """Return whether the API answers the order alike before and after."""
    return same_json(order_fields(before), order_fields(after))


def difference(before: Order, after: Order) -> dict[str, Any]:
    """Return what the history stores: `{field: {"from": …, "to": …}}` by wire names.

    Lines that were only added at the end are `{"added": [...]}`: a cart that grows line by line
    must not be stored whole each time.
    """
    changes: dict[str, Any] = {}
    for field in EDITABLE_FIELDS:
        old, new = getattr(before, field.name), getattr(after, field.name)
        if field.kind is FieldKind.LINES:
            old, new = lines_as_json(old), lines_as_json(new)
        if same_json(old, new):
            continue
        is_grown = field.kind is FieldKind.LINES and same_json(old, new[: len(old)])
        added = {"added": new[len(old) :]} if is_grown else None
        changes[field.wire_name] = added or {"from": old, "to": new}
    return changes


def undo_difference(order: Order, changes: dict[str, Any]) -> Order:
    """Return the order as it was before a change of which the history stores this."""
    values: dict[str, Any] = {}
    for field in EDITABLE_FIELDS:
        change = changes.get(field.wire_name)
        if change is None:
            continue
        if field.kind is FieldKind.LINES and "added" in change:
            values[field.name] = order.cart[: len(order.cart) - len(change["added"])]
        elif field.kind is FieldKind.LINES:
            values[field.name] = tuple(map(line_from, change["from"]))
        else:
            old = change["from"]
            values[field.name] = Status(old) if field.kind is FieldKind.STATUS else old
    return order._replace(**values)
