"""Views for signing in, with a password and, if required, a code, and for signing out."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from flask import flash, g, redirect, request, session, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from orders.domain.errors import Forbidden
from orders.domain.permissions import REFUSALS, Permission
from orders.interfaces.desk.blueprint import desk, step_of
from orders.interfaces.desk.forms import html_page
from orders.interfaces.desk.order_form.draft_views import keep_resumed
from orders.interfaces.desk.order_form.entry_views import render_resumed
from orders.interfaces.desk.people.company_accounts import (
    WAITING,
    connect_waiting,
    waiting_identity,
)
from orders.interfaces.desk.people.link_views import run_in_background
from orders.interfaces.desk.people.passkey_challenges import passkey_of, take_challenge
from orders.interfaces.desk.people.sign_in_tries import remember_success, require_try_left
from orders.interfaces.http.current_settings import own_site
from orders.interfaces.http.i18n import ngettext, translated
from orders.interfaces.http.limiters import limiter, sign_in_limit
from orders.interfaces.http.resumed import RESUMED, ResumedForm, fits_on_page, pack, unpack
from orders.interfaces.http.session import (
    SignInCodeForm,
    SignInForm,
    begin_session,
    begin_signed_in,
    clear_storage,
    current_session,
    is_held_up,
    own_path,
)
from orders.services.accounts import access, passkeys, second_factor, sessions
from orders.services.accounts.access import StaffMember
from orders.services.accounts.second_factor import CodeResult
from orders.services.accounts.sessions import SignInWay

# In the session of a person whose password was right, until they have sent a code.
AWAITING_CODE = "half_signed_in"
CODE_WITHIN = timedelta(minutes=10)


@desk.route("/sign-in", methods=["GET", "POST"])
@limiter.limit(sign_in_limit, methods=["POST"])
def show_sign_in() -> AnyResponse:
    """Render the sign-in form (GET), or check the e-mail address and password (POST).

    A person with a second factor is asked for a code next. Any other person is redirected to the
    path in the field `next`. If the request also contains the fields of an order form, that form is
    rendered instead of the redirect.
    """
    form, resumed = SignInForm(), _sent_order_form()
    if not form.is_submitted():
        waiting = waiting_identity()
        form.email.data = waiting.email if waiting else ""
        return _lead_on() or _render(form, resumed)
    if form.credential.data:
        return _use_passkey(form, resumed)
    email = form.email.data or ""
    require_try_left(email)
    member = access.sign_in(email, form.password.data or "")
    if member is None:
        # Later, so that the time of the response does not reveal who has an account.
        run_in_background(lambda: sessions.record_failed_try(email))
        return _render(form, resumed, 422, is_refused=True)
    if member.has_second_factor:
        return ask_for_code(member, resumed, _next())
    return finish_sign_in(member, resumed, _next())


def _use_passkey(form: SignInForm, resumed: ResumedForm) -> AnyResponse:
    sent, challenge = form.credential.data or "", take_challenge()
    member = passkeys.use(sent, site=own_site(), challenge=challenge)
    if member is None:
        empty, refusal = SignInForm(formdata=None), translated(passkeys.WRONG_PASSKEY)
        return _render(empty, resumed, 422, refusal=refusal)
    return finish_sign_in(member, resumed, _next(), way=SignInWay.PASSKEY)


def _lead_on() -> AnyResponse | None:
    """Return a redirect for a person who is signed in but must do something first, else None."""
    found = current_session()
    if found is None or not is_held_up(found.member):
        return None
    return redirect(url_for(step_of(found.member), next=_next()), 303)


def ask_for_code(
    member: StaffMember, resumed: ResumedForm, page: str, way: SignInWay = SignInWay.PASSWORD
) -> AnyResponse:
    """Ask a person for a code of the second factor before they are signed in.

    `way` is how they have signed in so far; `page` is where they want to go.
    """
    begin_session(WAITING)
    until = datetime.now(UTC) + CODE_WITHIN
    session[AWAITING_CODE] = {"id": member.credentials, "until": until.timestamp(), "way": way}
    if resumed:
        return _render_code(member, resumed)
    return redirect(url_for("desk.show_code", next=page), 303)


@desk.route("/sign-in/code", methods=["GET", "POST"])
@limiter.limit(sign_in_limit, methods=["POST"])
def show_code() -> AnyResponse:
    """Ask for a code of the second factor (GET), or complete the sign-in if it is right (POST)."""
    form, resumed, member = SignInCodeForm(), _sent_order_form(), _find_half_signed_in()
    if not form.is_submitted():
        to_sign_in = redirect(url_for("desk.show_sign_in", next=_next()), 303)
        return to_sign_in if member is None else _render_code(member, resumed)
    if member is None:
        return _render(SignInForm(formdata=None), resumed, 401, is_late=True)
    outcome = _check(member, form)
    if outcome.is_right:
        by_code = outcome is CodeResult.BY_RECOVERY_CODE
        way = SignInWay(session[AWAITING_CODE].get("way", SignInWay.PASSWORD))
        return finish_sign_in(member, resumed, _next(), way=way, by_recovery_code=by_code)
    return _render_code(member, resumed, 422, refusal=_refused(member, form, outcome))


def _refused(member: StaffMember, form: SignInCodeForm, outcome: CodeResult) -> str:
    """Count a wrong code, and return the sentence about it, or about a wrong passkey."""
    if form.credential.data:  # it is counted where it is checked
        return translated(passkeys.NOT_CONFIRMED)
    sessions.record_failed_try(member.email)
    return translated(second_factor.LOCKED if outcome is CodeResult.LOCKED else second_factor.WRONG)


def _check(member: StaffMember, form: SignInCodeForm) -> CodeResult:
    """Check the passkey or code that a person has sent as the second factor."""
    if sent := form.credential.data:
        challenge = take_challenge()
        used = passkeys.use(sent, site=own_site(), challenge=challenge, member=member)
        return CodeResult.WRONG if used is None else CodeResult.BY_PASSKEY
    return second_factor.check(member, form.code.data or form.recovery.data or "")


@desk.post("/sign-out")
def sign_out() -> AnyResponse:
    found = current_session()
    if found is not None:
        sessions.end(found.id)
    session.clear()
    clear_storage()
    return redirect(url_for("desk.show_sign_in"), 303)


def finish_sign_in(
    member: StaffMember,
    resumed: ResumedForm,
    page: str,
    *,
    way: SignInWay = SignInWay.PASSWORD,
    by_recovery_code: bool = False,
    proven_at: datetime | None = None,
) -> AnyResponse:
    """Sign in a person who has proved who they are, and redirect to `page`.

    If there are fields of an order form, that form is rendered instead of the redirect. An identity
    of the person that waits for their password is connected.
    """
    remember_success(member.email)
    waiting = waiting_identity() if way is SignInWay.PASSWORD else None
    failed = begin_signed_in(
        member, by_recovery_code=by_recovery_code, way=way, proven_at=proven_at
    )
    if failed:
        flash(_failed_tries(failed), "bad")
    connect_waiting(member, waiting)
    if not resumed:
        return redirect(own_path(page), 303)
    g.member = member
    if not member.may(Permission.ENTER):
        raise Forbidden(REFUSALS[Permission.ENTER])
    key = parse_qs(urlsplit(page).query).get("form", [""])[0]
    if is_held_up(member):
        # The form waits as a draft until the person has done what they must do first.
        key = keep_resumed(MultiDict(resumed), key, member)
        return redirect(url_for("desk.new_order", form=key), 303)
    return render_resumed(MultiDict(resumed), key)


def _failed_tries(count: int) -> str:
    return ngettext(
        "%(num)s failed try to sign in since your last sign-in. If it was not you, change your "
        "password.",
        "%(num)s failed tries to sign in since your last sign-in. If it was not you, change your "
        "password.",
        count,
    )


def _find_half_signed_in() -> StaffMember | None:
    """Return the person whose password was right and who has not sent a code yet.

    Returns None if there is none, or if the password was sent more than CODE_WITHIN ago.
    """
    awaiting = session.get(AWAITING_CODE)
    if awaiting is None or awaiting["until"] < datetime.now(UTC).timestamp():
        return None
    return access.find_by_credentials(awaiting["id"])


def _sent_order_form() -> ResumedForm:
    """Return (name, value) for each field of an order form that the sign-in form contains."""
    fields = unpack(request.form.get(RESUMED, ""))
    return fields if fits_on_page(pack(fields)) else []


def _next() -> str:
    return request.values.get("next", url_for("desk.start"))


def _render(
    form: SignInForm, resumed: ResumedForm, status: int = 200, **context: object
) -> AnyResponse:
    return html_page(
        "desk/sign_in.html", status, form=form, resumed=pack(resumed), next=_next(), **context
    )


def _render_code(
    member: StaffMember, resumed: ResumedForm, status: int = 200, *, refusal: str = ""
) -> AnyResponse:
    form = SignInCodeForm(formdata=None)
    return html_page(
        "desk/sign_in_code.html",
        status,
        form=form,
        resumed=pack(resumed),
        next=_next(),
        refusal=refusal,
        passkey=passkey_of(member),
    )
