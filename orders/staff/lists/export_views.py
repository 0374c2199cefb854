"""The list of orders as a file: exactly what the list's filters show, in its order."""

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from flask import Response, request, stream_with_context

from orders.lists import order_export
from orders.lists.order_export import PIECE, Cell, Columns, TooManyRows, csv_pieces, write_xlsx
from orders.staff.blueprint import signed_in, staff
from orders.staff.lists.list_page import Trouble, choices_and_address, draw
from orders.web.language import translated

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@staff.get("/orders/export.csv")
def export_csv() -> Response:
    """Send the orders as CSV while they are read."""
    found = _found()
    if found is None:
        return draw(request.args)
    columns, rows = found
    pieces = stream_with_context(csv_pieces(columns.names, rows))
    response = Response(pieces, mimetype="text/csv")
    response.headers["Content-Disposition"] = f"attachment; filename={_file_name('csv')}"
    return response


@staff.get("/orders/export.xlsx")
def export_xlsx() -> Response:
    """Send the orders as a workbook, which is written to a file of its own first."""
    found = _found()
    if found is None:
        return draw(request.args)
    columns, rows = found
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "orders.xlsx"
        try:
            write_xlsx(file, columns.names, rows)
        except TooManyRows as too_many:
            return draw(request.args, trouble=Trouble("export", translated(too_many.sentence)))
        # An open file outlives its folder.
        response = Response(_pieces(file.open("rb")), mimetype=XLSX)
        response.content_length = file.stat().st_size
    response.headers["Content-Disposition"] = f"attachment; filename={_file_name('xlsx')}"
    return response


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while piece := file.read(PIECE):
            yield piece


def _found() -> tuple[Columns, Iterator[list[Cell]]] | None:
    """Give columns and rows of the list's address; None when it cannot be read."""
    member = signed_in()
    rules = member.actor.org.attributes
    _, address = choices_and_address(request.args)
    if address.errors:
        return None
    columns = order_export.find_columns(member.org_id, address.wanted, address.sort, rules)
    rows = order_export.rows(member.org_id, address.wanted, address.sort, columns)
    return columns, rows


def _file_name(ending: str) -> str:
    return f"orders-{datetime.now(UTC):%Y-%m-%d-%H%M}.{ending}"
