"""Read a file as rows of texts below a line of column names: CSV in its many forms; and its cells.

`Sheet.notes` names every assumption. Cells of an exported list are harmless for spreadsheets, and
are read back as the values they were: `read_value` undoes `write_value`, and `unguard` undoes
`guard` (docs/orders-list.md).
"""

import codecs
import csv
import hashlib
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from orders.domain.errors import OrderError
from orders.domain.texts import Figure, lazy_gettext

DELIMITERS = ",;\t"
MAX_COLUMNS = 1_000  # an export has up to 600 keys
# Separators in a line; a long text may contain more of them than there can be columns.
MOST_IN_LINE = 20_000
MAX_NAME = 255  # characters of a column's name
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # old Excel files, and encrypted new ones
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_ZIP = b"PK\x03\x04"
OTHER_LETTERS = lazy_gettext(
    "The file is not UTF-8; it was read as Windows-1252. Look at letters like ä and é."
)


# Messages of Python's reader; those of another version of it stay English.
_CSV_REASONS = {
    str(reason): reason
    for reason in (
        lazy_gettext("unexpected end of data"),
        lazy_gettext("field larger than field limit (131072)"),
    )
}


def csv_reason(error: csv.Error) -> str:
    """Return the message of Python's reader, translatable if it is a known one."""
    reason = str(error)
    separator, is_missing, quote = reason.partition(" expected after ")
    if is_missing:
        return lazy_gettext(
            "%(separator)s expected after %(quote)s", separator=separator, quote=quote
        )
    return _CSV_REASONS.get(reason, reason)


class UnreadableSheet(OrderError):  # noqa: N818 - named like its siblings in errors.py
    """The file cannot be read as a table; the message says why and what helps."""


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row of the file, numbered as spreadsheets do; as many cells as there are columns."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The columns' names, the rows below them that are not empty, and what was assumed."""

    columns: tuple[str, ...]
    rows: tuple[SheetRow, ...]
    notes: tuple[str, ...] = ()

    def content_hash(self) -> str:
        """Return SHA-256 in hexadecimal over names and cells, which is the same in any format."""
        return _hash([self.columns, [row.cells for row in self.rows]])

    def headers_hash(self) -> str:
        """Return SHA-256 in hexadecimal over the names of the columns."""
        return _hash(self.columns)


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value, separators=(",", ":")).encode()).hexdigest()


def is_spreadsheet(content: bytes) -> bool:
    """Return whether the file is packed as XLSX is.

    Raises UnreadableSheet for old Excel files, for those with a password, and for PDF.
    """
    if content.startswith(_OLE):
        if _ENCRYPTED in content:
            sentence = lazy_gettext(
                "This file is protected with a password. Save a copy without one."
            )
        else:
            sentence = lazy_gettext("This is an old Excel file. Save it as XLSX, or as CSV.")
        raise UnreadableSheet(sentence)
    if content.startswith(b"%PDF"):
        sentence = lazy_gettext("This is a PDF. Export the table as CSV or XLSX instead.")
        raise UnreadableSheet(sentence)
    return content.startswith(_ZIP)


def read_csv(content: bytes, *, most_rows: int) -> Sheet:
    """Read CSV with commas, semicolons or tabs. Raises UnreadableSheet with a message."""
    text, notes = _decoded(content)
    if "\0" in text:
        raise UnreadableSheet(lazy_gettext("This file is no table. Choose a CSV or XLSX file."))
    lines = io.StringIO(text, newline="")
    first = text.partition("\n")[0]
    if first.lower().startswith("sep="):  # what Excel writes and reads as a hint
        lines.readline()
    start = lines.tell()
    delimiter = _delimiter(lines.readline())
    lines.seek(start)
    reader = csv.reader(_narrow(lines, delimiter), delimiter=delimiter, strict=True)
    try:
        return sheet_of(enumerate(reader, 1), most_rows=most_rows, notes=notes)
    except csv.Error as error:
        sentence = lazy_gettext(
            "Line %(line)s is not CSV: %(reason)s.",
            line=reader.line_num, reason=csv_reason(error),
        )  # fmt: skip
        raise UnreadableSheet(sentence) from error


def _narrow(lines: Iterable[str], delimiter: str) -> Iterator[str]:
    """Refuse a line of millions of cells before a list is made of it."""
    for line in lines:
        if line.count(delimiter) > MOST_IN_LINE:
            sentence = lazy_gettext(
                "At most %(most)s columns; this file has far more.", most=Figure(MAX_COLUMNS)
            )
            raise UnreadableSheet(sentence)
        yield line


def sheet_of(
    rows: Iterable[tuple[int, Sequence[str]]], *, most_rows: int, notes: Sequence[str] = ()
) -> Sheet:
    """Return a sheet of numbered rows: the first that is not empty names the columns.

    Raises UnreadableSheet for too many rows or columns, and for cells beyond the last column.
    """
    filled = _filled(rows)
    _, columns = next(filled, (0, []))
    if not columns:
        raise UnreadableSheet(lazy_gettext("There is nothing in this file."))
    while columns and not columns[-1]:
        columns.pop()
    if len(columns) > MAX_COLUMNS:
        most, count = Figure(MAX_COLUMNS), Figure(len(columns))
        raise UnreadableSheet(
            lazy_gettext("At most %(most)s columns; this has %(count)s.", most=most, count=count)
        )
    found: list[SheetRow] = []
    for number, cells in filled:
        if len(found) == most_rows:
            most = Figure(most_rows)
            raise UnreadableSheet(
                lazy_gettext("At most %(most)s rows; this file has more. Divide it.", most=most)
            )
        if any(cells[len(columns) :]):
            sentence = lazy_gettext(
                "Row %(row)s has more cells than there are columns. "
                "A text with the separator in it needs quotes.",
                row=number,
            )
            raise UnreadableSheet(sentence)
        padding = [""] * (len(columns) - len(cells))
        found.append(SheetRow(number, (*cells[: len(columns)], *padding)))
    if not found:
        raise UnreadableSheet(lazy_gettext("There are no rows below the line of column names."))
    names = tuple(name[:MAX_NAME] or f"Column {letters(at)}" for at, name in enumerate(columns))
    return Sheet(names, tuple(found), tuple(notes))


def letters(at: int) -> str:
    """Return a column's name in a spreadsheet, A for 0."""
    text = ""
    at += 1
    while at:
        at, rest = divmod(at - 1, 26)
        text = chr(ord("A") + rest) + text
    return text


def _filled(rows: Iterable[tuple[int, Sequence[str]]]) -> Iterator[tuple[int, list[str]]]:
    for number, row in rows:
        cells = [unguard(cell) for cell in row]
        if any(cells):
            yield number, cells


def _decoded(content: bytes) -> tuple[str, list[str]]:
    """Return the text, and a note on an assumed encoding."""
    for bom, encoding in _BOMS:
        if content.startswith(bom):
            return _decode(content, encoding), []
    # Text in UTF-16 has a NUL in every second byte where letters are plain.
    for start, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        sample = content[start:200:2]
        if sample.count(0) > len(sample) // 2:
            return _decode(content, encoding), []
    try:
        return content.decode("utf-8"), []
    except UnicodeDecodeError:
        return _decode(content, "cp1252"), [OTHER_LETTERS]


def _decode(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        sentence = lazy_gettext(
            "The letters of this file cannot be read. Save it as “CSV UTF-8” or as XLSX."
        )
        raise UnreadableSheet(sentence) from error


def _delimiter(line: str) -> str:
    """Return the delimiter that is most frequent in the first line outside of quotes."""
    outside = "".join(line.split('"')[::2])
    return max(DELIMITERS, key=outside.count)


# A spreadsheet runs a cell that starts like this as a formula, and readers drop blanks at its ends.
_SIGN = r"[=+\-@\uff1d\uff0b\uff0d\uff20]"
_RISKY = re.compile(rf"'*(?:{_SIGN}|\s)")
# A reader that takes another sign for the separator, or a quotation mark for a letter, begins a new
# cell inside of a text.
_NEW_CELL = r"[,;\t\r\n]\"*"
_RISKY_INSIDE = re.compile(rf"({_NEW_CELL})(?='*(?:{_SIGN}|[ \u00a0]+[=@\uff1d\uff20]))")
_GUARDED_INSIDE = re.compile(rf"({_NEW_CELL})'(?='*(?:{_SIGN}|[ \u00a0]+[=@\uff1d\uff20]))")


def guard(text: str) -> str:
    """Put an apostrophe before all that a spreadsheet could run as a formula.

    That may begin the text, or follow a separator or a line break in it. Apostrophes that are there
    already get one more, since `unguard` could not know which one is ours. Blanks at the ends of a
    text get one at its start.
    """
    inner = _RISKY_INSIDE.sub(r"\1'", text)
    return f"'{inner}" if _is_risky(text) else inner


def unguard(cell: str) -> str:
    """Return the text that `guard` was given; of any other cell, what is between its blanks."""
    inner = cell[1:] if cell[:1] == "'" and _is_risky(cell[1:]) else cell.strip()
    return _GUARDED_INSIDE.sub(r"\1", inner)


def _is_risky(text: str) -> bool:
    return _RISKY.match(text) is not None or text[-1:].isspace()


def write_value(value: object, *, is_text: bool = False) -> str:
    """Return a JSON value as a cell, before `guard`.

    A text is written as it is, everything else as JSON. A text that would be read as something else
    ("12", "true", an empty one) is written in quotes, except with `is_text`, where nothing but
    texts are possible.
    """
    if isinstance(value, str) and (is_text or not _reads_as_json(value)):
        return value
    return orjson.dumps(value).decode()


def read_value(cell: str, *, is_text: bool = False) -> Any:  # noqa: ANN401 - any JSON value
    """Return the value of a cell that is not empty, after `unguard`."""
    if is_text or not _reads_as_json(cell):
        return cell
    return orjson.loads(cell)


def _reads_as_json(text: str) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return text == ""  # an empty cell is no value at all
    return True
