"""Where archives are kept: a folder or an S3 bucket."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, cast

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from orders.domain.errors import BackupError
from orders.services.files import RETRIES, TIMEOUT
from orders.services.progress import Step, no_steps
from orders.storage.sqlite.snapshot import sync

# Archives that `backup` has named: only they are listed, and removed by the retention.
_NAME = re.compile(r"shortorder-(\d{8}T\d{6}Z)\.tar\.gz(\.age)?")
_TIME = "%Y%m%dT%H%M%SZ"
# Beginning of the names of folders for what is not finished.
_STAGING = ".shortorder-backup-"


def archive_name(made_at: datetime, *, is_encrypted: bool) -> str:
    """Return the name of an archive that is made at this moment."""
    return f"shortorder-{made_at.astimezone(UTC):{_TIME}}.tar.gz{'.age' if is_encrypted else ''}"


def made_at(name: str) -> datetime | None:
    """Return when the archive with this name was made; None if the name is none of an archive."""
    found = _NAME.fullmatch(name)
    return datetime.strptime(found[1], _TIME).replace(tzinfo=UTC) if found else None


class BackupPlace:
    """A folder, or a bucket at `s3://bucket/prefix`; an archive appears in it when it is whole.

    All methods raise BackupError if the place cannot be used.
    """

    def __init__(self, address: str, data_dir: Path) -> None:
        """Use the folder or bucket at `address`; archives for a bucket begin in `data_dir`."""
        self.address = address
        self._bucket = _bucket(address) if address.startswith("s3://") else None
        self._folder = data_dir if self._bucket else Path(address).expanduser()

    def shares_disk_with(self, file: Path) -> bool:
        """Return whether what is written here takes room on the disk of a file."""
        return self._folder.stat().st_dev == file.stat().st_dev

    def free_bytes(self) -> int:
        """Return how many bytes can be written."""
        return shutil.disk_usage(self._folder).free

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """Provide an empty folder for this process, on the disk of the place, and remove it.

        Removes also what a process left that was killed, so only one may be in use.
        """
        with _understood():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for left in self._folder.glob(f"{_STAGING}*"):
                shutil.rmtree(left, ignore_errors=True)
            folder = tempfile.TemporaryDirectory(prefix=_STAGING, dir=self._folder)
        with folder as name:
            yield Path(name)

    def add(self, file: Path) -> str:
        """Move a finished archive out of the staging folder; return its address."""
        with _understood():
            sync(file)
            if self._bucket is not None:
                obstore.put(self._bucket, file.name, file)
                return f"{self.address.rstrip('/')}/{file.name}"
            target = self._folder / file.name
            if target.exists():
                raise BackupError(f"{target} exists already.")
            file.rename(target)
            sync(self._folder)
            return str(target)

    def names(self) -> list[str]:
        """Return the names of all archives, the newest first."""
        with _understood():
            if self._bucket is not None:
                listed = obstore.list_with_delimiter(self._bucket)["objects"]
                found = [one["path"] for one in listed]
            else:
                with suppress(FileNotFoundError):
                    found = os.listdir(self._folder)  # noqa: PTH208 - names
                    return sorted(filter(made_at, found), reverse=True)
                found = []
        return sorted(filter(made_at, found), reverse=True)

    def remove(self, name: str) -> None:
        """Delete an archive."""
        with _understood():
            if self._bucket is not None:
                obstore.delete(self._bucket, name)
            else:
                (self._folder / name).unlink()


@contextmanager
def open_archive(address: str, step: Step = no_steps) -> Iterator[BinaryIO]:
    """Open the archive in a file or at `s3://bucket/prefix/name`; `step` gets the bytes read.

    Raises BackupError.
    """
    if not address.startswith("s3://"):
        with _understood():
            file = Path(address).expanduser().open("rb")
        with file:
            yield cast(BinaryIO, _CountedFile(file, step))
        return
    folder, _, name = address.rpartition("/")
    try:
        reader = obstore.open_reader(_bucket(folder), name)
        yield cast(BinaryIO, _CountedFile(reader, step))
    except (BaseError, FileNotFoundError) as error:
        raise _unusable(error) from error


def archive_size(address: str) -> int:
    """Return the bytes of an archive that `open_archive` opens; 0 if they cannot be found out."""
    if not address.startswith("s3://"):
        file = Path(address).expanduser()
        return file.stat().st_size if file.is_file() else 0
    folder, _, name = address.rpartition("/")
    try:
        return obstore.head(_bucket(folder), name)["size"]
    except (BaseError, FileNotFoundError):
        return 0


class _CountedFile:
    """Reads as a file does, and reports how many bytes were read."""

    def __init__(self, reader: "BinaryIO | obstore.ReadableFile", step: Step) -> None:
        self._reader, self._step = reader, step

    def read(self, size: int) -> bytes:
        content = bytes(self._reader.read(size))
        self._step(len(content))
        return content


def _bucket(address: str) -> S3Store:
    return S3Store.from_url(
        address, retry_config={"max_retries": RETRIES, "retry_timeout": TIMEOUT}
    )


@contextmanager
def _understood() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        place = error.filename2 or error.filename
        raise BackupError(
            f"{place}: {error.strerror}." if place else f"{error.strerror or error}."
        ) from error
    except BaseError as error:
        raise _unusable(error) from error


def _unusable(error: Exception) -> BackupError:
    return BackupError(f"The bucket cannot be used: {' '.join(str(error).split())[:300]}")
