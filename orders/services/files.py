"""The file store: a folder or an S3 bucket.

The service chooses all names; no name sent by a client becomes a path. A file is written before the
rows that refer to it. `flask files sweep` removes orphans of processes that died in between.
"""

import contextlib
import os
import secrets
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import LocalStore, ObjectStore, S3Store

from orders.domain.errors import NotFound, ServiceBusy
from orders.domain.texts import lazy_gettext
from orders.storage.sqlite import request_lock

CANNOT_WRITE = lazy_gettext("The file store cannot be written. Please try again.")
CANNOT_READ = lazy_gettext("The file store cannot be reached. Please try again.")
NAME_BYTES = 20  # random bytes of a name, so that it is unique and cannot be guessed
# Requests to a bucket: retries, and the maximum time for all of them.
RETRIES = 2
TIMEOUT = timedelta(seconds=20)
# Much longer than any request: an older file without a row is an orphan.
SWEEP_AGE = timedelta(hours=24)


class FileStore:
    """Files in a local folder or an S3 bucket, opened on first use in each process."""

    def __init__(self, address: str, folder: Path) -> None:
        """Use the bucket at `address` (`s3://bucket/prefix`), or `folder` if `address` is `""`.

        Region, endpoint and credentials of a bucket come from the usual `AWS_…` variables.
        """
        self._address = address
        self._folder = folder
        self._opened: tuple[int, ObjectStore] | None = None

    def put(self, name: str, content: bytes) -> None:
        """Write a file atomically and durably. Raises ServiceBusy if it cannot be written."""
        request_lock.release()
        try:
            # A failed multipart upload would leave parts in the bucket.
            obstore.put(self._store(), name, content, use_multipart=False)
            if not self._address:
                self._make_durable(name)
        except (BaseError, OSError) as error:
            raise ServiceBusy(CANNOT_WRITE) from error

    def get(self, name: str) -> bytes:
        """Return a file's content. Raises NotFound, or ServiceBusy if the store is out of reach."""
        request_lock.release()
        try:
            return bytes(obstore.get(self._store(), name).bytes())
        except (NotFoundError, FileNotFoundError) as error:
            raise NotFound(lazy_gettext("This file is not in the store any more.")) from error
        except (BaseError, OSError) as error:
            raise ServiceBusy(CANNOT_READ) from error

    def discard(self, names: Iterable[str]) -> None:
        """Delete files that no row refers to, ignoring errors; `flask files sweep` repeats it."""
        request_lock.release()
        for name in names:
            with contextlib.suppress(BaseError, OSError):
                obstore.delete(self._store(), name)

    def names_before(self, moment: datetime) -> Iterator[str]:
        """Yield the names of files written before `moment`. Raises ServiceBusy if out of reach."""
        try:
            for batch in obstore.list(self._store()):
                yield from (one["path"] for one in batch if one["last_modified"] < moment)
        except (BaseError, OSError) as error:
            raise ServiceBusy(CANNOT_READ) from error

    def discard_drafts(self, moment: datetime) -> int:
        """Delete temporary files that killed processes left before `moment`; return their number.

        In a folder, a file is written as `name#1` and then renamed. A bucket has no such files.
        """
        drafts = [
            path
            for path in (() if self._address else self._folder.rglob("*#*"))
            if path.stat().st_mtime < moment.timestamp()
        ]
        for path in drafts:
            path.unlink(missing_ok=True)
        return len(drafts)

    def _store(self) -> ObjectStore:
        # A forked process must not use the connections of its parent.
        if self._opened is None or self._opened[0] != os.getpid():
            self._opened = (os.getpid(), self._open())
        return self._opened[1]

    def _open(self) -> ObjectStore:
        if not self._address:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return LocalStore(self._folder)
        # Any client option would disable AWS_ALLOW_HTTP.
        return S3Store.from_url(
            self._address, retry_config={"max_retries": RETRIES, "retry_timeout": TIMEOUT}
        )

    def _make_durable(self, name: str) -> None:
        """Sync a file of the local folder, and the folders above it, to disk."""
        path = self._folder / name
        while path != self._folder.parent:
            handle = os.open(path, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
            path = path.parent


def new_name(org_id: str) -> str:
    """Return a new name for a file, which nobody can guess: `{org ID}/{random hexadecimal}`."""
    return f"{org_id}/{secrets.token_hex(NAME_BYTES)}"
