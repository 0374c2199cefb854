"""Read a file as rows of texts below a line of column names; and its cells.

`Sheet.notes` names every assumption. Cells of an exported list are harmless for spreadsheets, and
are read back as the values they were: `read_value` undoes `write_value`, and `unguard` undoes
`guard` (docs/orders-list.md).
"""

import codecs
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from charset_normalizer import from_bytes

from orders.domain.errors import OrderError
from orders.domain.text_tables import MOST_IN_LINE, read_table, says_nothing, shown
from orders.domain.texts import Figure, lazy_gettext, lazy_ngettext

MAX_COLUMNS = 1_000  # an export has up to 600 keys
MAX_NAME = 255  # characters of a column's name
MAX_GUESSED = 100_000  # bytes by which an encoding is guessed
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Encodings that a person can choose, the likelier ones first; each decodes almost any file.
ENCODINGS = {
    "utf-8": "UTF-8", "cp1252": "Windows-1252", "cp1250": "Windows-1250",
    "cp1251": "Windows-1251", "cp850": "DOS (850)", "mac_roman": "Mac", "shift_jis": "Shift JIS",
    "gb18030": "GB 18030",
}  # fmt: skip
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # old Excel files, and encrypted new ones
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_ZIP = b"PK\x03\x04"


class UnreadableSheet(OrderError):  # noqa: N818 - named like its siblings in errors.py
    """The file cannot be read as a table; the message says why and what helps."""


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row of a file; `number` counts from 1, as in spreadsheet programs.

    It has a cell for each column, "" for an empty one. Any more cells belong to no column.
    """

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file as a table: the names of its columns, and the rows below that are not empty.

    `notes` tell people what was assumed, such as the encoding. Only an XLSX file has `sheets`, the
    names of all its sheets, and `hidden`, the number of hidden rows.
    """

    columns: tuple[str, ...]
    rows: tuple[SheetRow, ...]
    notes: tuple[str, ...] = ()
    sheets: tuple[str, ...] = ()
    hidden: int = 0

    def content_hash(self) -> str:
        """Return SHA-256 in hexadecimal over names and cells; equal for equal CSV and XLSX."""
        return _hash([self.columns, [row.cells for row in self.rows]])

    def headers_hash(self) -> str:
        """Return SHA-256 in hexadecimal over the names of the columns."""
        return _hash(self.columns)


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value, separators=(",", ":")).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class ReadingChoices:
    """How a file is to be read; an empty choice is decided by the file.

    `heading` is the row with the names of the columns, 0 for a file without one. `sheet` is the
    name of one of a spreadsheet's sheets. With `decimal_comma` numbers are read as 1,5, too.
    """

    encoding: str = ""
    separator: str = ""
    sheet: str = ""
    heading: int | None = None
    skips_hidden: bool = False
    decimal_comma: bool = False


BY_THE_FILE = ReadingChoices()

# The first bytes of other formats, in lowercase, and what each is called.
_FORMATS = (
    (b"%pdf", lazy_gettext("This is a PDF. Export the table as CSV or XLSX instead.")),
    (b"{\\rtf", lazy_gettext("This is a text document (RTF). Save the table as CSV or XLSX.")),
    *(
        (
            start,
            lazy_gettext("This is a web page (HTML), whatever its name. Save it as XLSX or CSV."),
        )
        for start in (b"<!doctype html", b"<html", b"<table", b"<head", b"<body", b"<meta", b"<div")
    ),
    (b"<?xml", lazy_gettext("This is XML. Save it as XLSX or CSV.")),
    (b"\x1f\x8b", lazy_gettext("This file is compressed. Unpack it first.")),
)
_JSON = lazy_gettext("This is JSON. Send it to the API, or save the table as CSV or XLSX.")


def is_spreadsheet(content: bytes) -> bool:
    """Return whether a file is a ZIP archive, and so may be XLSX.

    Raises UnreadableSheet for known formats that cannot be read (PDF, old Excel files, JSON, …).
    """
    if content.startswith(_OLE):
        if _ENCRYPTED in content:
            sentence = lazy_gettext(
                "This file is protected with a password. Save a copy without one."
            )
        else:
            sentence = lazy_gettext("This is an old Excel file. Save it as XLSX, or as CSV.")
        raise UnreadableSheet(sentence)
    start = content[:1_000].removeprefix(codecs.BOM_UTF8).lstrip().lower()
    for first, sentence in _FORMATS:
        if start.startswith(first):
            raise UnreadableSheet(sentence)
    if start[:1] in {b"{", b"["} and _is_json(content):
        raise UnreadableSheet(_JSON)
    return content.startswith(_ZIP)


def _is_json(content: bytes) -> bool:
    try:
        return isinstance(orjson.loads(content.removeprefix(codecs.BOM_UTF8)), dict | list)
    except orjson.JSONDecodeError:
        return False


NumberedRows = Iterable[tuple[int, Sequence[str]]]
# Of the first rows: the number of the one with the names of the columns, 0 for none.
FindHeading = Callable[[Sequence[tuple[int, Sequence[str]]]], int]


def read_csv(
    content: bytes,
    *,
    most_rows: int,
    choices: ReadingChoices = BY_THE_FILE,
    find_heading: FindHeading | None = None,
) -> Sheet:
    """Read a CSV file (see `sheet_of`). Raises UnreadableSheet if it is no table or too large."""
    text, notes = _decoded(content, choices.encoding)
    if "\0" in text:
        raise UnreadableSheet(lazy_gettext("This file is no table. Choose a CSV or XLSX file."))
    table = read_table(text, choices.separator)
    if any(row and row[0].count(table.separator) > MOST_IN_LINE for row in table.rows):
        sentence = lazy_gettext(
            "At most %(most)s columns; this file has far more.", most=Figure(MAX_COLUMNS)
        )
        raise UnreadableSheet(sentence)
    return sheet_of(
        enumerate(table.rows, 1), most_rows=most_rows, notes=notes, heading=choices.heading,
        find_heading=find_heading,
    )  # fmt: skip


FIRST_ROWS = 20  # among which the names of the columns are looked for


def sheet_of(
    rows: NumberedRows,
    *,
    most_rows: int,
    notes: Sequence[str] = (),
    heading: int | None = None,
    find_heading: FindHeading | None = None,
) -> Sheet:
    """Return numbered rows as a sheet, whose columns are named by the row with number `heading`.

    With 0 no row names them. Without `heading` it is what `find_heading` returns for the first
    rows, or else the first row that is not empty. Raises UnreadableSheet for no rows or too many,
    and for too many columns.
    """
    filled = [row for row, _ in zip(_filled(rows), range(most_rows + FIRST_ROWS), strict=False)]
    if not filled:
        raise UnreadableSheet(lazy_gettext("There is nothing in this file."))
    if heading is None:
        heading = find_heading(filled[:FIRST_ROWS]) if find_heading else filled[0][0]
    body = [(number, cells) for number, cells in filled if number > heading]
    above = sum(number < heading for number, _ in filled)
    names = next((list(cells) for number, cells in filled if number == heading), [])
    while names and not names[-1]:
        names.pop()
    if not names:
        names = [""] * max((len(cells) for _, cells in body), default=0)
    if len(names) > MAX_COLUMNS:
        most, count = Figure(MAX_COLUMNS), Figure(len(names))
        raise UnreadableSheet(
            lazy_gettext("At most %(most)s columns; this has %(count)s.", most=most, count=count)
        )
    if len(body) > most_rows:
        most = Figure(most_rows)
        raise UnreadableSheet(
            lazy_gettext("At most %(most)s rows; this file has more. Divide it.", most=most)
        )
    if not body:
        raise UnreadableSheet(lazy_gettext("There are no rows below the line of column names."))
    if above:
        notes = [*notes, _not_read(heading, above)]
    columns = (shown(name)[:MAX_NAME] or _nameless(at) for at, name in enumerate(names))
    found = (SheetRow(number, _fitted(cells, len(names))) for number, cells in body)
    return Sheet(tuple(columns), tuple(found), tuple(notes))


def _not_read(heading: int, above: int) -> str:
    return lazy_ngettext(
        "Row %(heading)s names the columns. The row above it is not imported.",
        "Row %(heading)s names the columns. The %(num)s rows above it are not imported.",
        above, heading=heading,
    )  # fmt: skip


def _fitted(cells: Sequence[str], width: int) -> tuple[str, ...]:
    """Return the cells, filled up with "" to `width`, and without empty ones beyond it."""
    last = max((at for at, cell in enumerate(cells, 1) if cell), default=0)
    return (*cells[: max(last, width)], *[""] * (width - len(cells)))


def _nameless(at: int) -> str:
    return f"Column {letters(at)}"


def names_columns(columns: Sequence[str]) -> bool:
    """Return whether a column has a name from the file, and not only "Column A" made by us."""
    return any(name != _nameless(at) for at, name in enumerate(columns))


def letters(at: int) -> str:
    """Return the letters of a column in a spreadsheet: "A" for position 0, "AA" for 26."""
    text = ""
    at += 1
    while at:
        at, rest = divmod(at - 1, 26)
        text = chr(ord("A") + rest) + text
    return text


def _filled(rows: NumberedRows) -> Iterator[tuple[int, list[str]]]:
    for number, row in rows:
        if not says_nothing(row):
            yield number, [unguard(cell) for cell in row]


def _decoded(content: bytes, encoding: str) -> tuple[str, list[str]]:
    """Return a file's text, and [] or a note on the encoding, which is guessed if it is ""."""
    for bom, own in _BOMS:
        if content.startswith(bom):
            return _decode(content, own), []
    if encoding:
        return _decode(content, encoding), []
    # Text in UTF-16 has a NUL in every second byte where letters are plain.
    for start, own in ((1, "utf-16-le"), (0, "utf-16-be")):
        sample = content[start:200:2]
        if sample.count(0) > len(sample) // 2:
            return _decode(content, own), []
    try:
        return content.decode("utf-8"), []
    except UnicodeDecodeError:
        text, guessed = _decode(content, "cp1252"), _guessed(content[:MAX_GUESSED])
        return (text if guessed == "cp1252" else _decode(content, guessed)), [
            lazy_gettext(
                "The file is not UTF-8; it was read as %(encoding)s. Look at letters like ä and é.",
                encoding=ENCODINGS[guessed],
            )
        ]


def _guessed(content: bytes) -> str:
    """Return the likely encoding of bytes that are not UTF-8, a key of ENCODINGS; else cp1252."""
    found = from_bytes(content, cp_isolation=list(ENCODINGS))
    is_likely = any("cp1252" in one.could_be_from_charset for one in found)
    best = found.best()
    return (
        "cp1252" if is_likely or best is None or best.encoding not in ENCODINGS else best.encoding
    )


def _decode(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        sentence = lazy_gettext(
            "The letters of this file cannot be read. Choose its encoding, or save it as "
            "“CSV UTF-8” or XLSX."
        )
        raise UnreadableSheet(sentence) from error


# A spreadsheet runs a cell that starts like this as a formula, and readers drop blanks at its ends.
_SIGN = r"[=+\-@\uff1d\uff0b\uff0d\uff20]"
_RISKY = re.compile(rf"'*(?:{_SIGN}|\s)")
# A reader that takes another sign for the separator, or a quotation mark for a letter, begins a new
# cell inside of a text.
_NEW_CELL = r"[,;\t\r\n]\"*"
_RISKY_INSIDE = re.compile(rf"({_NEW_CELL})(?='*(?:{_SIGN}|[ \u00a0]+[=@\uff1d\uff20]))")
_GUARDED_INSIDE = re.compile(rf"({_NEW_CELL})'(?='*(?:{_SIGN}|[ \u00a0]+[=@\uff1d\uff20]))")


def guard(text: str) -> str:
    """Return a text for a cell of CSV, with an apostrophe before all that could be a formula.

    That may begin the text, or follow a separator or a line break in it. Apostrophes that are there
    already get one more, since `unguard` could not know which one is ours. A text with blanks at
    its ends gets one at its start.
    """
    inner = _RISKY_INSIDE.sub(r"\1'", text)
    return f"'{inner}" if _is_risky(text) else inner


def unguard(cell: str) -> str:
    """Return the text from which `guard` made a cell; any other cell without outer blanks."""
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
    """Return a cell, after `unguard`, as its JSON value; as text with `is_text` or if not JSON."""
    if is_text or not _reads_as_json(cell):
        return cell
    return orjson.loads(cell)


def _reads_as_json(text: str) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return text == ""  # an empty cell is no value at all
    return True
