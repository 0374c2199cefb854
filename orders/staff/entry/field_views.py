"""What the order form asks while somebody types: checks, pasted lines, suggestions."""

from flask import Response, render_template, request

from orders.catalogue import naming
from orders.catalogue.configuration_search import find_configurations
from orders.entry.customers import find_customers
from orders.rules.errors import FieldError, InvalidInput
from orders.staff.blueprint import signed_in, staff
from orders.staff.entry.form_page import check_new, check_sent, sent_entry
from orders.staff.entry.form_rows import pasted_rows
from orders.staff.entry.order_form import OrderEntry, new_entry


@staff.post("/orders/new/check")
def check_field() -> Response:
    """Answer what is wrong with one field, or which configuration it names; nothing is saved."""
    member, name = signed_in(), request.args.get("field", "")
    entry = sent_entry(request.form, member)
    try:
        check_sent(entry, request.form, member)
    except InvalidInput as invalid:
        entry.show(invalid.errors)
    line = next((one for one in entry.lines if one.reference.name == name), None)
    if line is not None:
        entry.suggest(member.actor, only=line)
        shown = entry.shown(line, entry.number(line))
        return Response(render_template("staff/_product.html", shown=shown))
    return Response(render_template("staff/_error.html", message=entry.error(name)))


@staff.post("/orders/new/paste")
def paste_lines() -> Response:
    """Answer pasted text as rows of the cart, each with its product or what is wrong with it."""
    member = signed_in()
    sent = sent_entry(request.form, member)
    first = max(sent.next_row, request.args.get("first", 0, type=int))
    entry = new_entry(member.actor.org)
    entry.lines = pasted_rows(sent.form.paste.data or "", first)
    entry.resolve(member.org_id)
    if entry.lines:
        entry.show(_line_errors(entry))
        entry.suggest(member.actor)
    return Response(render_template("staff/_lines.html", entry=entry))


def _line_errors(entry: OrderEntry) -> list[FieldError]:
    """Give what is wrong with the rows; the rest of this order is not on the form."""
    try:
        check_new(entry, signed_in(), metadata={})
    except InvalidInput as invalid:
        return [error for error in invalid.errors if error.path.startswith("cart.")]
    return []


@staff.get("/orders/new/configurations")
def suggest_configurations() -> Response:
    """Answer the configurations that the typed text may mean, the likeliest first."""
    text, member = request.args.get("q", ""), signed_in()
    cards = find_configurations(text, member.actor)
    return Response(
        render_template(
            "staff/_suggestions.html",
            cards=cards,
            references=naming.references_of(cards, member.org_id),
        )
    )


@staff.get("/orders/new/customers")
def suggest_customers() -> Response:
    """Answer the customers that the typed text may mean, those of the newest orders first."""
    found = find_customers(request.args.get("q", ""), signed_in().actor)
    return Response(render_template("staff/_suggestions.html", customers=found))
