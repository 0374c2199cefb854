"""Numbers that a customer gives to one order only: the shop's order number and the PO number.

A second order from the same customer with the same number is probably the same order, sent again.
"""

import re
from collections.abc import Collection
from typing import Any, NamedTuple

from orders.domain.search_text import fold

# Keys of metadata under which a purchase order number is sent, without case, blanks and signs.
PO_KEYS = frozenset(
    {
        "po", "pono", "ponr", "ponumber", "purchaseorder", "purchaseorderno", "purchaseorderid",
        "purchaseordernumber", "customerpo", "customerpono", "customerponumber", "bestellnummer",
        "bestellnr", "kundenbestellnummer", "ihrebestellnummer",
    }
)  # fmt: skip
MAX_NUMBER = 255  # characters


class NumberKeys(NamedTuple):
    """Keys of an order: two orders of a customer with an equal key are probably the same order.

    `platform_key` is the shop's order number and `po_key` the purchase order number, both as
    `folded_number` returns them. A key is None if the order has no such number.
    """

    platform_key: str | None = None
    po_key: str | None = None


def is_po_key(key: str) -> bool:
    """Return whether a key of metadata names a purchase order number, such as "PO No."."""
    return re.sub(r"[\W_]", "", key).lower() in PO_KEYS


def po_path(metadata: dict[str, Any]) -> str:
    """Return the metadata key of the purchase order number ("PO No."), or "" if there is none."""
    for key, value in metadata.items():
        is_number = isinstance(value, str | int) and not isinstance(value, bool)
        if is_number and is_po_key(key):
            return key
    return ""


def without_po(metadata: dict[str, Any], attributes: Collection[str]) -> dict[str, Any]:
    """Return metadata without its purchase order number, which belongs to one order only.

    `attributes` are the keys of the org's attributes, which have a setting for that of their own.
    """
    path = po_path(metadata)
    return {key: value for key, value in metadata.items() if key != path or key in attributes}


def number_keys(platform: dict[str, Any], metadata: dict[str, Any]) -> NumberKeys:
    """Return the keys that show whether an order with these fields was probably sent before."""
    path = po_path(metadata)
    return NumberKeys(
        folded_number(platform.get("id")), folded_number(metadata[path] if path else None)
    )


def folded_number(number: object) -> str | None:
    """Return a number of an order for comparison: folded, with single spaces; None if it is empty.

    Only its first MAX_NUMBER characters count.
    """
    plain = " ".join(fold(str(number))[:MAX_NUMBER].split()) if number is not None else ""
    return plain or None
