"""The numbers of an org's orders by status, for lists and the start page, without counting orders.

A number is the sum of what is stored in `order_count` and of the changes that are still pending, so
it is never late (docs/decisions/0061).
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
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
    literal_column,
    select,
    values,
)

from orders.domain.order import Order
from orders.domain.status import STATUS_BY_NAME, Status
from orders.storage.tables import add_numbers, order_count, orders, pending_change

# Seconds. Time zones differ by multiples of it, so days begin with one everywhere.
QUARTER = 900
# The start page shows days that are younger. Older quarters are added up, because their number
# would grow for ever.
KEPT = timedelta(days=32)
# What is counted together: org, quarter, status, and whether the orders are canceled.
Place: TypeAlias = tuple[str, int, str, bool]
PLACE = ("org_id", "quarter", "status", "is_canceled")
_TABLES = (order_count, pending_change)
_QUARTERS = {
    "sqlite": f"CAST(strftime('%s', substr(created_at, 1, 19)) AS INTEGER) / {QUARTER}",
    "postgresql": f"CAST(floor(extract(epoch FROM created_at) / {QUARTER}) AS integer)",
}


def quarter_of(moment: datetime) -> int:
    """Return the number of quarters of an hour from 1970 to the one that contains the time."""
    return int(moment.timestamp()) // QUARTER


def place_of(order: Order) -> Place | None:
    """Return under what an order is counted; None in the bin."""
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


def add_to_counts(connection: Connection, rows: Iterable[Any], now: datetime) -> None:
    """Add the numbers of the rows, which have the columns of `counted_columns`."""
    sums = _summed(rows, now)
    # Sorted, so that two transactions never wait for each other.
    added = [(key, number) for key, number in sorted(sums.items()) if number]
    rows_of = [dict(zip(PLACE, key, strict=True)) | {"number": number} for key, number in added]
    add_numbers(connection, order_count, "number", rows_of)


def add_up_old(connection: Connection, now: datetime) -> None:
    """Add up the numbers of all quarters that are older than KEPT."""
    is_old = order_count.c.quarter.between(1, quarter_of(now - KEPT) - 1)
    gone = delete(order_count).where(is_old).returning(*counted_columns(order_count))
    add_to_counts(connection, connection.execute(gone).all(), now)


def find_differences(connection: Connection, now: datetime) -> Counter[Place]:
    """Count all orders; return by how much the numbers that are stored differ, where they do."""
    both = (connection.execute(select(*counted_columns(one))) for one in _TABLES)
    wrong = _summed(connection.execute(_counted(connection)), now)
    wrong.subtract(_summed(chain.from_iterable(both), now))
    return Counter({place: number for place, number in wrong.items() if number})


def add_differences(connection: Connection, differences: Counter[Place], now: datetime) -> None:
    """Correct the numbers by what `find_differences` has returned."""
    add_to_counts(connection, ((*place, number) for place, number in differences.items()), now)


def count_again(connection: Connection, now: datetime) -> int:
    """Count all orders and store their numbers again; return how many orders there are.

    The caller sees to it that no change is pending, and that none is made meanwhile.
    """
    connection.execute(delete(order_count))
    rows = connection.execute(_counted(connection)).all()
    add_to_counts(connection, rows, now)
    return sum(row.number for row in rows)


def counted_columns(table: Table) -> list[Column[Any]]:
    """Return the columns of `order_count` or `pending_change` that are added up."""
    return [table.c[name] for name in (*PLACE, "number")]


def _counted(connection: Connection) -> Select[Any]:
    quarter: Label[Any] = literal_column(_QUARTERS[connection.dialect.name]).label("quarter")
    is_canceled = orders.c.canceled_at.is_not(None).label("is_canceled")
    return (
        select(orders.c.org_id, quarter, orders.c.status, is_canceled, func.count().label("number"))
        .where(orders.c.deleted_at.is_(None))
        .group_by(orders.c.org_id, quarter, orders.c.status, is_canceled)
    )


def _summed(rows: Iterable[Any], now: datetime) -> Counter[Place]:
    """Return the sums of the rows by their place, with all quarters that are old at `now` as 0."""
    oldest = quarter_of(now - KEPT)
    sums: Counter[Place] = Counter()
    for org_id, quarter, status, is_canceled, number in rows:
        kept = quarter if quarter >= oldest else 0
        sums[org_id, kept, status, bool(is_canceled)] += number
    return sums
