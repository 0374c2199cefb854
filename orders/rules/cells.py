"""Cells of an exported list: harmless for spreadsheets, and read back as the values they were.

`read_value` undoes `write_value`, and `unguard` undoes `guard` (docs/orders-list.md).
"""

import re
from typing import Any

import orjson

# A spreadsheet takes a cell that begins so for a formula, and runs it.
_RISKY = re.compile(r"'*[=+\-@\t\r]")
_FIRST = frozenset("'=+-@\t\r")
_GUARDED = re.compile(r"'+[=+\-@\t\r]")


def guard(text: str) -> str:
    """Put an apostrophe before a text that a spreadsheet could take for a formula.

    Before one that has apostrophes in front of such a beginning too: otherwise nobody could tell
    which apostrophe is ours.
    """
    # Most cells are told by their first character: an export has millions of them.
    return f"'{text}" if text[:1] in _FIRST and _RISKY.match(text) else text


def unguard(cell: str) -> str:
    """Give the text that `guard` was given."""
    return cell[1:] if _GUARDED.match(cell) else cell


def write_value(value: object, *, is_text: bool = False) -> str:
    """Give a JSON value as a cell, before `guard`.

    A text stands as it is; everything else is JSON. A text that would be read as something else
    ("12", "true", an empty one) is written as JSON too, in quotes, except with `is_text`: where
    nothing but texts can stand.
    """
    if isinstance(value, str) and (is_text or not _reads_as_json(value)):
        return value
    return orjson.dumps(value).decode()


def read_value(cell: str, *, is_text: bool = False) -> Any:  # noqa: ANN401 - any JSON value
    """Give the value of a cell that is not empty, after `unguard`."""
    if is_text or not _reads_as_json(cell):
        return cell
    return orjson.loads(cell)


def _reads_as_json(text: str) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        # A cell that is empty stands for no value at all.
        return text == ""
    return True
