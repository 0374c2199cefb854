"""Read a file as a table with named columns, and convert cells to values and back.

`Sheet.notes` lists every assumption. The cells of an exported list are safe to open in spreadsheet
programs, and can be read back as the original values: `read_value` reverses `write_value`, and
`unguard` reverses `guard` (docs/orders-list.md).
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
    """The file cannot be read as a table; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row of a file; `number` counts from 1, as in spreadsheet programs.

    `cells` has one cell for each column, "" if it is empty. Any further cells belong to no column.
    """

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file as a table.

    `columns` are the names of the columns, and `rows` are the rows below them that are not empty.
    `notes` tell people what was assumed, such as the encoding. `sheets`, the names of all sheets,
    and `hidden`, the number of hidden rows, are set only for an XLSX file.
    """

    columns: tuple[str, ...]
    rows: tuple[SheetRow, ...]
    notes: tuple[str, ...] = ()
    sheets: tuple[str, ...] = ()
    hidden: int = 0

    def content_hash(self) -> str:
        """Return the SHA-256 hash of the column names and cells, in hexadecimal.

        A CSV file and an XLSX file with the same content have the same hash.
        """
        return _hash([self.columns, [row.cells for row in self.rows]])

    def headers_hash(self) -> str:
        """Return the SHA-256 hash of the column names, in hexadecimal."""
        return _hash(self.columns)


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value, separators=(",", ":")).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class ReadingChoices:
    """A person's choices of how to read a file; what is not chosen is decided by the file.

    `heading` is the number of the row with the column names, 0 for a file without them, or None if
    not chosen. `sheet` is the name of a sheet in a spreadsheet. Hidden rows are left out if
    `skips_hidden` is true. If `decimal_comma` is true, 1,5 is also read as a number.
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
            lazy_gettext(
                "This is a web page (HTML), despite its file name. Save it as XLSX or CSV."
            ),
        )
        for start in (b"<!doctype html", b"<html", b"<table", b"<head", b"<body", b"<meta", b"<div")
    ),
    (b"<?xml", lazy_gettext("This is XML. Save it as XLSX or CSV.")),
    (b"\x1f\x8b", lazy_gettext("This file is compressed. Unpack it first.")),
)
_JSON = lazy_gettext("This is JSON. Send it to the API, or save the table as CSV or XLSX.")


def is_spreadsheet(content: bytes) -> bool:
    """Return whether a file is a ZIP archive, and so may be an XLSX file.

    Raises UnreadableSheet for a known format that cannot be read (PDF, old Excel files, JSON, …).
    """
    if content.startswith(_OLE):
        if _ENCRYPTED in content:
            sentence = lazy_gettext(
                "This file is password-protected. Save a copy without a password."
            )
        else:
            sentence = lazy_gettext("This is an old Excel file. Save it as XLSX or CSV.")
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
    """Read a CSV file as a sheet; `most_rows` and `find_heading` are as in `sheet_of`.

    Raises UnreadableSheet if the file is not a table or is too large.
    """
    text, notes = _decoded(content, choices.encoding)
    if "\0" in text:
        raise UnreadableSheet(lazy_gettext("This file is not a table. Choose a CSV or XLSX file."))
    table = read_table(text, choices.separator)
    if any(row and row[0].count(table.separator) > MOST_IN_LINE for row in table.rows):
        sentence = lazy_gettext(
            "This file has far too many columns. The limit is %(most)s.", most=Figure(MAX_COLUMNS)
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
    """Return numbered rows as a sheet whose columns are named by the row with number `heading`.

    If `heading` is 0, no row names them. If it is None, the row is the one whose number
    `find_heading` returns for the first rows; without `find_heading`, it is the first row that is
    not empty. Raises UnreadableSheet if there are no rows below, more than `most_rows`, or too many
    columns.
    """
    filled = [row for row, _ in zip(_filled(rows), range(most_rows + FIRST_ROWS), strict=False)]
    if not filled:
        raise UnreadableSheet(lazy_gettext("This file is empty. Choose another one."))
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
            lazy_gettext(
                "This file has too many rows. The limit is %(most)s; split the file.", most=most
            )
        )
    if not body:
        raise UnreadableSheet(lazy_gettext("There are no rows below the column names."))
    if above:
        notes = [*notes, _not_read(heading, above)]
    columns = (shown(name)[:MAX_NAME] or _nameless(at) for at, name in enumerate(names))
    found = (SheetRow(number, _fitted(cells, len(names))) for number, cells in body)
    return Sheet(tuple(columns), tuple(found), tuple(notes))


def _not_read(heading: int, above: int) -> str:
    return lazy_ngettext(
        "Row %(heading)s contains the column names. The row above it is not imported.",
        "Row %(heading)s contains the column names. The %(num)s rows above it are "
        "not imported.",
        above, heading=heading,
    )  # fmt: skip


def _fitted(cells: Sequence[str], width: int) -> tuple[str, ...]:
    """Return the cells padded with "" to `width`, without empty cells at the end beyond `width`."""
    last = max((at for at, cell in enumerate(cells, 1) if cell), default=0)
    return (*cells[: max(last, width)], *[""] * (width - len(cells)))


def _nameless(at: int) -> str:
    return f"Column {letters(at)}"


def names_columns(columns: Sequence[str]) -> bool:
    """Return whether the file itself names at least one column.

    Columns without a name in the file are named "Column A", "Column B" and so on.
    """
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
    """Return a file's text and notes on its encoding, which is guessed if `encoding` is empty.

    The notes are [] unless the guess is uncertain. A byte order mark takes precedence over
    `encoding`. Raises UnreadableSheet if the file cannot be decoded.
    """
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
                "The file is not UTF-8, so it was read as %(encoding)s. Check letters such "
                "as ä and é.",
                encoding=ENCODINGS[guessed],
            )
        ]


def _guessed(content: bytes) -> str:
    """Return the likely encoding, a key of ENCODINGS, of bytes that are not UTF-8.

    That is cp1252 if no other encoding is more likely.
    """
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
            "The text in this file cannot be read. Choose its encoding, or save it as "
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
    """Return text for a CSV cell, with an apostrophe before each part that could be a formula.

    Such a part may begin the text, or follow a separator or a line break in it. If apostrophes
    already precede it, one more is added, so that `unguard` removes only that one. Text with white
    space at either end gets an apostrophe at its start.
    """
    inner = _RISKY_INSIDE.sub(r"\1'", text)
    return f"'{inner}" if _is_risky(text) else inner


def unguard(cell: str) -> str:
    """Return the text that `guard` turned into this cell.

    A cell without the apostrophe of `guard` is stripped of white space at its ends.
    """
    inner = cell[1:] if cell[:1] == "'" and _is_risky(cell[1:]) else cell.strip()
    return _GUARDED_INSIDE.sub(r"\1", inner)


def _is_risky(text: str) -> bool:
    return _RISKY.match(text) is not None or text[-1:].isspace()


def write_value(value: object, *, is_text: bool = False) -> str:
    """Return a JSON value as the text of a cell, to be passed to `guard`.

    A string is written as it is, and any other value as JSON. A string that would be read back as
    another value ("12", "true", "") is written in quotes, unless `is_text` is true, which means
    that the column has only strings.
    """
    if isinstance(value, str) and (is_text or not _reads_as_json(value)):
        return value
    return orjson.dumps(value).decode()


def read_value(cell: str, *, is_text: bool = False) -> Any:  # noqa: ANN401 - any JSON value
    """Return the JSON value of a cell that `unguard` returned.

    The cell itself is returned if it is not JSON, or if `is_text` is true.
    """
    if is_text or not _reads_as_json(cell):
        return cell
    return orjson.loads(cell)


def _reads_as_json(text: str) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return text == ""  # an empty cell is no value at all
    return True
