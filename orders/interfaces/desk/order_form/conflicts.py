"""Describes what two people have changed differently, as the form of an order asks about it."""

# ruff: noqa: RUF001 - dashes and multiplication signs in texts for people
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from orders.domain.attributes import AttributeRule, display
from orders.domain.errors import InvalidOrder
from orders.domain.merging import FieldConflict
from orders.domain.order import LABELS, PLATFORM_LABELS, Order
from orders.domain.texts import lazy_gettext
from orders.domain.typed_values import write_value
from orders.interfaces.desk.blueprint import signed_in
from orders.interfaces.desk.display import line_details, line_rules, shown_attributes, status_name
from orders.interfaces.desk.forms import FormData
from orders.interfaces.desk.order_form.edit_form import CHOICE, read_edit, sent_choices
from orders.interfaces.desk.order_form.order_form import OrderEntry
from orders.interfaces.http.current_settings import current_limits
from orders.interfaces.http.i18n import figure, gettext, translated
from orders.services.catalog import products
from orders.services.catalog.products import ConfigurationSummary
from orders.services.orders.order_edits import Change, last_changes, merge_edit

_PARTS = {"configurationId": lazy_gettext("Product"), "count": lazy_gettext("Quantity")}


@dataclass(frozen=True, slots=True)
class ShownConflict:
    """A value that two people have changed differently, as texts for the page.

    `name` is the name of the field with the choice, whose values are `keeps_mine` and
    `keeps_theirs`. `product` is the product of the line that has the value, or empty. `mine` is
    the value of the person who sent the form, `theirs` is the stored one, and `base` the one before
    both. `change` says who stored it, and is None if that is unknown.
    """

    name: str
    label: str
    product: str
    mine: str
    theirs: str
    base: str
    keeps_mine: str
    keeps_theirs: str
    change: Change | None


@dataclass(frozen=True, slots=True)
class Conflicts:
    """The conflicts that the page asks about, and the choices made so far, by field name."""

    asked: list[ShownConflict] = field(default_factory=list)
    chosen: Mapping[str, str] = field(default_factory=dict)

    @property
    def elsewhere(self) -> dict[str, str]:
        """The choices between values that the page does not ask about."""
        names = {one.name for one in self.asked}
        return {name: choice for name, choice in self.chosen.items() if name not in names}


def conflicts_in(
    entry: OrderEntry, sent: FormData, stored: Order, *, with_decided: bool
) -> Conflicts:
    """Return the conflicts between a form, with the fields `sent`, and the order as it is now.

    Those that the form's choices decide are left out unless `with_decided` is true. There are none
    while the form has errors. Raises StaleVersion for a version that the order never had.
    """
    edit, actor = read_edit(entry, sent, stored, signed_in()).changes, signed_in().actor
    chosen = sent_choices(sent)
    if entry.faults():
        return Conflicts([], chosen)
    if with_decided:
        edit = replace(edit, choices=())
    try:
        found = merge_edit(stored, edit, actor=actor, limits=current_limits()).conflicts
    except InvalidOrder:
        return Conflicts([], chosen)
    changes = last_changes(stored, edit.version, found)
    # A form without changes in the cart has no IDs beside its lines.
    line_ids = edit.line_ids or [line.line_id for line in entry.filled_lines]
    texts = _ConflictTexts(entry, line_ids, found)
    return Conflicts([texts.shown(one, changes.get(one.place)) for one in found], chosen)


class _ConflictTexts:
    """Writes the values of conflicts as texts for the page."""

    def __init__(
        self, entry: OrderEntry, line_ids: Sequence[int | None], conflicts: Sequence[FieldConflict]
    ) -> None:
        """Prepare the texts; `line_ids` are those of the filled rows of the form."""
        filled = {id(line) for line in entry.filled_lines}
        places = [at for at, line in enumerate(entry.lines, start=1) if id(line) in filled]
        self.numbers = dict(zip(line_ids, places, strict=True))
        self.rules = {rule.path: rule for rule in shown_attributes()}
        self.line_rules = line_rules()
        named = {text for one in conflicts for text in _references(one)}
        self.cards = products.resolve(named, signed_in().org_id)

    def shown(self, conflict: FieldConflict, change: Change | None) -> ShownConflict:
        values = (conflict.mine, conflict.theirs, conflict.base)
        mine, theirs, base = (self._text(conflict, value) for value in values)
        line = conflict.line
        product = "" if line is None else self._product(line["configurationId"])
        return ShownConflict(
            f"{CHOICE}{conflict.name}", self._label(conflict, product), product,
            mine, theirs, base, conflict.keeps_mine, conflict.keeps_theirs, change,
        )  # fmt: skip

    def _label(self, conflict: FieldConflict, product: str) -> str:
        first, *rest = conflict.place
        key = str(rest[-1]) if rest else ""
        if first == "cart":
            number = self.numbers.get(int(rest[0]))
            if number is None:
                return gettext("Removed line: %(product)s", product=product)
            if len(rest) == 1:
                return gettext("Line %(number)s", number=number)
            label = translated(_PARTS[key]) if len(rest) == 2 else self._key_label(key)
            return gettext("%(label)s, line %(number)s", label=label, number=number)
        if first == "platform":
            return translated(PLATFORM_LABELS.get(key, key))
        path = f"{first}.{key}" if rest else str(first)
        rule = self.rules.get(path)
        if rule is None and rest:
            return key if first == "metadata" else path
        return rule.label if rule else translated(LABELS.get(path, path))

    def _key_label(self, key: str) -> str:
        rule = self.line_rules.get(key)
        return rule.label if rule else key

    def _text(self, conflict: FieldConflict, value: Any) -> str:  # noqa: ANN401 - a JSON value
        first, *rest = conflict.place
        if first == "cart" and len(rest) == 1:
            return gettext("Line removed") if value is None else self._line(value)
        if value is None:
            return "–"
        key = str(rest[-1]) if rest else ""
        rule = self.rules.get(f"{first}.{key}")
        if first == "cart":
            if key == "configurationId" and len(rest) == 2:
                return self._product(value)
            if key == "count" and len(rest) == 2:
                return figure(value)
            rule = self.line_rules.get(key)
        return _value_text(value, rule) if first != "status" else status_name(value)

    def _line(self, line: dict[str, Any]) -> str:
        count, name = figure(line["count"]), self._product(line["configurationId"])
        details = line_details(line.get("metadata"), self.line_rules)
        return ", ".join([f"{count} × {name}", *(f"{label}: {text}" for label, text in details)])

    def _product(self, reference: str) -> str:
        card: ConfigurationSummary | None = self.cards.get(reference)
        if card is None:
            return reference
        return " ".join(one for one in (card.product_name, card.sku or card.short_id) if one)


def _value_text(value: Any, rule: AttributeRule | None) -> str:  # noqa: ANN401 - a JSON value
    return write_value(value) if rule is None else translated(display(rule, value))


def _references(conflict: FieldConflict) -> list[str]:
    """Return the configurations that the page names for the conflict."""
    found = [] if conflict.line is None else [conflict.line["configurationId"]]
    for value in (conflict.mine, conflict.theirs, conflict.base):
        if isinstance(value, dict) and len(conflict.place) == 2 and conflict.place[0] == "cart":
            found.append(value["configurationId"])
        elif conflict.place[-1] == "configurationId" and len(conflict.place) == 3:
            found.append(value)
    return found
