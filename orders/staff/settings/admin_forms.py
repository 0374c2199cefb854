"""Fields and labels of the settings' forms, and what was typed into them as the services want it.

Rules are not here: the services judge. The fields' names are the paths of the services' errors.
"""

import re
from typing import Any

from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    HiddenField,
    PasswordField,
    SelectChoice,
    SelectField,
    StringField,
    TextAreaField,
)

from orders.administration import AccessToken, Account, DefinedAttribute
from orders.rules.attributes import (
    Applies,
    AttributeRule,
    AttributeValue,
    Kind,
    read_option,
    write_option,
)
from orders.rules.texts import mark
from orders.rules.typed_values import read_number
from orders.staff.people.people_forms import ROLE_CHOICES
from orders.web.language import gettext

_LINE_END = re.compile(r"\r\n|\r|\n")
_YES_NO = {"yes": True, "true": True, "no": False, "false": False}


class VersionedForm(FlaskForm):
    """A form that knows what it was drawn from, so that it overwrites nobody's change."""

    version = HiddenField()


class TokenForm(VersionedForm):
    """A token's name and domains."""

    name = StringField(mark("Name"))
    domain = TextAreaField(mark("Domains"))

    @classmethod
    def of(cls, token: AccessToken) -> "TokenForm":
        """Give the form of a stored token."""
        text = "\n".join(token.domains)
        return cls(formdata=None, name=token.name, domain=text, version=token.version)

    def allowed(self) -> list[str]:
        """Give the domains that were typed, one of each line that is not blank."""
        return lines_of(self.domain.data)


class NewTokenForm(TokenForm):
    """A token that is to be made; `key` is the form's own, so that it makes only one."""

    kind = SelectField(
        mark("Used by"),
        choices=[
            SelectChoice("private", mark("A server or script (private)")),
            SelectChoice("public", mark("A web page (public)")),
        ],
        validate_choice=False,
    )
    key = HiddenField()


class NewStaffForm(FlaskForm):
    """A staff account that is to be made with a password."""

    email = StringField(mark("E-mail"))
    role = SelectField(mark("Role"), choices=ROLE_CHOICES, default="sales", validate_choice=False)
    password = PasswordField(mark("Password"))


class RoleForm(FlaskForm):
    """The role of a staff account."""

    role = SelectField(mark("Role"), choices=ROLE_CHOICES, validate_choice=False)

    @classmethod
    def of(cls, account: Account) -> "RoleForm":
        """Give the form of a stored account."""
        return cls(formdata=None, role=account.role)


class PasswordForm(FlaskForm):
    """A new password of a staff account."""

    password = PasswordField(mark("New password"))


class AttributeForm(VersionedForm):
    """An attribute: its key, and all that can be changed of it."""

    key = StringField(mark("Key"))
    label = StringField(mark("Label"))
    kind = SelectField(
        mark("Kind"),
        choices=[
            SelectChoice(str(Kind.OPTION), mark("Options: one of a list")),
            SelectChoice(str(Kind.TEXT), mark("Text")),
            SelectChoice(str(Kind.NUMBER), mark("Number")),
            SelectChoice(str(Kind.BOOLEAN), mark("Yes or no")),
        ],
        validate_choice=False,
    )
    option = TextAreaField(mark("Options"))
    applies = SelectField(
        mark("Stands in"),
        choices=[
            SelectChoice(str(Applies.METADATA), "metadata"),
            SelectChoice(str(Applies.DERIVATIVE), "derivative"),
            SelectChoice(str(Applies.BOTH), mark("both")),
        ],
        validate_choice=False,
    )
    required = BooleanField(mark("Every order needs a value"))
    default = StringField(mark("Default"))
    visible_to_customer = BooleanField(mark("Customers see it with their order"))

    @classmethod
    def of(cls, attribute: DefinedAttribute) -> "AttributeForm":
        """Give the form of a stored attribute."""
        rule = attribute.rule
        return cls(
            formdata=None,
            key=rule.key,
            label=rule.label,
            kind=str(rule.kind),
            option="\n".join(write_option(option) for option in rule.options),
            applies=str(rule.applies),
            required=rule.required,
            default=_default_text(rule.default),
            visible_to_customer=rule.visible_to_customer,
            version=attribute.version,
        )

    def rule(self, key: str | None = None) -> AttributeRule:
        """Give the definition that was typed; `key` is that of a stored attribute, which stays.

        Kind and place come from lists; whatever else was sent in their place is the first entry.
        """
        kind = _one_of(Kind, self.kind.data)
        return AttributeRule(
            key=(self.key.data or "").strip() if key is None else key,
            label=(self.label.data or "").strip(),
            kind=kind,
            options=tuple(read_option(line) for line in lines_of(self.option.data)),
            applies=_one_of(Applies, self.applies.data),
            required=self.required.data,
            default=_read_default(kind, self.default.data),
            visible_to_customer=self.visible_to_customer.data,
        )


def lines_of(text: str | None) -> list[str]:
    """Give the lines that are not blank, without blanks at their ends."""
    return [line.strip() for line in _LINE_END.split(text or "") if line.strip()]


def _one_of(names: Any, sent: str | None) -> Any:  # noqa: ANN401 - an enumeration and one of it
    return names(sent) if sent in set(names) else next(iter(names))


def _read_default(kind: Kind, typed: str | None) -> AttributeValue:
    """Read a default by the attribute's kind; what cannot be read stays a text, and is refused."""
    if not typed:
        return None
    if kind is Kind.NUMBER:
        return read_number(typed)
    if kind is Kind.BOOLEAN:
        words = {**_YES_NO, gettext("yes"): True, gettext("no"): False}
        return words.get(typed.strip().lower(), typed)
    return typed.strip() if kind is Kind.OPTION else typed


def _default_text(value: AttributeValue) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    return str(value)
