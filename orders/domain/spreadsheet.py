"""Read the cells of an XLSX file in a separate process with limited memory.

A sheet that has only its first and its last possible cell makes the library allocate a table of 17
billion cells, which aborts the whole process (docs/decisions/0025-…). So this file runs as a
script, without any of our modules: it reads the bytes of an XLSX file from standard input and
writes JSON to standard output.

The library returns the values. What it leaves out is read from the XML: IDs as number formats show
them, errors, formulas without a value, lost digits, and hidden rows.
"""

import datetime
import io
import json
import re
import resource
import sys
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, TypedDict
from xml.etree import ElementTree

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

# Bytes of memory and seconds of the processor: a sheet of 20,000 rows takes a tenth of both.
MOST_MEMORY = 1 << 30
MOST_SECONDS = 20
# Bytes of the unpacked content of the file.
MOST_UNPACKED = 200 * 1024 * 1024
MOST_HIDDEN = 100_000  # numbers of hidden rows that are remembered
MOST_FORMULA = 200  # characters
KEPT_DIGITS = 15  # of a number, by spreadsheets
BROKEN_CELL = "\ufdd0"  # as in text_tables.py
BROKEN = "This spreadsheet cannot be read. Save it again as XLSX or CSV."
TOO_LARGE = "This spreadsheet is too large. Save the sheet with the orders as CSV."
PROTECTED = "This file is password-protected. Save a copy without a password."
NO_SHEET = "The file has no sheet with this name."


class SheetAnswer(TypedDict, total=False):
    """The result of reading a file: either only `error` (a message), or all the other keys.

    `rows` has the number of each row, from 1, and the texts of its cells. `sheet` is the name of
    the sheet that was read, `sheets` are the names of all sheets that can be read, and `hidden` has
    the numbers of hidden rows.
    """

    error: str
    rows: list[tuple[int, list[str]]]
    sheet: str
    sheets: list[str]
    hidden: list[int]


def read_spreadsheet(content: bytes, most_rows: int, sheet: str = "") -> SheetAnswer:
    """Read up to `most_rows` nonempty rows of a sheet, the first one if `sheet` is empty.

    A file that cannot be read raises nothing: the result has only `error`.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(part.file_size for part in packed.infolist()) > MOST_UNPACKED:
                return {"error": TOO_LARGE}
            if "xl/workbook.xml" not in packed.namelist():
                return {"error": BROKEN}
            book = CalamineWorkbook.from_object(io.BytesIO(content))
            names = [
                one.name
                for one in book.sheets_metadata
                if one.visible == SheetVisibleEnum.Visible and one.typ == SheetTypeEnum.WorkSheet
            ]
            if not names or (sheet and sheet not in names):
                return {"error": NO_SHEET if names else BROKEN}
            name = sheet or names[0]
            marks, hidden = _marks(packed, name)
            rows = list(_rows(book.get_sheet_by_name(name), marks, most_rows))
    except PasswordError:
        return {"error": PROTECTED}
    except (CalamineError, zipfile.BadZipFile, ValueError, OSError, KeyError, SyntaxError):
        return {"error": BROKEN}
    return {"rows": rows, "sheet": name, "sheets": names, "hidden": hidden}


# Texts in place of the library's values: by row number from 1, then by column from 0.
Marks = dict[int, dict[int, str]]


def _rows(sheet: CalamineSheet, marks: Marks, most: int) -> Iterator[tuple[int, list[str]]]:
    first, left = sheet.start or (0, 0)
    values = {
        number: [*[""] * left, *map(_text, cells)]
        for number, cells in enumerate(sheet.to_python(), first + 1)
    }
    for number, own in marks.items():
        texts = values.setdefault(number, [])
        texts += [""] * (max(own) + 1 - len(texts))
        for at, text in own.items():
            texts[at] = text
    filled = [(number, texts) for number, texts in sorted(values.items()) if any(texts)][:most]
    empty = min((next(i for i, one in enumerate(texts) if one) for _, texts in filled), default=0)
    yield from ((number, texts[empty:]) for number, texts in filled)


def _text(value: Any) -> str:  # noqa: ANN401 - a cell of any kind
    """Return a cell's value as text: "2" for 2.0, ISO 8601 for times, "" for None."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        # As many digits as spreadsheets themselves keep.
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.15g}"
    if isinstance(value, datetime.datetime):
        is_day = value.time() == datetime.time()
        return value.date().isoformat() if is_day else value.isoformat(" ", "seconds")
    return "" if value is None else str(value)


def _marks(packed: zipfile.ZipFile, sheet: str) -> tuple[Marks, list[int]]:
    """Return the texts that replace the library's values, and the numbers of the hidden rows."""
    formats = _formats(packed)
    marks: Marks = {}
    hidden: list[int] = []
    number = 0
    with packed.open(_path_of(packed, sheet)) as file:
        for event, element in ElementTree.iterparse(file, ("start", "end")):  # noqa: S314 - in this process
            if event == "start" and _tag(element) == "sheetData":
                data = element
            elif event == "end" and _tag(element) == "row":
                number = int(element.get("r", number + 1))
                if element.get("hidden") in {"1", "true"} and len(hidden) < MOST_HIDDEN:
                    hidden.append(number)
                if own := dict(_marks_of_row(element, formats)):
                    marks[number] = own
                data.clear()
    return marks, hidden


def _marks_of_row(row: ElementTree.Element, formats: list[str]) -> Iterator[tuple[int, str]]:
    at = -1
    for cell in row:
        place = re.match("[A-Z]{1,3}", cell.get("r", ""))
        at = _column(place[0]) if place else at + 1
        parts = {_tag(part): part.text or "" for part in cell}
        kind, value = cell.get("t", "n"), parts.get("v", "")
        if kind == "e":
            yield at, f"{BROKEN_CELL}{value}"
        elif "f" in parts and not value and kind != "str":
            yield at, f"{BROKEN_CELL}={parts['f'][:MOST_FORMULA]}"
        elif kind == "n" and value:
            style = cell.get("s", "0")
            shown = formats[int(style)] if style.isdigit() and int(style) < len(formats) else ""
            if (text := _shown_number(value, shown)) is not None:
                yield at, text


def _shown_number(value: str, shown: str) -> str | None:
    """Return a number that may be an ID as its cell shows it; None to keep the library's value.

    `value` is the number in the XML, and `shown` its number format, or "". BROKEN_CELL is put
    before a number with more than KEPT_DIGITS digits, unless the XML certainly has all of them.
    """
    number = Decimal(value)
    if not number.is_finite() or number != number.to_integral_value() or number.adjusted() > 40:
        return None
    digits = str(int(number))
    if len(digits.lstrip("-")) > KEPT_DIGITS:
        is_exact = value == digits and digits.lstrip("-")[KEPT_DIGITS:].strip("0")
        return digits if is_exact else f"{BROKEN_CELL}{digits}"
    return _formatted(digits, shown) if shown and digits.isdigit() else None


# A piece of a number format: a text in quotes, an escaped character, a place for a digit, a sign.
_PIECE = re.compile(r'"([^"]*)"|\\(.)|([0#?])|([-+/(): ])')


def _formatted(digits: str, shown: str) -> str | None:
    """Return digits as a number format with leading zeros or letters shows them.

    None for other formats.
    """
    pieces = list(_PIECE.finditer(shown))
    places = [piece for piece in pieces if piece[3]]
    before = shown[: places[0].start()] if places else ""
    is_id = shown.count("0") > 1 or any(map(str.isalpha, before))
    if sum(len(piece[0]) for piece in pieces) != len(shown) or not places or not is_id:
        return None
    given = list(digits.rjust(len(places)))
    # The first place takes all digits for which there are no places.
    given[: len(given) - len(places) + 1] = ["".join(given[: len(given) - len(places) + 1])]
    for piece, digit in zip(places, given, strict=True):
        zero = "0" if piece[3] == "0" else ""
        given[places.index(piece)] = digit.strip() or zero
    taken = iter(given)
    return "".join(
        next(taken) if piece[3] else piece[1] or piece[2] or piece[4] or "" for piece in pieces
    )


def _formats(packed: zipfile.ZipFile) -> list[str]:
    """Return the number format of each cell style, by its index; "" for a built-in format."""
    if "xl/styles.xml" not in packed.namelist():
        return []
    root = ElementTree.fromstring(packed.read("xl/styles.xml"))  # noqa: S314 - in this process
    codes = {
        one.get("numFmtId"): re.sub(r"\[[^\[\]]*\]", "", one.get("formatCode", "")).partition(";")[
            0
        ]
        for one in root.iter()
        if _tag(one) == "numFmt"
    }
    styles = (one for part in root if _tag(part) == "cellXfs" for one in part)
    return [codes.get(one.get("numFmtId"), "") for one in styles]


def _path_of(packed: zipfile.ZipFile, sheet: str) -> str:
    """Return the path of a sheet's XML in the archive, such as `xl/worksheets/sheet1.xml`."""
    book = ElementTree.fromstring(packed.read("xl/workbook.xml"))  # noqa: S314 - in this process
    links = ElementTree.fromstring(packed.read("xl/_rels/workbook.xml.rels"))  # noqa: S314
    targets = {link.get("Id"): link.get("Target", "") for link in links}
    own = next(one for one in book.iter() if _tag(one) == "sheet" and one.get("name") == sheet)
    link = next(value for name, value in own.items() if name.endswith("}id"))
    target = targets[link]
    return target.removeprefix("/") if target.startswith("/") else f"xl/{target}"


def _tag(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _column(letters: str) -> int:
    at = 0
    for letter in letters:
        at = at * 26 + ord(letter) - ord("A") + 1
    return at - 1


def main() -> None:
    """Read an XLSX file from stdin and write its SheetAnswer to stdout as JSON.

    The arguments of the command are `most_rows` and `sheet`.
    """
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answer = read_spreadsheet(sys.stdin.buffer.read(), int(sys.argv[1]), sys.argv[2])
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
