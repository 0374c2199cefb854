"""The audit trail of an org as it is read: searched, in pages, and as rows of a file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, or_, select

from orders.services.accounts.account_events import EventKind
from orders.services.accounts.acting import ActorKind
from orders.services.accounts.history import actor_names
from orders.storage import database
from orders.storage.cursors import CursorPage, Keyset, cursor_page
from orders.storage.replica import from_replica
from orders.storage.tables import audit_event as event

PAGE_SIZE = 50
MOST_EXPORTED = 100_000  # events in a file, the newest
EXPORT_COLUMNS = ("at", "event", "byKind", "by", "byId", "about", "aboutId", "detail")
# Those without an account: commands, and people who are not signed in.
NAMELESS = (ActorKind.COMMAND, ActorKind.UNKNOWN, ActorKind.PROVIDER)
_NEWEST_FIRST = Keyset("-at", event.c.at, event.c.id, column_type=datetime, tie_type=int)


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """The criteria for a list of events; a field with its default value matches all of them.

    `by` is the ID of an account or token, or one of NAMELESS. `since` is inclusive, `until`
    exclusive. `search` is a part of the detail, or the ID of what an event is about.
    """

    kind: EventKind | None = None
    by: str = ""
    since: datetime | None = None
    until: datetime | None = None
    search: str = ""


@dataclass(frozen=True, slots=True)
class ListedEvent:
    """An event of the audit trail.

    `kind` is the text of an EventKind, which the interface translates. `by` is the name of the
    person or token that caused it; it is that ID where the name is erased, and empty for other
    kinds of authors. `about` is the name or e-mail address of the account that it is about, or
    empty; `about_id` is the ID of this account, or of what else it is about, or empty.
    """

    at: datetime
    kind: str
    by_kind: ActorKind
    by: str
    by_id: str
    about: str
    about_id: str
    detail: str


@from_replica
def list_audit(
    org_id: str, filters: AuditFilter, *, older_than: str = "", newer_than: str = ""
) -> CursorPage[ListedEvent]:
    """Return a page of at most PAGE_SIZE events of the org that match, newest first.

    `older_than` and `newer_than` are cursors from another page; if neither is valid, the first page
    is returned.
    """
    with database.read() as connection:
        page = cursor_page(
            connection, _matching(org_id, filters), _NEWEST_FIRST, size=PAGE_SIZE,
            older_than=older_than, newer_than=newer_than,
        )  # fmt: skip
    return CursorPage(list(_listed(page.rows, org_id)), page.newer, page.older)


def export_rows(org_id: str, filters: AuditFilter) -> Iterator[list[str]]:
    """Yield a row of EXPORT_COLUMNS for each event that matches, newest first.

    There are MOST_EXPORTED rows at most. Times are in UTC, and events in English.
    """
    order = (event.c.at.desc(), event.c.id.desc())
    statement = _matching(org_id, filters).order_by(*order).limit(MOST_EXPORTED)
    for one in _listed(database.fetch_all(statement), org_id):
        at = one.at.isoformat(timespec="milliseconds")
        yield [at, one.kind, one.by_kind, one.by, one.by_id, one.about, one.about_id, one.detail]


def _matching(org_id: str, filters: AuditFilter) -> Select[Any]:
    statement = select(event).where(event.c.org_id == org_id)
    if filters.kind:
        statement = statement.where(event.c.kind == str(filters.kind.value))
    if filters.by in set(NAMELESS):
        statement = statement.where(event.c.actor_kind == filters.by)
    elif filters.by:
        statement = statement.where(event.c.by_id == _plain(filters.by))
    if filters.since:
        statement = statement.where(event.c.at >= filters.since)
    if filters.until:
        statement = statement.where(event.c.at < filters.until)
    if filters.search:
        text = _plain(filters.search)
        of_id = or_(event.c.subject_id == text, event.c.staff_id == text)
        statement = statement.where(or_(event.c.detail.icontains(text, autoescape=True), of_id))
    return statement


def _plain(text: str) -> str:
    return text.replace("\0", "")  # PostgreSQL rejects NUL characters


def _listed(rows: Sequence[Any], org_id: str) -> Iterator[ListedEvent]:
    ids = {one for row in rows for one in (row.by_id, row.staff_id) if one}
    names = actor_names(ids, org_id)
    for row in rows:
        by_id, about_id = row.by_id or "", row.staff_id or row.subject_id or ""
        yield ListedEvent(
            row.at, row.kind, ActorKind(row.actor_kind), names.get(by_id, by_id), by_id,
            names.get(row.staff_id, ""), about_id, row.detail,
        )  # fmt: skip
