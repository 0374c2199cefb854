"""One order, and the page that shows a new order's code."""

import io

import segno
from flask import Response, render_template

from orders import queries
from orders.staff.blueprint import signed_in, staff
from orders.staff.order.order_facts import cards_of
from orders.staff.order.order_page import draw_order
from orders.web.current_settings import customer_link

QR_BORDER = 2  # modules of white around the code


@staff.get("/orders/<reference>")
def show_order(reference: str) -> Response:
    """Show everything of one order, also of one in the bin."""
    return draw_order(queries.find_any_order(reference, signed_in().org_id))


@staff.get("/orders/<reference>/placed")
def placed(reference: str) -> str:
    """Show a new order's code large, for reading out, with the customer's link."""
    order = queries.find_order(reference, signed_in().org_id)
    return render_template(
        "staff/placed.html",
        order=order,
        cards=cards_of(order),
        customer_link=customer_link(order.short_id),
    )


@staff.get("/orders/<reference>/qr.svg")
def qr_code(reference: str) -> Response:
    """Draw the customer's link as a QR code."""
    order = queries.find_order(reference, signed_in().org_id)
    drawing = io.BytesIO()
    segno.make(customer_link(order.short_id), micro=False).save(
        drawing, kind="svg", border=QR_BORDER, light="#fff", dark="#000", svgclass=None,
        lineclass=None, omitsize=True,
    )  # fmt: skip
    response = Response(drawing.getvalue(), mimetype="image/svg+xml")
    response.headers["Cache-Control"] = "private, max-age=86400"
    return response
