"""A backup made the data of an empty installation."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from sqlalchemy import make_url

from orders.data_folder import EARLIER_KEYS
from orders.domain.errors import BackupError, ServiceBusy
from orders.services.backup import unpack
from orders.services.backup_archive import FILES, ArchiveSecrets, Manifest, read_archive
from orders.services.backup_places import archive_size, open_archive
from orders.services.files import FileStore
from orders.services.progress import Begin, Step, no_progress
from orders.settings import Settings
from orders.storage import snapshots
from orders.storage.startup import has_tables, text_encoding

_STAGING = ".shortorder-restore-"  # beginning of the names of folders for what is not finished
# Later than any file: the store says which it has before a moment.
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored, and what the operator does next, in sentences."""

    manifest: Manifest
    next_steps: tuple[str, ...]


def restore(
    address: str,
    passphrase: str,
    settings: Settings,
    store: FileStore,
    knows: Callable[[str], bool],
    progress: Begin = no_progress,
) -> Restored:
    """Make the archive at `address` the data of this installation, which must be empty.

    `knows` returns whether a revision of the schema is one of this product. All is verified before
    anything is written; the database is written last, at once. Raises BackupError, and ServiceBusy
    if the database or the file store cannot be reached; the installation is empty then, as it was.
    """
    _refuse_old_data(settings)
    parent = _staging_parent(settings)
    for left in parent.glob(f"{_STAGING}*"):  # by a restore that was killed
        shutil.rmtree(left, ignore_errors=True)
    with TemporaryDirectory(prefix=_STAGING, dir=parent) as folder:
        database, kept = Path(folder) / "database", list[bytes]()
        manifest = unpack(address, passphrase, database, kept.append, progress=progress)
        _refuse_other_kinds(manifest, knows)
        _refuse_other_files(manifest, store)
        put: list[str] = []
        drafts: dict[Path, Path] = {}
        try:
            step = progress("Restoring files", archive_size(address))
            restore_files(address, passphrase, store, put, step)
            for text in kept:
                drafts = _write_keys(ArchiveSecrets.model_validate_json(text), settings.data_dir)
            snapshots.restore(database)
        except BaseException:
            store.discard(put)
            for draft in drafts:
                draft.unlink()
            raise
        for draft, name in drafts.items():
            draft.replace(name)
    return Restored(manifest, tuple(_next_steps(manifest, settings)))


def _staging_parent(settings: Settings) -> Path:
    file = snapshots.sqlite_file()
    return settings.data_dir if file is None else file.parent


def _refuse_old_data(settings: Settings) -> None:
    try:
        is_used = has_tables()
    except ServiceBusy as error:
        reason = " ".join(str(getattr(error.__cause__, "orig", None) or error).split())
        raise BackupError(f"The database cannot be opened: {reason}") from error
    if is_used:
        shown = make_url(settings.database_url).render_as_string()  # without the password
        raise BackupError(
            f"There is a database already: {shown}. A backup is restored into an"
            " empty installation only: name another DATA_DIR, or another database in DATABASE_URL."
        )


def _refuse_other_kinds(manifest: Manifest, knows: Callable[[str], bool]) -> None:
    names = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
    here = snapshots.kind()
    if manifest.database != here:
        raise BackupError(
            f"The archive contains a database of {names[manifest.database]}, and this installation"
            f" uses {names[here]}: set DATABASE_URL accordingly."
        )
    if (encoding := text_encoding()) != "UTF8":
        raise BackupError(f"The encoding of the database is {encoding}: create one with UTF8.")
    if not knows(manifest.schema_revision):
        raise BackupError(
            f"The archive was made by Shortorder {manifest.version} with schema"
            f" {manifest.schema_revision}, which this Shortorder does not know. Install that"
            " version or a newer one."
        )


def _refuse_other_files(manifest: Manifest, store: FileStore) -> None:
    """Refuse a store with files of another installation; those of this one have the same names."""
    for name in store.names_before(datetime.now(UTC) + _DAY):
        if FILES + name not in manifest.members:
            raise BackupError(
                f"The file store has files that are not in the archive, such as {name}. A backup is"
                " restored into an empty installation only."
            )


def restore_files(
    address: str, passphrase: str, store: FileStore, put: list[str], step: Step
) -> None:
    """Write the files of an archive into the store, and their names into `put`.

    Raises BackupError; the caller discards what was written.
    """

    def take(name: str, stream: BinaryIO) -> None:
        if name.startswith(FILES):
            store.put(name.removeprefix(FILES), stream.read())
            put.append(name.removeprefix(FILES))

    try:
        read_archive(lambda: open_archive(address, step), passphrase, take)
    except ServiceBusy as error:
        raise BackupError(f"The files cannot be written: {error.__cause__ or error}") from error


def _write_keys(keys: ArchiveSecrets, data_dir: Path) -> dict[Path, Path]:
    """Write the keys of the old installation into the data folder, under temporary names.

    Returns the names that they get once the database is there, by the temporary ones. SECRET_KEY
    and ENCRYPTION_KEY of the environment go before them.
    """
    drafts = {}
    for name, text in (
        ("secret_key", keys.secret_key),
        (EARLIER_KEYS, json.dumps(keys.encryption_keys)),
    ):
        draft = data_dir / f".{name}.restored"
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        drafts[draft] = data_dir / name
    return drafts


def _next_steps(manifest: Manifest, settings: Settings) -> list[str]:
    steps = ["Start the service: it brings the database up to date."]
    if not manifest.has_secrets:
        steps[:0] = [
            f"Put the file secret_key of the old installation into {settings.data_dir}, or set"
            " SECRET_KEY, and ENCRYPTION_KEY if it had one: the secrets of webhooks and of second"
            " factors are encrypted with them."
        ]
    if manifest.missing:
        steps.append(
            f"{len(manifest.missing)} files were missing when the backup was made: look into its"
            " manifest.json."
        )
    steps.append(
        "Webhooks that were waiting when the backup was made are sent, unless SEND_WEBHOOKS=0."
    )
    return steps
