"""Create a database with many orders and configurations for benchmarks."""

import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import flask_migrate
from sqlalchemy import Table, insert

from app import create_app
from orders.domain import short_id
from orders.domain.attributes import AttributeRule, Kind, Option
from orders.domain.configuration import ConfigurationInput
from orders.domain.order import CartLine, Order
from orders.domain.status import Status
from orders.services.accounts import access, accounts, attributes, orgs
from orders.services.accounts.access import Actor
from orders.services.catalog.configurations import configuration_row
from orders.services.orders.queries import line_rows, order_row
from orders.settings import PROJECT, Settings
from orders.storage import database, tables

BATCH = 2_000
SYLLABLES = ("ka", "lo", "mi", "ren", "tos", "vu", "bel", "dan", "fir", "gop", "hus", "jat")
WOODS = ("oak", "walnut", "ash", "birch")
KINDS = ("chair", "table", "lamp", "shelf")
START = datetime(2026, 1, 1, tzinfo=UTC)


class Maker:
    """Generates rows from a fixed seed."""

    def __init__(self, org_id: str, actor: Actor) -> None:
        self._chance = random.Random(1)  # noqa: S311 - data for a measurement
        self._org_id, self._actor = org_id, actor
        self.words = ["".join(self._chance.choices(SYLLABLES, k=3)) for _ in range(1_500)]
        self.names: list[str] = []

    def configurations(self, count: int) -> Iterator[dict[str, Any]]:
        """Yield rows of configurations; one of them has a unique name."""
        for at in range(count):
            kind = "rarity" if at == count // 2 else self._chance.choice(KINDS)
            name = f"{self._chance.choice(self.words)} {kind}"
            new = ConfigurationInput.model_construct(
                variant={"Wood": self._chance.choice(WOODS), "Legs": self._chance.choice(WOODS)},
                metadata={"name": name, "sku": f"SKU-{at:05}"},
            )
            row = configuration_row(
                new, str(uuid.uuid4()), org_id=self._org_id, created_by=self._actor.id, at=START
            )
            self.names.append(row["id"])
            yield row

    def orders(self, count: int) -> Iterator[Order]:
        """Yield orders with three lines each, a minute apart."""
        for at in range(count):
            cart = tuple(
                CartLine(self._chance.choice(self.names), self._chance.randint(1, 9))
                for _ in range(3)
            )
            moment = START + timedelta(minutes=at)
            finish = self._chance.choice(("matt", "gloss", "oil"))
            delivery = {"deliveryDate": (moment + timedelta(days=at % 30)).date().isoformat()}
            yield Order(
                id=str(uuid.uuid4()), short_id=short_id.generate(), org_id=self._org_id,
                origin_org_id=self._org_id, name=self._text(3) if at % 10 else None,
                customer_id=f"C-{at % 5000}",
                platform={"id": str(700_000 + at), "platform": "shopify", "storeName": "North"},
                metadata={"finish": finish, "note": self._text(8), "crates": at % 7, "gift": True}
                | (delivery if at % 10 else {}),
                derivative={}, cart=cart, items=[],
                status=self._chance.choice(tuple(Status)[1:]), created_at=moment,
                updated_at=moment, created_by=self._actor.id, deleted_at=None,
            )  # fmt: skip

    def _text(self, words: int) -> str:
        return " ".join(self._chance.choices(self.words, k=words))


def fill(maker: Maker, orders: int, configurations: int) -> None:
    """Insert all rows in batches."""
    put(tables.configuration, list(maker.configurations(configurations)))
    made: list[Order] = []
    for order in maker.orders(orders):
        made.append(order)
        if len(made) == BATCH:
            put_orders(made)
            made = []
    put_orders(made)


def put_orders(made: list[Order]) -> None:
    """Insert orders with their lines."""
    put(tables.orders, [order_row(order) for order in made])
    put(tables.cart_line, [row for order in made for row in line_rows(order)])


def put(table: Table, rows: list[dict[str, Any]]) -> None:
    """Insert rows in one transaction."""
    if rows:
        database.write(lambda connection: connection.execute(insert(table), rows).close())


@dataclass(frozen=True)
class Stock:
    """The content of the database: an account, SKUs, and a word that hundreds of orders contain."""

    email: str
    password: str
    skus: tuple[str, ...]
    word: str

    def as_csv(self, rows: int) -> str:
        """Return a CSV file with this many rows, two for each order."""
        lines = [
            f"F-{at // 2},From a file {at // 2},{self.skus[at % len(self.skus)]},{at % 9 + 1},matt"
            for at in range(rows)
        ]
        return "\n".join(["order,name,sku,count,metadata.finish", *lines, ""])


def filled(folder: Path, orders: int, configurations: int) -> Stock:
    """Create a database in a folder with an org, a salesperson, orders and configurations."""
    url = f"sqlite:///{folder / 'shortorder.sqlite3'}"
    settings = Settings(data_dir=folder, database_url=url, secret_key="x" * 32, demo=False)
    app = create_app(settings)
    email, password = "sales@desk.example", "correct horse battery"
    finish = (Option("matt", "Matt"), Option("gloss", "Gloss"), Option("oil", "Oiled"))
    with app.app_context():
        flask_migrate.upgrade(directory=str(PROJECT / "orders" / "storage" / "migrations"))
        org_id = orgs.add_org("Many orders")
        accounts.add_staff(org_id, email=email, role="sales", password=password)
        for rule in (
            AttributeRule("finish", "Finish", Kind.OPTION, finish, required=True),
            AttributeRule("note", "Delivery note", Kind.TEXT),
        ):
            attributes.add_attribute(org_id, rule)
        member = access.sign_in(email, password)
        if member is None:
            raise AssertionError("an account that was just made can sign in")
        maker = Maker(org_id, member.actor)
        fill(maker, orders, configurations)
        database.close()
    app.extensions["request_recorder"].close()
    skus = tuple(f"SKU-{at:05}" for at in range(configurations))
    return Stock(email, password, skus, maker.words[0])
