"""Where rate limits count: storages of the library `limits`, shared by all processes and servers.

`database://` counts each try in the database, in a transaction of its own: exactly, for what is
tried seldom and must not be guessed. `database+memory://` counts in memory and adds its counts to
those of the other processes once a second, so that a request costs no write: for what comes often
(docs/decisions/0045-limits-are-counted-in-the-database.md).
"""

import hashlib
import logging
import math
import os
import threading
import time
import weakref
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import orjson
from limits.storage import Storage
from limits.storage.base import SlidingWindowCounterSupport, TimestampedSlidingWindow
from sqlalchemy import Connection, delete, select, text, update

from orders.domain.errors import ServiceBusy
from orders.domain.texts import lazy_gettext
from orders.storage import database
from orders.storage.sql import in_array
from orders.storage.tables import rate_count as table

EXACT = "database://"
SHARED_MEMORY = "database+memory://"
PAUSE = 1.0  # seconds between two exchanges of counts
FORGETTING_PAUSE = 600.0  # seconds between two deletions of old counts by one process

# Of Redis: no request waits longer for it, in seconds, and its errors are those of `limits`.
_REDIS = {"socket_connect_timeout": 2, "socket_timeout": 2, "wrap_exceptions": True}

# What a request is answered whose limit cannot be checked.
CANNOT_COUNT = lazy_gettext("The limits of requests cannot be checked right now. Please try again.")

_logger = logging.getLogger(__name__)
# A count that has expired begins again.
_INSERT = "INSERT INTO rate_count (key, count, expires_at)"
_SUM = (
    "ON CONFLICT (key) DO UPDATE SET count = CASE WHEN rate_count.expires_at <= :now "
    "THEN excluded.count ELSE rate_count.count + excluded.count END, "
    "expires_at = CASE WHEN rate_count.expires_at <= :now "
    "THEN excluded.expires_at ELSE rate_count.expires_at END "
    "RETURNING key, count, expires_at"
)
# One JSON text for all rows: the fastest way, as for the request log.
_ROWS = {
    "sqlite": "SELECT value->>0, value->>1, value->>2 FROM json_each(:rows) WHERE true",
    "postgresql": "SELECT value->>0, CAST(value->>1 AS integer), "
    "CAST(value->>2 AS double precision) FROM json_array_elements(CAST(:rows AS json))",
}
_ADD = {name: text(" ".join((_INSERT, rows, _SUM))) for name, rows in _ROWS.items()}


def storage_options(uri: str) -> dict[str, Any]:
    """Return the options with which the storage at `uri` is made.

    With those of Redis, it raises StorageError while Redis cannot be reached.
    """
    return dict(_REDIS) if uri.startswith("redis") else {}


def _name(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _add(
    connection: Connection, rows: Sequence[tuple[str, int, float]], now: float
) -> Mapping[str, tuple[int, float]]:
    """Add to counts; return the sums and when they expire, by name.

    `rows` are (name, amount, when a new count expires). A count that has expired begins again.
    """
    # Sorted, so that two processes lock the rows in the same sequence.
    sent = {"rows": orjson.dumps(sorted(rows)).decode(), "now": now}
    found = connection.execute(_ADD[connection.dialect.name], sent)
    return {name: (count, expires_at) for name, count, expires_at in found}


def _read(names: Collection[str], now: float) -> Mapping[str, tuple[int, float]]:
    """Return the counts with these names and when they expire, without those that have expired."""
    if not names:
        return {}
    found = select(table).where(in_array(table.c.key, sorted(names)), table.c.expires_at > now)
    return {name: (count, expires_at) for name, count, expires_at in database.fetch_all(found)}


class _Forgetting:
    """Deletes expired counts from time to time."""

    def __init__(self) -> None:
        self._next = time.monotonic() + FORGETTING_PAUSE

    def maybe_forget(self, connection: Connection, now: float) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + FORGETTING_PAUSE
            connection.execute(delete(table).where(table.c.expires_at <= now))


class DatabaseStorage(Storage, SlidingWindowCounterSupport, TimestampedSlidingWindow):
    """Counts in the database, each time at once. All methods raise ServiceBusy if it is busy."""

    STORAGE_SCHEME = ["database"]  # noqa: RUF012 - as the library declares it

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False, **_: Any) -> None:  # noqa: ANN401 - the library's signature
        super().__init__(uri, wrap_exceptions)
        self._forgetting = _Forgetting()

    @property
    def base_exceptions(self) -> type[Exception]:
        return ServiceBusy

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Add to a count that expires `expiry` seconds after its first use; return the sum."""
        name, now = _name(key), time.time()
        with database.transaction() as connection:
            self._forgetting.maybe_forget(connection, now)
            return _add(connection, [(name, amount, now + expiry)], now)[name][0]

    def get(self, key: str) -> int:
        """Return a count, 0 if it has expired."""
        return self._read(key)[0]

    def get_expiry(self, key: str) -> float:
        """Return when a count expires, in seconds since 1970; now if there is none."""
        return self._read(key)[1]

    def check(self) -> bool:
        """Return whether the database can be read."""
        try:
            self.get("")
        except ServiceBusy:
            return False
        return True

    def reset(self) -> int | None:
        """Forget all counts."""
        return database.execute(delete(table))

    def clear(self, key: str) -> None:
        """Forget one count."""
        database.execute(delete(table).where(table.c.key == _name(key)))

    def acquire_sliding_window_entry(
        self, key: str, limit: int, expiry: int, amount: int = 1
    ) -> bool:
        """Count a try if the sliding window has room for it; return whether it was counted."""
        now = time.time()
        previous, current = map(_name, self.sliding_window_keys(key, expiry, now))
        old = select(table.c.count).where(table.c.key == previous, table.c.expires_at > now)
        with database.transaction() as connection:
            self._forgetting.maybe_forget(connection, now)
            # Locks the row, so that parallel tries are counted one after the other.
            count = _add(connection, [(current, amount, now + 2 * expiry)], now)[current][0]
            before = connection.execute(old).scalar() or 0
            has_room = math.floor(before * (1 - now / expiry % 1) + count) <= limit
            if not has_room:
                connection.execute(
                    update(table).where(table.c.key == current).values(count=count - amount)
                )
        return has_room

    def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """Return count and remaining seconds of the previous window, and those of this one."""
        now = time.time()
        previous, current = map(_name, self.sliding_window_keys(key, expiry, now))
        found = select(table.c.key, table.c.count).where(
            table.c.key.in_([previous, current]), table.c.expires_at > now
        )
        counts = {row.key: row.count for row in database.fetch_all(found)}
        before = counts.get(previous, 0)
        left = (1 - now / expiry % 1) * expiry
        return before, left if before else 0.0, counts.get(current, 0), left + expiry

    def clear_sliding_window(self, key: str, expiry: int) -> None:
        """Forget both windows."""
        names = list(map(_name, self.sliding_window_keys(key, expiry, time.time())))
        database.execute(delete(table).where(table.c.key.in_(names)))

    def _read(self, key: str) -> tuple[int, float]:
        now = time.time()
        found = database.fetch_one(select(table).where(table.c.key == _name(key)))
        is_current = found is not None and found.expires_at > now
        return (found.count, found.expires_at) if found is not None and is_current else (0, now)


class _Count:
    """A count in memory; `sent` of it are in the database."""

    __slots__ = ("count", "expires_at", "sent")

    def __init__(self, expires_at: float) -> None:
        self.count = 0
        self.sent = 0
        self.expires_at = expires_at


_storages: "weakref.WeakSet[SharedMemoryStorage]" = weakref.WeakSet()


def reset_all() -> None:
    """Forget the counts in the memory of this process, also in a forked child."""
    for storage in _storages:
        storage.reset()


os.register_at_fork(after_in_child=reset_all)


class SharedMemoryStorage(Storage):
    """Counts in memory, and exchanges counts with other processes about once a second.

    A thread does that, from the first count on; `context` returns the application context for it.
    """

    STORAGE_SCHEME = ["database+memory"]  # noqa: RUF012 - as the library declares it

    def __init__(
        self,
        uri: str | None = None,
        wrap_exceptions: bool = False,
        *,
        context: Callable[[], AbstractContextManager[object]],
    ) -> None:
        super().__init__(uri, wrap_exceptions)
        self._context = context
        self._forgetting = _Forgetting()
        self.reset()
        _storages.add(self)

    @property
    def base_exceptions(self) -> type[Exception]:
        return ServiceBusy

    def count(self, key: str, expiry: float, amount: int = 1) -> int:
        """Add to a count that expires `expiry` seconds after its first use; return the sum.

        This is `incr` without the library's wrapper, for requests that take microseconds.
        """
        now = time.time()
        counted = self._counts.get(key)
        if counted is None or counted.expires_at <= now:
            counted = self._begin(key, now + expiry)
        counted.count += amount  # no call in between: threads do not interrupt it
        return counted.count

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Add to a count, as `count` does."""
        return self.count(key, expiry, amount)

    def get(self, key: str) -> int:
        """Return a count, 0 if it has expired."""
        counted = self._counts.get(key)
        return counted.count if counted is not None and counted.expires_at > time.time() else 0

    def get_expiry(self, key: str) -> float:
        """Return when a count expires, in seconds since 1970; now if there is none."""
        counted = self._counts.get(key)
        return counted.expires_at if counted is not None else time.time()

    def check(self) -> bool:
        """Return True: memory is always there."""
        return True

    def reset(self) -> int | None:
        """Forget the counts of this process."""
        self._counts: dict[str, _Count] = {}
        self._has_thread = False
        self._starting = threading.Lock()
        return None

    def clear(self, key: str) -> None:
        """Forget one count of this process."""
        self._counts.pop(key, None)

    def exchange(self) -> None:
        """Add the new counts to those in the database, and take over the sums of all counts."""
        now = time.time()
        current: dict[str, tuple[_Count, int]] = {}
        for key, one in list(self._counts.items()):
            if one.expires_at <= now:
                self._counts.pop(key, None)
            else:
                current[_name(key)] = (one, one.count)
        if not current:
            return
        rows = [
            (name, seen - one.sent, one.expires_at)
            for name, (one, seen) in current.items()
            if seen > one.sent
        ]
        with self._context():
            sums = {**_read(set(current) - {row[0] for row in rows}, now), **self._send(rows, now)}
        for name, (total, expires_at) in sums.items():
            one, seen = current[name]
            one.expires_at = expires_at
            one.count += total - seen  # more may have been counted meanwhile
            one.sent = total

    def _send(
        self, rows: Sequence[tuple[str, int, float]], now: float
    ) -> Mapping[str, tuple[int, float]]:
        def add(connection: Connection) -> Mapping[str, tuple[int, float]]:
            self._forgetting.maybe_forget(connection, now)
            return _add(connection, rows, now)

        return database.write(add) if rows else {}

    def _begin(self, key: str, expires_at: float) -> _Count:
        counted = self._counts[key] = _Count(expires_at)
        if not self._has_thread:
            with self._starting:
                if not self._has_thread:
                    self._has_thread = True
                    threading.Thread(target=self._work, name="rate-counts", daemon=True).start()
        return counted

    def _work(self) -> None:
        counts_at_start = self._starting
        while True:
            time.sleep(PAUSE)
            if self._starting is not counts_at_start:  # reset meanwhile
                return
            try:
                self.exchange()
            except ServiceBusy:
                pass  # the counts are sent with the next ones
            except Exception:
                _logger.exception("The counts of rate limits could not be exchanged.")
            if self._may_rest():
                return

    def _may_rest(self) -> bool:
        """Return whether there are no counts, so that the thread must end until there are some."""
        with self._starting:
            # In this order: a count that begins meanwhile is seen here, or starts a thread itself.
            self._has_thread = False
            self._has_thread = bool(self._counts)
            return not self._has_thread
