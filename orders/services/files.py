"""The file store: a folder or an S3 bucket.

The service chooses all file names; no name that a client sends becomes a path. A file is written
before the database rows that refer to it. If a process dies in between, `shortorder files sweep`
later deletes the orphaned file.
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
from orders.storage.tables import configuration_file, customer_page

CANNOT_WRITE = lazy_gettext("The file store cannot be written. Please try again.")
CANNOT_READ = lazy_gettext("The file store cannot be reached. Please try again.")
NAME_BYTES = 20  # random bytes of a name, so that it is unique and cannot be guessed
# Requests to a bucket: retries, and the maximum time for all of them.
RETRIES = 2
TIMEOUT = timedelta(seconds=20)
# The columns that refer to files: a file whose name is in none of them is an orphan.
FILE_COLUMNS = (configuration_file.c.stored_as, customer_page.c.logo_stored_as)
# Much longer than any request: an older file without a row is an orphan.
SWEEP_AGE = timedelta(hours=24)


class FileStore:
    """Files in a local folder or an S3 bucket; each process opens the store on first use."""

    def __init__(self, address: str, folder: Path) -> None:
        """Use the bucket at `address` (`s3://bucket/prefix`), or `folder` if `address` is empty.

        The region, endpoint and credentials of a bucket come from the usual `AWS_…` variables.
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
        """Return the content of a file.

        Raises NotFound if there is no such file, and ServiceBusy if the store cannot be read.
        """
        request_lock.release()
        try:
            return bytes(obstore.get(self._store(), name).bytes())
        except (NotFoundError, FileNotFoundError) as error:
            raise NotFound(lazy_gettext("This file is no longer stored.")) from error
        except (BaseError, OSError) as error:
            raise ServiceBusy(CANNOT_READ) from error

    def discard(self, names: Iterable[str]) -> None:
        """Delete the files with these names, ignoring errors.

        The caller must make sure that no database row refers to them. Files that could not be
        deleted are deleted later by `shortorder files sweep`.
        """
        request_lock.release()
        for name in names:
            with contextlib.suppress(BaseError, OSError):
                obstore.delete(self._store(), name)

    def names_before(self, moment: datetime) -> Iterator[str]:
        """Yield the names of files written before `moment`. Raises ServiceBusy if this fails."""
        try:
            for batch in obstore.list(self._store()):
                yield from (one["path"] for one in batch if one["last_modified"] < moment)
        except (BaseError, OSError) as error:
            raise ServiceBusy(CANNOT_READ) from error

    def discard_drafts(self, moment: datetime) -> int:
        """Delete temporary files that were last written before `moment`; return their number.

        A file in a folder is first written as `name#1` and then renamed, so a temporary file
        remains if the process is killed in between. A bucket has no such files.
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
        """Sync a file in the local folder to disk, together with the folders that contain it."""
        path = self._folder / name
        while path != self._folder.parent:
            handle = os.open(path, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
            path = path.parent


def new_name(org_id: str) -> str:
    """Return a new file name that nobody can guess: `{org ID}/{random hexadecimal}`."""
    return f"{org_id}/{secrets.token_hex(NAME_BYTES)}"
