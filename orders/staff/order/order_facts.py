"""What the pages and sheets of an order show of it, in words."""

import json
from typing import Any

from orders.catalogue import naming
from orders.rules.attributes import AttributeRule, display
from orders.rules.order import Order
from orders.staff.forms import attribute_path
from orders.web.language import translated


def cards_of(order: Order) -> dict[str, naming.ConfigurationCard]:
    """Give the card of each configuration in the cart that is among the saved ones."""
    return naming.resolve({line.configuration_id for line in order.cart}, order.org_id)


def labelled(order: Order, rules: tuple[AttributeRule, ...]) -> list[tuple[str, str]]:
    """Give label and text of each of the org's attributes that has a value."""
    shown = []
    for rule in rules:
        area, _, key = attribute_path(rule).partition(".")
        value = _areas(order)[area].get(key)
        if value is not None:
            shown.append((rule.label, translated(display(rule, value))))
    return shown


def unlabelled(order: Order, rules: tuple[AttributeRule, ...]) -> list[tuple[str, str]]:
    """Give the keys that no attribute of the org defines; those of derivative say so."""
    defined = {attribute_path(rule) for rule in rules}
    return [
        (key if area == "metadata" else f"{area}: {key}", as_text(value))
        for area, values in _areas(order).items()
        for key, value in values.items()
        if f"{area}.{key}" not in defined
    ]


def as_text(value: object) -> str:
    """Give any JSON value as people read it: a text as it is, all else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)


def _areas(order: Order) -> dict[str, dict[str, Any]]:
    return {"metadata": order.metadata, "derivative": order.derivative}
