"""The settings of the org, and of how its customers see it."""

from babel.numbers import format_decimal
from flask import Response, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as AnyResponse
from wtforms import BooleanField, FileField, SelectChoice, SelectField, StringField

from orders import administration
from orders.administration import MAX_LOGO, CustomerPage
from orders.languages import ENGLISH, languages
from orders.rules.colours import LIGHT_GROUNDS, contrast, look_of
from orders.rules.permissions import CustomerCheck
from orders.rules.texts import mark
from orders.staff.blueprint import admin_only, signed_in, staff
from orders.staff.forms import FilledForm, VersionedForm, perform, save
from orders.web.assets import file_store
from orders.web.language import gettext, language


class OrgForm(VersionedForm):
    """The settings of an org."""

    name = StringField(mark("Name"))
    is_strict = BooleanField(mark("Refuse attribute keys that are not defined"))
    may_public_list = BooleanField(mark("Public tokens may list orders and configurations"))
    needs_second_factor = BooleanField(mark("Everybody signs in with a second factor"))


class CustomerPageForm(VersionedForm):
    """How customers see the org."""

    accent = StringField(mark("Colour"))
    contact = StringField(mark("Contact"))
    language = SelectField(mark("Language"), validate_choice=False)
    customer_check = SelectField(
        mark("Customers see their order"),
        choices=[
            SelectChoice(str(CustomerCheck.NONE), mark("with the code alone")),
            SelectChoice(str(CustomerCheck.CUSTOMER_ID), mark("with the code and the customer ID")),
        ],
        validate_choice=False,
    )

    @classmethod
    def of(cls, page: CustomerPage) -> "CustomerPageForm":
        """Return the form filled in with what is stored."""
        form = cls(
            formdata=None,
            accent=page.accent or "",
            contact=page.contact or "",
            language=page.language or ENGLISH,
            customer_check=str(page.check),
            version=page.version,
        )
        return form.with_languages()

    def with_languages(self) -> "CustomerPageForm":
        """Offer the available languages."""
        self.language.choices = [SelectChoice(*known) for known in languages().items()]
        return self


class LogoForm(FlaskForm):
    """A picture for the header of the customers' pages."""

    logo = FileField(mark("Picture"))


@staff.get("/settings/organization")
@admin_only
def show_org() -> str:
    """Render the org's settings."""
    return _render()


@staff.get("/settings/organization/customers")
@staff.get("/settings/organization/logo")
@admin_only
def lead_to_org() -> AnyResponse:
    """Redirect somebody who had to sign in again to the page of the form that they sent."""
    return redirect(url_for("staff.show_org"), 303)


@staff.post("/settings/organization")
@admin_only
def change_org() -> Response:
    """Change the org's settings."""
    form = OrgForm(formdata=request.form)
    entry = FilledForm(form)
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
        render=lambda: _render(entry=entry),
        done=gettext("The organization is saved."),
        address=url_for("staff.show_org"),
    )


@staff.post("/settings/organization/customers")
@admin_only
def change_customer_page() -> Response:
    """Change how customers see the org."""
    form = CustomerPageForm(formdata=request.form).with_languages()
    entry = FilledForm(form)
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
        render=lambda: _render(customers=entry),
        done=gettext("The customers' pages are saved."),
        address=url_for("staff.show_org"),
    )


@staff.post("/settings/organization/logo")
@admin_only
def change_logo() -> Response:
    """Replace the logo."""
    entry = FilledForm(LogoForm(formdata=None))
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
        render=lambda: _render(logo=entry),
        done=gettext("The logo is saved."),
        address=url_for("staff.show_org"),
    )


@staff.post("/settings/organization/logo/remove")
@admin_only
def remove_logo() -> Response:
    """Remove the logo."""
    return perform(
        lambda: administration.remove_logo(signed_in().org_id, store=file_store()),
        done=gettext("The logo is removed."),
        address=url_for("staff.show_org"),
    )


def _render(
    entry: FilledForm | None = None,
    customers: FilledForm | None = None,
    logo: FilledForm | None = None,
) -> str:
    """Render the page; a form that was not sent shows what is stored."""
    org_id = signed_in().org_id
    page = administration.find_customer_page(org_id)
    failed = entry or customers or logo
    org = OrgForm(formdata=None, obj=administration.find_org(org_id))
    return render_template(
        "staff/settings/org.html",
        entry=failed,  # the title of the page names its errors
        org=entry or FilledForm(org),
        customers=customers or FilledForm(CustomerPageForm.of(page)),
        logo=logo or FilledForm(LogoForm(formdata=None)),
        page=page,
        customers_look=look_of(page.accent) if page.accent else None,
        light_contrast=_ratio(page.accent),
        max_logo=MAX_LOGO // 1024,
    )


def _ratio(accent: str | None) -> str:
    """Return the contrast of the color with the light background, as `3.2`; empty for none."""
    if not accent:
        return ""
    return format_decimal(
        min(contrast(accent, ground) for ground in LIGHT_GROUNDS), "0.0", locale=language()
    )
