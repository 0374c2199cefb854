"""The signed-in person and their session, which is managed by Flask-Login."""

import contextlib
from urllib.parse import urlsplit

from flask import g, request, session
from flask_login import LoginManager, UserMixin, current_user, login_user
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField

from orders.domain.errors import ServiceBusy
from orders.domain.texts import lazy_gettext
from orders.services.accounts import access, accounts
from orders.services.accounts.access import StaffMember

# In sessions without the second factor that the org requires.
MUST_SET_UP = "must_set_up"

login_manager = LoginManager()
# The blueprint itself answers requests without a session.
login_manager.session_protection = None


class SignInForm(FlaskForm):
    """The form for the first step of signing in: e-mail address and password."""

    email = StringField(lazy_gettext("E-mail"))
    password = PasswordField(lazy_gettext("Password"))


class SignInCodeForm(FlaskForm):
    """The form for the second step of signing in: a one-time code or a recovery code."""

    code = StringField(lazy_gettext("Code"))
    recovery = StringField(lazy_gettext("Recovery code"))


class SignedIn(UserMixin):
    """A staff member as Flask-Login's user; the ID changes with the password and second factor."""

    def __init__(self, member: StaffMember) -> None:
        self.member = member

    def get_id(self) -> str:
        return self.member.session_id


@login_manager.user_loader  # type: ignore[untyped-decorator]  # Flask-Login ships no types
def _load(session_id: str) -> SignedIn | None:
    member = access.load_staff(session_id)
    return None if member is None else SignedIn(member)


def current_member() -> StaffMember | None:
    person = current_user._get_current_object()
    return person.member if isinstance(person, SignedIn) else None


def language_of_person() -> str:
    member = current_member()
    return "" if member is None else member.preferences.language


def own_path(address: str) -> str:
    """Return the address if it is a path of this service (`/orders?page=2`), otherwise `/`.

    Redirects after a sign-in use it, so that none of them leads to another site.
    """
    parts = urlsplit(address)
    is_own = not parts.scheme and not parts.netloc and address.startswith("/")
    has_tricks = address.startswith("//") or "\\" in address or not address.isprintable()
    return address if is_own and not has_tricks else "/"


def begin_session() -> None:
    """Clear the Flask session and begin an empty one, in which nobody is signed in."""
    session.clear()
    session.permanent = True
    # The next form in this response would get the old session's CSRF token, and fail.
    g.pop("csrf_token", None)


def begin_signed_in(member: StaffMember, *, by_recovery_code: bool = False) -> None:
    """Sign in a person after the caller has checked their password and any second factor.

    Begins a new session and records the sign-in in the account's history, unless the database is
    busy. `by_recovery_code` means that the person used a recovery code as the second factor. A form
    of the request may contain the browser's time zone as `zone`, for an account that has none.
    """
    begin_session()
    login_user(SignedIn(member))
    # People can sign in while the database is busy.
    with contextlib.suppress(ServiceBusy):
        accounts.record_sign_in(member, by_recovery_code=by_recovery_code)
        accounts.set_first_zone(member, request.form.get("zone", ""))
    if member.lacks_second_factor:
        session[MUST_SET_UP] = True


def stay_signed_in(member: StaffMember) -> None:
    """Sign a person in again after a change of their own ended their sessions.

    Does nothing if the account has been disabled in the meantime.
    """
    again = access.reload_staff(member.id)
    if again is not None:
        login_user(SignedIn(again))
