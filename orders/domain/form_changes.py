"""What a person has changed on the form of an order, which does not show all that it contains."""

from collections.abc import Sequence
from typing import Any

from orders.domain.json_values import canonical_json, same_json
from orders.domain.order import EDITABLE_FIELDS, FieldKind, Order, line_fields, order_fields


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


SentLine = tuple[int | None, dict[str, Any]]


def keep_lines(
    base: Order, rendered: Sequence[dict[str, Any]], sent: Sequence[SentLine]
) -> list[SentLine]:
    """Return the lines of a submitted form as (line ID, JSON), with stored values where unchanged.

    The value in `base` may differ from what the form shows. `rendered` has the line that the form
    showed for each line of the cart of `base`, and `sent` the lines that were submitted, with the
    line IDs that the form has. An ID that `base` does not have, or that an earlier line of
    `sent` has, is ignored. A line without an ID, but with the same content as a line of `base` that
    is missing in `sent`, is that line: it was removed, and added again. All others get the ID None.
    """
    shown_by_id = {
        line.line_id: (line_fields(line), shown)
        for line, shown in zip(base.cart, rendered, strict=True)
    }
    ids: list[int | None] = []
    left = set(shown_by_id)
    for line_id, _ in sent:
        ids.append(line_id if line_id in left else None)
        left.discard(line_id)
    missing: dict[bytes, list[int | None]] = {}
    for line_id, (_, shown) in shown_by_id.items():
        if line_id in left:
            missing.setdefault(canonical_json(shown), []).append(line_id)
    lines: list[SentLine] = []
    for own, (_, line) in zip(ids, sent, strict=True):
        line_id = own
        if own is None and (again := missing.get(canonical_json(line))):
            line_id = again.pop(0)
        stored, shown = shown_by_id.get(line_id, ({}, {}))
        lines.append((line_id, _kept_line(stored, shown, line)))
    return lines


def _kept_line(
    stored: dict[str, Any], shown: dict[str, Any], sent: dict[str, Any]
) -> dict[str, Any]:
    """Return the line `sent` with the values of `stored` for keys that are the same in `shown`."""
    parts = {}
    for name in {**stored, **sent}:
        source = stored if _is_alike(shown, sent, name) else sent
        if name in source:
            parts[name] = source[name]
    old, before, after = (one.get("metadata") for one in (stored, shown, sent))
    if isinstance(old, dict) and isinstance(before, dict) and isinstance(after, dict):
        parts["metadata"] = _changed_object(old, before, after)
    return parts


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
