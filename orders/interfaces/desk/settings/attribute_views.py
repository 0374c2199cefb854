"""Settings pages for attributes: fields that an org defines for its orders."""

from dataclasses import asdict
from typing import Any

from flask import Response, render_template, request, url_for
from wtforms import BooleanField, StringField, TextAreaField

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
from orders.interfaces.http.i18n import gettext, has_decimal_comma
from orders.services.accounts import attributes
from orders.services.accounts.attributes import DefinedAttribute

_YES_NO = {"yes": True, "true": True, "no": False, "false": False}


class AttributeForm(forms.VersionedForm):
    """A form that defines an attribute. The key of an existing attribute cannot be changed."""

    key = StringField(lazy_gettext("Key"))
    label = StringField(lazy_gettext("Label"))
    kind = forms.MenuField(
        lazy_gettext("Kind"),
        choices={
            Kind.OPTION: lazy_gettext("Options: one of a list"),
            Kind.TEXT: lazy_gettext("Text"),
            Kind.NUMBER: lazy_gettext("Number"),
            Kind.BOOLEAN: lazy_gettext("Yes or no"),
        },
    )
    option = TextAreaField(lazy_gettext("Options"))
    applies = forms.MenuField(
        lazy_gettext("Stands in"),
        choices={
            Applies.METADATA: "metadata",
            Applies.DERIVATIVE: "derivative",
            Applies.BOTH: lazy_gettext("both"),
        },
    )
    required = BooleanField(lazy_gettext("Every order needs a value"))
    default = StringField(lazy_gettext("Default"))
    visible_to_customer = BooleanField(lazy_gettext("Customers see it with their order"))

    def rule(self) -> AttributeRule:
        """Return the typed definition of the attribute, without checking it.

        An unknown `kind` or `applies` is replaced by the first member of its enumeration.
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
    """Return a typed default value as a number, boolean or text, depending on the kind.

    Returns None if nothing was typed. A text that does not fit the kind is returned as text; the
    check of the attribute's definition refuses it later.
    """
    if not typed:
        return None
    if kind is Kind.NUMBER:
        return read_number(typed, decimal_comma=has_decimal_comma())
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
    """Render the list of attributes.

    After an attribute was moved, the query contains its ID (`moved`) and the `direction`; together
    they name the button that gets the focus.
    """
    return render_template(
        "desk/settings/attributes.html",
        attributes=attributes.list_attributes(signed_in().org_id),
        moved=request.args.get("moved", ""),
        direction=request.args.get("direction", ""),
    )


@desk.route("/settings/attributes/new", methods=["GET", "POST"])
def new_attribute() -> Response:
    entry, back = forms.open_form(AttributeForm), url_for("desk.list_attributes")
    if entry.is_sent:
        with entry.saving(back):
            rule = entry.form.rule()
            attributes.add_attribute(signed_in().org_id, rule)
            done = gettext("“%(label)s” stands on the order form from now on.", label=rule.label)
            return forms.report(done, back)
    return _render(None, entry)


@desk.route("/settings/attributes/<attribute_id>", methods=["GET", "POST"])
def show_attribute(attribute_id: str) -> Response:
    """Render the form of an attribute (GET), or save everything typed except the key (POST)."""
    org_id, back = signed_in().org_id, url_for("desk.list_attributes")
    attribute = attributes.find_attribute(org_id, attribute_id)
    entry = forms.open_form(AttributeForm, **_values(attribute))
    form = entry.form
    if entry.is_sent:
        form.key.process_data(attribute.rule.key)
        with entry.saving(back):
            rule = form.rule()
            attributes.change_attribute(org_id, attribute_id, rule, version=form.version.data)
            return forms.report(gettext("“%(label)s” is saved.", label=rule.label), back)
    return _render(attribute, entry)


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
    """Remove an attribute and redirect to the list; stored orders keep their values for it."""
    org_id = signed_in().org_id
    label = attributes.find_attribute(org_id, attribute_id).rule.label
    with forms.reporting_conflicts(back := url_for("desk.list_attributes")):
        attributes.remove_attribute(org_id, attribute_id)
    done = gettext("“%(label)s” is removed. Orders keep the values that they have.", label=label)
    return forms.report(done, back)


def _values(attribute: DefinedAttribute) -> dict[str, Any]:
    rule = attribute.rule
    return {
        **asdict(rule),
        "option": "\n".join(write_option(option) for option in rule.options),
        "default": _default_text(rule.default),
        "version": attribute.version,
    }


def _render(attribute: DefinedAttribute | None, entry: forms.FilledForm) -> Response:
    return forms.html_page(
        "desk/settings/attribute.html", entry.status, attribute=attribute, entry=entry
    )
