"""Order sheets, one order per page, for printing from the browser or as a PDF."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import segno
from flask import Response, render_template, request, url_for

from orders.domain.errors import NotFound
from orders.domain.order import PLATFORM_LABELS, Order
from orders.domain.short_id import MistypedShortId
from orders.domain.texts import lazy_gettext
from orders.interfaces.desk.blueprint import desk, signed_in
from orders.interfaces.desk.display import as_text, shown_attributes
from orders.interfaces.desk.forms import html_page
from orders.interfaces.desk.order.order_page import cards_of, labelled
from orders.interfaces.http import pdf
from orders.interfaces.http.assets import file_store
from orders.interfaces.http.current_settings import customer_link
from orders.interfaces.http.i18n import translated
from orders.services.catalog import configuration_queries, products
from orders.services.orders import queries

MAX_SHEETS = 100  # orders of one print
# In one PDF: an order takes a quarter of a second, and sixty lines take one second.
MAX_PDF_ORDERS = 40
MAX_PDF_LINES = 400
QR_BORDER = 2  # modules of white around the code
_PARTS = re.compile(r"[\s,;]+")
_PICTURE = re.compile(r"/configurations/([0-9a-f-]{36})/picture")


@dataclass(frozen=True, slots=True)
class OrderSheet:
    """The printable sheet of an order.

    `cards` are the configurations of its cart lines by ID, and `facts` are pairs (label, text).
    `link` is the URL of the customer page; `qr` is the data URI of an image with its QR code.
    """

    order: Order
    cards: dict[str, products.ConfigurationSummary]
    facts: list[tuple[str, str]]
    link: str
    qr: str


@desk.get("/orders/<reference>/print")
def print_order(reference: str) -> str:
    order = queries.find_order(reference, signed_in().org_id)
    return _render([order], back=url_for("desk.show_order", reference=order.short_id),
                 as_pdf=url_for("desk.order_pdf", reference=order.short_id))  # fmt: skip


@desk.get("/orders/print")
def print_orders() -> str:
    """Render the printable sheets of the orders that the query names, one order per page.

    The query contains short IDs, such as `?codes=A,B`.
    """
    orders, missing = _asked_for()
    codes = ",".join(order.short_id for order in orders)
    return _render(orders, back=url_for("desk.list_orders"), missing=missing,
                 as_pdf=url_for("desk.orders_pdf", codes=codes))  # fmt: skip


@desk.get("/orders/<reference>.pdf")
def order_pdf(reference: str) -> Response:
    order = queries.find_order(reference, signed_in().org_id)
    return _pdf([order], f"order-{order.short_id}.pdf")


@desk.get("/orders/print.pdf")
def orders_pdf() -> Response:
    """Send a PDF with the sheets of the orders that the query names, such as `?codes=A,B`.

    The codes are short IDs. Raises NotFound if none of them belongs to an order.
    """
    orders, _missing = _asked_for()
    if not orders:
        raise NotFound(lazy_gettext("No order has any of these codes."))
    return _pdf(orders, "orders.pdf")


def _asked_for() -> tuple[list[Order], list[str]]:
    """Return the orders whose short IDs are in the query (`?codes=`), and the codes left out.

    Each order is returned only once. Codes are left out if they belong to no order, or if they come
    after the first MAX_SHEETS codes.
    """
    codes = [code for text in request.args.getlist("codes") for code in _PARTS.split(text) if code]
    orders: dict[str, Order] = {}
    missing = codes[MAX_SHEETS:]
    for code in dict.fromkeys(codes[:MAX_SHEETS]):
        try:
            order = queries.find_order(code, signed_in().org_id)
            orders[order.id] = order
        except (NotFound, MistypedShortId):
            missing.append(code)
    return list(orders.values()), missing


def _render(
    orders: Sequence[Order],
    *,
    back: str,
    as_pdf: str,
    missing: Sequence[str] = (),
    for_screen: bool = True,
) -> str:
    return render_template(
        "desk/sheets.html",
        sheets=[_order_sheet(order) for order in orders],
        back=back,
        missing=missing,
        most=MAX_SHEETS,
        as_pdf=as_pdf if _fits_into_pdf(orders) and pdf.is_available() else "",
        for_screen=for_screen,
    )


def _order_sheet(order: Order) -> OrderSheet:
    facts = labelled(order, shown_attributes())
    facts += [
        (translated(PLATFORM_LABELS[key]), as_text(order.platform[key]))
        for key in PLATFORM_LABELS
        if order.platform.get(key) is not None
    ]
    link = customer_link(order.short_id)
    qr = segno.make(link, micro=False).svg_data_uri(border=QR_BORDER, light="#fff", dark="#000")
    return OrderSheet(order, cards_of(order), facts, link, qr)


def _pdf(orders: Sequence[Order], name: str) -> Response:
    if not _fits_into_pdf(orders):
        return _no_pdf(orders, 413)
    try:
        made = pdf.make_pdf(_render(orders, back="", as_pdf="", for_screen=False), _read_picture)
    except pdf.PdfMissing:
        return _no_pdf(orders, 404)
    disposition = {"Content-Disposition": f'inline; filename="{name}"'}
    return Response(made, mimetype="application/pdf", headers=disposition)


def _fits_into_pdf(orders: Sequence[Order]) -> bool:
    lines = sum(len(order.cart) for order in orders)
    return len(orders) <= MAX_PDF_ORDERS and lines <= MAX_PDF_LINES


def _no_pdf(orders: Sequence[Order], status: int) -> Response:
    """Render a page that explains why there is no PDF of these orders.

    `status` is 404 if the PDF library is not installed, and 413 if rendering would take too long.
    """
    return html_page(
        "desk/no_pdf.html",
        status,
        is_too_large=status == 413,
        most_orders=MAX_PDF_ORDERS,
        most_lines=MAX_PDF_LINES,
        as_page=url_for("desk.print_orders", codes=",".join(one.short_id for one in orders)),
    )


def _read_picture(path: str) -> tuple[bytes, str] | None:
    """Return (content, media type) of the configuration picture at the URL path `path`.

    Returns None if the path is not that of a picture, or if there is no such picture.
    """
    found = _PICTURE.fullmatch(path)
    if found is None:
        return None
    try:
        file = configuration_queries.find_picture(found[1], signed_in().org_id)
        return file_store().get(file.stored_as), file.content_type
    except NotFound:
        return None
