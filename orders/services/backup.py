"""Backups of a running service: the database, the files, and perhaps the keys in one archive."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

from sqlalchemy import Select, select, union

from orders.domain.errors import BackupError, NotFound
from orders.services.backup_archive import (
    BLOCK,
    DATABASES,
    FILES,
    FORMAT,
    SECRETS,
    ArchiveSecrets,
    ArchiveWriter,
    Manifest,
    read_archive,
)
from orders.services.backup_places import (
    BackupPlace,
    archive_name,
    archive_size,
    made_at,
    open_archive,
)
from orders.services.files import FILE_COLUMNS, FileStore
from orders.services.progress import Begin, no_progress
from orders.settings import Settings
from orders.storage import snapshots
from orders.storage.snapshots import Snapshot

log = logging.getLogger(__name__)

# What must stay free for the service on the disk of its database, in bytes.
ROOM = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Backup:
    """An archive that was made: its address, its size in bytes, and its manifest."""

    address: str
    size: int
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class BackupState:
    """The newest archive in BACKUP_TO and whether it is too old; a sentence says so."""

    newest: datetime | None
    is_late: bool
    sentence: str


def back_up(
    settings: Settings,
    store: FileStore,
    version: str,
    *,
    to: str = "",
    passphrase: str = "",
    now: datetime | None = None,
    progress: Begin = no_progress,
) -> Backup:
    """Write an archive into the folder or bucket `to`, while the service runs.

    Every change that was acknowledged before the call is in it. Without `to`, it goes to
    BACKUP_TO, of which the newest BACKUP_KEEP archives remain. With a passphrase it is encrypted
    and contains the keys of the installation. `version` is that of the product. Raises BackupError,
    and ServiceBusy if the database or the file store cannot be reached; nothing is left then.
    """
    place = BackupPlace(to or settings.backup_to, settings.data_dir)
    with snapshots.only_one(settings.data_dir):
        made = _make(settings, store, version, place, passphrase, lambda: None, now, progress)
        if not to:
            _prune(place, settings.backup_keep)
    return made


def back_up_if_due(
    settings: Settings,
    store: FileStore,
    version: str,
    interrupt: Callable[[], None],
    *,
    now: datetime | None = None,
) -> Backup | None:
    """Make a backup as `back_up` does, with BACKUP_PASSPHRASE, if BACKUP_EVERY hours have passed.

    Returns None if none is due, or another process is making one. `interrupt` is called again and
    again, and may raise an exception to end the backup. Raises BackupError and ServiceBusy as
    `back_up` does.
    """
    place = BackupPlace(settings.backup_to, settings.data_dir)
    if not _is_due(place, settings, now):
        return None
    try:
        with snapshots.only_one(settings.data_dir):
            # Another process may have made it since the first look.
            if not _is_due(place, settings, now):
                return None
            passphrase = settings.backup_passphrase
            made = _make(settings, store, version, place, passphrase, interrupt, now)
            _prune(place, settings.backup_keep)
            return made
    except snapshots.AnotherBackup:
        return None


def check(
    address: str, passphrase: str, data_dir: Path | None, progress: Begin = no_progress
) -> Manifest:
    """Read all of an archive, verify it, and return its manifest.

    The database in it is unpacked into a temporary folder of `data_dir`, or of the system if that
    is None, opened and counted.
    Raises BackupError if anything differs from the manifest.
    """
    with TemporaryDirectory(prefix=".backup-check-", dir=data_dir) as folder:
        return unpack(address, passphrase, Path(folder) / "database", progress=progress)


def unpack(
    address: str,
    passphrase: str,
    database: Path,
    take_secrets: Callable[[bytes], object] = bytes,
    *,
    progress: Begin = no_progress,
) -> Manifest:
    """Verify an archive and write its database into the file `database`; return its manifest.

    The keys of an encrypted archive are handed to `take_secrets`, as JSON. Raises BackupError if
    the archive was cut off or changed, or the database is damaged or has other rows than the
    manifest says.
    """

    def take(name: str, stream: BinaryIO) -> None:
        if name == SECRETS:
            take_secrets(stream.read())
        elif not name.startswith(FILES):
            _unpack_file(stream, database)

    step = progress("Verifying the archive", archive_size(address))
    manifest = read_archive(lambda: open_archive(address, step), passphrase, take)
    found = snapshots.count_rows(database, manifest.database)
    for table, count in manifest.counts.items():
        if found.get(table, 0) != count:
            raise BackupError(
                f"The database in the archive has {found.get(table, 0)} rows in the table {table};"
                f" its manifest says {count}."
            )
    return manifest


def _unpack_file(stream: BinaryIO, target: Path) -> None:
    target.touch(mode=0o600)
    with target.open("wb") as file:
        while content := stream.read(BLOCK):
            try:
                file.write(content)
                file.flush()  # `close` must find nothing left to write on a full disk
            except OSError as error:
                raise BackupError(f"The archive cannot be unpacked: {error.strerror}.") from error


def state(settings: Settings, *, now: datetime | None = None) -> BackupState:
    """Return how old the newest archive in BACKUP_TO is. Raises BackupError if it is unreachable.

    It is late after one and a half times BACKUP_EVERY.
    """
    if not settings.backup_to:
        return BackupState(None, False, "BACKUP_TO is not set: no backups are made by schedule.")
    newest = _newest(BackupPlace(settings.backup_to, settings.data_dir))
    if newest is None:
        return BackupState(None, True, f"There is no backup in {settings.backup_to} yet.")
    age = (now or datetime.now(UTC)) - newest
    hours = max(0, round(age / timedelta(hours=1)))
    sentence = f"The newest backup in {settings.backup_to} is {hours} h old."
    is_late = age > 1.5 * timedelta(hours=settings.backup_every)
    return BackupState(newest, is_late, sentence)


def _is_due(place: BackupPlace, settings: Settings, now: datetime | None) -> bool:
    newest, every = _newest(place), timedelta(hours=settings.backup_every)
    return newest is None or (now or datetime.now(UTC)) - newest >= every


def _newest(place: BackupPlace) -> datetime | None:
    names = place.names()
    return made_at(names[0]) if names else None


def _make(
    settings: Settings,
    store: FileStore,
    version: str,
    place: BackupPlace,
    passphrase: str,
    interrupt: Callable[[], None],
    now: datetime | None,
    progress: Begin = no_progress,
) -> Backup:
    moment = now or datetime.now(UTC)
    keys = ArchiveSecrets(secret_key=settings.secret_key, encryption_keys=settings.encryption_keys)
    with place.staging() as folder:
        _check_room(place)
        draft = folder / archive_name(moment, is_encrypted=bool(passphrase))
        try:
            draft.touch(mode=0o600)
            with draft.open("wb") as file:
                archive = ArchiveWriter(file, passphrase, interrupt)
                snapshot = snapshots.take(folder / "database", stored_names(), interrupt)
                manifest = pack(
                    archive, snapshot, store, keys if passphrase else None, progress,
                    made_at=moment, version=version,
                )  # fmt: skip
        except OSError as error:
            raise BackupError(f"The backup cannot be written: {error.strerror}.") from error
        size = draft.stat().st_size
        return Backup(place.add(draft), size, manifest)


def pack(
    archive: ArchiveWriter,
    snapshot: Snapshot,
    store: FileStore,
    keys: ArchiveSecrets | None,
    progress: Begin,
    *,
    made_at: datetime,
    version: str,
    org_id: str = "",
) -> Manifest:
    """Put a snapshot, which is deleted, its files and the keys into an archive, and end that.

    `org_id` is that of the only org in the snapshot, or "" for a whole installation. Raises
    ServiceBusy if the file store cannot be reached, and what the archive's `interrupt` raises.
    """
    step = progress("Packing the database", snapshot.file.stat().st_size)
    archive.add_file(DATABASES[snapshot.kind], snapshot.file, step)
    snapshot.file.unlink()
    missing = []
    step = progress("Packing files", len(snapshot.names))
    for name in snapshot.names:
        archive.interrupt()
        step(1)
        try:
            archive.add(FILES + name, store.get(name))
        except NotFound:  # deleted since, or lost before
            missing.append(name)
    if keys is not None:
        archive.add(SECRETS, keys.model_dump_json().encode())
    return archive.finish(
        lambda hashes: Manifest(
            format=FORMAT, version=version, schema_revision=snapshot.revision,
            database=snapshot.kind, org_id=org_id, made_at=made_at, counts=snapshot.counts,
            missing=missing, members=hashes,
        )
    )  # fmt: skip


def stored_names() -> Select[Any]:
    """Return the select of the names of all files to which the database refers."""
    found = union(*(select(one.label("name")).where(one.is_not(None)) for one in FILE_COLUMNS))
    return select(found.subquery().c.name)


def _check_room(place: BackupPlace) -> None:
    """Refuse a backup that could fill the disk of the SQLite database. Raises BackupError."""
    database = snapshots.sqlite_file()
    if database is None or not place.shares_disk_with(database):
        return
    needed = ROOM + 2 * sum(one.stat().st_size for one in database.parent.glob(f"{database.name}*"))
    if place.free_bytes() < needed:
        raise BackupError(
            f"The disk of the database has {place.free_bytes() // 1_000_000} MB free, and a backup"
            f" may take {needed // 1_000_000} MB: make room, or back up to another disk."
        )


def _prune(place: BackupPlace, keep: int) -> None:
    """Delete all archives but the newest `keep`; 0 keeps all."""
    for name in place.names()[keep:] if keep else ():
        try:
            place.remove(name)
        except BackupError as error:  # the new backup is there
            log.warning("The old backup %s was not deleted: %s", name, error)
