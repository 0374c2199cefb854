"""Saving configurations: what is sent is checked, stored with its files, and left-overs are swept.

How a cart line finds one by ID, short ID or SKU stands in `catalogue`.
"""

import contextlib
import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from sqlalchemy import Connection, insert, select, union_all
from sqlalchemy.exc import IntegrityError

from orders import repeats
from orders.access import Actor, refuse_foreign_org
from orders.catalogue.configuration_queries import configuration_from, find_configuration
from orders.catalogue.naming import configuration_row
from orders.files import SWEEP_AGE, FileStore, new_name
from orders.repeats import Once
from orders.rules.configuration import (
    THUMBNAIL,
    Configuration,
    NewConfiguration,
    read_configuration,
)
from orders.rules.errors import (
    Conflict,
    FieldError,
    InvalidInput,
    NotFound,
    ServiceBusy,
)
from orders.rules.inputs import Limits
from orders.rules.moments import now_or
from orders.rules.texts import Text, mark
from orders.rules.uploads import PICTURES, NewFile, SentFile, assign_files
from orders.storage import database
from orders.storage.tables import configuration, configuration_file, customer_page

# A second collision of 48 random bits in a row means a broken random source.
SHORT_ID_TRIES = 8
# Names that one sweep looks up at once.
SWEEP_BATCH = 500


def check_configuration(
    raw: object,
    sent: Sequence[SentFile] = (),
    faults: Sequence[FieldError] = (),
    *,
    actor: Actor,
    limits: Limits,
) -> tuple[NewConfiguration, tuple[NewFile, ...]]:
    """Check a configuration as it was sent (camelCase keys, plain dicts and lists) with its files.

    `faults` tell of fields that could not be read at all, which `raw` does not hold. Raises
    InvalidInput with every error by its path, and Forbidden when it names another org than
    the actor's. Nothing is stored.
    """
    fields: dict[str, Any] = raw if isinstance(raw, dict) else {}
    # An empty cell or field of a form names no org.
    refuse_foreign_org(fields.get("orgId") or None, actor)
    named = fields.get("attachments")
    assigned = assign_files(sent, named if isinstance(named, dict) else {}, limits)
    try:
        new = read_configuration(raw, limits=limits)
    except InvalidInput as invalid:
        raise _all_of(faults, invalid.errors, assigned.errors) from invalid
    if faults or assigned.errors:
        raise _all_of(faults, assigned.errors)
    return replace(new, attachments=assigned.attachments), assigned.files


def _all_of(*errors: Sequence[FieldError]) -> InvalidInput:
    """Tell of each path what was found first."""
    told: dict[str, FieldError] = {}
    for error in chain.from_iterable(errors):
        told.setdefault(error.path, error)
    return InvalidInput(told.values())


def create_configuration(
    new: NewConfiguration,
    files: Sequence[NewFile] = (),
    *,
    actor: Actor,
    store: FileStore,
    once: Once | None = None,
    now: datetime | None = None,
) -> Configuration:
    """Store a checked configuration with its files, all or nothing.

    The files are written first, under names that nobody knows before the rows are there. With
    `once`, its key is stored too, and a key that is there already raises Repeated. Raises Conflict
    when the client's own short ID is taken in any org, and ServiceBusy when database or file store
    cannot be written.
    """
    at = now_or(now)
    configuration_id = str(uuid.uuid4())
    if new.short_id is not None and _is_taken(new.short_id):
        raise Conflict(_taken(new.short_id))
    if new.thumbnail is None and any(_is_picture(one) for one in files):
        new = replace(new, thumbnail=thumbnail_path(configuration_id))
    rows = [_file_row(one, configuration_id, actor.org_id) for one in files]
    has_begun = False
    try:
        for one, row in zip(files, rows, strict=True):
            store.put(row["stored_as"], one.content)
        has_begun = True
        return _insert(new, configuration_id, rows, actor, once, at)
    except BaseException as error:
        # A busy database may have stored the rows although its answer was lost: then the sweep
        # decides about the files.
        if not (has_begun and isinstance(error, ServiceBusy)):
            store.discard(row["stored_as"] for row in rows)
        raise


def _insert(
    new: NewConfiguration,
    configuration_id: str,
    file_rows: list[dict[str, Any]],
    actor: Actor,
    once: Once | None,
    at: datetime,
) -> Configuration:
    taken: IntegrityError | None = None
    for _ in range(SHORT_ID_TRIES):
        row = configuration_row(
            new, configuration_id, org_id=actor.org_id, created_by=actor.id, at=at
        )

        def work(connection: Connection, row: dict[str, Any] = row) -> None:
            connection.execute(insert(configuration), row)
            if file_rows:
                connection.execute(insert(configuration_file), file_rows)
            repeats.remember(connection, once, actor, configuration_from(row), at=at)

        try:
            database.write(work)
        except IntegrityError as error:
            taken = error
            # The work ran again after a commit whose answer was lost: it met its own rows.
            with contextlib.suppress(NotFound):
                return find_configuration(configuration_id, actor.org_id)
            if new.short_id is not None:
                raise Conflict(_taken(new.short_id)) from error
        else:
            return configuration_from(row)
    raise ServiceBusy(mark("No free short ID was found. Please try again.")) from taken


def thumbnail_path(configuration_id: str) -> str:
    """Give the address, within this service, of the picture that came with a configuration."""
    return f"/api/configurations/{configuration_id}/{THUMBNAIL}"


def _taken(short_id: str) -> Text:
    return mark(
        "The short ID “%(value)s” is taken. Choose another, or leave it out.", value=short_id
    )


def _is_taken(short_id: str) -> bool:
    statement = select(configuration.c.id).where(configuration.c.short_id == short_id)
    with database.read() as connection:
        return connection.execute(statement).first() is not None


def _is_picture(file: NewFile) -> bool:
    return file.key == THUMBNAIL and file.content_type in PICTURES


def _file_row(file: NewFile, configuration_id: str, org_id: str) -> dict[str, Any]:
    return {
        "configuration_id": configuration_id,
        "key": file.key,
        "file_name": file.file_name,
        "content_type": file.content_type,
        "size": len(file.content),
        "sha256": hashlib.sha256(file.content).hexdigest(),
        "stored_as": new_name(org_id),
    }


def sweep_files(store: FileStore, *, now: datetime | None = None) -> int:
    """Remove files that nothing tells of, a day after they were written; gives how many.

    They are what a process left that died between writing files and rows.
    """
    before = (now or datetime.now(UTC)) - SWEEP_AGE
    swept = store.discard_drafts(before)
    names: list[str] = []
    for name in store.names_before(before):
        names.append(name)
        if len(names) == SWEEP_BATCH:
            swept += _discard_unknown(store, names)
            names = []
    return swept + _discard_unknown(store, names)


def _discard_unknown(store: FileStore, names: list[str]) -> int:
    of_configurations, logo = configuration_file.c.stored_as, customer_page.c.logo_stored_as
    statement = union_all(
        select(of_configurations).where(of_configurations.in_(names)),
        select(logo).where(logo.in_(names)),
    )
    with database.read() as connection:
        unknown = set(names) - set(connection.execute(statement).scalars())
    store.discard(sorted(unknown))
    return len(unknown)
