"""Describes the history of a customer record in words, as the history of an order is."""

from collections.abc import Iterator, Sequence
from typing import Any

from orders.domain.attributes import AttributeRule
from orders.domain.texts import Text, lazy_gettext
from orders.interfaces.desk.customers.customer_form import country_names
from orders.interfaces.desk.order.history import (
    TITLES,
    FieldChange,
    HistoryEvent,
    key_changes,
    source_of,
    take_pairs,
    value_text,
)
from orders.interfaces.http.i18n import gettext, translated
from orders.services.accounts.history import CHANGED, HistoryEntry
from orders.services.customers.customer_history import read_customer_history

NO_VALUE = "\N{EN DASH}"
HISTORY_SHOWN = 8  # entries; older ones are folded
LABELS: dict[str, Text] = {
    "name": lazy_gettext("Name"),
    "contact": lazy_gettext("Contact"),
    "email": lazy_gettext("E-mail address"),
    "phone": lazy_gettext("Phone"),
    "notes": lazy_gettext("Notes"),
}


def load_history(
    customer_id: str, rules: Sequence[AttributeRule], org_id: str
) -> list[HistoryEvent]:
    """Return the history of a customer's record as texts in the page's language, newest first.

    `rules` are the org's attributes; a default without an attribute is shown by its key.
    """
    entries = read_customer_history(customer_id, org_id)
    return [_event(entry, rules) for entry in reversed(entries)]


def _event(entry: HistoryEntry, rules: Sequence[AttributeRule]) -> HistoryEvent:
    # An import creates records, and changes others.
    title = TITLES[CHANGED] if entry.changes else TITLES.get(entry.action, entry.action)
    changes = tuple(_changes(entry, rules))
    return HistoryEvent(entry.at, translated(title), entry.actor_name, source_of(entry), changes)


def _changes(entry: HistoryEntry, rules: Sequence[AttributeRule]) -> Iterator[FieldChange]:
    for name, change in entry.changes.items():
        if name == "addresses":
            yield from _address_changes(change["from"], change["to"])
        elif name == "defaults":
            for one in key_changes("metadata", change, rules):
                label = gettext("Default for %(field)s", field=one.label)
                yield FieldChange(label, one.before, one.after)
        else:
            label = translated(LABELS.get(name, name))
            yield FieldChange(label, value_text(change["from"]), value_text(change["to"]))


def _address_changes(
    before: list[dict[str, Any]], after: list[dict[str, Any]]
) -> Iterator[FieldChange]:
    """Yield what has changed in a list of addresses.

    Those with equal labels belong together, and the others by their places.
    """
    old, new = list(before), list(after)
    take_pairs(old, new, lambda one: one)
    if not old and not new:
        yield FieldChange(gettext("Addresses reordered"))
    pairs = take_pairs(old, new, lambda one: one.get("label"))
    left = min(len(old), len(new))
    for one, other in [*pairs, *zip(old[:left], new[:left], strict=True)]:
        yield FieldChange(gettext("Address"), _address_text(one), _address_text(other))
    for one in old[left:]:
        yield FieldChange(gettext("Address removed"), before=_address_text(one), is_whole=True)
    for one in new[left:]:
        yield FieldChange(gettext("Address added"), after=_address_text(one), is_whole=True)


def _address_text(address: dict[str, Any]) -> str:
    """Return an address in one line: `Delivery: Hauptplatz 3, 8010 Graz, Austria`."""
    code = address.get("country")
    parts = [
        *(address.get("lines") or ()),
        " ".join(part for part in (address.get("postalCode"), address.get("city")) if part),
        country_names().get(code, code) if code else "",
    ]
    text, label = ", ".join(part for part in parts if part), address.get("label")
    return (f"{label}: {text}" if text else label) if label else text or NO_VALUE
