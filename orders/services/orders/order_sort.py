"""Lists that read a table of their own, because `orders` has no index for them.

The table `order_sort` is written beside the requests. Orders with a pending change are read from
`orders` in its place, so a list shows every order as it is (docs/decisions/0061).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Row,
    Select,
    Text,
    case,
    cast,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    union_all,
)

from orders.domain.collation import sort_key
from orders.domain.status import Status
from orders.services.orders.order_filter import OrderFilter, conditions
from orders.storage.cursors import Cursor, Keyset, in_order, rows_after, rows_without_value
from orders.storage.pages import Count, count_all
from orders.storage.sql import in_array, unindexed
from orders.storage.tables import order_sort, orders, pending_change

# Characters of a key that are stored. Texts that differ only behind them come in any order.
MOST_OF_KEY = 600
_STEPS = {str(status): step for step, status in enumerate(Status)}
# In the order of the steps, not of the letters of their names.
STEP = case(_STEPS, value=orders.c.status)


def _begin(key: ColumnElement[Any]) -> ColumnElement[Any]:
    return cast(func.substr(key, 1, MOST_OF_KEY, type_=key.type), Text)


# By the JSON name of a field: its column here, and what the column contains.
_KEYS: dict[str, tuple[ColumnElement[Any], ColumnElement[Any]]] = {
    "name": (order_sort.c.name_key, _begin(orders.c.name_key)),
    "customerId": (order_sort.c.customer_key, _begin(orders.c.customer_key)),
    "status": (order_sort.c.step, cast(STEP, Integer)),
    "createdAt": (order_sort.c.created_at, orders.c.created_at),
}


@dataclass(frozen=True, slots=True)
class BySortTable:
    """Finds orders by the indexes of `order_sort`; it is called like `find_rows`.

    `field` is what the list is sorted by. Of the SELECT that it is called with, nothing is used.
    """

    org_id: str
    wanted: OrderFilter
    field: str

    def __call__(
        self, connection: Connection, entries: Select[Any], keyset: Keyset, cursor: Cursor | None,
        *, most: int, is_upward: bool = False, offset: int = 0,
    ) -> list[Row[Any]]:  # fmt: skip
        del entries
        found: list[Row[Any]] = []
        # Orders without a value are last both ways, in which no index has them.
        parts = [False, True] if keyset.has_nulls else [False]
        if is_upward:
            parts.reverse()
        if cursor is not None:
            parts = parts[parts.index(cursor.value is None) :]
        for is_empty in parts:
            rows = self._find(
                connection, keyset, cursor, is_empty=is_empty,
                most=most - len(found), is_upward=is_upward, offset=offset,
            )  # fmt: skip
            found += rows
            if len(found) == most:
                break
            if rows:
                offset = 0
            elif offset:  # it goes on in the next part
                offset -= self._count(connection, offset, is_empty=is_empty).number
            cursor = None
        return found

    def count(self, connection: Connection, most: int) -> Count:
        """Return the number of orders that are found, or `most` if there are more."""
        return self._count(connection, most, is_empty=None)

    def _count(self, connection: Connection, most: int, *, is_empty: bool | None) -> Count:
        arms = (arm for arm, _, _ in self._arms(connection, is_empty=is_empty))
        return count_all(connection, select(union_all(*arms).subquery().c.id), most)

    def _find(
        self, connection: Connection, keyset: Keyset, cursor: Cursor | None, *,
        is_empty: bool, most: int, is_upward: bool, offset: int,
    ) -> list[Row[Any]]:  # fmt: skip
        rows_of = rows_without_value if is_empty else rows_after
        arms = []
        for arm, key, tie in self._arms(
            connection, is_empty=is_empty if keyset.has_nulls else None
        ):
            own = replace(keyset, column=key, tie=tie, has_nulls=False)
            # Each with its limit: PostgreSQL would sort all rows of both otherwise.
            limited = rows_of(arm, own, cursor, most=most + offset, is_upward=is_upward)
            arms.append(select(limited.subquery()))
        both = union_all(*arms).subquery("found")
        own = replace(keyset, column=both.c.cursor_value, tie=both.c.cursor_tie, has_nulls=False)
        order = in_order(own, is_upward=is_upward)
        found = select(both).order_by(*(order[1:] if is_empty else order)).limit(most)
        return list(connection.execute(found.offset(offset) if offset else found))

    def _arms(
        self, connection: Connection, *, is_empty: bool | None
    ) -> Iterator[tuple[Select[Any], ColumnElement[Any], ColumnElement[Any]]]:
        """Yield the orders in the table, and those with a pending change, with their key and ID.

        Only those without a key, or only those with one; if `is_empty` is None, all of them.
        """
        key, own_key = _KEYS[self.field]
        is_changed = exists().where(pending_change.c.order_id == order_sort.c.order_id)
        stored = select(order_sort.c.order_id.label("id")).where(
            order_sort.c.org_id == self.org_id, *self._conditions(), ~is_changed
        )
        changed = select(pending_change.c.order_id).where(pending_change.c.org_id == self.org_id)
        others = select(orders.c.id.label("id")).where(
            orders.c.id.in_(changed),
            unindexed(orders.c.org_id) == self.org_id,
            *conditions(connection, self.org_id, self.wanted, by_org=False),
        )
        for arm, its_key, tie in (
            (stored, key, order_sort.c.order_id), (others, own_key, orders.c.id),
        ):  # fmt: skip
            has_key = its_key.is_(None) if is_empty else its_key.is_not(None)
            yield arm if is_empty is None else arm.where(has_key), its_key, tie

    def _conditions(self) -> Iterator[ColumnElement[bool]]:
        if self.wanted.name is not None:
            yield order_sort.c.name_key == (sort_key(self.wanted.name) or "")[:MOST_OF_KEY]
            yield order_sort.c.name == self.wanted.name
        if self.wanted.statuses:
            yield order_sort.c.step.in_([_STEPS[str(status)] for status in self.wanted.statuses])
        if self.wanted.is_canceled is not None:
            yield order_sort.c.is_canceled.is_(self.wanted.is_canceled)


def by_sort_table(
    org_id: str, wanted: OrderFilter, field: str, *, is_descending: bool
) -> BySortTable | None:
    """Return how a list is found in an index of `order_sort`; None if no index is for it.

    `field` is the JSON name of what the list is sorted by.
    """
    rest = replace(wanted, name=None, statuses=(), is_canceled=None)
    if rest != OrderFilter() or wanted.is_canceled:  # canceled orders are few
        return None
    by_name, by_status = wanted.name is not None, bool(wanted.statuses)
    is_found = {
        "name": not by_name and not by_status,
        "customerId": not by_name and not by_status,
        "status": not by_name,
        # An ascending list may be a client's walk, which has limits of its own.
        "createdAt": is_descending and (by_name or len(wanted.statuses) == 1),
    }
    return BySortTable(org_id, wanted, field) if is_found.get(field) else None


def store_again(connection: Connection, order_ids: Sequence[str]) -> None:
    """Store what `order_sort` has of these orders. No other transaction may do so meanwhile."""
    connection.execute(delete(order_sort).where(in_array(order_sort.c.order_id, order_ids)))
    rows = _rows().where(in_array(orders.c.id, order_ids))
    connection.execute(insert(order_sort).from_select(rows.selected_columns.keys(), rows))


def store_all_again(connection: Connection) -> None:
    """Store what `order_sort` has of all orders; see `store_again`."""
    connection.execute(delete(order_sort))
    rows = _rows()
    connection.execute(insert(order_sort).from_select(rows.selected_columns.keys(), rows))


def find_wrong(connection: Connection, most: int) -> list[str]:
    """Return the IDs of orders that are not in `order_sort` as they should be; about `most`.

    Orders with a pending change are right.
    """
    right = {one.name: one for one in _rows().selected_columns}
    kept = {one.name: one for one in order_sort.c}
    differs = (kept[name].is_distinct_from(right[name].element) for name in kept)
    both = order_sort.c.order_id == orders.c.id
    either = func.coalesce(orders.c.id, order_sort.c.order_id)
    is_changed = exists().where(pending_change.c.order_id == either)
    missing = (
        select(orders.c.id)
        .select_from(orders.outerjoin(order_sort, both))
        .where(orders.c.deleted_at.is_(None), or_(*differs), ~is_changed)
    )
    left = (
        select(order_sort.c.order_id)
        .select_from(order_sort.outerjoin(orders, both))
        .where(or_(orders.c.id.is_(None), orders.c.deleted_at.is_not(None)), ~is_changed)
    )
    found = (connection.execute(one.limit(most)).scalars() for one in (missing, left))
    return list(chain.from_iterable(found))


def _rows() -> Select[Any]:
    """Return a SELECT of what `order_sort` should contain, in the order of its columns."""
    step = case(_STEPS, value=orders.c.status, else_=len(_STEPS))
    own = {
        "order_id": orders.c.id,
        "step": step,
        "is_canceled": orders.c.canceled_at.is_not(None),
        "name_key": _begin(orders.c.name_key),
        "customer_key": _begin(orders.c.customer_key),
    }
    columns = {**orders.c, **own}
    return select(*(columns[one.name].label(one.name) for one in order_sort.c)).where(
        orders.c.deleted_at.is_(None)
    )
