"""The numbers of an org's orders by status, for lists and the start page, without counting orders.

Whoever writes an order also writes what that changes, a row of `order_count_change`, in the same
transaction. A background thread adds these rows to `order_count`. Reads use both tables, so no
number is ever late (docs/decisions/0061).
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any, TypeAlias

from sqlalchemy import (
    Column,
    Connection,
    Integer,
    Label,
    Select,
    Table,
    column,
    delete,
    func,
    insert,
    literal_column,
    select,
    text,
    values,
)

from orders.domain.moments import now_or
from orders.domain.order import Order
from orders.domain.status import STATUS_BY_NAME, Status
from orders.storage import database
from orders.storage.tables import add_numbers, order_count, order_count_change, orders

# Seconds. Time zones differ by multiples of it, so days begin with one everywhere.
QUARTER = 900
# The start page shows days that are younger. Older quarters are added up, because their number
# would grow for ever.
KEPT = timedelta(days=32)
AT_ONCE = 5_000  # changes that are added in one transaction
# Of several rows that are counted together: org, quarter, status, and whether they are canceled.
_Key: TypeAlias = tuple[str, int, str, bool]
_KEY = ("org_id", "quarter", "status", "is_canceled")
_TABLES = (order_count, order_count_change)
_QUARTERS = {
    "sqlite": f"CAST(strftime('%s', created_at) AS INTEGER) / {QUARTER}",
    "postgresql": f"CAST(floor(extract(epoch FROM created_at) / {QUARTER}) AS integer)",
}


def quarter_of(moment: datetime) -> int:
    """Return the number of quarters of an hour from 1970 to the one that contains the time."""
    return int(moment.timestamp()) // QUARTER


def change_rows(before: Order | None, after: Order) -> list[dict[str, Any]]:
    """Return the rows of `order_count_change` for a write of an order; `before` is None if new.

    The result is empty if the order is counted as before.
    """
    places = [(-1, before and _place(before)), (1, _place(after))]
    if places[0][1] == places[1][1]:
        return []
    own = {"order_id": after.id, "version": after.version}
    return [
        {**own, "number": number, **dict(zip(_KEY, place, strict=True))}
        for number, place in places
        if place is not None
    ]


def store_changes(connection: Connection, before: Order, after: Order) -> None:
    """Store what a change of an order means for the numbers, in the caller's transaction."""
    if rows := change_rows(before, after):
        connection.execute(insert(order_count_change), rows)


def _place(order: Order) -> _Key | None:
    """Return the key under which an order is counted; None in the bin."""
    if order.deleted_at is not None:
        return None
    is_canceled = order.canceled_at is not None
    return order.org_id, quarter_of(order.created_at), str(order.status), is_canceled


def count_orders(
    connection: Connection,
    org_id: str,
    statuses: Collection[str] = (),
    *,
    is_canceled: bool | None = None,
) -> int:
    """Return the number of the org's orders outside the bin.

    With `statuses`, only orders with one of them count; `is_canceled` is as in OrderFilter.
    """
    sums = []
    for table in _TABLES:
        which = [table.c.org_id == org_id]
        which += [table.c.status.in_([str(one) for one in statuses])] if statuses else []
        which += [] if is_canceled is None else [table.c.is_canceled.is_(is_canceled)]
        summed = select(func.coalesce(func.sum(table.c.number), 0)).where(*which)
        sums.append(summed.scalar_subquery())
    return int(connection.execute(select(sums[0] + sums[1])).scalar_one())


def count_by_day(
    connection: Connection, org_id: str, begins: Sequence[datetime]
) -> Iterator[tuple[int, Status, int]]:
    """Yield (day, status, number of orders) for the days that begin at the times `begins`.

    A day is its place in `begins`, whose last time is the end of the last day; it is younger than
    KEPT. Canceled orders and those in the bin do not count. A day may have the same status twice.
    """
    limits = [quarter_of(begin) for begin in begins]
    days = (
        values(column("day", Integer), column("begins", Integer), column("ends", Integer))
        .data([(at, *limits[at : at + 2]) for at in range(len(limits) - 1)])
        .cte("days")
    )
    for table in _TABLES:
        is_within = (table.c.quarter >= days.c.begins) & (table.c.quarter < days.c.ends)
        counted = (
            select(days.c.day, table.c.status, func.sum(table.c.number))
            .select_from(days)
            .join(table, (table.c.org_id == org_id) & is_within & table.c.is_canceled.is_(False))
            .group_by(days.c.day, table.c.status)
        )
        for day, status, number in connection.execute(counted):
            yield day, STATUS_BY_NAME[status], int(number)


def add_changes() -> int:
    """Add up to AT_ONCE changes of all orgs to the numbers; return how many there were.

    Several processes may do so at the same time. Raises ServiceBusy.
    """
    change = order_count_change
    if database.fetch_value(select(change.c.number).limit(1)) is None:
        return 0  # without the lock of a write
    some = select(change.c.order_id).limit(AT_ONCE).with_for_update(skip_locked=True)
    taken = delete(change).where(change.c.order_id.in_(some))
    with database.transaction() as connection:
        rows = connection.execute(taken.returning(*_columns(change))).all()
        _add(connection, rows, datetime.now(UTC))
    return len(rows)


def add_up_old(now: datetime) -> None:
    """Add up the numbers of all quarters that are older than KEPT. Raises ServiceBusy."""
    is_old = order_count.c.quarter.between(1, quarter_of(now - KEPT) - 1)
    with database.transaction() as connection:
        gone = delete(order_count).where(is_old).returning(*_columns(order_count))
        _add(connection, connection.execute(gone).all(), now)


def find_differences(now: datetime | None = None) -> dict[str, tuple[int, int]]:
    """Count all orders; return the stored and the counted number by org ID where they differ.

    They also differ if they are equal in total, but not by status and time. Raises ServiceBusy.
    """
    at = now_or(now)
    with database.read() as connection:
        both = (connection.execute(select(*_columns(one))) for one in _TABLES)
        stored = _summed(chain.from_iterable(both), at)
        counted = _summed(connection.execute(_counted(connection)), at)
    wrong = {key[0] for key in stored.keys() | counted.keys() if stored[key] != counted[key]}
    return {org_id: (_total(stored, org_id), _total(counted, org_id)) for org_id in sorted(wrong)}


def count_again(now: datetime | None = None) -> int:
    """Count all orders and store their numbers again; return how many orders there are.

    Orders cannot be written meanwhile. Raises ServiceBusy.
    """
    with database.transaction() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("LOCK TABLE orders IN SHARE MODE"))
        for table in _TABLES:
            connection.execute(delete(table))
        rows = connection.execute(_counted(connection)).all()
        _add(connection, rows, now_or(now))
    return sum(row.number for row in rows)


def _counted(connection: Connection) -> Select[Any]:
    quarter: Label[Any] = literal_column(_QUARTERS[connection.dialect.name]).label("quarter")
    is_canceled = orders.c.canceled_at.is_not(None).label("is_canceled")
    return (
        select(orders.c.org_id, quarter, orders.c.status, is_canceled, func.count().label("number"))
        .where(orders.c.deleted_at.is_(None))
        .group_by(orders.c.org_id, quarter, orders.c.status, is_canceled)
    )


def _add(connection: Connection, rows: Iterable[Any], now: datetime) -> None:
    sums = _summed(rows, now)
    # Sorted, so that two processes never wait for each other.
    changed = [dict(zip(_KEY, key, strict=True)) | {"number": sums[key]} for key in sorted(sums)]
    add_numbers(connection, order_count, "number", changed)


def _summed(rows: Iterable[Any], now: datetime) -> Counter[_Key]:
    """Return the sums of the rows by their key, with all quarters that are old at `now` as 0."""
    oldest = quarter_of(now - KEPT)
    sums: Counter[_Key] = Counter()
    for org_id, quarter, status, is_canceled, number in rows:
        kept = quarter if quarter >= oldest else 0
        sums[org_id, kept, status, bool(is_canceled)] += number
    return sums


def _total(sums: Counter[_Key], org_id: str) -> int:
    return sum(number for key, number in sums.items() if key[0] == org_id)


def _columns(table: Table) -> list[Column[Any]]:
    return [table.c[name] for name in (*_KEY, "number")]
