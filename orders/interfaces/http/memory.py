"""What a process does that has no memory left."""

import os
import sys


def end_without_memory() -> None:
    """From now on, end this process when a thread of it cannot begin for want of memory.

    Python's `Thread.start` would wait for that thread for ever, with all locks of its caller. The
    supervisor, or the server, starts the process again.
    """
    usual = sys.unraisablehook

    def end(problem: "sys.UnraisableHookArgs") -> None:
        if issubclass(problem.exc_type, MemoryError):
            os._exit(os.EX_OSERR)
        usual(problem)

    sys.unraisablehook = end
