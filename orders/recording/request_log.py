"""The request log: recent requests of an org's tokens to the JSON door, kept for some days.

It holds time, status, method, path, user agent and the token, by ID. Never a query string, where
tokens stand, and never a body. `orders.request_recorder` writes it aside from the requests.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import Connection, Select, Table, bindparam, delete, select

from orders.access import hash_secret
from orders.storage import database
from orders.storage.bulk import insert_requests
from orders.storage.org_models import Token
from orders.storage.pages import turned_page
from orders.storage.prepared import Prepared
from orders.storage.tables import request_log as log

PAGE_SIZE = 50
MAX_METHOD, MAX_PATH, MAX_USER_AGENT = 16, 500, 255
# Rows of one statement that deletes: its transaction holds back whoever writes meanwhile.
FORGOTTEN_AT_ONCE = 1000
# Somebody may put a token where none belongs; its secret is not kept all the same.
_SECRET = re.compile(r"so_(prv|pub)_[A-Za-z0-9_-]*")


class LogEntry(NamedTuple):
    """One answered request, as it came: texts are made storable when they are written."""

    org_id: str
    token_id: str
    at: int  # milliseconds since 1970
    method: str
    path: str
    status: int
    user_agent: str


def store(notes: Sequence[LogEntry]) -> None:
    """Write the notes, all or none. Raises ServiceBusy as `database.write` does."""
    rows = [
        (
            note.org_id,
            note.token_id,
            note.at,
            _storable(note.method, MAX_METHOD),
            _storable(note.path, MAX_PATH),
            note.status,
            _storable(note.user_agent, MAX_USER_AGENT),
        )
        for note in notes
    ]
    database.write(lambda connection: insert_requests(connection, rows))


def _storable(text: str, most: int) -> str:
    """Give the text as both databases take it: printable, no longer than `most`, no secrets."""
    if "so_p" in text:
        text = _SECRET.sub(r"so_\1_…", text)
    text = text[:most]
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)


def forget(before: datetime) -> bool:
    """Delete some of the oldest rows, those from before this moment; True when more may be left.

    Rows are numbered as they are written, about in the order of their time: the smallest numbers
    are the oldest, and no index by time alone is needed.
    """
    oldest = select(log.c.id, log.c.at).order_by(log.c.id).limit(FORGOTTEN_AT_ONCE)

    def work(connection: Connection) -> int:
        old = [row.id for row in connection.execute(oldest) if row.at < before]
        if old:
            connection.execute(delete(log).where(log.c.id <= old[-1], log.c.at < before))
        return len(old)

    return database.write(work) == FORGOTTEN_AT_ONCE


def forget_all() -> None:
    """Delete the whole log, of a service that keeps none any more."""
    while forget(datetime.now(UTC)):
        pass


_token = cast(Table, Token.__table__)
_whose = Prepared(
    select(_token.c.id, _token.c.org_id).where(_token.c.secret_hash == bindparam("secret_hash"))
)


class Caller(NamedTuple):
    """Whose log a request belongs to: a token with its org, by ID."""

    org_id: str
    token_id: str


def whose(secret: str) -> Caller | None:
    """Tell whose log the refusal of this secret belongs to; None when nobody knows the secret.

    A revoked token is known too. This gives no right to anything.
    """
    found = database.rows(_whose, {"secret_hash": hash_secret(secret)})
    return Caller(found[0].org_id, found[0].id) if found else None


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of requests is narrowed to; an empty filter lets all through.

    `status` is a code (404) or a class of codes (4 for 4xx), `path` a part of the path, `token` a
    token's ID; `since` is included, `until` is not.
    """

    status: int = 0
    method: str = ""
    path: str = ""
    token: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """A request of the log, with its token's name."""

    id: int
    at: datetime
    status: int
    method: str
    path: str
    user_agent: str
    token_name: str


@dataclass(frozen=True, slots=True)
class RequestPage:
    """A page of the log, newest first. The cursors are None at either end."""

    requests: tuple[LoggedRequest, ...]
    newer: str | None
    older: str | None


def list_requests(
    org_id: str, filters: Filters, *, kept_since: datetime, older_than: str = "",
    newer_than: str = "",
) -> RequestPage:  # fmt: skip
    """Read a page of at most PAGE_SIZE requests of the org, newest first.

    Older rows than `kept_since` are not shown, whether they have been deleted yet or not. The
    cursors are those of a page; one that cannot be read means the first page.
    """
    statement = (
        select(log, Token.name.label("token_name"))
        .join(Token, Token.id == log.c.token_id)
        .where(log.c.org_id == org_id, log.c.at >= kept_since)
    )
    statement = _matching(statement, filters)
    with database.read() as connection:
        page = turned_page(
            connection, statement,
            at=log.c.at, tie=log.c.id, read_tie=_read_number, size=PAGE_SIZE,
            older_than=older_than, newer_than=newer_than,
        )  # fmt: skip
    return RequestPage(tuple(_logged(row) for row in page.rows), page.newer, page.older)


def _matching(statement: Select[Any], filters: Filters) -> Select[Any]:
    if filters.status:
        is_class = filters.status < 10
        low = filters.status * 100 if is_class else filters.status
        high = low + 99 if is_class else low
        statement = statement.where(log.c.status.between(low, high))
    if filters.method:
        statement = statement.where(log.c.method == _storable(filters.method, MAX_METHOD))
    if filters.path:
        part = _storable(filters.path, MAX_PATH)
        statement = statement.where(log.c.path.icontains(part, autoescape=True))
    if filters.token:
        statement = statement.where(log.c.token_id == _storable(filters.token, MAX_PATH))
    if filters.since:
        statement = statement.where(log.c.at >= filters.since)
    if filters.until:
        statement = statement.where(log.c.at < filters.until)
    return statement


def _logged(row: Any) -> LoggedRequest:  # noqa: ANN401 - a row of the log with its token's name
    return LoggedRequest(
        row.id, row.at, row.status, row.method, row.path, row.user_agent, row.token_name
    )


def _read_number(text: str) -> int | None:
    is_number = text.isascii() and text.isdigit() and len(text) < 19  # more do not fit the column
    return int(text) if is_number else None
