"""Translates between the desk's form and the order that `orders.intake` checks.

The form sends texts; the shared check wants what a JSON client would send. What cannot be read as a
number stays the text it is, so that the shared check refuses it in its own words. Rows of the cart
carry opaque numbers; their order is the order in which the form sends them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from wtforms import Field

from orders.access import Actor, OrgRules
from orders.catalogue import naming
from orders.catalogue.configuration_search import find_configurations
from orders.catalogue.naming import ConfigurationCard
from orders.rules.attributes import AttributeRule, Kind
from orders.rules.configuration_id import read_uuid
from orders.rules.details import NO_JSON_SENTENCE, DetailError, read_details, read_value
from orders.rules.errors import FieldError
from orders.rules.json_values import RepeatedKeys
from orders.rules.texts import mark
from orders.rules.typed_values import read_number, read_whole
from orders.staff.entry.form_rows import (
    BLANK_ROW,
    FIRST_LINES,
    Extra,
    FormData,
    Line,
    Typed,
    element_id,
    extra_row,
    free_number,
    line_row,
    read_extras,
    read_lines,
)
from orders.staff.forms import OrderForm, attribute_form, attribute_path
from orders.web.language import gettext, translated

_LINE_LABELS = {
    "configurationId": mark("Configuration ID, line %(number)s"),
    "count": mark("Count, line %(number)s"),
    "metadata": mark("Details, line %(number)s"),
}
_EXTRA_LABELS = {
    "key": mark("Key of other metadata, row %(number)s"),
    "value": mark("Value of other metadata, row %(number)s"),
}


# Rows for which the form says what an unknown text may mean, and how many it names.
MOST_SUGGESTED = 5
CANDIDATES = 3


@dataclass
class AttributeField:
    """An attribute with its field on the form."""

    rule: AttributeRule
    path: str
    field: Field


@dataclass
class Summary:
    """One error of the summary: what it says, of which field, and the field's element."""

    label: str
    message: str
    target: str
    path: str


@dataclass(frozen=True)
class Removed:
    """The row that was removed last: where it stood, from zero, and what was typed into it."""

    position: int
    typed: Typed


@dataclass(frozen=True, slots=True)
class ShownLine:
    """What stands in a row of the cart, found in one go: a cart has hundreds of rows.

    `card` is the saved configuration that the row names; `same_as` is the number of the first row
    before it with the same configuration and details, 0 for none; `focus` is the field of the row
    that waits for the keyboard, empty mostly.
    """

    line: Line
    number: int
    card: ConfigurationCard | None
    error: str
    count_error: str
    details_error: str
    same_as: int
    candidates: list[ConfigurationCard]
    is_open: bool
    focus: str

    @property
    def is_kept(self) -> bool:
        """Tell whether the row names a configuration that may live on another platform."""
        return read_uuid(self.line.reference.text) is not None


@dataclass
class OrderEntry:
    """All that stands on the form, as typed, and what is wrong with it."""

    form: OrderForm
    attributes: list[AttributeField]
    lines: list[Line]
    extras: list[Extra]
    cards: dict[str, ConfigurationCard] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    summary: list[Summary] = field(default_factory=list)
    notice: str = ""
    is_refused: bool = False  # the notice tells that nothing was saved
    focus: str = ""
    removed: Removed | None = None
    # Rows whose details are open although nothing stands in them.
    opened: set[int] = field(default_factory=set)
    # What an unknown text in a row may mean, by the row's number.
    candidates: dict[int, list[ConfigurationCard]] = field(default_factory=dict)
    _looked_up: set[str] = field(default_factory=set)
    _same: dict[int, Line] = field(default_factory=dict)

    @property
    def next_row(self) -> int:
        """A number that no row of the cart has."""
        return free_number(self.lines)

    @property
    def filled_lines(self) -> list[Line]:
        """The rows that are lines of the order; blank ones are not."""
        return [line for line in self.lines if not line.is_blank]

    @property
    def pieces(self) -> int:
        """The sum of the counts that can be read."""
        counts = (read_whole(line.count.text) for line in self.filled_lines)
        return sum(count for count in counts if isinstance(count, int) and count > 0)

    def same_as(self, line: Line) -> Line | None:
        """Give the first row before this one with the same configuration and details, if any."""
        return self._same.get(line.row)

    def shown(self, line: Line, number: int) -> ShownLine:
        """Give what stands in a row beside what is typed; `number` is its place, from one."""
        first, message = self._same.get(line.row), self.errors.get(line.reference.name, "")
        count_error = self.errors.get(line.count.name, "")
        details_error = self.errors.get(line.details.name, "")
        prefix, column = f"cart-{line.row}-", ""
        if self.focus.startswith(prefix):
            column = self.focus.removeprefix(prefix)
        return ShownLine(
            line, number, self.cards.get(line.reference.text), message, count_error, details_error,
            same_as=self.number(first) if first is not None else 0,
            candidates=self.candidates.get(line.row, []),
            is_open=bool(line.details.text or details_error) or line.row in self.opened,
            focus=column,
        )  # fmt: skip

    def number(self, line: Line) -> int:
        """Give the place of a row as people count, from one."""
        return next(at for at, one in enumerate(self.lines, start=1) if one is line)

    def raw(self) -> dict[str, Any]:
        """Give the order as the JSON endpoint would receive it; fields left empty are left out."""
        form = self.form
        raw: dict[str, Any] = {}
        for key, value in (("name", form.name), ("customerId", form.customer_id)):
            if value.data:
                raw[key] = value.data
        raw["status"] = form.status.data
        platform = {
            "platform": form.platform.data,
            "id": form.platform_id.data,
            "storeName": form.store_name.data,
        }
        if any(platform.values()):
            raw["platform"] = {key: value for key, value in platform.items() if value}
        raw["metadata"], raw["derivative"] = self._attributes()
        raw["cart"] = [self._line(line) for line in self.filled_lines]
        return raw

    def _line(self, line: Line) -> dict[str, Any]:
        typed = line.reference.text
        card = self.cards.get(typed)
        raw: dict[str, Any] = {}
        if typed:
            raw["configurationId"] = card.id if card else typed
        if line.count.text:
            raw["count"] = read_whole(line.count.data)
        if line.details.text:
            raw["metadata"] = _object(_details(line) or [])
        return raw

    def _attributes(self) -> tuple[dict[str, Any], dict[str, Any]]:
        pairs: dict[str, list[tuple[str, Any]]] = {"metadata": [], "derivative": []}
        for attribute in self.attributes:
            area, _, key = attribute.path.partition(".")
            value = _attribute_value(attribute)
            # An emptied field is "no value", which a default must not fill in again.
            if value is not None or attribute.rule.default is not None:
                pairs[area].append((key, value))
        for extra in self.extras:
            if key := extra.key.text:
                area = "derivative" if extra.area.data == "derivative" else "metadata"
                pairs[area].append((key, _extra_value(extra)))
        return _object(pairs["metadata"]), _object(pairs["derivative"])

    def faults(self) -> list[FieldError]:
        """Give what the shared check cannot see, because it has no place in an order."""
        faults = []
        for extra in self.extras:
            if extra.value.data and not extra.key.text:
                faults.append(FieldError(extra.key.name, mark("This is required.")))
            try:
                read_value(extra.value.data)
            except ValueError:
                faults.append(FieldError(extra.value.name, NO_JSON_SENTENCE))
        for position, line in enumerate(self.filled_lines):
            try:
                read_details(line.details.data)
            except DetailError as error:
                message = mark(
                    "Line %(line)s of the details: %(fault)s", line=error.line, fault=error.message
                )
                faults.append(FieldError(f"cart.{position}.metadata", message))
        return faults

    def show(self, errors: Iterable[FieldError]) -> None:
        """Put each error at its field; all stand in the summary too, the first gets the focus."""
        for error in errors:
            name, label = self._place(error.path)
            target = element_id(name) if name else ""
            if name:
                self.errors.setdefault(name, translated(error.message))
            self.summary.append(Summary(label, translated(error.message), target, error.path))
        self.focus = next((entry.target for entry in self.summary if entry.target), "")
        if self.focus == "cart":
            self.focus = element_id(f"cart.{self.lines[0].row}.configurationId")

    def _place(self, path: str) -> tuple[str, str]:
        """Find the field of a path and its label; a path without a field has only a label."""
        for one in self.form:
            if one.name == path:
                return path, translated(one.label.text)
        parts = path.split(".")
        if parts[0] == "cart" and len(parts) > 1 and parts[1].isdigit():
            position = int(parts[1])
            line = self.filled_lines[position]
            own = parts[2] if parts[2:] and parts[2] in _LINE_LABELS else "configurationId"
            name = f"cart.{line.row}.{own}"
            return name, gettext(_LINE_LABELS[own], number=self.number(line))
        if path == "cart":
            return "cart", gettext("Cart")
        if parts[0] == "extra":
            row = [str(extra.row) for extra in self.extras].index(parts[1]) + 1
            return path, gettext(_EXTRA_LABELS[parts[2]], number=row)
        if parts[0] in {"metadata", "derivative"} and len(parts) > 1:
            key = path.removeprefix(f"{parts[0]}.")
            for extra in self.extras:
                known = extra.key.text
                # A value may be an object, and the fault deep inside.
                if known and (key == known or key.startswith(f"{known}.")):
                    return f"extra.{extra.row}.key", gettext("Other metadata, %(key)s", key=known)
        return "", path

    def error(self, name: str) -> str:
        """Give the error of a field by its name, empty when there is none."""
        return self.errors.get(name, "")

    def suggest(self, actor: Actor, only: Line | None = None) -> None:
        """Look up what unknown texts may mean: of the first few rows, or of one row only."""
        unknown = [
            line
            for line in ([only] if only is not None else self.lines)
            if self.error(line.reference.name) and line.reference.text
        ]
        for line in unknown[:MOST_SUGGESTED]:
            typed = line.reference.text
            self.candidates[line.row] = find_configurations(typed, actor, most=CANDIDATES)

    def resolve(self, org_id: str) -> None:
        """Look up all configurations that the rows name, in one go."""
        typed = {line.reference.text for line in self.lines} - {""}
        self.cards |= naming.resolve(typed - self._looked_up, org_id)
        self._looked_up |= typed
        self._same = {}
        firsts: dict[tuple[str, str], Line] = {}
        for line in self.lines:
            if name := line.reference.text:
                card = self.cards.get(name)
                key = (card.id if card else name, line.details.text)
                if firsts.setdefault(key, line) is not line:
                    self._same[line.row] = firsts[key]


def new_entry(rules: OrgRules) -> OrderEntry:
    """Give an empty form with the defaults of the org's attributes."""
    form = attribute_form(rules.attributes)(formdata=None)
    lines = [line_row(number, Typed()) for number in range(FIRST_LINES)]
    return OrderEntry(form, _attribute_fields(form, rules), lines, [extra_row(0)], focus="name")


def blank_line() -> Line:
    """Give the row that the browser copies for a new line."""
    return line_row(BLANK_ROW, Typed())


def read_entry(sent: FormData, rules: OrgRules) -> OrderEntry:
    """Read a form as it was sent; nothing that was typed is dropped."""
    form = attribute_form(rules.attributes)(formdata=sent)
    entry = OrderEntry(
        form,
        _attribute_fields(form, rules),
        read_lines(sent) or [line_row(0, Typed())],
        read_extras(sent) or [extra_row(0)],
    )
    position = sent.get("removed.position", "")
    if position.isascii() and position.isdigit() and len(position) <= 6:
        names = ("configurationId", "count", "metadata")
        typed = Typed(*(sent.get(f"removed.{name}", "") for name in names))
        entry.removed = Removed(int(position), typed)
    return entry


def _attribute_fields(form: OrderForm, rules: OrgRules) -> list[AttributeField]:
    return [
        AttributeField(rule, attribute_path(rule), form[f"attribute_{at}"])
        for at, rule in enumerate(rules.attributes)
    ]


def _attribute_value(attribute: AttributeField) -> Any:  # noqa: ANN401 - a JSON value
    data = attribute.field.data
    if attribute.rule.kind is Kind.BOOLEAN:
        # A box that nobody needs to tick and nobody has ticked says nothing.
        says_no = attribute.rule.required or attribute.rule.default is not None
        return True if data else (False if says_no else None)
    if not data:
        return None
    return read_number(data) if attribute.rule.kind is Kind.NUMBER else data


def _details(line: Line) -> list[tuple[str, Any]] | None:
    try:
        return read_details(line.details.data)
    except DetailError:  # told by `faults`
        return None


def _extra_value(extra: Extra) -> Any:  # noqa: ANN401 - a JSON value
    typed = extra.value.data
    try:
        return read_value(typed)
    except ValueError:  # told by `faults`
        return typed


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object that remembers its repeated keys, as the JSON parser does."""
    plain = dict(pairs)
    if len(plain) == len(pairs):
        return plain
    marked = RepeatedKeys(plain)
    keys = [key for key, _ in pairs]
    marked.repeated = tuple(dict.fromkeys(key for key in keys if keys.count(key) > 1))
    return marked
