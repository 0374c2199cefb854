"""Pages of customers: the list, one customer with their orders, and the form of a record.

Addresses have the customer's ID in the query, because it may contain any character.
"""

from collections.abc import Collection
from datetime import date

from flask import Response, request, session, url_for
from flask_babel import format_date

from orders.domain.attributes import display
from orders.domain.contact_links import mail_address, phone_address
from orders.domain.customer import Customer
from orders.domain.errors import NotFound
from orders.domain.identifiers import clean_reference
from orders.domain.value_formats import phone_fault
from orders.interfaces.desk.blueprint import desk, signed_in
from orders.interfaces.desk.customers.customer_form import (
    CustomerEntry,
    country_names,
    entry_of,
    new_entry,
    sent_entry,
)
from orders.interfaces.desk.customers.customer_history import HISTORY_SHOWN, load_history
from orders.interfaces.desk.display import as_text, shown_attributes, status_names
from orders.interfaces.desk.forms import element_id, html_page, id_by_field, report
from orders.interfaces.http.current_settings import current_limits
from orders.interfaces.http.i18n import gettext, translated
from orders.interfaces.http.pages import page_number, page_or_piece
from orders.services.customers import customer_queries, customers
from orders.services.customers.customer_queries import CustomerFilter, find_optional_customer
from orders.services.orders.customer_orders import load_customer_orders
from orders.storage.pages import Paging

MAX_SEARCH = 500  # characters; the rest is ignored
_DELETED = "deleted_customer"


@desk.app_template_global()
def customer_names(customer_ids: Collection[str | None]) -> dict[str, str]:
    """Return the names in the records of these customers by ID; IDs without one are left out."""
    return customer_queries.names_of(customer_ids, signed_in().org_id)


@desk.app_template_global()
def customer_address(customer_id: str) -> str:
    return url_for("desk.show_customer", id=customer_id)


def _asked_for() -> str:
    # No stored ID contains NUL, and PostgreSQL refuses it.
    return clean_reference(request.args.get("id", "").replace("\0", ""))


@desk.get("/customers")
def list_customers() -> Response:
    search = request.args.get("q", "")[:MAX_SEARCH]
    page = customer_queries.list_customers(
        signed_in().org_id, CustomerFilter(search=search), Paging(page_number(), sort="name")
    )
    return page_or_piece(
        "desk/customers/list.html", "desk/customers/_rows.html",
        page=page, search=search, deleted=session.pop(_DELETED, None),
    )  # fmt: skip


@desk.get("/customers/show")
def show_customer() -> Response:
    """Render the page of a customer, who needs a record or an order."""
    member, customer_id = signed_in(), _asked_for()
    record = find_optional_customer(customer_id, member.org_id)
    customer_id = record.customer_id if record else customer_id
    found = load_customer_orders(customer_id, member.org_id, zone=member.preferences.zone)
    if record is None and not found.count:
        raise NotFound(customer_queries.NOT_FOUND)
    rules = {one.key: one for one in member.actor.org.attributes if "metadata" in one.areas}
    defaults = record.defaults if record else {}
    history = load_history(customer_id, shown_attributes(), member.org_id)
    return html_page(
        "desk/customers/customer.html", customer_id=customer_id, record=record, found=found,
        defaults=[
            (rules[key].label, translated(display(rules[key], value)))
            if key in rules else (key, as_text(value))
            for key, value in defaults.items()
        ],
        countries=country_names(), statuses=status_names(), month_name=_month_name,
        history=history, history_shown=HISTORY_SHOWN,
        mail_address=mail_address, phone_address=phone_address, phone_fault=phone_fault,
    )  # fmt: skip


def _month_name(first: date) -> str:
    return str(format_date(first, "LLLL y"))


@desk.route("/customers/new", methods=["GET", "POST"])
def new_customer() -> Response:
    """Render the form of a new record (GET), or create the record and show its page (POST)."""
    member = signed_in()
    rules = member.actor.org.attributes
    if request.method == "GET":
        return _form(new_entry(rules, customer_id=_asked_for()))
    entry = sent_entry(request.form, rules)
    with entry.saving(url_for("desk.list_customers")):
        made = customers.create(
            {**entry.raw(), "customerId": entry.form.customer_id.data or ""},
            actor=member.actor, limits=current_limits(),
            record_id=id_by_field(entry.form.key),
        )  # fmt: skip
        return report(gettext("The customer is added."), customer_address(made.customer_id))
    return _form(entry)


@desk.route("/customers/edit", methods=["GET", "POST"])
def edit_customer() -> Response:
    """Render the form of a stored record (GET), or save it and show its page (POST)."""
    member = signed_in()
    rules = member.actor.org.attributes
    stored = customer_queries.find_customer(_asked_for(), member.org_id)
    if request.method == "GET":
        return _form(entry_of(stored, rules), stored)
    entry, here = sent_entry(request.form, rules, stored), customer_address(stored.customer_id)
    with entry.saving(here):
        customers.change(
            stored.customer_id, entry.changes(entry_of(stored, rules)),
            actor=member.actor, limits=current_limits(), version=entry.form.version.data,
        )  # fmt: skip
        return report(gettext("The customer is saved."), here)
    return _form(entry, stored)


def _form(entry: CustomerEntry, stored: Customer | None = None) -> Response:
    return html_page(
        "desk/customers/form.html", entry.status, entry=entry, stored=stored, element_id=element_id
    )


@desk.post("/customers/delete")
def delete_customer() -> Response:
    """Delete the record of a customer, and show the list, which offers to undo it."""
    deleted = customers.remove(_asked_for(), actor=signed_in().actor)
    session[_DELETED] = deleted.id
    message = gettext("%(name)s is deleted. Orders stay as they are.", name=deleted.shown_name)
    return report(message, url_for("desk.list_customers"))


@desk.post("/customers/restore")
def restore_customer() -> Response:
    restored = customers.restore(request.form.get("record", ""), actor=signed_in().actor)
    message = gettext("%(name)s is restored.", name=restored.shown_name)
    return report(message, customer_address(restored.customer_id))
