"""The settings' pages of attributes."""

from flask import Response, flash, render_template, request, url_for

from orders import administration
from orders.administration import DefinedAttribute
from orders.staff.admin_form import AdminEntry, act, save
from orders.staff.blueprint import signed_in, staff
from orders.staff.settings.admin import admin_only
from orders.staff.settings.admin_forms import AttributeForm
from orders.web.language import gettext
from orders.web.pages import go_to


@staff.get("/settings/attributes")
@admin_only
def list_attributes() -> str:
    """Show the attributes in their order; the button that moved one has the focus again."""
    return render_template(
        "staff/settings/attributes.html",
        attributes=administration.list_attributes(signed_in().org_id),
        moved=request.args.get("moved", ""),
        direction=request.args.get("direction", ""),
    )


@staff.get("/settings/attributes/new")
@admin_only
def new_attribute() -> str:
    """Draw an empty form."""
    return _draw(None, AdminEntry(AttributeForm(formdata=None)))


@staff.post("/settings/attributes/new")
@admin_only
def add_attribute() -> Response:
    """Define an attribute."""
    form = AttributeForm(formdata=request.form)
    entry, rule = AdminEntry(form), form.rule()
    return save(
        entry,
        lambda: administration.add_attribute(signed_in().org_id, rule),
        draw=lambda: _draw(None, entry),
        done=gettext("“%(label)s” stands on the order form from now on.", label=rule.label),
        address=url_for("staff.list_attributes"),
    )


@staff.get("/settings/attributes/<attribute_id>")
@admin_only
def show_attribute(attribute_id: str) -> str:
    """Show one attribute, with its form."""
    attribute = administration.find_attribute(signed_in().org_id, attribute_id)
    return _draw(attribute, AdminEntry(AttributeForm.of(attribute)))


@staff.post("/settings/attributes/<attribute_id>")
@admin_only
def change_attribute(attribute_id: str) -> Response:
    """Change an attribute; its key stays."""
    org_id = signed_in().org_id
    attribute = administration.find_attribute(org_id, attribute_id)
    form = AttributeForm(formdata=request.form)
    form.key.process_data(attribute.rule.key)
    entry, rule = AdminEntry(form), form.rule()
    return save(
        entry,
        lambda: administration.change_attribute(
            org_id, attribute_id, rule, version=form.version.data
        ),
        draw=lambda: _draw(attribute, entry),
        done=gettext("“%(label)s” is saved.", label=rule.label),
        address=url_for("staff.list_attributes"),
    )


@staff.post("/settings/attributes/<attribute_id>/move")
@admin_only
def move_attribute(attribute_id: str) -> Response:
    """Move an attribute up or down by one place."""
    org_id, direction = signed_in().org_id, request.form.get("direction", "")
    attribute = administration.find_attribute(org_id, attribute_id)
    place = administration.move_attribute(
        org_id, attribute_id, "up" if direction == "up" else "down"
    )
    flash(
        gettext("“%(label)s” is in place %(place)s now.", label=attribute.rule.label, place=place)
    )
    return go_to(url_for("staff.list_attributes", moved=attribute_id, direction=direction))


@staff.post("/settings/attributes/<attribute_id>/remove")
@admin_only
def remove_attribute(attribute_id: str) -> Response:
    """Remove an attribute; orders keep their values."""
    org_id = signed_in().org_id
    label = administration.find_attribute(org_id, attribute_id).rule.label
    return act(
        lambda: administration.remove_attribute(org_id, attribute_id),
        done=gettext("“%(label)s” is removed. Orders keep the values that they have.", label=label),
        address=url_for("staff.list_attributes"),
    )


def _draw(attribute: DefinedAttribute | None, entry: AdminEntry) -> str:
    """Draw the form of a stored attribute, or of a new one."""
    return render_template("staff/settings/attribute.html", attribute=attribute, entry=entry)
