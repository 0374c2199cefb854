"""Rows of the desk's form: lines of the cart and free metadata, each under an opaque number.

The order of the rows is the order in which the form sends them; numbers never change.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

from orders.rules.typed_values import PastedLine, read_pasted_lines

_ROW = re.compile(r"(cart|extra)\.([0-9]{1,6})\.[a-zA-Z]+")
BLANK_COUNTS = {"", "1"}
FIRST_LINES = 3  # empty rows of a new form
BLANK_ROW = 999_999  # the row that the browser copies; no real row has this number

FormData = MultiDict[str, str]


@dataclass(slots=True)
class Cell:
    """A field of a row: its name on the form and what is typed into it.

    No field of a form library: a cart has hundreds of rows, and they would take most of the time of
    every check.
    """

    name: str
    data: str

    @property
    def text(self) -> str:
        """What is typed, without blanks around it."""
        return self.data.strip()


@dataclass(frozen=True)
class Typed:
    """What is typed into a row of the cart."""

    reference: str = ""
    count: str = "1"
    details: str = ""


@dataclass(slots=True)
class Line:
    """A row of the cart; `row` is its opaque number."""

    row: int
    reference: Cell
    count: Cell
    details: Cell

    @property
    def is_blank(self) -> bool:
        """Tell whether nobody has typed anything into the row."""
        is_untouched = not self.reference.text and not self.details.text
        return is_untouched and self.count.text in BLANK_COUNTS

    @property
    def typed(self) -> Typed:
        """What is typed into the row."""
        return Typed(self.reference.text, self.count.data, self.details.data)


@dataclass(slots=True)
class Extra:
    """A row of free metadata; `area` tells where the key belongs."""

    row: int
    key: Cell
    value: Cell
    area: Cell


def line_row(number: int, typed: Typed) -> Line:
    """Make a row of the cart, with its number in its fields' names."""
    return Line(
        number,
        # The names are the paths of the order's schema (docs/contract.md).
        Cell(f"cart.{number}.configurationId", typed.reference),
        Cell(f"cart.{number}.count", typed.count),
        Cell(f"cart.{number}.metadata", typed.details),
    )


def extra_row(number: int, key: str = "", value: str = "", area: str = "metadata") -> Extra:
    """Make a row of free metadata, or of another area of the order."""
    return Extra(
        number,
        Cell(f"extra.{number}.key", key),
        Cell(f"extra.{number}.value", value),
        Cell(f"extra.{number}.area", area),
    )


def read_lines(sent: FormData) -> list[Line]:
    """Collect the rows of the cart in the order in which the form sends them, gaps included."""
    return [
        line_row(
            number,
            Typed(
                sent.get(f"cart.{number}.configurationId", ""),
                sent.get(f"cart.{number}.count", "1"),
                sent.get(f"cart.{number}.metadata", ""),
            ),
        )
        for number in _numbers(sent, "cart")
    ]


def read_extras(sent: FormData) -> list[Extra]:
    """Collect the rows of free metadata likewise."""
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


def pasted_rows(text: str, first: int) -> list[Line]:
    """Make a row of each pasted line, numbered from `first`."""
    lines: list[PastedLine] = read_pasted_lines(text)
    return [
        line_row(first + at, Typed(line.reference, line.count)) for at, line in enumerate(lines)
    ]


def free_number(rows: Iterable[Line | Extra]) -> int:
    """Give a number that none of the rows has."""
    return max((row.row for row in rows), default=-1) + 1


def element_id(name: str) -> str:
    """Give the ID of a field's element: its name without the characters that CSS would read."""
    return re.sub(r"[^a-zA-Z0-9_-]", "-", name)
