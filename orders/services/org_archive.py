"""An org with all that belongs to it in one archive, and from there into another installation.

The archive is a backup (`backup`) whose database is an SQLite file with the rows of the org alone,
whatever the kind of the installation's database. So `backup --check` verifies it, and `restore`
makes it an installation of its own. It is always encrypted with a passphrase, because the secrets
of webhooks and of second factors are in it, encrypted with a key that is made for the archive.
"""

import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import URL, Engine, create_engine, func, or_, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.pool import NullPool

from orders.domain.errors import BackupError, ServiceBusy
from orders.services.accounts.account_events import EventKind, note, record
from orders.services.backup import pack, stored_names, unpack
from orders.services.backup_archive import FILES, ArchiveSecrets, ArchiveWriter, Manifest
from orders.services.backup_places import archive_size
from orders.services.backup_restore import restore_files
from orders.services.files import FileStore
from orders.services.imports.records import ImportState
from orders.services.progress import Begin, no_progress
from orders.services.stored_secrets import SECRET_COLUMNS
from orders.storage import database, encryption, snapshots, table_copies
from orders.storage.database import db
from orders.storage.org_rows import belongs_to, find_foreign, find_taken, tables_of_orgs
from orders.storage.startup import schema_version
from orders.storage.table_copies import add_rows, copy_rows, reading, take_your_time, writing
from orders.storage.tables import order_import, org, webhook

_STAGING = ".shortorder-org-"  # beginning of the names of folders for what is not finished
# Set while someone waits for an import, or works on it.
_WORKED_ON = (order_import.c.waiting_since, order_import.c.claimed_until)
# Creates the tables in an SQLite file, or brings them up to date.
Upgrade = Callable[[Path], object]


@dataclass(frozen=True, slots=True)
class ImportedOrg:
    """An org that was imported; `webhooks` is the number of its webhooks, all of which are off."""

    id: str
    name: str
    webhooks: int
    manifest: Manifest


def export_org(
    org_id: str,
    target: Path,
    passphrase: str,
    data_dir: Path,
    store: FileStore,
    version: str,
    *,
    upgrade: Upgrade,
    progress: Begin = no_progress,
) -> Manifest:
    """Write the org's rows, files, and secrets into the archive `target`, while the service runs.

    `version` is that of the product. In the archive the webhooks are turned off and running imports
    are canceled, so that a copy does nothing that the original does, too. Raises BackupError, and
    ServiceBusy if the database or the file store cannot be reached; `target` may be begun then.
    """
    key = secrets.token_urlsafe(32)
    keys = ArchiveSecrets(secret_key=key, encryption_keys=[key])
    note(org_id, EventKind.ORG_EXPORTED)  # before the copy, which thereby has it, too
    try:
        with _understood(), _staging(data_dir) as folder:
            file = folder / "database"
            upgrade(file)
            _copy_org(org_id, file, key, progress)
            snapshot = snapshots.of_file(file, str(schema_version()), stored_names())
            with target.open("wb") as stream:
                archive = ArchiveWriter(stream, passphrase, _nothing)
                return pack(
                    archive, snapshot, store, keys, progress,
                    made_at=datetime.now(UTC), version=version, org_id=org_id,
                )  # fmt: skip
    except OSError as error:
        raise BackupError(f"The archive cannot be written: {error.strerror}.") from error


def import_org(
    address: str,
    passphrase: str,
    data_dir: Path,
    store: FileStore,
    *,
    knows: Callable[[str], bool],
    upgrade: Upgrade,
    progress: Begin = no_progress,
) -> ImportedOrg:
    """Add the org in the archive at `address` to this installation, all of it or nothing.

    `knows` returns whether a revision of the schema is one of this product. The rows are written in
    one transaction, during which others cannot write to an SQLite database. Raises BackupError if
    the archive cannot be used, or if the org or something that must be unique is here already, and
    ServiceBusy if the database or the file store cannot be reached.
    """
    with _understood(), _staging(data_dir) as folder:
        file, kept = folder / "database", list[bytes]()
        manifest = unpack(address, passphrase, file, kept.append, progress=progress)
        _refuse_others(manifest, knows)
        upgrade(file)
        engine = _engine_of(file)
        [key] = ArchiveSecrets.model_validate_json(kept[0]).encryption_keys
        with writing(engine) as connection:
            for column in SECRET_COLUMNS:
                encryption.renew(connection, column, old=key)
        _refuse_foreign(engine, manifest)
        _refuse_taken(engine, manifest.org_id)
        put: list[str] = []
        try:
            step = progress("Writing files", archive_size(address))
            restore_files(address, passphrase, store, put, step)
            return _add_org(engine, manifest, progress)
        except BaseException:
            if _is_missing(manifest.org_id):
                store.discard(put)
            raise


@contextmanager
def _staging(data_dir: Path) -> Iterator[Path]:
    """Provide a folder for what is not encrypted; one that a killed process has left is deleted."""
    with snapshots.only_one(data_dir):
        for left in data_dir.glob(f"{_STAGING}*"):
            shutil.rmtree(left, ignore_errors=True)
        with TemporaryDirectory(prefix=_STAGING, dir=data_dir) as folder:
            yield Path(folder)


@contextmanager
def _understood() -> Iterator[None]:
    """Raise what can go wrong with the unpacked database as a BackupError."""
    try:
        yield
    except encryption.WrongKey:
        raise BackupError("The secrets of the org cannot be decrypted with its key.") from None
    except DBAPIError as error:
        reason = str(error.orig).splitlines()[0]
        raise BackupError(f"The rows of the org cannot be copied: {reason}.") from error


def _is_missing(org_id: str) -> bool:
    """Return whether the org is certainly not stored: a commit may succeed without an answer."""
    try:
        with database.read() as connection:
            found = connection.execute(select(org.c.id).where(org.c.id == org_id)).first()
    except ServiceBusy:
        return False
    return found is None


def _copy_org(org_id: str, file: Path, key: str, progress: Begin) -> None:
    engine = _engine_of(file)
    copied = tables_of_orgs()
    with reading(db.engine) as source, writing(engine) as target:
        step = progress("Copying rows", 0)
        for one in copied:
            copy_rows(source, target, one, step, where=belongs_to(one, org_id))
        for column in SECRET_COLUMNS:
            encryption.renew(target, column, new=key)
        target.execute(
            update(webhook)
            .where(webhook.c.switched_off_at.is_(None), webhook.c.deleted_at.is_(None))
            .values(switched_off_at=datetime.now(UTC))
        )
        target.execute(
            update(order_import)
            .where(or_(*(one.is_not(None) for one in _WORKED_ON)))
            .values(
                state=str(ImportState.CANCELLED), finished_at=datetime.now(UTC),
                waiting_since=None, claimed_until=None,
            )
        )  # fmt: skip


def _refuse_others(manifest: Manifest, knows: Callable[[str], bool]) -> None:
    if not manifest.org_id:
        raise BackupError(
            "This is the backup of a whole installation, which `shortorder restore` restores."
            " `shortorder export org` makes archives of orgs."
        )
    if not knows(manifest.schema_revision):
        raise BackupError(
            f"The archive was made by Shortorder {manifest.version}, which is newer than this one."
            " Install that version or a newer one."
        )


def _refuse_foreign(engine: Engine, manifest: Manifest) -> None:
    """Refuse an archive with rows or files that belong to another org than the manifest says."""
    with reading(engine) as source:
        table = find_foreign(source, manifest.org_id)
    folder = f"{FILES}{manifest.org_id}/"
    files = [one for one in manifest.members if one.startswith(FILES)]
    if table or not all(one.startswith(folder) for one in files):
        raise BackupError(
            f"The archive was changed: it has {table or 'files'} of another org than it says."
        )


def _refuse_taken(engine: Engine, org_id: str) -> None:
    with reading(engine) as source, database.read() as target:
        name = target.execute(select(org.c.name).where(org.c.id == org_id)).scalar()
        if name is not None:
            raise BackupError(f"The org is in this installation already, as {name} ({org_id}).")
        if taken := find_taken(source, target):
            raise BackupError(
                f"Nothing was imported: {taken} is in use in this installation by another org."
            )


def _add_org(engine: Engine, manifest: Manifest, progress: Begin) -> ImportedOrg:
    org_id, copied = manifest.org_id, tables_of_orgs()
    with reading(engine) as source:
        counts = table_copies.counts(source)
        webhooks = select(func.count()).where(webhook.c.deleted_at.is_(None))
        off = source.execute(webhooks).scalar_one()
        step = progress("Adding rows", sum(counts.values()))
        name = source.execute(select(org.c.name)).scalar_one()
        try:
            with database.transaction() as target:
                take_your_time(target)
                for one in copied:
                    add_rows(source, target, one, step)
                record(target, org_id, EventKind.ORG_IMPORTED)
        except IntegrityError as error:
            reason = str(error.orig).splitlines()[0]
            raise BackupError(
                f"Nothing was imported: something that must be unique is here already ({reason})."
            ) from error
    return ImportedOrg(org_id, name, off, manifest)


def _engine_of(file: Path) -> Engine:
    return create_engine(
        URL.create("sqlite", database=str(file)), poolclass=NullPool, hide_parameters=True
    )


def _nothing() -> None:
    pass
