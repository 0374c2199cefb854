"""Views of the order list: the list, its columns and saved views, bulk changes, and exports."""

import tempfile
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from flask import Response, abort, request, stream_with_context

from orders.domain.errors import Conflict, InvalidInput, NotFound
from orders.domain.status import Status, read_status
from orders.domain.texts import lazy_gettext
from orders.domain.typed_values import whole_number
from orders.interfaces.desk.blueprint import desk, signed_in
from orders.interfaces.desk.display import local_now
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
from orders.interfaces.http.i18n import has_decimal_comma, translated
from orders.interfaces.http.pages import go_to, wants_piece
from orders.services.accounts.account_events import EventKind, note
from orders.services.orders import bulk, export, saved_views
from orders.services.orders.bulk import BulkAction, BulkEdit, Target, TooMany
from orders.services.orders.export import (
    PIECE,
    SEPARATORS,
    Cell,
    Columns,
    TooManyRows,
    csv_pieces,
    write_xlsx,
)

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

NOTHING_CHOSEN = lazy_gettext("Select orders first, or choose all of them.")
NO_STATUS = lazy_gettext("Choose a new status.")


def _address() -> ListAddress:
    return choices_and_address(sent_address())[1]


@desk.get("/orders")
def list_orders() -> Response:
    return render_list(sent_address())


@desk.post("/orders/columns")
def choose_columns() -> Response:
    member = signed_in()
    ticked = request.form.getlist("column")
    if request.form.get("do") == "reset":
        ticked = list(DEFAULT_COLUMNS)
    names = named_columns(member.actor.org.attributes, ticked)
    saved_views.keep_preference(member.id, saved_views.COLUMNS, names)
    address = _address()
    return go_to(list_address(tuple(pair for pair in address.pairs if pair[0] != "columns")))


@desk.post("/orders/views")
def save_view() -> Response:
    address = _address()
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
    address = _address()
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
    """Return the query parameters that a view saves: filters, sort order and displayed columns."""
    shown = chosen_columns(signed_in(), address.columns)
    names = [column.name for column in shown] or [CODE_ALONE]
    looks = tuple(pair for pair in address.looks if pair[0] != "columns")
    return (*address.filters, *looks, ("columns", ",".join(names)))


# Changes of many orders


@desk.post("/orders/bulk")
def change_orders() -> Response:
    do = request.form.get("do", "")
    if not do:
        # Enter presses the form's first button, which changes nothing.
        return go_to(list_address(_address().pairs))
    try:
        action, status, targets = _asked(do)
        if not targets:
            return _refuse(NOTHING_CHOSEN)
        if action is BulkAction.STATUS and status is None:
            return _refuse(NO_STATUS)
        change = bulk.change_orders(
            targets, action, status=status, actor=signed_in().actor, change_id=_change_id()
        )
    except TooMany as too_many:
        return _refuse(too_many.sentence)
    return _show(change)


def _change_id() -> str:
    """Return the ID, a UUID, of the bulk change that the form makes.

    It is computed from all fields of the form, so that a form that is sent twice makes only one
    change.
    """
    sent = sorted(pair for pair in request.form.items(multi=True) if pair[0] != "csrf_token")
    return own_id(f"bulk {sent}")


def _refuse(sentence: str) -> Response:
    return render_list(sent_address(), problem=ListProblem("bulk", translated(sentence)))


@desk.post("/orders/changes/<change_id>/undo")
def undo_change(change_id: str) -> Response:
    return _show(bulk.undo(change_id, actor=signed_in().actor))


def _show(change: BulkEdit) -> Response:
    """Redirect to the list, which shows the result of a bulk change.

    For htmx, renders the list at once instead of redirecting.
    """
    if wants_piece():
        return render_list(sent_address(), change=change)
    sent = sent_address()
    page = {name: sent.get(name) for name in ("older", "newer")}
    return go_to(list_address(_address().pairs, **page, done=change.id) + "#report")


def _asked(do: str) -> tuple[BulkAction, Status | None, list[Target]]:
    """Return the action, the new status and the orders to change, for the pressed button `do`.

    `do` is "status", "bin" or "restore", or "row.<short ID>.<status>" for the status of a single
    order. The status is None if the form contains no valid one. Raises NotFound for any other
    button, and TooMany for too many orders.
    """
    kind, _, rest = do.partition(".")
    if kind == "row":
        code, _, status = rest.partition(".")
        seen = [one for one in _targets("seen") if one.short_id == code]
        return BulkAction.STATUS, read_status(status), seen
    actions = {"status": BulkAction.STATUS, "bin": BulkAction.BIN, "restore": BulkAction.RESTORE}
    if kind not in actions:
        raise NotFound(lazy_gettext("This button does not exist."))
    return actions[kind], read_status(request.form.get("set")), _scope()


def _scope() -> list[Target]:
    scope = request.form.get("scope", "ticked")
    if scope == "all":
        address = _address()
        if address.errors:
            return []
        return bulk.targets_of(signed_in().org_id, address.order_filter, address.sort)
    return _targets("seen" if scope == "page" else "order")


def _targets(name: str) -> list[Target]:
    """Return the orders in the form field `name`, with the versions that the page has shown.

    Each value of the field is `<short ID>.<version>`; malformed values are ignored.
    """
    targets = {}
    for text in request.form.getlist(name):
        code, _, version = text.partition(".")
        number = whole_number(version)
        if number is not None and code.isascii() and code.isalnum():
            targets[code] = Target(code, number)
    return list(targets.values())


# The list as a file


@desk.get("/orders/export.csv")
def export_csv() -> Response:
    with export.turn():
        columns, rows = _found()
        pieces = csv_pieces(columns.names, rows, _separator())
        first = next(pieces)
    response = Response(stream_with_context(chain([first], pieces)), mimetype="text/csv")
    response.headers["Content-Disposition"] = f"attachment; filename={_file_name('csv')}"
    return response


def _separator() -> str:
    """Return the CSV separator chosen in the query, or the usual one for the page's language."""
    usual = "semicolon" if has_decimal_comma() else "comma"
    return SEPARATORS.get(request.args.get("separator", ""), SEPARATORS[usual])


@desk.get("/orders/export.xlsx")
def export_xlsx() -> Response:
    """Send the orders as an XLSX workbook, which is written to a temporary file first."""
    with export.turn(), tempfile.TemporaryDirectory() as folder:
        columns, rows = _found()
        path = Path(folder) / "orders.xlsx"
        try:
            write_xlsx(path, columns.names, rows)
        except TooManyRows as too_many:
            problem = ListProblem("export", translated(too_many.sentence))
            return render_list(request.args, problem=problem)
        # An open file outlives its folder.
        response = Response(_pieces(path.open("rb")), mimetype=XLSX)
        response.content_length = path.stat().st_size
    response.headers["Content-Disposition"] = f"attachment; filename={_file_name('xlsx')}"
    return response


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while piece := file.read(PIECE):
            yield piece


def _found() -> tuple[Columns, Iterator[list[Cell]]]:
    """Return the columns and rows to export, for the list's query parameters.

    If a parameter is invalid, aborts the request with the page of the list, which shows the error.
    """
    member, address = signed_in(), _address()
    if address.errors:
        abort(render_list(request.args))
    note(member.org_id, EventKind.ORDERS_EXPORTED)
    rules = member.actor.org.every_attribute
    columns = export.find_columns(member.org_id, address.order_filter, address.sort, rules)
    rows = export.rows(member.org_id, address.order_filter, address.sort, columns)
    return columns, rows


def _file_name(ending: str) -> str:
    return f"orders-{local_now():%Y-%m-%d-%H%M}.{ending}"
