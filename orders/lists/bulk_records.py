"""Changes of many orders, as they are kept: what was asked for, and what became of each order."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, delete, select, update

from orders.access import Actor
from orders.rules.configuration_id import read_uuid
from orders.rules.errors import NotFound
from orders.rules.status import Status
from orders.rules.texts import mark, pack, unpack
from orders.storage import database
from orders.storage.tables import bulk_change, insert_new

KEPT = timedelta(days=7)
# A change that has not finished by now was interrupted: what is known of it can be undone.
PATIENCE = timedelta(minutes=10)


class Action(StrEnum):
    """What is done with the orders."""

    STATUS = "status"
    BIN = "bin"
    RESTORE = "restore"


class Result(StrEnum):
    """What became of one order."""

    CHANGED = "changed"
    SAME = "same"  # it was so already
    REFUSED = "refused"
    STALE = "stale"  # somebody else has changed it meanwhile
    GONE = "gone"  # it is not there, or in the bin (or out of it) already
    BUSY = "busy"  # the database could not be written: most likely nothing was changed
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one order: `before` is its status before, `version` the one it was left in."""

    id: str
    short_id: str
    before: str
    version: int
    result: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """A change of many orders; not finished while `finished_at` is None."""

    id: str
    action: Action
    status: Status | None
    created_at: datetime
    finished_at: datetime | None
    undone_at: datetime | None
    outcomes: tuple[Outcome, ...]

    @property
    def is_running(self) -> bool:
        """Tell whether somebody is still at work; a process that was stopped is not."""
        return self.finished_at is None and datetime.now(UTC) - self.created_at < PATIENCE

    def of(self, *results: str) -> tuple[Outcome, ...]:
        """Give the orders with one of these results."""
        return tuple(one for one in self.outcomes if one.result in results)


def find_change(change_id: str, actor: Actor) -> Change:
    """Read a change that this person has made. Raises NotFound."""
    row: Any = None
    if read_uuid(change_id) == change_id:
        which = (bulk_change.c.id == change_id, bulk_change.c.staff_id == actor.id)
        with database.read() as connection:
            row = connection.execute(select(bulk_change).where(*which)).one_or_none()
    if row is None:
        raise NotFound(mark("There is no such change."))
    return Change(
        id=row.id,
        action=Action(row.action),
        status=Status(row.status) if row.status else None,
        created_at=row.created_at,
        finished_at=row.finished_at,
        undone_at=row.undone_at,
        outcomes=tuple(_outcome(one) for one in row.outcome),
    )


def _outcome(stored: dict[str, Any]) -> Outcome:
    return Outcome(**{**stored, "reason": unpack(stored["reason"])})


def begin(change: Change, actor: Actor) -> bool:
    """Claim the change's ID; False when somebody has done so before. Old changes are forgotten."""
    row: dict[str, Any] = {
        "id": change.id,
        "org_id": actor.org_id,
        "staff_id": actor.id,
        "action": str(change.action),
        "status": None if change.status is None else str(change.status),
        "created_at": change.created_at,
        "finished_at": None,
        "undone_at": None,
        "outcome": [],
    }

    def work(connection: Connection) -> bool:
        old = bulk_change.c.created_at < change.created_at - KEPT
        connection.execute(delete(bulk_change).where(old))
        return insert_new(connection, bulk_change, row)

    return database.write(work)


def claim_undoing(change: Change, at: datetime) -> bool:
    """Let one of two clicks undo the change."""
    which = (bulk_change.c.id == change.id, bulk_change.c.undone_at.is_(None))
    claim = update(bulk_change).where(*which).values(undone_at=at).returning(bulk_change.c.id)
    return database.write(lambda connection: connection.execute(claim).first() is not None)


def keep(change: Change) -> None:
    """Write down what became of the orders so far."""
    values = {
        "finished_at": change.finished_at,
        "undone_at": change.undone_at,
        "outcome": [asdict(one) | {"reason": pack(one.reason)} for one in change.outcomes],
    }
    which = bulk_change.c.id == change.id
    database.write(lambda it: it.execute(update(bulk_change).where(which).values(values)).close())
