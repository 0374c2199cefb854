"""The import of customer records from a file, with a preview, and their export."""

import re
from collections.abc import Callable

from flask import Response, request, url_for
from werkzeug.datastructures import FileStorage

from orders.domain.errors import Conflict, NotFound, StaleVersion
from orders.domain.sheet_reading import ReadingChoices, UnreadableSheet
from orders.domain.texts import lazy_gettext
from orders.interfaces.desk.blueprint import desk, signed_in
from orders.interfaces.desk.display import local_now
from orders.interfaces.desk.forms import html_page, report
from orders.interfaces.http.assets import file_store
from orders.interfaces.http.current_settings import current_limits
from orders.interfaces.http.i18n import figure, gettext, has_decimal_comma, ngettext, translated
from orders.services.files import new_name
from orders.services.imports import customer_import
from orders.services.imports.customer_import import MAX_ROWS, SAMPLE, CheckedFile
from orders.services.orders.export import SEPARATORS

_TOKEN = re.compile(r"[0-9a-f]{40}")


@desk.route("/customers/import", methods=["GET", "POST"])
def import_customers() -> Response:
    """Render the form for a file (GET), or check the sent file and render the preview (POST).

    A file without errors is kept for a day under a name that the preview sends back.
    """
    if request.method == "GET":
        return _page()
    content = request.files.get("file", FileStorage()).read()
    try:
        checked = _run(customer_import.check_file, content)
    except UnreadableSheet as unreadable:
        return _page(error=unreadable.sentence)
    name = new_name(signed_in().org_id)
    if not checked.errors:
        file_store().put(name, content)
    return _page(checked=checked, token=name.rpartition("/")[2])


@desk.post("/customers/import/start")
def start_customer_import() -> Response:
    """Import the file that the preview has shown, and show the list of customers."""
    token = request.form.get("token", "")
    if not _TOKEN.fullmatch(token):
        raise NotFound(lazy_gettext("This file is no longer stored."))
    name = f"{signed_in().org_id}/{token}"
    try:
        done = _run(customer_import.import_file, file_store().get(name))
    except (Conflict, StaleVersion) as refusal:
        return _page(error=refusal.sentence)
    if done.errors:
        return _page(checked=done)
    return report(_report(done), url_for("desk.list_customers"))


def _run(work: Callable[..., CheckedFile], content: bytes) -> CheckedFile:
    """Call `check_file` or `import_file` with the content of a file for the signed-in person."""
    choices = ReadingChoices(decimal_comma=has_decimal_comma())
    return work(content, actor=signed_in().actor, limits=current_limits(), choices=choices)


def _report(done: CheckedFile) -> str:
    if not done.new and not done.changed:  # the button was pressed twice
        return gettext("All customers of the file are stored.")
    added = ngettext(
        "%(count)s customer was added.", "%(count)s customers were added.",
        len(done.new), count=figure(len(done.new)),
    )  # fmt: skip
    changed = ngettext(
        "%(count)s was changed.", "%(count)s were changed.",
        len(done.changed), count=figure(len(done.changed)),
    )  # fmt: skip
    return f"{added} {changed}"


def _page(*, checked: CheckedFile | None = None, token: str = "", error: str = "") -> Response:
    is_refused = bool(error or (checked and checked.errors))
    return html_page(
        "desk/customers/import.html", 422 if is_refused else 200,
        checked=checked, token=token, error=translated(error) if error else "", most=MAX_ROWS,
        limits=current_limits(),
    )  # fmt: skip


@desk.get("/customers/import/sample.csv")
def customer_import_sample() -> Response:
    return _csv(SAMPLE, "customers.csv")


@desk.get("/customers/export.csv")
def export_customers() -> Response:
    usual = "semicolon" if has_decimal_comma() else "comma"
    separator = SEPARATORS.get(request.args.get("separator", ""), SEPARATORS[usual])
    text = "".join(customer_import.export_csv(signed_in().actor, separator))
    return _csv(text, f"customers-{local_now():%Y-%m-%d-%H%M}.csv")


def _csv(text: str, file_name: str) -> Response:
    disposition = {"Content-Disposition": f"attachment; filename={file_name}"}
    return Response(text, mimetype="text/csv", headers=disposition)
