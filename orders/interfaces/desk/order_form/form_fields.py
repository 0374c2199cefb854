"""The fields of the order form: the order's own, one for each of the org's attributes, and rows.

Rows are the lines of the cart and free metadata. Each has an opaque number, which never changes;
they are in the order in which the form sends them. The fields' names are the paths of the order's
schema (docs/contract.md).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask_wtf import FlaskForm
from wtforms import BooleanField, Field, StringField, TextAreaField

from orders.domain.attributes import AttributeRule, Kind
from orders.domain.line_reading import LookUp
from orders.domain.order import LABELS, TEXT_FIELDS
from orders.domain.pasted_lines import read_pasted_lines
from orders.domain.status import STATUS_TEXTS, Status
from orders.domain.texts import lazy_gettext
from orders.domain.typed_values import read_number
from orders.interfaces.desk.forms import FormData, MenuField
from orders.interfaces.http.current_settings import current_limits
from orders.interfaces.http.i18n import has_decimal_comma

_ROW = re.compile(r"(cart|extra)\.([0-9]{1,6})\.[a-zA-Z]+")
BLANK_COUNTS = {"", "1"}
FIRST_LINES = 3  # empty rows of a new form
BLANK_ROW = 999_999  # the row that the browser copies; no real row has this number


class OrderForm(FlaskForm):
    """The fields that an order has once, without those that `attribute_form` adds."""

    status = MenuField(LABELS["status"], choices=STATUS_TEXTS, default=str(Status.NEW))
    platform = StringField(LABELS["platform.platform"], name="platform.platform")
    platform_id = StringField(LABELS["platform.id"], name="platform.id")
    store_name = StringField(LABELS["platform.storeName"], name="platform.storeName")
    # Only for a new order: the origin never changes, and the page of an order has notes.
    origin_org_id = StringField(LABELS["originOrgId"], name="originOrgId")
    note = TextAreaField(lazy_gettext("Note for the team"), name="note")
    paste = TextAreaField(lazy_gettext("Lines to paste"), name="paste")
    template_name = StringField(lazy_gettext("Name of the template"), name="templateName")


def attribute_form(rules: tuple[AttributeRule, ...]) -> type[OrderForm]:
    """Return a class of forms with the fields that depend on the org, or are listed elsewhere.

    These are the texts of an order (TEXT_FIELDS), and `attribute_<position>` for each rule.
    """
    fields = {field.name: StringField(field.label, name=field.wire_name) for field in TEXT_FIELDS}
    fields |= {f"attribute_{at}": _attribute_field(rule) for at, rule in enumerate(rules)}
    return type("OrderFormWithAttributes", (OrderForm,), fields)


def _attribute_field(rule: AttributeRule) -> Field:
    name, default = rule.path, rule.default
    if rule.kind is Kind.BOOLEAN:
        return BooleanField(rule.label, name=name, default=bool(default))
    if rule.kind is Kind.OPTION:
        choices = {"": "—"} | {option.value: option.label for option in rule.options}
        return MenuField(rule.label, name=name, choices=choices, default=default or "")
    text = "" if default is None else str(default)
    return StringField(rule.label, name=name, default=text)


@dataclass(frozen=True, slots=True)
class AttributeField:
    """An attribute with its field on the form; `path` is that of its value in an order."""

    rule: AttributeRule
    path: str
    field: Field


def attribute_value(attribute: AttributeField) -> Any:  # noqa: ANN401 - a JSON value
    """Return the value that was typed for an attribute; None for none.

    A text that is no number stays a text, which the services refuse.
    """
    data = attribute.field.data
    if attribute.rule.kind is Kind.BOOLEAN:
        # An optional box without a tick means “no value”, not “no”.
        says_no = attribute.rule.required or attribute.rule.default is not None
        return True if data else (False if says_no else None)
    if not data:
        return None
    if attribute.rule.kind is Kind.NUMBER:
        return read_number(data, decimal_comma=has_decimal_comma())
    return data


@dataclass(slots=True)
class Cell:
    """A field of a row: its name on the form and what is typed into it.

    Fields of WTForms would take most of the time of a check: a cart has hundreds of rows.
    """

    name: str
    data: str

    @property
    def text(self) -> str:
        return self.data.strip()


@dataclass(frozen=True)
class TypedLine:
    """What is typed into a row of the cart."""

    reference: str = ""
    count: str = "1"
    details: str = ""


@dataclass(slots=True)
class FormLine:
    """A row of the cart; `row` is its opaque number."""

    row: int
    reference: Cell
    count: Cell
    details: Cell

    @property
    def is_blank(self) -> bool:
        is_untouched = not self.reference.text and not self.details.text
        return is_untouched and self.count.text in BLANK_COUNTS

    @property
    def typed(self) -> TypedLine:
        return TypedLine(self.reference.text, self.count.data, self.details.data)


@dataclass(slots=True)
class MetadataRow:
    """A row of free metadata; `area` is `metadata` or `derivative`.

    `stored_key` is the key of the order that the row shows, which may have line breaks or blanks
    that the field cannot show; empty for a key that was typed.
    """

    row: int
    key: Cell
    value: Cell
    area: Cell
    stored_key: str = ""

    @property
    def shown_key(self) -> tuple[str, str]:
        """The area, and the key as a field of one line shows it: without line breaks."""
        return self.area.data, self.key.data.replace("\r", "").replace("\n", "")


def line_row(number: int, typed: TypedLine) -> FormLine:
    return FormLine(
        number,
        Cell(f"cart.{number}.configurationId", typed.reference),
        Cell(f"cart.{number}.count", typed.count),
        Cell(f"cart.{number}.metadata", typed.details),
    )


def extra_row(
    number: int, key: str = "", value: str = "", area: str = "metadata", *, stored_key: str = ""
) -> MetadataRow:
    return MetadataRow(
        number,
        Cell(f"extra.{number}.key", key),
        Cell(f"extra.{number}.value", value),
        Cell(f"extra.{number}.area", area),
        stored_key,
    )


def with_line_feeds(text: str) -> str:
    """Return the text with one kind of line break, whichever a browser has sent."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def typed_line(sent: FormData, prefix: str) -> TypedLine:
    """Return what is typed into the fields of a row, whose names begin with `prefix`."""
    return TypedLine(
        sent.get(f"{prefix}.configurationId", ""),
        sent.get(f"{prefix}.count", "1"),
        sent.get(f"{prefix}.metadata", ""),
    )


def read_lines(sent: FormData) -> list[FormLine]:
    numbers = _numbers(sent, "cart")
    return [line_row(number, typed_line(sent, f"cart.{number}")) for number in numbers]


def read_extras(sent: FormData) -> list[MetadataRow]:
    return [
        extra_row(
            number,
            sent.get(f"extra.{number}.key", ""),
            sent.get(f"extra.{number}.value", ""),
            sent.get(f"extra.{number}.area", "metadata"),
        )
        for number in _numbers(sent, "extra")
    ]


def _numbers(sent: FormData, kind: str) -> dict[int, None]:
    return dict.fromkeys(
        int(match[2]) for key in sent if (match := _ROW.fullmatch(key)) and match[1] == kind
    )


def pasted_rows(text: str, first: int, look_up: LookUp) -> list[FormLine]:
    """Return a row for each pasted line, numbered from `first`.

    Raises InvalidInput for more lines than an order may have.
    """
    lines = read_pasted_lines(text, look_up, current_limits().cart_lines)
    return [
        line_row(number, TypedLine(line.reference, line.count))
        for number, line in enumerate(lines, start=first)
    ]


def free_number(rows: Iterable[FormLine | MetadataRow]) -> int:
    return max((row.row for row in rows), default=-1) + 1
