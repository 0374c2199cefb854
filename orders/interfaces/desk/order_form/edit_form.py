"""The form of a stored order: fills it in, and finds what was changed in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from orders.domain.attributes import AttributeRule
from orders.domain.errors import InvalidInput, StaleVersion
from orders.domain.form_changes import changed_fields, keep_lines
from orders.domain.json_values import same_json
from orders.domain.order import TEXT_FIELDS, Order
from orders.domain.status import Status
from orders.domain.typed_values import write_details, write_value
from orders.interfaces.desk.display import other_values
from orders.interfaces.desk.forms import FormData, element_id, number_in
from orders.interfaces.desk.order_form.attribute_fields import typed_values
from orders.interfaces.desk.order_form.form_fields import FormLine, TypedLine, extra_row, line_row
from orders.interfaces.desk.order_form.form_page import check_with
from orders.interfaces.desk.order_form.line_fields import shown_values
from orders.interfaces.desk.order_form.order_form import OrderEntry, new_entry
from orders.interfaces.http.current_settings import current_limits
from orders.services.accounts.access import StaffMember
from orders.services.accounts.org_rules import OrgRules
from orders.services.catalog import products
from orders.services.catalog.products import ConfigurationSummary
from orders.services.orders.drafts import has_ended
from orders.services.orders.order_edits import OrderEdit, check_edit, order_at

CHOICE = "choice."  # how the names of the fields for choices between conflicting values begin


def entry_of(order: Order, rules: OrgRules) -> OrderEntry:
    """Return the order form filled in with the values of a stored order."""
    platform = order.platform
    values: dict[str, Any] = {field.name: getattr(order, field.name) for field in TEXT_FIELDS}
    values |= {
        "status": str(order.status),
        "platform": platform.get("platform"),
        "platform_id": platform.get("id"),
        "store_name": platform.get("storeName"),
    }
    for at, rule in enumerate(rules.attributes):
        values |= _typed(at, rule, order)
    entry = new_entry(rules, **{name: value or "" for name, value in values.items()})
    others = enumerate(other_values(order, rules.attributes))
    rows = [
        extra_row(at, key, write_value(value), area, stored_key=key)
        for at, (area, key, value) in others
        if key.strip()  # no row can name another key; it stays as it is
    ]
    entry.extras = rows or [extra_row(0)]
    entry.lines = _cart_rows(order, rules.line_attributes) or [line_row(0, TypedLine())]
    entry.resolve(order.org_id)
    return entry


def fixed_cards(
    entry: OrderEntry, order: Order, rules: OrgRules
) -> dict[str, ConfigurationSummary] | None:
    """Return the configurations of a canceled order's lines by ID, for `FormPage.fixed_cards`.

    Returns None if the order is not canceled. Also returns None if the form contains another status
    or cart, which was typed before the order was canceled: people must see what they typed.
    """
    if order.canceled_at is None:
        return None
    typed, stored = entry.raw(), entry_of(order, rules).raw()
    if not all(same_json(typed[name], stored[name]) for name in ("status", "cart")):
        return None
    return products.resolve({line.configuration_id for line in order.cart}, order.org_id)


def copied_entry(order: Order, rules: OrgRules) -> OrderEntry:
    """Return the form of a new order, filled in with the values of another order.

    Status and platform are not copied: the order is new, and two orders must not have the same
    order number in a shop. Attributes that are not copied are as in an empty form.
    """
    own = {
        f"{area}.{rule.key}"
        for rule in rules.attributes
        for area in rule.areas
        if not rule.is_copied
    }
    entry = entry_of(
        order._replace(
            platform={}, status=Status.NEW,
            metadata=_without("metadata", order.metadata, own),
            derivative=_without("derivative", order.derivative, own),
        ),
        rules,
    )  # fmt: skip
    for attribute in entry.attributes:
        if not attribute.rule.is_copied:
            attribute.restore_default()
    left_out = {rule.key for rule in rules.line_attributes if not rule.is_copied}
    for line in entry.lines:
        line.values = {
            end: typed
            for end, typed in line.values.items()
            if end.partition(".")[0] not in left_out
        }
        line.line_id = None
    if order.origin_org_id != order.org_id:
        entry.form.origin_org_id.data = order.origin_org_id or ""
    return entry


def _without(area: str, values: dict[str, Any], paths: set[str]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if f"{area}.{key}" not in paths}


def _typed(at: int, rule: AttributeRule, order: Order) -> dict[str, Any]:
    """Return an attribute's value as its form fields show it, by the fields' names in the form."""
    area, _, key = rule.path.partition(".")
    value = (order.derivative if area == "derivative" else order.metadata).get(key)
    return {f"attribute_{at}{end}": shown for end, shown in typed_values(rule, value).items()}


def _cart_rows(order: Order, rules: Sequence[AttributeRule]) -> list[FormLine]:
    cards = products.resolve({line.configuration_id for line in order.cart}, order.org_id)
    references = products.references_of(cards.values(), order.org_id)
    rows = []
    for number, line in enumerate(order.cart):
        card = cards.get(line.configuration_id)
        reference = line.configuration_id if card is None else references[card.id]
        own = {rule.key for rule in rules}
        details = write_details(
            {key: value for key, value in (line.metadata or {}).items() if key not in own}
        )
        rows.append(
            line_row(
                number,
                TypedLine(reference, str(line.count), details, shown_values(line.metadata, rules)),
                line.line_id,
            )
        )
    return rows


@dataclass(frozen=True)
class Edit:
    """What a submitted form changes in an order.

    `stored` is the order as it is now. `base` is the order as it was in the version with which the
    form was opened. `changes` is what the services save.
    """

    stored: Order
    base: Order
    changes: OrderEdit


def sent_choices(sent: FormData) -> dict[str, str]:
    """Return the choices between conflicting values in a submitted form, by field name."""
    return {name: value for name, value in sent.items() if name.startswith(CHOICE)}


def read_edit(entry: OrderEntry, sent: FormData, stored: Order, member: StaffMember) -> Edit:
    """Return the changes that a submitted form makes to an order.

    `entry` is the form, `sent` its fields, and `stored` the order as it is now. Fields are compared
    with the order as it was when the form was opened. Values in `entry` that only the browser has
    altered, such as line breaks, are restored first. Raises StaleVersion if the form was opened
    with a version that the order never had.
    """
    version = number_in(sent, "version")
    base = order_at(stored, version)
    before = entry_of(base, member.actor.org)
    entry.keep_untouched(before)
    # A product of the order may have been retired while the form was open with its SKU.
    entry.cards = {one.sku: one for one in before.cards.values() if one.sku} | entry.cards
    rendered = before.raw()
    changes, line_ids = changed_fields(base, rendered, entry.raw()), []
    if "cart" in changes:
        lines = keep_lines(base, rendered["cart"], entry.identified_lines())
        changes["cart"] = [line for _, line in lines]
        line_ids = [line_id for line_id, _ in lines]
    choices = frozenset(sent_choices(sent).values())
    is_repeated = has_ended(stored, member.actor, sent.get("page", "")) if line_ids else False
    pasted = entry.form.pasted.data or ""
    return Edit(stored, base, OrderEdit(version, changes, line_ids, choices, is_repeated, pasted))


def check_changes(entry: OrderEntry, edit: Edit, member: StaffMember) -> None:
    """Validate the changes that a form makes to an order.

    Raises InvalidOrder with all errors of the form.
    """
    check_with(
        entry.faults(),
        lambda: check_edit(edit.base, edit.changes, actor=member.actor, limits=current_limits()),
    )


def mark_errors(entry: OrderEntry, sent: FormData, stored: Order, member: StaffMember) -> None:
    """Check a form with kept changes again: show its errors at their fields, and focus the first.

    Errors of empty fields are left out, because they may not be filled in yet. `sent` are the
    fields of the form. Does nothing if the form was opened with a version that the order never had.
    """
    try:
        check_changes(entry, read_edit(entry, sent, stored, member), member)
    except StaleVersion:
        return
    except InvalidInput as invalid:
        typed = {name for name, value in sent.items(multi=True) if value.strip()}
        entry.mark(invalid.errors, typed)
    if entry.errors:
        entry.focus = element_id(next(iter(entry.errors)))
