"""The request log: recent API requests with an org's tokens, kept for some days and up to a number.

A record contains the time, status, method, path, user agent and token ID. It contains neither the
query string, which may include a token, nor the body. A request only appends its record to a list
in memory. One thread of each process writes the records about once a second; if it cannot keep up,
or the database is busy, records are dropped and counted (docs/decisions/0014-the-request-log.md).
"""

import atexit
import logging
import multiprocessing.util
import os
import random
import re
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, delete, func, or_, select

from orders.domain.errors import ServiceBusy
from orders.services.accounts.access import hash_secret
from orders.storage import database
from orders.storage.cursors import CursorPage, Keyset, cursor_page
from orders.storage.database import CompiledSelect
from orders.storage.sql import insert_requests
from orders.storage.sqlite import request_lock
from orders.storage.tables import request_log as log
from orders.storage.tables import token

PAGE_SIZE = 50
MAX_METHOD, MAX_PATH, MAX_USER_AGENT = 16, 500, 255
DELETE_BATCH = 1000  # rows; a larger transaction would block other writers for too long
# Secrets of tokens that were sent in the wrong place are masked.
_SECRET = re.compile(r"so_(prv|pub)_[A-Za-z0-9_-]*")


class RequestRecord(NamedTuple):
    """An API request for the log, with the status of its response.

    `at` is in milliseconds since 1970. `store` truncates the texts and masks secrets in them; in
    memory they have at most MOST_KEPT_TEXT characters.
    """

    org_id: str
    token_id: str
    at: int  # milliseconds since 1970
    method: str
    path: str
    status: int
    user_agent: str


def store(records: Sequence[RequestRecord]) -> None:
    """Write the records to the database, all or none. Raises ServiceBusy if that fails."""
    rows = [
        (
            record.org_id,
            record.token_id,
            record.at,
            _storable(record.method, MAX_METHOD),
            _storable(record.path, MAX_PATH),
            record.status,
            _storable(record.user_agent, MAX_USER_AGENT),
        )
        for record in records
    ]
    with database.transaction() as connection:
        insert_requests(connection, rows)


def _storable(text: str, most: int) -> str:
    """Return at most `most` characters of the text, without secrets and unprintable characters.

    Secrets of tokens are masked; an unprintable character becomes a replacement character.
    """
    if "so_p" in text:
        text = _SECRET.sub(r"so_\1_…", text)
    text = text[:most]
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)


def forget(before: datetime, most: int = 0) -> bool:
    """Delete old rows of the log, up to DELETE_BATCH; return True if more may be left.

    Rows are old if they were written before `before`, or are not among the newest `most` rows of
    all orgs; with 0, any number is kept. Their IDs count them: where rows were deleted, or an ID
    was never used, fewer are kept.
    """
    oldest = select(log.c.id, log.c.at).order_by(log.c.id).limit(DELETE_BATCH)

    with database.transaction() as connection:
        last = connection.execute(select(func.max(log.c.id))).scalar() or 0
        beyond = last - most if most else 0
        old = [one.id for one in connection.execute(oldest) if one.at < before or one.id <= beyond]
        if old:
            is_old = or_(log.c.at < before, log.c.id <= beyond)
            connection.execute(delete(log).where(log.c.id <= old[-1], is_old))
        return len(old) == DELETE_BATCH


def forget_all() -> None:
    """Delete all rows of the request log, for a service that no longer keeps one."""
    while forget(datetime.now(UTC)):
        pass


_caller_by_secret = CompiledSelect(
    select(token.c.id, token.c.org_id).where(token.c.secret_hash == bindparam("secret_hash"))
)


class Caller(NamedTuple):
    """The org and the token that sent a request, by ID."""

    org_id: str
    token_id: str


def find_caller(secret: str) -> Caller | None:
    """Return the org and token that this secret belongs to, in order to log a rejected request.

    Returns None for an unknown secret. The token may be revoked: this does not authenticate anyone.
    """
    found = database.rows(_caller_by_secret, {"secret_hash": hash_secret(secret)})
    return Caller(found[0].org_id, found[0].id) if found else None


@dataclass(frozen=True, slots=True)
class RequestFilter:
    """The criteria for a list of requests; a field with its default value matches all requests.

    `status` is a status code (404) or its first digit (4 for 4xx), `path` is a part of the path,
    and `token` is a token's ID. `since` is inclusive, `until` exclusive.
    """

    status: int = 0
    method: str = ""
    path: str = ""
    token: str = ""
    since: datetime | None = None
    until: datetime | None = None


_NEWEST_FIRST = Keyset("-at", log.c.at, log.c.id, column_type=datetime, tie_type=int)


def list_requests(
    org_id: str, filters: RequestFilter, *, kept_since: datetime, older_than: str = "",
    newer_than: str = "",
) -> CursorPage[Any]:  # fmt: skip
    """Return a page of the org's requests that match, newest first.

    The page contains at most PAGE_SIZE requests, none older than `kept_since`. A row has the
    columns of the log and `token_name`. `older_than` and `newer_than` are cursors from another
    page; if neither is valid, the first page is returned.
    """
    statement = (
        select(log, token.c.name.label("token_name"))
        .join(token, token.c.id == log.c.token_id)
        .where(log.c.org_id == org_id, log.c.at >= kept_since)
    )
    with database.read() as connection:
        return cursor_page(
            connection, _matching(statement, filters), _NEWEST_FIRST, size=PAGE_SIZE,
            older_than=older_than, newer_than=newer_than,
        )  # fmt: skip


def newest_requests(org_id: str, *, kept_since: datetime, most: int) -> Sequence[Any]:
    """Return the org's newest requests, newest first: at most `most`, none older than `kept_since`.

    A row has `at`, `method`, `path`, `status` and `user_agent`.
    """
    statement = (
        select(log.c.at, log.c.method, log.c.path, log.c.status, log.c.user_agent)
        .where(log.c.org_id == org_id, log.c.at >= kept_since)
        .order_by(log.c.at.desc(), log.c.id.desc())
        .limit(most)
    )
    return database.fetch_all(statement)


def _matching(statement: Select[Any], filters: RequestFilter) -> Select[Any]:
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


PAUSE = 1.0  # seconds between two batches
MOST_WAITING = 20_000  # records in memory, a few megabytes
# Characters of a text in memory: a client may send far more. Masked secrets get shorter.
MOST_KEPT_TEXT = 1_000
CHUNK = 1000  # rows of one statement, for which an order's write waits a few milliseconds
# Seconds between two searches for old rows, varied by half so that processes take turns; and
# between two deletions while there are many.
FORGETTING_PAUSE, FORGETTING_STEP = 60.0, 0.1
LAST_BATCH_TIME = 5.0  # seconds that a stopping process waits for its last batch

_logger = logging.getLogger(__name__)
_recorders: "weakref.WeakSet[RequestRecorder]" = weakref.WeakSet()
_closing_at_exit: set[int] = set()  # IDs of processes that write their last records at exit


def _reset_all() -> None:
    """Empty the recorders in a forked process, because the parent process writes their records."""
    for recorder in _recorders:
        recorder.reset()


os.register_at_fork(after_in_child=_reset_all)


def _close_all() -> None:
    for recorder in list(_recorders):
        recorder.close()


def _close_at_exit() -> None:
    if os.getpid() not in _closing_at_exit:
        _closing_at_exit.add(os.getpid())
        # The server's worker processes end by multiprocessing, which knows no `atexit`.
        multiprocessing.util.Finalize(None, _close_all, exitpriority=1)
        atexit.register(_close_all)


class RequestRecorder:
    """Collects records of requests in memory; a thread writes them about once a second."""

    def __init__(
        self, days: int, context: Callable[[], AbstractContextManager[object]], *, most: int = 0
    ) -> None:
        """Keep log rows for this number of days; if `days` is 0, nothing is recorded.

        `most` is how many rows of all orgs are kept, 0 for any number. `context` returns the
        application context in which the thread writes.
        """
        self.days = days
        self._most = most
        self._context = context
        self.reset()
        _recorders.add(self)

    def reset(self) -> None:
        self._waiting: deque[RequestRecord] = deque()
        self._dropped = 0
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._stop = threading.Event()
        self._writing = threading.Lock()
        self._looks_at = time.monotonic() + FORGETTING_PAUSE * random.random()  # noqa: S311 - no secret

    def kept_since(self) -> datetime:
        return datetime.now(UTC) - timedelta(days=self.days)

    def log_request(
        self, org_id: str, token_id: str, method: str, path: str, status: int, user_agent: str
    ) -> None:
        """Queue a record of a request that was just handled. Never raises.

        `path` must not include the query string.
        """
        if not self.days:
            return
        if len(self._waiting) >= MOST_WAITING:
            self._dropped += 1
            return
        now = int(time.time() * 1000)
        path, user_agent = path[:MOST_KEPT_TEXT], user_agent[:MOST_KEPT_TEXT]
        self._waiting.append(RequestRecord(org_id, token_id, now, method, path, status, user_agent))
        if self._thread is None:
            self._start()

    def flush(self) -> None:
        """Write the records that are waiting now; drop and count those that cannot be written.

        Records that arrive during the call wait for the next one; otherwise the call might never
        end under load.
        """
        with self._writing, self._context():
            left = len(self._waiting)
            while left:
                # The batch is prepared under the lock, and the writer releases it before it waits.
                request_lock.acquire()
                count = min(CHUNK, left)
                left -= count
                try:
                    store([self._waiting.popleft() for _ in range(count)])
                except ServiceBusy:
                    self._dropped += count
                except Exception:
                    self._dropped += count
                    _logger.exception("A part of the request log could not be written.")
                finally:
                    request_lock.release()
            dropped, self._dropped = self._dropped, 0
        if dropped:
            _logger.warning("%d requests were left out of the request log.", dropped)

    def close(self) -> None:
        """Write the waiting records, for at most LAST_BATCH_TIME seconds, and end the thread.

        The next request starts a new thread.
        """
        with self._starting:
            thread, self._thread = self._thread, None
            self._stop.set()
        if thread is not None:
            thread.join(LAST_BATCH_TIME)

    def _start(self) -> None:
        with self._starting:
            if self._thread is not None:
                return
            self._stop = threading.Event()
            thread = threading.Thread(
                target=self._work, args=(self._stop,), name="request-log", daemon=True
            )
            try:
                thread.start()
            except RuntimeError:  # no thread is available; the next request tries again
                return
            self._thread = thread
        _close_at_exit()

    def _work(self, stop: threading.Event) -> None:
        pause = PAUSE
        while not stop.wait(pause):
            self.flush()
            pause = FORGETTING_STEP if self._forget_some() else PAUSE
        self.flush()

    def _forget_some(self) -> bool:
        """Delete some old log rows if it is time to do so; return whether more of them are left."""
        if time.monotonic() < self._looks_at:
            return False
        more = False
        try:
            with self._context():
                more = forget(self.kept_since(), self._most)
        except ServiceBusy:
            pass
        except Exception:
            _logger.exception("Old rows of the request log could not be deleted.")
        pause = 0.0 if more else FORGETTING_PAUSE * random.uniform(0.5, 1.5)  # noqa: S311 - no secret
        self._looks_at = time.monotonic() + pause
        return more
