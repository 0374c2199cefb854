"""The signed-in person, their session, and the cookie that carries its secret."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, after_this_request, g, request, session
from flask.sessions import SecureCookieSessionInterface
from flask_wtf import FlaskForm
from wtforms import HiddenField, PasswordField, StringField

from orders.domain.texts import lazy_gettext
from orders.interfaces.http.current_settings import current_settings
from orders.interfaces.http.observers import set_actor
from orders.services.accounts import access, own_account, sessions
from orders.services.accounts.access import StaffMember
from orders.services.accounts.account_events import EventKind
from orders.services.accounts.acting import ActorKind, act_as
from orders.services.accounts.sessions import Browser, Lifetimes, SignInWay, StaffSession
from orders.settings import Settings

# In the signed cookie: the name of the secret of the person's session.
SECRET = "staff"  # noqa: S105 - a name
# There, too: the account that signed in last, also once its session has ended.
LAST = "last_staff"
COOKIE = "shortorder"
# Browsers accept a cookie with this prefix only over TLS, for this host alone, and for all paths.
# No other host of the domain can set one for us.
HOST_PREFIX = "__Host-"
# For a service below a path, whose cookies others on the same host shall not get: only over TLS.
PATH_PREFIX = "__Secure-"


class SignInForm(FlaskForm):
    """The form for the first step of signing in: e-mail address and password, or a passkey."""

    email = StringField(lazy_gettext("E-mail"))
    password = PasswordField(lazy_gettext("Password"))
    credential = HiddenField()


class SignInCodeForm(FlaskForm):
    """The form for the second step of signing in: a code, a recovery code, or a passkey."""

    code = StringField(lazy_gettext("Code"))
    recovery = StringField(lazy_gettext("Recovery code"))
    credential = HiddenField()


class SessionCookies(SecureCookieSessionInterface):
    """Flask's signed session cookies, but `Secure` whenever the request came over TLS.

    A `Secure` cookie has another name, which begins with HOST_PREFIX, or with PATH_PREFIX if the
    service is reached below a path.
    """

    def get_cookie_name(self, app: Flask) -> str:
        """Return COOKIE, with a prefix if the cookie is `Secure`."""
        if not self.get_cookie_secure(app):
            return COOKIE
        return (PATH_PREFIX if request.script_root else HOST_PREFIX) + COOKIE

    def get_cookie_path(self, app: Flask) -> str:  # noqa: ARG002 - as Flask calls it
        """Return the path below which the service is reached, `/` for none."""
        return request.script_root or "/"

    def get_cookie_secure(self, app: Flask) -> bool:
        """Return True if the settings make the cookie `Secure` or the request came over TLS."""
        return super().get_cookie_secure(app) or request.is_secure


def session_settings(settings: Settings) -> dict[str, Any]:
    """Return Flask's settings of the session cookie.

    The cookie lasts as long as a session can. When a session ends is decided by what is stored.
    """
    return {
        "PERMANENT_SESSION_LIFETIME": timedelta(days=settings.session_max_days),
        "SESSION_REFRESH_EACH_REQUEST": False,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": settings.has_secure_cookies,
    }


def session_lifetimes() -> Lifetimes:
    settings = current_settings()
    return Lifetimes(
        timedelta(hours=settings.session_idle_hours), timedelta(days=settings.session_max_days)
    )


def current_session() -> StaffSession | None:
    """Return the session of the request; None if nobody is signed in. It is read once a request."""
    if "staff_session" not in g:
        g.staff_session = None  # for the page that says that the database cannot be read
        g.staff_session = sessions.find(session.get(SECRET, ""), session_lifetimes())
        if g.staff_session is not None:
            set_actor(g.staff_session.member.org_id, g.staff_session.member.id)
    found: StaffSession | None = g.staff_session
    return found


def current_member() -> StaffMember | None:
    """Return the signed-in person.

    Returns None if nobody is signed in, and if the person must do something first: choose a
    password of their own, or set up the second factor that the org requires.
    """
    found = current_session()
    return found.member if found is not None and not is_held_up(found.member) else None


def is_held_up(member: StaffMember) -> bool:
    """Return whether the person must do something before they may use the desk."""
    return member.must_change_password or member.lacks_second_factor


def language_of_person() -> str:
    found = current_session()
    return "" if found is None else found.member.preferences.language


def own_path(address: str) -> str:
    """Return the address if it is a path of this service (`/orders?page=2`), otherwise its first.

    Redirects after a sign-in use it, so that none of them leads to another site.
    """
    first = f"{request.script_root}/"
    try:
        parts = urlsplit(address)
    except ValueError:  # such as half of an IPv6 address
        return first
    is_own = not parts.scheme and not parts.netloc and address.startswith(first)
    has_tricks = address.startswith("//") or "\\" in address or not address.isprintable()
    return address if is_own and not has_tricks else first


def begin_session(*kept: str) -> None:
    """Clear the cookie's session but for the values `kept`; in the new one nobody is signed in.

    A person who is signed in is signed out. Which account signed in last stays, too.
    """
    before = current_session()
    if before is not None:
        sessions.end(before.id)
    values = {name: session[name] for name in (LAST, *kept) if name in session}
    session.clear()
    session.update(values)
    session.permanent = True
    g.pop("staff_session", None)
    # The next form in this response would get the old session's CSRF token, and fail.
    g.pop("csrf_token", None)


def begin_signed_in(
    member: StaffMember,
    *,
    by_recovery_code: bool = False,
    way: SignInWay = SignInWay.PASSWORD,
    proven_at: datetime | None = None,
) -> int:
    """Sign in a person after the caller has checked who they are, and any second factor.

    Begins a new session and records the sign-in in the account's log. `by_recovery_code` means that
    the person used a recovery code as the second factor. `proven_at` is when the person proved who
    they are, or None for now. A form of the request may contain the
    browser's time zone as `zone`, for an account that has none. Returns how many failed tries to
    sign in there were since the last sign-in.
    """
    # Without a cookie from before it may be the same person, who has typed something there.
    if session.get(LAST, member.id) != member.id:
        clear_storage()
    begin_session()
    act_as(ActorKind.STAFF, member.id)
    failed = sessions.failed_tries(member)
    kind = EventKind.RECOVERED if by_recovery_code else EventKind.SIGNED_IN
    _begin(member, kind, way, proven_at)
    own_account.set_first_zone(member, request.form.get("zone", ""))
    return failed


def clear_storage() -> None:
    """Let the response delete what pages have stored in the browser: someone else may use it next.

    These are tokens that were tried out in the API reference, and typed texts.
    """

    @after_this_request
    def clear(answer: Response) -> Response:
        # Not "cache": pages are in no cache, and to clear it takes browsers long. Not "cookies":
        # the language is kept in one.
        answer.headers["Clear-Site-Data"] = '"storage"'
        return answer


def stay_signed_in(*, is_proven: bool = False) -> None:
    """Continue the request's session after a change of the person's own has ended all of theirs.

    It does not last longer for that. `is_proven` says that the person has just proved who they are.
    Does nothing if the account has been disabled meanwhile.
    """
    before = current_session()
    member = access.reload_staff(before.member.id) if before else None
    if before and member:
        proven_at = None if is_proven else before.confirmed_at
        _begin(member, None, before.way, proven_at, before.created_at)


def _begin(
    member: StaffMember,
    kind: EventKind | None,
    way: SignInWay,
    proven_at: datetime | None = None,
    since: datetime | None = None,
) -> None:
    browser = Browser(request.user_agent.string, request.remote_addr or "")
    session[SECRET] = sessions.begin(
        member, browser, kind=kind, way=way, proven_at=proven_at, since=since
    )
    session[LAST] = member.id
    g.pop("staff_session", None)
