"""A person's own second factor: setting it up, new recovery codes, turning it off."""

from collections.abc import Callable
from typing import TypeVar

from flask import Response, render_template, request, session, url_for
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField

from orders.domain.texts import lazy_gettext
from orders.interfaces.desk.blueprint import desk, signed_in
from orders.interfaces.desk.display import qr_drawing
from orders.interfaces.desk.forms import (
    FilledForm,
    html_page,
    new_form,
    report,
    secret_page,
    sent_form,
    submit,
)
from orders.interfaces.http.current_settings import limiter, sign_in_limit
from orders.interfaces.http.i18n import gettext
from orders.interfaces.http.pages import go_to
from orders.interfaces.http.session import MUST_SET_UP, own_path, stay_signed_in
from orders.services.accounts import accounts, second_factor
from orders.services.accounts.access import StaffMember

T = TypeVar("T")
# In the session during the setup: nothing is stored before the app's first code.
PENDING = "pending_second_factor"
QR_BORDER = 4  # modules of white around the code, as the standard asks for


class CodeForm(FlaskForm):
    """A code of the authenticator app."""

    code = StringField(lazy_gettext("Code"))


class ProofForm(FlaskForm):
    """The password, asked for again before the second factor is weakened or renewed."""

    proof = PasswordField(lazy_gettext("Your password"))


@desk.get("/account/second-factor")
def show_second_factor() -> Response:
    if signed_in().has_second_factor:
        return html_page(_render_state(new_form(ProofForm)))
    if PENDING not in session:
        session[PENDING] = second_factor.new_secret()
    return secret_page(_render_setup(new_form(CodeForm)))


@desk.get("/account/second-factor/qr.svg")
def second_factor_qr() -> Response:
    if PENDING not in session or signed_in().has_second_factor:
        return Response(gettext("There is nothing to set up."), 404, mimetype="text/plain")
    address = second_factor.app_address(signed_in(), session[PENDING])
    return qr_drawing(address, border=QR_BORDER, cache_control="no-store")


@desk.post("/account/second-factor")
@limiter.limit(sign_in_limit)
def turn_on_second_factor() -> Response:
    """Turn it on with the first code of the app, and show the recovery codes once."""
    member, entry = signed_in(), sent_form(CodeForm)
    if PENDING not in session:
        return go_to(url_for("desk.show_second_factor"))
    return submit(
        entry,
        lambda: second_factor.turn_on(member, session[PENDING], entry.form.code.data or ""),
        render=lambda: _render_setup(entry),
        then=_finish_setup,
        address=url_for("desk.show_account"),
        page=secret_page,
    )


def _finish_setup(codes: list[str]) -> Response:
    session.pop(PENDING)
    session.pop(MUST_SET_UP, None)
    stay_signed_in(signed_in())
    return _show_codes(codes, is_new=True)


@desk.post("/account/second-factor/codes")
@limiter.limit(sign_in_limit)
def renew_recovery_codes() -> Response:
    return _with_password(second_factor.renew_codes, then=_show_codes)


@desk.post("/account/second-factor/off")
@limiter.limit(sign_in_limit)
def turn_off_second_factor() -> Response:
    message = gettext("The second factor is switched off. You sign in by your password alone.")
    return _with_password(_turn_off, then=lambda _: report(message, url_for("desk.show_account")))


def _turn_off(member: StaffMember) -> None:
    second_factor.turn_off(member.org_id, member.id, by=member.id)
    stay_signed_in(member)


def _with_password(
    change: Callable[[StaffMember], T], *, then: Callable[[T], Response]
) -> Response:
    """Make a change of the second factor if the password that was sent is right."""
    member, entry = signed_in(), sent_form(ProofForm)

    def check_and_change() -> T:
        accounts.require_password(member, entry.form.proof.data or "", "proof")
        return change(member)

    return submit(
        entry, check_and_change, render=lambda: _render_state(entry), then=then,
        address=url_for("desk.show_account"),
    )  # fmt: skip


@desk.get("/account/second-factor/codes")
@desk.get("/account/second-factor/off")
def leave_second_factor_form() -> Response:
    """Redirect a reload of an answer that is shown once to the state of the second factor."""
    return go_to(url_for("desk.show_second_factor"))


def _next() -> str:
    return own_path(request.values.get("next", "/"))


def _render_setup(entry: FilledForm) -> str:
    secret = session[PENDING]
    groups = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    return render_template(
        "desk/second_factor.html", entry=entry, secret=groups, next=_next(),
        is_demanded=signed_in().lacks_second_factor,
    )  # fmt: skip


def _render_state(entry: FilledForm) -> str:
    state = second_factor.state_of(signed_in())
    return render_template("desk/second_factor_on.html", entry=entry, factor=state)


def _show_codes(codes: list[str], *, is_new: bool = False) -> Response:
    return secret_page(
        render_template("desk/recovery_codes.html", codes=codes, is_new=is_new, next=_next())
    )
