"""What is shown of an order to those who may not read all of it, as JSON."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from orders.domain.attributes import AttributeRule
from orders.domain.order import ORDER_FIELDS, FieldKind, Order, order_fields


class Shown(Enum):
    """How much of an order is shown."""

    ALL = "every field"
    CONTENT = "what the customer's page shows after the verification"
    STATUS = "what the customer's page shows before the verification"


# In place of a value that is withheld, so that no field is missing.
_WITHHELD: Mapping[FieldKind, Any] = {
    FieldKind.ID: "", FieldKind.TIME: None, FieldKind.TEXT: None, FieldKind.OBJECT: {},
    FieldKind.LINES: [], FieldKind.LIST: [],
}  # fmt: skip
_ALWAYS = frozenset({"id", "shortId", "orgId", "status"})
_CONTENT = _ALWAYS | {"createdAt", "updatedAt", "canceledAt"}


def shown_fields(
    order: Order,
    shown: Shown,
    attributes: Sequence[AttributeRule] = (),
    line_attributes: Sequence[AttributeRule] = (),
) -> dict[str, Any]:
    """Return an order as `order_fields` does; fields that are not shown are null or empty.

    With Shown.CONTENT, the attributes that the org shows to customers are shown: `attributes` are
    the org's attributes of orders, and `line_attributes` those of lines.
    """
    fields = order_fields(order)
    if shown is Shown.ALL:
        return fields
    names = _CONTENT if shown is Shown.CONTENT else _ALWAYS
    found = {
        one.wire_name: fields[one.wire_name] if one.wire_name in names else _WITHHELD[one.kind]
        for one in ORDER_FIELDS
    }
    if shown is Shown.CONTENT:
        for area in ("metadata", "derivative"):
            rules = [rule for rule in attributes if area in rule.areas]
            found[area] = _visible(fields[area], rules)
        for line in fields["cart"]:
            if "metadata" in line:
                line["metadata"] = _visible(line["metadata"], line_attributes)
        found["cart"] = fields["cart"]
    return found


def _visible(values: Mapping[str, Any], rules: Sequence[AttributeRule]) -> dict[str, Any]:
    keys = {rule.key for rule in rules if rule.visible_to_customer}
    return {key: value for key, value in values.items() if key in keys}
