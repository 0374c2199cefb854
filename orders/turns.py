"""Turns: of a process's threads, one at a time works on a request; the others wait their turn.

Python runs one thread at a time anyway. But each statement of SQLite lets go of Python's lock for a
few microseconds, and with eight threads there is always one that takes it: every request would
change threads a dozen times, which costs more than the statements themselves (docs/benchmarks.md).
Whoever is going to take or wait long gives the turn away and goes on without it: before a write,
before the reads of a page or of an account whose password is hashed next, and before an answer is
held back.
"""

import os
import threading

_turn = threading.Lock()
_thread = threading.local()


def _forget() -> None:
    """Begin anew in a forked process: the thread that had the turn is not in it."""
    global _turn, _thread
    _turn, _thread = threading.Lock(), threading.local()


os.register_at_fork(after_in_child=_forget)


def take() -> None:
    """Wait for the turn; nothing happens when this thread has it already."""
    if not getattr(_thread, "has_turn", False):
        _turn.acquire()
        _thread.has_turn = True


def skip() -> None:
    """Go on without a turn."""


def give() -> None:
    """Give the turn to another thread; nothing happens when this thread does not have it."""
    if getattr(_thread, "has_turn", False):
        _thread.has_turn = False
        _turn.release()
