"""Rows of the order form: lines of the cart and free metadata, each with an opaque number.

The rows are in the order in which the form sends them; their numbers never change.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from orders.domain.typed_values import read_pasted_lines
from orders.interfaces.desk.forms import FormData

_ROW = re.compile(r"(cart|extra)\.([0-9]{1,6})\.[a-zA-Z]+")
BLANK_COUNTS = {"", "1"}
FIRST_LINES = 3  # empty rows of a new form
BLANK_ROW = 999_999  # the row that the browser copies; no real row has this number


@dataclass(slots=True)
class Cell:
    """A field of a row: its name on the form and what is typed into it.

    Not a field of WTForms: for the hundreds of rows of a cart, those would take most of the time of
    every check.
    """

    name: str
    data: str

    @property
    def text(self) -> str:
        """What is typed, stripped."""
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
        """Return whether nothing was typed into the row."""
        is_untouched = not self.reference.text and not self.details.text
        return is_untouched and self.count.text in BLANK_COUNTS

    @property
    def typed(self) -> TypedLine:
        """What is typed into the row."""
        return TypedLine(self.reference.text, self.count.data, self.details.data)


@dataclass(slots=True)
class MetadataRow:
    """A row of free metadata; `area` is `metadata` or `derivative`."""

    row: int
    key: Cell
    value: Cell
    area: Cell


def line_row(number: int, typed: TypedLine) -> FormLine:
    """Return a row of the cart, with its number in its fields' names."""
    return FormLine(
        number,
        # The names are the paths of the order's schema (docs/contract.md).
        Cell(f"cart.{number}.configurationId", typed.reference),
        Cell(f"cart.{number}.count", typed.count),
        Cell(f"cart.{number}.metadata", typed.details),
    )


def extra_row(number: int, key: str = "", value: str = "", area: str = "metadata") -> MetadataRow:
    """Return a row of free metadata, or of another area of the order."""
    return MetadataRow(
        number,
        Cell(f"extra.{number}.key", key),
        Cell(f"extra.{number}.value", value),
        Cell(f"extra.{number}.area", area),
    )


def read_lines(sent: FormData) -> list[FormLine]:
    """Read the rows of the cart, in the order in which the form sends them."""
    return [
        line_row(
            number,
            TypedLine(
                sent.get(f"cart.{number}.configurationId", ""),
                sent.get(f"cart.{number}.count", "1"),
                sent.get(f"cart.{number}.metadata", ""),
            ),
        )
        for number in _numbers(sent, "cart")
    ]


def read_extras(sent: FormData) -> list[MetadataRow]:
    """Read the rows of free metadata, in the order in which the form sends them."""
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


def pasted_rows(text: str, first: int) -> list[FormLine]:
    """Return a row for each pasted line, numbered from `first`."""
    return [
        line_row(number, TypedLine(line.reference, line.count))
        for number, line in enumerate(read_pasted_lines(text), start=first)
    ]


def free_number(rows: Iterable[FormLine | MetadataRow]) -> int:
    """Return a number that none of the rows has."""
    return max((row.row for row in rows), default=-1) + 1
