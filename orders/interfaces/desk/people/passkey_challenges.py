"""The challenge that a passkey signs next: the session keeps it until an answer is sent."""

from dataclasses import asdict
from datetime import UTC, datetime

from flask import session

from orders.interfaces.desk.blueprint import desk
from orders.interfaces.http.current_settings import own_site
from orders.services.accounts import passkeys
from orders.services.accounts.access import StaffMember
from orders.services.accounts.passkeys import Challenge

CHALLENGE = "passkey_challenge"


def current_challenge() -> Challenge:
    """Return the challenge of this browser; all of its open pages have the same one."""
    found = take_challenge()
    if found is None or found.is_over(datetime.now(UTC)):
        found = passkeys.new_challenge()
    session[CHALLENGE] = {**asdict(found), "made_at": found.made_at.timestamp()}
    return found


def take_challenge() -> Challenge | None:
    """Remove the challenge from the session, so that only one answer is accepted; return it."""
    kept = session.pop(CHALLENGE, None)
    if kept is None:
        return None
    return Challenge(kept["value"], datetime.fromtimestamp(kept["made_at"], UTC))


@desk.app_template_global()
def passkey_to_sign_in() -> str:
    """Return the options with which any passkey for this site signs in, as JSON."""
    return passkeys.options_to_use(own_site(), current_challenge())


def passkey_of(member: StaffMember) -> str:
    """Return the options to use a passkey of the person, as JSON; "" if they have none."""
    if not passkeys.list_passkeys(member):
        return ""
    return passkeys.options_to_use(own_site(), current_challenge(), member)
