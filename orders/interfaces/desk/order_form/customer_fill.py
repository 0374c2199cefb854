"""Fills a new order's form in from the customer's record and last orders, with one undo.

Only attributes that still have their default are filled in. What was filled in is in a hidden field
of the form, so that fields stay marked, and can be undone, as long as nobody changes them.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from orders.domain.identifiers import clean_reference
from orders.domain.texts import lazy_gettext
from orders.interfaces.desk.blueprint import desk
from orders.interfaces.desk.order_form.attribute_fields import (
    CURRENCY,
    AttributeField,
    typed_values,
)
from orders.interfaces.desk.order_form.order_form import OrderEntry, new_entry
from orders.interfaces.http.i18n import gettext, translated
from orders.services.accounts.access import StaffMember
from orders.services.customers.customer_queries import find_optional_customer
from orders.services.orders.customer_orders import find_habits

_SOURCES = {
    "customer": lazy_gettext("From the customer"),
    "orders": lazy_gettext("From the last orders"),
}


@dataclass(frozen=True, slots=True)
class Filled:
    """A field that was filled in: the attribute's path, where its value comes from, and its values.

    `source` is a key of _SOURCES. `before` and `after` are the values of the attribute's form
    fields before and after it was filled in, as `typed_values` returns them.
    """

    path: str
    source: str
    before: dict[str, Any]
    after: dict[str, Any]


def fill_in(entry: OrderEntry, member: StaffMember, *, is_asked: bool = True) -> bool:
    """Fill in the attributes that still have their default, for the customer in the form.

    Values come from the defaults in the customer's record, or else from what the last orders agree
    on. What was filled in for another customer before is undone first. If `is_asked` is true, a
    notice says so if there is nothing to fill in. Returns whether the form has changed.
    """
    had_filled = bool(entry.form.filled.data)
    undo_fill(entry)
    rules = member.actor.org.attributes
    customer_id = clean_reference((entry.form.customer_id.data or "").replace("\0", ""))
    record = find_optional_customer(customer_id, member.org_id)
    defaults = record.defaults if record else {}
    habits = find_habits(customer_id, member.org_id, rules)
    plain = {one.path: one.field.data for one in new_entry(member.actor.org).attributes}
    filled = []
    for one in entry.attributes:
        source, value = "customer", defaults.get(one.rule.key)
        if value is None or not one.path.startswith("metadata."):
            source, value = "orders", habits.get(one.path)
        if value is None or (one.field.data or "") != (plain[one.path] or ""):
            continue
        before, after = _values(one), typed_values(one.rule, value)
        if after != before:
            _set_values(one, after)
            filled.append(Filled(one.path, source, before, after))
    entry.form.filled.process_data(json.dumps([asdict(one) for one in filled]) if filled else "")
    entry.focus = "customerId"
    if is_asked and not filled:
        entry.notice = gettext("There is nothing to fill in for this customer.")
    return had_filled or is_asked or bool(filled)


def undo_fill(entry: OrderEntry) -> None:
    """Set the fields that were filled in, and not changed since, to their values before."""
    for attribute, one in _unchanged(entry):
        _set_values(attribute, one.before)
    entry.form.filled.process_data("")
    entry.focus = "customerId"


@desk.app_template_global()
def filled_fields(entry: OrderEntry) -> dict[str, str]:
    """Return the sources of the fields that were filled in and not changed since, by path."""
    return {one.path: translated(_SOURCES[one.source]) for _, one in _unchanged(entry)}


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


def _read(text: str) -> list[Filled]:
    """Return what the hidden field contains; [] for anything that this module has not written."""
    try:
        filled = [Filled(**one) for one in json.loads(text or "[]")]
    except (ValueError, TypeError, RecursionError):
        return []
    is_known = all(
        isinstance(one.path, str)
        and one.source in ("customer", "orders")
        and isinstance(one.before, dict)
        for one in filled
    )
    return filled if is_known else []
