"""One order, and the page that shows a new order's code."""

import io
from typing import Any

import segno
from flask import Response, render_template

from orders import catalogue, queries
from orders.rules.attributes import AttributeRule, display
from orders.rules.order import Order
from orders.staff.blueprint import signed_in, staff
from orders.staff.forms import attribute_path
from orders.staff.showing import as_json
from orders.web.links import customer_link

QR_BORDER = 2  # modules of white around the code


@staff.get("/orders/<reference>")
def show_order(reference: str) -> str:
    """Show everything of one order."""
    member = signed_in()
    order = queries.find_order(reference, member.org_id)
    return render_template(
        "staff/order.html",
        order=order,
        cards=_cards(order),
        history=queries.read_history(order),
        attributes=_labelled(order, member.actor.org.attributes),
        other=_unlabelled(order, member.actor.org.attributes),
        customer_link=customer_link(order.short_id),
        as_json=as_json,
    )


@staff.get("/orders/<reference>/placed")
def placed(reference: str) -> str:
    """Show a new order's code large, for reading out, with the customer's link."""
    order = queries.find_order(reference, signed_in().org_id)
    return render_template(
        "staff/placed.html",
        order=order,
        cards=_cards(order),
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


def _cards(order: Order) -> dict[str, catalogue.ConfigurationCard]:
    return catalogue.resolve({line.configuration_id for line in order.cart}, order.org_id)


def _areas(order: Order) -> dict[str, dict[str, Any]]:
    return {"metadata": order.metadata, "derivative": order.derivative}


def _labelled(order: Order, rules: tuple[AttributeRule, ...]) -> list[tuple[str, str]]:
    """Give label and text of each of the org's attributes that has a value."""
    shown = []
    for rule in rules:
        area, _, key = attribute_path(rule).partition(".")
        value = _areas(order)[area].get(key)
        if value is not None:
            shown.append((rule.label, display(rule, value)))
    return shown


def _unlabelled(order: Order, rules: tuple[AttributeRule, ...]) -> list[tuple[str, str]]:
    """Give the keys that no attribute of the org defines; those of derivative say so."""
    defined = {attribute_path(rule) for rule in rules}
    return [
        (key if area == "metadata" else f"{area}: {key}", as_json(value))
        for area, values in _areas(order).items()
        for key, value in values.items()
        if f"{area}.{key}" not in defined
    ]
