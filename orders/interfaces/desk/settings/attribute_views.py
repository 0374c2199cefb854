"""The settings' pages of attributes."""

from typing import Any

from flask import Response, render_template, request, url_for
from wtforms import BooleanField, SelectChoice, SelectField, StringField, TextAreaField

from orders.domain.attributes import (
    Applies,
    AttributeRule,
    AttributeValue,
    Kind,
    read_option,
    write_option,
)
from orders.domain.texts import lazy_gettext
from orders.domain.typed_values import read_number
from orders.interfaces.desk import forms
from orders.interfaces.desk.blueprint import desk, signed_in
from orders.interfaces.http.i18n import gettext
from orders.services.accounts import attributes
from orders.services.accounts.attributes import DefinedAttribute

_YES_NO = {"yes": True, "true": True, "no": False, "false": False}


class AttributeForm(forms.VersionedForm):
    """An attribute: its key, and everything that can be changed."""

    key = StringField(lazy_gettext("Key"))
    label = StringField(lazy_gettext("Label"))
    kind = SelectField(
        lazy_gettext("Kind"),
        choices=[
            SelectChoice(str(Kind.OPTION), lazy_gettext("Options: one of a list")),
            SelectChoice(str(Kind.TEXT), lazy_gettext("Text")),
            SelectChoice(str(Kind.NUMBER), lazy_gettext("Number")),
            SelectChoice(str(Kind.BOOLEAN), lazy_gettext("Yes or no")),
        ],
        validate_choice=False,
    )
    option = TextAreaField(lazy_gettext("Options"))
    applies = SelectField(
        lazy_gettext("Stands in"),
        choices=[
            SelectChoice(str(Applies.METADATA), "metadata"),
            SelectChoice(str(Applies.DERIVATIVE), "derivative"),
            SelectChoice(str(Applies.BOTH), lazy_gettext("both")),
        ],
        validate_choice=False,
    )
    required = BooleanField(lazy_gettext("Every order needs a value"))
    default = StringField(lazy_gettext("Default"))
    visible_to_customer = BooleanField(lazy_gettext("Customers see it with their order"))

    @classmethod
    def of(cls, attribute: DefinedAttribute) -> "AttributeForm":
        rule = attribute.rule
        return cls(
            formdata=None,
            key=rule.key,
            label=rule.label,
            kind=str(rule.kind),
            option="\n".join(write_option(option) for option in rule.options),
            applies=str(rule.applies),
            required=rule.required,
            default=_default_text(rule.default),
            visible_to_customer=rule.visible_to_customer,
            version=attribute.version,
        )

    def rule(self) -> AttributeRule:
        """Return the definition that was typed.

        Kind and place come from lists; any other value becomes the first of the list.
        """
        kind = _one_of(Kind, self.kind.data)
        return AttributeRule(
            key=(self.key.data or "").strip(),
            label=(self.label.data or "").strip(),
            kind=kind,
            options=tuple(read_option(line) for line in forms.lines_of(self.option.data)),
            applies=_one_of(Applies, self.applies.data),
            required=self.required.data,
            default=_read_default(kind, self.default.data),
            visible_to_customer=self.visible_to_customer.data,
        )


def _one_of(names: Any, sent: str | None) -> Any:  # noqa: ANN401 - an enumeration and one of it
    return names(sent) if sent in set(names) else next(iter(names))


def _read_default(kind: Kind, typed: str | None) -> AttributeValue:
    """Read a default by the attribute's kind; an unreadable one stays a text, which is refused."""
    if not typed:
        return None
    if kind is Kind.NUMBER:
        return read_number(typed)
    if kind is Kind.BOOLEAN:
        words = {**_YES_NO, gettext("yes"): True, gettext("no"): False}
        return words.get(typed.strip().lower(), typed)
    return typed.strip() if kind is Kind.OPTION else typed


def _default_text(value: AttributeValue) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    return str(value)


@desk.get("/settings/attributes")
def list_attributes() -> str:
    """Render the list of attributes; the button that moved one gets the focus again."""
    return render_template(
        "desk/settings/attributes.html",
        attributes=attributes.list_attributes(signed_in().org_id),
        moved=request.args.get("moved", ""),
        direction=request.args.get("direction", ""),
    )


@desk.get("/settings/attributes/new")
def new_attribute() -> str:
    return _render(None, forms.new_form(AttributeForm))


@desk.post("/settings/attributes/new")
def add_attribute() -> Response:
    entry = forms.sent_form(AttributeForm)
    rule = entry.form.rule()
    return forms.save(
        entry,
        lambda: attributes.add_attribute(signed_in().org_id, rule),
        render=lambda: _render(None, entry),
        done=gettext("“%(label)s” stands on the order form from now on.", label=rule.label),
        address=url_for("desk.list_attributes"),
    )


@desk.get("/settings/attributes/<attribute_id>")
def show_attribute(attribute_id: str) -> str:
    attribute = attributes.find_attribute(signed_in().org_id, attribute_id)
    return _render(attribute, forms.FilledForm(AttributeForm.of(attribute)))


@desk.post("/settings/attributes/<attribute_id>")
def change_attribute(attribute_id: str) -> Response:
    """Change an attribute, except its key."""
    org_id = signed_in().org_id
    attribute = attributes.find_attribute(org_id, attribute_id)
    entry = forms.sent_form(AttributeForm)
    form = entry.form
    form.key.process_data(attribute.rule.key)
    rule = form.rule()
    return forms.save(
        entry,
        lambda: attributes.change_attribute(org_id, attribute_id, rule, version=form.version.data),
        render=lambda: _render(attribute, entry),
        done=gettext("“%(label)s” is saved.", label=rule.label),
        address=url_for("desk.list_attributes"),
    )


@desk.post("/settings/attributes/<attribute_id>/move")
def move_attribute(attribute_id: str) -> Response:
    org_id, direction = signed_in().org_id, request.form.get("direction", "")
    attribute = attributes.find_attribute(org_id, attribute_id)
    place = attributes.move_attribute(org_id, attribute_id, "up" if direction == "up" else "down")
    return forms.report(
        gettext("“%(label)s” is in place %(place)s now.", label=attribute.rule.label, place=place),
        url_for("desk.list_attributes", moved=attribute_id, direction=direction),
    )


@desk.post("/settings/attributes/<attribute_id>/remove")
def remove_attribute(attribute_id: str) -> Response:
    """Remove an attribute; orders keep their values."""
    org_id = signed_in().org_id
    label = attributes.find_attribute(org_id, attribute_id).rule.label
    return forms.perform(
        lambda: attributes.remove_attribute(org_id, attribute_id),
        done=gettext("“%(label)s” is removed. Orders keep the values that they have.", label=label),
        address=url_for("desk.list_attributes"),
    )


def _render(attribute: DefinedAttribute | None, entry: forms.FilledForm) -> str:
    return render_template("desk/settings/attribute.html", attribute=attribute, entry=entry)
