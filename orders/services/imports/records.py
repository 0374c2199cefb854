"""Imports, their rows and their progress, read from the database. Every query names its org."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import func, select

from orders.domain.column_matching import Matching
from orders.domain.errors import NotFound
from orders.domain.identifiers import read_uuid
from orders.domain.imported_orders import RowFault
from orders.domain.sheet_reading import Sheet, SheetRow
from orders.domain.texts import lazy_gettext, unpack, unpack_line
from orders.storage import database
from orders.storage.pages import Page, Paging, numbered_page
from orders.storage.tables import order_import, order_import_order, order_import_row

# Rows that are looked up by one statement.
BATCH = 500
# Prefix of the idempotency keys of imported orders, which nobody has entered at the desk.
KEY_PREFIX = "import:"


class ImportState(StrEnum):
    """The state of an import; STATE_TEXTS has the words for people."""

    READING = "Being read"
    MATCHING = "Columns to match"
    CHECKING = "Being checked"
    CHECKED = "Ready to import"
    RUNNING = "Running"
    CANCELLING = "Being stopped"
    CANCELLED = "Cancelled"
    DONE = "Done"
    FAILED = "Failed"


# Pages translate them.
STATE_TEXTS = {
    ImportState.READING: lazy_gettext("Being read"),
    ImportState.MATCHING: lazy_gettext("Columns to match"),
    ImportState.CHECKING: lazy_gettext("Being checked"),
    ImportState.CHECKED: lazy_gettext("Ready to import"),
    ImportState.RUNNING: lazy_gettext("Running"),
    ImportState.CANCELLING: lazy_gettext("Being stopped"),
    ImportState.CANCELLED: lazy_gettext("Cancelled"),
    ImportState.DONE: lazy_gettext("Done"),
    ImportState.FAILED: lazy_gettext("Failed"),
}
# States in which the background has something to do.
WORKED_ON = frozenset({ImportState.CHECKING, ImportState.RUNNING, ImportState.CANCELLING})
# States in which nothing was created yet, and the matching may change.
NOT_STARTED = frozenset({ImportState.MATCHING, ImportState.CHECKING, ImportState.CHECKED})


class OrderState(StrEnum):
    """The state of an order of the file."""

    GOOD = "good"
    BAD = "bad"
    MADE = "made"
    SKIPPED = "skipped"  # it was there already


@dataclass(frozen=True, slots=True)
class Import:
    """An import. `order_count` is None until its rows are grouped."""

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

    @property
    def is_worked_on(self) -> bool:
        """Whether its page refreshes by itself."""
        return self.state in WORKED_ON

    @property
    def is_started(self) -> bool:
        """Whether orders may have been created from it."""
        return self.started_at is not None


@dataclass(frozen=True, slots=True)
class FileOrder:
    """An order of the file; `same_as` is the code of one that was there before."""

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
    """Read an import of the org. Raises NotFound when it has no such import."""
    statement = select(order_import).where(
        order_import.c.id == read_uuid(import_id),
        order_import.c.org_id == org_id,
        order_import.c.state != ImportState.READING,
    )
    with database.read() as connection:
        row = connection.execute(statement).one_or_none()
    if row is None:
        raise NotFound(lazy_gettext("There is no import with this ID."))
    return import_from(row)


def list_imports(org_id: str, paging: Paging) -> Page[tuple[Import, int]]:
    """Read a page of the org's imports, newest first, each with the number of its orders so far."""
    own = (order_import.c.org_id == org_id) & (order_import.c.state != ImportState.READING)
    made = (
        select(func.count())
        .select_from(order_import_order)
        .where(
            order_import_order.c.import_id == order_import.c.id,
            order_import_order.c.state == OrderState.MADE,
        )
        .correlate(order_import)
        .scalar_subquery()
        .label("made")
    )
    with database.read() as connection:
        return numbered_page(
            connection,
            select(order_import, made).where(own),
            paging,
            sortable={"createdAt": order_import.c.created_at},
            tie=order_import.c.id,
            make=lambda row: (import_from(row), row.made),
        )


def earlier_runs(one: Import) -> list[Import]:
    """Find the org's other imports of the same content that were started, newest first."""
    statement = (
        select(order_import)
        .where(
            order_import.c.org_id == one.org_id,
            order_import.c.content_hash == one.content_hash,
            order_import.c.id != one.id,
            order_import.c.started_at.is_not(None),
        )
        .order_by(order_import.c.started_at.desc())
    )
    with database.read() as connection:
        return [import_from(row) for row in connection.execute(statement)]


def import_from(row: Any) -> Import:  # noqa: ANN401 - a row of `order_import`
    """Return the import of a row."""
    return Import(
        id=row.id,
        org_id=row.org_id,
        file_name=row.file_name,
        columns=tuple(row.columns),
        notes=tuple(map(unpack, row.notes)),
        row_count=row.row_count,
        content_hash=row.content_hash,
        headers_hash=row.headers_hash,
        matching=None if row.matching is None else Matching.from_json(row.matching),
        state=ImportState(row.state),
        order_count=row.order_count,
        is_all_or_nothing=row.is_all_or_nothing,
        message=None if row.message is None else unpack_line(row.message),
        created_at=row.created_at,
        created_by=row.created_by,
        started_at=row.started_at,
        started_by=row.started_by,
        finished_at=row.finished_at,
    )


def read_sheet(one: Import, *, most: int | None = None) -> Sheet:
    """Read the rows of the file, or only the first of them."""
    statement = (
        select(order_import_row.c.number, order_import_row.c.cells)
        .where(order_import_row.c.import_id == one.id)
        .order_by(order_import_row.c.number)
        .limit(most)
    )
    with database.read() as connection:
        rows = tuple(
            SheetRow(row.number, tuple(row.cells)) for row in connection.execute(statement)
        )
    return Sheet(one.columns, rows, one.notes)


def read_orders(
    one: Import,
    states: Collection[OrderState] = tuple(OrderState),
    *,
    most: int | None = None,
    skip: int = 0,
) -> Sequence[FileOrder]:
    """Read the orders of an import that are in one of the states, by their position.

    At most `most` of them, after the first `skip`.
    """
    statement = (
        select(order_import_order)
        .where(order_import_order.c.import_id == one.id, order_import_order.c.state.in_(states))
        .order_by(order_import_order.c.position)
        .limit(most)
        .offset(skip or None)
    )
    with database.read() as connection:
        return [_order(row) for row in connection.execute(statement)]


def _order(row: Any) -> FileOrder:  # noqa: ANN401 - a row of `order_import_order`
    return FileOrder(
        position=row.position,
        label=row.label,
        rows=tuple(row.rows),
        pieces=row.pieces,
        state=OrderState(row.state),
        faults=tuple(RowFault(at, column, unpack(text)) for at, column, text in row.faults),
        same_as=row.same_as,
        order_id=row.order_id,
        short_id=row.short_id,
    )


@dataclass(frozen=True, slots=True)
class Counts:
    """How many orders of an import are in which state; `same` of those not made yet."""

    good: int = 0
    bad: int = 0
    made: int = 0
    skipped: int = 0
    same: int = 0

    @property
    def known(self) -> int:
        """How many were checked so far."""
        return self.good + self.bad + self.made + self.skipped


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the background has come; `total` is None until the orders are counted."""

    done: int
    total: int | None

    @property
    def percent(self) -> int:
        """Whole percents; 0 while the total is unknown."""
        return self.done * 100 // self.total if self.total else 0


def counts(one: Import) -> Counts:
    """Count the orders of an import by their state."""
    same = func.count(order_import_order.c.same_as)
    statement = (
        select(order_import_order.c.state, func.count(), same)
        .where(order_import_order.c.import_id == one.id)
        .group_by(order_import_order.c.state)
    )
    with database.read() as connection:
        rows = connection.execute(statement).all()
    by_state = {state: count for state, count, _ in rows}
    same_good = {state: found for state, _, found in rows}.get(OrderState.GOOD, 0)
    return Counts(**by_state, same=same_good)


def progress(one: Import, found: Counts) -> Progress:
    """Return how far the checking or the creating of the orders has come."""
    if one.state == ImportState.CHECKING:
        return Progress(found.known, one.order_count)
    waiting = found.good + (found.bad if one.is_all_or_nothing else 0)
    return Progress(found.made, found.made + waiting)
