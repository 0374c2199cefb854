"""Lists of orders: in numbered pages for the API, and by cursors for the desk and its exports."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select

from orders.domain.order import FIELD_BY_PATH, SORTABLE_FIELDS, FieldKind, Order
from orders.domain.status import Status
from orders.services.orders.order_counts import count_orders
from orders.services.orders.order_dates import ByDay, with_day
from orders.services.orders.order_filter import OrderFilter, conditions
from orders.services.orders.order_sort import STEP, by_sort_table
from orders.services.orders.queries import any_order, order_from
from orders.storage import database
from orders.storage.cursors import (
    Cursor,
    CursorPage,
    Finder,
    Keyset,
    cursor_of,
    cursor_page,
    find_rows,
)
from orders.storage.pages import (
    MOST_COUNTED,
    Count,
    LongList,
    Page,
    Paging,
    count_all,
    numbered_page,
)
from orders.storage.replica import from_replica
from orders.storage.tables import cart_line, columns_of, order_date, orders

PAGE_SIZE = 50
# Orders that the desk's first page counts at most; beyond, there are "more than" these.
COUNTED_ON_DESK = 500
# Orders that are found at once for an export. Where no index has the order of the list, each query
# sorts all orders again: the fewer queries, the better.
MOST_FOUND = 10_000
SORTABLE = tuple(field.wire_name for field in SORTABLE_FIELDS)
_COLUMNS: dict[str, ColumnElement[Any]] = {
    field.wire_name: orders.c[field.name] for field in SORTABLE_FIELDS
} | {"status": STEP, "name": orders.c.name_key, "customerId": orders.c.customer_key}


@from_replica
def find_orders(org_id: str, wanted: OrderFilter, paging: Paging) -> Page[Order]:
    """Return a page of the org's orders that match `wanted`; `count` is their total number.

    It is exact up to the number that `storage.pages` counts at most, and for lists that are
    filtered by status alone.
    """
    is_number_kept = replace(wanted, statuses=(), is_canceled=None) == OrderFilter()
    by_table = by_sort_table(org_id, wanted, paging.sort_field, is_descending=paging.is_descending)

    def count(connection: Connection, entries: Select[Any]) -> Count:
        if is_number_kept:
            statuses, is_canceled = wanted.statuses, wanted.is_canceled
            return Count(count_orders(connection, org_id, statuses, is_canceled=is_canceled))
        if by_table is not None:
            return by_table.count(connection, MOST_COUNTED)
        return count_all(connection, entries, MOST_COUNTED)

    with database.read() as connection:
        found = select(orders.c.id).where(*conditions(connection, org_id, wanted))
        return numbered_page(
            connection, found, paging, sortable=_COLUMNS, tie=orders.c.id, make=order_from,
            long=LongList(any_order, by_table or find_rows, count),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sort:
    """The sort order of a list: the JSON name of a field in SORTABLE, and the direction.

    The field may also be the path of an attribute that is a day or a week, such as
    "metadata.deliveryDate".
    """

    field: str = "createdAt"
    is_descending: bool = True

    @property
    def date_key(self) -> str | None:
        """The key of the attribute by whose days the list is sorted, or None."""
        _, dot, key = self.field.partition(".")
        return key if dot else None

    def __str__(self) -> str:
        """Return the URL parameter `sort`, such as "-name"; a hyphen means descending."""
        return f"-{self.field}" if self.is_descending else self.field


NEWEST_FIRST = Sort()


def read_sort(text: str, dates: Collection[str] = ()) -> Sort | None:
    """Return the sort order that a URL parameter such as "-name" describes.

    Returns None if the field is neither in SORTABLE nor in `dates`, the paths of the org's
    attributes that are days or weeks.
    """
    field = text.removeprefix("-")
    is_known = field in SORTABLE or field in dates
    return Sort(field, text.startswith("-")) if is_known else None


def _keyset(sort: Sort) -> Keyset:
    """Return the column and direction of a sort order, for paging with cursors.

    Rows without a text or a day in the column come last.
    """
    if sort.date_key is not None:
        down = sort.is_descending
        return Keyset(str(sort), order_date.c.day, orders.c.id, is_descending=down, has_nulls=True)
    column = _COLUMNS[sort.field]
    kind = FIELD_BY_PATH[sort.field].kind
    return Keyset(
        str(sort),
        column,
        orders.c.id,
        column_type={FieldKind.TIME: datetime, FieldKind.STATUS: int}.get(kind, str),
        is_descending=sort.is_descending,
        has_nulls=kind is FieldKind.TEXT,
    )


@dataclass(frozen=True, slots=True)
class OrderSummary:
    """An order in the list.

    `lines` is the number of lines in its cart, and `pieces` is the sum of their counts.
    """

    id: str
    short_id: str
    name: str | None
    customer_id: str | None
    platform: dict[str, Any]
    metadata: dict[str, Any]
    derivative: dict[str, Any]
    status: Status
    created_at: datetime
    updated_at: datetime
    created_by: str
    deleted_at: datetime | None
    canceled_at: datetime | None
    version: int
    lines: int
    pieces: int


@from_replica
def list_page(
    org_id: str, wanted: OrderFilter, sort: Sort, *, older_than: str = "", newer_than: str = ""
) -> CursorPage[OrderSummary]:
    """Return a page of at most PAGE_SIZE orders of the org that match `wanted`.

    `older_than` and `newer_than` are cursors from a page with the same sort order. If neither is
    valid, the first page is returned. Only the first page has a `count`: the number of all orders
    that match, up to COUNTED_ON_DESK.
    """
    with database.read() as connection:
        page = cursor_page(
            connection, _ids(connection, org_id, wanted, sort), _keyset(sort), size=PAGE_SIZE,
            older_than=older_than, newer_than=newer_than, most_counted=COUNTED_ON_DESK,
            find=_finder(org_id, wanted, sort),
        )  # fmt: skip
        summaries = _read(connection, [row.id for row in page.rows])
    return CursorPage(summaries, page.newer, page.older, page.count, page.has_more)


def ids_in_batches(
    org_id: str, wanted: OrderFilter, sort: Sort, *, size: int
) -> Iterator[list[str]]:
    """Yield the IDs of all orders that match `wanted`, sorted by `sort`, in lists.

    Each list has at most `size` IDs. The IDs are queried MOST_FOUND at a time, and no transaction
    is open between two queries.
    """
    cursor: Cursor | None = None
    while True:
        found = _find_rows(org_id, wanted, sort, cursor)
        for start in range(0, len(found), size):
            yield [row.id for row in found[start : start + size]]
        if len(found) < MOST_FOUND:
            return
        cursor = cursor_of(found[-1])


@from_replica
def _find_rows(
    org_id: str, wanted: OrderFilter, sort: Sort, cursor: Cursor | None
) -> Sequence[Any]:
    find = _finder(org_id, wanted, sort)
    with database.read() as connection:
        statement = _ids(connection, org_id, wanted, sort)
        return find(connection, statement, _keyset(sort), cursor, most=MOST_FOUND)


def _ids(connection: Connection, org_id: str, wanted: OrderFilter, sort: Sort) -> Select[Any]:
    """Return a SELECT of the IDs of orders that match; reading other columns would be slower."""
    if isinstance(_finder(org_id, wanted, sort), ByDay):
        found = conditions(connection, org_id, replace(wanted, dates=()), by_org=False)
        return select(orders.c.id).where(*found)
    every = select(orders.c.id).where(*conditions(connection, org_id, wanted))
    return every if sort.date_key is None else with_day(every, sort.date_key)


def _finder(org_id: str, wanted: OrderFilter, sort: Sort) -> Finder:
    """Return how the orders are found: by an index of another table if there is one for it."""
    rest = replace(wanted, dates=(), is_canceled=wanted.is_canceled or None)
    is_of_key = all(one.key == sort.date_key for one in wanted.dates)
    if sort.date_key is not None and is_of_key and rest == OrderFilter():
        return ByDay(org_id, sort.date_key, wanted.dates)
    by_table = by_sort_table(org_id, wanted, sort.field, is_descending=sort.is_descending)
    return by_table or find_rows


def _read(connection: Connection, ids: Sequence[str]) -> list[OrderSummary]:
    statement = select(*columns_of(OrderSummary, orders)).where(orders.c.id.in_(ids))
    rows = {row.id: row._asdict() for row in connection.execute(statement)}
    counted = (
        select(cart_line.c.order_id, func.count(), func.sum(cart_line.c.count))
        .where(cart_line.c.order_id.in_(ids))
        .group_by(cart_line.c.order_id)
    )
    # PostgreSQL returns sums as decimal numbers.
    totals = {row[0]: (row[1], int(row[2])) for row in connection.execute(counted)}
    summaries = []
    for order_id in ids:
        fields = rows[order_id]
        lines, pieces = totals.get(order_id, (0, 0))
        status = Status(fields.pop("status"))
        summaries.append(OrderSummary(**fields, status=status, lines=lines, pieces=pieces))
    return summaries
