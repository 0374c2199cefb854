"""Changes to an order: validate them, apply them, describe them for the history, and undo them.

Fields that were sent are replaced; all others keep their values (docs/contract.md, "Changing an
order"). Types, limits and messages are the same as for a new order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from orders.domain.attributes import AttributeRule, apply_attributes
from orders.domain.errors import FieldError
from orders.domain.fields import CartLineInput
from orders.domain.inputs import Limits, StrictInput, with_fields
from orders.domain.json_values import same_json
from orders.domain.legacy_items import modern_lines
from orders.domain.line_attributes import new_faults, with_defaults
from orders.domain.line_ids import line_of, with_line_ids
from orders.domain.normalization import normalize_lines, normalize_order
from orders.domain.order import (
    EDITABLE_FIELDS,
    RECORDED_FIELDS,
    UNCHANGEABLE,
    Cart,
    FieldKind,
    Order,
    OrderChanges,
    order_fields,
)
from orders.domain.schema import inspect_order, read_lines_of, request_types
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
    """Validate a client's changes to an order, as far as possible without the stored order.

    `raw` is parsed JSON: an object with the fields to replace, or an array of lines that replaces
    the whole cart. Returns (changes, []) if it is valid, else (None, errors); never raises.
    """
    document = normalize_order({"cart": modern_lines(raw)} if isinstance(raw, list) else raw)
    unchangeable: tuple[tuple[str, Any], ...] = ()
    if isinstance(document, dict):
        unchangeable = tuple((key, document[key]) for key in UNCHANGEABLE if key in document)
        document = {key: document[key] for key in document if key not in _NOT_READ}
    seen = inspect_order(document, OrderChangesInput, limits=limits)
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


# A client that sends a whole order back sends the warnings with it, which are not stored.
_NOT_READ = {*UNCHANGEABLE, "warnings"}


def read_lines(
    raw: object, *, limits: Limits, is_legacy: bool = False
) -> tuple[Cart, list[FieldError]]:
    """Validate lines that a client adds to a cart, sent as an array or as `{"cart": [...]}`.

    If `cart` is missing or null, `items`, the old name of the field, is read instead. In `items`,
    and everywhere if `is_legacy` is true, a count may be a string of digits, and a missing count is
    1. Returns (lines, []) if they are valid, else ((), errors); never raises.
    """
    document = {"cart": raw} if isinstance(raw, list) else raw
    if isinstance(document, dict) and "items" in document and document.get("cart") is None:
        is_legacy = True
        document = {
            ("cart" if key == "items" else key): value
            for key, value in document.items()
            if key != "cart"
        }
    if isinstance(document, dict) and isinstance(document.get("cart"), list):
        lines = modern_lines(document["cart"], is_legacy=is_legacy)
        document = {**document, "cart": normalize_lines(lines)}
    seen = inspect_order(document, CartInput, limits=limits)
    if seen.errors or seen.parsed is None:
        return (), list(seen.errors.values())
    return read_lines_of(seen.parsed.cart), []


def apply_changes(
    order: Order,
    changes: OrderChanges,
    rules: Sequence[AttributeRule],
    *,
    strict: bool,
    line_rules: Sequence[AttributeRule] = (),
) -> tuple[Order, list[FieldError]]:
    """Return a copy of the order with the changes applied, and the errors ([] if there are none).

    Errors are read-only fields that were sent with a value other than the stored one, and values
    that the org's attributes (`rules`, and `line_rules` for lines) do not allow. If `strict` is
    true, keys of metadata and derivative without an attribute are errors too. Whether the cart may
    be empty is not checked here.
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
    if "cart" in changes.values:
        errors += new_faults(order.cart, after.cart, line_rules, strict=strict)
        after = after._replace(cart=with_defaults(after.cart, line_rules, known=order.cart))
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
    """Return `after` with attribute defaults in the objects that changed, and the errors in them.

    The objects are metadata and derivative. An error that `before` also has, for the same value, is
    left out: an old order with an option that the org has since retired can still be saved.
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
    """Return whether two versions of an order have the same JSON in API responses."""
    return same_json(order_fields(before), order_fields(after))


def difference(before: Order, after: Order) -> dict[str, Any]:
    """Return the fields that differ, as `{wire name: {"from": old, "to": new}}`.

    The history stores the result. If lines were only added at the end of the cart, its entry is
    `{"added": [new lines]}`, so that a growing cart is not stored whole each time; otherwise it
    also has "ids", the line IDs of the old lines. Only fields in RECORDED_FIELDS are compared; {}
    if none of them differs.
    """
    changes: dict[str, Any] = {}
    old_fields, new_fields = order_fields(before), order_fields(after)
    for field in RECORDED_FIELDS:
        old, new = old_fields[field.wire_name], new_fields[field.wire_name]
        if same_json(old, new):
            continue
        changes[field.wire_name] = {"from": old, "to": new}
        if field.kind is FieldKind.LINES:
            ids = [line.line_id for line in before.cart]
            kept_ids = [line.line_id for line in after.cart[: len(ids)]]
            if same_json(old, new[: len(old)]) and ids == kept_ids:
                changes[field.wire_name] = {"added": new[len(old) :]}
            else:
                changes[field.wire_name]["ids"] = ids
    return changes


def with_fields_of(order: Order, fields: Mapping[str, Any]) -> Order:
    """Return a copy of the order in which the values in `fields` replace the current ones.

    `fields` maps wire names to valid values, in the form that `order_fields` returns. Fields that
    cannot be changed are ignored. Lines of the cart get no IDs.
    """
    values = {
        field.name: fields[field.wire_name]
        for field in EDITABLE_FIELDS
        if field.wire_name in fields
    }
    if "cart" in values:
        values["cart"] = tuple(map(line_of, values["cart"]))
    if "status" in values:
        values["status"] = Status(values["status"])
    return order._replace(**values)


def undo_difference(order: Order, changes: dict[str, Any]) -> Order:
    """Return the order as it was before a change; `order` is the order right after the change.

    `changes` is what `difference` returned for the change. The version stays that of `order`.
    """
    fields = {name: change["from"] for name, change in changes.items() if "from" in change}
    before = with_fields_of(order, fields)
    if "cart" not in changes:
        return before
    if added := changes["cart"].get("added"):
        return before._replace(cart=order.cart[: -len(added)])
    if "ids" not in changes["cart"]:  # recorded before lines had IDs
        return before._replace(cart=with_line_ids(order.cart, before.cart, order.version))
    ids = changes["cart"]["ids"]
    lines = zip(before.cart, ids, strict=True)
    return before._replace(cart=tuple(replace(line, line_id=own) for line, own in lines))
