"""Writes the request log aside from the requests, so that none of them waits for it.

A request only puts a note into a list in memory. One thread of each process writes what has
gathered, about once a second; when it cannot keep up, or the database is busy, notes are dropped
and counted (docs/decisions/0014-the-request-log.md).
"""

import atexit
import logging
import multiprocessing.util
import os
import random
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

from orders.domain.errors import ServiceBusy
from orders.services import request_log
from orders.services.request_log import RequestRecord
from orders.storage.sqlite import request_lock

PAUSE = 1.0  # seconds between two batches
# Notes that wait at most, a few megabytes. More would be a database that is away for long.
MOST_WAITING = 20_000
# Rows of one statement: an order that is written meanwhile waits a few milliseconds for them.
CHUNK = 1000
# Seconds between two looks for rows that are too old, by chance half or half as much again, so that
# not every process looks at once.
FORGETTING_PAUSE = 600.0
# Seconds between two deletions while there are many such rows.
FORGETTING_STEP = 0.1
# Seconds that a stopping process gives the last batch.
FAREWELL = 5.0

_logger = logging.getLogger(__name__)
_recorders: "weakref.WeakSet[RequestRecorder]" = weakref.WeakSet()
_farewells: set[int] = set()  # processes, by ID, that write their last notes when they end


def _begin_anew() -> None:
    """Leave a forked process neither the notes of its parent, which writes them, nor its thread."""
    for recorder in _recorders:
        recorder.begin_anew()


os.register_at_fork(after_in_child=_begin_anew)


def _close_all() -> None:
    for recorder in list(_recorders):
        recorder.close()


def _say_farewell() -> None:
    """Have the last notes written when this process ends."""
    if os.getpid() not in _farewells:
        _farewells.add(os.getpid())
        # The server's worker processes end by multiprocessing, which knows no `atexit`.
        multiprocessing.util.Finalize(None, _close_all, exitpriority=1)
        atexit.register(_close_all)


class RequestRecorder:
    """Takes notes of requests and writes them later. Nothing here is ever raised into a request."""

    def __init__(self, days: int, context: Callable[[], AbstractContextManager[object]]) -> None:
        """Keep the log for so many days; 0 takes no notes.

        `context` gives what the services need around them, for the thread that writes.
        """
        self.days = days
        self._context = context
        self.begin_anew()
        _recorders.add(self)

    def begin_anew(self) -> None:
        """Start without notes and without a thread."""
        self._waiting: deque[RequestRecord] = deque()
        self._dropped = 0
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._stop = threading.Event()
        self._writing = threading.Lock()
        self._looks_at = time.monotonic() + FORGETTING_PAUSE * random.random()  # noqa: S311 - no secret

    def kept_since(self) -> datetime:
        """Give the moment before which requests are forgotten."""
        return datetime.now(UTC) - timedelta(days=self.days)

    def log_request(
        self, org_id: str, token_id: str, method: str, path: str, status: int, user_agent: str
    ) -> None:
        """Log a request that was answered just now; the path is without its query."""
        if not self.days:
            return
        if len(self._waiting) >= MOST_WAITING:
            self._dropped += 1
            return
        now = int(time.time() * 1000)
        self._waiting.append(RequestRecord(org_id, token_id, now, method, path, status, user_agent))
        if self._thread is None:
            self._start()

    def flush(self) -> None:
        """Write the notes that wait now; those that cannot be written are dropped and counted.

        What comes meanwhile waits for the next time: under load there would be no end, and every
        handful of notes would get a commit of its own.
        """
        with self._writing, self._context():
            left = len(self._waiting)
            while left:
                # Whoever has the turn works undisturbed: a batch is prepared in one go, and the
                # writer of the database gives the turn away before it waits.
                request_lock.acquire()
                count = min(CHUNK, left)
                left -= count
                try:
                    request_log.store([self._waiting.popleft() for _ in range(count)])
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
        """Write what waits and end the thread; notes that come later start another one."""
        with self._starting:
            thread, self._thread = self._thread, None
            self._stop.set()
        if thread is not None:
            thread.join(FAREWELL)

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
            except RuntimeError:  # no thread can be had now; the next request tries again
                return
            self._thread = thread
        _say_farewell()

    def _work(self, stop: threading.Event) -> None:
        pause = PAUSE
        while not stop.wait(pause):
            self.flush()
            pause = FORGETTING_STEP if self._forget_some() else PAUSE
        self.flush()

    def _forget_some(self) -> bool:
        """Delete some rows that are too old, now and then; True while there are more."""
        if time.monotonic() < self._looks_at:
            return False
        more = False
        try:
            with self._context():
                more = request_log.forget(self.kept_since())
        except ServiceBusy:
            pass
        except Exception:
            _logger.exception("Old rows of the request log could not be deleted.")
        pause = 0.0 if more else FORGETTING_PAUSE * random.uniform(0.5, 1.5)  # noqa: S311 - no secret
        self._looks_at = time.monotonic() + pause
        return more
