"""A person's own second factor: setting it up, other recovery codes, switching it off."""

import io

import segno
from flask import Response, flash, render_template, request, session, url_for

from orders.people import own_account, second_factor
from orders.rules.errors import Conflict, InvalidInput
from orders.staff.accounts import own_path
from orders.staff.admin_form import AdminEntry, page, secret_page
from orders.staff.blueprint import MUST_SET_UP, signed_in, staff
from orders.staff.people.people_forms import CodeForm, ProofForm
from orders.staff.permits import for_everybody
from orders.staff.sessions import stay_signed_in
from orders.web.language import gettext, translated
from orders.web.limits import limiter, sign_in_limit
from orders.web.pages import go_to

# In the session while somebody sets it up: nothing is stored before a code has come back.
PENDING = "pending_second_factor"
QR_BORDER = 4  # modules of white around the code, as the standard asks for


@staff.get("/account/second-factor")
@for_everybody
def show_second_factor() -> Response:
    """Show how to set it up; who has one sees what can be done with it."""
    if signed_in().has_second_factor:
        return page(_draw_state(AdminEntry(ProofForm(formdata=None))))
    if PENDING not in session:
        session[PENDING] = second_factor.new_secret()
    return secret_page(_draw_set_up(AdminEntry(CodeForm(formdata=None))))


@staff.get("/account/second-factor/qr.svg")
@for_everybody
def second_factor_qr() -> Response:
    """Draw the secret that is being set up as a QR code."""
    if PENDING not in session or signed_in().has_second_factor:
        return Response(gettext("There is nothing to set up."), 404, mimetype="text/plain")
    drawing = io.BytesIO()
    segno.make(second_factor.app_address(signed_in(), session[PENDING]), micro=False).save(
        drawing, kind="svg", border=QR_BORDER, light="#fff", dark="#000", svgclass=None,
        lineclass=None, omitsize=True,
    )  # fmt: skip
    response = Response(drawing.getvalue(), mimetype="image/svg+xml")
    response.headers["Cache-Control"] = "no-store"
    return response


@staff.post("/account/second-factor")
@limiter.limit(sign_in_limit)
@for_everybody
def turn_on_second_factor() -> Response:
    """Switch it on by the first code of the app, and show the recovery codes this once."""
    member, form = signed_in(), CodeForm(formdata=request.form)
    entry = AdminEntry(form)
    if PENDING not in session:
        return go_to(url_for("staff.show_second_factor"))
    try:
        codes = second_factor.turn_on(member, session[PENDING], form.code.data or "")
    except InvalidInput as invalid:
        entry.show(invalid.errors)
        return secret_page(_draw_set_up(entry), 422)
    except Conflict as conflict:
        return _refuse(translated(conflict.sentence))
    session.pop(PENDING)
    session.pop(MUST_SET_UP, None)
    stay_signed_in(member)
    return _show_codes(codes, is_new=True)


@staff.post("/account/second-factor/codes")
@limiter.limit(sign_in_limit)
@for_everybody
def renew_recovery_codes() -> Response:
    """Make other recovery codes, and show them this once."""
    member, entry = signed_in(), AdminEntry(ProofForm(formdata=request.form))
    try:
        own_account.require_password(member, entry.form.proof.data or "", "proof")
        codes = second_factor.renew_codes(member)
    except InvalidInput as invalid:
        entry.show(invalid.errors)
        return page(_draw_state(entry), 422)
    except Conflict as conflict:
        return _refuse(translated(conflict.sentence))
    return _show_codes(codes)


@staff.post("/account/second-factor/off")
@limiter.limit(sign_in_limit)
@for_everybody
def turn_off_second_factor() -> Response:
    """Switch it off."""
    member, entry = signed_in(), AdminEntry(ProofForm(formdata=request.form))
    try:
        own_account.require_password(member, entry.form.proof.data or "", "proof")
    except InvalidInput as invalid:
        entry.show(invalid.errors)
        return page(_draw_state(entry), 422)
    second_factor.turn_off(member.org_id, member.id, by=member.id)
    stay_signed_in(member)
    flash(gettext("The second factor is switched off. You sign in by your password alone."))
    return go_to(url_for("staff.show_account"))


@staff.get("/account/second-factor/codes")
@staff.get("/account/second-factor/off")
@for_everybody
def leave_second_factor_form() -> Response:
    """Lead from the address of an answer that is not shown again to where things stand."""
    return go_to(url_for("staff.show_second_factor"))


def _refuse(sentence: str) -> Response:
    flash(sentence, "bad")
    return go_to(url_for("staff.show_account"))


def _next() -> str:
    return own_path(request.values.get("next", "/"))


def _draw_set_up(entry: AdminEntry) -> str:
    secret = session[PENDING]
    groups = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    return render_template(
        "staff/second_factor.html", entry=entry, secret=groups, next=_next(),
        is_demanded=signed_in().lacks_second_factor,
    )  # fmt: skip


def _draw_state(entry: AdminEntry) -> str:
    state = second_factor.state_of(signed_in())
    return render_template("staff/second_factor_on.html", entry=entry, factor=state)


def _show_codes(codes: list[str], *, is_new: bool = False) -> Response:
    return secret_page(
        render_template("staff/recovery_codes.html", codes=codes, is_new=is_new, next=_next())
    )
