"""Waits for the database and migrates it; what prevents that is one sentence."""

import time
from enum import StrEnum
from pathlib import Path

import click
from flask import current_app
from limits.errors import StorageError
from limits.storage import storage_from_string
from sqlalchemy import URL, Engine, create_engine
from sqlalchemy.pool import NullPool

from orders.domain.errors import ServiceBusy
from orders.services import stored_secrets
from orders.settings import MIGRATIONS
from orders.storage.database import db
from orders.storage.encryption import WrongKey
from orders.storage.rate_counts import storage_options
from orders.storage.startup import (
    has_begun,
    is_copy_without_log,
    schema_version,
    search_hindrance,
    text_encoding,
)
from orders.storage.table_copies import UNFINISHED
from orders.storage.unavailable import reason_of

# Seconds between two tries to reach the database.
PAUSE = 0.25


class SchemaState(StrEnum):
    """How the schema of a database compares to the one that this code needs."""

    EMPTY = "empty"
    OLDER = "older"
    CURRENT = "current"
    NEWER = "newer"


class CannotStart(click.ClickException):
    """The service cannot start; the message says why and what to do. The exit code is 1."""


def migrate(seconds: int) -> None:
    """Bring the database up to date, waiting up to `seconds` until it can be reached.

    Encrypts stored secrets with the current key. Requires an application context. Raises
    CannotStart if the database cannot be reached in time, if its schema is newer than this code, if
    it lost its tables, if it is new and has another encoding than UTF-8, if it cannot have the
    index of the search, or if no key fits a stored secret.
    """
    stored = _schema_version(seconds)
    if stored is None and (encoding := text_encoding()) != "UTF8":
        raise CannotStart(
            f"The encoding of the database is {encoding}, which cannot store every text. Create one"
            " with UTF8: createdb --template=template0 --encoding=UTF8 --locale=C.UTF-8 NAME"
        )
    if schema_state(stored) is SchemaState.NEWER:
        raise CannotStart(newer_schema(stored))
    if stored is None and is_copy_without_log():
        raise CannotStart(
            "The database has no tables: it is probably a copy of a file alone that was in use, and"
            " lacks what was in the -wal file beside it. Restore a backup, or delete the file to"
            " begin with an empty database."
        )
    if (hindrance := search_hindrance()) is not None:
        raise CannotStart(hindrance)
    if schema_state(stored) is not SchemaState.CURRENT:
        _run_migrations()
    has_begun()
    try:
        stored_secrets.renew_encryption()
    except WrongKey:
        raise CannotStart(
            "Stored secrets were encrypted with another key. Append the earlier SECRET_KEY or"
            " ENCRYPTION_KEY to ENCRYPTION_KEY after a comma."
        ) from None


def upgrade_file(file: Path) -> None:
    """Create the tables in an SQLite file, or bring them up to date. Requires an app context.

    Nobody else may use the file. Secrets in it stay encrypted as they are.
    """
    file.touch(mode=0o600)
    _run_migrations(create_engine(URL.create("sqlite", database=str(file)), poolclass=NullPool))


def _run_migrations(engine: Engine | None = None) -> None:
    """Bring the database of `engine` up to date; without one, that of the application."""
    # Not above: to load it takes a fifth of a second, and most starts have nothing to migrate.
    from alembic.command import upgrade  # noqa: PLC0415
    from flask_migrate import Migrate  # noqa: PLC0415

    Migrate(current_app, db, directory=str(MIGRATIONS))
    config = current_app.extensions["migrate"].migrate.get_config(str(MIGRATIONS))
    if engine is not None:
        config.attributes["engine"] = engine
    upgrade(config, "head")


def schema_state(stored: str | None) -> SchemaState:
    """Return how the revision of a database compares to this code; None is an empty database."""
    if stored is None:
        return SchemaState.EMPTY
    known = _revisions()
    if stored not in known:
        return SchemaState.NEWER
    return SchemaState.CURRENT if stored == max(known) else SchemaState.OLDER


def newer_schema(stored: str | None) -> str:
    """Return what to do about a database of a newer version, or with an unfinished copy."""
    if stored and stored.startswith(UNFINISHED):
        return (
            "A copy into this database was interrupted. Continue it by `shortorder database copy"
            " --continue`, with the settings of the database from which it was copied."
        )
    return (
        f"The database has schema {stored}, which a newer Shortorder has made; this one knows"
        f" schemas up to {max(_revisions())}. Install the newer one, or restore the backup from"
        " before its update."
    )


def require_rate_limits(uri: str) -> None:
    """Raise CannotStart if the storage of rate limits (RATE_LIMIT_STORAGE) cannot be reached."""
    try:
        storage_from_string(uri, **storage_options(uri)).get("start")
    except StorageError as error:
        reason = reason_of(error.storage_error)
        raise CannotStart(f"RATE_LIMIT_STORAGE cannot be reached: {reason}") from None


def _revisions() -> set[str]:
    """Return the revisions of all migrations, by their files; the last one is the greatest."""
    return {file.name.partition("_")[0] for file in (MIGRATIONS / "versions").glob("*.py")}


def _schema_version(seconds: int) -> str | None:
    """Return the revision of the database as soon as it can be reached; None if it is empty."""
    ends, is_told = time.monotonic() + seconds, False
    while True:
        try:
            return schema_version()
        except ServiceBusy as error:
            reason = reason_of(error)
            if time.monotonic() >= ends:
                raise CannotStart(f"The database cannot be reached: {reason}") from None
            if not is_told:
                text = f"Waiting up to {seconds} s for the database (DATABASE_WAIT): {reason}"
                click.echo(text, err=True)
                is_told = True
        time.sleep(PAUSE)
