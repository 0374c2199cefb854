"""The event log of a staff account, shown to its owner and to admins; append-only."""

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
    """The kinds of events. Their English texts are stored; an interface translates them."""

    JOINED = lazy_gettext("Accepted the invitation")
    SIGNED_IN = lazy_gettext("Signed in")
    RECOVERED = lazy_gettext("Signed in by a recovery code")
    PASSWORD = lazy_gettext("New password")
    RESET_LINK = lazy_gettext("Link for a new password")
    RESET = lazy_gettext("New password by a link")
    FACTOR_ON = lazy_gettext("Second factor switched on")
    FACTOR_OFF = lazy_gettext("Second factor switched off")
    CODES = lazy_gettext("New recovery codes")
    ROLE = lazy_gettext("Another role")
    DISABLED = lazy_gettext("Disabled")
    ENABLED = lazy_gettext("Enabled")


_TEXT_OF = {str(kind.value): kind.value for kind in EventKind}


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
        "kind": str(kind.value),
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
