"""The setup of an empty desk, by the link that the server prints when it starts."""

from flask import Response, request, session, url_for
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField

from orders.domain.errors import Conflict, InvalidInput, NotFound
from orders.domain.preferences import time_zones
from orders.domain.texts import lazy_gettext
from orders.interfaces.desk.blueprint import desk
from orders.interfaces.desk.forms import MenuField, open_form, report, secret_page
from orders.interfaces.desk.people.link_views import hide_secret
from orders.interfaces.http.current_settings import service_address
from orders.interfaces.http.i18n import gettext, language, translated, use_language
from orders.interfaces.http.limiters import limiter, sign_in_limit
from orders.interfaces.http.pages import go_to
from orders.interfaces.http.session import begin_signed_in, current_member
from orders.services.accounts import access, checks, setup
from orders.services.accounts.setup import FirstOrg
from orders.services.languages import languages
from orders.settings import COMMAND

LINK = "setup_link"  # in the session: the secret of the link


class SetupForm(FlaskForm):
    """The form of the setup: the org, and the account of its first admin."""

    org_name = StringField(lazy_gettext("Organization"))
    name = StringField(lazy_gettext("Your name"))
    email = StringField(lazy_gettext("E-mail"))
    password = PasswordField(lazy_gettext("Password"))
    time_zone = MenuField(
        lazy_gettext("Time zone"),
        choices=lambda: {
            "": lazy_gettext("Choose a time zone"),
            **{name: name for name in time_zones()},
        },
    )
    language = MenuField(lazy_gettext("Language"), choices=languages)


def _is_no_try() -> bool:
    """Return whether the request neither brings a secret nor sends the form."""
    return request.method != "POST" and "token" not in request.args


@desk.route("/setup", methods=["GET", "POST"])
@limiter.limit(sign_in_limit, exempt_when=_is_no_try)
def set_up() -> Response:
    """Ask for the org and its first admin (GET), or create both and sign the admin in (POST).

    Without the secret of the link in the session, the page explains where the link is. Opening the
    link does not use it up. Once an org exists, redirects to the sign-in page.
    """
    if "token" in request.args:
        return hide_secret(LINK, "token")
    entry, secret = open_form(SetupForm, language=language()), session.get(LINK, "")
    try:
        setup.require_link(secret)
        if entry.is_sent:
            return _welcome(setup.set_up(secret, FirstOrg(**entry.values())))
    except InvalidInput as invalid:
        entry.show(invalid.errors)
    except NotFound as error:
        return _explain(translated(error.sentence) if secret or entry.is_sent else "")
    except Conflict as conflict:
        return _refuse(translated(conflict.sentence) if secret or entry.is_sent else "")
    suggested = checks.readable_password()
    return secret_page("desk/setup.html", entry.status, entry=entry, suggested=suggested)


def _welcome(staff_id: str) -> Response:
    member = access.reload_staff(staff_id)
    if member is None:  # disabled in this moment
        return go_to(url_for("desk.show_sign_in"))
    begin_signed_in(member)
    with use_language(member.preferences.language):  # the language of the next page
        return report(
            gettext("Your desk is ready. Sign in with %(email)s from now on.", email=member.email),
            url_for("desk.start"),
        )


def _explain(refusal: str) -> Response:
    """Render the page that says where the link is. `refusal` says what is wrong with a link."""
    status = 404 if refusal else 200
    address = f"{service_address()}{url_for('desk.set_up')}?token=…"
    return secret_page(
        "desk/setup_link.html", status, refusal=refusal, link=address, command=COMMAND
    )


def _refuse(refusal: str) -> Response:
    """Redirect away from the setup. `refusal` explains it to a person who has a link."""
    session.pop(LINK, None)
    page = url_for("desk.start" if current_member() else "desk.show_sign_in")
    return report(refusal, page, "bad") if refusal else go_to(page)
