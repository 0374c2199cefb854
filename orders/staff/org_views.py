"""The settings of the org itself: its name, and what it lays down for all of its orders."""

from flask import Response, render_template, request, url_for

from orders import administration
from orders.staff.admin import admin_only
from orders.staff.admin_form import AdminEntry, save
from orders.staff.admin_forms import OrgForm
from orders.staff.blueprint import signed_in, staff


@staff.get("/settings/organization")
@admin_only
def show_org() -> str:
    """Show the org's settings."""
    org = administration.find_org(signed_in().org_id)
    return _draw(AdminEntry(OrgForm(formdata=None, obj=org)))


@staff.post("/settings/organization")
@admin_only
def change_org() -> Response:
    """Change the org's settings."""
    form = OrgForm(formdata=request.form)
    entry = AdminEntry(form)
    return save(
        entry,
        lambda: administration.change_org(
            signed_in().org_id,
            name=form.name.data or "",
            is_strict=form.is_strict.data,
            may_public_list=form.may_public_list.data,
            needs_second_factor=form.needs_second_factor.data,
            version=form.version.data,
        ),
        draw=lambda: _draw(entry),
        done="The organization is saved.",
        address=url_for("staff.show_org"),
    )


def _draw(entry: AdminEntry) -> str:
    return render_template("staff/settings/org.html", entry=entry)
