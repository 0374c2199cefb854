"""A person's own account: name, preferences, password, and what happened to it."""

from flask import Response, render_template, url_for
from flask_wtf import FlaskForm
from wtforms import PasswordField, SelectChoice, SelectField, StringField

from orders.domain.preferences import DATE_LABELS, DENSITIES, THEMES, Preferences, time_zones
from orders.domain.texts import lazy_gettext
from orders.interfaces.desk.blueprint import desk, signed_in
from orders.interfaces.desk.forms import FilledForm, PasswordForm, new_form, save, sent_form
from orders.interfaces.http.current_settings import limiter, sign_in_limit
from orders.interfaces.http.i18n import gettext, use_language
from orders.interfaces.http.pages import go_to
from orders.interfaces.http.session import stay_signed_in
from orders.services.accounts import accounts, checks, second_factor
from orders.services.accounts.access import StaffMember
from orders.services.languages import languages

MAX_EVENTS = 10


class OwnPasswordForm(PasswordForm):
    """A new password, with the old one."""

    old_password = PasswordField(lazy_gettext("Present password"))


class PreferencesForm(FlaskForm):
    """A person's name, and their preferences for the desk's pages."""

    name = StringField(lazy_gettext("Name"))
    language = SelectField(
        lazy_gettext("Language"),
        choices=lambda: [
            SelectChoice("", lazy_gettext("As the browser asks")),
            *(SelectChoice(*one) for one in languages().items()),
        ],
        validate_choice=False,
    )
    time_zone = SelectField(
        lazy_gettext("Time zone"),
        choices=lambda: [SelectChoice(zone) for zone in time_zones()],
        validate_choice=False,
    )
    date_format = SelectField(
        lazy_gettext("Dates and times"),
        choices=[SelectChoice(value, label) for value, label in DATE_LABELS.items()],
        validate_choice=False,
    )
    theme = SelectField(
        lazy_gettext("Colours"),
        choices=[SelectChoice(value, label) for value, label in THEMES.items()],
        validate_choice=False,
    )
    density = SelectField(
        lazy_gettext("Rows"),
        choices=[SelectChoice(value, label) for value, label in DENSITIES.items()],
        validate_choice=False,
    )


@desk.get("/account")
def show_account() -> str:
    return _render(signed_in())


@desk.get("/account/preferences")
@desk.get("/account/password")
def leave_own_refused_form() -> Response:
    """Redirect a reload of a refused form to the account."""
    return go_to(url_for("desk.show_account"))


@desk.post("/account/preferences")
def save_preferences() -> Response:
    member = signed_in()
    entry = sent_form(PreferencesForm)
    values = entry.values()
    name, chosen = values.pop("name"), Preferences(**values)
    with use_language(chosen.language):  # the language of the next page
        done = gettext("Your preferences are saved.")
    return save(
        entry,
        lambda: accounts.change_own(member, name=name, preferences=chosen),
        render=lambda: _render(member, preferences=entry),
        done=done,
        address=url_for("desk.show_account"),
    )


@desk.post("/account/password")
@limiter.limit(sign_in_limit)
def change_own_password() -> Response:
    """Change the password; all other sessions end."""
    member = signed_in()
    entry = sent_form(OwnPasswordForm)
    return save(
        entry,
        lambda: _change_password(member, entry.form),
        render=lambda: _render(member, password=entry),
        done=gettext("Your password is changed. Other sessions have ended."),
        address=url_for("desk.show_account"),
    )


def _change_password(member: StaffMember, form: OwnPasswordForm) -> None:
    accounts.change_password(member, old=form.old_password.data or "", new=form.password.data or "")
    stay_signed_in(member)


def _render(
    member: StaffMember,
    *,
    preferences: FilledForm | None = None,
    password: FilledForm | None = None,
) -> str:
    """Render the page; `preferences` or `password` is a form with errors."""
    return render_template(
        "desk/account.html",
        entry=preferences or password,
        preferences=preferences
        or new_form(PreferencesForm, obj=member.preferences, name=member.name),
        password=password or new_form(OwnPasswordForm),
        factor=second_factor.state_of(member),
        events=accounts.list_events(member.org_id, member.id, most=MAX_EVENTS),
        suggested=checks.readable_password(),
    )
