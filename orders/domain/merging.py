"""Merge what somebody has changed on a form with what is stored by now.

Two people begin with the same order. A field that only one of them changed is taken from that one;
the same change by both is one change. Objects are merged key by key. Lines that one has only added
at the end follow what the other has made of the cart.
"""

from dataclasses import dataclass
from typing import Any

from orders.domain.json_values import canonical_json, same_json
from orders.domain.order import (
    EDITABLE_FIELDS,
    CartLine,
    FieldKind,
    Order,
    line_fields,
    lines_as_json,
    order_fields,
)


class _Missing:
    """The type of the value of a key that an object does not have."""


_MISSING = _Missing()


@dataclass(frozen=True, slots=True)
class FieldConflict:
    """A field that both changed differently; values as in JSON, None also for a missing key."""

    path: str
    mine: Any
    theirs: Any


@dataclass(frozen=True, slots=True)
class Merged:
    """Both changes in one order.

    `order` has my values where there are conflicts; `taken` are the paths of what they changed.
    """

    order: Order
    conflicts: tuple[FieldConflict, ...]
    taken: tuple[str, ...]


def merge_orders(base: Order, mine: Order, theirs: Order) -> Merged:
    """Merge what I made of `base` with what is stored by now."""
    conflicts: list[FieldConflict] = []
    taken: list[str] = []

    def choose(path: str, values: tuple[Any, Any, Any]) -> Any:  # noqa: ANN401 - values of fields
        before, my, their = values
        if _same(my, their) or _same(before, their):
            return my
        if not _same(before, my):
            conflicts.append(FieldConflict(path, _shown(my), _shown(their)))
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


Cart = tuple[CartLine, ...]


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


def _shown(value: object) -> object:
    return None if value is _MISSING else value


def changed_fields(base: Order, rendered: dict[str, Any], sent: dict[str, Any]) -> dict[str, Any]:
    """Return what somebody has changed on the form of an order: whole fields by wire names.

    A form does not show everything that an order may contain, and shows some of it in other words.
    So `rendered`, the form as it was shown for `base`, is compared with `sent`, the form as it came
    back, both in the shape of `POST /api/orders`: what is the same stays as it is stored.
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
    """Return the lines, those that are unchanged with their own way to name the configuration."""
    shown = {
        canonical_json(line): line_fields(kept)
        for line, kept in zip(rendered, base.cart, strict=True)
    }
    return [shown.get(canonical_json(line), line) for line in sent]


def _changed_object(
    stored: dict[str, Any], before: dict[str, Any], after: dict[str, Any]
) -> dict[str, Any]:
    if type(after) is not dict:  # it remembers keys that were typed twice, which the check refuses
        return after
    kept = {key: value for key, value in stored.items() if key not in before or key in after}
    touched = {
        key: value
        for key, value in after.items()
        if key not in before or not same_json(before[key], value)
    }
    return {**kept, **touched}
