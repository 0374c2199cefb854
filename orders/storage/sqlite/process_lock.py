"""The lock for which the writing processes of one SQLite database queue.

The kernel frees it when its owner dies, but not when its owner is stopped (SIGSTOP, Ctrl+Z): then
nobody could write. So a process that has waited for STOPPED_FOR seconds lets a stopped owner go on.
"""

import fcntl
import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from orders.domain.errors import ServiceBusy
from orders.storage.sqlite.database_files import CANNOT_READ, CANNOT_WRITE

log = logging.getLogger(__name__)

# Seconds after which a stopped process that owns the lock is continued.
STOPPED_FOR = 5.0
# Seconds between two looks at how long this process has waited.
PAUSE = 1.0


class ProcessLock:
    """The lock on the file at `path`, which is created when first needed."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._waits_since: float | None = None
        self._is_watched = threading.Lock()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Own the lock during the `with` block; waiting processes get it in order of arrival.

        Raises ServiceBusy if the file cannot be opened or locked.
        """
        handle = -1
        try:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._wait(handle)
            os.utime(handle)  # for `held_since`
        except OSError as error:
            if handle >= 0:
                os.close(handle)
            raise ServiceBusy(CANNOT_WRITE) from error
        try:
            yield
        finally:
            os.close(handle)

    def held_since(self) -> datetime | None:
        """Return when a process got the lock that it owns now; None if it is free.

        Raises ServiceBusy if the file cannot be read.
        """
        try:
            handle = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ServiceBusy(CANNOT_READ) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return datetime.fromtimestamp(os.fstat(handle).st_mtime, UTC)
        except OSError as error:
            raise ServiceBusy(CANNOT_READ) from error
        else:
            return None
        finally:
            os.close(handle)

    def _wait(self, handle: int) -> None:
        self._waits_since = time.monotonic()
        if self._is_watched.acquire(blocking=False):
            threading.Thread(target=self._watch, daemon=True, name="lock-watch").start()
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
        finally:
            self._waits_since = None

    def _watch(self) -> None:
        while True:
            time.sleep(PAUSE)
            since = self._waits_since
            if since is not None and time.monotonic() - since > STOPPED_FOR:
                try:
                    self._continue_owner()
                except OSError as error:
                    log.warning("Whether the writing process is stopped cannot be seen: %s", error)

    def _continue_owner(self) -> None:
        """Send SIGCONT to the owner of the lock if it is a stopped process of this machine."""
        file = os.stat(self._path)  # noqa: PTH116 - as elsewhere in this folder
        # As `1: FLOCK ADVISORY WRITE 4711 08:01:131 0 EOF`; those that wait have an arrow first.
        for line in Path("/proc/locks").read_text("ascii").splitlines():
            _, kind, *rest = line.split()
            if kind != "FLOCK" or int(rest[3].rpartition(":")[2]) != file.st_ino:
                continue
            owner = int(rest[2])
            state = Path(f"/proc/{owner}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
            if state == "T":
                log.warning("Process %d was stopped while it wrote: it is continued.", owner)
                os.kill(owner, signal.SIGCONT)
