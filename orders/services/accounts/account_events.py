"""The event logs of staff accounts: sign-ins, passwords, links, the second factor and roles."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from sqlalchemy import Connection, func, insert, select
from sqlalchemy.orm import aliased

from orders.domain.texts import lazy_gettext
from orders.storage import database
from orders.storage.models.people import StaffAccount, StaffEvent


class EventKind(Enum):
    """The kinds of events in an account's log; the database stores each kind's English text."""

    JOINED = lazy_gettext("Accepted the invitation")
    SIGNED_IN = lazy_gettext("Signed in")
    RECOVERED = lazy_gettext("Signed in with a recovery code")
    PASSWORD = lazy_gettext("New password")
    RESET_LINK = lazy_gettext("Password reset link created")
    RESET = lazy_gettext("Password reset with a link")
    FACTOR_ON = lazy_gettext("Two-step sign-in turned on")
    FACTOR_OFF = lazy_gettext("Two-step sign-in turned off")
    CODES = lazy_gettext("New recovery codes")
    ROLE = lazy_gettext("Role changed")
    FAILED = lazy_gettext("Sign-in failed")
    SESSIONS_ENDED = lazy_gettext("Signed out of sessions")
    CONNECTED = lazy_gettext("Company account connected")
    DISCONNECTED = lazy_gettext("Company account disconnected")
    PASSKEY_ON = lazy_gettext("Passkey added")
    PASSKEY_OFF = lazy_gettext("Passkey removed")
    DISABLED = lazy_gettext("Disabled")
    ENABLED = lazy_gettext("Enabled")


_TEXT_OF = {str(kind.value): kind.value for kind in EventKind}


@dataclass(frozen=True, slots=True)
class AccountEvent:
    """An event in the log of a staff account.

    `kind` is the text of an EventKind, which the interface translates. `by` is the name or e-mail
    address of the person who caused the event. It is empty if the account's owner caused the event
    or the person is unknown.
    """

    at: datetime
    kind: str
    by: str


def record_event(
    connection: Connection,
    staff_id: str,
    kind: EventKind,
    *,
    by: str | None = None,
    at: datetime | None = None,
) -> None:
    """Add an event to the log of the account `staff_id`, in the caller's transaction.

    `by` is the ID of the staff account whose owner caused the event. None or `staff_id` means that
    no other person caused it. `at` defaults to the current time.
    """
    row = {
        "staff_id": staff_id,
        "at": at or datetime.now(UTC),
        "kind": str(kind.value),
        "by_id": None if by == staff_id else by,
    }
    connection.execute(insert(StaffEvent), row)


def list_events(org_id: str, staff_id: str, *, most: int) -> list[AccountEvent]:
    """Return the latest events of an account, at most `most`, the newest first.

    The list is empty if the account belongs to another org.
    """
    other = aliased(StaffAccount)
    name: Any = func.coalesce(func.nullif(other.name, ""), other.email, "")
    statement = (
        select(StaffEvent.at, StaffEvent.kind, name)
        .join(StaffAccount, StaffAccount.id == StaffEvent.staff_id)
        .outerjoin(other, other.id == StaffEvent.by_id)
        .where(StaffAccount.org_id == org_id, StaffEvent.staff_id == staff_id)
        .order_by(StaffEvent.id.desc())
        .limit(most)
    )
    return [
        AccountEvent(at, _TEXT_OF.get(kind, kind), by)
        for at, kind, by in database.fetch_all(statement)
    ]
