"""Views for importing orders from a file: upload, columns, preview, progress, result."""

import io
from collections.abc import Mapping, Sequence
from pathlib import PurePath

from flask import request, send_file, url_for
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response as AnyResponse

from orders.domain.attributes import AttributeRule
from orders.domain.column_matching import (
    IGNORED,
    LINE_TARGETS,
    ORDER_TARGETS,
    REST_TARGETS,
    Matching,
    free_targets,
    line_key,
)
from orders.domain.errors import FieldError, InvalidInput, NotFound
from orders.domain.sheet_reading import ENCODINGS, ReadingChoices, Sheet, UnreadableSheet, letters
from orders.domain.text_tables import SEPARATORS, shown
from orders.domain.texts import lazy_gettext
from orders.domain.typed_values import whole_number
from orders.interfaces.desk.blueprint import desk, signed_in
from orders.interfaces.desk.display import shown_attributes
from orders.interfaces.desk.forms import html_page, new_key, reporting_conflicts
from orders.interfaces.http.assets import file_store
from orders.interfaces.http.current_settings import current_limits
from orders.interfaces.http.i18n import has_decimal_comma, translated
from orders.interfaces.http.pages import go_to, page_number, page_or_piece, wants_piece
from orders.services.accounts.history import actor_names
from orders.services.imports import control, preview, records, upload
from orders.services.imports.records import Import, ImportState, OrderState
from orders.storage.pages import Paging

MAX_SAMPLE = 60  # characters of a cell
SAMPLES = 3  # different cells of a column
# Labels of targets for a column whose name becomes a key in an object of the order.
_OWN_NAMES = {
    "platform": lazy_gettext("Platform, “%(key)s”"),
    "metadata": lazy_gettext("Metadata, “%(key)s”"),
    "derivative": lazy_gettext("Derivative, “%(key)s”"),
    "cart": lazy_gettext("Line, “%(key)s”"),
}
IMPORTS_A_PAGE = 20
ORDERS_A_PAGE = 100
FIRST_ORDERS = 20  # of a preview
FIRST_BAD = 25  # orders whose errors are shown first
COMMON_FAULTS = 5  # errors of several rows
FIRST_ROWS = 100  # rows from which the samples are taken
MAX_KEY = 64  # characters of an upload form's key


def samples(sheet: Sheet, at: int) -> list[str]:
    """Return the first SAMPLES different texts in a column, without empty cells.

    `at` is the position of the column, counted from 0. Each text is truncated to MAX_SAMPLE
    characters.
    """
    cells = (shown(row.cells[at]) for row in sheet.rows)
    different = dict.fromkeys(cell[:MAX_SAMPLE] for cell in cells if cell)
    return list(different)[:SAMPLES]


def option_groups(name: str, attributes: Sequence[AttributeRule]) -> dict[str, Mapping[str, str]]:
    """Return the options of the menu that assigns a target to the column called `name`.

    A target is the place in an order where the column's values are stored. The result maps the
    heading of each group to the group's options, which map each target to its label. The heading of
    the first group is empty.
    """
    defined = {rule.path: rule.label for rule in attributes}
    free = {}
    for target in free_targets(name):
        area, _, key = target.partition(".")
        if target not in defined and target not in ORDER_TARGETS:
            free[target] = lazy_gettext(_OWN_NAMES[area], key=line_key(target) or key)
    return {
        "": {IGNORED: lazy_gettext("Not imported")},
        lazy_gettext("Cart line"): LINE_TARGETS,
        lazy_gettext("Order"): ORDER_TARGETS,
        lazy_gettext("Attributes"): defined,
        lazy_gettext("As a custom field"): free,
        lazy_gettext("Complete JSON objects"): REST_TARGETS,
    }


@desk.app_template_filter("import_state")
def import_state(state: ImportState) -> str:
    """Return the name of an import's state in the page's language."""
    return translated(records.STATE_TEXTS[state])


@desk.route("/orders/import", methods=["GET", "POST"])
def upload_orders() -> AnyResponse:
    error = ""
    if request.method == "POST":
        sent = request.files.get("file", FileStorage())
        try:
            if not sent.filename:
                raise UnreadableSheet(lazy_gettext("Choose a file."))  # noqa: TRY301 - reported like errors of the file
            one = upload.upload(
                sent.filename, sent.read(), actor=signed_in().actor, limits=current_limits(),
                key=request.form.get("key", "")[:MAX_KEY], choices=_choices(), store=file_store(),
            )  # fmt: skip
            return go_to(_address(one) if one.matching else _address(one, "choose_matching"))
        except UnreadableSheet as unreadable:
            error = unreadable.sentence
    return _render_start(error)


@desk.get("/orders/import/sample.csv")
def order_import_sample() -> AnyResponse:
    return _csv(preview.SAMPLE, "orders.csv")


@desk.get("/orders/import/<import_id>")
def show_order_import(import_id: str) -> AnyResponse:
    one = _find(import_id)
    if one.state == ImportState.MATCHING:
        return go_to(_address(one, "choose_matching"))
    if one.is_worked_on:
        found = records.counts(one)
        return page_or_piece(
            "desk/imports/progress.html", "desk/imports/_progress.html",
            one=one, State=ImportState, counts=found, progress=records.progress(one, found),
        )  # fmt: skip
    if wants_piece():  # the page still shows the progress
        return go_to(_address(one))
    return _render_preview(one) if one.state == ImportState.CHECKED else _render_result(one)


@desk.get("/orders/import/<import_id>/columns")
def choose_matching(import_id: str) -> AnyResponse:
    one = _find(import_id)
    if one.state not in records.NOT_STARTED:
        return go_to(_address(one))
    return _render_columns(one, upload.suggest(one, signed_in().actor))


@desk.post("/orders/import/<import_id>/columns")
def match_columns(import_id: str) -> AnyResponse:
    one = _find(import_id)
    matching = Matching(
        tuple(request.form.get(f"column.{at}", "") for at in range(len(one.columns))),
        whole_number(request.form.get("group", ""), most=999),
        fills=bool(request.form.get("fills")),
        is_single=bool(request.form.get("single")),
    )
    with reporting_conflicts(_address(one)):
        try:
            upload.match(one, matching, actor=signed_in().actor)
        except InvalidInput as invalid:
            return _render_columns(one, matching, invalid.errors)
    return go_to(_address(one))


@desk.post("/orders/import/<import_id>/read")
def read_import_again(import_id: str) -> AnyResponse:
    """Read the uploaded file again with the choices in the form, such as another sheet.

    Redirects to the page on which people choose the order field for each column of the file, or
    renders that page with the reason if the file cannot be read. If the import has already started,
    redirects to its progress instead.
    """
    one, actor = _find(import_id), signed_in().actor
    if one.is_started:
        return go_to(_address(one))
    try:
        again = upload.read_again(
            one, _choices(), actor=actor, limits=current_limits(), store=file_store()
        )
    except (UnreadableSheet, NotFound) as error:
        fault = FieldError("reading", error.sentence)
        return _render_columns(one, upload.suggest(one, actor), (fault,))
    return go_to(_address(again, "choose_matching"))


def _choices() -> ReadingChoices:
    """Return the choices in the form about how to read the file.

    A missing or invalid choice is empty, so that it is detected from the file.
    """
    sent = request.form
    encoding, separator = sent.get("encoding", ""), sent.get("separator", "")
    return ReadingChoices(
        encoding=encoding if encoding in ENCODINGS else "",
        separator=separator if len(separator) == 1 and separator in SEPARATORS else "",
        sheet=sent.get("sheet", "")[:MAX_SAMPLE],
        heading=whole_number(sent.get("heading", "")),
        skips_hidden=bool(sent.get("skipsHidden")),
        decimal_comma=has_decimal_comma(),
    )


@desk.post("/orders/import/<import_id>/start")
def start_order_import(import_id: str) -> AnyResponse:
    one = _find(import_id)
    with reporting_conflicts(_address(one)):
        try:
            control.start(
                one,
                actor=signed_in().actor,
                all_or_nothing=request.form.get("mode") != "skip",
                skip_same=bool(request.form.get("same")),
                again=bool(request.form.get("again")),
            )
        except InvalidInput as invalid:
            return _render_preview(one, invalid.errors)
    file_store().discard([one.stored_as])
    return go_to(_address(one))


@desk.post("/orders/import/<import_id>/cancel")
def cancel_order_import(import_id: str) -> AnyResponse:
    """Cancel an import and delete its file; keep the orders that it has already created."""
    one = _find(import_id)
    control.cancel(one)
    file_store().discard([one.stored_as])
    return go_to(_address(one))


@desk.post("/orders/import/<import_id>/carry-on")
def carry_on_order_import(import_id: str) -> AnyResponse:
    one = _find(import_id)
    with reporting_conflicts(_address(one)):
        control.carry_on(one)
    return go_to(_address(one))


@desk.post("/orders/import/<import_id>/undo")
def undo_order_import(import_id: str) -> AnyResponse:
    """Start moving the import's orders to the bin, in the background."""
    one = _find(import_id)
    with reporting_conflicts(_address(one)):
        control.undo(one, actor=signed_in().actor)
    return go_to(_address(one))


@desk.get("/orders/import/<import_id>/errors.csv")
def order_import_errors(import_id: str) -> AnyResponse:
    one = _find(import_id)
    return _csv(preview.errors_csv(one, translated), f"{PurePath(one.file_name).stem}-errors.csv")


@desk.get("/orders/import/<import_id>/result.csv")
def order_import_result(import_id: str) -> AnyResponse:
    """Send the rows of the imported file as CSV, each with its order's short ID or an error."""
    one = _find(import_id)
    return _csv(preview.result_csv(one, translated), f"{PurePath(one.file_name).stem}-imported.csv")


def _find(import_id: str) -> Import:
    return records.find(import_id, signed_in().org_id)


def _address(one: Import, view: str = "show_order_import") -> str:
    return url_for(f"desk.{view}", import_id=one.id)


def _csv(text: str, name: str) -> AnyResponse:
    return send_file(
        io.BytesIO(text.encode()), mimetype="text/csv", as_attachment=True, download_name=name
    )


def _render_start(error: str = "") -> AnyResponse:
    org_id = signed_in().org_id
    page = records.list_imports(org_id, Paging(page=page_number(), per_page=IMPORTS_A_PAGE))
    makers = {one.started_by or one.created_by for one, _ in page.entries}
    return html_page(
        "desk/imports/start.html", 422 if error else 200,
        error=error, limits=current_limits(), page=page, State=ImportState,
        names=actor_names(makers, org_id), key=new_key(), encodings=ENCODINGS,
    )  # fmt: skip


def _render_columns(
    one: Import, matching: Matching, errors: tuple[FieldError, ...] = ()
) -> AnyResponse:
    return html_page(
        "desk/imports/columns.html",
        422 if errors else 200,
        one=one,
        sheet=records.read_sheet(one, most=FIRST_ROWS),
        letters=letters,
        samples=samples,
        option_groups=option_groups,
        attributes=shown_attributes(with_lines=True),
        matching=matching,
        errors=errors,
        said={error.path: error.message for error in errors},
        earlier=records.earlier_runs(one),
        encodings=ENCODINGS,
    )


def _render_preview(one: Import, errors: tuple[FieldError, ...] = ()) -> AnyResponse:
    return html_page(
        "desk/imports/preview.html",
        422 if errors else 200,
        one=one,
        counts=records.counts(one),
        doubts=preview.doubts(one, signed_in().actor),
        first=preview.first_orders(one, shown_attributes(with_lines=True), most=FIRST_ORDERS),
        bad=records.read_orders(one, (OrderState.BAD,), most=FIRST_BAD),
        noted=records.read_noted(one, OrderState.GOOD, most=FIRST_BAD),
        noted_count=records.count_noted(one, OrderState.GOOD),
        common=preview.common_faults(one, most=COMMON_FAULTS),
        earlier=records.earlier_runs(one),
        errors=errors,
        said={error.path: error.message for error in errors},
        chosen=request.form,
        OrderState=OrderState,
    )


def _render_result(one: Import) -> AnyResponse:
    number = page_number()
    return html_page(
        "desk/imports/result.html",
        one=one,
        counts=records.counts(one),
        bad=records.read_orders(one, (OrderState.BAD,), most=FIRST_BAD) if number == 1 else (),
        noted=records.read_noted(one, OrderState.BINNED, most=FIRST_BAD) if number == 1 else (),
        orders=records.read_orders(one, most=ORDERS_A_PAGE, skip=(number - 1) * ORDERS_A_PAGE),
        page=number,
        pages=-(-(one.order_count or 0) // ORDERS_A_PAGE),
        names=actor_names({one.started_by or one.created_by}, one.org_id),
        State=ImportState,
        OrderState=OrderState,
    )
