"""A person's own passkeys: adding one and removing it."""

from flask import Response, request, url_for
from flask_wtf import FlaskForm
from wtforms import HiddenField, StringField

from orders.domain.devices import device_of
from orders.domain.texts import lazy_gettext
from orders.interfaces.desk.blueprint import desk, signed_in
from orders.interfaces.desk.forms import FilledForm, new_form, report, secret_page, sent_form
from orders.interfaces.desk.people.confirmation import sensitive
from orders.interfaces.desk.people.passkey_challenges import current_challenge, take_challenge
from orders.interfaces.http.current_settings import own_site
from orders.interfaces.http.i18n import gettext, translated
from orders.interfaces.http.session import stay_signed_in
from orders.services.accounts import passkeys


class PasskeyForm(FlaskForm):
    """The name of a new passkey, and the credential that the browser has made."""

    name = StringField(lazy_gettext("Name"))
    credential = HiddenField(lazy_gettext("Passkey"))


@desk.post("/account/passkeys/new")
@sensitive
def start_passkey() -> Response:
    """Render the page on which the browser makes a passkey."""
    return _render(new_form(PasskeyForm, name=translated(device_of(request.user_agent.string))))


@desk.post("/account/passkeys")
@sensitive
def add_passkey() -> Response:
    entry, page = sent_form(PasskeyForm), url_for("desk.show_account")
    values, challenge = entry.values(), take_challenge()
    with entry.saving(page):
        passkeys.add(
            signed_in(), values["credential"], name=values["name"], site=own_site(),
            challenge=challenge,
        )  # fmt: skip
        done = gettext("Passkey added. It replaces your password when you sign in.")
        return report(done, page)
    return _render(entry)


@desk.post("/account/passkeys/<passkey_id>/remove")
@sensitive
def remove_passkey(passkey_id: str) -> Response:
    passkeys.remove(signed_in(), passkey_id)
    stay_signed_in()
    done = gettext("Passkey removed. Delete it on your device, too.")
    return report(done, url_for("desk.show_account"))


def _render(entry: FilledForm) -> Response:
    options = passkeys.options_to_add(signed_in(), own_site(), current_challenge())
    return secret_page("desk/passkey.html", entry.status, entry=entry, options=options)
