"""The fields of a cart row for the org's attributes of lines.

They look to templates like the fields of WTForms, which are too slow for carts of hundreds of rows.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from orders.domain.attributes import AttributeRule, Kind, display
from orders.domain.identifiers import read_uuid
from orders.domain.message_rows import Mark
from orders.domain.value_formats import current_currencies
from orders.interfaces.desk.order_form.attribute_fields import (
    CURRENCY,
    AttributeField,
    typed_values,
)
from orders.interfaces.desk.order_form.form_fields import FormLine, TypedLine, line_row
from orders.interfaces.http.i18n import translated
from orders.services.catalog.products import ConfigurationSummary

MAX_SHOWN = 60  # characters of an unknown text in a message


@dataclass(slots=True)
class PlainLabel:
    """The label of a PlainField."""

    text: str


@dataclass(slots=True)
class PlainField:
    """A form field in a row: its name, what is typed into it, and the choices of a menu."""

    name: str
    data: Any
    label: PlainLabel
    choices: Mapping[str, str] = field(default_factory=dict)

    def iter_choices(self) -> Iterator[tuple[str, str, bool, dict[str, str]]]:
        for value, label in self.choices.items():
            yield value, label, value == self.data, {}


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A cart row with everything that the template shows of it.

    `number` is the row's position, counted from 1. `card` is the saved configuration that the row
    names, or None. `same_as` is the position of the first row with the same configuration and
    details, or 0 if no row above has them, and `same_row` its number in the names of fields.
    `candidates` are the configurations that are closest to an unknown text; if the first one is
    closer than the others, `closest` is the text that names it, else "". `is_several` is true if
    the text names several products. `is_open` is true if the details are shown. `focus` is the end
    of the name of the field that gets the focus, such as "count", or empty. `attributes` are the
    fields for attributes of lines.
    """

    line: FormLine
    number: int
    card: ConfigurationSummary | None
    error: str
    count_error: str
    details_error: str
    same_as: int
    candidates: list[ConfigurationSummary]
    is_open: bool
    focus: str
    attributes: list[AttributeField]
    closest: str = ""
    is_several: bool = False
    same_row: int = 0

    @property
    def said(self) -> str:
        """The details in one line of text, for a row that does not show their fields."""
        if not self.line.values and not self.line.details.text:
            return ""
        said = [one for one in self.attributes if one.value not in (None, "", [], False)]
        texts = [
            one.rule.label if one.value is True
            else f"{one.rule.label}: {translated(display(one.rule, one.value))}"
            for one in said
        ]  # fmt: skip
        return " · ".join([*texts, *self.line.details.text.splitlines()])

    @property
    def is_kept(self) -> bool:
        """Whether the row names a UUID, which may be a configuration on another platform."""
        return read_uuid(self.line.reference.text) is not None

    @property
    def doubt(self) -> tuple[str, str]:
        """Why someone should look at a line from a pasted text, and the text; ("", "") if not."""
        mark, _, text = self.line.matched.partition(" ")
        return (mark, text) if mark in set(Mark) else ("", "")

    @property
    def unknown(self) -> str:
        """The text in the row if it names no product, shortened; else ""."""
        text = self.line.reference.text
        return shortened(text) if self.error and self.card is None else ""


def shortened(text: str) -> str:
    """Return a typed text as it is quoted in a sentence."""
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 1]}…"


def line_fields(line: FormLine, rules: Sequence[AttributeRule]) -> list[AttributeField]:
    """Return the fields of a row for the attributes of lines, with what was typed into them."""
    return [_line_field(line, rule) for rule in rules]


def _line_field(line: FormLine, rule: AttributeRule) -> AttributeField:
    name, key, label = f"{line.details.name}.{rule.key}", rule.key, PlainLabel(rule.label)
    start = typed_values(rule, rule.default)
    if rule.kind is Kind.MONEY:
        codes = [option.value for option in rule.options] or ["", *current_currencies()]
        amount = PlainField(f"{name}.amount", _text(line, f"{key}.amount", start[""]), label)
        chosen = _text(line, f"{key}.currency", start[CURRENCY] or codes[0])
        names = {code: code or "—" for code in codes}
        currency = PlainField(f"{name}.currency", chosen, label, names)
        return AttributeField(rule, name, amount, currency)
    if rule.kind in {Kind.BOOLEAN, Kind.MANY}:
        # A box without a tick has no value: `complete` tells a row that was sent from a new one.
        ticked = line.values.get(key)
        data = bool(ticked) if rule.kind is Kind.BOOLEAN else list(ticked or ())
        data = start[""] if ticked is None else data
        return AttributeField(rule, name, PlainField(name, data, label))
    choices = {"": "—"} | {option.value: option.label for option in rule.options}
    return AttributeField(rule, name, PlainField(name, _text(line, key, start[""]), label, choices))


def _text(line: FormLine, end: str, default: str) -> str:
    return line.values[end][0] if line.values.get(end) else default


def complete(line: FormLine, rules: Sequence[AttributeRule]) -> None:
    """Add to a row that was sent what browsers leave out, and note whether anything was typed."""
    boxes = {rule.key: () for rule in rules if rule.kind in {Kind.BOOLEAN, Kind.MANY}}
    new = line_row(0, TypedLine())
    if not line.values and not line.reference.text:
        return
    line.values = {**boxes, **line.values}
    typed, untyped = line_fields(line, rules), line_fields(new, rules)
    line.is_filled = [one.value for one in typed] != [one.value for one in untyped]


def typed_pairs(line: FormLine, rules: Sequence[AttributeRule]) -> list[tuple[str, Any]]:
    """Return (key, JSON value) for each attribute of a row, as an API client would send them."""
    values = [(one.rule, one.value) for one in line_fields(line, rules)]
    # An empty field means “no value”: the default must not fill it in again.
    return [
        (rule.key, value) for rule, value in values if value is not None or rule.default is not None
    ]


def shown_values(
    metadata: Mapping[str, Any] | None, rules: Sequence[AttributeRule]
) -> dict[str, tuple[str, ...]]:
    """Return the values of a stored line's attributes as the fields of its row show them."""
    values: dict[str, tuple[str, ...]] = {}
    for rule in rules:
        shown = typed_values(rule, (metadata or {}).get(rule.key))
        own = shown[""]
        if rule.kind is Kind.MONEY:
            values[f"{rule.key}.amount"] = (own,)
            if shown[CURRENCY]:
                values[f"{rule.key}.currency"] = (shown[CURRENCY],)
        elif rule.kind is Kind.BOOLEAN:
            values[rule.key] = ("y",) if own else ()
        else:
            values[rule.key] = tuple(own) if isinstance(own, list) else (own,)
    return values
