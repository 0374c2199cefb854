"""Settings pages for attributes: fields that an org defines for its orders."""

from flask import Response, render_template, request, url_for

from orders.domain.attributes import display
from orders.interfaces.desk import forms
from orders.interfaces.desk.blueprint import desk, signed_in
from orders.interfaces.desk.people.confirmation import sensitive
from orders.interfaces.desk.settings.attribute_form import KINDS, attribute_form, values_of
from orders.interfaces.http.i18n import gettext
from orders.services.accounts import attributes
from orders.services.accounts.attributes import DefinedAttribute


@desk.get("/settings/attributes")
def list_attributes() -> str:
    """Render the list of attributes.

    After an attribute was moved, the query contains its ID (`moved`) and the `direction`; together
    they name the button that gets the focus.
    """
    return render_template(
        "desk/settings/attributes.html",
        attributes=attributes.list_attributes(signed_in().org_id),
        kinds=KINDS,
        display=display,
        moved=request.args.get("moved", ""),
        direction=request.args.get("direction", ""),
    )


@desk.route("/settings/attributes/new", methods=["GET", "POST"])
def new_attribute() -> Response:
    entry, back = forms.open_form(attribute_form()), url_for("desk.list_attributes")
    if entry.is_sent:
        with entry.saving(back):
            rule = entry.form.rule()
            attributes.add_attribute(signed_in().org_id, rule)
            done = gettext("“%(label)s” added to the order form.", label=rule.label)
            return forms.report(done, back)
    return _render(None, entry)


@desk.route("/settings/attributes/<attribute_id>", methods=["GET", "POST"])
def show_attribute(attribute_id: str) -> Response:
    """Render the form of an attribute (GET), or save everything typed except the key (POST)."""
    org_id, back = signed_in().org_id, url_for("desk.list_attributes")
    attribute = attributes.find_attribute(org_id, attribute_id)
    entry = forms.open_form(attribute_form(), **values_of(attribute))
    form = entry.form
    if entry.is_sent:
        form.key.process_data(attribute.rule.key)
        with entry.saving(back):
            rule = form.rule(attribute.rule)
            attributes.change_attribute(org_id, attribute_id, rule, version=form.version.data)
            return forms.report(gettext("“%(label)s” saved.", label=rule.label), back)
    return _render(attribute, entry)


@desk.post("/settings/attributes/<attribute_id>/move")
def move_attribute(attribute_id: str) -> Response:
    org_id, direction = signed_in().org_id, request.form.get("direction", "")
    attribute = attributes.find_attribute(org_id, attribute_id)
    place = attributes.move_attribute(org_id, attribute_id, "up" if direction == "up" else "down")
    return forms.report(
        gettext(
            "“%(label)s” moved to position %(place)s.", label=attribute.rule.label, place=place
        ),
        url_for("desk.list_attributes", moved=attribute_id, direction=direction),
    )


@desk.post("/settings/attributes/<attribute_id>/remove")
@sensitive
def remove_attribute(attribute_id: str) -> Response:
    """Remove an attribute and redirect to the list; stored orders keep their values for it."""
    org_id = signed_in().org_id
    label = attributes.find_attribute(org_id, attribute_id).rule.label
    with forms.reporting_conflicts(back := url_for("desk.list_attributes")):
        attributes.remove_attribute(org_id, attribute_id)
    done = gettext("“%(label)s” removed. Existing orders keep their values.", label=label)
    return forms.report(done, back)


def _render(attribute: DefinedAttribute | None, entry: forms.FilledForm) -> Response:
    return forms.html_page(
        "desk/settings/attribute.html", entry.status, attribute=attribute, entry=entry
    )
