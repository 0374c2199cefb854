"""The list of orders: the page itself, its columns, its saved views, and the list as a file."""

import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from flask import Response, request, stream_with_context

from orders.domain.errors import Conflict, InvalidInput
from orders.interfaces.desk.blueprint import desk, signed_in
from orders.interfaces.desk.forms import own_id
from orders.interfaces.desk.order_list.list_address import ListAddress, Pairs
from orders.interfaces.desk.order_list.list_page import (
    CODE_ALONE,
    DEFAULT_COLUMNS,
    ListProblem,
    choices_and_address,
    chosen_columns,
    list_address,
    named_columns,
    render_list,
    sent_address,
)
from orders.interfaces.http.i18n import translated
from orders.interfaces.http.pages import go_to
from orders.services.orders import export, saved_views
from orders.services.orders.export import PIECE, Cell, Columns, TooManyRows, csv_pieces, write_xlsx

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@desk.get("/orders")
def list_orders() -> Response:
    return render_list(sent_address())


@desk.post("/orders/columns")
def choose_columns() -> Response:
    """Save the columns that this person wants, and show the list with them."""
    member = signed_in()
    ticked = request.form.getlist("column")
    if request.form.get("do") == "reset":
        ticked = list(DEFAULT_COLUMNS)
    names = named_columns(member.actor.org.attributes, ticked)
    saved_views.keep_preference(member.id, saved_views.COLUMNS, names)
    _, address = choices_and_address(sent_address())
    return go_to(list_address(tuple(pair for pair in address.pairs if pair[0] != "columns")))


@desk.post("/orders/views")
def save_view() -> Response:
    _, address = choices_and_address(sent_address())
    name = request.form.get("name", "")
    view_id = own_id(f"view {request.form.get('key', '')} {name}")
    return _saved(
        address,
        lambda: saved_views.save_view(
            signed_in(), name=name, view_id=view_id,
            is_shared="shared" in request.form, address=_kept(address),
        ),
        view_id,
    )  # fmt: skip


@desk.post("/orders/views/<view_id>")
def change_view(view_id: str) -> Response:
    """Rename, share, overwrite or delete a saved view, by the button."""
    _, address = choices_and_address(sent_address())
    member, do = signed_in(), request.form.get("do")
    if do == "delete":
        saved_views.delete_view(view_id, member)
        return go_to(list_address(address.filters + address.looks))
    return _saved(
        address,
        lambda: saved_views.change_view(
            view_id, member, name=request.form.get("name", ""),
            is_shared="shared" in request.form,
            address=_kept(address) if do == "overwrite" else None,
        ),
        view_id,
    )  # fmt: skip


def _saved(address: ListAddress, save: Callable[[], object], view_id: str) -> Response:
    """Save and show the view, or show the error at the field with the name."""
    try:
        save()
    except InvalidInput as invalid:
        message = invalid.errors[0].message
    except Conflict as conflict:
        message = conflict.sentence
    else:
        return go_to(list_address((*address.filters, *address.looks, ("view", view_id))))
    problem = ListProblem("view", translated(message), request.form.get("name", ""))
    return render_list(sent_address(), problem=problem)


def _kept(address: ListAddress) -> Pairs:
    """Return what a view saves: filters, sort, and the columns that are shown now."""
    member = signed_in()
    preferred = saved_views.read_preference(member.id, saved_views.COLUMNS)
    rules = member.actor.org.attributes
    shown = chosen_columns(rules, address.columns, preferred)
    names = [column.name for column in shown] or [CODE_ALONE]
    looks = tuple(pair for pair in address.looks if pair[0] != "columns")
    return (*address.filters, *looks, ("columns", ",".join(names)))


@desk.get("/orders/export.csv")
def export_csv() -> Response:
    found = _found()
    if found is None:
        return render_list(request.args)
    columns, rows = found
    pieces = stream_with_context(csv_pieces(columns.names, rows))
    response = Response(pieces, mimetype="text/csv")
    response.headers["Content-Disposition"] = f"attachment; filename={_file_name('csv')}"
    return response


@desk.get("/orders/export.xlsx")
def export_xlsx() -> Response:
    """Send the orders as a workbook, which is first written to a temporary file."""
    found = _found()
    if found is None:
        return render_list(request.args)
    columns, rows = found
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "orders.xlsx"
        try:
            write_xlsx(file, columns.names, rows)
        except TooManyRows as too_many:
            return render_list(
                request.args, problem=ListProblem("export", translated(too_many.sentence))
            )
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
    """Return columns and rows of the list's address; None for an address with errors."""
    member = signed_in()
    rules = member.actor.org.attributes
    _, address = choices_and_address(request.args)
    if address.errors:
        return None
    columns = export.find_columns(member.org_id, address.order_filter, address.sort, rules)
    rows = export.rows(member.org_id, address.order_filter, address.sort, columns)
    return columns, rows


def _file_name(ending: str) -> str:
    return f"orders-{datetime.now(UTC):%Y-%m-%d-%H%M}.{ending}"
