"""Queries for the saved configurations of an org, their files, and the orders that use them."""

import operator
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, not_, or_, select

from orders.domain.configuration import THUMBNAIL, Configuration
from orders.domain.errors import NotFound
from orders.domain.identifiers import canonical_configuration_id, read_uuid
from orders.domain.search_text import fold
from orders.domain.texts import lazy_gettext
from orders.domain.uploads import PICTURES
from orders.storage import database
from orders.storage.database import CompiledSelect
from orders.storage.models.orgs import Org
from orders.storage.pages import Page, Paging, numbered_page
from orders.storage.replica import from_replica
from orders.storage.sql import JsonMember, in_array, unindexed
from orders.storage.tables import cart_line, columns_of, configuration, configuration_file, orders

NOT_FOUND = lazy_gettext("There is no configuration with this ID.")
NO_PICTURE = lazy_gettext("There is no picture with this name.")
# Columns by which a list can be sorted, by wire name.
SORTABLE = {
    "createdAt": configuration.c.created_at,
    "updatedAt": configuration.c.updated_at,
    "shortId": configuration.c.short_id,
    "customerId": configuration.c.customer_id,
    "identifier": configuration.c.identifier,
    "name": configuration.c.product_name,
}


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a configuration; `key` is "thumbnail" or a key of its `attachments`.

    `size` is in bytes, `sha256` is hexadecimal, and `stored_as` is the file's name in the file
    store.
    """

    key: str
    file_name: str
    content_type: str
    size: int
    sha256: str
    stored_as: str


@dataclass(frozen=True, slots=True)
class Use:
    """An order that contains a certain configuration.

    `pieces` is the sum of the counts of the order's lines with this configuration.
    """

    short_id: str
    name: str | None
    status: str
    created_at: datetime
    pieces: int


@dataclass(frozen=True, slots=True)
class ConfigurationFilter:
    """The criteria for a list of configurations; a field that is empty or None matches all of them.

    Times are inclusive. `metadata` maps keys to required values; the value None requires that the
    key has no value. Each word of `search` must occur in the name, SKU, short ID or options,
    regardless of case. `is_retired` is true for retired products only, and false for all others.
    Other texts must be equal.
    """

    short_ids: tuple[str, ...] = ()
    product_id: str | None = None
    customer_id: str | None = None
    identifier: str | None = None
    name: str | None = None
    sku: str | None = None
    product_version: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    created_from: datetime | None = None
    created_to: datetime | None = None
    updated_from: datetime | None = None
    updated_to: datetime | None = None
    search: str = ""
    is_retired: bool | None = None


_of_org = select(configuration).where(
    configuration.c.deleted_at.is_(None), configuration.c.org_id == bindparam("org_id")
)
_by_id = CompiledSelect(_of_org.where(configuration.c.id == bindparam("reference")))
_by_short_id = CompiledSelect(_of_org.where(configuration.c.short_id == bindparam("reference")))


def find_configuration(reference: str, org_id: str) -> Configuration:
    """Return a configuration of the org, given its UUID or short ID.

    Raises NotFound if there is none, or if `reference` is malformed.
    """
    name = canonical_configuration_id(reference)
    if name is None:
        raise NotFound(NOT_FOUND)
    statement = _by_id if read_uuid(name) else _by_short_id
    found = database.rows(statement, {"reference": name, "org_id": org_id})
    if not found:
        raise NotFound(NOT_FOUND)
    return configuration_from(found[0])


def configuration_from(row: Any) -> Configuration:  # noqa: ANN401 - a row, or its dictionary
    fields = row if isinstance(row, dict) else row._asdict()
    return Configuration(**{name: fields[name] for name in Configuration._fields})


def find_configurations(references: Collection[str], org_id: str) -> dict[str, Configuration]:
    """Return the org's saved configurations, keyed by reference: a canonical UUID or a short ID.

    References that belong to no configuration are left out.
    """
    if not references:
        return {}
    names = sorted(references)
    statement = select(configuration).where(
        unindexed(configuration.c.org_id) == org_id,
        configuration.c.deleted_at.is_(None),
        or_(in_array(configuration.c.id, names), in_array(configuration.c.short_id, names)),
    )
    found: dict[str, Configuration] = {}
    for one in map(configuration_from, database.fetch_all(statement)):
        found |= {name: one for name in (one.id, one.short_id) if name in references}
    return found


def has_configurations(org_id: str) -> bool:
    """Return whether the org has a configuration."""
    statement = select(configuration.c.id).where(
        configuration.c.org_id == org_id, configuration.c.deleted_at.is_(None)
    )
    return database.fetch_one(statement.limit(1)) is not None


@from_replica
def list_configurations(
    org_id: str, filters: ConfigurationFilter, paging: Paging
) -> Page[Configuration]:
    """Return a page of the org's configurations that match `filters`; `count` is their number.

    `paging` names the field to sort by, one of SORTABLE; configurations with equal values are
    sorted by ID.
    """
    ours = unindexed(configuration.c.org_id) if filters.short_ids else configuration.c.org_id
    where = [ours == org_id, configuration.c.deleted_at.is_(None), *_conditions(filters)]
    found = select(configuration).where(*where)
    with database.read() as connection:
        return numbered_page(
            connection, found, paging,
            sortable=SORTABLE, tie=configuration.c.id, make=configuration_from,
        )  # fmt: skip


def _conditions(filters: ConfigurationFilter) -> list[ColumnElement[bool]]:
    exact = {
        configuration.c.product_id: filters.product_id,
        configuration.c.customer_id: filters.customer_id,
        configuration.c.identifier: filters.identifier,
        configuration.c.product_name: filters.name,
        configuration.c.sku: filters.sku,
        configuration.c.product_version: filters.product_version,
    }
    conditions = [column == value for column, value in exact.items() if value is not None]
    if filters.short_ids:
        conditions.append(configuration.c.short_id.in_(filters.short_ids))
    periods = (
        (operator.ge, configuration.c.created_at, filters.created_from),
        (operator.le, configuration.c.created_at, filters.created_to),
        (operator.ge, configuration.c.updated_at, filters.updated_from),
        (operator.le, configuration.c.updated_at, filters.updated_to),
    )
    conditions += [compare(column, at) for compare, column, at in periods if at is not None]
    conditions += [
        JsonMember(configuration.c.metadata, key, value) for key, value in filters.metadata.items()
    ]
    if filters.is_retired is not None:
        is_offered = configuration.c.retired_at.is_(None)
        conditions.append(not_(is_offered) if filters.is_retired else is_offered)
    words = fold(filters.search.replace("\0", " ")).split()
    conditions += [configuration.c.search_text.contains(word, autoescape=True) for word in words]
    return conditions


_files = select(*columns_of(StoredFile, configuration_file))


def list_files(configuration_id: str) -> tuple[StoredFile, ...]:
    """Return the files of a configuration, sorted by key; empty for an unknown UUID."""
    of_configuration = configuration_file.c.configuration_id == configuration_id
    statement = _files.where(of_configuration).order_by(configuration_file.c.key)
    return tuple(StoredFile(*row) for row in database.fetch_all(statement))


def find_file(reference: str, key: str, org_id: str) -> StoredFile:
    """Return the file of a configuration that has the key `key`.

    `reference` is the configuration's UUID or short ID. Raises NotFound if the org has no such
    configuration, or if the configuration has no such file.
    """
    found = find_configuration(reference, org_id)
    statement = _files.where(
        configuration_file.c.configuration_id == found.id,
        # PostgreSQL rejects NUL characters; no stored key contains one.
        configuration_file.c.key == key.replace("\0", ""),
    )
    row = database.fetch_one(statement)
    if row is None or "\0" in key:
        raise NotFound(lazy_gettext("This configuration has no such file."))
    return StoredFile(*row)


def find_picture(reference: str, org_id: str) -> StoredFile:
    """Return the picture file of a configuration.

    `reference` is the configuration's UUID or short ID. Raises NotFound if there is no picture, or
    if its type is not one that browsers may display.
    """
    file = find_file(reference, THUMBNAIL, org_id)
    if file.content_type not in PICTURES:
        raise NotFound(lazy_gettext("This configuration has no picture."))
    return file


_named = (
    select(*columns_of(StoredFile, configuration_file))
    .join(configuration, configuration.c.id == configuration_file.c.configuration_id)
    .join(Org, Org.id == configuration.c.org_id)
    .where(
        configuration.c.deleted_at.is_(None), configuration_file.c.public_name == bindparam("name")
    )
)
_named_in_public = CompiledSelect(_named.where(Org.has_public_pictures))
_named_in_org = CompiledSelect(_named.where(Org.id == bindparam("org_id")))


def find_named_picture(name: str, org_id: str | None = None) -> StoredFile:
    """Return the file of the picture with this public name, the random name in its URL.

    The picture must belong to the org `org_id`. If `org_id` is None, it may belong to any org that
    shows its pictures to everyone. Raises NotFound if there is no such picture.
    """
    if "\0" in name:
        raise NotFound(NO_PICTURE)
    if org_id is None:
        found = database.rows(_named_in_public, {"name": name})
    else:
        found = database.rows(_named_in_org, {"name": name, "org_id": org_id})
    if not found:
        raise NotFound(NO_PICTURE)
    return StoredFile(*found[0])


def is_public_picture(name: str) -> bool:
    """Return whether there is a picture with this public name that everyone may see."""
    try:
        find_named_picture(name)
    except NotFound:
        return False
    return True


def list_uses(found: Configuration, *, most: int) -> Page[Use]:
    """Return the newest orders that contain this configuration, at most `most`.

    The page's `count` is the number of all such orders.
    """
    where = (
        orders.c.org_id == found.org_id,
        orders.c.deleted_at.is_(None),
        cart_line.c.configuration_id.in_([found.id, found.short_id]),
    )
    columns = (orders.c.short_id, orders.c.name, orders.c.status, orders.c.created_at)
    uses = (
        select(*columns, func.sum(cart_line.c.count))
        .join(cart_line, cart_line.c.order_id == orders.c.id)
        .where(*where)
        .group_by(orders.c.id, *columns)
        .order_by(orders.c.created_at.desc(), orders.c.id.desc())
        .limit(most)
    )
    total = (
        select(func.count(orders.c.id.distinct()))
        .join(cart_line, cart_line.c.order_id == orders.c.id)
        .where(*where)
    )
    with database.read() as connection:
        count = connection.execute(total).scalar_one()
        rows = connection.execute(uses).all()
    # PostgreSQL returns sums as Decimal.
    entries = [Use(*row[:-1], pieces=int(row[-1])) for row in rows]
    return Page(entries, count, Paging(per_page=most))
