"""The fields of the order form: fixed fields, a field for each of the org's attributes, and rows.

A row is a line of the cart, or an entry of metadata that belongs to no attribute. Rows are in the
order in which the form sends them; the number of a row identifies it and never changes. The name of
a field is the path of its value in the order's schema (docs/contract.md).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask_wtf import FlaskForm
from wtforms import HiddenField, StringField, TextAreaField

from orders.domain.attributes import AttributeRule
from orders.domain.json_values import RepeatedKeys
from orders.domain.message_rows import MessageRow
from orders.domain.order import LABELS, TEXT_FIELDS
from orders.domain.status import STATUS_TEXTS, Status
from orders.domain.texts import lazy_gettext
from orders.domain.typed_values import read_value, whole_number
from orders.interfaces.desk.forms import FormData, MenuField
from orders.interfaces.desk.order_form import attribute_fields

_ROW = re.compile(r"(cart|extra)\.([0-9]{1,6})\.[a-zA-Z]+")
_LINE_VALUE = re.compile(r"(cart|removed)\.([0-9]{1,6})\.metadata\.(.+)", re.DOTALL)
BLANK_COUNTS = {"", "1"}
FIRST_LINES = 3  # empty rows of a new form
MAX_MATCHED = 240  # characters of a text that a line was read from
BLANK_ROW = 999_999  # the row that the browser copies; no real row has this number


class OrderForm(FlaskForm):
    """The form fields that are the same for every org; `attribute_form` adds the others."""

    status = MenuField(LABELS["status"], choices=STATUS_TEXTS, default=str(Status.NEW))
    platform = StringField(LABELS["platform.platform"], name="platform.platform")
    platform_id = StringField(LABELS["platform.id"], name="platform.id")
    store_name = StringField(LABELS["platform.storeName"], name="platform.storeName")
    # Only for a new order: the origin never changes, and the page of an order has notes.
    origin_org_id = StringField(LABELS["originOrgId"], name="originOrgId")
    note = TextAreaField(lazy_gettext("Note for the team"), name="note")
    paste = TextAreaField(lazy_gettext("Lines to paste"), name="paste")
    template_name = StringField(lazy_gettext("Template name"), name="templateName")
    filled = HiddenField()  # JSON, see `customer_fill`
    pasted = HiddenField()  # the texts that were pasted, which stay with the order
    taken = HiddenField()  # JSON, see `pasted_form`
    # A record for a customer that has none, see `new_customer`.
    customer_name = StringField(lazy_gettext("Customer name"), name="newCustomer.name")
    customer_email = StringField(lazy_gettext("E-mail address"), name="newCustomer.email")
    customer_phone = StringField(lazy_gettext("Phone"), name="newCustomer.phone")


def attribute_form(rules: tuple[AttributeRule, ...]) -> type[OrderForm]:
    """Return a subclass of OrderForm with additional fields for texts of the order and `rules`.

    The texts are the fields in TEXT_FIELDS, with the same names. `rules` are the org's attributes;
    their fields are named `attribute_0`, `attribute_1` and so on, as `attribute_fields` says.
    """
    fields = {one.name: StringField(one.label, name=one.wire_name) for one in TEXT_FIELDS}
    # People type a name into it, too.
    fields["customer_id"] = StringField(lazy_gettext("Customer"), name="customerId")
    for at, rule in enumerate(rules):
        fields |= attribute_fields.new_fields(f"attribute_{at}", rule)
    return type("OrderFormWithAttributes", (OrderForm,), fields)


@dataclass(slots=True)
class Cell:
    """A form field in a row: its name and the text that is typed into it.

    Fields of WTForms would be too slow, because a cart can have hundreds of rows.
    """

    name: str
    data: str

    @property
    def text(self) -> str:
        return self.data.strip()


@dataclass(frozen=True)
class TypedLine:
    """The texts typed into a cart row; `reference` is the text that names the configuration.

    `values` are those of the fields for attributes of lines, by the end of the fields' names
    (`engraving`, `price.amount`). A field that is not in it has its default. `matched` is why
    someone should look at a line from a pasted text, as `FormLine.matched`.
    """

    reference: str = ""
    count: str = "1"
    details: str = ""
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    matched: str = ""


@dataclass(slots=True)
class FormLine:
    """A cart row with its form fields; the number `row` identifies it and never changes.

    `values` are the texts in the fields for attributes of lines (see TypedLine), and `is_filled` is
    true if anybody has changed one of them. `matched` says why someone should look at a line that
    was read from a pasted text: a member of `Mark`, a blank, and the text; it is empty if nothing
    is in doubt. `line_id` is the ID of the order's line in the row, or None for a new line.
    """

    row: int
    reference: Cell
    count: Cell
    details: Cell
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    is_filled: bool = False
    matched: str = ""
    line_id: int | None = None

    @property
    def is_blank(self) -> bool:
        is_untouched = not self.reference.text and not self.details.text and not self.is_filled
        return is_untouched and self.count.text in BLANK_COUNTS

    @property
    def typed(self) -> TypedLine:
        return TypedLine(
            self.reference.text, self.count.data, self.details.data, self.values, self.matched
        )


@dataclass(frozen=True)
class RemovedRow:
    """The cart row that was removed last: its position, counted from 0, and the texts in it.

    `line_id` is as in FormLine. `merged_into` is the number of the row that has its count, or None.
    """

    position: int
    typed: TypedLine
    line_id: int | None = None
    merged_into: int | None = None


@dataclass(slots=True)
class MetadataRow:
    """A row of the form with an entry of metadata that belongs to no attribute.

    `area` is the part of the order that contains the entry, `metadata` or `derivative`.
    `stored_key` is the entry's key in the stored order, which may contain line breaks or blanks
    that the form field cannot show; it is empty if the key was typed.
    """

    row: int
    key: Cell
    value: Cell
    area: Cell
    stored_key: str = ""

    @property
    def shown_key(self) -> tuple[str, str]:
        """The area, and the key without line breaks, as a single-line field shows it."""
        return self.area.data, self.key.data.replace("\r", "").replace("\n", "")


def line_row(number: int, typed: TypedLine, line_id: int | None = None) -> FormLine:
    return FormLine(
        number,
        Cell(f"cart.{number}.configurationId", typed.reference),
        Cell(f"cart.{number}.count", typed.count),
        Cell(f"cart.{number}.metadata", typed.details),
        typed.values,
        matched=typed.matched,
        line_id=line_id,
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
    """Return the text with its line breaks, which browsers send as CR LF or CR, replaced by LF."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def typed_line(
    sent: FormData, prefix: str, values: Mapping[str, tuple[str, ...]] | None = None
) -> TypedLine:
    """Return the texts that were sent for a cart row.

    `prefix` is the beginning of the names of the row's fields, such as `cart.3`; `values` are
    those of its fields for attributes of lines.
    """
    return TypedLine(
        sent.get(f"{prefix}.configurationId", ""),
        sent.get(f"{prefix}.count", "1"),
        sent.get(f"{prefix}.metadata", ""),
        {} if values is None else values,
        sent.get(f"{prefix}.matched", "")[:MAX_MATCHED],
    )


def read_lines(sent: FormData) -> list[FormLine]:
    numbers, values = _numbers(sent, "cart"), line_values(sent, "cart")
    return [
        line_row(
            number,
            typed_line(sent, f"cart.{number}", values.get(str(number))),
            whole_number(sent.get(f"cart.{number}.lineId", "")),
        )
        for number in numbers
    ]


def line_values(sent: FormData, start: str) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return the values of the fields for attributes of lines: by row, by the end of the name.

    The names are `<start>.<row>.metadata.<end>`; each value has LF as line breaks.
    """
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for name in sent:
        match = _LINE_VALUE.fullmatch(name)
        if match is not None and match[1] == start:
            values = tuple(map(with_line_feeds, sent.getlist(name)))
            found.setdefault(match[2], {})[match[3]] = values
    return found


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


def pasted_rows(rows: Iterable[MessageRow], first: int) -> list[FormLine]:
    """Return a cart row for each line that was read from a pasted text, numbered from `first`."""
    return [
        line_row(number, TypedLine(row.reference, row.count, matched=_matched(row)))
        for number, row in enumerate(rows, start=first)
    ]


def _matched(row: MessageRow) -> str:
    return f"{row.mark} {row.source}"[:MAX_MATCHED] if row.mark else ""


def free_number(rows: Iterable[FormLine | MetadataRow]) -> int:
    return max((row.row for row in rows), default=-1) + 1


def extra_value(extra: MetadataRow) -> Any:  # noqa: ANN401 - a JSON value
    typed = extra.value.data
    try:
        return read_value(typed)
    except ValueError:  # reported by `faults`
        return typed


def as_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the (key, value) pairs as a dict.

    If a key occurs more than once, the dict is a RepeatedKeys, as the JSON parser returns it.
    """
    plain = dict(pairs)
    if len(plain) == len(pairs):
        return plain
    keys = [key for key, _ in pairs]
    repeated = RepeatedKeys(plain)
    repeated.repeated = tuple(dict.fromkeys(key for key in keys if keys.count(key) > 1))
    return repeated
