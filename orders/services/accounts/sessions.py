"""Sessions of signed-in people: each sign-in begins one, which can be listed and ended.

The browser keeps the secret of its session in a signed cookie. Only a hash is stored, so that
nobody who reads the database can use a session. A session that has ended has no row.
"""

import contextlib
import ipaddress
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, bindparam, delete, insert, select, update

from orders.domain.errors import Forbidden, ServiceBusy
from orders.domain.identifiers import read_uuid
from orders.domain.texts import lazy_gettext
from orders.services.accounts.access import (
    StaffMember,
    credentials_of,
    hash_secret,
    staff_member,
    staff_with_org,
)
from orders.services.accounts.account_events import EventKind, record_event
from orders.services.accounts.checks import new_link_secret
from orders.storage import database
from orders.storage.database import CompiledSelect
from orders.storage.models.people import StaffAccount, StaffSessionRow
from orders.storage.tables import columns_of, staff_session

# Precision of `last_used_at`: a write with every page would cost more than the page.
USE_PRECISION = timedelta(minutes=1)
# For how long sensitive actions need no new proof of who the person is.
CONFIRMED_FOR = timedelta(minutes=10)
# For people who have not proved who they are, as far as we know.
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
CHANGED = lazy_gettext("Your account was changed while you signed in. Please sign in again.")
MAX_USER_AGENT = 255  # characters


class SignInWay(StrEnum):
    """How a person signed in; the database stores the values."""

    PASSWORD = "password"  # noqa: S105 - a name
    PROVIDER = "provider"  # of company accounts
    PASSKEY = "passkey"


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long sessions last: `idle` after their last use, and `total` after the sign-in."""

    idle: timedelta
    total: timedelta


@dataclass(frozen=True, slots=True)
class Browser:
    """The browser that begins a session: its `User-Agent` header and its IP address."""

    user_agent: str
    address: str


@dataclass(frozen=True, slots=True)
class StaffSession:
    """The session that a request belongs to, and the person who is signed in.

    `created_at` is when the person signed in, and `confirmed_at` when they last proved who they
    are, by their password or a code. `member` does not lack a second factor if the person signed in
    in a `way` that needs none.
    """

    id: str
    member: StaffMember
    created_at: datetime
    confirmed_at: datetime
    way: SignInWay = SignInWay.PASSWORD

    def is_confirmed(self, now: datetime | None = None) -> bool:
        """Return whether the person proved who they are within CONFIRMED_FOR."""
        return self.confirmed_at > (now or datetime.now(UTC)) - CONFIRMED_FOR


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """A session in the list of an account.

    `network` is the shortened IP address from which the person signed in.
    """

    id: str
    created_at: datetime
    last_used_at: datetime
    user_agent: str
    network: str


_by_secret = CompiledSelect(
    staff_with_org.add_columns(
        StaffSessionRow.id.label("session_id"),
        StaffSessionRow.created_at.label("session_created_at"),
        StaffSessionRow.last_used_at.label("session_used_at"),
        StaffSessionRow.confirmed_at,
        StaffSessionRow.way,
    )
    .join(StaffSessionRow, StaffSessionRow.staff_id == StaffAccount.id)
    .where(
        StaffSessionRow.secret_hash == bindparam("secret_hash"), StaffAccount.disabled_at.is_(None)
    ),
    remembered=256,
)


def begin(
    member: StaffMember,
    browser: Browser,
    *,
    kind: EventKind | None = EventKind.SIGNED_IN,
    way: SignInWay = SignInWay.PASSWORD,
    proven_at: datetime | None = None,
    since: datetime | None = None,
    now: datetime | None = None,
) -> str:
    """Begin a session for a person who has proved who they are, and return its secret.

    `proven_at` is when they did so, and `since` when they signed in, from which on the lifetime of
    the session counts; None means now.

    `kind` is the event to record in the account's log, or None if the session replaces one that a
    change of the person's own has ended. With a `kind`, the time counts as the person's last
    sign-in, and their failed tries are forgotten. Raises Forbidden if the account was disabled, or
    its password or second factor was changed, since `member` was read.
    """
    at, secret = now or datetime.now(UTC), new_link_secret()
    row = {
        "id": str(uuid.uuid4()),
        "org_id": member.org_id,
        "staff_id": member.id,
        "secret_hash": hash_secret(secret),
        "created_at": min(since or at, at),
        "last_used_at": at,
        "confirmed_at": min(proven_at or at, at),
        "way": way,
        "user_agent": browser.user_agent[:MAX_USER_AGENT],
        "network": network_of(browser.address),
    }

    # Locked: what ends all sessions of the person at the same time also ends this one.
    current = select(StaffAccount).where(StaffAccount.id == member.id).with_for_update()

    with database.transaction() as connection:
        account = connection.execute(current).one()
        if account.disabled_at is not None or credentials_of(account) != member.credentials:
            raise Forbidden(CHANGED)
        connection.execute(insert(StaffSessionRow), row)
        if kind is not None:
            values = {"last_signed_in_at": at, "failed_tries": 0, "failed_try_at": None}
            own = update(StaffAccount).where(StaffAccount.id == member.id)
            connection.execute(own.values(values))
            record_event(connection, member.id, kind, at=at)
    return secret


def find(secret: str, lifetimes: Lifetimes, *, now: datetime | None = None) -> StaffSession | None:
    """Return the session with this secret, and record that it was used.

    Returns None if there is none, if it has expired, or if the account is disabled. The use is
    recorded once within USE_PRECISION, and not while the database is busy.
    """
    rows = database.rows(_by_secret, {"secret_hash": hash_secret(secret)}) if secret else ()
    if not rows:
        return None
    found, at = rows[0], now or datetime.now(UTC)
    if min(found.session_used_at + lifetimes.idle, found.session_created_at + lifetimes.total) < at:
        return None
    if found.session_used_at <= at - USE_PRECISION:
        own = update(StaffSessionRow).where(StaffSessionRow.id == found.session_id)
        # Reading must not depend on writing; the next use is recorded instead.
        with contextlib.suppress(ServiceBusy):
            database.execute(own.values(last_used_at=at))
    member, way = staff_member(found), SignInWay(found.way)
    if way is SignInWay.PASSKEY or (way is SignInWay.PROVIDER and member.trusts_provider):
        member = replace(member, lacks_second_factor=False)
    return StaffSession(found.session_id, member, found.session_created_at, found.confirmed_at, way)


def confirm(session: StaffSession, *, now: datetime | None = None) -> None:
    """Record that the person has proved again who they are."""
    own = update(StaffSessionRow).where(StaffSessionRow.id == session.id)
    database.execute(own.values(confirmed_at=now or datetime.now(UTC)))


def list_sessions(
    org_id: str, staff_id: str, lifetimes: Lifetimes, *, now: datetime | None = None
) -> Sequence[SessionSummary]:
    """Return the sessions of an account that have not ended, the one used last first."""
    statement = (
        select(*columns_of(SessionSummary, staff_session))
        .where(
            StaffSessionRow.staff_id == staff_id,
            StaffSessionRow.org_id == org_id,
            _is_alive(lifetimes, now or datetime.now(UTC)),
        )
        .order_by(StaffSessionRow.last_used_at.desc(), StaffSessionRow.id)
    )
    return [SessionSummary(*row) for row in database.fetch_all(statement)]


def end(session_id: str) -> None:
    """End one session, as its person signs out; do nothing if it has ended."""
    ended = delete(StaffSessionRow).where(StaffSessionRow.id == session_id)
    with database.transaction() as connection:
        staff_id = connection.execute(ended.returning(StaffSessionRow.staff_id)).scalar()
        if staff_id is not None:
            record_event(connection, staff_id, EventKind.SIGNED_OUT, by=staff_id)


def end_some(
    org_id: str,
    staff_id: str,
    *,
    only: str | None = None,
    but: str | None = None,
    by: str | None = None,
) -> int:
    """End sessions of an account, and return how many were ended.

    All of them are ended, or the one with the ID `only`, or all but the one with the ID `but`. `by`
    is the ID of the account that does it. An event is recorded if a session was ended.
    """
    which = [StaffSessionRow.org_id == org_id, StaffSessionRow.staff_id == staff_id]
    if only is not None:
        if read_uuid(only) is None:  # PostgreSQL rejects NUL characters
            return 0
        which.append(StaffSessionRow.id == only)
    if but is not None:
        which.append(StaffSessionRow.id != but)

    with database.transaction() as connection:
        ended = connection.execute(delete(StaffSessionRow).where(*which)).rowcount
        if ended:
            record_event(connection, staff_id, EventKind.SESSIONS_ENDED, by=by)
    return ended


def clear_old(lifetimes: Lifetimes, *, now: datetime | None = None) -> None:
    """Delete the sessions of all orgs that have expired."""
    is_alive = _is_alive(lifetimes, now or datetime.now(UTC))
    database.execute(delete(StaffSessionRow).where(~is_alive))


def end_all(connection: Connection, staff_id: str) -> None:
    """End all sessions of an account, in the caller's transaction."""
    connection.execute(delete(StaffSessionRow).where(StaffSessionRow.staff_id == staff_id))


def record_failed_try(email: str, *, now: datetime | None = None) -> None:
    """Count a wrong password or code for the account with this e-mail address, if there is one.

    The first try since the last sign-in is also an event in the account's log.
    """
    at = now or datetime.now(UTC)
    address = email.strip().lower().replace("\0", "")
    counted = (
        update(StaffAccount)
        .where(StaffAccount.email == address, StaffAccount.disabled_at.is_(None))
        .values(failed_tries=StaffAccount.failed_tries + 1, failed_try_at=at)
        .returning(StaffAccount.id, StaffAccount.failed_tries)
    )
    with database.transaction() as connection:
        found = connection.execute(counted).one_or_none()
        if found is not None and found.failed_tries == 1:
            record_event(connection, found.id, EventKind.FAILED, at=at)


def failed_tries(member: StaffMember) -> int:
    """Return how many wrong passwords and codes were sent since the person's last sign-in."""
    own = select(StaffAccount.failed_tries).where(StaffAccount.id == member.id)
    return int(database.fetch_value(own) or 0)


def network_of(address: str) -> str:
    """Return an IP address shortened to its network, such as `203.0.113.x` or `2001:db8:1:x`.

    Returns an empty text for anything else.
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is None:
            groups = ip.exploded.split(":")[:3]
            return ":".join(f"{int(group, 16):x}" for group in groups) + ":x"
        ip = ip.ipv4_mapped
    return str(ip).rpartition(".")[0] + ".x"


def _is_alive(lifetimes: Lifetimes, at: datetime) -> ColumnElement[bool]:
    return (StaffSessionRow.last_used_at >= at - lifetimes.idle) & (
        StaffSessionRow.created_at >= at - lifetimes.total
    )
