"""The background work on an import: check its orders, then create them.

Orders are created one after the other, each in a transaction of its own, so that other writers wait
for one order at most. Each has an idempotency key of the import and its position: after a crash, an
order that was created but not noted is found by its key, and not created again.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, insert, select, update

from orders.domain.errors import OrderError, ServiceBusy
from orders.domain.imported_orders import ImportedOrder, RowFault
from orders.domain.inputs import Limits
from orders.domain.order import OrderDraft
from orders.domain.texts import Figure, Text, lazy_gettext, lazy_ngettext, pack
from orders.services.accounts import access
from orders.services.accounts.access import Actor
from orders.services.idempotency import IdempotencyKey
from orders.services.imports.claim import Claim, ClaimLost, Clock, claim_next, utc_now
from orders.services.imports.plan import BadRows, Plan
from orders.services.imports.records import (
    BATCH,
    KEY_PREFIX,
    Import,
    ImportState,
    OrderState,
    read_orders,
)
from orders.services.orders import intake
from orders.services.orders.queries import IMPORTED
from orders.storage import database
from orders.storage.tables import order_import, order_import_order, orders, submission

T = TypeVar("T")
log = logging.getLogger(__name__)

# Orders that are checked, and that are created, before the progress is stored.
CHECKED_AT_ONCE = 200
MADE_AT_ONCE = 10
# After each order the import sleeps for REST times the order's duration, at most LONGEST_REST
# seconds, which leaves half of the disk and of the processor to others (docs/benchmarks.md).
REST = 1.0
LONGEST_REST = 0.1
BROKEN = lazy_gettext(
    "Something broke while the orders were made. Those that were made are listed."
)
UNCHECKED = lazy_gettext(
    "Something broke while the file was checked. Nothing was made; upload it again."
)

ShouldStop = Callable[[], bool]
# Of one order: its position and the values that change.
Outcome = tuple[int, dict[str, Any]]


def never() -> bool:
    """Return False: never stop early."""
    return False


def work_next(limits: Limits, should_stop: ShouldStop = never, *, now: Clock = utc_now) -> bool:
    """Work on the import that has waited the longest, until it is done or `should_stop`.

    Returns False when there is none. Raises ServiceBusy when the database cannot be reached: the
    claim then ends by itself, and the work goes on later.
    """
    claim = claim_next(now)
    if claim is None:
        return False
    try:
        _work(claim, limits, should_stop)
    except ClaimLost:
        claim.release()
    except ServiceBusy:
        raise
    except Exception:
        log.exception("An import has failed.")
        _give_up(claim)
    return True


def _work(claim: Claim, limits: Limits, should_stop: ShouldStop) -> None:
    one = claim.one
    actor = access.staff_actor(one.started_by or one.created_by)
    if actor is None:
        claim.finish(
            ImportState.FAILED, lazy_gettext("The account that has started this is no more.")
        )
    elif one.state == ImportState.CHECKING:
        _check(claim, Plan(one, actor, limits), should_stop)
    else:
        _note_what_was_made(claim, actor)
        if one.state == ImportState.CANCELLING:
            claim.finish(ImportState.CANCELLED)
        else:
            _make(claim, Plan(one, actor, limits), actor, should_stop)


def _give_up(claim: Claim) -> None:
    try:
        claim.finish(ImportState.FAILED, BROKEN if claim.one.is_started else UNCHECKED)
    except (ClaimLost, ServiceBusy):
        log.warning("The failed import is tried again.")


def _check(claim: Claim, plan: Plan, should_stop: ShouldStop) -> None:
    """Check every order of the file; nothing is created."""
    same = plan.same_orders(claim.keep)
    total = len(plan.groups)
    counted = (
        update(order_import).where(order_import.c.id == claim.one.id).values(order_count=total)
    )
    claim.keep(lambda connection: connection.execute(counted))
    done = len(read_orders(claim.one))
    for positions in _pieces(range(done, total), CHECKED_AT_ONCE):
        if should_stop():
            claim.release()
            return
        rows = [_judged(claim.one, plan, position, same.get(position)) for position in positions]
        claim.keep(_inserting(rows))
    claim.finish(ImportState.CHECKED)


def _inserting(rows: Sequence[dict[str, Any]]) -> Callable[[Connection], object]:
    return lambda connection: connection.execute(insert(order_import_order), rows)


def _judged(one: Import, plan: Plan, position: int, same_as: str | None) -> dict[str, Any]:
    order = plan.order(position)
    faults: tuple[RowFault, ...] = ()
    try:
        plan.draft(order)
    except BadRows as bad:
        faults = bad.rows
    return {
        "import_id": one.id,
        "position": position,
        "label": order.label,
        "rows": list(order.rows),
        "pieces": _pieces_of(order),
        "state": OrderState.BAD if faults else OrderState.GOOD,
        "faults": _stored(faults),
        "same_as": same_as,
    }


def _pieces_of(order: ImportedOrder) -> int:
    counts = (line.get("count") for line in order.raw["cart"])
    return sum(count for count in counts if isinstance(count, int) and 0 < count <= 1_000_000)


def _stored(faults: Sequence[RowFault]) -> list[list[Any]]:
    return [[fault.row, fault.column, pack(fault.message)] for fault in faults]


def _make(claim: Claim, plan: Plan, actor: Actor, should_stop: ShouldStop) -> None:
    """Create the orders that are missing, after all of them were checked again."""
    is_whole = claim.one.is_all_or_nothing
    waiting = (OrderState.GOOD, OrderState.BAD) if is_whole else (OrderState.GOOD,)
    pending = [order.position for order in read_orders(claim.one, waiting)]
    drafts: dict[int, OrderDraft] = {}
    if is_whole:
        # All of them before the first is created.
        drafts = _drafts_of_all(claim, plan, pending)
        if len(drafts) < len(pending):
            bad = len(pending) - len(drafts)
            claim.finish(ImportState.FAILED, _whole_failed(bad))
            return
    for positions in _pieces(pending, MADE_AT_ONCE):
        if should_stop():
            claim.release()
            return
        outcomes: list[Outcome] = []
        try:
            for position in positions:
                began = time.perf_counter()
                made = _made(claim.one, plan, position, drafts.get(position), actor)
                time.sleep(min((time.perf_counter() - began) * REST, LONGEST_REST))
                outcomes.append(made)
        finally:
            claim.tell(_noting(claim.one, outcomes))
    claim.finish(ImportState.DONE)


def _whole_failed(bad: int) -> Text:
    return lazy_ngettext(
        "One order has errors that were not there when the file was checked. No further order was "
        "made.",
        "%(count)s orders have errors that were not there when the file was checked. No further "
        "order was made.",
        bad, count=Figure(bad),
    )  # fmt: skip


def _drafts_of_all(claim: Claim, plan: Plan, pending: Sequence[int]) -> dict[int, OrderDraft]:
    drafts: dict[int, OrderDraft] = {}
    for positions in _pieces(pending, CHECKED_AT_ONCE):
        outcomes: list[Outcome] = []
        for position in positions:
            try:
                drafts[position] = plan.draft(plan.order(position))
            except BadRows as bad:
                outcomes.append((position, _as_bad(bad.rows)))
            else:
                outcomes.append((position, {"state": OrderState.GOOD, "faults": []}))
        claim.keep(_noting(claim.one, outcomes))
    return drafts


def _made(
    one: Import, plan: Plan, position: int, draft: OrderDraft | None, actor: Actor
) -> Outcome:
    """Create one order, or return why not."""
    order = plan.order(position)
    once = IdempotencyKey(key_of(one.id, position), plan.fingerprint(position))
    try:
        made = intake.create_order(
            draft or plan.draft(order), actor=actor, key=once, action=IMPORTED
        )
    except BadRows as bad:
        return position, _as_bad(bad.rows)
    except ServiceBusy:
        raise
    except OrderError as error:
        return position, _as_bad([RowFault(order.rows[0], "", error.sentence)])
    return position, {"state": OrderState.MADE, "order_id": made.id, "short_id": made.short_id}


def _as_bad(faults: Sequence[RowFault]) -> dict[str, Any]:
    return {"state": OrderState.BAD, "faults": _stored(faults)}


def key_of(import_id: str, position: int) -> str:
    """Return the idempotency key of an order of an import."""
    return f"{KEY_PREFIX}{import_id}:{position}"


def _noting(one: Import, outcomes: Sequence[Outcome]) -> Callable[[Connection], object]:
    def note(connection: Connection) -> None:
        for position, values in outcomes:
            statement = update(order_import_order).where(
                order_import_order.c.import_id == one.id,
                order_import_order.c.position == position,
                # A created order stays created, whatever another process writes about it.
                order_import_order.c.state != OrderState.MADE,
            )
            connection.execute(statement.values(values))

    return note


def _note_what_was_made(claim: Claim, actor: Actor) -> None:
    """Store the outcome of orders that were created but not noted, as after a crash."""
    one = claim.one
    unmade = read_orders(one, (OrderState.GOOD, OrderState.BAD))
    keys = {key_of(one.id, order.position): order.position for order in unmade}
    outcomes: list[Outcome] = []
    for names in _pieces(list(keys), BATCH):
        statement = (
            select(submission.c.key, orders.c.id, orders.c.short_id)
            .join(orders, orders.c.id == submission.c.order_id)
            .where(submission.c.actor_id == actor.id, submission.c.key.in_(names))
        )
        with database.read() as connection:
            outcomes += [
                (keys[row.key],
                 {"state": OrderState.MADE, "order_id": row.id, "short_id": row.short_id})
                for row in connection.execute(statement)
            ]  # fmt: skip
    claim.keep(_noting(one, outcomes))


def _pieces(every: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(every), size):
        yield every[start : start + size]
