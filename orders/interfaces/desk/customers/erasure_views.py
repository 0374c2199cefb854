"""What a customer may ask for: a copy of what is stored, and to be erased. Only admins do both."""

import orjson
from flask import Response, current_app, flash, render_template, request, url_for

from orders.interfaces.desk.blueprint import desk, signed_in
from orders.interfaces.desk.forms import report
from orders.interfaces.desk.people.confirmation import sensitive
from orders.interfaces.http.i18n import gettext
from orders.services import erasure
from orders.services.customer_data import export_customer
from orders.services.customers.customer_queries import find_optional_customer, read_customer_id
from orders.settings import COMMAND


@desk.get("/settings/export.json")
def export_customer_data() -> Response:
    """Send everything that is stored about a customer as a file of JSON."""
    found = export_customer(request.args.get("id", ""), signed_in().org_id)
    headers = {"Content-Disposition": "attachment; filename=customer.json"}
    return Response(
        orjson.dumps(found, option=orjson.OPT_INDENT_2), 200, headers, "application/json"
    )


@desk.get("/settings/erase")
def show_erasure() -> str:
    """Render the page that says what goes and what stays, with the button."""
    customer_id = read_customer_id(request.args.get("id", ""))
    record = find_optional_customer(customer_id, signed_in().org_id)
    return render_template("desk/customers/erase.html", customer_id=customer_id, record=record)


@desk.post("/settings/erase")
@sensitive
def erase_customer() -> Response:
    customer_id, store = request.args.get("id", ""), current_app.extensions["files"]
    done = erasure.erase_customer(customer_id, signed_in().org_id, store=store)
    if not done.is_compact:
        sentence = gettext(
            "The database file still has old values, because it is in use. An administrator of the"
            " server removes them with “%(command)s erase freed-pages”.",
            command=COMMAND,
        )
        flash(sentence, "bad")
    message = gettext("The customer is erased. Their orders stay without the person.")
    return report(message, url_for("desk.list_customers"))
