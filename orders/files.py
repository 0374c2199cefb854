"""The file store: bytes under names that the service makes, in a folder or in an S3 bucket.

No name that a client sent ever becomes a path. A file is written before the rows that tell of it,
so a process that dies in between leaves a file that nobody knows: `sweep` removes those.
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

from orders.rules.errors import NotFound, ServiceBusy
from orders.rules.texts import mark
from orders.storage.sqlite import request_lock

CANNOT_WRITE = mark("The file store cannot be written. Please try again.")
CANNOT_READ = mark("The file store cannot be reached. Please try again.")
NAME_BYTES = 20  # random bytes of a name: nobody guesses it, and it is never used twice
# Requests to a bucket: tries after the first, and how long they may take together.
RETRIES = 2
TIMEOUT = timedelta(seconds=20)
# A request is over long before this; what nobody knows of by then is left over.
SWEEP_AGE = timedelta(hours=24)


class FileStore:
    """Where files lie. Opened when it is first used, by the process that uses it."""

    def __init__(self, address: str, folder: Path) -> None:
        """Take the address of a bucket (`s3://bucket/prefix`), or for `""` the folder.

        Region, endpoint and credentials of a bucket come from the usual `AWS_…` variables.
        """
        self._address = address
        self._folder = folder
        self._opened: tuple[int, ObjectStore] | None = None

    def put(self, name: str, content: bytes) -> None:
        """Write a file, whole or not at all; returns once it is durable.

        Raises ServiceBusy when the store cannot be written.
        """
        request_lock.release()
        try:
            # In one request: a broken upload in parts would leave parts in the bucket.
            obstore.put(self._store(), name, content, use_multipart=False)
            if not self._address:
                self._make_durable(name)
        except (BaseError, OSError) as error:
            raise ServiceBusy(CANNOT_WRITE) from error

    def get(self, name: str) -> bytes:
        """Read a file. Raises NotFound when it is not there, and ServiceBusy without a store."""
        request_lock.release()
        try:
            return bytes(obstore.get(self._store(), name).bytes())
        except (NotFoundError, FileNotFoundError) as error:
            raise NotFound(mark("This file is not in the store any more.")) from error
        except (BaseError, OSError) as error:
            raise ServiceBusy(CANNOT_READ) from error

    def discard(self, names: Iterable[str]) -> None:
        """Remove files that nothing tells of; what cannot be removed now is swept later."""
        request_lock.release()
        for name in names:
            with contextlib.suppress(BaseError, OSError):
                obstore.delete(self._store(), name)

    def names_before(self, moment: datetime) -> Iterator[str]:
        """Give the name of every file that was written before this moment."""
        try:
            for batch in obstore.list(self._store()):
                yield from (one["path"] for one in batch if one["last_modified"] < moment)
        except (BaseError, OSError) as error:
            raise ServiceBusy(CANNOT_READ) from error

    def discard_drafts(self, moment: datetime) -> int:
        """Remove what a killed process had half written into the folder before this moment.

        The store writes beside the file (`name#1`) and renames at the end; it never shows those.
        """
        drafts = [
            place
            for place in (() if self._address else self._folder.rglob("*#*"))
            if place.stat().st_mtime < moment.timestamp()
        ]
        for place in drafts:
            place.unlink(missing_ok=True)
        return len(drafts)

    def _store(self) -> ObjectStore:
        # A forked process must not use its parent's connections.
        if self._opened is None or self._opened[0] != os.getpid():
            self._opened = (os.getpid(), self._open())
        return self._opened[1]

    def _open(self) -> ObjectStore:
        if not self._address:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return LocalStore(self._folder)
        # Without options of the client: any would put AWS_ALLOW_HTTP out of force.
        return S3Store.from_url(
            self._address, retry_config={"max_retries": RETRIES, "retry_timeout": TIMEOUT}
        )

    def _make_durable(self, name: str) -> None:
        """Bring file and folders to the disk: the rows that tell of them will be durable too."""
        place = self._folder / name
        while place != self._folder.parent:
            handle = os.open(place, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
            place = place.parent


def new_name(org_id: str) -> str:
    """Make a name that was never used and cannot be guessed, below the org's own folder."""
    return f"{org_id}/{secrets.token_hex(NAME_BYTES)}"
