"""Create a database with many orders, configurations, and customers for benchmarks."""

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
from orders.services.customers import customers
from orders.services.orders import pending_changes
from orders.services.orders.queries import line_rows, order_row
from orders.settings import PROJECT, Settings
from orders.storage import database, tables

BATCH = 2_000
SYLLABLES = ("ka", "lo", "mi", "ren", "tos", "vu", "bel", "dan", "fir", "gop", "hus", "jat")
WOODS = ("oak", "walnut", "ash", "birch")
KINDS = ("chair", "table", "lamp", "shelf")
RARE = "rarity"  # a word of one product's name
FINISHES = ("matt", "gloss", "oil")
DELIVERIES = ("curb", "room")
COUNTRIES = ("AT", "CH", "DE")
CUSTOMERS = 5_000
ORDERS_EACH = 20  # at least, of a customer who has any
MONTHS = 10  # of orders, so that a customer's newest ones are recent
START = datetime(2026, 1, 1, tzinfo=UTC)


def active_customers(orders: int) -> int:
    """Return the number of customers with orders; `orders` is the number of all orders."""
    return max(1, min(CUSTOMERS, orders // ORDERS_EACH))


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
            kind = RARE if at == count // 2 else self._chance.choice(KINDS)
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

    def customers(self, count: int = CUSTOMERS) -> Iterator[dict[str, Any]]:
        """Yield rows of customer records: C-0, C-1, and so on."""
        for at in range(count):
            values: dict[str, Any] = {
                "customer_id": f"C-{at}", "name": f"Inn {self._chance.choice(self.words)} {at}",
                "contact": None, "email": f"orders@inn-{at}.example", "phone": None,
                "addresses": [], "notes": None, "defaults": {},
            }  # fmt: skip
            yield customers.new_row(values, actor=self._actor, at=START)

    def orders(self, count: int) -> Iterator[Order]:
        """Yield orders with three lines each, a few minutes apart.

        A customer always has the same finish, delivery, and country, and orders a few products.
        With few orders only the last customers have some, so that each of them has a habit.
        """
        active = active_customers(count)
        usual = [self._chance.sample(self.names, min(6, len(self.names))) for _ in range(CUSTOMERS)]
        for at in range(count):
            own = CUSTOMERS - 1 - at % active
            cart = tuple(
                CartLine(self._chance.choice(usual[own]), self._chance.randint(1, 9))
                for _ in range(3)
            )
            moment = START + timedelta(days=30 * MONTHS) * at / count
            yield Order(
                id=str(uuid.uuid4()), short_id=short_id.generate(), org_id=self._org_id,
                origin_org_id=self._org_id, name=self._text(3) if at % 10 else None,
                customer_id=f"C-{own}",
                platform={"id": str(700_000 + at), "platform": "shopify", "storeName": "North"},
                metadata={
                    "finish": FINISHES[own % 3], "delivery": DELIVERIES[own % 2],
                    "country": COUNTRIES[own % 3], "po": f"PO-{at}", "note": self._text(8),
                    "crates": at % 7, "gift": True,
                    **({"deliveryDate": moment.date().isoformat()} if at % 10 else {}),
                },
                derivative={}, cart=cart, items=[],
                status=self._chance.choice(tuple(Status)[1:]), created_at=moment,
                updated_at=moment, created_by=self._actor.id, deleted_at=None,
            )  # fmt: skip

    def _text(self, words: int) -> str:
        return " ".join(self._chance.choices(self.words, k=words))


def fill(maker: Maker, orders: int, configurations: int) -> None:
    """Insert all rows in batches."""
    put(tables.configuration, list(maker.configurations(configurations)))
    put(tables.customer, list(maker.customers()))
    made: list[Order] = []
    for order in maker.orders(orders):
        made.append(order)
        if len(made) == BATCH:
            put_orders(made)
            made = []
    put_orders(made)
    pending_changes.rebuild()


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
    """The content of the database: an account, SKUs, and a word that hundreds of orders contain.

    `rare` is the SKU of the product whose name contains RARE.
    """

    email: str
    password: str
    skus: tuple[str, ...]
    word: str
    rare: str
    active: int  # customers with orders, the last of CUSTOMERS

    def as_csv(self, rows: int) -> str:
        """Return a CSV file with this many rows, two for each order."""
        attributes = ("finish", "delivery", "country")
        lines = [
            f"F-{at // 2},From a file {at // 2},{self.skus[at % len(self.skus)]},{at % 9 + 1},"
            "matt,room,AT"
            for at in range(rows)
        ]
        names = ",".join(f"metadata.{key}" for key in attributes)
        return "\n".join([f"order,name,sku,count,{names}", *lines, ""])


def filled(folder: Path, orders: int, configurations: int) -> Stock:
    """Create a database in a folder with an org, a salesperson, orders and configurations."""
    url = f"sqlite:///{folder / 'shortorder.sqlite3'}"
    (folder / "shortorder.sqlite3").touch()
    settings = Settings(data_dir=folder, database_url=url, secret_key="x" * 32, demo=False)
    app = create_app(settings)
    email, password = "sales@desk.example", "correct horse battery"
    finish = (Option("matt", "Matt"), Option("gloss", "Gloss"), Option("oil", "Oiled"))
    delivery = (Option("curb", "To the curb"), Option("room", "Into the room"))
    country = (Option("AT", "Austria"), Option("CH", "Switzerland"), Option("DE", "Germany"))
    with app.app_context():
        flask_migrate.upgrade(directory=str(PROJECT / "orders" / "storage" / "migrations"))
        org_id = orgs.add_org("Many orders")
        accounts.add_staff(org_id, email=email, role="sales", password=password)
        for rule in (
            AttributeRule("finish", "Finish", Kind.OPTION, finish, required=True),
            AttributeRule("delivery", "Delivery", Kind.OPTION, delivery, required=True),
            AttributeRule("country", "Country", Kind.OPTION, country, required=True),
            AttributeRule("po", "PO number", Kind.TEXT, is_copied=False),
            AttributeRule("week", "Delivery week", Kind.WEEK, is_copied=False),
            AttributeRule("note", "Delivery note", Kind.TEXT, is_copied=False),
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
    return Stock(
        email, password, skus, maker.words[0], skus[configurations // 2], active_customers(orders)
    )
