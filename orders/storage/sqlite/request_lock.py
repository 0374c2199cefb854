"""Request lock: only one thread of a process works on a request at a time.

Python runs one thread at a time anyway. But each SQLite statement releases Python's lock for a few
microseconds, and one of the other threads always takes it: a request would be interrupted a dozen
times, which costs more than its statements (docs/decisions/0011-one-thread-at-a-time.md). A thread
that is about to wait, or to work for long, releases the request lock and continues without it:
before a write, before it reads data for a page or for a password check, and before a delayed
response.
"""

import os
import threading

_lock = threading.Lock()
_thread = threading.local()


def _reset() -> None:
    """Replace the lock in a forked child, which lacks the thread that may have acquired it."""
    global _lock, _thread
    _lock, _thread = threading.Lock(), threading.local()


os.register_at_fork(after_in_child=_reset)


def acquire() -> None:
    """Wait for this process's request lock; do nothing if this thread already has it."""
    if not getattr(_thread, "has_lock", False):
        _lock.acquire()
        _thread.has_lock = True


def skip() -> None:
    """Continue without the lock; used instead of `acquire` on PostgreSQL."""


def release() -> None:
    """Release the lock; do nothing if this thread does not have it."""
    if getattr(_thread, "has_lock", False):
        _thread.has_lock = False
        _lock.release()
