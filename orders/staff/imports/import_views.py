"""Importing orders from a file: upload, columns, preview, progress, result."""

import io
import secrets
from pathlib import PurePath

from flask import Response, current_app, flash, render_template, request, send_file, url_for
from werkzeug.wrappers import Response as AnyResponse

from orders import queries
from orders.imports import control, preview, records, upload
from orders.imports.records import Import, ImportState, OrderState
from orders.rules.column_matching import Matching
from orders.rules.errors import Conflict, FieldError, InvalidInput
from orders.rules.inputs import Limits
from orders.rules.sheet_reading import UnreadableSheet
from orders.rules.texts import mark
from orders.rules.typed_values import whole_number
from orders.staff.blueprint import signed_in, staff
from orders.staff.imports.import_choices import choices
from orders.storage.pages import MAX_PAGE, Paging
from orders.web.language import translated
from orders.web.pages import go_to, page_or_piece, wants_piece

IMPORTS_A_PAGE = 20
ORDERS_A_PAGE = 100
FIRST_ORDERS = 20  # of a preview
FIRST_BAD = 25  # orders whose errors are shown above the others
COMMON_FAULTS = 5  # that stand in several rows
FIRST_ROWS = 100  # that are looked through for what a column holds
MAX_KEY = 64  # characters of an upload form's key


@staff.get("/orders/import")
def show_order_imports() -> str:
    """Ask for a file, and list the imports so far."""
    return _draw_start()


@staff.post("/orders/import")
def upload_orders() -> AnyResponse:
    """Take a file and lead to its columns, or say why it cannot be read."""
    sent, actor = request.files.get("file"), signed_in().actor
    try:
        if sent is None or not sent.filename:
            raise UnreadableSheet(mark("Choose a file."))  # noqa: TRY301 - told like all that is wrong with it
        one = upload.upload(
            sent.filename, sent.read(), actor=actor, limits=_limits(),
            key=request.form.get("key", "")[:MAX_KEY],
        )  # fmt: skip
    except UnreadableSheet as error:
        return _page(_draw_start(error.sentence), 422)
    return go_to(_address(one) if one.matching else _address(one, "choose_matching"))


@staff.get("/orders/import/sample.csv")
def order_import_sample() -> AnyResponse:
    """Hand out a small file that can be imported."""
    return _csv(preview.SAMPLE, "orders.csv")


@staff.get("/orders/import/<import_id>")
def show_order_import(import_id: str) -> AnyResponse:
    """Show an import as it stands: its progress, what it would make, or what it has made."""
    one = _find(import_id)
    if one.state == ImportState.MATCHING:
        return go_to(_address(one, "choose_matching"))
    if one.is_worked_on:
        found = records.counts(one)
        return page_or_piece(
            "staff/imports/progress.html", "staff/imports/_progress.html",
            one=one, State=ImportState, counts=found, progress=records.progress(one, found),
        )  # fmt: skip
    if wants_piece():  # the page shows a progress that has ended meanwhile
        return go_to(_address(one))
    return _page(_draw_preview(one) if one.state == ImportState.CHECKED else _draw_result(one))


@staff.get("/orders/import/<import_id>/columns")
def choose_matching(import_id: str) -> AnyResponse:
    """Show the columns with what they were taken for."""
    one = _find(import_id)
    if one.state not in records.NOT_STARTED:
        return go_to(_address(one))
    return _page(_draw_columns(one, upload.suggest(one, signed_in().actor)))


@staff.post("/orders/import/<import_id>/columns")
def match_columns(import_id: str) -> AnyResponse:
    """Take the choice of columns, and let the orders be checked."""
    one = _find(import_id)
    matching = Matching(
        tuple(request.form.get(f"column.{at}", "") for at in range(len(one.columns))),
        whole_number(request.form.get("group", ""), most=999),
    )
    try:
        upload.match(one, matching, actor=signed_in().actor)
    except InvalidInput as invalid:
        return _page(_draw_columns(one, matching, invalid.errors), 422)
    except Conflict as conflict:
        flash(translated(conflict.sentence), "bad")
    return go_to(_address(one))


@staff.post("/orders/import/<import_id>/start")
def start_order_import(import_id: str) -> AnyResponse:
    """Start the making of the orders, or say what stands against it."""
    one = _find(import_id)
    try:
        control.start(
            one,
            actor=signed_in().actor,
            all_or_nothing=request.form.get("mode") != "skip",
            skip_same=bool(request.form.get("same")),
            again=bool(request.form.get("again")),
        )
    except InvalidInput as invalid:
        return _page(_draw_preview(one, invalid.errors), 422)
    except Conflict as conflict:
        flash(translated(conflict.sentence), "bad")
    return go_to(_address(one))


@staff.post("/orders/import/<import_id>/cancel")
def cancel_order_import(import_id: str) -> AnyResponse:
    """Stop an import; what it has made stays."""
    one = _find(import_id)
    control.cancel(one)
    return go_to(_address(one))


@staff.post("/orders/import/<import_id>/carry-on")
def carry_on_order_import(import_id: str) -> AnyResponse:
    """Let an import that has failed or was stopped go on."""
    one = _find(import_id)
    try:
        control.carry_on(one)
    except Conflict as conflict:
        flash(translated(conflict.sentence), "bad")
    return go_to(_address(one))


@staff.get("/orders/import/<import_id>/errors.csv")
def order_import_errors(import_id: str) -> AnyResponse:
    """Hand out the bad rows with what is wrong with them."""
    one = _find(import_id)
    return _csv(preview.errors_csv(one, translated), f"{PurePath(one.file_name).stem}-errors.csv")


@staff.get("/orders/import/<import_id>/result.csv")
def order_import_result(import_id: str) -> AnyResponse:
    """Hand out the rows of the file with the codes of their orders."""
    one = _find(import_id)
    return _csv(preview.result_csv(one, translated), f"{PurePath(one.file_name).stem}-imported.csv")


def _find(import_id: str) -> Import:
    return records.find(import_id, signed_in().org_id)


def _address(one: Import, view: str = "show_order_import") -> str:
    return url_for(f"staff.{view}", import_id=one.id)


def _limits() -> Limits:
    limits: Limits = current_app.config["SETTINGS"].limits
    return limits


def _page(text: str, status: int = 200) -> AnyResponse:
    return Response(text, status, mimetype="text/html")


def _csv(text: str, name: str) -> AnyResponse:
    return send_file(
        io.BytesIO(text.encode()), mimetype="text/csv", as_attachment=True, download_name=name
    )


def _number() -> int:
    return whole_number(request.args.get("page", ""), most=MAX_PAGE) or 1


def _draw_start(error: str = "") -> str:
    org_id = signed_in().org_id
    page = records.list_imports(org_id, Paging(page=_number(), per_page=IMPORTS_A_PAGE))
    makers = {one.started_by or one.created_by for one, _ in page.entries}
    return render_template(
        "staff/imports/start.html", error=error, limits=_limits(), page=page, State=ImportState,
        names=queries.actor_names(makers, org_id), key=secrets.token_urlsafe(16),
    )  # fmt: skip


def _draw_columns(one: Import, matching: Matching, errors: tuple[FieldError, ...] = ()) -> str:
    sheet = records.read_sheet(one, most=FIRST_ROWS)
    return render_template(
        "staff/imports/columns.html",
        one=one,
        columns=choices(sheet, matching, signed_in().actor.org.attributes, errors),
        matching=matching,
        errors=errors,
        said={error.path: error.message for error in errors},
        earlier=records.earlier_runs(one),
    )


def _draw_preview(one: Import, errors: tuple[FieldError, ...] = ()) -> str:
    return render_template(
        "staff/imports/preview.html",
        one=one,
        counts=records.counts(one),
        first=preview.first_orders(one, signed_in().actor, most=FIRST_ORDERS),
        bad=records.read_orders(one, (OrderState.BAD,), most=FIRST_BAD),
        common=preview.common_faults(one, most=COMMON_FAULTS),
        earlier=records.earlier_runs(one),
        errors=errors,
        said={error.path: error.message for error in errors},
        chosen=request.form,
        OrderState=OrderState,
    )


def _draw_result(one: Import) -> str:
    number = _number()
    return render_template(
        "staff/imports/result.html",
        one=one,
        counts=records.counts(one),
        bad=records.read_orders(one, (OrderState.BAD,), most=FIRST_BAD) if number == 1 else (),
        orders=records.read_orders(one, most=ORDERS_A_PAGE, skip=(number - 1) * ORDERS_A_PAGE),
        page=number,
        pages=-(-(one.order_count or 0) // ORDERS_A_PAGE),
        names=queries.actor_names({one.started_by or one.created_by}, one.org_id),
        State=ImportState,
        OrderState=OrderState,
    )
