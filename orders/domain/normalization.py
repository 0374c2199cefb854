"""Convert orders that clients send in other forms to the form of the API contract.

Null means that a field was not sent. PHP writes an empty object as `[]`, and some shops have
numbers as IDs of orders and customers. A document already in the contract's form is returned
unchanged.
"""

from typing import Any

from orders.domain.json_values import MAX_INTEGER, MIN_INTEGER
from orders.domain.order import OBJECT_FIELDS, ORDER_FIELDS

_KNOWN = frozenset(field.wire_name for field in ORDER_FIELDS)
_OBJECTS = tuple(field.wire_name for field in OBJECT_FIELDS)


def normalize_new_order(raw: object) -> object:
    """Return a new order without fields that are null, normalized by `normalize_order`."""
    # `type`: an object with repeated keys is a class of its own, and is refused as it came.
    if type(raw) is dict and None in raw.values():
        raw = {key: value for key, value in raw.items() if value is not None or key not in _KNOWN}
    return normalize_order(raw)


def normalize_order(raw: object) -> object:
    """Return an order's fields, with `[]` for an object replaced by {}, and numeric IDs by strings.

    The cart is normalized by `normalize_lines`, and an empty `orgId` is left out. A value that is
    not an object, or has repeated keys, is returned unchanged.
    """
    if type(raw) is not dict:
        return raw
    meant: dict[str, Any] = {name: {} for name in _OBJECTS if raw.get(name) == []}
    if is_number(raw.get("customerId")):
        meant["customerId"] = number_text(raw["customerId"])
    platform = raw.get("platform")
    if type(platform) is dict and is_number(platform.get("id")):
        meant["platform"] = {**platform, "id": number_text(platform["id"])}
    if isinstance(raw.get("cart"), list):
        meant["cart"] = normalize_lines(raw["cart"])
    document = {**raw, **meant} if meant else raw
    if raw.get("orgId") == "":
        del (document := dict(document))["orgId"]
    return document


def normalize_lines(lines: list[Any]) -> list[Any]:
    """Return cart lines without `metadata` that is null, and with {} for `metadata` that is `[]`.

    The key `configuration`, which clients may copy from a response, is left out if it is null or is
    the configuration that `configurationId` names.
    """
    return [_normalize_line(line) if type(line) is dict else line for line in lines]


def _normalize_line(line: dict[str, Any]) -> dict[str, Any]:
    left_out = {"metadata"} if line.get("metadata", ()) is None else set()
    if "configuration" in line and _is_shown(line["configuration"], line.get("configurationId")):
        left_out.add("configuration")
    if left_out:
        line = {key: value for key, value in line.items() if key not in left_out}
    return {**line, "metadata": {}} if line.get("metadata") == [] else line


def _is_shown(configuration: object, reference: object) -> bool:
    """Return whether the `configuration` of a sent line equals the one that the API would show.

    A response has the whole saved configuration there, or None. `reference` is the line's
    `configurationId`, which must be the ID or the short ID of that configuration.
    """
    if isinstance(configuration, dict):
        return reference in (configuration.get("id"), configuration.get("shortId"))
    return configuration is None


def is_number(value: object) -> bool:
    """Return whether a JSON value is a number in the range of 64-bit integers.

    True and false are not numbers.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return MIN_INTEGER <= value <= MAX_INTEGER


def number_text(value: float) -> str:
    """Return a number as text, without a fraction if it is whole: "4711" for 4711.0."""
    return str(int(value)) if value == int(value) else str(value)
