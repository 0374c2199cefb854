"""The format of a backup: a `tar.gz`, perhaps encrypted with a passphrase in the format of age.

The members are the database, the files of the file store, the secrets of an encrypted archive, and
last `manifest.json`, which has the SHA-256 of all others. So an archive that was cut off has no
manifest, and one that was changed does not fit it.
"""

import gzip
import hashlib
import io
import re
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Literal, cast

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from orders.domain.errors import BackupError
from orders.services.progress import Step, no_steps
from orders.storage.age import EncryptedReader, EncryptedWriter, NotDecrypted, is_encrypted

FORMAT = 1
MANIFEST, SECRETS = "manifest.json", "secrets.json"
DATABASES = {"sqlite": "database.sqlite3", "postgresql": "database.dump"}
FILES = "files/"
_FILE = re.compile(r"files/[0-9a-f-]{36}/[0-9a-f]{40}")
# Pictures and dumps are compressed already; more effort than this makes tables hardly smaller.
EFFORT = 4
BLOCK = 1024 * 1024  # bytes that are copied at a time


class Manifest(BaseModel):
    """What an archive has in it."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)

    format: int
    version: str  # of the product
    schema_revision: str
    database: Literal["sqlite", "postgresql"]
    org_id: str = ""  # of the only org in the archive, if it is no backup of an installation
    made_at: datetime
    counts: dict[str, int]  # rows by table
    missing: list[str]  # files that the database refers to and the file store did not have
    members: dict[str, str]  # SHA-256 in hexadecimal by name

    @property
    def has_secrets(self) -> bool:
        return SECRETS in self.members


class ArchiveSecrets(BaseModel):
    """The keys in an encrypted archive: `secret_key` signs, and all decrypt stored secrets."""

    secret_key: str
    encryption_keys: list[str]


class ArchiveWriter:
    """Writes an archive to `file`, member by member, without keeping one in memory."""

    def __init__(self, file: BinaryIO, passphrase: str, interrupt: Callable[[], None]) -> None:
        """Begin an archive, which is encrypted unless `passphrase` is empty.

        `interrupt` is called again and again, and may raise an exception to end the archive.
        """
        self.interrupt = interrupt
        self._encrypted = EncryptedWriter(file, passphrase) if passphrase else None
        self._gzip = gzip.GzipFile("", "wb", EFFORT, cast(BinaryIO, self._encrypted or file), 0)
        self._tar = tarfile.open(fileobj=self._gzip, mode="w|")  # noqa: SIM115 - `finish` closes it
        self._hashes: dict[str, str] = {}

    def add_file(self, name: str, path: Path, step: Step) -> None:
        """Add a file of the disk as a member; `step` is called with numbers of bytes."""
        with path.open("rb") as source:
            self._add(name, source, path.stat().st_size, step)

    def add(self, name: str, content: bytes) -> None:
        """Add a member."""
        self._add(name, io.BytesIO(content), len(content))

    def finish(self, make_manifest: Callable[[dict[str, str]], Manifest]) -> Manifest:
        """Add the manifest, made from the hashes of all members by name, and end the archive."""
        manifest = make_manifest(self._hashes)
        self.add(MANIFEST, manifest.model_dump_json(by_alias=True, indent=1).encode())
        self._tar.close()
        self._gzip.close()
        if self._encrypted is not None:
            self._encrypted.finish()
        return manifest

    def _add(self, name: str, source: BinaryIO, size: int, step: Step = no_steps) -> None:
        member = tarfile.TarInfo(name)
        member.size, member.mode = size, 0o600
        hashed = _Hashing(source, self.interrupt, step)
        self._tar.addfile(member, cast(BinaryIO, hashed))
        self._tar.members = []  # type: ignore[attr-defined]  # it would remember all of them
        if name != MANIFEST:
            self._hashes[name] = hashed.digest


class _Hashing:
    """Reads from a stream and computes the hash of what was read."""

    def __init__(
        self, stream: BinaryIO, interrupt: Callable[[], None] = lambda: None, step: Step = no_steps
    ) -> None:
        self._stream, self._interrupt, self._step = stream, interrupt, step
        self._hash = hashlib.sha256()

    def read(self, size: int = BLOCK) -> bytes:
        self._interrupt()
        content = self._stream.read(size)
        self._hash.update(content)
        self._step(len(content))
        return content

    @property
    def digest(self) -> str:
        """The SHA-256 of what was read so far, in hexadecimal."""
        return self._hash.hexdigest()


Open = Callable[[], AbstractContextManager[BinaryIO]]
# Gets the name of a member and a stream with its content.
Take = Callable[[str, BinaryIO], None]


def read_archive(open_file: Open, passphrase: str, take: Take) -> Manifest:
    """Hand each member but the manifest to `take`, and return the manifest.

    Whatever was taken may be used only after this has returned: until then it may have been
    changed. Raises BackupError for a wrong or missing passphrase, for an archive that was cut off
    or changed, and for one of a newer format.
    """
    hashes: dict[str, str] = {}
    manifest = b""
    with _understood():
        for name, stream in _members(open_file, passphrase):
            if name == MANIFEST:
                manifest = stream.read()
                continue
            hashed = _Hashing(stream)
            take(name, cast(BinaryIO, hashed))
            while hashed.read():
                pass
            hashes[name] = hashed.digest
        return _checked(manifest, hashes)


def needs_passphrase(open_file: Open) -> bool:
    """Return whether an archive is encrypted. Raises BackupError if it cannot be read."""
    with _understood(), open_file() as file:
        beginning = bytes(file.read(32))
    if beginning.startswith(b"SQLite format 3\0"):
        raise BackupError(
            "This is the file of an SQLite database, and no archive that `backup` has made. If it"
            " was copied while the service was running, it lacks what was in its -wal file."
        )
    return is_encrypted(beginning)


def _members(open_file: Open, passphrase: str) -> Iterator[tuple[str, BinaryIO]]:
    is_age = needs_passphrase(open_file)
    if is_age and not passphrase:
        raise BackupError(
            "The archive is encrypted: set BACKUP_PASSPHRASE, or BACKUP_PASSPHRASE_FILE."
        )
    with open_file() as file:
        source = cast(BinaryIO, EncryptedReader(file, passphrase)) if is_age else file
        unpacked = gzip.GzipFile("", "rb", fileobj=source)
        with tarfile.open(fileobj=unpacked, mode="r|") as tar:
            while (member := tar.next()) is not None:
                if not (member.isreg() and _is_known(member.name)):
                    raise BackupError(f"The archive contains {member.name!r}, which no backup has.")
                content = tar.extractfile(member)
                yield member.name, cast(BinaryIO, content)
                tar.members = []  # type: ignore[attr-defined]  # as above
        # Checksums and the mark of the last piece are at the end.
        while unpacked.read(BLOCK):
            pass


def _is_known(name: str) -> bool:
    return name in {MANIFEST, SECRETS, *DATABASES.values()} or bool(_FILE.fullmatch(name))


def _checked(text: bytes, hashes: dict[str, str]) -> Manifest:
    if not text:
        raise BackupError("The archive was cut off: its manifest is missing.")
    try:
        manifest = Manifest.model_validate_json(text)
    except ValidationError:
        raise BackupError(
            "The manifest of the archive cannot be read: a newer Shortorder may have made it."
        ) from None
    if manifest.format > FORMAT:
        raise BackupError(
            f"The archive was made by Shortorder {manifest.version}, whose archives this older"
            " Shortorder cannot read. Install that version or a newer one."
        )
    for name in sorted(hashes.keys() | manifest.members.keys() | {DATABASES[manifest.database]}):
        if name not in hashes:
            raise BackupError(f"The archive was changed: {name} is missing.")
        if hashes[name] != manifest.members.get(name):
            raise BackupError(f"The archive was changed: {name} differs from the manifest.")
    return manifest


@contextmanager
def _understood() -> Iterator[None]:
    """Raise what the libraries say about a bad archive as a BackupError."""
    try:
        yield
    except NotDecrypted as error:
        raise BackupError(f"The archive cannot be decrypted. {error}") from error
    except (gzip.BadGzipFile, EOFError, tarfile.TarError, zlib.error) as error:
        raise BackupError(
            f"This is not a backup, or it was cut off or changed: {error}."
        ) from error
    except OSError as error:
        raise BackupError(f"The archive cannot be read: {error}.") from error
