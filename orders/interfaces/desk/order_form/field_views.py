"""Views that the browser requests while people fill in the order form: checks, suggestions."""

from flask import Response, render_template, request

from orders.domain.errors import InvalidInput
from orders.interfaces.desk.blueprint import desk, signed_in
from orders.interfaces.desk.order_form.edit_form import check_changes, read_edit
from orders.interfaces.desk.order_form.form_page import check_new, line_errors, sent_entry
from orders.interfaces.desk.order_form.near_products import suggest
from orders.interfaces.desk.order_form.order_form import new_entry
from orders.interfaces.desk.order_form.pasted_form import add_pasted
from orders.interfaces.http.i18n import translated
from orders.services.catalog import products
from orders.services.orders.queries import find_customers, find_order

# htmx renders the answer below the field with the pasted text, in place of the rows.
AT_PASTE = {"HX-Retarget": "#paste-error", "HX-Reswap": "innerHTML"}


@desk.post("/orders/new/check")
def check_field() -> Response:
    """Check the submitted form and render the error or warning of one of its fields.

    The query parameter `field` is the field's name. If it is the configuration of a cart row, the
    row's product or error is rendered.
    """
    member, name = signed_in(), request.args.get("field", "")
    entry = sent_entry(request.form, member)
    try:
        if "order" in request.form:
            stored = find_order(request.form["order"], member.org_id)
            check_changes(entry, read_edit(entry, request.form, stored, member), member)
        else:
            check_new(entry, member)
    except InvalidInput as invalid:
        entry.show(invalid.errors)
    line = next((one for one in entry.lines if one.reference.name == name), None)
    if line is not None:
        suggest(entry, member.actor, only=line)
        shown = entry.shown(line, entry.number(line))
        return Response(render_template("desk/_product.html", shown=shown))
    message = entry.error(name)
    warning = "" if message else entry.repeated(name, member, request.form.get("order"))
    return Response(render_template("desk/_error.html", message=message, warning=warning))


@desk.post("/orders/new/paste")
def paste_lines() -> Response:
    """Render the lines of a pasted text as cart rows, each with its product or its error.

    The response also replaces the element `pasted`, which shows what else was found in the text. If
    the text has more lines than an order may have, renders an error below its field instead.
    """
    member = signed_in()
    sent = sent_entry(request.form, member)
    first = max(sent.next_row, request.args.get("first", 0, type=int))
    entry = new_entry(member.actor.org)
    entry.lines = []
    try:
        add_pasted(sent, sent.form.paste.data or "", entry, first)
    except InvalidInput as invalid:
        message = translated(invalid.errors[0].message)
        return Response(render_template("desk/_error.html", message=message), headers=AT_PASTE)
    entry.resolve(member.org_id)
    if entry.lines:
        entry.show(line_errors(entry, member))
        suggest(entry, member.actor)
    return Response(render_template("desk/_lines.html", entry=entry, sent=sent))


@desk.get("/orders/new/configurations")
def suggest_configurations() -> Response:
    """Render the configurations that match the text `q` in the query, best match first."""
    text, member = request.args.get("q", ""), signed_in()
    cards = products.find_configurations(text, member.actor)
    references = products.references_of(cards, member.org_id)
    return Response(
        render_template("desk/_suggestions.html", cards=cards, references=references, text=text)
    )


@desk.get("/orders/new/customers")
def suggest_customers() -> Response:
    found = find_customers(request.args.get("q", ""), signed_in().actor)
    return Response(render_template("desk/_suggestions.html", customers=found))
