"""A person's own account: name, preferences, password, and what happened to it."""

from flask import Response, render_template, request, url_for
from flask_wtf import FlaskForm
from wtforms import PasswordField, SelectChoice, SelectField, StringField

from orders.domain.preferences import DATE_LABELS, DENSITIES, THEMES, Preferences, time_zones
from orders.domain.texts import lazy_gettext
from orders.interfaces.desk.blueprint import desk, for_everybody, signed_in
from orders.interfaces.desk.forms import FilledForm, save
from orders.interfaces.http.current_settings import limiter, sign_in_limit
from orders.interfaces.http.i18n import gettext, use_language
from orders.interfaces.http.pages import go_to
from orders.interfaces.http.session import stay_signed_in
from orders.services import accounts
from orders.services.accounts import second_factor
from orders.services.accounts.access import StaffMember
from orders.services.languages import languages

MAX_EVENTS = 10


class OwnPasswordForm(FlaskForm):
    """A new password, with the old one."""

    old_password = PasswordField(lazy_gettext("Present password"))
    password = PasswordField(lazy_gettext("New password"))


class PreferencesForm(FlaskForm):
    """A person's name, and their preferences for the desk's pages."""

    name = StringField(lazy_gettext("Name"))
    language = SelectField(lazy_gettext("Language"), validate_choice=False)
    time_zone = SelectField(lazy_gettext("Time zone"), validate_choice=False)
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

    def with_choices(self) -> "PreferencesForm":
        """Offer the available languages, and the time zones of this machine."""
        as_asked = SelectChoice("", lazy_gettext("As the browser asks"))
        self.language.choices = [as_asked, *(SelectChoice(*one) for one in languages().items())]
        self.time_zone.choices = [SelectChoice(zone) for zone in time_zones()]
        return self

    @classmethod
    def of(cls, member: StaffMember) -> "PreferencesForm":
        """Return the form filled in with what is stored."""
        form = cls(formdata=None, obj=member.preferences, name=member.name)
        return form.with_choices()

    def preferences(self) -> Preferences:
        """Return what was selected."""
        return Preferences(
            time_zone=self.time_zone.data or "",
            date_format=self.date_format.data or "",
            theme=self.theme.data or "",
            density=self.density.data or "",
            language=self.language.data or "",
        )


@desk.get("/account")
@for_everybody
def show_account() -> str:
    """Render the person's account."""
    return _render(signed_in())


@desk.get("/account/preferences")
@desk.get("/account/password")
@for_everybody
def leave_own_refused_form() -> Response:
    """Redirect a reload of a refused form to the account."""
    return go_to(url_for("desk.show_account"))


@desk.post("/account/preferences")
@for_everybody
def save_preferences() -> Response:
    """Save name and preferences; the next page follows them."""
    member = signed_in()
    form = PreferencesForm(formdata=request.form).with_choices()
    entry, chosen = FilledForm(form), form.preferences()
    with use_language(chosen.language):  # the language of the next page
        done = gettext("Your preferences are saved.")
    return save(
        entry,
        lambda: accounts.change_own(member, name=form.name.data or "", preferences=chosen),
        render=lambda: _render(member, preferences=entry),
        done=done,
        address=url_for("desk.show_account"),
    )


@desk.post("/account/password")
@limiter.limit(sign_in_limit)
@for_everybody
def change_own_password() -> Response:
    """Change the password; all other sessions end."""
    member = signed_in()
    entry = FilledForm(OwnPasswordForm(formdata=request.form))
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
        preferences=preferences or FilledForm(PreferencesForm.of(member)),
        password=password or FilledForm(OwnPasswordForm(formdata=None)),
        factor=second_factor.state_of(member),
        events=accounts.list_events(member.org_id, member.id, most=MAX_EVENTS),
        suggested=accounts.readable_password(),
    )
