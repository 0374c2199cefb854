"""Changes saved configurations, and retires and restores them.

Orders name a configuration by its ID, so they show what is changed here. A retired configuration is
not offered for new orders any more; orders that have it keep it, and the API shows no difference.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from orders.domain.configuration import PICTURE_PATH, THUMBNAIL, Configuration, ConfigurationInput
from orders.domain.errors import NotFound
from orders.domain.moments import now_or
from orders.domain.uploads import NewFile, SentFile
from orders.services.accounts.access import Actor
from orders.services.accounts.account_events import EventKind, record
from orders.services.accounts.checks import require_version, version_of
from orders.services.catalog.configuration_queries import (
    NOT_FOUND,
    configuration_from,
    find_configuration,
    find_file,
)
from orders.services.catalog.configurations import (
    COPIED_FIELDS,
    file_row,
    search_columns,
    writing_files,
)
from orders.services.catalog.product_index import bump_catalog_version
from orders.services.files import FileStore
from orders.storage import database
from orders.storage.tables import configuration, configuration_file

# Responses contain times in milliseconds, and ETags are made of them.
TICK = timedelta(milliseconds=1)


def edit_version(found: Configuration) -> str:
    """Return the version of a configuration, with which a form detects changes by other people."""
    return version_of(found)


def change_configuration(
    reference: str,
    new: ConfigurationInput,
    files: Sequence[NewFile] = (),
    *,
    actor: Actor,
    store: FileStore,
    version: str | None,
    removes_picture: bool = False,
) -> Configuration:
    """Change a saved configuration, and return it as stored.

    `new` has the new values, and `files` the new files, both from `check_configuration`. Fields
    that were not sent stay as they are, and a null empties a field; `thumbnail` follows the
    picture. A new file replaces the one with the same key. If `removes_picture` is true and there
    is no new picture, the picture is removed. `version` is the `edit_version` that the caller has
    read, or None to skip the check.

    Raises NotFound if the org has no such configuration, ChangedMeanwhile if it has changed since,
    and ServiceBusy if the database or `store` cannot be written.
    """
    found = find_configuration(reference, actor.org_id)
    rows = [file_row(one, found.id, actor.org_id) for one in files]
    removed = {THUMBNAIL} if removes_picture else set()

    with writing_files(store, files, rows), database.transaction() as connection:
        stored = _lock(connection, found)
        require_version(version, edit_version(stored))
        values = _changed(new, stored)
        values |= _picture_values(stored, rows, removed)
        values["attachments"] = _attachments(stored, files, removed)
        old_files = _replace_files(connection, stored.id, rows, removed)
        before = stored._asdict()
        if old_files or any(before[name] != value for name, value in values.items()):
            made = ConfigurationInput.model_construct(
                metadata=values.get("metadata", stored.metadata),
                variant=values.get("variant", stored.variant),
            )
            values |= search_columns(made, stored.short_id)
            # The ETag is made of this time, and two changes may be made in one millisecond.
            values["updated_at"] = max(now_or(None), stored.updated_at + TICK)
            statement = update(configuration).where(configuration.c.id == stored.id)
            connection.execute(statement.values(values))
            bump_catalog_version(connection, actor.org_id)
    store.discard(old_files)
    return find_configuration(found.id, actor.org_id)


def _lock(connection: Connection, found: Configuration) -> Configuration:
    """Return the configuration as it is stored now; nobody else can change it meanwhile."""
    statement = select(configuration).where(
        configuration.c.id == found.id, configuration.c.deleted_at.is_(None)
    )
    row = connection.execute(statement.with_for_update()).one_or_none()
    if row is None:
        raise NotFound(NOT_FOUND)
    return configuration_from(row)


def _changed(new: ConfigurationInput, stored: Configuration) -> dict[str, Any]:
    """Return the columns of the fields that were sent, with their values.

    An object that was null before and has no members now stays null.
    """
    values = {name: getattr(new, name) for name in COPIED_FIELDS if name in new.model_fields_set}
    return {
        name: None if value == {} and getattr(stored, name) is None else value
        for name, value in values.items()
    }


def _picture_values(
    stored: Configuration, rows: Sequence[dict[str, Any]], removed: set[str]
) -> dict[str, Any]:
    """Return the new value of `thumbnail`, or nothing if the picture stays."""
    public_names = [row["public_name"] for row in rows if row["public_name"]]
    if public_names:
        return {THUMBNAIL: PICTURE_PATH + public_names[0]}
    return {THUMBNAIL: None} if removed and stored.thumbnail is not None else {}


def _attachments(
    stored: Configuration, files: Sequence[NewFile], removed: set[str]
) -> dict[str, str]:
    kept = {key: name for key, name in stored.attachments.items() if key not in removed}
    return kept | {one.key: one.file_name for one in files}


def _replace_files(
    connection: Connection, configuration_id: str, rows: list[dict[str, Any]], removed: set[str]
) -> list[str]:
    """Insert the rows of new files in place of those with the same keys; delete the removed ones.

    Returns the names in the file store of the files that no row refers to any more.
    """
    keys = removed | {row["key"] for row in rows}
    if not keys:
        return []
    where = (
        configuration_file.c.configuration_id == configuration_id,
        configuration_file.c.key.in_(sorted(keys)),
    )
    old = connection.execute(select(configuration_file.c.stored_as).where(*where)).scalars().all()
    connection.execute(delete(configuration_file).where(*where))
    if rows:
        connection.execute(insert(configuration_file), rows)
    return list(old)


def picture_to_copy(reference: str, actor: Actor, store: FileStore) -> SentFile | None:
    """Return the picture of a configuration as if it was sent for another one.

    Returns None if the configuration has no picture in `store`. Raises NotFound if the org has no
    such configuration, and ServiceBusy if `store` cannot be read.
    """
    find_configuration(reference, actor.org_id)
    try:
        file = find_file(reference, THUMBNAIL, actor.org_id)
        content = store.get(file.stored_as)
    except NotFound:
        return None
    return SentFile(THUMBNAIL, file.file_name, file.content_type, content)


def retire_configuration(
    reference: str, actor: Actor, *, now: datetime | None = None
) -> Configuration:
    """Offer a configuration for new orders no more, and return it.

    A configuration that is retired already stays so. Raises NotFound if the org has none with this
    ID.
    """
    return _set_retired(reference, actor, now_or(now))


def restore_configuration(reference: str, actor: Actor) -> Configuration:
    """Offer a retired configuration for new orders again, and return it.

    Raises NotFound if the org has none with this ID.
    """
    return _set_retired(reference, actor, None)


def _set_retired(reference: str, actor: Actor, at: datetime | None) -> Configuration:
    found = find_configuration(reference, actor.org_id)
    if (found.retired_at is None) == (at is None):
        return found
    statement = update(configuration).where(configuration.c.id == found.id)
    with database.transaction() as connection:
        connection.execute(statement.values(retired_at=at))
        kind = EventKind.PRODUCT_RETIRED if at else EventKind.PRODUCT_RESTORED
        record(connection, actor.org_id, kind, found.id, found.sku or found.short_id)
        bump_catalog_version(connection, actor.org_id)
    return found._replace(retired_at=at)


def count_same_sku(found: Configuration) -> int:
    """Return how many other configurations that are offered have the same SKU.

    No order can find any of them by this SKU, because it is not clear which one is meant.
    """
    if found.sku is None:
        return 0
    same = select(func.count()).where(
        configuration.c.org_id == found.org_id,
        configuration.c.sku == found.sku,
        configuration.c.deleted_at.is_(None),
        configuration.c.retired_at.is_(None),
        configuration.c.id != found.id,
    )
    return int(database.fetch_value(same))
