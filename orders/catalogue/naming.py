"""Saved configurations: what a cart line refers to, and how people name it."""

import secrets
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, and_, insert, select
from sqlalchemy.orm import InstrumentedAttribute

from orders.rules.configuration import THUMBNAIL, NewConfiguration, named_in, option_text
from orders.rules.identifiers import is_short_id, read_uuid
from orders.rules.texts import mark
from orders.rules.uploads import PICTURES
from orders.storage import database, tables
from orders.storage.checked import checked
from orders.storage.configuration_models import Configuration, ConfigurationFile

# As readable as an order's code, but told apart from it by its length.
SHORT_ID_BYTES = 6
# Bound parameters of one statement; SQLite and PostgreSQL both allow many more.
BATCH = 500
UNKNOWN_SENTENCE = mark("No saved configuration has this ID.")


@dataclass(frozen=True, slots=True)
class ConfigurationCard:
    """What people see of a configuration: enough to know that it is the right one.

    `variant` is `{}` when none was sent. `has_picture` tells that a picture of it lies in the file
    store; `thumbnail` is whatever the client called its picture.
    """

    id: str
    short_id: str
    product_name: str | None
    sku: str | None
    variant: dict[str, Any]
    thumbnail: str | None
    has_picture: bool = False


_cards = select(
    Configuration.id,
    Configuration.short_id,
    Configuration.product_name,
    Configuration.sku,
    Configuration.variant,
    Configuration.thumbnail,
    ConfigurationFile.key.is_not(None).label("has_picture"),
).outerjoin(
    ConfigurationFile,
    and_(
        ConfigurationFile.configuration_id == Configuration.id,
        ConfigurationFile.key == THUMBNAIL,
        ConfigurationFile.content_type.in_(PICTURES),
    ),
)


def resolve(references: Iterable[str], org_id: str) -> dict[str, ConfigurationCard]:
    """Find saved configurations by what a person types: a UUID, a short ID or a SKU.

    Gives a card for each reference that names exactly one configuration of the org; the others
    are left out. An ID wins over a SKU that is spelled alike, and a SKU in this spelling over one
    in other letters (`osl-1` for `OSL-1`); a SKU that several configurations share names none.
    """
    wanted = {reference: reference.strip() for reference in references}
    names = {name for name in wanted.values() if name and "\0" not in name}
    uuids = {name: own_id for name in names if (own_id := read_uuid(name))}
    short_ids = {name for name in names if is_short_id(name)}
    # One statement for each column: together they take three times as long.
    cards = _find(Configuration.id, set(uuids.values()), org_id)
    cards += _find(Configuration.short_id, short_ids, org_id)
    cards += _find(Configuration.sku, names, org_id)
    # Most people type what they see; only for the rest other spellings are looked for.
    rest = names - {name for card in cards for name in (card.short_id, card.sku)}
    spellings = {spelled for name in rest for spelled in (name.upper(), name.lower())} - rest
    cards += _find(Configuration.sku, spellings, org_id)
    # A configuration may be found twice, by its ID and by its SKU.
    by_id = {card.id: card for card in cards}
    by_short_id = {card.short_id: card for card in cards}
    by_sku: dict[str, list[ConfigurationCard]] = {}
    by_folded_sku: dict[str, list[ConfigurationCard]] = {}
    for card in by_id.values():
        if card.sku:
            by_sku.setdefault(card.sku, []).append(card)
            by_folded_sku.setdefault(card.sku.casefold(), []).append(card)
    resolved: dict[str, ConfigurationCard] = {}
    for reference, name in wanted.items():
        same_sku = by_sku.get(name) or by_folded_sku.get(name.casefold(), [])
        found = (
            by_id.get(uuids.get(name, ""))
            or by_short_id.get(name)
            or (same_sku[0] if len(same_sku) == 1 else None)
        )
        if found is not None:
            resolved[reference] = found
    return resolved


def references_of(cards: Iterable[ConfigurationCard], org_id: str) -> dict[str, str]:
    """Give for each card's ID what people type for it: its SKU if no other has it, or short ID."""
    every = list(cards)
    by_sku = resolve({card.sku for card in every if card.sku}, org_id)
    references = {}
    for card in every:
        named = by_sku.get(card.sku or "")
        is_named = named is not None and named.id == card.id
        references[card.id] = card.sku if card.sku and is_named else card.short_id
    return references


def _find(
    column: InstrumentedAttribute[Any], names: Iterable[str], org_id: str
) -> list[ConfigurationCard]:
    # SKUs stand in an index behind their org; IDs have indexes of their own.
    ours = Configuration.org_id if column is Configuration.sku else checked(Configuration.org_id)
    every = sorted(names)
    cards: list[ConfigurationCard] = []
    for start in range(0, len(every), BATCH):
        statement = _cards.where(
            ours == org_id,
            Configuration.deleted_at.is_(None),
            column.in_(every[start : start + BATCH]),
        )
        with database.read() as connection:
            cards += [_card(row) for row in connection.execute(statement)]
    return cards


def _card(row: Any) -> ConfigurationCard:  # noqa: ANN401 - a row of `_cards`
    # By their places: by their names the columns of hundreds of rows are read slowly.
    configuration_id, short_id, product_name, sku, variant, thumbnail, has_picture = row
    return ConfigurationCard(
        configuration_id, short_id, product_name, sku, variant or {}, thumbnail, bool(has_picture)
    )


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
                checked(Configuration.org_id) == org_id,
                Configuration.deleted_at.is_(None),
                Configuration.short_id.in_(batch),
            )
            known.update(connection.execute(statement).scalars())
    return set(short) - known


def save_configurations(
    new: Iterable[NewConfiguration], *, org_id: str, created_by: str, now: datetime | None = None
) -> list[str]:
    """Save configurations in one transaction and return their IDs, in the given order.

    Raises IntegrityError when a short ID is taken.
    """
    at = now or datetime.now(UTC)
    rows = [
        configuration_row(one, str(uuid.uuid4()), org_id=org_id, created_by=created_by, at=at)
        for one in new
    ]

    def work(connection: Connection) -> None:
        connection.execute(insert(tables.configuration), rows)

    if rows:
        database.write(work)
    return [str(row["id"]) for row in rows]


def new_short_id() -> str:
    """Make a short ID for a configuration whose client has none of its own: 8 characters."""
    return secrets.token_urlsafe(SHORT_ID_BYTES)


def configuration_row(
    new: NewConfiguration, configuration_id: str, *, org_id: str, created_by: str, at: datetime
) -> dict[str, Any]:
    """Give the row of `configuration`, every column of it; without a short ID one is made."""
    short_id = new.short_id or new_short_id()
    name, sku = named_in(new.metadata, "name"), named_in(new.metadata, "sku")
    options = (option_text(value) for value in (new.variant or {}).values())
    searched = (name, sku, short_id, *options)
    return {
        "id": configuration_id,
        "short_id": short_id,
        "org_id": org_id,
        "product_name": name,
        "sku": sku,
        "product_id": new.product_id,
        "product_version": new.product_version,
        "variant": None if new.variant is None else dict(new.variant),
        "metadata": None if new.metadata is None else dict(new.metadata),
        "customer_id": new.customer_id,
        "identifier": new.identifier,
        "scope": new.scope,
        "scene_graph_state": new.scene_graph_state,
        "session_id": new.session_id,
        "publish_file_id": new.publish_file_id,
        "creator": new.creator,
        "thumbnail": new.thumbnail,
        "attachments": dict(new.attachments),
        "search_text": "\n".join(text.casefold() for text in searched if text),
        "created_at": at,
        "updated_at": at,
        "deleted_at": None,
        "created_by": created_by,
    }
