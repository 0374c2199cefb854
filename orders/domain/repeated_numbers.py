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
    """Keys of an order: if two orders have an equal key, they are probably the same order.

    `platform_key` consists of the customer ID and the shop's order number, and `po_key` of the
    customer ID and the purchase order number. A key is None if either part is missing.
    """

    platform_key: str | None = None
    po_key: str | None = None


NO_KEYS = NumberKeys()


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


def number_keys(
    customer_id: str | None, platform: dict[str, Any], metadata: dict[str, Any]
) -> NumberKeys:
    """Return the keys that show whether an order with these fields was probably sent before."""
    if not customer_id or not (platform or metadata):
        return NO_KEYS
    path = po_path(metadata)
    return NumberKeys(
        _key(customer_id, platform.get("id")), _key(customer_id, metadata[path] if path else None)
    )


def _key(customer_id: str, number: object) -> str | None:
    plain = " ".join(fold(str(number))[:MAX_NUMBER].split()) if number is not None else ""
    return f"{customer_id}\n{plain}" if plain else None
