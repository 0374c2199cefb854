"""The panel below the customer of the order form: habits, carts, last orders, usual products."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Response, render_template, request
from markupsafe import Markup

from orders.interfaces.desk.blueprint import desk, signed_in
from orders.interfaces.desk.display import local_day, local_now, preferences
from orders.interfaces.desk.forms import element_id
from orders.interfaces.desk.order_form.customer_fill import filled_in, source_text
from orders.interfaces.desk.order_form.form_page import sent_entry
from orders.interfaces.desk.order_form.habit_flags import (
    differences_in,
    flag,
    habits_of,
    said_value,
)
from orders.interfaces.desk.order_form.order_form import OrderEntry
from orders.interfaces.http.i18n import gettext, ngettext
from orders.services.orders.customer_habits import CustomerHabits, UsualLine, usual_lines


@dataclass(frozen=True, slots=True)
class UsualValue:
    """A usual value of the customer: the attribute's label, and the value as people read it.

    `field` is the HTML ID of its field. `differs` is true if the form has another value.
    """

    label: str
    text: str
    field: str
    differs: bool


@dataclass(frozen=True, slots=True)
class CustomerPanel:
    """What the panel shows of a customer; `usual` are the products for the keys 1 to 6."""

    customer: CustomerHabits
    values: list[UsualValue]
    usual: tuple[UsualLine, ...]


@desk.app_template_global()
def customer_panel(entry: OrderEntry) -> CustomerPanel | None:
    """Return what the panel shows of the customer in the form; None if no customer is in it."""
    member = signed_in()
    customer = habits_of(entry, member)
    if not customer.customer_id:
        return None
    return CustomerPanel(customer, _values(entry, customer), usual_lines(customer, member.org_id))


def _values(entry: OrderEntry, customer: CustomerHabits) -> list[UsualValue]:
    other = {one.path for one in differences_in(entry, signed_in())}
    return [
        UsualValue(
            one.rule.label, said_value(one.rule, habit.value), element_id(one.field.name),
            differs=one.path in other,
        )
        for one in entry.attributes
        if (habit := customer.values.get(one.path)) is not None
        and said_value(one.rule, habit.value)
    ]  # fmt: skip


@desk.app_template_global()
def filled_sentence(entry: OrderEntry) -> str:
    """Return how many fields one undo sets back, and where their values come from; "" for none."""
    sources = [one.source for one in filled_in(entry).values() if not one.is_copied]
    number = len(sources)
    if not sources:
        return ""
    if set(sources) == {"customer"}:
        return ngettext(
            "One field filled in from the customer's record",
            "%(num)s fields filled in from the customer's record", number,
        )  # fmt: skip
    if set(sources) == {"orders"}:
        return ngettext(
            "One field filled in from the last orders",
            "%(num)s fields filled in from the last orders", number,
        )  # fmt: skip
    return gettext(
        "%(number)s fields filled in from the customer's record and the last orders", number=number
    )


@desk.app_template_global()
def filled_fields(entry: OrderEntry) -> dict[str, str]:
    """Return the notes at the fields of attributes, by path.

    A note says that the value is not the usual one of the customer, or where it was filled in or
    copied from.
    """
    member = signed_in()
    customer_id, filled = habits_of(entry, member).customer_id, filled_in(entry)
    notes: dict[str, str] = {}
    for one in entry.attributes:
        if one.path in filled:
            text = source_text(filled[one.path], customer_id)
            is_foreign = filled[one.path].is_of_another(customer_id)
            source = Markup('<span class="source">{}</span>').format(text)
            notes[one.path] = flag(element_id(one.field.name), text) if is_foreign else source
    for other in differences_in(entry, member):
        mark = flag(element_id(other.field), other.note)
        is_marked = other.path in filled and not filled[other.path].is_of_another(customer_id)
        notes[other.path] = mark + " " + notes[other.path] if is_marked else mark
    return notes


@desk.app_template_filter("day_for_people")
def day_for_people(moment: datetime) -> str:
    """Return the day of a moment: “Today”, “Yesterday”, or as lists write it, “Sat 21 Nov”."""
    day, today = moment.astimezone(preferences().zone).date(), local_now().date()
    if day in (today, today - timedelta(days=1)):
        return gettext("Today") if day == today else gettext("Yesterday")
    return local_day(day)


@desk.post("/orders/new/customer")
def show_customer_panel() -> Response:
    """Render the panel for the customer in the submitted form."""
    entry = sent_entry(request.form, signed_in())
    entry.own_code = request.form.get("order", "")
    return Response(
        render_template("desk/_customer_panel.html", entry=entry, element_id=element_id)
    )
