"""Fills the desk's form with an order that is there already: to change it, or to enter its like."""

from orders.access import OrgRules
from orders.catalogue import naming
from orders.rules.attributes import Kind
from orders.rules.order import TEXT_FIELDS, Order
from orders.rules.status import Status
from orders.rules.typed_values import write_details, write_value
from orders.staff.entry.form_rows import Line, Typed, extra_row, line_row
from orders.staff.entry.order_form import OrderEntry, new_entry


def entry_of(order: Order, rules: OrgRules) -> OrderEntry:
    """Give the form as it stands when somebody opens the order to change it."""
    entry = new_entry(rules)
    form = entry.form
    for text in TEXT_FIELDS:
        form[text.name].process_data(getattr(order, text.name) or "")
    for field, value in (
        (form.status, str(order.status)),
        (form.platform, order.platform.get("platform")),
        (form.platform_id, order.platform.get("id")),
        (form.store_name, order.platform.get("storeName")),
    ):
        field.process_data(value or "")
    _fill_attributes(entry, order)
    entry.lines = _lines(order) or [line_row(0, Typed())]
    entry.resolve(order.org_id)
    return entry


def entry_like(order: Order, rules: OrgRules) -> OrderEntry:
    """Give a new form with the lines, attributes and customer of an order.

    Its status and where it came from are its own: a shop's number must not stand for two orders.
    """
    return entry_of(order._replace(platform={}, status=Status.NEW), rules)


def _fill_attributes(entry: OrderEntry, order: Order) -> None:
    areas = {"metadata": order.metadata, "derivative": order.derivative}
    for attribute in entry.attributes:
        area, _, key = attribute.path.partition(".")
        value = areas[area].get(key)
        if attribute.rule.kind is Kind.BOOLEAN:
            attribute.field.process_data(value is True)
        elif value is None:
            attribute.field.process_data("")
        else:
            attribute.field.process_data(value if isinstance(value, str) else _written(value))
    defined = {attribute.path for attribute in entry.attributes}
    others = [
        (area, key, write_value(value))
        for area, values in areas.items()
        for key, value in values.items()
        if f"{area}.{key}" not in defined
    ]
    rows = [extra_row(at, key, value, area) for at, (area, key, value) in enumerate(others)]
    entry.extras = rows or [extra_row(0)]


def _written(value: object) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if is_number else write_value(value)


def _lines(order: Order) -> list[Line]:
    cards = naming.resolve({line.configuration_id for line in order.cart}, order.org_id)
    references = naming.references_of(cards.values(), order.org_id)
    rows = []
    for number, line in enumerate(order.cart):
        card = cards.get(line.configuration_id)
        reference = line.configuration_id if card is None else references[card.id]
        rows.append(
            line_row(number, Typed(reference, str(line.count), write_details(line.metadata)))
        )
    return rows
