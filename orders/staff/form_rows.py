"""Rows of the desk's form: lines of the cart and free metadata, each under an opaque number.

The order of the rows is the order in which the form sends them; numbers never change.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import MultiDict
from wtforms import Field

from orders.rules.pasted_lines import PastedLine, read_pasted_lines
from orders.staff.forms import ExtraForm, LineForm

_ROW = re.compile(r"(cart|extra)\.([0-9]{1,6})\.[a-zA-Z]+")
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_DECIMAL = re.compile(r"-?[0-9]{1,18}\.[0-9]{1,18}")
BLANK_COUNTS = {"", "1"}
FIRST_LINES = 3  # empty rows of a new form
BLANK_ROW = 999_999  # the row that the browser copies; no real row has this number

FormData = MultiDict[str, str]


@dataclass
class Row:
    """A row of the cart or of free metadata; `row` is its opaque number."""

    row: int
    form: Any


@dataclass(frozen=True)
class Typed:
    """What is typed into a row of the cart."""

    reference: str = ""
    count: str = "1"
    details: str = ""


def line_row(number: int, typed: Typed) -> Row:
    """Make a row of the cart, with its number in its fields' names."""
    data = {
        "configuration_id": typed.reference,
        "count": typed.count,
        "details": typed.details,
    }
    return Row(number, LineForm(prefix=f"cart.{number}.", data=data))


def extra_row(number: int, key: str = "", value: str = "", area: str = "metadata") -> Row:
    """Make a row of free metadata, or of another area of the order."""
    data = {"key": key, "value": value, "area": area}
    return Row(number, ExtraForm(prefix=f"extra.{number}.", data=data))


def typed_in(line: Row) -> Typed:
    """Give what is typed into a row of the cart, without blanks around the reference."""
    form = line.form
    return Typed(text_of(form.configuration_id), form.count.data or "", form.details.data or "")


def read_rows(sent: FormData, kind: str, form: Callable[..., Any]) -> list[Row]:
    """Collect the rows in the order in which the form sends them, gaps and moves included."""
    numbers = dict.fromkeys(
        int(match[2]) for key in sent if (match := _ROW.fullmatch(key)) and match[1] == kind
    )
    return [Row(number, form(sent, prefix=f"{kind}.{number}.")) for number in numbers]


def pasted_rows(text: str, first: int) -> list[Row]:
    """Make a row of each pasted line, numbered from `first`."""
    lines: list[PastedLine] = read_pasted_lines(text)
    return [
        line_row(first + at, Typed(line.reference, line.count)) for at, line in enumerate(lines)
    ]


def free_number(rows: Iterable[Row]) -> int:
    """Give a number that none of the rows has."""
    return max((row.row for row in rows), default=-1) + 1


def is_blank(line: Row) -> bool:
    """Tell whether nobody has typed anything into a row of the cart."""
    form = line.form
    is_untouched = not text_of(form.configuration_id) and not text_of(form.details)
    return is_untouched and text_of(form.count) in BLANK_COUNTS


def element_id(name: str) -> str:
    """Give the ID of a field's element: its name without the characters that CSS would read."""
    return re.sub(r"[^a-zA-Z0-9_-]", "-", name)


def text_of(one: Field) -> str:
    """Give what is typed into a field, without blanks around it."""
    return (one.data or "").strip()


def read_whole(text: str) -> int | str:
    """Read a count: digits alone. A dot would be a thousand to one and a decimal to another."""
    bare = text.strip()
    return int(bare) if _WHOLE.fullmatch(bare) else text


def read_number(text: str) -> int | float | str:
    """Read a number as people type it; whatever else it is, it stays a text."""
    bare = text.strip()
    if _WHOLE.fullmatch(bare):
        return int(bare)
    return float(bare) if _DECIMAL.fullmatch(bare) else text
