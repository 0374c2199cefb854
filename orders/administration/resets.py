"""Links by which people set another password, once and within an hour."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from orders.access import hash_secret
from orders.administration.accounts import find_staff, replace_password
from orders.administration.checks import refuse
from orders.administration.events import Happened, note
from orders.administration.links import new_link_secret
from orders.administration.passwords import hash_password, password_faults
from orders.rules.errors import Conflict, NotFound
from orders.rules.preferences import read_preferences
from orders.rules.texts import mark
from orders.storage import database
from orders.storage.people_models import PasswordReset, StaffAccount

RESET_WITHIN = timedelta(hours=1)
# Links that one account can ask for within RESET_WITHIN: nobody's mailbox is filled from here.
MOST_ASKED = 3
DEAD_LINK = mark("This link is used or older than an hour. Ask for a new one.")


@dataclass(frozen=True, slots=True, repr=False)
class NewReset:
    """Whose password a link changes, and its secret, which is given this once.

    `language` is what the person has chosen for the desk, or empty.
    """

    email: str
    secret: str
    language: str = ""


def make_reset(org_id: str, staff_id: str, *, by: str, now: datetime | None = None) -> NewReset:
    """Make a link for an account of the org, on the wish of an admin, whose ID is `by`.

    Raises NotFound, and Conflict for a disabled account, whose link would be of no use.
    """
    account = find_staff(org_id, staff_id)
    if account.disabled_at is not None:
        raise Conflict(mark("This account is disabled. Let the person sign in again first."))
    secret = _store(staff_id, by, now or datetime.now(UTC), most=None)
    assert secret is not None  # noqa: S101 - only those who ask for themselves are refused
    return NewReset(account.email, secret)


def ask_for_reset(email: str, *, now: datetime | None = None) -> NewReset | None:
    """Make a link for whoever has this address; None for nobody, and for too many within the hour.

    Callers answer alike in both cases, also by the clock: nobody learns who has an account.
    """
    address = email.strip().lower().replace("\0", "")
    own = (StaffAccount.email == address, StaffAccount.disabled_at.is_(None))
    with database.read() as connection:
        found = connection.execute(
            select(StaffAccount.id, StaffAccount.preferences).where(*own)
        ).one_or_none()
    if found is None:
        return None
    secret = _store(found.id, None, now or datetime.now(UTC), most=MOST_ASKED)
    language = read_preferences(found.preferences).language
    return None if secret is None else NewReset(address, secret, language)


def address_of_reset(secret: str, *, now: datetime | None = None) -> str:
    """Give the e-mail address whose password a link changes. Raises NotFound for a dead link."""
    with database.read() as connection:
        return str(_by_link(connection, secret, now or datetime.now(UTC)).email)


def set_by_reset(secret: str, *, password: str, now: datetime | None = None) -> str:
    """Set the password by a link; gives the e-mail address. All sessions of the account end.

    The second factor stays. Raises InvalidInput and NotFound as above.
    """
    at = now or datetime.now(UTC)
    refuse(password_faults(password))
    address_of_reset(secret, now=at)  # before the costly hash: strangers cannot ask for many
    password_hash = hash_password(password)

    def work(connection: Connection) -> str:
        found = _by_link(connection, secret, at)
        own = (PasswordReset.secret_hash == hash_secret(secret), PasswordReset.used_at.is_(None))
        if not connection.execute(update(PasswordReset).where(*own).values(used_at=at)).rowcount:
            raise NotFound(DEAD_LINK)  # used in this moment
        replace_password(connection, found.staff_id, password_hash, kind=Happened.RESET)
        return str(found.email)

    return database.write(work)


def _store(staff_id: str, by: str | None, now: datetime, *, most: int | None) -> str | None:
    link = new_link_secret()
    row = {
        "secret_hash": link.secret_hash,
        "staff_id": staff_id,
        "created_at": now,
        "expires_at": now + RESET_WITHIN,
    }
    recent = (
        select(func.count())
        .select_from(PasswordReset)
        .where(PasswordReset.staff_id == staff_id, PasswordReset.created_at > now - RESET_WITHIN)
    )

    def work(connection: Connection) -> bool:
        if most is not None and connection.execute(recent).scalar_one() >= most:
            return False
        connection.execute(insert(PasswordReset), row)
        note(connection, staff_id, Happened.RESET_LINK, by=by, at=now)
        return True

    return link.secret if database.write(work) else None


def _resets() -> Any:  # noqa: ANN401 - a statement, whose type would list its columns
    return select(PasswordReset.staff_id, StaffAccount.email).join(
        StaffAccount, StaffAccount.id == PasswordReset.staff_id
    )


def _by_link(connection: Connection, secret: str, now: datetime) -> Any:  # noqa: ANN401 - a row of `_resets`
    own = (
        PasswordReset.secret_hash == hash_secret(secret),
        PasswordReset.used_at.is_(None),
        PasswordReset.expires_at > now,
        StaffAccount.disabled_at.is_(None),
    )
    row = connection.execute(_resets().where(*own)).one_or_none()
    if row is None:
        raise NotFound(DEAD_LINK)
    return row
