"""Fills a new order's form in from the customer's record and last orders, with one undo.

Only attributes that still have their default are filled in. What was filled in is in a hidden field
of the form, so that fields stay marked, and can be undone, as long as nobody changes them. Values
that were copied from another order are in it, too: they stay marked, but are not undone, because
someone has asked for the copy.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from werkzeug.datastructures import MultiDict

from orders.domain.order import Order
from orders.domain.short_id import grouped
from orders.interfaces.desk.order_form.attribute_fields import (
    CURRENCY,
    AttributeField,
    typed_values,
)
from orders.interfaces.desk.order_form.form_page import note_of, sent_entry
from orders.interfaces.desk.order_form.habit_flags import habits_of
from orders.interfaces.desk.order_form.order_form import OrderEntry, new_entry
from orders.interfaces.http.i18n import gettext
from orders.services.accounts.access import StaffMember
from orders.services.accounts.org_rules import OrgRules
from orders.services.orders.drafts import Fields

_SOURCES = frozenset({"customer", "orders", "copy"})


@dataclass(frozen=True, slots=True)
class Filled:
    """A field that was filled in: the attribute's path, where its value comes from, and its values.

    `source` is one of _SOURCES. `before` and `after` are the values of the attribute's form
    fields before and after it was filled in, as `typed_values` returns them. For a copied value,
    `code` is the short ID of the order that it comes from, and `customer_id` that order's customer.
    """

    path: str
    source: str
    before: dict[str, Any]
    after: dict[str, Any]
    code: str = ""
    customer_id: str = ""

    @property
    def is_copied(self) -> bool:
        return self.source == "copy"

    def is_of_another(self, customer_id: str) -> bool:
        """Return whether the value was copied from an order of another customer."""
        return self.is_copied and self.customer_id not in ("", customer_id)


def fill_in(entry: OrderEntry, member: StaffMember, *, is_asked: bool = True) -> bool:
    """Fill in the attributes that still have their default, for the customer in the form.

    Values come from the defaults in the customer's record, or else from what the last orders agree
    on. What was filled in for another customer before is undone first. If `is_asked` is true, a
    notice says so if there is nothing to fill in. Returns whether the form has changed.
    """
    had_filled = any(not one.is_copied for one in _read(entry.form.filled.data or ""))
    undo_fill(entry)
    habits = habits_of(entry, member).values
    plain = {one.path: one.field.data for one in new_entry(member.actor.org).attributes}
    filled = []
    for one in entry.attributes:
        habit = habits.get(one.path)
        is_free = (one.field.data or "") == (plain[one.path] or "")
        if habit is None or not habit.can_fill or not is_free:
            continue
        before, after = _values(one), typed_values(one.rule, habit.value)
        if after != before:
            _set_values(one, after)
            filled.append(Filled(one.path, habit.source, before, after))
    _write(entry, [*_read(entry.form.filled.data or ""), *filled])
    entry.focus = "customerId"
    if is_asked and not filled:
        entry.notice = gettext("There is nothing to fill in for this customer.")
    return had_filled or is_asked or bool(filled)


def undo_fill(entry: OrderEntry) -> None:
    """Set the fields that were filled in, and not changed since, to their values before.

    Copied values stay, with their marks.
    """
    for attribute, one in _unchanged(entry):
        if not one.is_copied:
            _set_values(attribute, one.before)
    _write(entry, [one for one in _read(entry.form.filled.data or "") if one.is_copied])
    entry.focus = "customerId"


def is_customer_alone(fields: Fields, member: StaffMember) -> bool:
    """Return whether a draft of a new order has nothing in it but a customer.

    Values that were filled in from the customer do not count.
    """
    entry = sent_entry(MultiDict([(name, value) for name, value in fields]), member)
    undo_fill(entry)
    form, empty = entry.form, new_entry(member.actor.org)
    texts = (note_of(entry), form.pasted.data, form.customer_name.data)
    own = {name: value for name, value in entry.raw().items() if name != "customerId"}
    return not any(texts) and own == empty.raw()


def mark_copied(entry: OrderEntry, order: Order, rules: OrgRules) -> None:
    """Mark the values in a new form that were copied from an order."""
    plain = {one.path: _values(one) for one in new_entry(rules).attributes}
    code, customer_id = order.short_id, order.customer_id or ""
    copied = [
        Filled(one.path, "copy", plain[one.path], _values(one), code, customer_id)
        for one in entry.attributes
        if one.rule.is_copied and one.field.data
    ]
    _write(entry, copied)


def filled_in(entry: OrderEntry) -> dict[str, Filled]:
    """Return what was filled in or copied, and not changed since, by the attributes' paths."""
    return {one.path: one for _, one in _unchanged(entry)}


def source_text(one: Filled, customer_id: str) -> str:
    """Return where a value comes from, in the page's language.

    A copied value of another customer than the one in the form names that customer.
    """
    if not one.is_copied:
        from_record = one.source == "customer"
        return gettext("From the customer") if from_record else gettext("From the last orders")
    code = grouped(one.code)
    if one.is_of_another(customer_id):
        return gettext(
            "From order %(code)s of customer %(customer)s", code=code, customer=one.customer_id
        )
    return gettext("From order %(code)s", code=code)


def _unchanged(entry: OrderEntry) -> Iterator[tuple[AttributeField, Filled]]:
    """Yield the attributes that were filled in and have the same value still."""
    attributes = {one.path: one for one in entry.attributes}
    for one in _read(entry.form.filled.data or ""):
        attribute = attributes.get(one.path)
        if attribute is not None and _values(attribute) == one.after:
            yield attribute, one


def _values(attribute: AttributeField) -> dict[str, Any]:
    """Return the values of the attribute's form fields, as `typed_values` does."""
    values = {"": attribute.field.data}
    if attribute.currency is not None:
        values[CURRENCY] = attribute.currency.data
    return values


def _set_values(attribute: AttributeField, values: dict[str, Any]) -> None:
    attribute.field.process_data(values.get(""))
    if attribute.currency is not None:
        attribute.currency.process_data(values.get(CURRENCY))


def _write(entry: OrderEntry, filled: list[Filled]) -> None:
    entry.form.filled.process_data(json.dumps([asdict(one) for one in filled]) if filled else "")


def _read(text: str) -> list[Filled]:
    """Return what the hidden field contains; [] for anything that this module has not written."""
    try:
        filled = [Filled(**one) for one in json.loads(text or "[]")]
    except (ValueError, TypeError, RecursionError):
        return []
    is_known = all(
        all(isinstance(text, str) for text in (one.path, one.source, one.code, one.customer_id))
        and one.source in _SOURCES
        and isinstance(one.before, dict)
        for one in filled
    )
    return filled if is_known else []
