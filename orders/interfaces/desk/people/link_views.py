"""Pages that are opened through a link with a secret: invitations and password resets.

The secret is in the query of the link's URL, which the application does not log. The first request
moves the secret into the visitor's signed session and redirects to the URL without it. Opening the
link does not use it up, so that a mail program can follow it first.
"""

import logging
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from flask import Flask, Response, current_app, render_template, request, session, url_for
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField

from orders.domain.errors import Conflict, InvalidInput, NotFound, OrderError
from orders.domain.texts import lazy_gettext
from orders.interfaces.desk.blueprint import desk
from orders.interfaces.desk.forms import PasswordForm, open_form, report, secret_page
from orders.interfaces.http.current_settings import current_settings, may_mail_links, secret_link
from orders.interfaces.http.i18n import gettext, language, translated, use_language
from orders.interfaces.http.limiters import limiter, sign_in_limit
from orders.interfaces.http.pages import go_to
from orders.interfaces.http.session import begin_session, begin_signed_in
from orders.services import mail
from orders.services.accounts import access, checks, invitations, resets
from orders.services.accounts.acting import act_for, current_doer

BACKGROUND_THREADS = 2  # in each process
_log = logging.getLogger(__name__)
INVITATION, RESET = "invitation_link", "reset_link"  # in the session
RESET_SUBJECT = lazy_gettext("Reset your Shortorder password")
RESET_TEXT = lazy_gettext(
    "Someone, probably you, asked for a new password for %(email)s.\n\n"
    "Set it within an hour with this one-time link:\n\n"
    "%(link)s\n\n"
    "If it was not you, ignore this e-mail: your password stays the same.\n"
)


class JoinForm(FlaskForm):
    """A form for the name and password of a person who accepts an invitation."""

    name = StringField(lazy_gettext("Your name"))
    password = PasswordField(lazy_gettext("Password"))


class ForgotForm(FlaskForm):
    """A form for the e-mail address of a person who has forgotten their password."""

    email = StringField(lazy_gettext("E-mail"))


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(BACKGROUND_THREADS, thread_name_prefix="background")


# A forked process has no threads of its parent and starts its own.
os.register_at_fork(after_in_child=_threads.cache_clear)


def run_in_background(task: Callable[[], None]) -> None:
    """Run the task on a background thread, in an application context without a request.

    Returns at once, so that the response time does not reveal what the task does. An OrderError
    that the task raises is logged.
    """
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # of the proxy
    doer = current_doer()

    def run() -> None:
        act_for(doer)
        with app.app_context():
            try:
                task()
            except OrderError as error:
                _log.warning("Not done: %s", error)

    _threads().submit(run)


@desk.route("/invitation", methods=["GET", "POST"])
@limiter.limit(sign_in_limit, methods=["POST"])
def open_invitation() -> Response:
    """Ask the invited person for a name and password (GET), or create their account (POST).

    The POST also signs the person in.
    """
    if "link" in request.args:
        return hide_secret(INVITATION)
    entry, secret = open_form(JoinForm), session.get(INVITATION, "")
    try:
        invitation = invitations.find_by_link(secret)
        if entry.is_sent:
            return _welcome(invitations.accept(secret, **entry.values()))
    except InvalidInput as invalid:
        entry.show(invalid.errors)
    except (NotFound, Conflict) as error:
        return _dead_link(error)
    return secret_page(
        "desk/join.html", entry.status, entry=entry, invitation=invitation,
        suggested=checks.readable_password(),
    )  # fmt: skip


def _welcome(staff_id: str) -> Response:
    member = access.reload_staff(staff_id)
    if member is None:  # disabled in this moment
        return go_to(url_for("desk.show_sign_in"))
    begin_signed_in(member)
    message = gettext(
        "Welcome! From now on, sign in with %(email)s. Choose your preferences below.",
        email=member.email,
    )
    return report(message, url_for("desk.show_account"))


@desk.route("/forgot-password", methods=["GET", "POST"])
@limiter.limit(sign_in_limit, methods=["POST"])
def show_forgot() -> str:
    """Ask for an e-mail address (GET), or mail a link for a new password to it (POST).

    The response is the same whether or not an account has the address. If the application cannot
    mail links, the page says who can help.
    """
    form = ForgotForm()
    email = (form.email.data or "").strip() if may_mail_links() else ""
    if email:
        _mail_reset(email)
    return render_template(
        "desk/forgot_password.html", form=form, asked_for=email, can_mail=may_mail_links()
    )


def _mail_reset(email: str) -> None:
    """Mail a link for a new password, in the background, if `email` is an account's address."""
    settings = current_settings()
    # These need the request, which the background task does not have.
    link, page_language = secret_link("desk.open_reset", "SECRET"), language()

    def mail_link() -> None:
        made = resets.ask_for_reset(email)
        if made is not None:
            own_link = link.replace("SECRET", made.secret)
            with use_language(made.language, page_language):
                subject = gettext(RESET_SUBJECT)
                text = gettext(RESET_TEXT, email=made.email, link=own_link)
            mail.send(made.email, subject, text, settings=settings)

    run_in_background(mail_link)


@desk.route("/reset-password", methods=["GET", "POST"])
@limiter.limit(sign_in_limit, methods=["POST"])
def open_reset() -> Response:
    """Ask for a new password (GET); set it and redirect to the sign-in page (POST).

    The link does not sign the person in, because a second factor is still required.
    """
    if "link" in request.args:
        return hide_secret(RESET)
    entry, secret = open_form(PasswordForm), session.get(RESET, "")
    try:
        email = resets.address_of_reset(secret)
        if entry.is_sent:
            resets.set_by_reset(secret, **entry.values())
            begin_session()
            done = gettext("New password set. Sign in with your new password.")
            return report(done, url_for("desk.show_sign_in"))
    except InvalidInput as invalid:
        entry.show(invalid.errors)
    except NotFound as error:
        return _dead_link(error, is_reset=True)
    return secret_page(
        "desk/reset_password.html", entry.status, entry=entry, email=email,
        suggested=checks.readable_password(),
    )  # fmt: skip


def hide_secret(name: str, parameter: str = "link") -> Response:
    """Store a query parameter in the session as `name`; redirect to the URL without it."""
    session[name] = request.args[parameter][:200]
    answer = go_to(url_for(str(request.endpoint)))
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


def _dead_link(error: NotFound | Conflict, *, is_reset: bool = False) -> Response:
    status, sentence = 404 if isinstance(error, NotFound) else 409, translated(error.sentence)
    return secret_page("desk/dead_link.html", status, sentence=sentence, is_reset=is_reset)
