"""Rows of an export as CSV and as a workbook (XLSX)."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import xlsxwriter

from orders.lists.order_export import Cell
from orders.rules.cells import guard
from orders.rules.errors import OrderError
from orders.rules.texts import Figure, mark

BOM = "\ufeff"  # spreadsheets take a file without it for another encoding than UTF-8
PIECE = 64 * 1024  # characters that are sent at once
# A workbook is made whole before it is sent; beyond this, CSV is the way.
MOST_XLSX_ROWS = 100_000
MOST_CELL = 32_767  # characters of a cell, by the format


class TooManyRows(OrderError):  # noqa: N818 - named like its siblings in errors.py
    """More rows than a workbook may have."""

    def __init__(self) -> None:
        super().__init__(
            mark(
                "A workbook takes at most %(most)s lines. Narrow the list, or take the CSV.",
                most=Figure(MOST_XLSX_ROWS),
            )
        )


def csv_pieces(names: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """Give the file piece by piece: a BOM, the heads, the rows; each line ends with CR LF."""
    buffer = io.StringIO()
    buffer.write(BOM)
    writer = csv.writer(buffer)
    writer.writerow(map(_guarded, names))
    for row in rows:
        writer.writerow(map(_guarded, row))
        if buffer.tell() > PIECE:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def write_xlsx(file: Path, names: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Write the workbook, row by row. A text beyond MOST_CELL is cut, and ends with an ellipsis.

    Raises TooManyRows; what was written until then is of no use.
    """
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, options) as book:
        sheet = book.add_worksheet("Orders")
        bold = book.add_format({"bold": True})
        sheet.freeze_panes(1, 1)
        sheet.set_column(0, len(names) - 1, 16)
        for at, name in enumerate(names):
            sheet.write_string(0, at, _guarded(name)[:MOST_CELL], bold)
        for number, row in enumerate(rows, start=1):
            if number > MOST_XLSX_ROWS:
                raise TooManyRows
            for at, cell in enumerate(row):
                if isinstance(cell, int):
                    sheet.write_number(number, at, cell)
                elif cell:
                    sheet.write_string(number, at, _cut(guard(cell)))


def _guarded(cell: Cell) -> str:
    return guard(cell) if isinstance(cell, str) else str(cell)


def _cut(text: str) -> str:
    return text if len(text) <= MOST_CELL else f"{text[: MOST_CELL - 1]}…"
