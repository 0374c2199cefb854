"""The page of a person's own account: name, preferences, password, sessions and event log."""

from flask import Response, request, url_for
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField

from orders.domain.preferences import (
    DATE_LABELS,
    DENSITIES,
    THEMES,
    Preferences,
    name_of_zone,
    time_zones,
)
from orders.domain.texts import lazy_gettext
from orders.interfaces.desk import forms
from orders.interfaces.desk.blueprint import desk, signed_in
from orders.interfaces.desk.people.confirmation import asks_for_password, sensitive
from orders.interfaces.desk.people.devices import listed_sessions
from orders.interfaces.desk.people.sign_in_tries import one_try
from orders.interfaces.http.i18n import gettext, translated, use_language
from orders.interfaces.http.limiters import limiter, sign_in_limit
from orders.interfaces.http.pages import go_to
from orders.interfaces.http.session import clear_storage, current_session, own_path, stay_signed_in
from orders.services.accounts import (
    account_events,
    checks,
    identities,
    own_account,
    passkeys,
    second_factor,
    sessions,
)
from orders.services.accounts.access import StaffMember
from orders.services.languages import languages

MAX_EVENTS = 10


class OwnPasswordForm(forms.PasswordForm):
    """A form for a new password that also asks for the current one."""

    old_password = PasswordField(lazy_gettext("Current password"))


class PreferencesForm(FlaskForm):
    """A form for a person's name and their preferences for the desk's pages."""

    name = StringField(lazy_gettext("Name"))
    language = forms.MenuField(
        lazy_gettext("Language"),
        choices=lambda: {"": lazy_gettext("Browser language"), **languages()},
    )
    time_zone = forms.MenuField(
        lazy_gettext("Time zone"),
        choices=lambda: {"": _org_zone(), **{name: name for name in time_zones()}},
    )
    date_format = forms.MenuField(lazy_gettext("Date and time format"), choices=DATE_LABELS)
    theme = forms.MenuField(lazy_gettext("Theme"), choices=THEMES)
    density = forms.MenuField(lazy_gettext("Rows"), choices=DENSITIES)


def _org_zone() -> str:
    name = translated(name_of_zone(signed_in().preferences.org_time_zone))
    return gettext("Same as organization (%(zone)s)", zone=name)


@desk.get("/account")
def show_account() -> Response:
    return _render(signed_in())


@desk.post("/account/preferences")
def save_preferences() -> Response:
    member = signed_in()
    entry, page = forms.sent_form(PreferencesForm), url_for("desk.show_account")
    values = entry.values()
    name, chosen = values.pop("name"), Preferences(**values)
    with entry.saving(page):
        own_account.change_own(member, name=name, preferences=chosen)
        with use_language(chosen.language):  # the language of the next page
            return forms.report(gettext("Preferences saved."), page)
    return _render(member, preferences=entry)


@desk.get("/account/password")
def show_own_password() -> Response:
    """Ask a person whose password someone else has chosen for a new one.

    Anyone else is redirected to the page of their account, which has the same form.
    """
    if not signed_in().must_change_password:
        return go_to(url_for("desk.show_account"))
    return _render_password(forms.new_form(OwnPasswordForm))


@desk.post("/account/password")
@limiter.limit(sign_in_limit)
@asks_for_password
def change_own_password() -> Response:
    """Change the signed-in person's password, and end all of their other sessions."""
    member, entry = signed_in(), forms.sent_form(OwnPasswordForm)
    values = entry.values()
    page = own_path(request.form.get("next", url_for("desk.show_account")))
    with entry.saving(page):
        with one_try(member, "old_password"):
            own_account.change_password(member, old=values["old_password"], new=values["password"])
        stay_signed_in(is_proven=member.has_password)
        return forms.report(gettext("Password changed. You are signed out on other devices."), page)
    if member.must_change_password:
        return _render_password(entry)
    return _render(member, password=entry)


@desk.post("/account/sessions/<session_id>/end")
@sensitive
def end_session(session_id: str) -> Response:
    me, here = signed_in(), current_session()
    sessions.end_some(me.org_id, me.id, only=session_id)
    if here and here.id == session_id:
        clear_storage()
    return forms.report(gettext("Signed out."), url_for("desk.show_account"))


@desk.post("/account/sessions/end")
@sensitive
def end_sessions() -> Response:
    """End all sessions of the person, or with `do=others` all but that of this browser."""
    me, here = signed_in(), current_session()
    kept = here.id if here and request.form.get("do") == "others" else None
    sessions.end_some(me.org_id, me.id, but=kept)
    if kept:
        return forms.report(gettext("Signed out on other devices."), url_for("desk.show_account"))
    clear_storage()
    return forms.report(gettext("Signed out everywhere."), url_for("desk.show_sign_in"))


def _render_password(entry: forms.FilledForm) -> Response:
    return forms.secret_page(
        "desk/own_password.html", entry.status, entry=entry,
        suggested=checks.readable_password(), next=own_path(request.values.get("next", "/")),
        email=signed_in().email,
    )  # fmt: skip


def _render(member: StaffMember, **refused: forms.FilledForm) -> Response:
    """Render the account page.

    A form that was refused is passed, with its errors, as `preferences` or `password`.
    """
    entry = next(iter(refused.values()), None)
    shown = {
        "preferences": forms.new_form(PreferencesForm, obj=member.preferences, name=member.name),
        "password": forms.new_form(OwnPasswordForm),
    }
    return forms.html_page(
        "desk/account.html",
        entry.status if entry else 200,
        entry=entry,
        **(shown | refused),
        factor=second_factor.state_of(member),
        identities=identities.list_identities(member),
        passkeys=passkeys.list_passkeys(member),
        sessions=listed_sessions(member.org_id, member.id),
        events=account_events.list_events(member.org_id, member.id, most=MAX_EVENTS),
        suggested=checks.readable_password(),
    )
