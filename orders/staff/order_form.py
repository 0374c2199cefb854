"""Translates between the desk's form and the order that `orders.intake` checks.

The form sends texts; the shared check wants what a JSON client would send. What cannot be read as a
number stays the text it is, so that the shared check refuses it in its own words. Rows of the cart
carry opaque numbers; their order is the order in which the form sends them.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from werkzeug.datastructures import MultiDict
from wtforms import Field

from orders import catalogue
from orders.access import OrgRules
from orders.catalogue import ConfigurationCard
from orders.rules.attributes import AttributeRule, Kind
from orders.rules.configuration_id import read_uuid
from orders.rules.errors import FieldError
from orders.rules.json_values import RepeatedKeys
from orders.rules.pasted_lines import PastedLine, read_pasted_lines
from orders.staff.forms import ExtraForm, LineForm, OrderForm, attribute_form, attribute_path

_ROW = re.compile(r"(cart|extra)\.([0-9]{1,6})\.[a-zA-Z]+")
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_DECIMAL = re.compile(r"-?[0-9]{1,18}\.[0-9]{1,18}")
BLANK_COUNTS = {"", "1"}
FIRST_LINES = 3  # empty rows of a new form
BLANK_ROW = 999_999  # the row that the browser copies; no real row has this number

FormData = MultiDict[str, str]


@dataclass
class AttributeField:
    """An attribute with its field on the form."""

    rule: AttributeRule
    path: str
    field: Field


@dataclass
class Row:
    """A row of the cart or of free metadata; `row` is its opaque number."""

    row: int
    form: Any


@dataclass
class Summary:
    """One error of the summary: what it says, of which field, and the field's element."""

    label: str
    message: str
    target: str
    path: str


@dataclass
class OrderEntry:
    """All that stands on the form, as typed, and what is wrong with it."""

    form: OrderForm
    attributes: list[AttributeField]
    lines: list[Row]
    extras: list[Row]
    cards: dict[str, ConfigurationCard] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    summary: list[Summary] = field(default_factory=list)
    notice: str = ""
    is_refused: bool = False  # the notice tells that nothing was saved
    focus: str = ""

    @property
    def next_row(self) -> int:
        """A number that no row of the cart has."""
        return max((line.row for line in self.lines), default=-1) + 1

    @property
    def filled_lines(self) -> list[Row]:
        """The rows that are lines of the order; blank ones are not."""
        return [line for line in self.lines if not _is_blank(line.form)]

    @property
    def pieces(self) -> int:
        """The sum of the counts that can be read."""
        counts = (_whole(_text(line.form.count)) for line in self.filled_lines)
        return sum(count for count in counts if isinstance(count, int) and count > 0)

    def card(self, line: Row) -> ConfigurationCard | None:
        """Give the saved configuration that a row names, if it names one."""
        return self.cards.get(_text(line.form.configuration_id))

    def is_kept(self, line: Row) -> bool:
        """Tell whether a row names a configuration that may live on another platform."""
        return read_uuid(_text(line.form.configuration_id)) is not None

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

    def _line(self, line: Row) -> dict[str, Any]:
        typed = _text(line.form.configuration_id)
        card = self.cards.get(typed)
        raw: dict[str, Any] = {}
        if typed:
            raw["configurationId"] = card.id if card else typed
        if _text(line.form.count):
            raw["count"] = _whole(line.form.count.data)
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
            if key := _text(extra.form.key):
                pairs["metadata"].append((key, extra.form.value.data or ""))
        return _object(pairs["metadata"]), _object(pairs["derivative"])

    def faults(self) -> list[FieldError]:
        """Give what the shared check cannot see, because it has no place in an order."""
        return [
            FieldError(str(extra.form.key.name), "This is required.")
            for extra in self.extras
            if extra.form.value.data and not _text(extra.form.key)
        ]

    def show(self, errors: Iterable[FieldError]) -> None:
        """Put each error at its field; all stand in the summary too, the first gets the focus."""
        for error in errors:
            name, label = self._place(error.path)
            target = element_id(name) if name else ""
            if name:
                self.errors.setdefault(name, error.message)
            self.summary.append(Summary(label, error.message, target, error.path))
        self.focus = next((entry.target for entry in self.summary if entry.target), "")
        if self.focus == "cart":
            self.focus = element_id(f"cart.{self.lines[0].row}.configurationId")

    def _place(self, path: str) -> tuple[str, str]:
        """Find the field of a path and its label; a path without a field has only a label."""
        named = {str(one.name): str(one.label.text) for one in self.form}
        if path in named:
            return path, named[path]
        parts = path.split(".")
        if parts[0] == "cart" and len(parts) > 1 and parts[1].isdigit():
            position = int(parts[1])
            line = self.filled_lines[position]
            own = "count" if parts[-1] == "count" else "configurationId"
            label = "Count" if own == "count" else "Configuration ID"
            shown = self.lines.index(line) + 1
            return f"cart.{line.row}.{own}", f"{label}, line {shown}"
        if path == "cart":
            return "cart", "Cart"
        if parts[0] == "extra":
            row = [str(extra.row) for extra in self.extras].index(parts[1]) + 1
            return path, f"Key of other metadata, row {row}"
        if parts[0] == "metadata" and len(parts) > 1:
            key = path.removeprefix("metadata.")
            for extra in self.extras:
                if _text(extra.form.key) == key:
                    return f"extra.{extra.row}.key", f"Other metadata, {key}"
        return "", path

    def error(self, name: str) -> str:
        """Give the error of a field by its name, empty when there is none."""
        return self.errors.get(name, "")

    def act(self, action: str) -> None:
        """Do what a row's button asks for; this is how rows work without JavaScript."""
        verb, _, number = action.partition(":")
        at = next((i for i, line in enumerate(self.lines) if str(line.row) == number), None)
        if verb == "add":
            self._add(LineForm(), len(self.lines))
        elif verb == "add-extra":
            self._add_extra()
        elif verb == "paste":
            self.lines = self.filled_lines
            self.lines += pasted_rows(self.form.paste.data or "", self.next_row)
            self.form.paste.process_data("")
            self._add(LineForm(), len(self.lines))
        elif at is not None and verb in {"up", "down", "remove", "duplicate"}:
            self._move_or_change(verb, at)

    def _move_or_change(self, verb: str, at: int) -> None:
        line = self.lines[at]
        if verb == "duplicate":
            values = {"configuration_id": _text(line.form.configuration_id)}
            self._add(LineForm(data={**values, "count": line.form.count.data}), at + 1)
            return
        del self.lines[at]
        if verb == "remove":
            if not self.lines:
                self._add(LineForm(), 0)
            self.focus = element_id(
                f"cart.{self.lines[min(at, len(self.lines) - 1)].row}.configurationId"
            )
            return
        other = max(at - 1, 0) if verb == "up" else min(at + 1, len(self.lines))
        self.lines.insert(other, line)
        self.focus = element_id(f"cart.{line.row}.configurationId")

    def _add(self, form: LineForm, at: int) -> None:
        row = _line_row(self.next_row, form)
        self.lines.insert(at, row)
        self.focus = element_id(f"cart.{row.row}.configurationId")

    def _add_extra(self) -> None:
        number = max((extra.row for extra in self.extras), default=-1) + 1
        self.extras.append(Row(number, ExtraForm(prefix=f"extra.{number}.")))
        self.focus = element_id(f"extra.{number}.key")

    def resolve(self, org_id: str) -> None:
        """Look up all configurations that the rows name, in one go."""
        typed = {_text(line.form.configuration_id) for line in self.lines}
        self.cards = catalogue.resolve(typed - {""}, org_id)


def new_entry(rules: OrgRules) -> OrderEntry:
    """Give an empty form with the defaults of the org's attributes."""
    form = attribute_form(rules.attributes)(formdata=None)
    lines = [_line_row(number, LineForm()) for number in range(FIRST_LINES)]
    extras = [Row(0, ExtraForm(prefix="extra.0."))]
    return OrderEntry(form, _attribute_fields(form, rules), lines, extras, focus="name")


def blank_line() -> Row:
    """Give the row that the browser copies for a new line."""
    return _line_row(BLANK_ROW, LineForm())


def read_entry(sent: FormData, rules: OrgRules) -> OrderEntry:
    """Read a form as it was sent; nothing that was typed is dropped."""
    form = attribute_form(rules.attributes)(formdata=sent)
    entry = OrderEntry(
        form,
        _attribute_fields(form, rules),
        _rows(sent, "cart", LineForm),
        _rows(sent, "extra", ExtraForm),
    )
    if not entry.lines:
        entry.lines = [_line_row(0, LineForm())]
    if not entry.extras:
        entry.extras = [Row(0, ExtraForm(prefix="extra.0."))]
    return entry


def pasted_rows(text: str, first: int) -> list[Row]:
    """Make a row of each pasted line, numbered from `first`."""
    lines: list[PastedLine] = read_pasted_lines(text)
    return [
        _line_row(
            first + at, LineForm(data={"configuration_id": line.reference, "count": line.count})
        )
        for at, line in enumerate(lines)
    ]


def element_id(name: str) -> str:
    """Give the ID of a field's element: its name without the characters that CSS would read."""
    return re.sub(r"[^a-zA-Z0-9_-]", "-", name)


def _rows(sent: FormData, kind: str, form: Callable[..., Any]) -> list[Row]:
    """Collect the rows in the order in which the form sends them, gaps and moves included."""
    numbers = dict.fromkeys(
        int(match[2]) for key in sent if (match := _ROW.fullmatch(key)) and match[1] == kind
    )
    return [Row(number, form(sent, prefix=f"{kind}.{number}.")) for number in numbers]


def _line_row(number: int, values: LineForm) -> Row:
    """Bind a row's values to its number, which stands in its fields' names."""
    data = {"configuration_id": values.configuration_id.data, "count": values.count.data}
    return Row(number, LineForm(prefix=f"cart.{number}.", data=data))


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


def _whole(text: str) -> int | str:
    """Read a count: digits alone. A dot would be a thousand to one and a decimal to another."""
    bare = text.strip()
    return int(bare) if _WHOLE.fullmatch(bare) else text


def read_number(text: str) -> int | float | str:
    """Read a number as people type it; whatever else it is, it stays a text."""
    bare = text.strip()
    if _WHOLE.fullmatch(bare):
        return int(bare)
    return float(bare) if _DECIMAL.fullmatch(bare) else text


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object that remembers its repeated keys, as the JSON parser does."""
    plain = dict(pairs)
    if len(plain) == len(pairs):
        return plain
    marked = RepeatedKeys(plain)
    keys = [key for key, _ in pairs]
    marked.repeated = tuple(dict.fromkeys(key for key in keys if keys.count(key) > 1))
    return marked


def _text(one: Field) -> str:
    return (one.data or "").strip()


def _is_blank(line: Any) -> bool:  # noqa: ANN401 - a LineForm; its fields have no types
    return not _text(line.configuration_id) and _text(line.count) in BLANK_COUNTS
