"""Numbers that a customer gives to one order only: that of the shop, and that of the purchase.

A second order of the same customer with the same number is probably the same order, sent again.
"""

import re
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
    """Customer and shop order number, and customer and purchase order number, each as one text.

    Two orders with an equal key are probably the same one. None without the number or a customer.
    """

    platform_key: str | None = None
    po_key: str | None = None


NO_KEYS = NumberKeys()


def po_path(metadata: dict[str, Any]) -> str:
    """Return the metadata key with a purchase order number, such as "PO No."; "" for none."""
    for key, value in metadata.items():
        is_number = isinstance(value, str | int) and not isinstance(value, bool)
        if is_number and re.sub(r"[\W_]", "", key).lower() in PO_KEYS:
            return key
    return ""


def number_keys(
    customer_id: str | None, platform: dict[str, Any], metadata: dict[str, Any]
) -> NumberKeys:
    """Return the keys by which an order with these fields is compared with others."""
    if not customer_id or not (platform or metadata):
        return NO_KEYS
    path = po_path(metadata)
    return NumberKeys(
        _key(customer_id, platform.get("id")), _key(customer_id, metadata[path] if path else None)
    )


def _key(customer_id: str, number: object) -> str | None:
    plain = " ".join(fold(str(number))[:MAX_NUMBER].split()) if number is not None else ""
    return f"{customer_id}\n{plain}" if plain else None
