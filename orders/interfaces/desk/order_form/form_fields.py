"""Fields and labels of the order form, with one field for each of the org's attributes.

The fields' names are the paths of the order's schema (docs/contract.md).
"""

from dataclasses import dataclass
from typing import Any

from flask_wtf import FlaskForm
from wtforms import BooleanField, Field, SelectChoice, SelectField, StringField, TextAreaField

from orders.domain.attributes import AttributeRule, Kind
from orders.domain.order import LABELS, TEXT_FIELDS
from orders.domain.status import STATUS_TEXTS, Status
from orders.domain.texts import lazy_gettext
from orders.domain.typed_values import read_number
from orders.interfaces.desk.forms import attribute_path
from orders.services.accounts.access import OrgRules


class OrderForm(FlaskForm):
    """The fields that an order has once; `attribute_form` adds the texts of the table."""

    status = SelectField(
        LABELS["status"],
        choices=[SelectChoice(str(status), STATUS_TEXTS[status]) for status in Status],
        default=str(Status.NEW),
        # The service checks the value; this class only offers the choices.
        validate_choice=False,
    )
    platform = StringField(LABELS["platform.platform"], name="platform.platform")
    platform_id = StringField(LABELS["platform.id"], name="platform.id")
    store_name = StringField(LABELS["platform.storeName"], name="platform.storeName")
    # Only for a new order: the page of an order has a form for notes.
    note = TextAreaField(lazy_gettext("Note for the team"), name="note")
    paste = TextAreaField(lazy_gettext("Lines to paste"), name="paste")
    template_name = StringField(lazy_gettext("Name of the template"), name="templateName")


def attribute_form(rules: tuple[AttributeRule, ...]) -> type[OrderForm]:
    """Return the form with all texts of an order, and `attribute_<position>` for each rule."""
    fields = {field.name: StringField(field.label, name=field.wire_name) for field in TEXT_FIELDS}
    fields |= {f"attribute_{at}": _attribute_field(rule) for at, rule in enumerate(rules)}
    return type("OrderFormWithAttributes", (OrderForm,), fields)


def _attribute_field(rule: AttributeRule) -> Field:
    name, default = attribute_path(rule), rule.default
    if rule.kind is Kind.BOOLEAN:
        return BooleanField(rule.label, name=name, default=bool(default))
    if rule.kind is Kind.OPTION:
        choices = [SelectChoice("", "—")]
        choices += [SelectChoice(option.value, option.label) for option in rule.options]
        return SelectField(
            rule.label, name=name, choices=choices, default=default or "", validate_choice=False
        )
    text = "" if default is None else str(default)
    return StringField(rule.label, name=name, default=text)


@dataclass
class AttributeField:
    """An attribute with its field on the form."""

    rule: AttributeRule
    path: str
    field: Field


def attribute_fields(form: OrderForm, rules: OrgRules) -> list[AttributeField]:
    """Return the org's attributes with their fields on the form, in the org's order."""
    return [
        AttributeField(rule, attribute_path(rule), form[f"attribute_{at}"])
        for at, rule in enumerate(rules.attributes)
    ]


def attribute_value(attribute: AttributeField) -> Any:  # noqa: ANN401 - a JSON value
    """Return the value that was typed for an attribute; an unreadable number stays a text."""
    data = attribute.field.data
    if attribute.rule.kind is Kind.BOOLEAN:
        # An optional box without a tick means “no value”, not “no”.
        says_no = attribute.rule.required or attribute.rule.default is not None
        return True if data else (False if says_no else None)
    if not data:
        return None
    return read_number(data) if attribute.rule.kind is Kind.NUMBER else data
