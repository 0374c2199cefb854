"""Shortens a write-ahead log that a long reader has made long.

SQLite cannot move what a reader may still need from the log into the database, so the log grows as
long as someone reads, and keeps its length afterwards. To move a long one takes seconds, for which
nobody should wait: a thread does it, beside the writes.
"""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, closing

log = logging.getLogger(__name__)

# Bytes from which a log is long; SQLite's own habit is to move 4 MB, within a commit.
LONG = 32 * 1024 * 1024
# Seconds between two tries to shorten it.
PAUSE = 0.5
# Pages that may be moved while writes wait: 8 MB take a few hundredths of a second.
FEW_PAGES = 2_000
# Milliseconds for which writes wait until no one reads.
READERS = 100
# Pages in the log from which SQLite moves them within a commit; it is its own default.
USUAL_PAGES = 1_000


class LongLog:
    """Watches the log of the database at `path`; `lock` keeps all processes from writing."""

    def __init__(self, path: str, lock: Callable[[], AbstractContextManager[None]]) -> None:
        self._path = path
        self._lock = lock
        self._is_watched = threading.Lock()
        self._is_long = False

    def look(self, size: int, writer: sqlite3.Connection) -> None:
        """Take note of the log's size in bytes after a commit of `writer`."""
        if self._is_long != (size > LONG):
            self._is_long = size > LONG
            # A commit must not move what the thread is about to move.
            writer.execute(f"PRAGMA wal_autocheckpoint = {0 if self._is_long else USUAL_PAGES}")
        if self._is_long and self._is_watched.acquire(blocking=False):
            threading.Thread(target=self._run, daemon=True, name="long-log").start()

    def forget(self) -> None:
        """Begin again with a new connection, whose commits move pages."""
        self._is_long = False

    def _run(self) -> None:
        try:
            with closing(sqlite3.connect(self._path, isolation_level=None, timeout=0)) as own:
                while not self._is_short(own):
                    time.sleep(PAUSE)
        except (sqlite3.Error, OSError) as error:
            log.warning("The write-ahead log cannot be shortened now: %s", error)
            time.sleep(PAUSE)
        finally:
            self._is_watched.release()

    def _is_short(self, own: sqlite3.Connection) -> bool:
        """Move what can be moved; return whether the log is empty then."""
        _, pages, moved = own.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        if pages - moved > FEW_PAGES or pages < 0:  # someone reads, or another process moves
            return False
        with self._lock():
            own.execute(f"PRAGMA busy_timeout = {READERS}")
            is_busy, *_ = own.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            own.execute("PRAGMA busy_timeout = 0")
        return not is_busy
