"""The setup of an empty desk: a link that works once creates the first org and its admin."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, exists, insert, or_, select, update

from orders.domain.errors import Conflict, FieldError, NotFound
from orders.domain.preferences import NO_ZONE, Preferences
from orders.domain.texts import lazy_gettext
from orders.services.accounts.access import hash_password, hash_secret
from orders.services.accounts.account_events import EventKind, record_event
from orders.services.accounts.accounts import email_errors, new_account
from orders.services.accounts.checks import name_errors, new_link_secret, person_name_errors, refuse
from orders.services.accounts.orgs import SETUP_ID, insert_org, set_locale
from orders.services.accounts.own_account import preference_errors
from orders.services.accounts.passwords import password_errors
from orders.storage import database
from orders.storage.models.orgs import Org, SetupRow
from orders.storage.models.people import StaffAccount
from orders.storage.tables import setup, staff_preference, upsert

SETUP_WITHIN = timedelta(hours=1)
# Key of the preference that shows a person the checklist of the first steps, and its values.
CHECKLIST = "checklist"
SHOWN, HIDDEN = "shown", "hidden"
DEAD_LINK = lazy_gettext("This link is wrong, or older than an hour, or a newer one replaced it.")
CLOSED = lazy_gettext("This desk is set up already. Sign in, or ask an admin for an invitation.")

_has_org = exists(select(Org.id))


@dataclass(frozen=True, slots=True, repr=False)
class SetupLink:
    """A new link for the setup. Its `secret` cannot be read later: only a hash is stored."""

    secret: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, repr=False)
class FirstOrg:
    """The form of the setup: the org, its first admin, and the admin's preferences, unchecked."""

    org_name: str
    name: str
    email: str
    password: str
    time_zone: str
    language: str


def is_open() -> bool:
    """Return whether the desk can be set up in the browser: no org has ever existed."""
    with database.read() as connection:
        return not _is_closed(connection)


def new_link(secret: str = "", *, now: datetime | None = None) -> SetupLink:
    """Store a link for the setup, which expires after SETUP_WITHIN, and return it.

    Every older link stops working. `secret` is the secret of the new link, or empty for a random
    one. Raises Conflict if an org has ever existed.
    """
    at = now or datetime.now(UTC)
    link = SetupLink(secret or new_link_secret(), at + SETUP_WITHIN)
    values = {"secret_hash": hash_secret(link.secret), "expires_at": link.expires_at}

    with database.transaction() as connection:
        upsert(connection, setup, {"id": SETUP_ID}, values)
        if _is_closed(connection):
            raise Conflict(CLOSED)
    return link


def require_link(secret: str, *, now: datetime | None = None) -> None:
    """Check that `secret` is that of the current link, without using the link up.

    Raises Conflict if an org has ever existed, and NotFound if the link is unknown, replaced or
    expired.
    """
    statement = select(SetupRow.id).where(*_is_current(secret, now or datetime.now(UTC)))
    with database.read() as connection:
        if connection.execute(statement).first() is None:
            raise _refusal(connection)


def set_up(secret: str, form: FirstOrg, *, now: datetime | None = None) -> str:
    """Create the first org and its admin, use the link up, and return the admin's ID.

    All of it happens in one transaction, so that a link creates one org whatever is sent at the
    same time. The time zone and the language become preferences of the admin, and are also those of
    the org's customer pages. Raises InvalidInput with the name of the field as the path of
    each error, Conflict if an org has ever existed, and NotFound if `secret` is not that of the
    current link.
    """
    at = now or datetime.now(UTC)
    require_link(secret, now=at)  # before the costly hash, so that strangers cannot cause load
    email, name = form.email.strip().lower(), form.name.strip()
    preferences = Preferences(time_zone=form.time_zone, language=form.language)
    refuse(_errors(form, email, name, preferences))
    password_hash = hash_password(form.password)

    with database.transaction() as connection:
        # It locks the row: of two requests, the second one waits, and finds the setup closed.
        used = update(SetupRow).where(*_is_current(secret, at)).values(closed_at=at)
        if not connection.execute(used).rowcount:
            raise _refusal(connection)
        org_id = insert_org(connection, form.org_name, at=at)
        set_locale(connection, org_id, language=form.language, time_zone=form.time_zone)
        row = new_account(org_id, email=email, role="admin", password_hash=password_hash, name=name)
        connection.execute(insert(StaffAccount), {**row, "preferences": preferences.as_json()})
        record_event(connection, row["id"], EventKind.CREATED, at=at)
        key = {"staff_id": row["id"], "key": CHECKLIST}
        connection.execute(insert(staff_preference), {**key, "value": SHOWN})
    return str(row["id"])


def _errors(form: FirstOrg, email: str, name: str, preferences: Preferences) -> list[FieldError]:
    """Return the errors of the form in the order of its fields; each path is a field's name."""
    return [
        *(replace(error, path="org_name") for error in name_errors(form.org_name)),
        *person_name_errors(name),
        *email_errors(email),
        *password_errors(form.password, (name, email, form.org_name)),
        *_zone_errors(form.time_zone),
        *preference_errors(preferences),
    ]


def _zone_errors(time_zone: str) -> list[FieldError]:
    # An account may leave it to the org; the first admin chooses for the org.
    return [] if time_zone else [FieldError("time_zone", NO_ZONE)]


def _is_current(secret: str, at: datetime) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions for the row of an open setup whose link has this secret."""
    return (
        SetupRow.id == SETUP_ID,
        SetupRow.closed_at.is_(None),
        SetupRow.secret_hash == hash_secret(secret),
        SetupRow.expires_at > at,
        ~_has_org,
    )


def _refusal(connection: Connection) -> Conflict | NotFound:
    """Return the error for a secret that is not that of the current link of an open setup."""
    return Conflict(CLOSED) if _is_closed(connection) else NotFound(DEAD_LINK)


def _is_closed(connection: Connection) -> bool:
    """Return whether an org exists or has existed."""
    was_closed = exists().where(SetupRow.id == SETUP_ID, SetupRow.closed_at.is_not(None))
    return bool(connection.execute(select(or_(was_closed, _has_org))).scalar_one())
