"""Fields and labels of the desk's forms. Rules are not here: `orders.intake` judges what is typed.

The fields' names are the paths of the order's schema (docs/contract.md).
"""

from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    Field,
    PasswordField,
    SelectChoice,
    SelectField,
    StringField,
    TextAreaField,
)

from orders.rules.attributes import AttributeRule, Kind
from orders.rules.order import LABELS, TEXT_FIELDS
from orders.rules.status import STATUS_TEXTS, Status
from orders.rules.texts import mark


class SignInForm(FlaskForm):
    """E-mail and password; `next` is the page to go on to."""

    email = StringField(mark("E-mail"))
    password = PasswordField(mark("Password"))


class CodeForm(FlaskForm):
    """The second step of signing in: a code of the app, or a recovery code."""

    code = StringField(mark("Code"))
    recovery = StringField(mark("Recovery code"))


class OrderForm(FlaskForm):
    """The fields of an order that are there once; `attribute_form` adds the texts of the table."""

    status = SelectField(
        LABELS["status"],
        choices=[SelectChoice(str(status), STATUS_TEXTS[status]) for status in Status],
        default=str(Status.NEW),
        # The shared check judges the value; this class only offers the choices.
        validate_choice=False,
    )
    platform = StringField(LABELS["platform.platform"], name="platform.platform")
    platform_id = StringField(LABELS["platform.id"], name="platform.id")
    store_name = StringField(LABELS["platform.storeName"], name="platform.storeName")
    # Of a new order only: the page of an order has a place of its own for notes.
    note = TextAreaField(mark("Note for the team"), name="note")
    paste = TextAreaField(mark("Lines to paste"), name="paste")
    template_name = StringField(mark("Name of the template"), name="templateName")


def attribute_path(rule: AttributeRule) -> str:
    """Return the path of an attribute, which is the field's name on the form."""
    return rule.path


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
