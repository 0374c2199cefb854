"""The sections of the settings, and the settings of the org and of its customer pages."""

from babel.numbers import format_decimal
from flask import Response, redirect, request, url_for
from flask_wtf import FlaskForm
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response as AnyResponse
from wtforms import BooleanField, FileField, StringField

from orders.domain.colours import LIGHT_GROUNDS, contrast, look_of
from orders.domain.permissions import CustomerCheck, PublicReads
from orders.domain.preferences import time_zones
from orders.domain.texts import lazy_gettext
from orders.interfaces.desk import forms
from orders.interfaces.desk.blueprint import desk, signed_in
from orders.interfaces.desk.people.confirmation import sensitive
from orders.interfaces.desk.settings.wording_form import (
    default_words,
    filled_wording_form,
    wording_form,
    wording_of,
)
from orders.interfaces.http.assets import file_store
from orders.interfaces.http.current_settings import look_up_link
from orders.interfaces.http.i18n import gettext, language, translated
from orders.services.accounts import customer_wording, orgs
from orders.services.accounts.orgs import MAX_LOGO, ContactLinks, CustomerPage
from orders.services.languages import ENGLISH, languages

# The sections of the settings: the endpoint of the first page of each, and its name. All pages of a
# section are below the address of its first page.
SECTIONS = (
    ("desk.show_org", lazy_gettext("Organization")),
    ("desk.show_customer_page", lazy_gettext("Customer page")),
    ("desk.list_staff", lazy_gettext("Staff")),
    ("desk.list_tokens", lazy_gettext("Access tokens")),
    ("desk.list_attributes", lazy_gettext("Attributes")),
    ("desk.list_webhooks", lazy_gettext("Webhooks")),
    ("desk.list_audit", lazy_gettext("Audit log")),
)


@desk.app_template_global()
def admin_sections() -> list[tuple[str, str, bool]]:
    """Return (URL, name, is current) for each section of the settings.

    A section is current if the requested page belongs to it.
    """
    here = request.script_root + request.path
    links = [(url_for(endpoint), translated(label)) for endpoint, label in SECTIONS]
    return [
        (address, label, here == address or here.startswith(f"{address}/"))
        for address, label in links
    ]


class OrgForm(forms.VersionedForm):
    """The form with the settings of an org."""

    name = StringField(lazy_gettext("Name"))
    is_strict = BooleanField(lazy_gettext("Reject undefined attribute keys"))
    may_public_list = BooleanField(lazy_gettext("Public tokens can list orders and products"))
    public_reads = forms.MenuField(
        lazy_gettext("Public tokens read orders that others created"),
        choices={
            PublicReads.BY_CHECK: lazy_gettext("depends on the customer page"),
            PublicReads.CUSTOMER: lazy_gettext("as customers see them"),
            PublicReads.FULL: lazy_gettext("in full"),
        },
    )
    has_public_pictures = BooleanField(lazy_gettext("Anyone can see product pictures"))
    refuses_address_tokens = BooleanField(lazy_gettext("Refuse private tokens in addresses"))
    needs_second_factor = BooleanField(lazy_gettext("Require two-step sign-in"))
    trusts_provider = BooleanField(lazy_gettext("Skip our two-step code for company accounts"))


class CustomerPageForm(forms.VersionedForm):
    """The form with the settings of an org's customer pages."""

    accent = StringField(lazy_gettext("Color"))
    phone = StringField(lazy_gettext("Phone"))
    email = StringField(lazy_gettext("E-mail"))
    contact = StringField(lazy_gettext("Opening hours or other contact"))
    language = forms.MenuField(lazy_gettext("Language"), choices=languages)
    time_zone = forms.MenuField(lazy_gettext("Time zone"), choices=time_zones)
    customer_check = forms.MenuField(
        lazy_gettext("Customers see their order"),
        choices={
            CustomerCheck.NONE: lazy_gettext("with the code only"),
            CustomerCheck.CUSTOMER_ID: lazy_gettext("with the code and the customer ID"),
        },
    )


class LogoForm(FlaskForm):
    """The form to upload a logo for the header of the customer pages."""

    logo = FileField(lazy_gettext("Picture"))


@desk.get("/settings")
def settings() -> AnyResponse:
    return redirect(url_for("desk.show_org"))


@desk.get("/settings/organization")
def show_org() -> Response:
    return _render_org(forms.new_form(OrgForm, obj=orgs.find_org(signed_in().org_id)))


@desk.post("/settings/organization")
@sensitive
def change_org() -> Response:
    entry, page = forms.sent_form(OrgForm), url_for("desk.show_org")
    with entry.saving(page):
        orgs.change_org(signed_in().org_id, **entry.values())
        return forms.report(gettext("Organization saved."), page)
    return _render_org(entry)


def _render_org(entry: forms.FilledForm) -> Response:
    return forms.html_page("desk/settings/org.html", entry.status, entry=entry)


@desk.get("/settings/customers")
def show_customer_page() -> Response:
    return _render_customer_page()


@desk.post("/settings/customers")
@sensitive
def change_customer_page() -> Response:
    entry, page = forms.sent_form(CustomerPageForm), url_for("desk.show_customer_page")
    with entry.saving(page):
        values = entry.values()
        links = ContactLinks(values.pop("phone"), values.pop("email"))
        orgs.change_customer_page(signed_in().org_id, links=links, **values)
        return forms.report(gettext("Customer page saved."), page)
    return _render_customer_page(customers=entry)


@desk.post("/settings/customers/wording")
def change_wording() -> Response:
    entry, page = forms.sent_form(wording_form()), url_for("desk.show_customer_page")
    with entry.saving(page):
        texts = wording_of(entry.values())
        customer_wording.change_wording(signed_in().org_id, texts, version=entry.form.version.data)
        return forms.report(gettext("Words saved."), page)
    return _render_customer_page(wording=entry)


@desk.post("/settings/customers/logo")
def change_logo() -> Response:
    entry, page = forms.new_form(LogoForm), url_for("desk.show_customer_page")
    sent = request.files.get("logo", FileStorage())
    with entry.saving(page):
        orgs.set_logo(
            signed_in().org_id, file_name=sent.filename or "",
            declared_type=sent.content_type or "", content=sent.read(), store=file_store(),
        )  # fmt: skip
        return forms.report(gettext("Logo saved."), page)
    return _render_customer_page(logo=entry)


@desk.post("/settings/customers/logo/remove")
def remove_logo() -> Response:
    with forms.reporting_conflicts(page := url_for("desk.show_customer_page")):
        orgs.remove_logo(signed_in().org_id, store=file_store())
    return forms.report(gettext("Logo removed."), page)


def _render_customer_page(**refused: forms.FilledForm) -> Response:
    """Render the settings of the customer pages.

    A form that was refused is passed, with its errors, as `customers`, `wording` or `logo`.
    """
    org_id = signed_in().org_id
    page = orgs.find_customer_page(org_id)
    entry = next(iter(refused.values()), None)
    shown = {
        "customers": _customer_page_form(page),
        "wording": filled_wording_form(org_id),
        "logo": forms.new_form(LogoForm),
    }
    return forms.html_page(
        "desk/settings/customer_page.html",
        entry.status if entry else 200,
        entry=entry,  # the title of the page names its errors
        **(shown | refused),
        page=page,
        default_words=default_words(),
        find_link=look_up_link(page.key),
        customers_look=look_of(page.accent) if page.accent else None,
        light_contrast=_ratio(page.accent),
        max_logo=MAX_LOGO // 1024,
    )


def _customer_page_form(page: CustomerPage) -> forms.FilledForm:
    return forms.new_form(
        CustomerPageForm,
        accent=page.accent or "",
        phone=page.phone or "",
        email=page.email or "",
        contact=page.contact or "",
        language=page.language or ENGLISH,
        time_zone=page.time_zone,
        customer_check=str(page.check),
        version=page.version,
    )


def _ratio(accent: str | None) -> str:
    """Return the contrast ratio of the color against light backgrounds, such as "3.2".

    It is the lowest of their ratios, in the page's number format. Returns "" if `accent` is None.
    """
    if not accent:
        return ""
    return format_decimal(
        min(contrast(accent, ground) for ground in LIGHT_GROUNDS), "0.0", locale=language()
    )
