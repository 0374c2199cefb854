"""The desk's list of orders: what is looked for, in which order, page by page.

Pages begin where the one before has ended (keyset), so a page far behind costs as much as the first
one and no order is skipped or shown twice while new ones come in.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Row, Select, Text, func, or_, select, type_coerce

from orders.lists import order_search
from orders.lists.order_place import (
    Place,
    Sort,
    further,
    in_order,
    placed_by,
    read_cursor,
    write_cursor,
)
from orders.rules.search_text import MAX_PART, codes_of
from orders.rules.status import Status
from orders.storage import database
from orders.storage.sql import JsonMember, unindexed
from orders.storage.tables import cart_line, orders

PAGE_SIZE = 50
# Orders that are counted at most; beyond, there are "more than" so many.
MOST_COUNTED = 500
# Orders that are found at once for an export. Where no index has the order of the list, each
# finding sorts all orders anew: the fewer, the better.
MOST_FOUND = 10_000


@dataclass(frozen=True, slots=True)
class AttributeIs:
    """One attribute's value; `areas` are the fields that may hold it: metadata, derivative."""

    areas: tuple[str, ...]
    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the orders of a list have; empty or None does not matter.

    `created_from` is included, `created_before` is not. `platform` and `store` are equal letter by
    letter. Orders of the bin are in no list but the one of `in_bin`, which has no others.
    """

    search: str = ""
    statuses: tuple[Status, ...] = ()
    created_from: datetime | None = None
    created_before: datetime | None = None
    platform: str = ""
    store: str = ""
    creator: str = ""
    attributes: tuple[AttributeIs, ...] = ()
    in_bin: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """One order in the list: `lines` of the cart and `pieces`, the sum of their counts."""

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
    version: int
    lines: int
    pieces: int


@dataclass(frozen=True, slots=True)
class ListPage:
    """A page of the list. The cursors are None at either end.

    `count` is the number of all orders that match, told with the first page only; with `has_more`
    there are more than that.
    """

    orders: tuple[Listed, ...]
    newer: str | None
    older: str | None
    count: int | None = None
    has_more: bool = False


def list_page(
    org_id: str, wanted: Wanted, sort: Sort, *, older_than: str = "", newer_than: str = ""
) -> ListPage:
    """Read a page of at most PAGE_SIZE orders of the org.

    `older_than` and `newer_than` are the cursors of a page with the same sort: what comes behind
    it, and before it. One that cannot be read means the first page.
    """
    place = read_cursor(newer_than or older_than, sort)
    is_upward = bool(newer_than) and place is not None
    most = MOST_COUNTED + 1 if place is None else PAGE_SIZE + 1
    with database.read() as connection:
        found = _find(connection, org_id, wanted, sort, place, most=most, is_upward=is_upward)
        shown = found[:PAGE_SIZE]
        if is_upward:
            shown.reverse()
        listed = _read(connection, [row.id for row in shown])
    goes_on = len(found) > PAGE_SIZE
    newer = goes_on if is_upward else place is not None
    older = is_upward or goes_on
    return ListPage(
        orders=listed,
        newer=write_cursor(sort, shown[0]) if shown and newer else None,
        older=write_cursor(sort, shown[-1]) if shown and older else None,
        count=min(len(found), MOST_COUNTED) if place is None else None,
        has_more=place is None and len(found) > MOST_COUNTED,
    )


def ids_in_batches(org_id: str, wanted: Wanted, sort: Sort, *, size: int) -> Iterator[list[str]]:
    """Give the IDs of all orders that match, in the order of the list.

    They are found MOST_FOUND at a time, and no transaction is held between two batches.
    """
    place: Place | None = None
    while True:
        with database.read() as connection:
            found = _find(connection, org_id, wanted, sort, place, most=MOST_FOUND)
        for start in range(0, len(found), size):
            yield [row.id for row in found[start : start + size]]
        if len(found) < MOST_FOUND:
            return
        place = Place(found[-1].place, found[-1].id)


def _find(
    connection: Connection, org_id: str, wanted: Wanted, sort: Sort, place: Place | None, *,
    most: int, is_upward: bool = False,
) -> list[Row[Any]]:  # fmt: skip
    """Find IDs first: rows that are passed over are not read whole."""
    statement: Select[Any] = select(orders.c.id, placed_by(sort).label("place"))
    statement = statement.where(*_conditions(connection, org_id, wanted))
    if place is not None:
        statement = statement.where(further(sort, place, is_upward=is_upward))
    statement = statement.order_by(*in_order(sort, is_upward=is_upward)).limit(most)
    return list(connection.execute(statement))


def _conditions(connection: Connection, org_id: str, wanted: Wanted) -> list[ColumnElement[bool]]:
    """Give the conditions, those that cost least first."""
    deleted = orders.c.deleted_at
    ours = unindexed(orders.c.org_id) if codes_of(wanted.search) else orders.c.org_id
    where = [
        ours == org_id,
        deleted.is_not(None) if wanted.in_bin else deleted.is_(None),
    ]
    if wanted.statuses:
        where.append(orders.c.status.in_([str(status) for status in wanted.statuses]))
    if wanted.created_from is not None:
        where.append(orders.c.created_at >= wanted.created_from)
    if wanted.created_before is not None:
        where.append(orders.c.created_at < wanted.created_before)
    if wanted.creator:
        where.append(orders.c.created_by == wanted.creator)
    members = [("platform", "platform", wanted.platform), ("platform", "storeName", wanted.store)]
    for area, key, value in members:
        if value:
            # The search text holds both names, and lies nearer than the stored JSON.
            near = orders.c.search_text.contains(value.casefold()[:MAX_PART], autoescape=True)
            where += [near, JsonMember(orders.c[area], key, value)]
    for one in wanted.attributes:
        where.append(or_(*(_says(area, one.key, one.value) for area in one.areas)))
        where.append(or_(*(JsonMember(orders.c[area], one.key, one.value) for area in one.areas)))
    return where + order_search.conditions(connection, org_id, wanted.search)


def _says(area: str, key: str, value: str) -> ColumnElement[bool]:
    """Tell cheaply which orders cannot have the member: its text is not in the stored JSON."""
    written = orjson.dumps({key: value}).decode()[1:-1]
    return type_coerce(orders.c[area], Text).contains(written, autoescape=True)


_shown = [
    orders.c[name]
    for name in (
        "id", "short_id", "name", "customer_id", "platform", "metadata", "derivative",
        "created_at", "updated_at", "created_by", "deleted_at", "version",
    )
]  # fmt: skip


def _read(connection: Connection, ids: Sequence[str]) -> tuple[Listed, ...]:
    """Read the orders with these IDs, in this order."""
    statement = select(*_shown, orders.c.status).where(orders.c.id.in_(ids))
    rows = {row.id: row._asdict() for row in connection.execute(statement)}
    counted = (
        select(cart_line.c.order_id, func.count(), func.sum(cart_line.c.count))
        .where(cart_line.c.order_id.in_(ids))
        .group_by(cart_line.c.order_id)
    )
    # PostgreSQL gives sums as decimal numbers.
    totals = {row[0]: (row[1], int(row[2])) for row in connection.execute(counted)}
    listed = []
    for order_id in ids:
        fields = rows[order_id]
        lines, pieces = totals.get(order_id, (0, 0))
        status = Status(fields.pop("status"))
        listed.append(Listed(**fields, status=status, lines=lines, pieces=pieces))
    return tuple(listed)
