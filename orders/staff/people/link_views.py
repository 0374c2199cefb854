"""Pages to which a link with a secret leads: an invitation, and another password.

The secret stands in the query of the first address alone, which no log of ours keeps. That address
puts it into the visitor's own signed session and leads to a clean one; a link that a mail
program looks at beforehand is not used up by that.
"""

from collections.abc import Callable
from typing import TypeVar

from flask import Response, flash, render_template, request, session, url_for

from orders import access, administration
from orders.messaging import mail
from orders.rules.errors import Conflict, InvalidInput, NotFound
from orders.rules.texts import mark
from orders.staff.admin_form import AdminEntry, secret_page
from orders.staff.aside import do_aside
from orders.staff.blueprint import staff
from orders.staff.people.people_forms import ForgotForm, JoinForm, NewPasswordForm
from orders.staff.sessions import begin_session, begin_signed_in
from orders.web.in_force import settings_in_force
from orders.web.language import gettext, language, speaking, translated
from orders.web.limits import limiter, sign_in_limit
from orders.web.links import may_mail_links, secret_link
from orders.web.pages import go_to

Found = TypeVar("Found")
INVITATION, RESET = "invitation_link", "reset_link"  # in the session
RESET_SUBJECT = mark("Another password for Shortorder")
RESET_TEXT = mark(
    """Somebody, probably you, asked for another password for %(email)s.

Set it within an hour by this link, which works once:

%(link)s

If it was not you, do nothing: your password stays as it is.
"""
)


@staff.get("/invitation")
def open_invitation() -> Response:
    """Show what a person who was invited says of themselves."""
    return _open(
        INVITATION,
        administration.find_by_link,
        lambda invitation: _draw_join(AdminEntry(JoinForm(formdata=None)), invitation),
    )


@staff.post("/invitation")
@limiter.limit(sign_in_limit)
def accept_invitation() -> Response:
    """Make the account, and sign the person in."""
    form, secret = JoinForm(formdata=request.form), session.get(INVITATION, "")
    entry = AdminEntry(form)
    try:
        invitation = administration.find_by_link(secret)
        staff_id = administration.accept(
            secret, name=form.name.data or "", password=form.password.data or ""
        )
    except InvalidInput as invalid:
        entry.show(invalid.errors)
        return _draw_join(entry, invitation, 422)
    except (NotFound, Conflict) as error:
        return _dead(error)
    member = access.reload_staff(staff_id)
    if member is None:  # disabled within this moment
        return go_to(url_for("staff.show_sign_in"))
    begin_signed_in(member)
    flash(
        gettext(
            "Welcome. You sign in by %(email)s from now on. Choose how the desk looks to you.",
            email=member.email,
        )
    )
    return go_to(url_for("staff.show_account"))


@staff.get("/forgot-password")
def show_forgot() -> str:
    """Ask for the address, or say who can help."""
    return _draw_forgot(ForgotForm(formdata=None))


@staff.post("/forgot-password")
@limiter.limit(sign_in_limit)
def ask_for_link() -> str:
    """Answer alike for everybody; whatever is to be done is done afterwards."""
    form = ForgotForm()
    email = (form.email.data or "").strip()
    if not may_mail_links() or not email:
        return _draw_forgot(form)
    settings = settings_in_force()
    # What does not depend on the person is made here, where the request is known.
    link, spoken = secret_link("staff.open_reset", "SECRET"), language()

    def work() -> None:
        made = administration.ask_for_reset(email)
        if made is not None:
            own_link = link.replace("SECRET", made.secret)
            with speaking(made.language, spoken):
                subject = gettext(RESET_SUBJECT)
                text = gettext(RESET_TEXT, email=made.email, link=own_link)
            mail.send(made.email, subject, text, settings=settings)

    do_aside(work)
    return _draw_forgot(form, asked_for=email)


@staff.get("/reset-password")
def open_reset() -> Response:
    """Ask for another password."""
    return _open(
        RESET,
        administration.address_of_reset,
        lambda email: _draw_reset(AdminEntry(NewPasswordForm(formdata=None)), email),
    )


@staff.post("/reset-password")
@limiter.limit(sign_in_limit)
def set_by_reset() -> Response:
    """Set the password, and lead to the sign-in: the second factor stays."""
    form, secret = NewPasswordForm(formdata=request.form), session.get(RESET, "")
    entry = AdminEntry(form)
    try:
        email = administration.address_of_reset(secret)
        administration.set_by_reset(secret, password=form.password.data or "")
    except InvalidInput as invalid:
        entry.show(invalid.errors)
        return _draw_reset(entry, email, 422)
    except NotFound as error:
        return _dead(error, is_reset=True)
    begin_session()
    flash(gettext("Your new password is set. Sign in with it."))
    return go_to(url_for("staff.show_sign_in"))


def _open(name: str, find: Callable[[str], Found], draw: Callable[[Found], Response]) -> Response:
    """Draw what a link's secret stands for; the secret is first taken out of the address."""
    if "link" in request.args:
        return _hide(name)
    try:
        found = find(session.get(name, ""))
    except NotFound as error:
        return _dead(error, is_reset=name == RESET)
    return draw(found)


def _hide(name: str) -> Response:
    """Take the secret out of the address, and tell no page where we came from."""
    session[name] = request.args["link"][:200]
    answer = go_to(url_for(str(request.endpoint)))
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


def _dead(error: NotFound | Conflict, *, is_reset: bool = False) -> Response:
    text = render_template(
        "staff/dead_link.html", sentence=translated(error.sentence), is_reset=is_reset
    )
    return secret_page(text, 404 if isinstance(error, NotFound) else 409)


def _draw_join(
    entry: AdminEntry, invitation: administration.Invitation, status: int = 200
) -> Response:
    text = render_template(
        "staff/join.html", entry=entry, invitation=invitation,
        suggested=administration.readable_password(),
    )  # fmt: skip
    return secret_page(text, status)


def _draw_reset(entry: AdminEntry, email: str, status: int = 200) -> Response:
    text = render_template(
        "staff/reset_password.html", entry=entry, email=email,
        suggested=administration.readable_password(),
    )  # fmt: skip
    return secret_page(text, status)


def _draw_forgot(form: ForgotForm, asked_for: str = "") -> str:
    return render_template(
        "staff/forgot_password.html", form=form, asked_for=asked_for, can_mail=may_mail_links()
    )
