"""Sensitive actions: they ask for the password again if the person last proved it a while ago.

The form of a view that is declared `sensitive` is kept by a page that asks for the password and
sends the form again. A view whose own form asks for the password is declared `asks_for_password`
instead; for a person without a password it is sensitive. `tests/desk/people/test_confirmation.py`
has the list of the forms that need neither.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Response, g, request
from flask_wtf import FlaskForm
from wtforms import HiddenField, PasswordField, StringField

from orders.domain.errors import FieldError, InvalidInput
from orders.domain.texts import lazy_gettext
from orders.interfaces.desk.blueprint import SAFE_METHODS, desk, page_asked_for, typed_fields
from orders.interfaces.desk.forms import FilledForm, secret_page, sent_form
from orders.interfaces.desk.people.passkey_challenges import passkey_of, take_challenge
from orders.interfaces.desk.people.sign_in_tries import one_try
from orders.interfaces.http.current_settings import own_site
from orders.interfaces.http.errors import typed_secrets
from orders.interfaces.http.limiters import limiter, sign_in_limit
from orders.interfaces.http.prefix import requested_address
from orders.interfaces.http.session import current_session
from orders.services.accounts import identities, own_account, passkeys, second_factor, sessions
from orders.services.accounts.sessions import StaffSession

View = TypeVar("View", bound=Callable[..., Any])

SENSITIVE: set[str] = set()  # endpoints
ASKING: set[str] = set()  # endpoints whose own forms ask for the password
FIELDS = ("confirm_password", "confirm_code", "confirm_passkey")


class ConfirmForm(FlaskForm):
    """The fields by which a person proves again who they are: any one is enough."""

    confirm_password = PasswordField(lazy_gettext("Your password"))
    confirm_code = StringField(lazy_gettext("Or a code from your app"))
    confirm_passkey = HiddenField(lazy_gettext("Passkey"))


def sensitive(view: View) -> View:
    """Declare that the forms of a view need a password or code from the last ten minutes."""
    SENSITIVE.add(f"{desk.name}.{view.__name__}")
    return view


def asks_for_password(view: View) -> View:
    """Declare that the form of a view asks for the password itself."""
    ASKING.add(f"{desk.name}.{view.__name__}")
    return view


@desk.before_request
def require_confirmation() -> Response | None:
    """Return a page that asks for the password, or None if the view may be called.

    The page sends the same form again together with the password.
    """
    found = current_session()
    if found is None or request.method in SAFE_METHODS or found.is_confirmed():
        return None
    asks = request.endpoint in ASKING and found.member.has_password
    if asks or request.endpoint not in SENSITIVE | ASKING:
        return None
    entry = sent_form(ConfirmForm)
    if not any(entry.values().values()):
        return _ask(found, entry, 401)
    try:
        _confirm(found, **entry.values())
    except InvalidInput as invalid:
        entry.show(invalid.errors)
        return _ask(found, entry, entry.status)
    return None


@limiter.shared_limit(sign_in_limit, scope="confirmation")  # type: ignore[untyped-decorator, unused-ignore]
def _confirm(
    found: StaffSession, *, confirm_password: str, confirm_code: str, confirm_passkey: str
) -> None:
    if confirm_passkey:
        site, challenge = own_site(), take_challenge()
        if not passkeys.use(
            confirm_passkey, site=site, challenge=challenge, member=found.member, is_alone=True
        ):
            raise InvalidInput([FieldError("confirm_passkey", passkeys.NOT_CONFIRMED)])
    elif confirm_code and found.member.has_second_factor:
        second_factor.require_code(found.member, confirm_code, "confirm_code")
    else:
        with one_try(found.member, "confirm_password"):
            own_account.require_password(found.member, confirm_password, "confirm_password")
    sessions.confirm(found)
    g.pop("staff_session", None)
    current_session()  # as it is now, before the view may end it


def _ask(found: StaffSession, entry: FilledForm, status: int) -> Response:
    secrets = {name: label for name, label in typed_secrets().items() if name not in FIELDS}
    return secret_page(
        "desk/confirm.html", status, entry=entry, has_code=found.member.has_second_factor,
        has_password=found.member.has_password, passkey=passkey_of(found.member),
        is_connected=bool(identities.list_identities(found.member)),
        action=requested_address(), kept=typed_fields(*FIELDS), back=page_asked_for(),
        secrets=secrets,
    )  # fmt: skip
