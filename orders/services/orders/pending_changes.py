"""What a write of an order means for the tables that lists and numbers read.

Each write of an order also inserts a row of `pending_change`, in the same transaction. A background
thread brings `order_count`, `order_sort`, and `order_text` up to date with these rows and deletes
them. Until then, reads take the pending changes into account (docs/decisions/0061).
"""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, or_, select, text, update

from orders.domain.moments import now_or
from orders.domain.order import Order
from orders.domain.repeated_numbers import number_keys
from orders.domain.search_text import search_text
from orders.services.orders import order_counts, order_sort, order_text
from orders.services.orders.order_counts import PLACE, Place, counted_columns, place_of
from orders.storage import database
from orders.storage.table_copies import take_your_time
from orders.storage.tables import orders, pending_change

log = logging.getLogger(__name__)

AT_ONCE = 100  # changes in one transaction, so that others wait for about ten milliseconds
# Orders in a wrong place that are looked for at once, which reads all orders.
MOST_FOUND = 10_000
# Of PostgreSQL's locks; any number that nothing else uses.
_LOCK = 610_042


def change_rows(before: Order | None, after: Order) -> list[dict[str, Any]]:
    """Return the rows of `pending_change` for a write of an order; `before` is None if it is new.

    The result is empty if neither numbers nor lists nor the search depend on what has changed.
    """
    place, old = place_of(after), before and place_of(before)
    if place != old:
        return [_row(after, number, one) for number, one in ((-1, old), (1, place)) if one]
    if before is None or place is None or _found_by(before) == _found_by(after):
        return []
    return [_row(after, 0, place)]


def _row(order: Order, number: int, place: Place) -> dict[str, Any]:
    own = {"order_id": order.id, "version": order.version, "number": number}
    return {**own, **dict(zip(PLACE, place, strict=True))}


def _found_by(order: Order) -> tuple[str | None, ...]:
    return order.name, order.customer_id, search_text(order)


def store_changes(connection: Connection, before: Order, after: Order) -> None:
    """Store what a change of an order means, in the caller's transaction."""
    if rows := change_rows(before, after):
        connection.execute(insert(pending_change), rows)


def settle_at_once(connection: Connection, order_ids: Sequence[str]) -> None:
    """Bring lists and search up to date with these orders at once, in the caller's transaction.

    For what must not stay for a moment, such as the name of a customer that is erased, and for keys
    that change while the order does not.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    _store_again(connection, order_ids)


def _store_again(connection: Connection, order_ids: Sequence[str]) -> None:
    order_sort.store_again(connection, order_ids)
    order_text.store_again(connection, order_ids)


def settle() -> int:
    """Bring the tables up to date with up to AT_ONCE pending changes; return how many there were.

    While another process does so, nothing is done. Raises ServiceBusy.
    """
    change = pending_change
    if database.fetch_value(select(change.c.number).limit(1)) is None:
        return 0  # without the lock of a write
    with database.transaction() as connection:
        if not _is_alone(connection):
            return 0
        some = select(change.c.order_id).limit(AT_ONCE)
        taken = delete(change).where(change.c.order_id.in_(some))
        returned = (change.c.order_id, *counted_columns(change))
        rows = connection.execute(taken.returning(*returned)).all()
        order_counts.add_to_counts(connection, (row[1:] for row in rows), now_or(None))
        _store_again(connection, sorted({row.order_id for row in rows}))
    return len(rows)


def add_up_old(now: datetime) -> None:
    """Add up the numbers of quarters that nobody asks for any more. Raises ServiceBusy."""
    with database.transaction() as connection:
        if _is_alone(connection):
            order_counts.add_up_old(connection, now)


def _is_alone(connection: Connection) -> bool:
    """Return whether no other transaction updates the tables until this one has ended."""
    if connection.dialect.name == "sqlite":
        return True  # it has one writer
    return bool(connection.execute(select(func.pg_try_advisory_xact_lock(_LOCK))).scalar())


def find_differences(now: datetime | None = None) -> list[str]:
    """Compare the tables with all orders; return a sentence for each difference.

    Raises ServiceBusy.
    """
    with database.read() as connection:
        take_your_time(connection)
        counts = order_counts.find_differences(connection, now_or(now))
        wrong = len(order_sort.find_wrong(connection, MOST_FOUND))
        missed = len(order_text.find_wrong(connection, MOST_FOUND))
    orgs = Counter[str]()
    for (org_id, *_), number in counts.items():
        orgs[org_id] += abs(number)
    found = [
        f"Org {org_id}: {number:,} orders are counted wrong." for org_id, number in orgs.items()
    ]
    found += [f"Orders in a wrong place: {wrong:,} or more."] if wrong else []
    found += [f"Orders that a search may miss: {missed:,} or more."] if missed else []
    with database.transaction() as connection:
        is_damaged = order_text.is_damaged(connection)
    return found + (["The index of the search is damaged."] if is_damaged else [])


def repair(should_stop: Callable[[], bool], now: datetime | None = None) -> int:
    """Correct what was written without pending changes; return how many orders it was.

    During an upgrade, processes of the version before do so. Orders can be written meanwhile. The
    numbers in keys are corrected, too, which began with the customer until schema 0042. Raises
    ServiceBusy.
    """
    repaired = 0
    for step in (_repair_keys, _repair_texts_and_places):
        while not should_stop() and (done := step()):
            repaired += done
    with database.read() as connection:
        take_your_time(connection)
        differences = order_counts.find_differences(connection, now_or(now))
    if differences:
        with database.transaction() as connection:
            order_counts.add_differences(connection, differences, now_or(now))
    repaired += sum(map(abs, differences.values())) + _repair_index()
    if repaired:
        log.warning(
            "%d orders did not match what lists and the search read; this has been corrected.",
            repaired,
        )
    return repaired


def _repair_keys() -> int:
    is_old = or_(*(key.contains("\n") for key in (orders.c.platform_key, orders.c.po_key)))
    with database.read() as connection:
        take_your_time(connection)
        ids = connection.execute(select(orders.c.id).where(is_old).limit(AT_ONCE)).scalars().all()
    if not ids:
        return 0
    some = select(orders.c.id, orders.c.platform, orders.c.metadata).where(orders.c.id.in_(ids))
    with database.transaction() as connection:
        for row in connection.execute(some.with_for_update()).all():
            own = number_keys(row.platform, row.metadata)._asdict()
            connection.execute(update(orders).where(orders.c.id == row.id).values(own))
    return len(ids)


def _repair_texts_and_places() -> int:
    with database.read() as connection:
        take_your_time(connection)
        wrong = order_sort.find_wrong(connection, MOST_FOUND)
        wrong += order_text.find_wrong(connection, MOST_FOUND)
    for start in range(0, len(wrong), AT_ONCE):
        with database.transaction() as connection:
            settle_at_once(connection, wrong[start : start + AT_ONCE])
    return len(wrong)


def _repair_index() -> int:
    with database.read() as connection:
        if not order_text.lacks_texts(connection):
            return 0
    with database.transaction() as connection:
        take_your_time(connection)
        order_text.write_index_again(connection)
        return int(connection.execute(select(func.count()).select_from(orders)).scalar_one())


def rebuild(now: datetime | None = None) -> int:
    """Write the tables again from all orders; return how many orders there are.

    Orders cannot be written meanwhile. Raises ServiceBusy.
    """
    while _repair_keys():
        pass
    with database.transaction() as connection:
        take_your_time(connection)
        if connection.dialect.name == "postgresql":
            # First the table: an erasure has written to it when it waits for the other lock.
            connection.execute(text("LOCK TABLE orders IN SHARE MODE"))
            connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        connection.execute(delete(pending_change))
        order_sort.store_all_again(connection)
        order_text.store_all_again(connection)
        return order_counts.count_again(connection, now_or(now))
