"""Imports, their rows and their progress, read from the database.

Functions that find imports are limited to one org; the others take an Import that was found.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Text, Update, and_, func, select, type_coerce, update

from orders.domain.column_matching import Matching
from orders.domain.errors import NotFound
from orders.domain.identifiers import read_uuid
from orders.domain.imported_orders import RowFault
from orders.domain.sheet_reading import ReadingChoices, Sheet, SheetRow
from orders.domain.texts import lazy_gettext, unpack, unpack_line
from orders.storage import database
from orders.storage.pages import Page, Paging, numbered_page
from orders.storage.tables import order_import, order_import_order, order_import_row

# Rows that are looked up by one statement.
BATCH = 500
# Prefix of the idempotency keys of imported orders.
KEY_PREFIX = "import:"


T = TypeVar("T")


def batches(every: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Yield consecutive parts of the sequence with `size` elements; the last may have fewer."""
    for start in range(0, len(every), size):
        yield every[start : start + size]


class ImportState(StrEnum):
    """The state of an import; STATE_TEXTS has the text that people see for each state."""

    READING = "Being read"
    MATCHING = "Columns to match"
    CHECKING = "Being checked"
    CHECKED = "Ready to import"
    RUNNING = "Running"
    CANCELLING = "Being stopped"
    CANCELLED = "Cancelled"
    DONE = "Done"
    FAILED = "Failed"
    UNDOING = "Being undone"
    UNDONE = "Undone"


# For an interface to translate; the values of the enum are stored.
STATE_TEXTS = {
    ImportState.READING: lazy_gettext("Reading file"),
    ImportState.MATCHING: lazy_gettext("Columns to match"),
    ImportState.CHECKING: lazy_gettext("Checking"),
    ImportState.CHECKED: lazy_gettext("Ready to import"),
    ImportState.RUNNING: lazy_gettext("Importing"),
    ImportState.CANCELLING: lazy_gettext("Stopping"),
    ImportState.CANCELLED: lazy_gettext("Canceled"),
    ImportState.DONE: lazy_gettext("Done"),
    ImportState.FAILED: lazy_gettext("Failed"),
    ImportState.UNDOING: lazy_gettext("Undoing"),
    ImportState.UNDONE: lazy_gettext("Undone"),
}
# States in which the background has something to do.
WORKED_ON = frozenset(
    {ImportState.CHECKING, ImportState.RUNNING, ImportState.CANCELLING, ImportState.UNDOING}
)
# States in which the orders that were made can be put into the bin.
CAN_BE_UNDONE = frozenset({ImportState.DONE, ImportState.CANCELLED, ImportState.FAILED})
# States in which nothing was created yet, and the matching may change.
NOT_STARTED = frozenset({ImportState.MATCHING, ImportState.CHECKING, ImportState.CHECKED})


class OrderState(StrEnum):
    """The state of an order of an imported file.

    It is GOOD or BAD after the check; the other states say what happened to the order afterwards.
    """

    GOOD = "good"
    BAD = "bad"
    MADE = "made"
    SKIPPED = "skipped"  # it was there already
    BINNED = "binned"  # it was made, and put into the bin when the import was undone


class Import(NamedTuple):
    """An uploaded file of orders, and the state of its import.

    `order_count` is None until the rows are grouped into orders. `choices` are the options with
    which the file was read, `sheets` are the names of all its sheets, and `hidden` is the number of
    its hidden rows.
    """

    id: str
    org_id: str
    file_name: str
    columns: tuple[str, ...]
    notes: tuple[str, ...]
    row_count: int
    content_hash: str
    headers_hash: str
    matching: Matching | None
    state: ImportState
    order_count: int | None
    is_all_or_nothing: bool
    message: str | None
    created_at: datetime
    created_by: str
    started_at: datetime | None
    started_by: str | None
    finished_at: datetime | None
    undone_at: datetime | None
    undone_by: str | None
    choices: ReadingChoices
    sheets: tuple[str, ...]
    hidden: int

    @property
    def stored_as(self) -> str:
        """The name of the uploaded file in the file store; the file is kept until the start."""
        return f"{self.org_id}/import-{self.id}"

    @property
    def is_worked_on(self) -> bool:
        """Whether background work is due or running; the import's page then refreshes itself."""
        return self.state in WORKED_ON

    @property
    def is_started(self) -> bool:
        """Whether the import was started, so that orders may have been created from it."""
        return self.started_at is not None


class FileOrder(NamedTuple):
    """An order of an imported file, and its result.

    `label` identifies the order to people, `rows` are the numbers of its rows, and `pieces` is the
    sum of its lines' counts. `faults` are its errors, or notes about a valid order. `same_as` is
    the short ID of the stored order that it repeats, if any; `order_id` and `short_id` are those of
    the order that was created from it.
    """

    position: int
    label: str
    rows: tuple[int, ...]
    pieces: int
    state: OrderState
    faults: tuple[RowFault, ...]
    same_as: str | None
    order_id: str | None
    short_id: str | None


def find(import_id: str, org_id: str) -> Import:
    """Return an import of the org. Raises NotFound if it has none with this ID."""
    statement = select(order_import).where(
        order_import.c.id == read_uuid(import_id),
        order_import.c.org_id == org_id,
        order_import.c.state != ImportState.READING,
    )
    row = database.fetch_one(statement)
    if row is None:
        raise NotFound(lazy_gettext("There is no import with this ID."))
    return import_from(row)


def list_imports(org_id: str, paging: Paging) -> Page[tuple[Import, int]]:
    """Return a page of the org's imports, each with the number of orders created from it so far."""
    is_made = and_(
        order_import_order.c.import_id == order_import.c.id,
        order_import_order.c.state == OrderState.MADE,
    )
    made = select(func.count(order_import_order.c.position)).where(is_made).scalar_subquery()
    statement = select(order_import, made.label("made")).where(
        order_import.c.org_id == org_id, order_import.c.state != ImportState.READING
    )
    with database.read() as connection:
        return numbered_page(
            connection, statement, paging,
            sortable={"createdAt": order_import.c.created_at}, tie=order_import.c.id,
            make=lambda row: (import_from(row), row.made),
        )  # fmt: skip


def has_run_before(one: Import) -> ColumnElement[bool]:
    """Return the SQL condition for other imports of the same content in the same org.

    Only imports that were started and are not undone meet it.
    """
    return and_(
        order_import.c.org_id == one.org_id,
        order_import.c.content_hash == one.content_hash,
        order_import.c.id != one.id,
        order_import.c.started_at.is_not(None),
        order_import.c.state != ImportState.UNDONE,
    )


def earlier_runs(one: Import) -> list[Import]:
    """Return the other imports of the same content in the org, the last started first.

    Only imports that were started and are not undone are returned.
    """
    statement = select(order_import).where(has_run_before(one))
    statement = statement.order_by(order_import.c.started_at.desc())
    return [import_from(row) for row in database.fetch_all(statement)]


def import_from(row: Any) -> Import:  # noqa: ANN401 - a row of `order_import`
    reading = row.reading or {"choices": {}, "sheets": [], "hidden": 0}
    values: dict[str, Any] = {name: getattr(row, name, None) for name in Import._fields}
    values |= {
        "choices": ReadingChoices(**reading["choices"]),
        "sheets": tuple(reading["sheets"]),
        "hidden": reading["hidden"],
        "columns": tuple(row.columns),
        "notes": tuple(map(unpack, row.notes)),
        "matching": None if row.matching is None else Matching.from_json(row.matching),
        "state": ImportState(row.state),
        "message": None if row.message is None else unpack_line(row.message),
    }
    return Import(**values)


def change_import(import_id: str, states: Collection[ImportState], **values: object) -> Update:
    """Return an UPDATE statement that sets columns of an import to `values`.

    The statement changes nothing unless the import is in one of `states`.
    """
    is_changed = and_(order_import.c.id == import_id, order_import.c.state.in_(states))
    return update(order_import).where(is_changed).values(**values)


def read_sheet(one: Import, *, most: int | None = None) -> Sheet:
    """Return the stored columns, rows and notes of an import's file.

    Only the first `most` rows are read, or all if `most` is None.
    """
    statement = (
        select(order_import_row.c.number, order_import_row.c.cells)
        .where(order_import_row.c.import_id == one.id)
        .order_by(order_import_row.c.number)
        .limit(most)
    )
    found = database.fetch_all(statement)
    rows = tuple(SheetRow(row.number, tuple(row.cells)) for row in found)
    return Sheet(one.columns, rows, one.notes)


def read_orders(
    one: Import,
    states: Collection[OrderState] = tuple(OrderState),
    *,
    most: int | None = None,
    skip: int = 0,
) -> Sequence[FileOrder]:
    """Return the import's orders that are in one of `states`, sorted by position.

    The first `skip` orders are left out, and at most `most` are returned, or all if `most` is None.
    """
    statement = (
        select(order_import_order)
        .where(order_import_order.c.import_id == one.id, order_import_order.c.state.in_(states))
        .order_by(order_import_order.c.position)
        .limit(most)
        .offset(skip or None)
    )
    return [_order(row) for row in database.fetch_all(statement)]


def read_noted(one: Import, state: OrderState, *, most: int) -> Sequence[FileOrder]:
    """Return the import's orders that are in this state and have errors or notes (`faults`).

    They are sorted by position; at most `most` are returned.
    """
    statement = (
        select(order_import_order)
        .where(*_is_noted(one, state))
        .order_by(order_import_order.c.position)
        .limit(most)
    )
    return [_order(row) for row in database.fetch_all(statement)]


def count_noted(one: Import, state: OrderState) -> int:
    """Return the number of the orders that `read_noted` finds without a limit."""
    statement = select(func.count()).select_from(order_import_order).where(*_is_noted(one, state))
    return int(database.fetch_all(statement)[0][0])


def _is_noted(one: Import, state: OrderState) -> tuple[ColumnElement[bool], ...]:
    return (
        order_import_order.c.import_id == one.id,
        order_import_order.c.state == state,
        type_coerce(order_import_order.c.faults, Text) != "[]",
    )


def _order(row: Any) -> FileOrder:  # noqa: ANN401 - a row of `order_import_order`
    values = {name: getattr(row, name) for name in FileOrder._fields}
    values |= {
        "rows": tuple(row.rows),
        "state": OrderState(row.state),
        "faults": tuple(RowFault(at, column, unpack(text)) for at, column, text in row.faults),
    }
    return FileOrder(**values)


@dataclass(frozen=True, slots=True)
class Counts:
    """The numbers of an import's orders by OrderState.

    `same` is the number of good orders that repeat a stored order.
    """

    good: int = 0
    bad: int = 0
    made: int = 0
    skipped: int = 0
    binned: int = 0
    same: int = 0

    @property
    def known(self) -> int:
        return self.good + self.bad + self.made + self.skipped + self.binned


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a background job: it has handled `done` of `total` orders.

    `total` is None until the orders are counted.
    """

    done: int
    total: int | None

    @property
    def percent(self) -> int:
        """The progress in whole percent; 0 while the total is unknown."""
        return self.done * 100 // self.total if self.total else 0


def counts(one: Import) -> Counts:
    """Return the numbers of an import's orders by state; all are 0 until orders are checked."""
    same = func.count(order_import_order.c.same_as)
    statement = (
        select(order_import_order.c.state, func.count(), same)
        .where(order_import_order.c.import_id == one.id)
        .group_by(order_import_order.c.state)
    )
    rows = database.fetch_all(statement)
    of_good = next((found for state, _, found in rows if state == OrderState.GOOD), 0)
    return Counts(**{state: count for state, count, _ in rows}, same=of_good)


def progress(one: Import, found: Counts) -> Progress:
    """Return the progress of the current step: the check, the creation of orders, or the undoing.

    `found` are the import's current numbers, from `counts`.
    """
    if one.state == ImportState.CHECKING:
        return Progress(found.known, one.order_count)
    if one.state == ImportState.UNDOING:
        return Progress(found.binned, found.binned + found.made)
    waiting = found.good + (found.bad if one.is_all_or_nothing else 0)
    return Progress(found.made, found.made + waiting)
