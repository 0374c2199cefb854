"""Saved configurations: what a cart line refers to, and how people name it."""

import secrets
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, insert, or_, select

from orders.rules.configuration_id import is_short_id, read_uuid
from orders.storage import database, tables
from orders.storage.models import Configuration

# As readable as an order's code, but told apart from it by its length.
SHORT_ID_BYTES = 6
# Bound parameters of one statement; SQLite and PostgreSQL both allow many more.
BATCH = 500
UNKNOWN_SENTENCE = "No saved configuration has this ID."


@dataclass(frozen=True, slots=True)
class ConfigurationCard:
    """What people see of a configuration: enough to know that it is the right one."""

    id: str
    short_id: str
    product_name: str | None
    sku: str | None
    variant: dict[str, Any]
    thumbnail: str | None


_card_columns = (
    Configuration.id,
    Configuration.short_id,
    Configuration.product_name,
    Configuration.sku,
    Configuration.variant,
    Configuration.thumbnail,
)


def resolve(references: Iterable[str], org_id: str) -> dict[str, ConfigurationCard]:
    """Find saved configurations by what a person types: a UUID, a short ID or a SKU.

    Gives a card for each reference that names exactly one configuration of the org; the others
    are left out. An ID wins over a SKU that is spelled alike, and a SKU in this spelling over one
    in other letters (`osl-1` for `OSL-1`); a SKU that several configurations share names none.
    """
    wanted = {reference: reference.strip() for reference in references}
    names = {name for name in wanted.values() if name and "\0" not in name}
    uuids = {name: read_uuid(name) for name in names}
    spellings = {spelled for name in names for spelled in (name, name.upper(), name.lower())}
    cards = _find(spellings | {found for found in uuids.values() if found}, org_id)
    by_id = {card.id: card for card in cards}
    by_short_id = {card.short_id: card for card in cards}
    by_sku: dict[str, list[ConfigurationCard]] = {}
    by_folded_sku: dict[str, list[ConfigurationCard]] = {}
    for card in cards:
        if card.sku:
            by_sku.setdefault(card.sku, []).append(card)
            by_folded_sku.setdefault(card.sku.casefold(), []).append(card)
    resolved: dict[str, ConfigurationCard] = {}
    for reference, name in wanted.items():
        same_sku = by_sku.get(name) or by_folded_sku.get(name.casefold(), [])
        found = (
            by_id.get(uuids.get(name) or "")
            or by_short_id.get(name)
            or (same_sku[0] if len(same_sku) == 1 else None)
        )
        if found is not None:
            resolved[reference] = found
    return resolved


def _find(names: Iterable[str], org_id: str) -> list[ConfigurationCard]:
    every = sorted(names)
    cards: list[ConfigurationCard] = []
    with database.read() as connection:
        for start in range(0, len(every), BATCH):
            batch = every[start : start + BATCH]
            statement = select(*_card_columns).where(
                Configuration.org_id == org_id,
                Configuration.deleted_at.is_(None),
                or_(
                    Configuration.id.in_(batch),
                    Configuration.short_id.in_(batch),
                    Configuration.sku.in_(batch),
                ),
            )
            cards += [ConfigurationCard(*row) for row in connection.execute(statement)]
    # A configuration may match in two batches, by its ID and by its SKU.
    return list({card.id: card for card in cards}.values())


def unknown_short_ids(references: Iterable[str], org_id: str) -> set[str]:
    """Give those of the references that are short IDs of no configuration of the org.

    UUIDs are never among them: a configuration with a UUID may live on another platform.
    """
    short = sorted({name for name in references if is_short_id(name) and read_uuid(name) is None})
    if not short:
        return set()
    known: set[str] = set()
    with database.read() as connection:
        for start in range(0, len(short), BATCH):
            batch = short[start : start + BATCH]
            statement = select(Configuration.short_id).where(
                Configuration.org_id == org_id,
                Configuration.deleted_at.is_(None),
                Configuration.short_id.in_(batch),
            )
            known.update(connection.execute(statement).scalars())
    return set(short) - known


@dataclass(frozen=True, slots=True)
class NewConfiguration:
    """A configuration to save; `metadata` may hold `name` and `sku`, by which people find it."""

    variant: Mapping[str, Any]
    metadata: Mapping[str, Any]
    thumbnail: str | None = None
    product_id: str | None = None
    product_version: str | None = None


def save_configurations(
    new: Iterable[NewConfiguration], *, org_id: str, created_by: str, now: datetime | None = None
) -> list[str]:
    """Save configurations in one transaction and return their IDs, in the given order."""
    at = now or datetime.now(UTC)
    rows = [
        {
            "id": str(uuid.uuid4()),
            "short_id": secrets.token_urlsafe(SHORT_ID_BYTES),
            "org_id": org_id,
            "product_name": _text(one.metadata.get("name")),
            "sku": _text(one.metadata.get("sku")),
            "product_id": one.product_id,
            "product_version": one.product_version,
            "variant": dict(one.variant),
            "metadata": dict(one.metadata),
            "thumbnail": one.thumbnail,
            "attachments": {},
            "created_at": at,
            "updated_at": at,
            "created_by": created_by,
        }
        for one in new
    ]

    def work(connection: Connection) -> None:
        connection.execute(insert(tables.configuration), rows)

    if rows:
        database.write(work)
    return [str(row["id"]) for row in rows]


def _text(value: object) -> str | None:
    return value[:255] if isinstance(value, str) and value else None
