"""Pages of a list as the API has them: by page number, or after a cursor, with a count."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Connection, Integer, Row, Select, func, literal, select

from orders.domain.errors import FieldError, InvalidInput
from orders.domain.texts import lazy_gettext
from orders.storage import database
from orders.storage.cursors import Finder, Keyset, find_rows, read_cursor, write_cursor
from orders.storage.types import UtcDateTime

T = TypeVar("T")
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
    "A page cannot begin after more than %(most)s entries. Continue with `after`: it takes the "
    "`next` of the page before.",
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


@dataclass(frozen=True, slots=True)
class LongList:
    """How a list that may be very long is read.

    Of its entries only the column `tie` is read, so that entries before the page cost no more than
    their place in an index; `whole` is a SELECT of what is shown of them. `find` is called in place
    of `find_rows`, and `count` counts the entries.
    """

    whole: Select[Any] | None
    find: Finder
    count: Callable[[Connection, Select[Any]], Count]


def numbered_page(
    connection: Connection,
    entries: Select[Any],
    paging: Paging,
    *,
    sortable: Mapping[str, Any],
    tie: Any,  # noqa: ANN401 - a column, of a table or of a model
    make: Callable[[Any], T],
    long: "LongList | None" = None,
) -> Page[T]:
    """Return one page of the SELECT `entries`, with the total count; `make` converts each row.

    `sortable` maps the JSON names by which the list can be sorted to columns, and `tie` is a column
    with unique values. The rows that `make` gets have two more columns (see `find_rows`), unless
    `long` says how the list is read. If a client follows cursors through a list sorted by a time,
    oldest first, rows appear only once they are settled (see `settled_until`), and even the last
    page has a `next`, with which the client can ask for later rows. Raises InvalidInput if
    `paging.after` is not a cursor of this list and sort, and if more than MOST_SKIPPED entries are
    before the page.
    """
    column = sortable[paging.sort_field]
    is_time = isinstance(column.type, UtcDateTime)
    keyset = Keyset(
        paging.sort, column, tie,
        column_type=datetime if is_time else int if isinstance(column.type, Integer) else str,
        is_descending=paging.is_descending, has_nulls=bool(getattr(column, "nullable", False)),
    )  # fmt: skip
    cursor = read_cursor(paging.after or "", keyset)
    if paging.after and cursor is None:
        raise InvalidInput([FieldError("after", NOT_A_CURSOR)])
    how = long or LongList(None, find_rows, count_all)
    whole, find = how.whole, how.find
    found_by = entries
    if whole is not None:
        found_by = entries.with_only_columns(tie, maintain_column_froms=True)
    offset = paging.offset if cursor is None else 0
    is_far = offset > MOST_SKIPPED
    if is_far and find(connection, found_by, keyset, None, most=1, offset=MOST_SKIPPED):
        raise InvalidInput([FieldError("page", TOO_FAR)])
    counted = how.count(connection, entries)
    grows = is_time and not keyset.is_descending and not keyset.has_nulls
    is_walk = grows and paging.after is not None
    page = found_by
    if is_walk:
        page = page.where(column <= (paging.settled_until or datetime.now(UTC) - SETTLED_AFTER))
    found = [] if is_far else find(
        connection, page, keyset, cursor, most=paging.per_page + 1, offset=offset
    )  # fmt: skip
    rows = found[: paging.per_page]
    behind = write_cursor(keyset, rows[-1]) if rows and (grows or len(found) > len(rows)) else None
    if is_walk and not rows and find(connection, found_by, keyset, cursor, most=1):
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
    return [found[one] for one in ties if one in found]
