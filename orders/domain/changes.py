"""Changes of an order: read as they were sent, applied, described for the history, and merged.

Fields that were sent are replaced, others stay (docs/contract.md, "Changing an order"). Types,
limits and messages are those of a new order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from orders.domain.attributes import AttributeRule, apply_attributes
from orders.domain.errors import FieldError
from orders.domain.fields import CartLineInput
from orders.domain.inputs import Limits, StrictInput, with_fields
from orders.domain.json_values import canonical_json, same_json
from orders.domain.order import (
    EDITABLE_FIELDS,
    UNCHANGEABLE,
    Cart,
    FieldKind,
    Order,
    OrderChanges,
    line_fields,
    line_from,
    lines_as_json,
    order_fields,
)
from orders.domain.schema import inspect, read_lines_of, request_types
from orders.domain.status import Status
from orders.domain.texts import lazy_gettext


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


def read_lines(raw: object, *, limits: Limits) -> tuple[Cart, list[FieldError]]:
    """Check lines for a cart as they were sent: an array of lines, or `{"cart": [...]}`.

    `items`, the old name of the field, is read as `cart` when it comes alone. Returns the lines and
    the errors; never raises.
    """
    document = {"cart": raw} if isinstance(raw, list) else raw
    if isinstance(document, dict) and "items" in document and "cart" not in document:
        document = {("cart" if key == "items" else key): document[key] for key in document}
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
    sentence = lazy_gettext("Set by the service and not changed; leave it out.")
    errors = [
        FieldError(name, sentence)
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


# The value of a key that an object does not have.
_MISSING = object()


@dataclass(frozen=True, slots=True)
class FieldConflict:
    """A field that both changed differently; values as in JSON, None also for a missing key."""

    path: str
    mine: Any
    theirs: Any


@dataclass(frozen=True, slots=True)
class Merged:
    """Both changes in one order, with my values where there are conflicts.

    `taken` are the paths of what they changed.
    """

    order: Order
    conflicts: tuple[FieldConflict, ...]
    taken: tuple[str, ...]


def merge_orders(base: Order, mine: Order, theirs: Order) -> Merged:
    """Merge what I made of `base` on a form with what is stored by now.

    A field that only one of us changed is taken from that one; the same change by both is one
    change. Objects are merged key by key. Lines that one has only added at the end follow what the
    other has made of the cart.
    """
    conflicts: list[FieldConflict] = []
    taken: list[str] = []

    def choose(path: str, values: tuple[Any, Any, Any]) -> Any:  # noqa: ANN401 - values of fields
        before, my, their = values
        if _same(my, their) or _same(before, their):
            return my
        if not _same(before, my):
            shown = (None if one is _MISSING else one for one in (my, their))
            conflicts.append(FieldConflict(path, *shown))
            return my
        taken.append(path)
        return their

    fields: dict[str, Any] = {}
    for field in EDITABLE_FIELDS:
        before, my, their = (getattr(one, field.name) for one in (base, mine, theirs))
        if field.kind is FieldKind.LINES:
            fields[field.name] = _cart(before, my, their, conflicts, taken)
        elif field.kind is not FieldKind.OBJECT:
            fields[field.name] = choose(field.wire_name, (before, my, their))
        else:
            merged = {}
            for key in dict.fromkeys((*their, *my)):
                values = tuple(one.get(key, _MISSING) for one in (before, my, their))
                value = choose(f"{field.wire_name}.{key}", values)
                if value is not _MISSING:
                    merged[key] = value
            fields[field.name] = merged
    return Merged(theirs._replace(**fields), tuple(conflicts), tuple(taken))


def _cart(
    base: Cart, mine: Cart, theirs: Cart, conflicts: list[FieldConflict], taken: list[str]
) -> Cart:
    if _same_cart(mine, theirs) or _same_cart(base, theirs):
        return mine
    is_mine_changed = not _same_cart(base, mine)
    if not is_mine_changed or _same_cart(base, theirs[: len(base)]):
        taken.append("cart")
        return mine + theirs[len(base) :] if is_mine_changed else theirs
    if _same_cart(base, mine[: len(base)]):
        taken.append("cart")
        return theirs + mine[len(base) :]
    conflicts.append(FieldConflict("cart", lines_as_json(mine), lines_as_json(theirs)))
    return mine


def _same_cart(one: Cart, other: Cart) -> bool:
    return same_json(lines_as_json(one), lines_as_json(other))


def _same(one: object, other: object) -> bool:
    if one is _MISSING or other is _MISSING:
        return one is other
    return same_json(one, other)


def changed_fields(base: Order, rendered: dict[str, Any], sent: dict[str, Any]) -> dict[str, Any]:
    """Return what was changed on the form of an order: whole fields by wire names.

    A form does not show everything that an order contains. So `rendered`, the form as shown for
    `base`, is compared with `sent`, the form as it came back, both as in `POST /api/orders`.
    """
    changes: dict[str, Any] = {}
    stored = order_fields(base)
    for field in EDITABLE_FIELDS:
        name = field.wire_name
        if field.kind is FieldKind.LINES:
            if not same_json(rendered[name], sent[name]):
                changes[name] = _changed_lines(base, rendered[name], sent[name])
        elif field.kind is not FieldKind.OBJECT:
            if not same_json(rendered.get(name), sent.get(name)):
                changes[name] = sent.get(name)
        else:
            before, after = rendered.get(name, {}), sent.get(name, {})
            if not (same_json(before, after) and type(before) is type(after)):
                changes[name] = _changed_object(stored[name], before, after)
    return changes


def _changed_lines(base: Order, rendered: list[Any], sent: list[Any]) -> list[Any]:
    """Return the lines; unchanged ones name their configuration as they are stored."""
    shown = {
        canonical_json(line): line_fields(kept)
        for line, kept in zip(rendered, base.cart, strict=True)
    }
    return [shown.get(canonical_json(line), line) for line in sent]


def _changed_object(
    stored: dict[str, Any], before: dict[str, Any], after: dict[str, Any]
) -> dict[str, Any]:
    if type(after) is not dict:  # it has keys that were typed twice, which the check refuses
        return after
    kept = {key: value for key, value in stored.items() if key not in before or key in after}
    touched = {
        key: value
        for key, value in after.items()
        if key not in before or not same_json(before[key], value)
    }
    return {**kept, **touched}
