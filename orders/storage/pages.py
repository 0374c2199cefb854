"""Pages of a list: numbered ones, and ones that follow a cursor (keyset pagination).

Both break ties by a column with unique values, so that no page repeats a row or misses one, and
both run on the caller's connection: what else it reads is of the same state of the database. A page
that follows a cursor costs the same wherever it is in the list, and shows no row twice while others
are inserted.
"""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, NamedTuple, TypeVar

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
# In a walk along growing times younger entries are left for later: one that got its time earlier
# may still be on its way to the disk, and would be missed. It is twice the time for which rows may
# wait for their transaction, see `database.insert`.
SETTLED_AFTER = timedelta(seconds=1)
NOT_A_CURSOR = lazy_gettext("Not the `next` of a list with this sort.")
# Far beyond any list, and small enough for the databases' 64-bit offsets.
MAX_PAGE = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Paging:
    """Which page is asked for: by its number `page`, from 1, or after the cursor `after`, if any.

    An empty `after` begins a walk by cursors, None means pages by number. `sort` is the wire name
    of a field, with a hyphen in front for the other direction. In a walk along growing times the
    list ends at `settled_until`, from the function of this name.
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
    """Return a time before which nothing is missing in any read that begins afterwards.

    New rows wait for their transaction for less than half of SETTLED_AFTER, and other times are
    taken inside of it: so all that is missing is younger, or was written in a transaction that
    runs now.
    """
    now = datetime.now(UTC)
    return min(now, database.writing_since() or now) - SETTLED_AFTER


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """The entries of one page; `count` is the number of entries on all pages together.

    `next` is the cursor of the page that follows, for `Paging.after`; None if nothing follows.
    """

    entries: Sequence[T]
    count: int
    paging: Paging
    next: str | None = None


def numbered_page(
    connection: Connection,
    entries: Select[Any],
    paging: Paging,
    *,
    sortable: Mapping[str, Any],
    tie: Any,  # noqa: ANN401 - a column, of a table or of a model
    make: Callable[[Any], T],
) -> Page[T]:
    """Return one page of `entries`, a SELECT, and the count of all; `make` converts each row.

    `sortable` has the columns by the wire names by which the list can be sorted. Rows have two
    columns more, see `find_rows`. In a walk along growing times, entries appear when they are
    settled, and there is a `next` at the end, too, for clients that ask again and again. Raises
    InvalidInput for an `after` that is no cursor of this list and sort.
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
    counted = entries.with_only_columns(func.count(), maintain_column_froms=True)
    count = connection.execute(counted).scalar_one()
    grows = is_time and not keyset.is_descending and not keyset.has_nulls
    is_walk = grows and paging.after is not None
    page = entries if cursor is not None else entries.offset(paging.offset)
    if is_walk:
        page = page.where(column <= (paging.settled_until or datetime.now(UTC) - SETTLED_AFTER))
    found = find_rows(connection, page, keyset, cursor, most=paging.per_page + 1)
    rows = found[: paging.per_page]
    behind = _write_cursor(keyset, rows[-1]) if rows and (grows or len(found) > len(rows)) else None
    if is_walk and not rows and find_rows(connection, entries, keyset, cursor, most=1):
        behind = paging.after or None  # some are not settled yet: the same place, a moment later
    return Page([make(row) for row in rows], count, paging, behind)


@dataclass(frozen=True, slots=True)
class Keyset:
    """The order of a list that is read by cursors; they contain `name`, such as "-createdAt".

    `tie` is a column with unique values, which breaks ties in the same direction. The types are
    those of the columns' values: str, int or datetime. With `has_nulls` the column may be NULL;
    such rows come last.
    """

    name: str
    column: ColumnElement[Any]
    tie: ColumnElement[Any]
    column_type: type = str
    tie_type: type = str
    is_descending: bool = True
    has_nulls: bool = False


class Cursor(NamedTuple):
    """A place in a list: the values that a row has in `Keyset.column` and `Keyset.tie`."""

    value: Any
    tie: Any


@dataclass(frozen=True, slots=True)
class CursorPage(Generic[T]):
    """The rows of a page, or what a service has made of them.

    `newer` and `older` are the cursors of the pages before and after; None if there is none. On a
    first page, `count` is the number of all rows up to a limit; `has_more`: there are more.
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
) -> CursorPage[Row[Any]]:
    """Return at most `size` rows of `entries`, a SELECT, sorted by `keyset`.

    They are those next to the cursor `older_than` or `newer_than`; without a valid one, the first
    ones, with a `count` of at most `most_counted` (0: None).
    """
    cursor = read_cursor(newer_than or older_than, keyset)
    is_upward = bool(newer_than) and cursor is not None
    is_counted = bool(most_counted) and cursor is None
    most = most_counted if is_counted else size  # and one more, which tells whether there are more
    found = find_rows(connection, entries, keyset, cursor, most=most + 1, is_upward=is_upward)
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
    """Return at most `most` rows of `entries` after the cursor (None: from the first).

    With `is_upward`, the rows before it, in reverse order. `cursor_of` returns a row's cursor.
    """
    entries = entries.add_columns(
        keyset.column.label("cursor_value"), keyset.tie.label("cursor_tie")
    )
    if cursor is not None:
        entries = entries.where(_is_beyond(keyset, cursor, is_upward=is_upward))
    order = _in_order(keyset, is_upward=is_upward)
    return list(connection.execute(entries.order_by(*order).limit(most)))


def cursor_of(row: Row[Any]) -> Cursor:
    """Return the cursor of a row that `find_rows` has returned."""
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
    """Return the cursor in a text from a client; None if malformed or of another keyset."""
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
    """Return a cursor's JSON value as a str, int or datetime. Raises ValueError for any other."""
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
