"""The org itself: its name, and what it lays down for all of its orders."""

from flask import Response, flash, render_template, request, url_for

from orders import administration
from orders.rules.errors import InvalidOrder
from orders.staff.admin import admin_only
from orders.staff.admin_form import AdminEntry
from orders.staff.blueprint import signed_in, staff
from orders.staff.forms import OrgForm
from orders.web.pages import go_to


@staff.get("/settings/organization")
@admin_only
def show_org() -> str:
    """Show the org's settings."""
    org = administration.find_org(signed_in().org_id)
    return _page(AdminEntry(OrgForm(formdata=None, obj=org)))


@staff.post("/settings/organization")
@admin_only
def change_org() -> Response:
    """Change the org's settings."""
    form = OrgForm(formdata=request.form)
    try:
        administration.change_org(
            signed_in().org_id,
            name=form.name.data or "",
            is_strict=form.is_strict.data,
            may_public_list=form.may_public_list.data,
        )
    except InvalidOrder as invalid:
        entry = AdminEntry(form)
        entry.show(invalid.errors)
        return Response(_page(entry), 422, mimetype="text/html")
    flash("The organization is saved.")
    return go_to(url_for("staff.show_org"))


def _page(entry: AdminEntry) -> str:
    return render_template("staff/settings/org.html", entry=entry)
