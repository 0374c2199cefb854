"""The background work on an import: check its orders, then create them; or undo it.

Orders are created one after another, each in its own transaction, so that other writers wait for
one order at most. Each order has an idempotency key made of the import's ID and the order's
position. If a process dies after it has created an order and before it has stored this result, the
order is found by its key, and is not created again.
"""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, insert, select, update

from orders.domain.errors import NotFound, OrderError, ServiceBusy
from orders.domain.fields import whole_count
from orders.domain.imported_orders import ImportedOrder, RowFault
from orders.domain.inputs import Limits
from orders.domain.order import OrderDraft
from orders.domain.repeated_numbers import number_keys
from orders.domain.texts import Figure, lazy_gettext, lazy_ngettext, pack
from orders.services.accounts import access
from orders.services.accounts.access import Actor
from orders.services.accounts.history import IMPORTED
from orders.services.idempotency import IdempotencyKey
from orders.services.imports.claim import Claim, ClaimLost, Clock, claim_next, utc_now
from orders.services.imports.habits import HabitNotes
from orders.services.imports.plan import BadRows, Plan
from orders.services.imports.records import (
    KEY_PREFIX,
    FileOrder,
    Import,
    ImportState,
    OrderState,
    batches,
    read_orders,
)
from orders.services.orders import changes as order_changes
from orders.services.orders import intake
from orders.storage import database
from orders.storage.sql import rows_with
from orders.storage.tables import order_import, order_import_order, orders, submission

log = logging.getLogger(__name__)

# Orders that are checked, and that are created, before the progress is stored.
CHECKED_AT_ONCE = 200
MADE_AT_ONCE = 10
# After each order the import sleeps for REST times the order's duration, at most LONGEST_REST
# seconds, which leaves half of disk and processor to others (docs/benchmarks.md).
REST = 1.0
LONGEST_REST = 0.1
BROKEN = lazy_gettext(
    "Something went wrong during the import. The orders created so far are listed."
)
NOT_UNDONE = lazy_gettext("Something went wrong while undoing the import. Undo it again.")
CHANGED_SINCE = lazy_gettext("It was changed after the import.")
BINNED_BEFORE = lazy_gettext("It was already deleted.")
UNCHECKED = lazy_gettext(
    "Something went wrong while checking the file. No orders were created. Upload the file again."
)

REPEATED = lazy_gettext("Row %(row)s has the same number for this customer.")

ShouldStop = Callable[[], bool]
# Of one order: its position and the values that change.
Outcome = tuple[int, dict[str, Any]]
# Kinds of numbers, and their keys, with the row where each is first.
Seen = dict[tuple[int, str | None, str], int]


def work_next(
    limits: Limits, should_stop: ShouldStop = lambda: False, *, now: Clock = utc_now
) -> bool:
    """Do the background work on the import that has waited longest.

    Stops when the work is done or `should_stop` returns true. Returns False if no import is
    waiting, else True. `limits` are the limits of an order, and `now` returns the current time.
    Raises ServiceBusy if the database cannot be reached; a later call then continues the work.
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
    is_undoing = one.state == ImportState.UNDOING
    person = one.undone_by if is_undoing else one.started_by
    actor = access.staff_actor(person or one.created_by)
    if actor is None:
        sentence = lazy_gettext("The account that started this import no longer exists.")
        claim.finish(ImportState.FAILED, sentence)
    elif one.state == ImportState.CHECKING:
        _check(claim, Plan(one, actor, limits), actor, should_stop)
    elif is_undoing:
        _undo(claim, actor, should_stop)
    else:
        _note_what_was_made(claim, actor)
        if one.state == ImportState.CANCELLING:
            claim.finish(ImportState.CANCELLED)
        else:
            _make(claim, Plan(one, actor, limits), actor, should_stop)


def _give_up(claim: Claim) -> None:
    one = claim.one
    broken = NOT_UNDONE if one.state == ImportState.UNDOING else BROKEN
    try:
        claim.finish(ImportState.FAILED, broken if one.is_started else UNCHECKED)
    except (ClaimLost, ServiceBusy):
        log.warning("The failed import is tried again.")


def _check(claim: Claim, plan: Plan, actor: Actor, should_stop: ShouldStop) -> None:
    """Check the orders that have no result yet, and store the results; create no orders."""
    same = plan.same_orders(claim.keep)
    total = len(plan.groups)
    counted = update(order_import).where(order_import.c.id == claim.one.id)
    counted = counted.values(order_count=total)
    claim.keep(lambda connection: connection.execute(counted))
    done = len(read_orders(claim.one))
    seen: Seen = {}
    habits = HabitNotes(actor)
    for positions in batches(range(done, total), CHECKED_AT_ONCE):
        if should_stop():
            claim.release()
            return
        found = {position: plan.order(position) for position in positions}
        habits.look_up(found.values())
        rows = [
            _judged(claim.one, plan, order, same.get(position), seen, habits)
            | {"position": position}
            for position, order in found.items()
        ]
        claim.keep(_insert(rows))
    claim.finish(ImportState.CHECKED)


def _insert(rows: Sequence[dict[str, Any]]) -> Callable[[Connection], object]:
    return lambda connection: connection.execute(insert(order_import_order), rows)


def _judged(
    one: Import,
    plan: Plan,
    order: ImportedOrder,
    same_as: str | None,
    seen: Seen,
    habits: HabitNotes,
) -> dict[str, Any]:
    """Check one order of the file, and return its row for the table, except its position.

    The row contains the order's errors, or notes about a valid order. `same_as` is the short ID of
    the stored order that it repeats, or None. `seen` maps the order numbers of earlier orders in
    the file to their first rows, so that repeated numbers are noted; those of this order are added.
    `habits` knows what is usual for the order's customer.
    """
    faults: tuple[RowFault, ...] = ()
    is_bad = False
    try:
        # What is not quite right is noted, and refuses nothing.
        draft = plan.draft(order)
        notes = [warning.message for warning in draft.warnings]
        keys = enumerate(number_keys(draft.platform, draft.metadata) if draft.customer_id else ())
        firsts = [
            seen.setdefault((at, draft.customer_id, key), order.rows[0]) for at, key in keys if key
        ]
        notes += [lazy_gettext(REPEATED, row=row) for row in firsts if row != order.rows[0]]
        notes += habits.of(order, draft)
        faults = tuple(RowFault(order.rows[0], "", note) for note in notes)
    except BadRows as bad:
        faults, is_bad = bad.rows, True
    counts = (whole_count(line.get("count")) for line in order.raw["cart"])
    return {
        "import_id": one.id,
        "label": order.label,
        "rows": list(order.rows),
        "pieces": sum(count or 0 for count in counts),
        "state": OrderState.BAD if is_bad else OrderState.GOOD,
        "faults": _stored(faults),
        "same_as": same_as,
    }


def _stored(faults: Sequence[RowFault]) -> list[list[Any]]:
    return [[fault.row, fault.column, pack(fault.message)] for fault in faults]


def _make(claim: Claim, plan: Plan, actor: Actor, should_stop: ShouldStop) -> None:
    """Create the orders that are missing.

    If the import is "all or nothing", all of these orders are checked first, and none is created if
    any has errors.
    """
    is_whole = claim.one.is_all_or_nothing
    waiting = (OrderState.GOOD, OrderState.BAD) if is_whole else (OrderState.GOOD,)
    pending = [order.position for order in read_orders(claim.one, waiting)]
    # With "all or nothing", every order is checked before the first is created.
    drafts = _drafts_of_all(claim, plan, pending) if is_whole else {}
    if is_whole and len(drafts) < len(pending):
        bad = len(pending) - len(drafts)
        sentence = lazy_ngettext(
            "One order has errors that appeared after the file was checked. No further "
            "orders were created.",
            "%(count)s orders have errors that appeared after the file was checked. No "
            "further orders were created.",
            bad, count=Figure(bad),
        )  # fmt: skip
        claim.finish(ImportState.FAILED, sentence)
        return
    for positions in batches(pending, MADE_AT_ONCE):
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
            claim.keep(_note(claim.one, outcomes), in_any_case=True)
    claim.finish(ImportState.DONE)


def _undo(claim: Claim, actor: Actor, should_stop: ShouldStop) -> None:
    """Move the orders that the import created to the bin; note which were changed since."""
    made = read_orders(claim.one, (OrderState.MADE,))
    for orders_at_once in batches(made, MADE_AT_ONCE):
        if should_stop():
            claim.release()
            return
        outcomes: list[Outcome] = []
        try:
            for order in orders_at_once:
                began = time.perf_counter()
                outcomes.append((order.position, _binned(order, actor)))
                time.sleep(min((time.perf_counter() - began) * REST, LONGEST_REST))
        finally:
            claim.keep(_note(claim.one, outcomes, binned=True), in_any_case=True)
    claim.finish(ImportState.UNDONE)


def _binned(order: FileOrder, actor: Actor) -> dict[str, Any]:
    """Move one order to the bin, even if it was changed, and return the values to store for it.

    They include a note if the order was changed since the import or was already in the bin.
    """
    note = ""
    try:
        # A new order has the version 1, and goes into the bin as version 2.
        after = order_changes.bin_order(order.order_id or "", actor=actor)
        note = CHANGED_SINCE if after.version > 2 else ""
    except NotFound:
        note = BINNED_BEFORE
    faults = [RowFault(order.rows[0], "", note)] if note else []
    return {"state": OrderState.BINNED, "faults": _stored(faults)}


def _drafts_of_all(claim: Claim, plan: Plan, pending: Sequence[int]) -> dict[int, OrderDraft]:
    drafts: dict[int, OrderDraft] = {}
    for positions in batches(pending, CHECKED_AT_ONCE):
        outcomes: list[Outcome] = []
        for position in positions:
            try:
                drafts[position] = plan.draft(plan.order(position))
            except BadRows as bad:
                outcomes.append((position, _as_bad(bad.rows)))
            else:
                outcomes.append((position, {"state": OrderState.GOOD, "faults": []}))
        claim.keep(_note(claim.one, outcomes))
    return drafts


def _made(
    one: Import, plan: Plan, position: int, draft: OrderDraft | None, actor: Actor
) -> Outcome:
    """Create one order; return its position and the values to store for it.

    The values are the IDs of the created order, or its errors. If `draft` is None, the order is
    checked first.
    """
    order = plan.order(position)
    key = IdempotencyKey(key_of(one.id, position), plan.fingerprint(position))
    try:
        draft = draft or plan.draft(order)
        made = intake.create_order(draft, actor=actor, key=key, action=IMPORTED)
    except BadRows as bad:
        return position, _as_bad(bad.rows)
    except ServiceBusy:
        raise
    except OrderError as error:
        return position, _as_bad([RowFault(order.rows[0], "", error.sentence)])
    return position, _as_made(made.id, made.short_id)


def _as_made(order_id: str, short_id: str) -> dict[str, Any]:
    return {"state": OrderState.MADE, "order_id": order_id, "short_id": short_id}


def _as_bad(faults: Sequence[RowFault]) -> dict[str, Any]:
    return {"state": OrderState.BAD, "faults": _stored(faults)}


def key_of(import_id: str, position: int) -> str:
    """Return the idempotency key of the import's order at a position in the file, from 0."""
    return f"{KEY_PREFIX}{import_id}:{position}"


def _note(
    one: Import, outcomes: Sequence[Outcome], *, binned: bool = False
) -> Callable[[Connection], object]:
    state = order_import_order.c.state
    # A created order stays created, also when another process writes about it, until it is binned.
    may_change = (
        state == OrderState.MADE if binned else state.not_in((OrderState.MADE, OrderState.BINNED))
    )

    def note(connection: Connection) -> None:
        for position, values in outcomes:
            statement = update(order_import_order).where(
                order_import_order.c.import_id == one.id,
                order_import_order.c.position == position,
                may_change,
            )
            connection.execute(statement.values(values))

    return note


def _note_what_was_made(claim: Claim, actor: Actor) -> None:
    """Store the IDs of created orders for which no result is stored, for example after a crash."""
    one = claim.one
    unmade = read_orders(one, (OrderState.GOOD, OrderState.BAD))
    keys = {key_of(one.id, order.position): order.position for order in unmade}
    statement = (
        select(submission.c.key, orders.c.id, orders.c.short_id)
        .join(orders, orders.c.id == submission.c.order_id)
        .where(submission.c.actor_id == actor.id)
    )
    with database.read() as connection:
        rows = rows_with(connection, statement, submission.c.key, keys)
        outcomes = [(keys[row.key], _as_made(row.id, row.short_id)) for row in rows]
    claim.keep(_note(one, outcomes))
