"""Change many orders at once: set a status, move to the bin, or restore; and undo such a change.

Each order is changed by `changes` in its own transaction, so that nobody waits for the whole bulk
change. The outcome for each order is stored, so that the bulk change can be undone.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from itertools import islice
from typing import Any

from sqlalchemy import Connection, delete, select, update

from orders.domain.errors import (
    Conflict,
    Forbidden,
    InvalidOrder,
    NotFound,
    OrderError,
    ServiceBusy,
    StaleVersion,
)
from orders.domain.order import Order, OrderChanges
from orders.domain.status import Status
from orders.domain.texts import Figure, joined, lazy_gettext, pack, unpack
from orders.services.accounts.access import Actor
from orders.services.accounts.checks import find_row
from orders.services.orders import changes as order_changes
from orders.services.orders import order_list
from orders.services.orders.order_filter import OrderFilter
from orders.services.orders.order_list import Sort
from orders.storage import database
from orders.storage.sql import unindexed
from orders.storage.tables import bulk_change, insert_new, orders

KEPT = timedelta(days=7)
# A change that has not finished by then was interrupted: its known outcomes can be undone.
PATIENCE = timedelta(minutes=10)


class BulkAction(StrEnum):
    """The action that a bulk change applies to each of its orders."""

    STATUS = "status"
    BIN = "bin"
    RESTORE = "restore"


class BulkResult(StrEnum):
    """The result of a bulk change, or of undoing it, for one of its orders."""

    CHANGED = "changed"
    SAME = "same"  # it was so already
    REFUSED = "refused"
    STALE = "stale"  # changed by another person meanwhile
    GONE = "gone"  # missing, or moved into or out of the bin already
    BUSY = "busy"  # the database could not be written
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class BulkOutcome:
    """The result of a bulk change for one order; `result` is a BulkResult.

    `before` is the order's status before the change, and `version` is its version afterwards.
    `reason` is a text for people that says why the order was not changed; it may be empty.
    """

    id: str
    short_id: str
    before: str
    version: int
    result: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class BulkEdit:
    """A stored change of many orders, with the outcome for each order that was handled so far.

    `status` is the new status if the action is STATUS. `finished_at` is None until all orders are
    handled, and `undone_at` until the change is undone.
    """

    id: str
    action: BulkAction
    status: Status | None
    created_at: datetime
    finished_at: datetime | None
    undone_at: datetime | None
    outcomes: tuple[BulkOutcome, ...]

    @property
    def is_running(self) -> bool:
        """Whether the change is unfinished and began less than PATIENCE ago.

        After that time it counts as interrupted.
        """
        return self.finished_at is None and datetime.now(UTC) - self.created_at < PATIENCE

    def of(self, *results: str) -> tuple[BulkOutcome, ...]:
        """Return the outcomes whose result is one of these BulkResults."""
        return tuple(one for one in self.outcomes if one.result in results)


def find_change(change_id: str, actor: Actor) -> BulkEdit:
    """Return a bulk change that this person has made. Raises NotFound if there is none."""
    which = (bulk_change.c.id == change_id, bulk_change.c.staff_id == actor.id)
    statement = select(bulk_change).where(*which)
    with database.read() as connection:
        row = find_row(
            connection, statement, change_id, lazy_gettext("This change does not exist.")
        )
    return BulkEdit(
        id=row.id,
        action=BulkAction(row.action),
        status=Status(row.status) if row.status else None,
        created_at=row.created_at,
        finished_at=row.finished_at,
        undone_at=row.undone_at,
        outcomes=tuple(
            BulkOutcome(**{**stored, "reason": unpack(stored["reason"])}) for stored in row.outcome
        ),
    )


def _begin(change: BulkEdit, actor: Actor) -> bool:
    """Store a new bulk change; return False if its ID is already in use.

    Also deletes bulk changes that are older than KEPT.
    """
    row: dict[str, Any] = {
        "id": change.id,
        "org_id": actor.org_id,
        "staff_id": actor.id,
        "action": change.action,
        "status": change.status,
        "created_at": change.created_at,
        "outcome": [],
    }

    def claim(connection: Connection) -> bool:
        old = bulk_change.c.created_at < change.created_at - KEPT
        connection.execute(delete(bulk_change).where(old))
        return insert_new(connection, bulk_change, row)

    return database.write(claim)


def _claim_undoing(change: BulkEdit, at: datetime) -> bool:
    which = (bulk_change.c.id == change.id, bulk_change.c.undone_at.is_(None))
    claim = update(bulk_change).where(*which).values(undone_at=at)
    return database.write(lambda connection: connection.execute(claim).rowcount == 1)


def _keep(change: BulkEdit) -> None:
    values = {
        "finished_at": change.finished_at,
        "undone_at": change.undone_at,
        "outcome": [asdict(one) | {"reason": pack(one.reason)} for one in change.outcomes],
    }
    which = bulk_change.c.id == change.id
    database.write(lambda it: it.execute(update(bulk_change).where(which).values(values)).close())


MOST_ORDERS = 1_000
# After each CHUNK of orders their outcomes are stored.
CHUNK = 50

# What undoes an action, apart from setting a status.
_OPPOSITES = {BulkAction.BIN: BulkAction.RESTORE, BulkAction.RESTORE: BulkAction.BIN}


class TooMany(OrderError):  # noqa: N818 - named like its siblings in errors.py
    """Raised when a bulk change would affect more than MOST_ORDERS orders; nothing is changed."""

    def __init__(self) -> None:
        super().__init__(
            lazy_gettext(
                "More than %(most)s orders match. Nothing was changed. Filter the list first.",
                most=Figure(MOST_ORDERS),
            )
        )


@dataclass(frozen=True, slots=True)
class Target:
    """An order to change, with the version of it that the person has seen.

    If the stored version is a different one, the order is not changed.
    """

    short_id: str
    version: int


def targets_of(org_id: str, wanted: OrderFilter, sort: Sort) -> list[Target]:
    """Return the orders that match the filter `wanted`, sorted, each with its current version.

    Raises TooMany if there are more than MOST_ORDERS.
    """
    batches = order_list.ids_in_batches(org_id, wanted, sort, size=MOST_ORDERS)
    ids = list(islice((one for batch in batches for one in batch), MOST_ORDERS + 1))
    if len(ids) > MOST_ORDERS:
        raise TooMany
    found = _read(org_id, orders.c.id, ids)
    return [Target(found[one].short_id, found[one].version) for one in ids if one in found]


def change_orders(
    targets: Sequence[Target], action: BulkAction, *, status: Status | None = None, change_id: str,
    actor: Actor,
) -> BulkEdit:  # fmt: skip
    """Change the orders one by one; return the stored bulk change with the outcome for each order.

    `status` is the new status for BulkAction.STATUS; other actions ignore it. `change_id` is a new
    UUID: if a bulk change with this ID is already stored, that one is returned, and nothing is
    changed. An order whose version is not that of its target is not changed. A target that the org
    does not have has no outcome. Raises TooMany for more than MOST_ORDERS targets.
    """
    if len(targets) > MOST_ORDERS:
        raise TooMany
    change = BulkEdit(change_id, action, status, datetime.now(UTC), None, None, ())
    if not _begin(change, actor):
        return find_change(change_id, actor)
    for outcome in _outcomes(targets, change, actor):
        change = replace(change, outcomes=(*change.outcomes, outcome))
        if len(change.outcomes) % CHUNK == 0:
            _keep(change)
    change = replace(change, finished_at=datetime.now(UTC))
    _keep(change)
    return change


def undo(change_id: str, *, actor: Actor) -> BulkEdit:
    """Undo a bulk change for each order that nobody has changed since.

    Returns the bulk change with the new outcomes. A bulk change that is running, or is already
    undone, is returned unchanged. Raises NotFound for another person's bulk change, or for one that
    was deleted because it is older than KEPT.
    """
    change = find_change(change_id, actor)
    at = datetime.now(UTC)
    if change.is_running or not _claim_undoing(change, at):
        return find_change(change_id, actor)
    outcomes = [
        _undo(one, change, actor) if one.result == BulkResult.CHANGED else one
        for one in change.outcomes
    ]
    change = replace(change, outcomes=tuple(outcomes), undone_at=at)
    _keep(change)
    return change


def _read(org_id: str, column: Any, keys: Sequence[str]) -> dict[str, Any]:  # noqa: ANN401 - a column; rows
    columns = (orders.c.id, orders.c.short_id, orders.c.status, orders.c.version)
    statement = select(*columns).where(unindexed(orders.c.org_id) == org_id, column.in_(keys))
    return {getattr(row, column.name): row for row in database.fetch_all(statement)}


def _outcomes(targets: Sequence[Target], change: BulkEdit, actor: Actor) -> Iterator[BulkOutcome]:
    """Change the orders one by one, and yield the outcome for each; skip missing orders."""
    stored = _read(actor.org_id, orders.c.short_id, [one.short_id for one in targets])
    busy = ""
    for target in targets:
        row = stored.get(target.short_id)
        if row is None:
            continue
        outcome = BulkOutcome(row.id, row.short_id, row.status, row.version, BulkResult.CHANGED)
        if busy:
            # Waiting for a busy database for each of a thousand orders would take hours.
            outcome = replace(outcome, result=BulkResult.BUSY, reason=busy)
        elif change.action is BulkAction.STATUS and change.status == row.status:
            outcome = replace(outcome, result=BulkResult.SAME)
        else:
            change_one = _change_of_one(change.action, change.status)
            outcome = _try(outcome, target.version, change_one, actor)
        busy = outcome.reason if outcome.result == BulkResult.BUSY else ""
        yield outcome


def _undo(outcome: BulkOutcome, change: BulkEdit, actor: Actor) -> BulkOutcome:
    action = _OPPOSITES.get(change.action, change.action)
    change_one = _change_of_one(action, Status(outcome.before))
    undone = _try(outcome, outcome.version, change_one, actor)
    return (
        replace(undone, result=BulkResult.UNDONE) if undone.result == BulkResult.CHANGED else undone
    )


def _change_of_one(action: BulkAction, status: Status | None) -> Callable[..., Order]:
    """Return the function that applies the action to one order.

    `status` is the new status for BulkAction.STATUS; other actions ignore it.
    """
    if action is BulkAction.BIN:
        return order_changes.bin_order
    if action is BulkAction.RESTORE:
        return order_changes.restore_order
    return partial(order_changes.change_order, changes=OrderChanges(status=status))


def _try(
    outcome: BulkOutcome, version: int, change_one: Callable[..., Order], actor: Actor
) -> BulkOutcome:
    """Call `change_one` for the order if it has this version; return the resulting outcome."""
    try:
        after = change_one(outcome.id, actor=actor, is_current=lambda now: now == version)
    except StaleVersion:
        return replace(outcome, result=BulkResult.STALE)
    except NotFound:
        return replace(outcome, result=BulkResult.GONE)
    except InvalidOrder as invalid:
        reasons = joined(error.message for error in invalid.errors)
        return replace(outcome, result=BulkResult.REFUSED, reason=reasons)
    except (Conflict, Forbidden, ServiceBusy) as error:
        result = BulkResult.BUSY if isinstance(error, ServiceBusy) else BulkResult.REFUSED
        return replace(outcome, result=result, reason=error.sentence)
    if after.version == version:
        return replace(outcome, result=BulkResult.SAME)
    return replace(outcome, version=after.version)
