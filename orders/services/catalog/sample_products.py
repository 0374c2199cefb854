"""Sample products, for the demo and for people who try an empty desk, read from a JSON file."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter
from sqlalchemy import Connection, select, update

from orders.domain.configuration import ConfigurationInput
from orders.services.accounts.access import Actor
from orders.services.accounts.account_events import EventKind, record
from orders.services.catalog.configurations import configuration_row
from orders.storage import database
from orders.storage.models.catalog import ConfigurationRow
from orders.storage.tables import cart_line, configuration, insert_missing


@dataclass(frozen=True, slots=True)
class SampleProduct:
    """A product with its options (`variant`); `shape` names a drawing (tests/cli/drawings.py)."""

    name: str
    sku: str
    shape: str
    variant: dict[str, str]

    @property
    def picture(self) -> str:
        """The name of the product's picture file in `static/demo/`."""
        return f"{self.sku}.svg"

    def configuration(self) -> ConfigurationInput:
        return ConfigurationInput.model_construct(
            variant=self.variant,
            metadata={"name": self.name, "sku": self.sku},
            thumbnail=f"/static/demo/{self.picture}",
            product_id=str(
                uuid.uuid5(uuid.NAMESPACE_URL, f"https://alder-oak.example/{self.name}")
            ),
        )


@dataclass(frozen=True, slots=True)
class RemovedSamples:
    """How many sample products were removed, and how many stay because orders contain them."""

    removed: int
    kept: int


SAMPLE_PRODUCTS = TypeAdapter(tuple[SampleProduct, ...]).validate_json(
    Path(__file__).with_suffix(".json").read_bytes()
)


def load_samples(actor: Actor) -> int:
    """Save the sample products in the actor's org, and return how many were added.

    Those that the org has already are left alone, and so are those whose SKU another of its
    products has.
    """
    at, org_id = datetime.now(UTC), actor.org_id
    own_ids = _ids(org_id)

    with database.transaction() as connection:
        loaded = _loaded(connection, org_id)
        taken = select(ConfigurationRow.sku).where(
            ConfigurationRow.org_id == org_id,
            ConfigurationRow.deleted_at.is_(None),
            ConfigurationRow.sku.in_([one.sku for one in SAMPLE_PRODUCTS]),
        )
        skus = set(connection.execute(taken).scalars())
        new = [
            one for one in SAMPLE_PRODUCTS if one.sku not in skus and own_ids[one.sku] not in loaded
        ]
        rows = [
            configuration_row(
                one.configuration(), own_ids[one.sku], org_id=org_id, created_by=actor.id, at=at
            )
            for one in new
        ]
        # Those that were removed are still in the table.
        restored = update(ConfigurationRow).values(deleted_at=None, updated_at=at)
        if rows:
            insert_missing(connection, configuration, rows)
            ids = [row["id"] for row in rows]
            connection.execute(restored.where(ConfigurationRow.id.in_(ids)))
    return len(rows)


def remove_samples(org_id: str) -> RemovedSamples:
    """Remove the org's sample products that no order contains.

    An order with a removed product would show an ID in place of its name. `load_samples` brings
    them back.
    """
    at = datetime.now(UTC)
    with database.transaction() as connection:
        loaded = _loaded(connection, org_id)
        names = {name: own_id for own_id, short_id in loaded.items() for name in (own_id, short_id)}
        in_use = select(cart_line.c.configuration_id).where(
            cart_line.c.configuration_id.in_(list(names))
        )
        used = {names[name] for name in connection.execute(in_use.distinct()).scalars()}
        unused = [own_id for own_id in loaded if own_id not in used]
        removed = update(ConfigurationRow).values(deleted_at=at, updated_at=at)
        connection.execute(removed.where(ConfigurationRow.id.in_(unused)))
        if unused:
            count = str(len(unused))
            record(connection, org_id, EventKind.PRODUCT_DELETED, detail=count)
    return RemovedSamples(len(unused), len(used))


def has_samples(org_id: str) -> bool:
    """Return whether the org has sample products."""
    with database.read() as connection:
        return bool(_loaded(connection, org_id))


def _ids(org_id: str) -> dict[str, str]:
    """Return the ID of each sample product in an org, by SKU.

    It is computed, so that two requests at the same time add a product once.
    """
    return {
        one.sku: str(uuid.uuid5(uuid.UUID(org_id), f"sample {one.sku}")) for one in SAMPLE_PRODUCTS
    }


def _loaded(connection: Connection, org_id: str) -> dict[str, str]:
    """Return the short IDs of the org's sample products that are not removed, by ID."""
    statement = select(ConfigurationRow.id, ConfigurationRow.short_id).where(
        ConfigurationRow.id.in_(_ids(org_id).values()), ConfigurationRow.deleted_at.is_(None)
    )
    return {row.id: row.short_id for row in connection.execute(statement)}
