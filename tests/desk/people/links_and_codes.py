"""Links, codes of the authenticator app, and passkeys, for tests of accounts."""

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pyotp
from flask import Flask

from orders.services.accounts import passkeys, second_factor
from orders.services.accounts.access import StaffMember
from orders.services.accounts.second_factor import STEP
from tests.actors import Org
from tests.authenticator import HOST, ORIGIN, SoftPasskey
from tests.html import read


def link_on(page: str) -> str:
    """Return the link that a page shows only once, as path and query."""
    parts = urlsplit(read(page).first("#secret").text)
    assert parts.scheme in {"http", "https"}
    return f"{parts.path}?{parts.query}"


def secret_of(link: str) -> str:
    return parse_qs(urlsplit(link).query)["link"][0]


def code_of(secret: str, ahead: int = 0) -> str:
    """Return the code that the app shows now, or `ahead` steps of 30 seconds later."""
    step = int(datetime.now(UTC).timestamp()) // STEP + ahead
    return pyotp.TOTP(secret).generate_otp(step)


def with_factor(app: Flask, member: StaffMember) -> tuple[str, list[str]]:
    """Turn on a person's second factor and return its secret and the recovery codes."""
    secret = second_factor.new_secret()
    with app.app_context():
        return secret, second_factor.turn_on(member, secret, code_of(secret))


def with_passkey(app: Flask, member: StaffMember) -> SoftPasskey:
    """Add a passkey to a person's account and return it."""
    made, site = SoftPasskey(), passkeys.Site(HOST, ORIGIN)
    with app.app_context():
        challenge = passkeys.new_challenge()
        answer = made.create(passkeys.options_to_add(member, site, challenge))
        passkeys.add(member, answer, name="Phone", site=site, challenge=challenge)
    return made


def again(org: Org, member: StaffMember) -> StaffMember:
    """Return a person as they are stored now."""
    return org.admin() if member.role == "admin" else org.staff()
