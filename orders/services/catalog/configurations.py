"""Checks and stores configurations with their files, and removes orphaned files."""

import contextlib
import hashlib
import secrets
import uuid
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain, islice
from typing import Any

from sqlalchemy import Connection, insert, select, union_all
from sqlalchemy.exc import IntegrityError

from orders.domain.configuration import (
    PICTURE_PATH,
    THUMBNAIL,
    Configuration,
    ConfigurationInput,
    named_in,
    option_text,
    read_configuration,
)
from orders.domain.errors import Conflict, FieldError, InvalidInput, NotFound, ServiceBusy
from orders.domain.inputs import Limits
from orders.domain.moments import now_or
from orders.domain.search_text import fold
from orders.domain.texts import lazy_gettext
from orders.domain.uploads import PICTURES, NewFile, SentFile, assign_files
from orders.services import idempotency
from orders.services.accounts.access import Actor, refuse_foreign_org
from orders.services.accounts.account_events import EventKind, record
from orders.services.accounts.acting import current_doer
from orders.services.catalog.configuration_queries import configuration_from, find_configuration
from orders.services.catalog.product_index import bump_catalog_version
from orders.services.catalog.quotas import require_room
from orders.services.files import FILE_COLUMNS, SWEEP_AGE, FileStore, new_name
from orders.services.idempotency import IdempotencyKey
from orders.storage import database
from orders.storage.tables import configuration, configuration_file

PUBLIC_NAME_BYTES = 24  # random bytes of a picture's name, which nobody can guess
SHORT_ID_BYTES = 6  # 8 characters, so that nobody takes them for an order's code of 12
# More than two collisions of 48 random bits in a row would mean a broken random source.
SHORT_ID_TRIES = 8
# Fields of ConfigurationInput that are columns of the same name and type.
COPIED_FIELDS = (
    "product_id", "product_version", "customer_id", "identifier", "scope", "scene_graph_state",
    "session_id", "publish_file_id", "creator", "thumbnail", "variant", "metadata",
)  # fmt: skip
SWEEP_BATCH = 500  # names of files that are looked up at once


def check_configuration(
    raw: object,
    sent: Sequence[SentFile] = (),
    errors: Sequence[FieldError] = (),
    *,
    actor: Actor,
    limits: Limits,
) -> tuple[ConfigurationInput, tuple[NewFile, ...]]:
    """Check a configuration and its files, and return both for `create_configuration`.

    `raw` is the configuration as sent (JSON types, camelCase keys), and `sent` are its files.
    `errors` are errors in form fields that could not be parsed and are therefore missing from
    `raw`. Raises InvalidInput with one error per path, including those in `errors`, and Forbidden
    if `orgId` is another org's ID.
    """
    fields: dict[str, Any] = raw if isinstance(raw, dict) else {}
    # Empty cells and form fields count as no value.
    refuse_foreign_org(fields.get("orgId") or None, actor)
    named = fields.get("attachments")
    assigned = assign_files(sent, named if isinstance(named, dict) else {}, limits)
    try:
        new = read_configuration(raw, limits=limits)
    except InvalidInput as invalid:
        raise _first_by_path(errors, invalid.errors, assigned.errors) from invalid
    if errors or assigned.errors:
        raise _first_by_path(errors, assigned.errors)
    return new.model_copy(update={"attachments": assigned.attachments}), assigned.files


def _first_by_path(*errors: Sequence[FieldError]) -> InvalidInput:
    by_path: dict[str, FieldError] = {}
    for error in chain.from_iterable(errors):
        by_path.setdefault(error.path, error)
    return InvalidInput(by_path.values())


def create_configuration(
    new: ConfigurationInput,
    files: Sequence[NewFile] = (),
    *,
    actor: Actor,
    store: FileStore,
    key: IdempotencyKey | None = None,
    configuration_id: str | None = None,
    limits: Limits,
) -> Configuration:
    """Store a checked configuration and its files, all or nothing; return the configuration.

    `configuration_id` is a UUID that a form has chosen; if the org already has a configuration with
    it, that one is returned, and nothing is stored. Raises KeyAlreadyUsed if `key` was used before,
    ShortIdTaken if the short ID that the client has chosen is taken in any org, Conflict if the
    org's quota in `limits` is used up, and ServiceBusy if the database or `store` cannot be
    written.
    """
    if configuration_id is not None:
        with contextlib.suppress(NotFound):
            return find_configuration(configuration_id, actor.org_id)
    configuration_id = configuration_id or str(uuid.uuid4())
    if new.short_id is not None and (holder := _holder(new.short_id)):
        raise ShortIdTaken(new.short_id, is_foreign=holder != actor.org_id)
    size = sum(len(one.content) for one in files)
    require_room(actor.org_id, limits, configurations=1, file_bytes=size)
    rows = [file_row(one, configuration_id, actor.org_id) for one in files]
    names = (row["public_name"] for row in rows if row["public_name"])
    if new.thumbnail is None and (name := next(names, None)):
        new = new.model_copy(update={"thumbnail": PICTURE_PATH + name})
    with writing_files(store, files, rows):
        return _insert(new, configuration_id, rows, actor, key)


@contextlib.contextmanager
def writing_files(
    store: FileStore, files: Sequence[NewFile], rows: Sequence[dict[str, Any]]
) -> Iterator[None]:
    """Write the files to the store, then run the `with` block, which must insert their rows.

    `rows` are the rows of the files, from `file_row`. The files are deleted again if the block
    raises an exception.
    """
    has_begun = False
    try:
        for one, row in zip(files, rows, strict=True):
            store.put(row["stored_as"], one.content)
        has_begun = True
        yield
    except BaseException as error:
        # After ServiceBusy the rows may have been stored: only `sweep_files` may delete the files.
        if not (has_begun and isinstance(error, ServiceBusy)):
            store.discard(row["stored_as"] for row in rows)
        raise


def _insert(
    new: ConfigurationInput,
    configuration_id: str,
    file_rows: list[dict[str, Any]],
    actor: Actor,
    key: IdempotencyKey | None,
) -> Configuration:
    def add(connection: Connection) -> Configuration:
        at = now_or(None)
        row = configuration_row(
            new, configuration_id, org_id=actor.org_id, created_by=actor.id, at=at
        )
        connection.execute(insert(configuration), row)
        if file_rows:
            connection.execute(insert(configuration_file), file_rows)
        added = configuration_from(row)
        idempotency.remember(connection, key, actor, added, at=at)
        bump_catalog_version(connection, actor.org_id)
        return added

    taken: IntegrityError | None = None
    for _ in range(SHORT_ID_TRIES):
        try:
            return database.write(add)
        except IntegrityError as error:
            taken = error
            # A retry after a commit whose response was lost finds its own rows.
            with contextlib.suppress(NotFound):
                return find_configuration(configuration_id, actor.org_id)
            if new.short_id is not None:
                is_foreign = _holder(new.short_id) != actor.org_id
                raise ShortIdTaken(new.short_id, is_foreign=is_foreign) from error
    raise ServiceBusy(lazy_gettext("No free short ID was found. Please try again.")) from taken


class ShortIdTaken(Conflict):
    """The short ID that a client has chosen is that of another configuration, in any org.

    `is_foreign` says that it is in another org than the client's.
    """

    def __init__(self, short_id: str, *, is_foreign: bool) -> None:
        self.is_foreign = is_foreign
        super().__init__(
            lazy_gettext(
                "The short ID “%(value)s” is already used. Choose another, or leave it out.",
                value=short_id,
            )
        )


def _holder(short_id: str) -> str | None:
    """Return the ID of the org whose configuration has this short ID, or None if none has."""
    statement = select(configuration.c.org_id).where(configuration.c.short_id == short_id)
    found: str | None = database.fetch_value(statement)
    return found


def file_row(file: NewFile, configuration_id: str, org_id: str) -> dict[str, Any]:
    """Return the values of all columns of `configuration_file` for a new file.

    The file gets a new random name in the file store and, if it is the configuration's picture, a
    new public name.
    """
    return {
        "configuration_id": configuration_id,
        "key": file.key,
        "file_name": file.file_name,
        "content_type": file.content_type,
        "size": len(file.content),
        "sha256": hashlib.sha256(file.content).hexdigest(),
        "stored_as": new_name(org_id),
        "public_name": secrets.token_urlsafe(PUBLIC_NAME_BYTES) if _is_picture(file) else None,
    }


def _is_picture(file: NewFile) -> bool:
    """Return whether the file is the picture of a configuration and browsers can display it."""
    return file.key == THUMBNAIL and file.content_type in PICTURES


def sweep_files(store: FileStore, *, now: datetime | None = None) -> int:
    """Delete files older than SWEEP_AGE to which no database row refers; return their number.

    Such files remain if a process dies after it has written files and before it inserts the rows.
    Raises ServiceBusy if the store or the database is unavailable.
    """
    before = now_or(now) - SWEEP_AGE
    swept = store.discard_drafts(before)
    names = store.names_before(before)
    while batch := list(islice(names, SWEEP_BATCH)):
        swept += _discard_unknown(store, batch)
    return swept


def _discard_unknown(store: FileStore, names: list[str]) -> int:
    statement = union_all(*(select(one).where(one.in_(names)) for one in FILE_COLUMNS))
    unknown = set(names) - {row[0] for row in database.fetch_all(statement)}
    store.discard(sorted(unknown))
    return len(unknown)


def save_configurations(
    new: Iterable[ConfigurationInput], *, org_id: str, created_by: str, now: datetime | None = None
) -> list[str]:
    """Store checked configurations in one transaction; return their IDs in the same order.

    Raises IntegrityError, and stores nothing, if a short ID is taken.
    """
    named = [(str(uuid.uuid4()), one) for one in new]
    doer = current_doer()  # the write may run in another thread

    def add(connection: Connection) -> None:
        at = now_or(now)
        rows = [
            configuration_row(one, its_id, org_id=org_id, created_by=created_by, at=at)
            for its_id, one in named
        ]
        connection.execute(insert(configuration), rows)
        bump_catalog_version(connection, org_id)
        imported = EventKind.PRODUCTS_IMPORTED
        record(connection, org_id, imported, detail=str(len(rows)), doer=doer)

    if named:
        database.write(add)
    return [its_id for its_id, _ in named]


def new_short_id() -> str:
    return secrets.token_urlsafe(SHORT_ID_BYTES)


def configuration_row(
    new: ConfigurationInput, configuration_id: str, *, org_id: str, created_by: str, at: datetime
) -> dict[str, Any]:
    """Return the values of all columns of `configuration` for a new row.

    If `new` has no short ID, one is generated. `at` is the time of creation.
    """
    short_id = new.short_id or new_short_id()
    return {
        "id": configuration_id,
        "short_id": short_id,
        "org_id": org_id,
        **{name: getattr(new, name) for name in COPIED_FIELDS},
        **search_columns(new, short_id),
        "attachments": new.attachments or {},
        "created_at": at,
        "updated_at": at,
        "deleted_at": None,
        "retired_at": None,
        "created_by": created_by,
    }


def search_columns(new: ConfigurationInput, short_id: str) -> dict[str, str | None]:
    """Return the values of the columns by which people find a configuration.

    These are its name, its SKU, and the text that is searched. They are computed from the metadata,
    the options and the short ID.
    """
    name, sku = named_in(new.metadata, "name"), named_in(new.metadata, "sku")
    options = (option_text(value) for value in (new.variant or {}).values())
    searched = (name, sku, short_id, *options)
    text = "\n".join(fold(part) for part in searched if part)
    return {"product_name": name, "sku": sku, "search_text": text}
