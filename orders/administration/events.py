"""The event log of a staff account, shown to its owner and to admins; append-only."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, func, insert, select
from sqlalchemy.orm import aliased

from orders.rules.texts import Text, mark
from orders.storage import database
from orders.storage.models.people import StaffAccount, StaffEvent


class EventKind(StrEnum):
    """The kinds of events; the values are stored and, in English, shown."""

    JOINED = "Accepted the invitation"
    SIGNED_IN = "Signed in"
    RECOVERED = "Signed in by a recovery code"
    PASSWORD = "New password"  # noqa: S105 - words for people
    RESET_LINK = "Link for a new password"
    RESET = "New password by a link"
    FACTOR_ON = "Second factor switched on"
    FACTOR_OFF = "Second factor switched off"
    CODES = "New recovery codes"
    ROLE = "Another role"
    DISABLED = "Disabled"
    ENABLED = "Enabled"


# For translation by an interface; the English texts are stored.
_TEXTS = {
    EventKind.JOINED: mark("Accepted the invitation"),
    EventKind.SIGNED_IN: mark("Signed in"),
    EventKind.RECOVERED: mark("Signed in by a recovery code"),
    EventKind.PASSWORD: mark("New password"),
    EventKind.RESET_LINK: mark("Link for a new password"),
    EventKind.RESET: mark("New password by a link"),
    EventKind.FACTOR_ON: mark("Second factor switched on"),
    EventKind.FACTOR_OFF: mark("Second factor switched off"),
    EventKind.CODES: mark("New recovery codes"),
    EventKind.ROLE: mark("Another role"),
    EventKind.DISABLED: mark("Disabled"),
    EventKind.ENABLED: mark("Enabled"),
}
_TEXT_OF: dict[str, Text] = {str(kind): text for kind, text in _TEXTS.items()}


@dataclass(frozen=True, slots=True)
class AccountEvent:
    """An event with a readable `kind`; `by` is the name or address of another acting person."""

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
    """Add an event within a transaction; `by` is the ID of the acting account."""
    row = {
        "staff_id": staff_id,
        "at": at or datetime.now(UTC),
        "kind": str(kind),
        "by_id": None if by == staff_id else by,
    }
    connection.execute(insert(StaffEvent), row)


def list_events(org_id: str, staff_id: str, *, most: int) -> list[AccountEvent]:
    """Return the newest `most` events of an account of the org, newest first."""
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
    with database.read() as connection:
        return [
            AccountEvent(at, _TEXT_OF.get(kind, kind), by)
            for at, kind, by in connection.execute(statement)
        ]
