"""Texts as people paste them, e-mails above all, with what they say (tests/data/messages.json).

Each text has its rows as reference, count and mark: "" if it is certain, a member of `Mark`,
"unknown" if no product matches, or "unclear" if the quantity is missing or refused. Beside them are
what fills a field in (`customer`, `po`, `week`, `date`), and with `maybe_` before it what is only
offered.
"""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from orders.domain.attributes import AttributeRule, Kind
from orders.domain.near_matches import KnownProduct, ProductIndex
from orders.domain.search_text import fold

_DATA = json.loads((Path(__file__).parent / "data" / "messages.json").read_text())
TODAY = date.fromisoformat(_DATA["today"])
FACTS = ("po", "week", "date")
PATHS = {"po": "metadata.poNumber", "week": "metadata.week", "date": "metadata.date"}
# SKU -> name and options
CATALOG = {
    "DESK": ("Desk", "oak"),
    "DESK 140": ("Desk, 140 cm", "oak"),
    "STU-DK-OAK-14": ("Study desk", "oak"),
    "OSL-CH-OAK-02": ("Oslo chair", "oak"),
    "OSL-CH-WAL-01": ("Oslo chair", "walnut"),
    "HAR-SO-OCE-03": ("Harbour sofa", "ocean"),
    "LUM-TL-MUS-01": ("Lumen table lamp", "mustard"),
}
CUSTOMERS = {
    "LINDE-AT": ("Gasthof Zur Linde", "einkauf@zur-linde.example"),
    "MB-1001": ("Möbelhaus Berger", "bestellung@berger.example"),
    "C-204": ("Harbor Hotel Group", "purchasing@harbor-hotel.example"),
}
RULES = (
    AttributeRule("poNumber", "PO number", Kind.TEXT, labels={"de": "Bestellnummer"}),
    AttributeRule("week", "Delivery week", Kind.WEEK, labels={"de": "Lieferwoche"}),
    AttributeRule("date", "Delivery date", Kind.DATE, labels={"de": "Liefertermin"}),
)


@dataclass(frozen=True)
class MessageText:
    """A pasted text with what it says."""

    name: str
    text: str
    rows: list[list[str]]
    facts: dict[str, str]

    @property
    def certain(self) -> list[list[str]]:
        return [[reference, count] for reference, count, mark in self.rows if not mark]


def _text(one: dict[str, Any]) -> MessageText:
    facts = {key: one[key] for key in one if key not in {"name", "text", "rows"}}
    return MessageText(one["name"], one["text"], one["rows"], facts)


MESSAGES = [_text(one) for one in _DATA["texts"]]
INDEX = ProductIndex(
    [
        KnownProduct(sku, sku, name, fold(f"{name}\n{sku}\n{options}"))
        for sku, (name, options) in CATALOG.items()
    ]
)


def look_up(names: set[str]) -> dict[str, str]:
    """Return the SKUs that the texts are, in any case."""
    skus = {sku.casefold(): sku for sku in CATALOG}
    return {name: skus[name.casefold()] for name in names if name.casefold() in skus}
