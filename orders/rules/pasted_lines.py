"""Reads cart lines from pasted text: a spreadsheet, a CSV file, an e-mail."""

import re
from dataclasses import dataclass

# The first of these that stands in a line separates its cells.
_SEPARATORS = ("\t", ";", ",")
_WIDE_GAP = re.compile(r" {2,}")
_TIMES_FIRST = re.compile(r"([0-9]+)\s*[x×*]\s+(\S.*)", re.IGNORECASE)  # noqa: RUF001 - people type the real sign
_TIMES_LAST = re.compile(r"(.*\S)\s+[x×*]\s*([0-9]+)", re.IGNORECASE)  # noqa: RUF001 - as above
_NUMBER_LAST = re.compile(r"(\S+) ([0-9]+)")
_REFERENCE_WORDS = {
    "id", "configuration", "configuration id", "configurationid", "sku", "short id", "shortid",
    "article", "item", "product", "artikel",
}  # fmt: skip
_COUNT_WORDS = {"count", "qty", "quantity", "pieces", "pcs", "amount", "menge", "anzahl"}


@dataclass(frozen=True, slots=True)
class PastedLine:
    """What names the configuration, and the count, both as typed and trimmed."""

    reference: str
    count: str


def read_pasted_lines(text: str) -> list[PastedLine]:
    """Read one line of the cart from each line of text that is not blank.

    Tabs, semicolons, commas or wide gaps separate the ID from the count; a line without a count
    means one piece; `3 x ID` and `ID x 3` are understood, and a first line of headings is skipped.
    What cannot be understood is kept as it stands, so that the cart can show what is wrong with it.
    """
    rows = [row.strip() for row in re.split(r"\r\n|\r|\n", text)]
    lines = [_line(row) for row in rows if row]
    return lines[1:] if lines and _is_heading(lines[0]) else lines


def _line(row: str) -> PastedLine:
    separator = next((one for one in _SEPARATORS if one in row), None)
    cells = row.split(separator) if separator else _WIDE_GAP.split(row)
    cells = [_unquoted(cell) for cell in cells]
    if len(cells) == 1:
        return _prose(cells[0])
    reference, *rest = cells
    counts = [cell for cell in rest if cell]
    if not reference and counts:
        reference, *counts = counts
    # In a wider table the count is the first cell behind the ID that is a number.
    count = next((cell for cell in counts if cell.isascii() and cell.isdigit()), None)
    return PastedLine(reference, count or (counts[0] if counts else "1"))


def _prose(text: str) -> PastedLine:
    """Read a line without cells, as people write it in a letter."""
    if match := _TIMES_FIRST.fullmatch(text):
        return PastedLine(match[2], match[1])
    if match := _TIMES_LAST.fullmatch(text) or _NUMBER_LAST.fullmatch(text):
        return PastedLine(match[1], match[2])
    return PastedLine(text, "1")


def _unquoted(cell: str) -> str:
    cell = cell.strip()
    if len(cell) > 1 and cell[0] == cell[-1] == '"':
        cell = cell[1:-1].replace('""', '"').strip()
    return cell


def _is_heading(line: PastedLine) -> bool:
    names_reference = line.reference.lower() in _REFERENCE_WORDS
    return names_reference and (line.count == "1" or line.count.lower() in _COUNT_WORDS)
