"""Describes an order's history in words: who changed what, when, from where, and old values."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from orders.domain.attributes import Applies, AttributeRule, display
from orders.domain.json_values import canonical_json, same_json
from orders.domain.order import LABELS, PLATFORM_LABELS
from orders.domain.texts import lazy_gettext
from orders.interfaces.desk.display import line_details, status_name
from orders.interfaces.http.i18n import figure, gettext, ngettext, translated
from orders.services.accounts.history import (
    CHANGED,
    CREATED,
    DELETED,
    IMPORTED,
    RESTORED,
    HistoryEntry,
)
from orders.services.catalog import products
from orders.services.orders.changes import LINK_SENT
from orders.services.orders.order_erasure import ERASED

# The titles of actions; an action that is missing here is shown by its name.
TITLES = {
    CREATED: lazy_gettext("Created"),
    IMPORTED: lazy_gettext("Imported"),
    CHANGED: lazy_gettext("Changed"),
    "canceled": lazy_gettext("Canceled"),
    "reopened": lazy_gettext("Reopened"),
    DELETED: lazy_gettext("Deleted"),
    RESTORED: lazy_gettext("Restored"),
    LINK_SENT: lazy_gettext("Link sent to customer"),
    ERASED: lazy_gettext("Customer erased"),
}
# The titles of changes of one field only.
ONLY_TITLES = {"status": lazy_gettext("Status changed"), "cart": lazy_gettext("Cart changed")}
_MISSING = object()
Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Names:
    """What lines are shown by: the configurations by ID, and the attributes of lines by key."""

    cards: Mapping[str, products.ConfigurationSummary]
    rules: Mapping[str, AttributeRule]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A change of one field of an order or a customer record, as texts for the page.

    `before` is None if a value was added, `after` is None if one was removed, and both are None if
    the label alone describes the change. `is_whole` is true if the label and the only value
    describe the change completely, so that the page need not say that the other value is missing.
    """

    label: str
    before: str | None = None
    after: str | None = None
    is_whole: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class HistoryEvent:
    """An entry of the history of an order or a customer record, as texts for the page.

    `who` is the name of the person or token that made the change. `source` is "desk", "import" or
    "token".
    """

    at: datetime
    title: str
    who: str
    source: str
    changes: tuple[FieldChange, ...]


def describe(
    entries: Sequence[HistoryEntry], rules: Sequence[AttributeRule], org_id: str
) -> list[HistoryEvent]:
    """Return the entries of an order's history as texts in the page's language, newest first.

    `entries` are sorted from oldest to newest. `rules` are the org's attributes; a deleted
    attribute is shown by its key, and a deleted configuration by its ID.
    """
    lines = [line for entry in entries for line in _lines_in(entry.changes.get("cart"))]
    cards = products.resolve({str(line["configurationId"]) for line in lines}, org_id)
    names = Names(cards, {rule.key: rule for rule in rules if rule.applies is Applies.LINE})
    return [_event(entry, rules, names) for entry in reversed(entries)]


def since(entries: Iterable[HistoryEntry], version: int) -> list[HistoryEntry]:
    """Return the entries for the changes that were made after this version of an order.

    `entries` is the order's whole history; both lists are sorted from oldest to newest. The first
    entry created version 1, and each later entry the next version, except entries about links sent
    to the customer, which are left out.
    """
    changes = [entry for entry in entries if entry.action != LINK_SENT]
    return changes[max(version, 0) :]


def _event(entry: HistoryEntry, rules: Sequence[AttributeRule], names: Names) -> HistoryEvent:
    changes = tuple(_changes(entry, rules, names))
    return HistoryEvent(entry.at, _title(entry), entry.actor_name, source_of(entry), changes)


def source_of(entry: HistoryEntry) -> str:
    """Return where a change was made, as `HistoryEvent.source`."""
    if entry.action == IMPORTED:
        return "import"
    return "desk" if entry.actor_kind == "staff" else "token"


def _title(entry: HistoryEntry) -> str:
    if entry.action == CHANGED and len(entry.changes) == 1:
        return translated(ONLY_TITLES.get(next(iter(entry.changes)), TITLES["changed"]))
    return translated(TITLES.get(entry.action, entry.action))


def _changes(
    entry: HistoryEntry, rules: Sequence[AttributeRule], names: Names
) -> Iterator[FieldChange]:
    if entry.action == LINK_SENT:
        yield FieldChange(gettext("Sent to"), after=str(entry.changes.get("to", "")), is_whole=True)
        return
    for name, change in entry.changes.items():
        if name == "cart":
            yield from _cart_changes(change, names)
        elif name in {"metadata", "derivative"}:
            yield from key_changes(name, change, rules)
        elif name == "platform":
            for key, before, after in _keys(change):
                label = translated(PLATFORM_LABELS.get(key, key))
                yield FieldChange(label, value_text(before), value_text(after))
        elif isinstance(change, dict):
            before, after = value_text(change.get("from")), value_text(change.get("to"))
            if name == "status":
                before, after = (one and status_name(one) for one in (before, after))
            is_whole = entry.action in {"canceled", "reopened"}
            yield FieldChange(translated(LABELS.get(name, name)), before, after, is_whole)


def key_changes(area: str, change: object, rules: Sequence[AttributeRule]) -> Iterator[FieldChange]:
    """Yield the changes of the keys of an object, by the labels of the org's attributes.

    `area` is "metadata" or "derivative", and `change` has the object as "from" and "to". A key
    without an attribute is its own label.
    """
    labels = {rule.key: rule for rule in rules if area in rule.areas}
    for key, before, after in _keys(change):
        rule = labels.get(key)
        own_name = key if area == "metadata" else f"{area}: {key}"
        label = rule.label if rule else own_name
        yield FieldChange(label, value_text(before, rule), value_text(after, rule))


def _keys(change: object) -> Iterator[tuple[str, object, object]]:
    """Yield (key, old value, new value) for each key whose value differs between two objects.

    The objects are `change["from"]` and `change["to"]`. The value of a key that is missing in one
    of them is _MISSING.
    """
    sides = change if isinstance(change, dict) else {}
    before = sides.get("from") or {}
    after = sides.get("to") or {}
    for key in [*before, *(key for key in after if key not in before)]:
        old, new = before.get(key, _MISSING), after.get(key, _MISSING)
        if old is _MISSING or new is _MISSING or not same_json(old, new):
            yield key, old, new


def value_text(value: object, rule: AttributeRule | None = None) -> str | None:
    """Return a JSON value as text; None if it is _MISSING or None.

    If `rule` is given, it is the attribute that the value belongs to, and the text is the one that
    people see for this value of the attribute.
    """
    if value is _MISSING or value is None:
        return None
    if rule is not None:
        return translated(display(rule, value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _lines_in(change: object) -> list[Line]:
    if not isinstance(change, dict):
        return []
    return [line for side in ("added", "from", "to") for line in change.get(side) or ()]


def _cart_changes(change: dict[str, list[Line]], names: Names) -> Iterator[FieldChange]:
    """Yield the changes to the cart lines that an entry of the order's history contains.

    `change["from"]` and `change["to"]` are the lines before and after the change. If it only added
    lines at the end, these are in `change["added"]` instead. `names` are what lines are shown by.
    """
    old, new = list(change.get("from") or ()), list(change.get("to") or change.get("added") or ())
    same = take_pairs(old, new, lambda line: line)
    counted = take_pairs(
        old, new, lambda line: [line["configurationId"], line.get("metadata", None)]
    )
    noted = take_pairs(old, new, lambda line: line["configurationId"])
    for before, after in counted:
        label = gettext("Quantity of %(product)s", product=_name(before, names))
        yield FieldChange(label, figure(before["count"]), figure(after["count"]))
    for before, after in noted:
        yield FieldChange(
            gettext("%(product)s details", product=_name(before, names)),
            _line_text(before, names, named=False),
            _line_text(after, names, named=False),
        )
    for line in old:
        yield FieldChange(gettext("Line removed"), before=_line_text(line, names), is_whole=True)
    for line in new:
        yield FieldChange(gettext("Line added"), after=_line_text(line, names), is_whole=True)
    if same and not (counted or noted or old or new):
        yield FieldChange(gettext("Lines reordered"))


def take_pairs(old: list[Line], new: list[Line], key: Any) -> list[tuple[Line, Line]]:  # noqa: ANN401 - a function of a line to any JSON value
    """Remove from both lists the lines that match, and return them as pairs (old, new).

    Two lines, or other JSON objects, match if `key` returns equal JSON values for them.
    """
    waiting: dict[bytes, list[Line]] = {}
    for line in new:
        waiting.setdefault(canonical_json(key(line)), []).append(line)
    pairs, rest = [], []
    for line in old:
        found = waiting.get(canonical_json(key(line)))
        if found:
            pairs.append((line, found.pop(0)))
        else:
            rest.append(line)
    left = {id(line) for lines in waiting.values() for line in lines}
    old[:] = rest
    new[:] = [line for line in new if id(line) in left]
    return pairs


def _line_text(line: Line, names: Names, *, named: bool = True) -> str:
    count = figure(line["count"])
    if named:
        text = gettext("%(count)s of %(product)s", count=count, product=_name(line, names))
    else:
        text = ngettext("%(count)s item", "%(count)s items", line["count"], count=count)
    metadata = line_details(line.get("metadata"), names.rules)
    details = ", ".join(f"{label}: {value}" for label, value in metadata)
    return f"{text} ({details})" if details else text


def _name(line: Line, names: Names) -> str:
    reference = str(line["configurationId"])
    card = names.cards.get(reference)
    if card is None:
        return reference
    return " ".join(part for part in (card.product_name, card.sku or card.short_id) if part)
