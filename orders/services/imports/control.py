"""Start, stop, resume and undo an import, and delete old uploads."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select, update

from orders.domain.errors import Conflict, FieldError, InvalidInput
from orders.domain.texts import Figure, lazy_gettext, lazy_ngettext
from orders.services.accounts.access import Actor
from orders.services.accounts.account_events import EventKind, record
from orders.services.accounts.orgs import require_org
from orders.services.imports.claim import Clock, utc_now
from orders.services.imports.records import (
    CAN_BE_UNDONE,
    Counts,
    Import,
    ImportState,
    OrderState,
    change_import,
    counts,
    has_run_before,
)
from orders.storage import database
from orders.storage.tables import order_import, order_import_order, order_import_row

NOTHING_GOOD = lazy_gettext(
    "No order in this file can be imported. Fix the file, then upload it again."
)
ONLY_SAME = lazy_gettext("All valid orders already exist. Choose to import them again, or cancel.")
AGAIN = lazy_gettext(
    "This file was imported before. Choose “Import again as new orders” if you want them twice."
)


def start(one: Import, *, actor: Actor, all_or_nothing: bool, skip_same: bool, again: bool) -> None:
    """Let a background job create the orders of a checked import; do nothing if it was started.

    `all_or_nothing` means that no order is created if any order has errors. `skip_same` skips
    orders that already existed when the file was checked. `again` permits a file whose content was
    imported before. Raises Conflict if the import is not checked yet. Raises InvalidInput with an
    error at `mode` if no order is valid, or if `all_or_nothing` is true and an order has errors; at
    `same` if all valid orders would be skipped; or at `again` if the content was imported before
    and `again` is false.
    """
    at = utc_now()
    if one.is_started:
        return
    if one.state != ImportState.CHECKED:
        raise Conflict(
            lazy_gettext("This import is not ready yet. Its file is still being checked.")
        )
    faults = _faults(counts(one), all_or_nothing=all_or_nothing, skip_same=skip_same)
    if faults:
        raise InvalidInput(faults)
    skipped = (
        update(order_import_order)
        .where(
            order_import_order.c.import_id == one.id,
            order_import_order.c.state == OrderState.GOOD,
            order_import_order.c.same_as.is_not(None),
        )
        .values(state=OrderState.SKIPPED)
    )
    started = change_import(
        one.id, {ImportState.CHECKED}, state=ImportState.RUNNING, is_all_or_nothing=all_or_nothing,
        started_at=at, started_by=actor.id, waiting_since=at, claimed_until=None,
    )  # fmt: skip
    twin = select(order_import.c.id).where(has_run_before(one)).limit(1)

    with database.transaction() as connection:
        # Of two files of the same content that are started at the same moment, one waits here.
        require_org(connection, one.org_id, lock=True)
        if not again and connection.execute(twin).first() is not None:
            raise InvalidInput([FieldError("again", AGAIN)])
        if connection.execute(started).rowcount == 1:
            record(connection, one.org_id, EventKind.ORDERS_IMPORTED, one.id)
            if skip_same:
                connection.execute(skipped)


def _faults(found: Counts, *, all_or_nothing: bool, skip_same: bool) -> list[FieldError]:
    if all_or_nothing and found.bad:
        sentence = lazy_ngettext(
            "One order has errors. Fix the file, or skip rows with errors.",
            "%(count)s orders have errors. Fix the file, or skip rows with errors.",
            found.bad, count=Figure(found.bad),
        )  # fmt: skip
        return [FieldError("mode", sentence)]
    if not found.good:
        return [FieldError("mode", NOTHING_GOOD)]
    if skip_same and found.good == found.same:
        return [FieldError("same", ONLY_SAME)]
    return []


def cancel(one: Import) -> None:
    """Stop an import. Orders that it has already created stay; a finished import is not changed."""
    at = utc_now()
    running = change_import(
        one.id, {ImportState.RUNNING}, state=ImportState.CANCELLING, waiting_since=at
    )
    before = change_import(
        one.id, {ImportState.MATCHING, ImportState.CHECKING, ImportState.CHECKED},
        state=ImportState.CANCELLED, finished_at=at, waiting_since=None, claimed_until=None,
    )  # fmt: skip
    with database.transaction() as connection:
        if connection.execute(running).rowcount == 0:
            connection.execute(before)


def carry_on(one: Import) -> None:
    """Let a background job create the missing orders of an import that failed or was stopped.

    The person who started the import is the creator of these orders, too. An import in any other
    state is not changed. Raises Conflict if the import was never started.
    """
    if not one.is_started:
        raise Conflict(lazy_gettext("This import was never started. Upload the file again."))
    at = utc_now()
    resumed = change_import(
        one.id, {ImportState.FAILED, ImportState.CANCELLED}, state=ImportState.RUNNING,
        message=None, finished_at=None, waiting_since=at, claimed_until=None,
    )  # fmt: skip
    database.execute(resumed)


def undo(one: Import, *, actor: Actor) -> None:
    """Start a background job that moves all orders created by the import to the bin.

    `actor` is the person who undoes the import. A second call has no effect. Raises Conflict if
    the import was never started or is still running.
    """
    if not one.is_started:
        raise Conflict(lazy_gettext("This import created no orders."))
    at = utc_now()
    undoing = change_import(
        one.id, CAN_BE_UNDONE, state=ImportState.UNDOING, undone_at=at, undone_by=actor.id,
        message=None, finished_at=None, waiting_since=at, claimed_until=None,
    )  # fmt: skip
    is_done = one.state in {ImportState.UNDOING, ImportState.UNDONE}
    with database.transaction() as connection:
        if connection.execute(undoing).rowcount:
            record(connection, one.org_id, EventKind.IMPORT_UNDONE, one.id)
        elif not is_done:
            raise Conflict(lazy_gettext("Stop the import first, then undo it."))


# How long an upload waits to be started.
KEPT_FOR = timedelta(days=7)
# Imports that are forgotten at a time, and their rows in one transaction.
FORGOTTEN_AT_ONCE = 20
ROWS_AT_ONCE = 1_000


def forget_old(now: Clock = utc_now) -> int:
    """Delete imports that were not started within KEPT_FOR of the upload; return how many.

    At most FORGOTTEN_AT_ONCE imports are deleted.
    """
    before = now() - KEPT_FOR
    is_old = order_import.c.started_at.is_(None) & (order_import.c.created_at < before)
    old = select(order_import.c.id).where(is_old).limit(FORGOTTEN_AT_ONCE)
    return sum(_forget(row.id, is_old) for row in database.fetch_all(old))


def forget_finished(before: datetime) -> int:
    """Delete imports that were finished before `before`, with their rows; return how many.

    The orders stay. At most FORGOTTEN_AT_ONCE imports are deleted.
    """
    is_old = order_import.c.finished_at < before
    old = select(order_import.c.id).where(is_old).limit(FORGOTTEN_AT_ONCE)
    return sum(_forget(row.id, is_old) for row in database.fetch_all(old))


def forget(one: Import) -> bool:
    """Delete an import unless it was started; return whether it was deleted."""
    return _forget(one.id, order_import.c.started_at.is_(None))


def _forget(import_id: str, is_old: ColumnElement[bool]) -> bool:
    """Delete an import if it meets the SQL condition `is_old`; return whether it was deleted."""
    # In this state nobody sees it any more, or works on it.
    hidden = (
        update(order_import)
        .where(order_import.c.id == import_id, is_old)
        .values(state=ImportState.READING, waiting_since=None, claimed_until=None)
    )
    if database.execute(hidden) != 1:
        return False
    for table, place in (
        (order_import_order, order_import_order.c.position),
        (order_import_row, order_import_row.c.number),
    ):
        some = select(place).where(table.c.import_id == import_id).limit(ROWS_AT_ONCE)
        while database.execute(
            delete(table).where(table.c.import_id == import_id, place.in_(some))
        ):
            pass
    return database.execute(delete(order_import).where(order_import.c.id == import_id)) == 1
