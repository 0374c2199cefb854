"""What somebody has changed on a form that shows an order.

A form does not show everything that an order may hold, and shows some of it in other words. So the
form as it was drawn is compared with the form as it came back: what is the same on both is left as
it is stored, and only what differs is a change.
"""

import json
from typing import Any

from orders.rules.order import Order
from orders.rules.wire import line_fields, order_fields

_PLAIN = ("name", "customerId", "status")
_OBJECTS = ("platform", "metadata", "derivative")


def changed_fields(base: Order, drawn: dict[str, Any], sent: dict[str, Any]) -> dict[str, Any]:
    """Give the changes as a client would send them, whole fields by their wire names.

    `drawn` and `sent` are what the form says of the order, in the shape of `POST /api/orders`.
    """
    changes: dict[str, Any] = {
        name: sent.get(name) for name in _PLAIN if not _same(drawn.get(name), sent.get(name))
    }
    stored = order_fields(base)
    for name in _OBJECTS:
        before, after = drawn.get(name, {}), sent.get(name, {})
        if _same(before, after) and type(before) is type(after):
            continue
        kept = {
            key: value for key, value in stored[name].items() if key not in before or key in after
        }
        touched = {
            key: value
            for key, value in after.items()
            if key not in before or not _same(before[key], value)
        }
        # Keys that were typed twice are told by the check; the type of the object remembers them.
        changes[name] = {**kept, **touched} if type(after) is dict else after
    if not _same(drawn["cart"], sent["cart"]):
        # A line that was not touched keeps its way of naming its configuration.
        shown = {
            _text(line): line_fields(kept)
            for line, kept in zip(drawn["cart"], base.cart, strict=True)
        }
        changes["cart"] = [shown.get(_text(line), line) for line in sent["cart"]]
    return changes


def _same(one: object, other: object) -> bool:
    return _text(one) == _text(other)


def _text(value: object) -> str:
    """Write a value so that two are the same JSON when their texts are; of any size and depth."""
    try:
        return json.dumps(value, sort_keys=True)
    except RecursionError:  # nothing that is stored is nested so deep, and the check tells it
        return f"nested too deeply: {id(value)}"
