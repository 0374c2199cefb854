"""Lists that are read by cursors (keyset pagination).

A list is sorted by a column, and a column with unique values breaks ties, so that no row is
repeated or left out. All queries run on the caller's connection, so whatever else the caller reads
there is from the same state of the database. A page after a cursor costs the same anywhere in the
list, and shows no row twice while others are inserted.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import orjson
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    UnaryExpression,
    and_,
    literal,
    null,
    or_,
    tuple_,
)

T = TypeVar("T")
MAX_CURSOR = 6_000  # characters; the key of a name of 255 characters fits in any script
MAX_INTEGER = 2**63 - 1  # of a tie
MAX_COLUMN = 2**31 - 1  # PostgreSQL's integers have 32 bits


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
        newer=write_cursor(keyset, rows[0]) if rows and newer else None,
        older=write_cursor(keyset, rows[-1]) if rows and older else None,
        count=min(len(found), most) if is_counted else None,
        has_more=is_counted and len(found) > most,
    )


def find_rows(
    connection: Connection, entries: Select[Any], keyset: Keyset, cursor: Cursor | None, *,
    most: int, is_upward: bool = False, offset: int = 0,
) -> list[Row[Any]]:  # fmt: skip
    """Return at most `most` rows of the SELECT `entries` after the cursor, sorted by `keyset`.

    Without a cursor, the first rows after `offset` ones are returned. With `is_upward`, the rows
    before the cursor are returned, in reverse order. Each row has two more columns, which
    `cursor_of` reads.
    """
    found = rows_after(entries, keyset, cursor, most=most, is_upward=is_upward)
    return list(connection.execute(found.offset(offset) if offset else found))


def rows_after(
    entries: Select[Any], keyset: Keyset, cursor: Cursor | None, *, most: int, is_upward: bool
) -> Select[Any]:
    """Return a SELECT of what `find_rows` returns."""
    entries = entries.add_columns(
        keyset.column.label("cursor_value"), keyset.tie.label("cursor_tie")
    )
    if cursor is not None:
        entries = entries.where(_is_beyond(keyset, cursor, is_upward=is_upward))
    return entries.order_by(*in_order(keyset, is_upward=is_upward)).limit(most)


def rows_without_value(
    entries: Select[Any], keyset: Keyset, cursor: Cursor | None, *, most: int, is_upward: bool
) -> Select[Any]:
    """Return what `rows_after` returns, for rows in which `keyset.column` is NULL in all."""
    tie, goes_down = keyset.tie, keyset.is_descending != is_upward
    entries = entries.add_columns(null().label("cursor_value"), tie.label("cursor_tie"))
    if cursor is not None:
        entries = entries.where(tie < cursor.tie if goes_down else tie > cursor.tie)
    return entries.order_by(tie.desc() if goes_down else tie.asc()).limit(most)


class Finder(Protocol):
    """A function that returns what `find_rows` returns, and does so faster for one list."""

    def __call__(
        self, connection: Connection, entries: Select[Any], keyset: Keyset, cursor: Cursor | None,
        *, most: int, is_upward: bool = False, offset: int = 0,
    ) -> list[Row[Any]]: ...  # fmt: skip


def cursor_of(row: Row[Any]) -> Cursor:
    """Return the cursor of a row that was returned by `find_rows`, or by another Finder."""
    return Cursor(row.cursor_value, row.cursor_tie)


def in_order(keyset: Keyset, *, is_upward: bool) -> list[UnaryExpression[Any]]:
    """Return what sorts the rows of a list, or those before a cursor in reverse order."""
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


def write_cursor(keyset: Keyset, row: Row[Any]) -> str:
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
        found = None if is_null else _read_value(value, keyset.column_type, MAX_COLUMN)
        return Cursor(found, _read_value(tie, keyset.tie_type, MAX_INTEGER))
    except (binascii.Error, ValueError, TypeError, OverflowError):
        return None


def _read_value(value: Any, kind: type, most: int) -> Any:  # noqa: ANN401 - a column's value
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
        is_valid = abs(value) <= most if kind is int else "\0" not in value
    if not is_valid:
        raise ValueError(value)
    return value
