"""Read the cells of an XLSX file, in a process of its own with bounded memory.

A sheet with its first and its last possible cell makes the library allocate a table of 17 billion
cells, and the whole process is aborted (docs/decisions/0025-…). So this file runs as a script,
without any of our modules: it reads the file's bytes from standard input and writes JSON.
"""

import datetime
import io
import json
import resource
import sys
import zipfile
from collections.abc import Iterator
from typing import Any, TypedDict

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
BROKEN = "This file is no spreadsheet that can be read. Save it anew as XLSX, or as CSV."
TOO_LARGE = "Unpacked, this spreadsheet is too large. Save the sheet with the orders as CSV."
PROTECTED = "This file is protected with a password. Save a copy without one."


class SheetAnswer(TypedDict, total=False):
    """What was read: rows as their number from 1 and their texts, or a message why not."""

    error: str
    rows: list[tuple[int, list[str]]]
    sheet: str
    sheets: int


def read_spreadsheet(content: bytes, most_rows: int) -> SheetAnswer:
    """Read the first visible sheet, at most `most_rows` rows that are not empty."""
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
        if not names:
            return {"error": BROKEN}
        rows = list(_rows(book.get_sheet_by_name(names[0]), most_rows))
    except PasswordError:
        return {"error": PROTECTED}
    except (CalamineError, zipfile.BadZipFile, ValueError, OSError):
        return {"error": BROKEN}
    return {"rows": rows, "sheet": names[0], "sheets": len(names)}


def _rows(sheet: CalamineSheet, most: int) -> Iterator[tuple[int, list[str]]]:
    first = sheet.start[0] + 1 if sheet.start else 1
    found = 0
    for number, cells in enumerate(sheet.to_python(), first):
        texts = [_text(cell) for cell in cells]
        if any(texts):
            found += 1
            yield number, texts
        if found >= most:
            return


def _text(value: Any) -> str:  # noqa: ANN401 - a cell of any kind
    """Return a cell as people see it: 2.0 is 2, a day has no time."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        # As many digits as spreadsheets themselves keep.
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.15g}"
    if isinstance(value, datetime.datetime):
        is_day = value.time() == datetime.time()
        return value.date().isoformat() if is_day else value.isoformat(" ", "seconds")
    return "" if value is None else str(value)


def main() -> None:
    """Read the file from standard input; the limit of rows is the only argument."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answer = read_spreadsheet(sys.stdin.buffer.read(), int(sys.argv[1]))
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
