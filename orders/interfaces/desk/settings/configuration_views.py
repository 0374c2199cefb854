"""The desk's pages of saved configurations: the list, a single one with its files, the import."""

from functools import partial

from flask import Response, render_template, request, url_for
from werkzeug.datastructures import FileStorage

from orders.domain.errors import Conflict, OrderError, TooManyTries
from orders.interfaces.desk.blueprint import desk, signed_in
from orders.interfaces.desk.display import as_text
from orders.interfaces.desk.forms import html_page, report
from orders.interfaces.desk.settings.product_form import details_of
from orders.interfaces.http.assets import send_stored
from orders.interfaces.http.current_settings import current_limits
from orders.interfaces.http.i18n import figure, gettext, ngettext
from orders.interfaces.http.limiters import request_limits
from orders.interfaces.http.pages import page_number, page_or_piece
from orders.services.accounts.history import actor_names
from orders.services.catalog import (
    configuration_edits,
    configuration_import,
    configuration_queries,
    products,
    sample_products,
)
from orders.services.catalog.configuration_import import SAMPLE, BadImport
from orders.services.catalog.configuration_queries import ConfigurationFilter
from orders.storage.pages import Paging

MAX_SEARCH = 500  # characters; the rest is ignored
MAX_USES = 20  # orders with a configuration, on its page


@desk.get("/configurations")
def list_configurations() -> Response:
    """Render a page of the org's products, as a table or as pictures (`view=grid` in the query).

    Retired products are listed only with `retired=1` in the query, and then alone.
    """
    org_id = signed_in().org_id
    search, is_retired = request.args.get("q", "")[:MAX_SEARCH], request.args.get("retired") == "1"
    page = configuration_queries.list_configurations(
        org_id,
        ConfigurationFilter(search=search, is_retired=is_retired),
        Paging(page=page_number()),
    )
    cards = products.resolve([found.id for found in page.entries], org_id)
    is_grid = request.args.get("view") == "grid"
    return page_or_piece(
        "desk/configurations/list.html", "desk/configurations/_rows.html",
        page=page, cards=cards, search=search, is_grid=is_grid, is_retired=is_retired,
        has_samples=sample_products.has_samples(org_id),
        list_address=partial(_list_address, search, grid=is_grid, retired=is_retired),
    )  # fmt: skip


def _list_address(search: str, *, grid: bool, retired: bool, page: int | None = None) -> str:
    """Return the URL of the list with this search; false and None are left out of its query."""
    return url_for(
        "desk.list_configurations", q=search or None, view="grid" if grid else None,
        retired=1 if retired else None, page=page,
    )  # fmt: skip


@desk.get("/configurations/<reference>")
def show_configuration(reference: str) -> str:
    org_id = signed_in().org_id
    found = configuration_queries.find_configuration(reference, org_id)
    return render_template(
        "desk/configurations/one.html",
        found=found,
        details=details_of(found),
        card=products.resolve([found.id], org_id).get(found.id),
        files=configuration_queries.list_files(found.id),
        uses=configuration_queries.list_uses(found, most=MAX_USES),
        same_sku=configuration_edits.count_same_sku(found),
        maker=actor_names({found.created_by}, org_id).get(found.created_by),
        as_text=as_text,
    )


@desk.get("/configurations/<reference>/picture")
def configuration_picture(reference: str) -> Response:
    return send_stored(configuration_queries.find_picture(reference, signed_in().org_id))


@desk.get("/configurations/<reference>/files/<path:key>")
def configuration_file(reference: str, key: str) -> Response:
    return send_stored(configuration_queries.find_file(reference, key, signed_in().org_id))


@desk.route("/configurations/import", methods=["GET", "POST"])
def import_configurations() -> Response:
    error: OrderError | None = None
    if request.method == "POST":
        try:
            count = len(_import())
        except (BadImport, Conflict, TooManyTries) as refusal:
            error = refusal
        else:
            message = ngettext(
                "%(count)s product was imported.", "%(count)s products were imported.",
                count, count=figure(count),
            )  # fmt: skip
            return report(message, url_for("desk.list_configurations"))
    answer = html_page(
        "desk/configurations/import.html", 422 if error else 200, error=error,
        limits=current_limits(), sample=SAMPLE,
    )  # fmt: skip
    if isinstance(error, TooManyTries):
        answer.status_code, answer.headers["Retry-After"] = 429, str(error.wait)
    return answer


def _import() -> list[str]:
    """Import the sent file, and count the short IDs of other orgs that it names."""
    actor, rates = signed_in().actor, request_limits()
    sent = request.files.get("file", FileStorage())
    try:
        return configuration_import.import_configurations(
            sent.filename or "", sent.read(), actor=actor, limits=current_limits(),
            before_short_ids=partial(rates.require_taken_left, actor.org_id),
        )  # fmt: skip
    except BadImport as bad:
        rates.count_taken(actor.org_id, bad.foreign)
        raise


@desk.post("/configurations/import/samples")
def load_samples() -> Response:
    added = sample_products.load_samples(signed_in().actor)
    if not added:
        return report(gettext("The sample products are here already."), _page_sent_from())
    message = ngettext(
        "One sample product was added.", "%(num)s sample products were added.", added
    )
    return report(message, _page_sent_from(), "samples")


@desk.post("/configurations/import/samples/remove")
def remove_samples() -> Response:
    result = sample_products.remove_samples(signed_in().org_id)
    message = ngettext(
        "One sample product was removed.", "%(num)s sample products were removed.", result.removed
    )
    kept = ngettext(
        "One stays, because an order contains it.", "%(num)s stay, because orders contain them.",
        result.kept,
    )  # fmt: skip
    return report(f"{message} {kept}" if result.kept else message, _page_sent_from())


def _page_sent_from() -> str:
    """Return the URL of the page with the button: the start page or the list of configurations."""
    is_start = request.form.get("here") == "start"
    return url_for("desk.start" if is_start else "desk.list_configurations")


@desk.app_template_global()
def has_products() -> bool:
    """Return whether the signed-in person's org has a saved configuration."""
    return configuration_queries.has_configurations(signed_in().org_id)


@desk.get("/configurations/import/sample.csv")
def import_sample() -> Response:
    disposition = {"Content-Disposition": "attachment; filename=configurations.csv"}
    return Response(SAMPLE, mimetype="text/csv", headers=disposition)
