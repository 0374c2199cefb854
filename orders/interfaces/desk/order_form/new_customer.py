"""Creates the record of a customer from the order form, so that nobody leaves a half-typed order.

Only the details that a phone call gives are asked for; the page of the customer has all others.
"""

from collections.abc import Sequence
from typing import Any

from orders.domain.errors import FieldError, InvalidInput, Taken
from orders.interfaces.desk.forms import own_id
from orders.interfaces.desk.order_form.order_form import OrderEntry
from orders.interfaces.http.current_settings import current_limits
from orders.interfaces.http.i18n import gettext, translated
from orders.services.accounts.access import StaffMember
from orders.services.customers import customers

_FIELDS = ("name", "email", "phone")


def is_customer_typed(entry: OrderEntry) -> bool:
    """Return whether the form has details of a customer who gets a record."""
    return any(_typed(entry).values())


def customer_faults(entry: OrderEntry, member: StaffMember) -> Sequence[FieldError]:
    """Return the errors in the details of a new customer; none if there are no details."""
    if not is_customer_typed(entry):
        return ()
    try:
        customers.check(_raw(entry), actor=member.actor, limits=current_limits())
    except InvalidInput as invalid:
        return [FieldError(_place(error.path), error.message) for error in invalid.errors]
    return ()


def create_customer(entry: OrderEntry, key: str, member: StaffMember) -> bool:
    """Create the record of the customer in the form, and return whether that was possible.

    Otherwise the form has the errors. `key` identifies the form: sent twice, it creates one record.
    Every other field of the form stays as it is.
    """
    faults = customer_faults(entry, member)
    if not is_customer_typed(entry):
        faults = [FieldError("newCustomer.name", gettext("This is required."))]
    if faults:
        entry.show(faults)
        return False
    try:
        made = customers.create(
            _raw(entry), actor=member.actor, limits=current_limits(),
            record_id=own_id(f"customer:{key}:{entry.form.customer_id.data}"),
        )  # fmt: skip
    except Taken as taken:
        advice = gettext("The details in the form were not saved. Review them on its page.")
        entry.refuse(f"{translated(taken.sentence)} {advice}", 409)
        _clear(entry)
        return False
    _clear(entry)
    entry.habits.clear()
    entry.notice = gettext("The record of %(name)s is created.", name=made.shown_name)
    entry.tone = "good"
    entry.focus = "customerId"
    return True


def _typed(entry: OrderEntry) -> dict[str, str]:
    return {name: (entry.form[f"customer_{name}"].data or "").strip() for name in _FIELDS}


def _raw(entry: OrderEntry) -> dict[str, Any]:
    details = {name: text for name, text in _typed(entry).items() if text}
    return {"customerId": entry.form.customer_id.data or "", **details}


def _place(path: str) -> str:
    return f"newCustomer.{path}" if path in _FIELDS else path


def _clear(entry: OrderEntry) -> None:
    for name in _FIELDS:
        entry.form[f"customer_{name}"].process_data("")
