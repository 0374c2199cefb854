"""What the page of the order form shows in which place, and which parts of it are open."""

from dataclasses import dataclass

from orders.domain.repeated_numbers import is_po_key
from orders.interfaces.desk.order_form.attribute_fields import AttributeField
from orders.interfaces.desk.order_form.order_form import OrderEntry


@dataclass(frozen=True)
class FormSections:
    """The parts of the order form around the cart.

    `numbers` are the attributes that are a purchase order number, which are shown beside the
    customer. `groups` are all other attributes by the heading above them; "" is the key of those
    without a heading. `has_source` and `has_extras` say whether the fields for the source, and the
    rows for other metadata, are shown at once because one is filled in or has an error.
    """

    numbers: list[AttributeField]
    groups: dict[str, list[AttributeField]]
    has_source: bool
    has_extras: bool


def sections_of(entry: OrderEntry) -> FormSections:
    numbers: list[AttributeField] = []
    groups: dict[str, list[AttributeField]] = {"": []}
    for attribute in entry.attributes:
        is_number = is_po_key(attribute.rule.key)
        (numbers if is_number else groups.setdefault(attribute.rule.group, [])).append(attribute)
    return FormSections(numbers, groups, _has_source(entry), _has_extras(entry))


def _has_source(entry: OrderEntry) -> bool:
    form = entry.form
    own = (form.platform, form.platform_id, form.store_name, form.origin_org_id)
    return any(one.data or entry.error(one.name) for one in own)


def _has_extras(entry: OrderEntry) -> bool:
    # A second row is there because a person has just added it.
    return len(entry.extras) > 1 or any(
        cell.data or entry.error(cell.name) for row in entry.extras for cell in (row.key, row.value)
    )
