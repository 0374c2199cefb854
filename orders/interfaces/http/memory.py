"""What a process does that has no memory left."""

import os
import sys
import threading
from typing import NoReturn


def end_without_memory() -> None:
    """From now on, end this process when a thread of it cannot begin or go on for want of memory.

    Python's `Thread.start` would wait for that thread for ever, with all locks of its caller, and
    others would wait for what a thread that has ended was to do. The supervisor, or the server,
    starts the process again.
    """
    unraisable, uncaught = sys.unraisablehook, threading.excepthook

    def end_if_unraisable(problem: "sys.UnraisableHookArgs") -> None:
        if issubclass(problem.exc_type, MemoryError):
            end_now()
        unraisable(problem)

    def end_if_uncaught(problem: threading.ExceptHookArgs) -> None:
        if issubclass(problem.exc_type, MemoryError):
            end_now()
        uncaught(problem)

    sys.unraisablehook, threading.excepthook = end_if_unraisable, end_if_uncaught


def end_now() -> NoReturn:
    """End this process, which has no memory left even for an orderly end."""
    os._exit(os.EX_OSERR)
