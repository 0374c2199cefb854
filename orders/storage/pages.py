"""Pages of a list: by page number, or after a cursor (keyset pagination).

In both cases a column with unique values breaks ties, so that no row is repeated or left out. All
queries run on the caller's connection, so whatever else the caller reads there is from the same
state of the database. A page after a cursor costs the same anywhere in the list, and shows no row
twice while others are inserted.
"""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import orjson
from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Row,
    Select,
    UnaryExpression,
    and_,
    func,
    literal,
    or_,
    select,
    tuple_,
)

from orders.domain.errors import FieldError, InvalidInput
from orders.domain.texts import lazy_gettext
from orders.storage import database
from orders.storage.types import UtcDateTime

T = TypeVar("T")
MAX_CURSOR = 6_000  # characters; the key of a name of 255 characters fits in any script
MAX_INTEGER = 2**63 - 1


DEFAULT_PER_PAGE = 50
MAX_PER_PAGE = 1_000
# Entries that are counted where counting all of them would take long.
MOST_COUNTED = 10_000
# Entries before a page. To skip them takes time, and a client that gets so far wants all of them.
MOST_SKIPPED = 100_000
# In a walk along growing times younger entries are left for later: one that got its time earlier
# may still be on its way to the disk, and would be missed. It is twice the time for which rows may
# wait for their transaction, see `database.insert`.
SETTLED_AFTER = timedelta(seconds=1)
NOT_A_CURSOR = lazy_gettext("Not the `next` of a list with this sort.")
TOO_FAR = lazy_gettext(
    "Pages end at %(most)s entries. Continue with `after`: it takes the `next` of the page before.",
    most=f"{MOST_SKIPPED:,}",
)
# Far beyond any list, and small enough for the databases' 64-bit offsets.
MAX_PAGE = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Paging:
    """Which page of a list to return: page number `page`, or the page after the cursor `after`.

    `page` counts from 1 and applies if `after` is None. An empty `after` means the first page, from
    which the client continues with cursors. `sort` is the JSON name of a field, with a hyphen in
    front for descending order, such as "-createdAt". If a client follows cursors through a list
    sorted by a time, oldest first, rows later than `settled_until` are left out.
    """

    page: int = 1
    per_page: int = DEFAULT_PER_PAGE
    sort: str = "-createdAt"
    after: str | None = None
    settled_until: datetime | None = None

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.per_page

    @property
    def sort_field(self) -> str:
        return self.sort.removeprefix("-")

    @property
    def is_descending(self) -> bool:
        return self.sort.startswith("-")


def settled_until() -> datetime:
    """Return a time up to which every read that begins after this call finds all rows.

    The times of new rows are taken at most half of SETTLED_AFTER before their transaction begins,
    and those of changes inside their transaction. So a row that such a read does not find yet has a
    later time.
    """
    now = datetime.now(UTC)
    return min(now, database.writing_since() or now) - SETTLED_AFTER


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """The entries of one page; `count` is the number of entries on all pages together.

    `next` is the cursor of the following page, to be used as `Paging.after`. It is None if there is
    no following page. If `count_is_exact` is false, there are at least `count` entries: more than
    on this page and those before it if there is a following page.
    """

    entries: Sequence[T]
    count: int
    paging: Paging
    next: str | None = None
    count_is_exact: bool = True


class Count(NamedTuple):
    """A number of entries; if `is_exact` is false, there are more."""

    number: int
    is_exact: bool = True


def numbered_page(
    connection: Connection,
    entries: Select[Any],
    paging: Paging,
    *,
    sortable: Mapping[str, Any],
    tie: Any,  # noqa: ANN401 - a column, of a table or of a model
    make: Callable[[Any], T],
    whole: Select[Any] | None = None,
    count: Callable[[Connection, Select[Any]], Count] | None = None,
) -> Page[T]:
    """Return one page of the SELECT `entries`, with the total count; `make` converts each row.

    `sortable` maps the JSON names by which the list can be sorted to columns, and `tie` is a column
    with unique values. If `whole` is None, the rows that `make` gets have two more columns (see
    `find_rows`). Otherwise it gets rows of the SELECT `whole`, and of `entries` only `tie` is read,
    so that rows before the page cost no more than their place in an index. `count` counts
    `entries`; if it is None, they are counted one by one. If a
    client follows cursors through a list sorted by a time, oldest first, rows appear only once they
    are settled (see `settled_until`), and even the last page has a `next`, with which the client
    can ask for later rows. Raises InvalidInput if `paging.after` is not a cursor of this list and
    sort, and if more than MOST_SKIPPED entries are before the page.
    """
    column = sortable[paging.sort_field]
    is_time = isinstance(column.type, UtcDateTime)
    keyset = Keyset(
        paging.sort, column, tie,
        column_type=datetime if is_time else int if isinstance(column.type, Integer) else str,
        is_descending=paging.is_descending, has_nulls=bool(getattr(column, "nullable", False)),
    )  # fmt: skip
    cursor = read_cursor(paging.after or "", keyset)
    if cursor is not None and keyset.column_type is int and abs(cursor.value) >= 2**31:
        cursor = None  # PostgreSQL's integers have 32 bits
    if paging.after and cursor is None:
        raise InvalidInput([FieldError("after", NOT_A_CURSOR)])
    if cursor is None and paging.offset > MOST_SKIPPED:
        _refuse_far_page(connection, entries.with_only_columns(tie, maintain_column_froms=True))
    counted = (count or count_all)(connection, entries)
    grows = is_time and not keyset.is_descending and not keyset.has_nulls
    is_walk = grows and paging.after is not None
    page = entries if cursor is not None else entries.offset(paging.offset)
    if is_walk:
        page = page.where(column <= (paging.settled_until or datetime.now(UTC) - SETTLED_AFTER))
    if whole is not None:
        page = page.with_only_columns(tie, maintain_column_froms=True)
    found = find_rows(connection, page, keyset, cursor, most=paging.per_page + 1)
    rows = found[: paging.per_page]
    behind = _write_cursor(keyset, rows[-1]) if rows and (grows or len(found) > len(rows)) else None
    if is_walk and not rows and find_rows(connection, entries, keyset, cursor, most=1):
        behind = paging.after or None  # some are not settled yet: the same place, a moment later
    if not counted.is_exact:
        counted = _seen(counted, paging, len(found))
    shown = rows if whole is None else _read_whole(connection, whole, tie, rows)
    return Page([make(row) for row in shown], counted.number, paging, behind, counted.is_exact)


def count_all(connection: Connection, entries: Select[Any], most: int | None = None) -> Count:
    """Return the number of rows of the SELECT, or `most` if there are more."""
    if most is None:
        counted = entries.with_only_columns(func.count(), maintain_column_froms=True)
        return Count(connection.execute(counted).scalar_one())
    some = entries.with_only_columns(literal(1), maintain_column_froms=True).limit(most + 1)
    number = connection.execute(select(func.count()).select_from(some.subquery())).scalar_one()
    return Count(min(number, most), number <= most)


def _seen(counted: Count, paging: Paging, found: int) -> Count:
    """Return a count that is not exact, made better by what was found for the page.

    `found` is the number of rows, one more than the page has if another page follows.
    """
    if paging.after is not None:
        return counted
    seen = paging.offset + found
    if 0 < found <= paging.per_page:
        return Count(seen)
    return counted._replace(number=max(counted.number, seen if found else 0))


def _refuse_far_page(connection: Connection, entries: Select[Any]) -> None:
    far = connection.execute(entries.offset(MOST_SKIPPED).limit(1)).first()
    if far is not None:
        raise InvalidInput([FieldError("page", TOO_FAR)])


def _read_whole(
    connection: Connection, whole: Select[Any], tie: ColumnElement[Any], rows: Sequence[Row[Any]]
) -> list[Row[Any]]:
    """Return the rows of the SELECT `whole` with the `tie` of these rows, in their order."""
    if not rows:
        return []
    ties = [row.cursor_tie for row in rows]
    found = {
        getattr(row, str(tie.key)): row for row in connection.execute(whole.where(tie.in_(ties)))
    }
    return [found[one] for one in ties]


@dataclass(frozen=True, slots=True)
class Keyset:
    """How a list that is read by cursors is sorted: by `column`, then by `tie`.

    `name` identifies the sort in cursors, such as "-createdAt". `tie` is a column with unique
    values, sorted in the same direction as `column`. `column_type` and `tie_type` are the types of
    the two columns' values: str, int or datetime. With `has_nulls`, `column` may be NULL, and rows
    in which it is NULL come last.
    """

    name: str
    column: ColumnElement[Any]
    tie: ColumnElement[Any]
    column_type: type = str
    tie_type: type = str
    is_descending: bool = True
    has_nulls: bool = False


class Cursor(NamedTuple):
    """A position in a list: the values of `Keyset.column` and `Keyset.tie` in one row."""

    value: Any
    tie: Any


@dataclass(frozen=True, slots=True)
class CursorPage(Generic[T]):
    """A page of rows, or of what a service made from them, with cursors to the adjacent pages.

    `newer` is the cursor for the page before this one, and `older` for the page after it; each is
    None if there is no such page. On a first page, `count` is the number of all rows up to a limit,
    and `has_more` is whether there are more rows than that limit. On other pages, `count` is None.
    """

    rows: Sequence[T]
    newer: str | None
    older: str | None
    count: int | None = None
    has_more: bool = False


def cursor_page(
    connection: Connection,
    entries: Select[Any],
    keyset: Keyset,
    *,
    size: int,
    older_than: str = "",
    newer_than: str = "",
    most_counted: int = 0,
    find: "Finder | None" = None,
) -> CursorPage[Row[Any]]:
    """Return a page of at most `size` rows of the SELECT `entries`, sorted by `keyset`.

    The page follows the cursor `older_than` or precedes the cursor `newer_than`. Without a valid
    cursor, it is the first page, and all rows are counted up to the limit `most_counted`; if that
    is 0, nothing is counted and `count` is None. `find` is called in place of `find_rows`.
    """
    cursor = read_cursor(newer_than or older_than, keyset)
    is_upward = bool(newer_than) and cursor is not None
    is_counted = bool(most_counted) and cursor is None
    most = most_counted if is_counted else size  # and one more, which tells whether there are more
    find = find or find_rows
    found = find(connection, entries, keyset, cursor, most=most + 1, is_upward=is_upward)
    goes_on, rows = len(found) > size, found[:size]
    if is_upward:
        rows.reverse()
    # From a page that was reached from its neighbor one can go back to it.
    newer = goes_on if is_upward else cursor is not None
    older = is_upward or goes_on
    return CursorPage(
        rows,
        newer=_write_cursor(keyset, rows[0]) if rows and newer else None,
        older=_write_cursor(keyset, rows[-1]) if rows and older else None,
        count=min(len(found), most) if is_counted else None,
        has_more=is_counted and len(found) > most,
    )


def find_rows(
    connection: Connection, entries: Select[Any], keyset: Keyset, cursor: Cursor | None, *,
    most: int, is_upward: bool = False,
) -> list[Row[Any]]:  # fmt: skip
    """Return at most `most` rows of the SELECT `entries` after the cursor, sorted by `keyset`.

    Without a cursor, the first rows are returned. With `is_upward`, the rows before the cursor are
    returned, in reverse order. Each row has two more columns, which `cursor_of` reads.
    """
    entries = entries.add_columns(
        keyset.column.label("cursor_value"), keyset.tie.label("cursor_tie")
    )
    if cursor is not None:
        entries = entries.where(_is_beyond(keyset, cursor, is_upward=is_upward))
    order = _in_order(keyset, is_upward=is_upward)
    return list(connection.execute(entries.order_by(*order).limit(most)))


class Finder(Protocol):
    """A function that returns what `find_rows` returns, and does so faster for one list."""

    def __call__(
        self, connection: Connection, entries: Select[Any], keyset: Keyset, cursor: Cursor | None,
        *, most: int, is_upward: bool = False,
    ) -> list[Row[Any]]: ...  # fmt: skip


def cursor_of(row: Row[Any]) -> Cursor:
    """Return the cursor of a row that was returned by `find_rows`, or by another Finder."""
    return Cursor(row.cursor_value, row.cursor_tie)


def _in_order(keyset: Keyset, *, is_upward: bool) -> list[UnaryExpression[Any]]:
    goes_down = keyset.is_descending != is_upward
    first, tie = (one.desc() if goes_down else one.asc() for one in (keyset.column, keyset.tie))
    if keyset.has_nulls:
        first = first.nulls_first() if is_upward else first.nulls_last()
    return [first, tie]


def _is_beyond(keyset: Keyset, cursor: Cursor, *, is_upward: bool) -> ColumnElement[bool]:
    column, tie = keyset.column, keyset.tie
    goes_down = keyset.is_descending != is_upward
    if not keyset.has_nulls:
        # One comparison, so that an index leads straight to the row.
        own = tuple_(column, tie)
        edge = tuple_(literal(cursor.value, column.type), literal(cursor.tie, tie.type))
        return own < edge if goes_down else own > edge
    behind = tie < cursor.tie if goes_down else tie > cursor.tie
    if cursor.value is None:
        among_empty = and_(column.is_(None), behind)
        return or_(column.is_not(None), among_empty) if is_upward else among_empty
    beyond = column < cursor.value if goes_down else column > cursor.value
    found = or_(beyond, and_(column == cursor.value, behind))
    return found if is_upward else or_(found, column.is_(None))


def _write_cursor(keyset: Keyset, row: Row[Any]) -> str:
    value, tie = cursor_of(row)
    value = value.isoformat() if isinstance(value, datetime) else value
    written = orjson.dumps([keyset.name, value, tie])
    return base64.urlsafe_b64encode(written).decode().rstrip("=")


def read_cursor(text: str, keyset: Keyset) -> Cursor | None:
    """Return the cursor that a client sent, or None if it is malformed or of another keyset."""
    if not text or len(text) > MAX_CURSOR or not text.isascii():
        return None
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        name, value, tie = orjson.loads(raw)
        if name != keyset.name:
            return None
        is_null = value is None and keyset.has_nulls
        found = None if is_null else _read_value(value, keyset.column_type)
        return Cursor(found, _read_value(tie, keyset.tie_type))
    except (binascii.Error, ValueError, TypeError, OverflowError):
        return None


def _read_value(value: Any, kind: type) -> Any:  # noqa: ANN401 - a column's value
    """Convert a value in a cursor's JSON to `kind`: str, int or datetime.

    Raises ValueError if the value is of another type or out of range.
    """
    if kind is datetime and isinstance(value, str):
        value = datetime.fromisoformat(value)
        if value.tzinfo is None:
            raise ValueError(value)
        value = value.astimezone(UTC)
    is_valid = type(value) is kind
    if kind is datetime:
        pass
    elif is_valid:
        is_valid = abs(value) <= MAX_INTEGER if kind is int else "\0" not in value
    if not is_valid:
        raise ValueError(value)
    return value
