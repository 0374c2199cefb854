"""Changes to an order: validate them, apply them, describe them for the history, and merge them.

Fields that were sent are replaced; all others keep their values (docs/contract.md, "Changing an
order"). Types, limits and messages are the same as for a new order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orders.domain.attributes import AttributeRule, apply_attributes
from orders.domain.errors import FieldError
from orders.domain.fields import CartLineInput
from orders.domain.inputs import Limits, StrictInput, with_fields
from orders.domain.json_values import canonical_json, same_json
from orders.domain.legacy_items import modern_lines
from orders.domain.line_attributes import new_faults, with_defaults
from orders.domain.normalization import normalize_lines, normalize_order
from orders.domain.order import (
    EDITABLE_FIELDS,
    RECORDED_FIELDS,
    UNCHANGEABLE,
    Cart,
    CartLine,
    FieldKind,
    Order,
    OrderChanges,
    line_fields,
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
    `{"added": [new lines]}`, so that a growing cart is not stored whole each time. Only fields in
    RECORDED_FIELDS are compared; {} if none of them differs.
    """
    changes: dict[str, Any] = {}
    old_fields, new_fields = order_fields(before), order_fields(after)
    for field in RECORDED_FIELDS:
        old, new = old_fields[field.wire_name], new_fields[field.wire_name]
        if same_json(old, new):
            continue
        if field.kind is FieldKind.LINES and same_json(old, new[: len(old)]):
            changes[field.wire_name] = {"added": new[len(old) :]}
        else:
            changes[field.wire_name] = {"from": old, "to": new}
    return changes


def with_fields_of(order: Order, fields: Mapping[str, Any]) -> Order:
    """Return a copy of the order in which the values in `fields` replace the current ones.

    `fields` maps wire names to valid values, in the form that `order_fields` returns. Fields that
    cannot be changed are ignored.
    """
    values = {
        field.name: fields[field.wire_name]
        for field in EDITABLE_FIELDS
        if field.wire_name in fields
    }
    if "cart" in values:
        values["cart"] = tuple(
            CartLine(line["configurationId"], line["count"], line.get("metadata"))
            for line in values["cart"]
        )
    if "status" in values:
        values["status"] = Status(values["status"])
    return order._replace(**values)


def undo_difference(order: Order, changes: dict[str, Any]) -> Order:
    """Return the order as it was before a change; `order` is the order right after the change.

    `changes` is what `difference` returned for the change.
    """
    fields = {name: change["from"] for name, change in changes.items() if "from" in change}
    if added := changes.get("cart", {}).get("added"):
        fields["cart"] = order_fields(order)["cart"][: -len(added)]
    return with_fields_of(order, fields)


@dataclass(frozen=True, slots=True)
class FieldConflict:
    """A field that two people changed to different values.

    `path` is its path in JSON. `mine` and `theirs` are the two new values; None means null, or that
    the key was removed.
    """

    path: str
    mine: Any
    theirs: Any


@dataclass(frozen=True, slots=True)
class Merged:
    """The result of `merge_orders`.

    `order` has the changes of both people, and my value for each field in `conflicts`. `taken` has
    the paths of the fields whose value, or whose added cart lines, come from the other person.
    """

    order: Order
    conflicts: tuple[FieldConflict, ...]
    taken: tuple[str, ...]


def merge_orders(base: Order, mine: Order, theirs: Order) -> Merged:
    """Merge `mine` and `theirs`, two changed versions of the order `base`.

    A field that only one side changed gets that side's value. A field that both sides changed to
    different values is a conflict and gets the value of `mine`. Objects are merged key by key. If
    one side only added lines at the end of the cart, these are appended to the other side's cart.
    Fields that cannot be edited are those of `theirs`.
    """
    conflicts: list[FieldConflict] = []
    taken: list[str] = []

    def choose(path: str, key: str, objects: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """Return {key: merged value}, or {} if the merged object lacks the key.

        `objects` are the versions of one JSON object in base, mine and theirs. Adds `path` to
        `taken` if a value or lines of theirs are used, and a conflict to `conflicts` if both
        changed the value.
        """
        before, my, their = ({key: one[key]} if key in one else {} for one in objects)
        if same_json(my, their) or same_json(before, their):
            return my
        if same_json(before, my):
            taken.append(path)
            return their
        if path == "cart":
            length = len(before[key])
            for grown, other in ((their[key], my[key]), (my[key], their[key])):
                if same_json(before[key], grown[:length]):
                    taken.append(path)
                    return {key: other + grown[length:]}
        conflicts.append(FieldConflict(path, my.get(key), their.get(key)))
        return my

    orders = [order_fields(one) for one in (base, mine, theirs)]
    merged: dict[str, Any] = {}
    for field in EDITABLE_FIELDS:
        name = field.wire_name
        if field.kind is not FieldKind.OBJECT:
            merged |= choose(name, name, orders)
            continue
        objects = [fields[name] for fields in orders]
        merged[name] = {}
        for key in dict.fromkeys((*objects[2], *objects[1])):
            merged[name] |= choose(f"{name}.{key}", key, objects)
    return Merged(with_fields_of(theirs, merged), tuple(conflicts), tuple(taken))


def changed_fields(base: Order, rendered: dict[str, Any], sent: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that a person changed on an order's form: new values by wire name.

    A form does not show everything that an order contains. So `sent`, the submitted form, is
    compared with `rendered`, the form as it was shown for `base`. Both have the shape of the body
    of `POST /api/orders`. Keys of objects that the form did not show are kept from `base`. {} if
    nothing was changed.
    """
    changes: dict[str, Any] = {}
    stored = order_fields(base)
    for field in EDITABLE_FIELDS:
        name = field.wire_name
        if field.kind is FieldKind.LINES:
            if not same_json(rendered[name], sent[name]):
                changes[name] = sent[name]
        elif field.kind is not FieldKind.OBJECT:
            if not same_json(rendered.get(name), sent.get(name)):
                changes[name] = sent.get(name)
        else:
            before, after = rendered.get(name, {}), sent.get(name, {})
            if not (same_json(before, after) and type(before) is type(after)):
                changes[name] = _changed_object(stored[name], before, after)
    return changes


def keep_lines(
    base: Order, rendered: Mapping[int, dict[str, Any]], sent: Sequence[tuple[int, dict[str, Any]]]
) -> list[dict[str, Any]]:
    """Return the cart lines of a submitted form as JSON, with stored values for unchanged keys.

    The value in `base` may differ from what the form shows. `rendered` maps the number of each form
    row to the line of `base` that it showed. `sent` has the (row number, line) pairs that were
    submitted. A line that was moved to another row is recognized by its content.
    """
    stored = dict(zip(rendered, map(line_fields, base.cart), strict=True))
    by_content = {canonical_json(line): row for row, line in rendered.items()}
    lines = []
    for number, line in sent:
        own = number in rendered and same_json(rendered[number], line)
        row = number if own else by_content.get(canonical_json(line), number)
        shown, kept = rendered.get(row, {}), stored.get(row, {})
        parts = {}
        for name in {**kept, **line}:
            source = kept if _is_alike(shown, line, name) else line
            if name in source:
                parts[name] = source[name]
        old, before, after = (one.get("metadata") for one in (kept, shown, line))
        if isinstance(old, dict) and isinstance(before, dict) and isinstance(after, dict):
            parts["metadata"] = _changed_object(old, before, after)
        lines.append(parts)
    return lines


def _is_alike(shown: dict[str, Any], sent: dict[str, Any], name: str) -> bool:
    """Return whether both lines have the same value for the key `name`, or both lack the key."""
    return same_json(shown.get(name), sent.get(name)) and (name in shown) is (name in sent)


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
