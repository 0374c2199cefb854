"""The settings of the org, and of how its customers see it."""

from babel.numbers import format_decimal
from flask import Response, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as AnyResponse
from wtforms import BooleanField, FileField, SelectChoice, SelectField, StringField

from orders.domain.colours import LIGHT_GROUNDS, contrast, look_of
from orders.domain.permissions import CustomerCheck
from orders.domain.texts import lazy_gettext
from orders.interfaces.desk.blueprint import desk, signed_in
from orders.interfaces.desk.forms import (
    FilledForm,
    VersionedForm,
    new_form,
    perform,
    save,
    sent_form,
)
from orders.interfaces.http.assets import file_store
from orders.interfaces.http.i18n import gettext, language
from orders.services.accounts import orgs
from orders.services.accounts.orgs import MAX_LOGO, CustomerPage
from orders.services.languages import ENGLISH, languages


class OrgForm(VersionedForm):
    """The settings of an org."""

    name = StringField(lazy_gettext("Name"))
    is_strict = BooleanField(lazy_gettext("Refuse attribute keys that are not defined"))
    may_public_list = BooleanField(lazy_gettext("Public tokens may list orders and configurations"))
    needs_second_factor = BooleanField(lazy_gettext("Everybody signs in with a second factor"))


class CustomerPageForm(VersionedForm):
    """How customers see the org."""

    accent = StringField(lazy_gettext("Colour"))
    contact = StringField(lazy_gettext("Contact"))
    language = SelectField(
        lazy_gettext("Language"),
        choices=lambda: [SelectChoice(*known) for known in languages().items()],
        validate_choice=False,
    )
    customer_check = SelectField(
        lazy_gettext("Customers see their order"),
        choices=[
            SelectChoice(str(CustomerCheck.NONE), lazy_gettext("with the code alone")),
            SelectChoice(
                str(CustomerCheck.CUSTOMER_ID), lazy_gettext("with the code and the customer ID")
            ),
        ],
        validate_choice=False,
    )


class LogoForm(FlaskForm):
    """A picture for the header of the customers' pages."""

    logo = FileField(lazy_gettext("Picture"))


@desk.get("/settings/organization")
def show_org() -> str:
    return _render()


@desk.get("/settings/organization/customers")
@desk.get("/settings/organization/logo")
def lead_to_org() -> AnyResponse:
    """Redirect somebody who had to sign in again to the page of the form that they sent."""
    return redirect(url_for("desk.show_org"), 303)


@desk.post("/settings/organization")
def change_org() -> Response:
    entry = sent_form(OrgForm)
    return save(
        entry,
        lambda: orgs.change_org(signed_in().org_id, **entry.values()),
        render=lambda: _render(entry=entry),
        done=gettext("The organization is saved."),
        address=url_for("desk.show_org"),
    )


@desk.post("/settings/organization/customers")
def change_customer_page() -> Response:
    entry = sent_form(CustomerPageForm)
    return save(
        entry,
        lambda: orgs.change_customer_page(signed_in().org_id, **entry.values()),
        render=lambda: _render(customers=entry),
        done=gettext("The customers' pages are saved."),
        address=url_for("desk.show_org"),
    )


@desk.post("/settings/organization/logo")
def change_logo() -> Response:
    entry = new_form(LogoForm)
    sent = request.files.get("logo")
    return save(
        entry,
        lambda: orgs.set_logo(
            signed_in().org_id,
            file_name=(sent.filename or "") if sent else "",
            declared_type=(sent.content_type or "") if sent else "",
            content=sent.read() if sent else b"",
            store=file_store(),
        ),
        render=lambda: _render(logo=entry),
        done=gettext("The logo is saved."),
        address=url_for("desk.show_org"),
    )


@desk.post("/settings/organization/logo/remove")
def remove_logo() -> Response:
    return perform(
        lambda: orgs.remove_logo(signed_in().org_id, store=file_store()),
        done=gettext("The logo is removed."),
        address=url_for("desk.show_org"),
    )


def _render(
    entry: FilledForm | None = None,
    customers: FilledForm | None = None,
    logo: FilledForm | None = None,
) -> str:
    """Render the page; a form that was not sent shows what is stored."""
    org_id = signed_in().org_id
    page = orgs.find_customer_page(org_id)
    failed = entry or customers or logo
    return render_template(
        "desk/settings/org.html",
        entry=failed,  # the title of the page names its errors
        org=entry or new_form(OrgForm, obj=orgs.find_org(org_id)),
        customers=customers or _customer_page_form(page),
        logo=logo or new_form(LogoForm),
        page=page,
        customers_look=look_of(page.accent) if page.accent else None,
        light_contrast=_ratio(page.accent),
        max_logo=MAX_LOGO // 1024,
    )


def _customer_page_form(page: CustomerPage) -> FilledForm:
    return new_form(
        CustomerPageForm,
        accent=page.accent or "",
        contact=page.contact or "",
        language=page.language or ENGLISH,
        customer_check=str(page.check),
        version=page.version,
    )


def _ratio(accent: str | None) -> str:
    """Return the contrast of the color with the light background, as `3.2`; empty for none."""
    if not accent:
        return ""
    return format_decimal(
        min(contrast(accent, ground) for ground in LIGHT_GROUNDS), "0.0", locale=language()
    )
