"""What happened to an account: for its owner and the admins to see, never changed again."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, func, insert, select
from sqlalchemy.orm import aliased

from orders.rules.texts import Text, mark
from orders.storage import database
from orders.storage.models.people import StaffAccount, StaffEvent


class Happened(StrEnum):
    """The kinds of events, in the words that people read."""

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


# For a door to translate; the English words are what is stored.
_TEXTS = {
    Happened.JOINED: mark("Accepted the invitation"),
    Happened.SIGNED_IN: mark("Signed in"),
    Happened.RECOVERED: mark("Signed in by a recovery code"),
    Happened.PASSWORD: mark("New password"),
    Happened.RESET_LINK: mark("Link for a new password"),
    Happened.RESET: mark("New password by a link"),
    Happened.FACTOR_ON: mark("Second factor switched on"),
    Happened.FACTOR_OFF: mark("Second factor switched off"),
    Happened.CODES: mark("New recovery codes"),
    Happened.ROLE: mark("Another role"),
    Happened.DISABLED: mark("Disabled"),
    Happened.ENABLED: mark("Enabled"),
}
_TEXT_OF: dict[str, Text] = {str(kind): text for kind, text in _TEXTS.items()}


@dataclass(frozen=True, slots=True)
class Event:
    """One event; `kind` is in words for people.

    `by` is the name or address of another person who did it, else empty.
    """

    at: datetime
    kind: str
    by: str


def note(
    connection: Connection,
    staff_id: str,
    kind: Happened,
    *,
    by: str | None = None,
    at: datetime | None = None,
) -> None:
    """Add an event in the transaction of what happened; `by` is the ID of who did it."""
    row = {
        "staff_id": staff_id,
        "at": at or datetime.now(UTC),
        "kind": str(kind),
        "by_id": None if by == staff_id else by,
    }
    connection.execute(insert(StaffEvent), row)


def list_events(org_id: str, staff_id: str, *, most: int) -> list[Event]:
    """Give the newest events of an account of the org, newest first."""
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
            Event(at, _TEXT_OF.get(kind, kind), by)
            for at, kind, by in connection.execute(statement)
        ]
