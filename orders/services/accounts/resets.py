"""Password resets: mailed links that set a new password. Each works once, within RESET_WITHIN."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from orders.domain.errors import Conflict, NotFound
from orders.domain.preferences import read_preferences
from orders.domain.texts import lazy_gettext
from orders.services.accounts.access import hash_password, hash_secret
from orders.services.accounts.account_events import EventKind, record_event
from orders.services.accounts.accounts import OWN_PASSWORD, find_staff, replace_password
from orders.services.accounts.checks import new_link_secret, refuse
from orders.services.accounts.passwords import password_errors, words_about
from orders.storage import database
from orders.storage.models.people import PasswordReset, StaffAccount

RESET_WITHIN = timedelta(hours=1)
# Links that can be requested for an account within RESET_WITHIN, so that nobody floods a mailbox.
MAX_REQUESTS = 3
DEAD_LINK = lazy_gettext("This link was used or is older than an hour. Ask for a new one.")


@dataclass(frozen=True, slots=True, repr=False)
class NewReset:
    """A new password reset link for the account with the address `email`.

    `secret` is the secret in the link; it cannot be read later, because only a hash is stored.
    `language` is the code of the language for the mail, or empty for the default language.
    """

    email: str
    secret: str
    language: str = ""


def make_reset(
    org_id: str, staff_id: str, *, by: str | None = None, now: datetime | None = None
) -> NewReset:
    """Store a password reset link for a person at an admin's request, and return it.

    `by` is the admin's ID, or None for the command line. The link expires after RESET_WITHIN.
    Raises NotFound if the org has no such account, and Conflict if the account is disabled or is
    the admin's own.
    """
    account = find_staff(org_id, staff_id)
    if staff_id == by:
        raise Conflict(OWN_PASSWORD)
    if account.disabled_at is not None:
        raise Conflict(lazy_gettext("This account is disabled. Enable it first."))
    secret = _store(staff_id, by, now or datetime.now(UTC), most=None)
    assert secret is not None  # noqa: S101 - there is no limit for admins
    return NewReset(account.email, secret)


def ask_for_reset(email: str, *, now: datetime | None = None) -> NewReset | None:
    """Store a password reset link for the account with this e-mail address, and return it.

    Returns None if no enabled account has the address, or if MAX_REQUESTS links were already stored
    for the account within RESET_WITHIN. The caller must respond identically and equally fast in all
    cases, so that nobody learns who has an account.
    """
    address = email.strip().lower().replace("\0", "")
    own = (StaffAccount.email == address, StaffAccount.disabled_at.is_(None))
    found = database.fetch_one(select(StaffAccount.id, StaffAccount.preferences).where(*own))
    if found is None:
        return None
    secret = _store(found.id, None, now or datetime.now(UTC), most=MAX_REQUESTS)
    language = read_preferences(found.preferences).language
    return None if secret is None else NewReset(address, secret, language)


def address_of_reset(secret: str, *, now: datetime | None = None) -> str:
    """Return the e-mail address of the account that a password reset link belongs to.

    `secret` is the secret in the link. Raises NotFound if the link is unknown, used or expired, or
    if the account is disabled.
    """
    with database.read() as connection:
        return str(_by_link(connection, secret, now or datetime.now(UTC)).email)


def set_by_reset(secret: str, *, password: str, now: datetime | None = None) -> str:
    """Set a new password, given the secret of a reset link, and end all sessions of the account.

    Returns the account's e-mail address. Raises InvalidInput for an invalid password, and NotFound
    if the link is unknown, used or expired, or if the account is disabled.
    """
    at = now or datetime.now(UTC)
    # Before the costly hash, so that strangers cannot cause load.
    with database.read() as connection:
        staff_id = _by_link(connection, secret, at).staff_id
    refuse(password_errors(password, words_about(staff_id)))
    password_hash = hash_password(password)

    with database.transaction() as connection:
        found = _by_link(connection, secret, at)
        own = (PasswordReset.secret_hash == hash_secret(secret), PasswordReset.used_at.is_(None))
        if not connection.execute(update(PasswordReset).where(*own).values(used_at=at)).rowcount:
            raise NotFound(DEAD_LINK)  # used at the same time
        replace_password(connection, found.staff_id, password_hash, kind=EventKind.RESET)
        return str(found.email)


def _store(staff_id: str, by: str | None, now: datetime, *, most: int | None) -> str | None:
    secret = new_link_secret()
    row = {
        "secret_hash": hash_secret(secret),
        "staff_id": staff_id,
        "created_at": now,
        "expires_at": now + RESET_WITHIN,
    }
    recent = (
        select(func.count())
        .select_from(PasswordReset)
        .where(PasswordReset.staff_id == staff_id, PasswordReset.created_at > now - RESET_WITHIN)
    )

    with database.transaction() as connection:
        if most is not None and connection.execute(recent).scalar_one() >= most:
            return None
        connection.execute(insert(PasswordReset), row)
        record_event(connection, staff_id, EventKind.RESET_LINK, by=by, at=now)
    return secret


def _by_link(connection: Connection, secret: str, now: datetime) -> Any:  # noqa: ANN401 - a row
    own = (
        PasswordReset.secret_hash == hash_secret(secret),
        PasswordReset.used_at.is_(None),
        PasswordReset.expires_at > now,
        StaffAccount.disabled_at.is_(None),
    )
    found = select(PasswordReset.staff_id, StaffAccount.email).join(
        StaffAccount, StaffAccount.id == PasswordReset.staff_id
    )
    row = connection.execute(found.where(*own)).one_or_none()
    if row is None:
        raise NotFound(DEAD_LINK)
    return row
