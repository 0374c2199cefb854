"""Fields and labels of the forms by which people see to accounts, their own and others'."""

from flask_wtf import FlaskForm
from wtforms import PasswordField, SelectChoice, SelectField, StringField

from orders.access import StaffMember
from orders.languages import languages
from orders.rules.permissions import ROLE_LABELS, ROLES
from orders.rules.preferences import (
    DATE_LABELS,
    DENSITIES,
    THEMES,
    Preferences,
    time_zones,
)
from orders.rules.texts import mark

ROLE_CHOICES = [SelectChoice(role, ROLE_LABELS[role]) for role in ROLES]


class InvitationForm(FlaskForm):
    """Whom to invite."""

    email = StringField(mark("E-mail"))
    role = SelectField(mark("Role"), choices=ROLE_CHOICES, default="sales", validate_choice=False)


class JoinForm(FlaskForm):
    """What a person who was invited says of themselves."""

    name = StringField(mark("Your name"))
    password = PasswordField(mark("Password"))


class ForgotForm(FlaskForm):
    """Whose password is forgotten."""

    email = StringField(mark("E-mail"))


class NewPasswordForm(FlaskForm):
    """Another password, by a link."""

    password = PasswordField(mark("New password"))


class OwnPasswordForm(FlaskForm):
    """Another password, by who knows the old one."""

    old_password = PasswordField(mark("Present password"))
    password = PasswordField(mark("New password"))


class CodeForm(FlaskForm):
    """A code of the app."""

    code = StringField(mark("Code"))


class ProofForm(FlaskForm):
    """The password once more, before something that weakens or renews the second factor."""

    proof = PasswordField(mark("Your password"))


class PreferencesForm(FlaskForm):
    """A person's name, and how the desk looks to them."""

    name = StringField(mark("Name"))
    language = SelectField(mark("Language"), validate_choice=False)
    time_zone = SelectField(mark("Time zone"), validate_choice=False)
    date_format = SelectField(
        mark("Dates and times"),
        choices=[SelectChoice(value, label) for value, label in DATE_LABELS.items()],
        validate_choice=False,
    )
    theme = SelectField(
        mark("Colours"),
        choices=[SelectChoice(value, label) for value, label in THEMES.items()],
        validate_choice=False,
    )
    density = SelectField(
        mark("Rows"),
        choices=[SelectChoice(value, label) for value, label in DENSITIES.items()],
        validate_choice=False,
    )

    def with_choices(self) -> "PreferencesForm":
        """Offer the languages that there are, and the zones that this machine knows."""
        as_asked = SelectChoice("", mark("As the browser asks"))
        self.language.choices = [as_asked, *(SelectChoice(*one) for one in languages().items())]
        self.time_zone.choices = [SelectChoice(zone) for zone in time_zones()]
        return self

    @classmethod
    def of(cls, member: StaffMember) -> "PreferencesForm":
        """Give the form of what is stored."""
        chosen = member.preferences
        return cls(
            formdata=None,
            name=member.name,
            language=chosen.language,
            time_zone=chosen.time_zone,
            date_format=chosen.date_format,
            theme=chosen.theme,
            density=chosen.density,
        ).with_choices()

    def preferences(self) -> Preferences:
        """Give what was chosen."""
        return Preferences(
            time_zone=self.time_zone.data or "",
            date_format=self.date_format.data or "",
            theme=self.theme.data or "",
            density=self.density.data or "",
            language=self.language.data or "",
        )
