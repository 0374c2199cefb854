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
    """A file store, opened on first use in each process."""

    def __init__(self, address: str, folder: Path) -> None:
        """Use a bucket (`s3://bucket/prefix`), or the folder if the address is `""`.

        Region, endpoint and credentials of a bucket come from the usual `AWS_…` variables.
        """
        self._address = address
        self._folder = folder
        self._opened: tuple[int, ObjectStore] | None = None

    def put(self, name: str, content: bytes) -> None:
        """Write a file atomically and durably. Raises ServiceBusy."""
        request_lock.release()
        try:
            # A failed multipart upload would leave parts in the bucket.
            obstore.put(self._store(), name, content, use_multipart=False)
            if not self._address:
                self._make_durable(name)
        except (BaseError, OSError) as error:
            raise ServiceBusy(CANNOT_WRITE) from error

    def get(self, name: str) -> bytes:
        """Return the content of a file. Raises NotFound and ServiceBusy."""
        request_lock.release()
        try:
            return bytes(obstore.get(self._store(), name).bytes())
        except (NotFoundError, FileNotFoundError) as error:
            raise NotFound(lazy_gettext("This file is not in the store any more.")) from error
        except (BaseError, OSError) as error:
            raise ServiceBusy(CANNOT_READ) from error

    def discard(self, names: Iterable[str]) -> None:
        """Remove files that no row refers to; what cannot be removed is left for the next sweep."""
        request_lock.release()
        for name in names:
            with contextlib.suppress(BaseError, OSError):
                obstore.delete(self._store(), name)

    def names_before(self, moment: datetime) -> Iterator[str]:
        """Yield the name of every file written before this time. Raises ServiceBusy."""
        try:
            for batch in obstore.list(self._store()):
                yield from (one["path"] for one in batch if one["last_modified"] < moment)
        except (BaseError, OSError) as error:
            raise ServiceBusy(CANNOT_READ) from error

    def discard_drafts(self, moment: datetime) -> int:
        """Remove temporary files of killed processes written before this time; return their number.

        The store writes to `name#1`, which it never lists, and renames it at the end.
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
        """Sync the file and its folders to disk, as the rows that refer to it will be."""
        path = self._folder / name
        while path != self._folder.parent:
            handle = os.open(path, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
            path = path.parent


def new_name(org_id: str) -> str:
    """Return a new name for a file of the org, which nobody can guess."""
    return f"{org_id}/{secrets.token_hex(NAME_BYTES)}"
