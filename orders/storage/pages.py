"""Pages of a list: numbered ones, and ones that are turned by cursors.

Both break ties by a column whose values are unique, so that no page repeats a row or misses one,
and both run on the caller's connection: what it reads besides is of the same state.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, or_

from orders.rules.paging import Page, Paging

T = TypeVar("T")


def numbered_page(
    connection: Connection,
    entries: Select[Any],
    paging: Paging,
    *,
    sortable: Mapping[str, Any],
    tie: Any,  # noqa: ANN401 - a column, of a table or of a model
    make: Callable[[Any], T],
) -> Page[T]:
    """Read one page of `entries` and count them all; `make` turns a row into an entry.

    `sortable` gives the columns for the wire names by which the list can be sorted.
    """
    column = sortable[paging.sort_field]
    turned = paging.is_descending
    place, last = (one.desc() if turned else one.asc() for one in (column, tie))
    # The databases differ in where nulls stand. It is said only where there are any: PostgreSQL
    # makes no use of its index for another order of nulls than the index has.
    if getattr(column, "nullable", False):
        place = place.nulls_last()
    counted = entries.with_only_columns(func.count(), maintain_column_froms=True)
    page = entries.order_by(place, last).limit(paging.per_page).offset(paging.offset)
    count = connection.execute(counted).scalar_one()
    return Page([make(row) for row in connection.execute(page)], count, paging)


class TurnedPage(NamedTuple):
    """The rows of a page, newest first, and the cursors of its neighbours; None at either end."""

    rows: list[Row[Any]]
    newer: str | None
    older: str | None


def turned_page(
    connection: Connection,
    entries: Select[Any],
    *,
    at: ColumnElement[datetime],
    tie: ColumnElement[Any],
    read_tie: Callable[[str], object],
    size: int,
    older_than: str = "",
    newer_than: str = "",
) -> TurnedPage:
    """Read at most `size` of `entries` by their time `at`, next to those that a cursor names.

    `older_than` and `newer_than` are cursors of a page; one that cannot be read means the first
    page. `read_tie` reads the cursor's value of `tie`, or gives None for what can be none. One row
    more than the page holds is read, which tells whether there is another page.
    """
    cursor = _read_cursor(newer_than or older_than, read_tie)
    is_upward = bool(newer_than and cursor)
    if cursor is not None:
        moment, value = cursor
        same = at == moment
        after = or_(at > moment, and_(same, tie > value))
        before = or_(at < moment, and_(same, tie < value))
        entries = entries.where(after if is_upward else before)
    order = (at, tie) if is_upward else (at.desc(), tie.desc())
    rows = list(connection.execute(entries.order_by(*order).limit(size + 1)))
    has_more, rows = len(rows) > size, rows[:size]
    if is_upward:
        rows.reverse()
    # Who came from a neighbour can go back to it.
    newer = has_more if is_upward else cursor is not None
    older = True if is_upward else has_more

    def cursor_of(row: Row[Any]) -> str:
        return f"{row._mapping[at].isoformat()}_{row._mapping[tie]}"

    return TurnedPage(
        rows,
        newer=cursor_of(rows[0]) if rows and newer else None,
        older=cursor_of(rows[-1]) if rows and older else None,
    )


def _read_cursor(cursor: str, read_tie: Callable[[str], object]) -> tuple[datetime, object] | None:
    moment, _, text = cursor.partition("_")
    value = read_tie(text)
    try:
        at = datetime.fromisoformat(moment)
        return (at.astimezone(UTC), value) if at.tzinfo and value is not None else None
    except (ValueError, OverflowError):
        return None
