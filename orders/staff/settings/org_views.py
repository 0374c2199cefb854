"""The settings of the org itself, and of how its customers see it."""

from babel.numbers import format_decimal
from flask import Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from orders import administration
from orders.administration import MAX_LOGO
from orders.rules.colours import LIGHT_GROUNDS, contrast, look_of
from orders.staff.admin_form import AdminEntry, act, save
from orders.staff.blueprint import signed_in, staff
from orders.staff.settings.admin import admin_only
from orders.staff.settings.org_forms import CustomerPageForm, LogoForm, OrgForm
from orders.web.assets import file_store
from orders.web.language import gettext, language


@staff.get("/settings/organization")
@admin_only
def show_org() -> str:
    """Show the org's settings."""
    return _draw()


@staff.get("/settings/organization/customers")
@staff.get("/settings/organization/logo")
@admin_only
def lead_to_org() -> AnyResponse:
    """Lead who signed in again to the page of the form that was sent meanwhile."""
    return redirect(url_for("staff.show_org"), 303)


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
        draw=lambda: _draw(entry=entry),
        done=gettext("The organization is saved."),
        address=url_for("staff.show_org"),
    )


@staff.post("/settings/organization/customers")
@admin_only
def change_customer_page() -> Response:
    """Change how customers see the org."""
    form = CustomerPageForm(formdata=request.form).with_languages()
    entry = AdminEntry(form)
    return save(
        entry,
        lambda: administration.change_customer_page(
            signed_in().org_id,
            customer_check=form.customer_check.data or "",
            accent=form.accent.data or "",
            contact=form.contact.data or "",
            language=form.language.data or "",
            version=form.version.data,
        ),
        draw=lambda: _draw(customers=entry),
        done=gettext("The customers' pages are saved."),
        address=url_for("staff.show_org"),
    )


@staff.post("/settings/organization/logo")
@admin_only
def change_logo() -> Response:
    """Put a logo in place of the one that there was."""
    entry = AdminEntry(LogoForm(formdata=None))
    sent = request.files.get("logo")
    return save(
        entry,
        lambda: administration.set_logo(
            signed_in().org_id,
            file_name=(sent.filename or "") if sent else "",
            declared_type=(sent.content_type or "") if sent else "",
            content=sent.read() if sent else b"",
            store=file_store(),
        ),
        draw=lambda: _draw(logo=entry),
        done=gettext("The logo is saved."),
        address=url_for("staff.show_org"),
    )


@staff.post("/settings/organization/logo/remove")
@admin_only
def remove_logo() -> Response:
    """Show the name alone again."""
    return act(
        lambda: administration.remove_logo(signed_in().org_id, store=file_store()),
        done=gettext("The logo is removed."),
        address=url_for("staff.show_org"),
    )


def _draw(
    entry: AdminEntry | None = None,
    customers: AdminEntry | None = None,
    logo: AdminEntry | None = None,
) -> str:
    """Draw the page; forms that were not sent show what is stored."""
    org_id = signed_in().org_id
    page = administration.find_customer_page(org_id)
    failed = entry or customers or logo
    org = OrgForm(formdata=None, obj=administration.find_org(org_id))
    return render_template(
        "staff/settings/org.html",
        entry=failed,  # the frame's title tells of its errors
        org=entry or AdminEntry(org),
        customers=customers or AdminEntry(CustomerPageForm.of(page)),
        logo=logo or AdminEntry(LogoForm(formdata=None)),
        page=page,
        customers_look=look_of(page.accent) if page.accent else None,
        light_contrast=_ratio(page.accent),
        max_logo=MAX_LOGO // 1024,
    )


def _ratio(accent: str | None) -> str:
    """Give how well the colour as it is can be read on our light ground, as `3.2`."""
    if not accent:
        return ""
    return format_decimal(
        min(contrast(accent, ground) for ground in LIGHT_GROUNDS), "0.0", locale=language()
    )
