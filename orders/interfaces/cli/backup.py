"""`flask --app app backup` and `restore`, and the backups by schedule of the background work."""

import logging
import sys
import time
from collections.abc import Callable
from typing import Any

import click
from flask import current_app
from flask.cli import with_appcontext

from orders import __version__
from orders.domain.errors import BackupError, OrderError
from orders.interfaces.cli.config import environment_settings
from orders.interfaces.cli.output import prints
from orders.interfaces.cli.progress import progress_bars
from orders.interfaces.cli.upgrade import SchemaState, schema_state
from orders.interfaces.http.current_settings import current_settings
from orders.services import backup, backup_archive, backup_restore
from orders.services.backup_archive import Manifest
from orders.services.backup_places import open_archive
from orders.services.files import FileStore
from orders.settings import Settings

log = logging.getLogger(__name__)

# Seconds between two looks at whether a backup is due, and after one that failed.
LOOK = 60.0
PAUSE = 600.0


@click.command("backup")
@click.argument("target", required=False)
@click.option(
    "--check", "archive", metavar="FILE", help="Verify an archive in place of making one."
)
@click.option("--status", is_flag=True, help="Say how old the newest one in BACKUP_TO is.")
@click.option(
    "--encrypt", is_flag=True, help="Ask for a passphrase; not needed with BACKUP_PASSPHRASE."
)
@prints("{sentence}")
def backup_command(
    target: str | None, archive: str | None, status: bool, encrypt: bool
) -> dict[str, Any]:
    """Back up database and files, while the service runs, to TARGET or BACKUP_TO.

    TARGET is a folder or s3://bucket/prefix.
    """
    if archive is not None:
        return _check(archive)
    return _made_or_state(target, status=status, encrypt=encrypt)


def _check(archive: str) -> dict[str, Any]:
    """Verify an archive; this needs no installation, and creates none."""
    settings = environment_settings()
    folder = settings.data_dir if settings.data_dir.is_dir() else None
    passphrase = passphrase_for(archive, settings)
    with progress_bars() as begin:
        found = backup.check(archive, passphrase, folder, begin)
    facts = archive_facts(found)
    said = "The archive is sound: {orders} orders, {files} files.".format_map(facts)
    return {"archive": archive, "isSound": True, **facts, "sentence": said}


@with_appcontext
def _made_or_state(target: str | None, *, status: bool, encrypt: bool) -> dict[str, Any]:
    settings = current_settings()
    if status:
        return _state(settings)
    if not (target or settings.backup_to):
        raise click.UsageError("Name a folder or s3://bucket/prefix, or set BACKUP_TO.")
    passphrase = new_passphrase(settings) if encrypt else settings.backup_passphrase
    with progress_bars() as begin:
        made = backup.back_up(
            settings,
            file_store(),
            __version__,
            to=target or "",
            passphrase=passphrase,
            progress=begin,
        )
    facts = archive_facts(made.manifest)
    said = "Backed up {orders} orders and {files} files to ".format_map(facts) + made.address
    return {"archive": made.address, "bytes": made.size, **facts, "sentence": said}


@click.command("restore")
@click.argument("file")
@with_appcontext
@prints("Restored {orders} orders and {files} files.\n{next}")
def restore_command(file: str) -> dict[str, Any]:
    """Restore an archive of `backup` into this installation, which must be empty.

    FILE is a file or s3://bucket/prefix/name.
    """
    settings = current_settings()
    passphrase = passphrase_for(file, settings)
    with progress_bars() as begin:
        done = backup_restore.restore(file, passphrase, settings, file_store(), knows_schema, begin)
    return {"restored": file, **archive_facts(done.manifest), "next": " ".join(done.next_steps)}


class BackupSchedule:
    """Makes the backups that are due, one look at a time."""

    def __init__(self, settings: Settings, wait: Callable[[float], bool]) -> None:
        """Take the settings, and what waits for some seconds and returns whether to stop."""
        self._settings = settings
        self._wait = wait
        self._next_look = 0.0

    def run(self) -> None:
        """Wait a little, and make a backup if one is due. Requires an application context."""
        if self._wait(LOOK) or time.monotonic() < self._next_look:
            return
        try:
            made = backup.back_up_if_due(
                self._settings, file_store(), __version__, interrupt=self._interrupt
            )
        except OrderError as error:
            self._next_look = time.monotonic() + PAUSE
            log.error("The backup failed, and is tried again in %g s: %s", PAUSE, error)  # noqa: TRY400 - a sentence, no fault of the code
            return
        if made is not None:
            log.info("Backed up to %s, %d bytes.", made.address, made.size)

    def _interrupt(self) -> None:
        if self._wait(0):
            raise BackupError("The service stops.")


def knows_schema(revision: str) -> bool:
    """Return whether this product has the migration with this revision."""
    return schema_state(revision) is not SchemaState.NEWER


def _state(settings: Settings) -> dict[str, Any]:
    state = backup.state(settings)
    if state.is_late:
        raise BackupError(state.sentence)
    newest = state.newest and state.newest.isoformat()
    return {"newest": newest, "isLate": False, "sentence": state.sentence}


def archive_facts(manifest: Manifest) -> dict[str, Any]:
    """Return what people want to know of an archive."""
    files = sum(name.startswith(backup_archive.FILES) for name in manifest.members)
    return {
        "madeAt": manifest.made_at.isoformat(),
        "version": manifest.version,
        "schema": manifest.schema_revision,
        "database": manifest.database,
        "orders": manifest.counts.get("orders", 0),
        "files": files,
        "missingFiles": len(manifest.missing),
        "hasSecrets": manifest.has_secrets,
    }


def new_passphrase(settings: Settings) -> str:
    """Return BACKUP_PASSPHRASE; if that is not set, ask for a passphrase twice."""
    if settings.backup_passphrase:
        return settings.backup_passphrase
    asked: str = click.prompt("Passphrase", hide_input=True, confirmation_prompt=True, err=True)
    return asked


def passphrase_for(address: str, settings: Settings) -> str:
    """Return the passphrase of an archive, "" for one without; ask at a terminal if none is set."""
    if not backup_archive.needs_passphrase(lambda: open_archive(address)):
        return ""
    if settings.backup_passphrase or not sys.stdin.isatty():
        return settings.backup_passphrase
    asked: str = click.prompt("Passphrase", hide_input=True, err=True)
    return asked


def file_store() -> FileStore:
    """Return the file store of the current application."""
    store: FileStore = current_app.extensions["files"]
    return store
