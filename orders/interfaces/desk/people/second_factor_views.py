"""A person's own second factor: setting it up, new recovery codes, turning it off."""

from flask import Response, request, session, url_for
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
)
from orders.interfaces.desk.people.confirmation import asks_for_password
from orders.interfaces.desk.people.sign_in_tries import one_try
from orders.interfaces.http.i18n import gettext
from orders.interfaces.http.limiters import limiter, sign_in_limit
from orders.interfaces.http.pages import go_to
from orders.interfaces.http.session import own_path, stay_signed_in
from orders.services.accounts import own_account, second_factor

# In the session during the setup: nothing is stored before the app's first code.
PENDING = "pending_second_factor"
QR_BORDER = 4  # modules of white around the code, as the standard asks for


class ProofForm(FlaskForm):
    """A form that asks for the password again, and for a code from the app.

    Both are required for turning the second factor on and off, and for new recovery codes.
    """

    proof = PasswordField(lazy_gettext("Your password"))
    code = StringField(lazy_gettext("Code"))


@desk.get("/account/second-factor")
def show_second_factor() -> Response:
    if signed_in().has_second_factor:
        return _render_state(new_form(ProofForm))
    if PENDING not in session:
        session[PENDING] = second_factor.new_secret()
    return _render_setup(new_form(ProofForm))


@desk.get("/account/second-factor/qr.svg")
def second_factor_qr() -> Response:
    if PENDING not in session or signed_in().has_second_factor:
        return Response(gettext("Two-step sign-in is already set up."), 404, mimetype="text/plain")
    address = second_factor.app_address(signed_in(), session[PENDING])
    return qr_drawing(address, border=QR_BORDER)


@desk.post("/account/second-factor")
@limiter.limit(sign_in_limit)
@asks_for_password
def turn_on_second_factor() -> Response:
    """Turn on the second factor if the app's code is right, and show the recovery codes once."""
    member, entry = signed_in(), sent_form(ProofForm)
    if PENDING not in session:
        return go_to(url_for("desk.show_second_factor"))
    with entry.saving(url_for("desk.show_account")):
        _require_password(entry)
        codes = second_factor.turn_on(member, session[PENDING], entry.form.code.data or "")
        session.pop(PENDING)
        stay_signed_in(is_proven=member.has_password)
        return _show_codes(codes, is_new=True)
    return _render_setup(entry)


@desk.post("/account/second-factor/codes")
@limiter.limit(sign_in_limit)
@asks_for_password
def renew_recovery_codes() -> Response:
    member, entry = signed_in(), sent_form(ProofForm)
    with entry.saving(url_for("desk.show_account")):
        _require_password(entry)
        second_factor.require_code(member, entry.form.code.data or "", "code")
        return _show_codes(second_factor.renew_codes(member))
    return _render_state(entry)


@desk.post("/account/second-factor/off")
@limiter.limit(sign_in_limit)
@asks_for_password
def turn_off_second_factor() -> Response:
    member, entry, page = signed_in(), sent_form(ProofForm), url_for("desk.show_account")
    with entry.saving(page):
        _require_password(entry)
        second_factor.turn_off(member, entry.form.code.data or "")
        stay_signed_in(is_proven=True)
        done = gettext("Two-step sign-in is off. You sign in with your password only.")
        return report(done, page)
    return _render_state(entry)


def _require_password(entry: FilledForm) -> None:
    member = signed_in()
    if member.has_password:
        with one_try(member, "proof"):
            own_account.require_password(member, entry.form.proof.data or "", "proof")


def _next() -> str:
    return own_path(request.values.get("next", "/"))


def _render_setup(entry: FilledForm) -> Response:
    secret = session[PENDING]
    groups = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    return secret_page(
        "desk/second_factor.html", entry.status, entry=entry, secret=groups, next=_next(),
        is_demanded=signed_in().lacks_second_factor, email=signed_in().email,
        has_password=signed_in().has_password,
    )  # fmt: skip


def _render_state(entry: FilledForm) -> Response:
    return html_page(
        "desk/second_factor_on.html", entry.status, entry=entry,
        factor=second_factor.state_of(signed_in()), has_password=signed_in().has_password,
    )  # fmt: skip


def _show_codes(codes: list[str], *, is_new: bool = False) -> Response:
    return secret_page("desk/recovery_codes.html", codes=codes, is_new=is_new, next=_next())
