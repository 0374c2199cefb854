"""What a process does whose threads cannot go on for want of memory: it ends.

Python's `Thread.start` waits for ever for a thread that cannot begin, with all locks of its caller,
and reports it by a hook that needs memory itself. So a process that has begun watches its threads,
and one that begins asks the kernel to end it by `signal.alarm` (BEGIN) if it does not get to that.
The supervisor, or the server, starts the process again.
"""

import os
import threading
from collections.abc import Sequence
from typing import NoReturn

# Seconds that a process has to begin, which usually takes a tenth of one.
BEGIN = 10
# Seconds between two calls of `ThreadWatch.look`.
LOOK = 1.0


class ThreadWatch:
    """Ends the process when a thread cannot begin, or one that is `needed` has ended."""

    def __init__(self, needed: Sequence[threading.Thread] = ()) -> None:
        self._needed = needed
        self._beginning: set[threading.Thread] = set()

    def look(self) -> None:
        """End the process if it is in need of that; to be called every LOOK seconds."""
        # A thread is listed while its start waits for it, which takes less than a millisecond.
        beginning = {one for one in threading.enumerate() if not one.is_alive()}
        if beginning & self._beginning or not all(one.is_alive() for one in self._needed):
            end_now()
        self._beginning = beginning


def end_now() -> NoReturn:
    """End this process, which has no memory left even for an orderly end."""
    os._exit(os.EX_OSERR)
