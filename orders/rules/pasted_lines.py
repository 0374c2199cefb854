"""Reads cart lines from pasted text: a spreadsheet, a CSV file, an e-mail."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass

# The first of these that stands in a line separates its cells; without any, wide gaps do.
_SEPARATORS = ("\t", ";", ",")
_LINE_END = re.compile(r"\r\n|\r|\n")
# Marks that nobody sees: at the begin of files that were joined, in texts from web pages.
_UNSEEN = dict.fromkeys(map(ord, "\ufeff\u200b\u200e\u200f\u2060"))
_WIDE_GAP = re.compile(r" {2,}")
_BULLETS = re.compile(r"(?:[>*•·–—-]\s+)+")  # noqa: RUF001 - lists and quotations in e-mails
# `A,1,000` is a thousand pieces in a table with two columns, never one piece and a rest.
_COMMA_AND_THOUSANDS = re.compile(r"\s*([^,]*[^,\s])\s*,\s*([0-9]{1,3}(?:,[0-9]{3})+)\s*")
_NUMBER_LIKE = re.compile(r"[-+]?[0-9][0-9.,' ]*")

_WORDS = r"\S+(?: \S+)*"
_TIMES = "[x×*]"  # noqa: RUF001 - people type the real sign too
_TIMES_FIRST = re.compile(rf"([0-9]+)\s*{_TIMES}\s+({_WORDS})", re.IGNORECASE)
_TIMES_LAST = re.compile(rf"({_WORDS})\s+{_TIMES}\s*([0-9]+)", re.IGNORECASE)
_NUMBER_LAST = re.compile(r"(\S+) ([0-9]+)")

# A digit more can be a configuration's short ID.
MAX_COUNT_DIGITS = 6
# What heads a column of IDs, the more exact words first.
_REFERENCE_WORDS = (
    "configuration id", "configurationid", "configuration", "short id", "shortid", "id", "sku",
    "article number", "artikelnummer", "article", "artikel", "item", "product",
)  # fmt: skip
_COUNT_WORDS = frozenset({"count", "qty", "quantity", "pieces", "pcs", "amount", "menge", "anzahl"})


@dataclass(frozen=True, slots=True)
class PastedLine:
    """What names the configuration, and the count, both as typed and trimmed."""

    reference: str
    count: str


@dataclass(frozen=True, slots=True)
class _Columns:
    """Which columns a heading names; `count` is None when there is none for it."""

    reference: int
    count: int | None


def read_pasted_lines(text: str) -> list[PastedLine]:
    """Read one line of the cart from each line of text that holds more than separators.

    Tabs, semicolons, commas or wide gaps separate the ID from the count; a line without a count
    means one piece; `3 x ID` and `ID x 3` are understood. A heading above other lines is not a
    line, but tells which column is which. What cannot be understood is kept as it stands, so that
    the cart can show what is wrong with it: no line is ever dropped, no count ever corrected.
    """
    rows = [_cells(row) for row in _LINE_END.split(text.translate(_UNSEEN))]
    rows = [cells for cells in rows if any(cells)]
    columns = _heading(rows[0]) if len(rows) > 1 else None
    if columns is not None:
        return [_line_by_columns(cells, columns) for cells in rows[1:]]
    return [_line(cells) for cells in rows]


def _cells(row: str) -> list[str]:
    """Cut a line into its trimmed cells."""
    row = row.replace("\u00a0", " ").replace("\u202f", " ")
    bare = _BULLETS.sub("", row.lstrip(), count=1) if _BULLETS.match(row.lstrip()) else row
    row = bare if bare.strip() else row
    separator = next((one for one in _SEPARATORS if one in row), None)
    if separator is None:
        row = row.strip()
        is_prose = _TIMES_FIRST.fullmatch(row) or _TIMES_LAST.fullmatch(row)
        return [_unquoted(cell) for cell in ([row] if is_prose else _WIDE_GAP.split(row))]
    if separator == "," and (match := _COMMA_AND_THOUSANDS.fullmatch(row)):
        return [_unquoted(match[1]), match[2]]
    cells = row.split(separator)
    if '"' in row:
        try:
            cells = next(csv.reader([row], delimiter=separator, skipinitialspace=True, strict=True))
        except csv.Error:
            # A single quotation mark is an inch sign or a slip, not the begin of a cell.
            cells = row.split(separator)
    return [_unquoted(cell) for cell in cells]


def _unquoted(cell: str) -> str:
    cell = cell.strip()
    if len(cell) > 1 and cell[0] == cell[-1] == '"':
        cell = cell[1:-1].replace('""', '"').strip()
    return cell


def _heading(cells: Sequence[str]) -> _Columns | None:
    """Read a first line as a heading: a word for IDs, alone or beside a word for counts."""
    words = [cell.lower().replace("_", " ").rstrip(":.") for cell in cells]
    reference = next((words.index(word) for word in _REFERENCE_WORDS if word in words), None)
    count = next((at for at, word in enumerate(words) if word in _COUNT_WORDS), None)
    is_alone = sum(map(bool, words)) == 1
    if reference is None or (count is None and not is_alone):
        return None
    return _Columns(reference, count)


def _line_by_columns(cells: Sequence[str], columns: _Columns) -> PastedLine:
    if columns.count is None or len(cells) <= max(columns.reference, columns.count):
        return _line(cells)
    reference, count = cells[columns.reference], cells[columns.count]
    # With both cells empty the rest is shown, so that people see which line it was.
    return PastedLine(reference, count or "1") if reference or count else _line(cells)


def _line(cells: Sequence[str]) -> PastedLine:
    """Read a line without a heading: the ID first, and then the first number is its count."""
    first, *rest = [cell for cell in cells if cell]
    if not rest:
        # A number behind an empty cell is a count whose ID is missing.
        return PastedLine("", first) if not cells[0] and _is_count(first) else _prose(first)
    number = next((cell for cell in rest if cell.isascii() and cell.isdigit()), None)
    number = number or next((cell for cell in rest if _NUMBER_LIKE.fullmatch(cell)), None)
    if number is None and _is_count(first):
        return PastedLine(rest[0], first)
    return PastedLine(first, number or rest[0])


def _is_count(cell: str) -> bool:
    return cell.isascii() and cell.isdigit() and len(cell) <= MAX_COUNT_DIGITS


def _prose(text: str) -> PastedLine:
    """Read a line without cells, as people write it in a letter."""
    if match := _TIMES_FIRST.fullmatch(text):
        return PastedLine(match[2], match[1])
    if match := _TIMES_LAST.fullmatch(text) or _NUMBER_LAST.fullmatch(text):
        return PastedLine(match[1], match[2])
    return PastedLine(text, "1")
