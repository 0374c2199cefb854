"""Signing in, by password and perhaps a code, and signing out."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from flask import Response, g, redirect, render_template, request, session, url_for
from flask_login import logout_user
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from orders import access
from orders.access import StaffMember
from orders.people import second_factor
from orders.people.second_factor import CodeResult
from orders.rules.errors import Forbidden
from orders.rules.permissions import REFUSALS, Permission
from orders.staff.accounts import own_path
from orders.staff.blueprint import staff
from orders.staff.entry.carried import Carried, keep_carried
from orders.staff.entry.entry_views import draw_carried
from orders.staff.forms import CodeForm, SignInForm
from orders.staff.sessions import begin_session, begin_signed_in
from orders.web.current_settings import limiter, sign_in_limit
from orders.web.language import translated

# Fields of the sign-in forms themselves; all others are a form that is carried along.
OWN_FIELDS = {"email", "password", "code", "recovery", "next", "csrf_token"}
# In the session of somebody whose password was right, and whose code is awaited.
HALF = "half_signed_in"
CODE_WITHIN = timedelta(minutes=10)


@staff.get("/sign-in")
def show_sign_in() -> str:
    """Show the sign-in page."""
    return _draw(SignInForm(formdata=None), [])


@staff.post("/sign-in")
@limiter.limit(sign_in_limit)
def sign_in() -> AnyResponse:
    """Sign in and go on; a form that was carried along is drawn again, with all that was typed.

    Who has a second factor is asked for a code first, and carries the form on.
    """
    form, carried = SignInForm(), _carried()
    member = access.sign_in(form.email.data or "", form.password.data or "")
    if member is None:
        return _page(_draw(form, carried, is_refused=True), 422)
    if not member.has_second_factor:
        return _finish(member, carried)
    begin_session()
    until = datetime.now(UTC) + CODE_WITHIN
    session[HALF] = {"id": member.session_id, "until": until.timestamp()}
    if carried:
        return _page(_draw_code(carried), 200)
    return redirect(url_for("staff.show_code", next=_next()), 303)


@staff.get("/sign-in/code")
def show_code() -> AnyResponse:
    """Ask for the code."""
    if _half_signed_in() is None:
        return redirect(url_for("staff.show_sign_in", next=_next()), 303)
    return _page(_draw_code([]), 200)


@staff.post("/sign-in/code")
@limiter.limit(sign_in_limit)
def check_code() -> AnyResponse:
    """Take the code, and go on as after a sign-in without one."""
    form, carried = CodeForm(), _carried()
    member = _half_signed_in()
    if member is None:
        return _page(_draw(SignInForm(formdata=None), carried, is_late=True), 401)
    outcome = second_factor.check(member, form.code.data or form.recovery.data or "")
    if outcome.is_right:
        return _finish(member, carried, outcome)
    sentence = second_factor.LOCKED if outcome is CodeResult.LOCKED else second_factor.WRONG
    return _page(_draw_code(carried, refusal=translated(sentence)), 422)


@staff.post("/sign-out")
def sign_out() -> AnyResponse:
    """End the session."""
    logout_user()
    session.clear()
    return redirect(url_for("staff.show_sign_in"), 303)


def _finish(
    member: StaffMember, carried: Carried, outcome: CodeResult = CodeResult.BY_APP
) -> AnyResponse:
    begin_signed_in(member, by_recovery_code=outcome is CodeResult.BY_RECOVERY_CODE)
    if not carried:
        return redirect(own_path(_next()), 303)
    g.member = member
    if not member.may(Permission.ENTER):
        raise Forbidden(REFUSALS[Permission.ENTER])
    key = parse_qs(urlsplit(_next()).query).get("form", [""])[0]
    if member.lacks_second_factor:
        # The form waits as a draft until the second factor is set up.
        key = keep_carried(MultiDict(carried), key, member)
        return redirect(url_for("staff.new_order", form=key), 303)
    return draw_carried(MultiDict(carried), key)


def _half_signed_in() -> StaffMember | None:
    """Give the person whose code is awaited, unless that was long ago."""
    half = session.get(HALF)
    if half is None or half["until"] < datetime.now(UTC).timestamp():
        return None
    return access.load_staff(half["id"])


def _carried() -> Carried:
    return [pair for pair in request.form.items(multi=True) if pair[0] not in OWN_FIELDS]


def _next() -> str:
    return request.values.get("next", "/")


def _draw(form: SignInForm, carried: Carried, **context: object) -> str:
    return render_template(
        "staff/sign_in.html", form=form, carried=carried, next=_next(), **context
    )


def _draw_code(carried: Carried, *, refusal: str = "") -> str:
    form = CodeForm(formdata=None)
    return render_template(
        "staff/sign_in_code.html", form=form, carried=carried, next=_next(), refusal=refusal
    )


def _page(text: str, status: int) -> Response:
    return Response(text, status, mimetype="text/html")
