"""One change of many orders: a status, into the bin or out of it, and its undoing.

Each order is changed by `orders.editing` in a transaction of its own, so that nobody waits for the
whole; what became of each is kept, and so the change can be undone.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from sqlalchemy import select

from orders import editing
from orders.access import Actor
from orders.lists import bulk_records, order_list
from orders.lists.bulk_records import Action, Change, Outcome, Result
from orders.lists.order_list import Wanted
from orders.lists.order_place import Sort
from orders.rules.change_schema import OrderChanges
from orders.rules.errors import (
    Forbidden,
    InvalidOrder,
    NotFound,
    OrderError,
    ServiceBusy,
    StaleVersion,
)
from orders.rules.order import Order
from orders.rules.status import Status
from orders.rules.texts import Figure, joined, mark
from orders.storage import database
from orders.storage.sql import unindexed
from orders.storage.tables import orders

MOST_ORDERS = 1_000
# After so many orders, what became of them is written down.
CHUNK = 50
BATCH = 500  # bound parameters of one statement

# What is done with an order, beside setting a status, and what undoes it.
_ACTS: dict[Action, Callable[..., Order]] = {
    Action.BIN: editing.bin_order,
    Action.RESTORE: editing.restore_order,
}
_WAYS_BACK: dict[Action, Callable[..., Order]] = {
    Action.BIN: editing.restore_order,
    Action.RESTORE: editing.bin_order,
}


class TooMany(OrderError):  # noqa: N818 - named like its siblings in errors.py
    """More orders match than one change may take."""

    def __init__(self) -> None:
        super().__init__(
            mark(
                "More than %(most)s orders match. Nothing was changed: narrow the list first.",
                most=Figure(MOST_ORDERS),
            )
        )


@dataclass(frozen=True, slots=True)
class Target:
    """An order that is to be changed, in the version that somebody has seen."""

    short_id: str
    version: int


def targets_of(org_id: str, wanted: Wanted, sort: Sort) -> list[Target]:
    """Give all orders that match, as they are now. Raises TooMany beyond MOST_ORDERS."""
    batches = order_list.ids_in_batches(org_id, wanted, sort, size=BATCH)
    ids = list(islice((one for batch in batches for one in batch), MOST_ORDERS + 1))
    if len(ids) > MOST_ORDERS:
        raise TooMany
    found = _read(org_id, orders.c.id, ids)
    return [Target(found[one].short_id, found[one].version) for one in ids if one in found]


def change_orders(
    targets: Sequence[Target], action: Action, *, status: Status | None = None, change_id: str,
    actor: Actor, now: datetime | None = None,
) -> Change:  # fmt: skip
    """Change the orders one by one and tell what became of each; at most MOST_ORDERS.

    An order that is no longer in the version of its target is left alone. The same `change_id`
    twice is one change, whose outcome so far is given. Raises TooMany.
    """
    if len(targets) > MOST_ORDERS:
        raise TooMany
    at = now or datetime.now(UTC)
    change = Change(change_id, action, status, at, None, None, ())
    if not bulk_records.begin(change, actor):
        return bulk_records.find_change(change_id, actor)
    for outcome in _outcomes(targets, change, actor):
        change = replace(change, outcomes=(*change.outcomes, outcome))
        if len(change.outcomes) % CHUNK == 0:
            bulk_records.keep(change)
    change = replace(change, finished_at=datetime.now(UTC))
    bulk_records.keep(change)
    return change


def undo(change_id: str, *, actor: Actor, now: datetime | None = None) -> Change:
    """Set each order back that the change has changed and that is still as it was left.

    A second undoing does nothing. Raises NotFound for a change of somebody else, or an old one.
    """
    change = bulk_records.find_change(change_id, actor)
    at = now or datetime.now(UTC)
    if change.is_running or not bulk_records.claim_undoing(change, at):
        return bulk_records.find_change(change_id, actor)
    outcomes = [
        _undo(one, change, actor) if one.result == Result.CHANGED else one
        for one in change.outcomes
    ]
    change = replace(change, outcomes=tuple(outcomes), undone_at=at)
    bulk_records.keep(change)
    return change


def _read(org_id: str, column: Any, keys: Sequence[str]) -> dict[str, Any]:  # noqa: ANN401 - a column; rows
    """Read what the targets are now, by the column's values."""
    columns = (orders.c.id, orders.c.short_id, orders.c.status, orders.c.version)
    found: dict[str, Any] = {}
    with database.read() as connection:
        for start in range(0, len(keys), BATCH):
            batch = keys[start : start + BATCH]
            statement = select(*columns).where(
                unindexed(orders.c.org_id) == org_id, column.in_(batch)
            )
            found |= {getattr(row, column.name): row for row in connection.execute(statement)}
    return found


def _outcomes(targets: Sequence[Target], change: Change, actor: Actor) -> Iterator[Outcome]:
    """Change one order after the other; targets that the org does not have are passed over."""
    stored = _read(actor.org_id, orders.c.short_id, [one.short_id for one in targets])
    busy = ""
    for target in targets:
        row = stored.get(target.short_id)
        if row is None:
            continue
        outcome = Outcome(row.id, row.short_id, row.status, row.version, Result.CHANGED)
        if busy:
            # Whoever waits for a busy database for each of a thousand orders waits for hours.
            outcome = replace(outcome, result=Result.BUSY, reason=busy)
        elif change.action is Action.STATUS and change.status == row.status:
            outcome = replace(outcome, result=Result.SAME)
        else:
            act = _ACTS.get(change.action, _setting(change.status))
            outcome = _try(outcome, target.version, act, actor)
        busy = outcome.reason if outcome.result == Result.BUSY else ""
        yield outcome


def _undo(outcome: Outcome, change: Change, actor: Actor) -> Outcome:
    act = _WAYS_BACK.get(change.action, _setting(Status(outcome.before)))
    undone = _try(outcome, outcome.version, act, actor)
    return replace(undone, result=Result.UNDONE) if undone.result == Result.CHANGED else undone


def _setting(status: Status | None) -> Callable[..., Order]:
    changes = OrderChanges() if status is None else OrderChanges(status=status)
    return lambda reference, **how: editing.change_order(reference, changes, **how)


def _try(outcome: Outcome, version: int, act: Callable[..., Order], actor: Actor) -> Outcome:
    """Act on the order in this version; whatever is refused becomes its outcome."""
    try:
        after = act(outcome.id, actor=actor, is_current=lambda now: now == version)
    except StaleVersion:
        return replace(outcome, result=Result.STALE)
    except NotFound:
        return replace(outcome, result=Result.GONE)
    except InvalidOrder as invalid:
        reasons = joined(error.message for error in invalid.errors)
        return replace(outcome, result=Result.REFUSED, reason=reasons)
    except (Forbidden, ServiceBusy) as error:
        result = Result.BUSY if isinstance(error, ServiceBusy) else Result.REFUSED
        return replace(outcome, result=result, reason=error.sentence)
    if after.version == version:
        return replace(outcome, result=Result.SAME)
    return replace(outcome, version=after.version)
