"""How the times of lists, start page, search, reads, and creates grow with the number of orders.

Run by `make bench-growth` (`python -m benchmarks.growth`). Each size has a database of its own, and
all of them are measured in turn, in one run. The times are medians of the services alone, without
JSON and pages. What counts are the ratios of the largest size to the smallest.
"""

import argparse
import random
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import flask_migrate
import psycopg
from flask import Flask
from sqlalchemy import insert, text

from app import create_app
from orders.domain.configuration import ConfigurationInput
from orders.domain.identifiers import new_uuid
from orders.domain.inputs import Limits
from orders.domain.order import CartLine, Order
from orders.domain.short_id import generate
from orders.domain.status import Status
from orders.services import dashboard, quick_search
from orders.services.accounts import org_rules, orgs
from orders.services.accounts.access import Actor
from orders.services.catalog import configurations
from orders.services.orders import intake, order_list, pending_changes, queries
from orders.services.orders.order_filter import OrderFilter
from orders.services.orders.order_list import NEWEST_FIRST
from orders.services.orders.queries import line_rows, order_row
from orders.settings import PROJECT, Settings
from orders.storage import database, tables
from orders.storage.pages import Paging
from tests.postgres import postgres_server

BATCH = 5_000
DAYS = 500  # between the oldest order and the newest
PER_CUSTOMER = 20  # orders
# The rarest status still fills a page of the smallest database.
WEIGHTS = {Status.LIST: 6, Status.IN_CART: 2, Status.NEW: 7, Status.IN_PROGRESS: 10,
           Status.COMPLETE: 975}  # fmt: skip
SYLLABLES = ("ka", "lo", "mi", "ren", "tos", "vu", "bel", "dan", "fir", "gop", "hus", "jat")
CHAIR = "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11"
RARE_SKU, FEW = "RARE-77", 20  # a product, and the number of its orders
SHOP_NUMBERS = 10**12  # the shop's numbers of orders have 13 digits, as Shopify's have


@dataclass
class Filled:
    """An application with a database of `size` orders, and an order in the middle of them."""

    app: Flask
    size: int
    actor: Actor
    middle: Order
    far: str = ""  # a cursor far behind the first page
    times: dict[str, list[float]] = field(default_factory=dict)


def cases(filled: Filled) -> dict[str, Callable[[], object]]:
    """Return what is measured, by name."""
    actor, middle, org_id = filled.actor, filled.middle, filled.actor.org_id

    def page(sort: str = "-createdAt", page: int = 1, after: str | None = None,
             **wanted: Any) -> Callable[[], object]:  # noqa: ANN401 - fields of OrderFilter  # fmt: skip
        paging = Paging(page=page, sort=sort, after=after)
        return lambda: order_list.find_orders(org_id, OrderFilter(**wanted), paging)

    def search(words: str) -> Callable[[], object]:
        return lambda: order_list.list_page(org_id, OrderFilter(search=words), NEWEST_FIRST)

    def create() -> object:
        raw = {
            "status": "New", "name": "Growth", "customerId": "C-1",
            "platform": {"id": uuid.uuid4().hex},
            "cart": [{"configurationId": CHAIR, "count": 2}],
        }  # fmt: skip
        draft = intake.check_order(raw, actor=actor, limits=Limits())
        return intake.create_order(draft, actor=actor)

    # The newest hundred, so that every size answers with a full page.
    recent = datetime.now(UTC) - timedelta(days=DAYS * 100 / filled.size)
    return {
        "create": create,
        "read by short ID": lambda: queries.find_order(middle.short_id, org_id),
        "list, first page": page(),
        "list, far cursor": page(after=filled.far),
        "list, page 100": page(page=100),
        "sort -updatedAt": page("-updatedAt"),
        "sort updatedAt, first walk": page("updatedAt", after=""),
        "sort name": page("name"),
        "sort -customerId": page("-customerId"),
        "sort status": page("status"),
        "filter status, rare": page(statuses=(Status.LIST,)),
        "filter name": page(name=middle.name),
        "filter customerId": page(customer_id=middle.customer_id),
        "filter platform.id": page(platform={"id": middle.platform["id"]}),
        "filter updatedFrom": page("updatedAt", updated_from=recent),
        "start page": lambda: dashboard.load_dashboard(actor),
        "desk list": search(""),
        "search: a common word": search("karen"),
        "search: a number": search(str(middle.platform["id"])),
        "search: a SKU of few": search(RARE_SKU),
        "search: a name and a number": search(f"karen {middle.platform['id']}"),
        "search: nothing": search("loulou"),
        "go to: a number": lambda: quick_search.find_quickly(str(middle.platform["id"]), actor),
    }


def order(at: int, size: int, actor: Actor, chance: random.Random, rare: str) -> Order:
    """Return an order; with a higher number `at` it is younger. A few have the product `rare`."""
    created = datetime.now(UTC) - timedelta(days=DAYS * (size - at) / size)
    [status] = chance.choices([*WEIGHTS], [*WEIGHTS.values()])
    word = "".join(chance.choices(SYLLABLES, k=3))
    # Shops count in steps of any size; the first digits say when, the others are as good as random.
    number = 5 * SHOP_NUMBERS + (SHOP_NUMBERS * at + chance.randrange(SHOP_NUMBERS)) // size
    return Order(
        id=new_uuid(created), short_id=generate(), org_id=actor.org_id,
        origin_org_id=actor.org_id, name=f"{word} karen {at}" if at % 10 else None,
        customer_id=f"C-{chance.randrange(max(1, size // PER_CUSTOMER))}",
        platform={"id": str(number), "platform": "shopify"}, metadata={"finish": word},
        derivative={}, items=[],
        cart=(CartLine(CHAIR, 1 + at % 9), CartLine(CHAIR if at % (size // FEW) else rare, 1)),
        status=status, created_at=created, updated_at=created, created_by=actor.id,
        deleted_at=None,
    )  # fmt: skip


def fill(app: Flask, size: int) -> Filled:
    """Store the orders."""
    flask_migrate.upgrade(directory=str(PROJECT / "orders" / "storage" / "migrations"))
    org_id = orgs.add_org("Growth")
    actor = Actor("staff", str(uuid.uuid4()), org_rules.org_rules_of(org_id), is_private=True)
    chance = random.Random(7)  # noqa: S311 - content only
    product = ConfigurationInput.model_construct(
        variant={}, metadata={"name": "Rare", "sku": RARE_SKU}
    )
    [rare] = configurations.save_configurations([product], org_id=org_id, created_by=actor.id)
    middle: Order | None = None
    for start in range(0, size, BATCH):
        made = [
            order(at, size, actor, chance, rare) for at in range(start, min(start + BATCH, size))
        ]
        middle = made[len(made) // 2 + 1] if start <= size // 2 else middle
        with database.transaction() as connection:
            connection.execute(insert(tables.orders), [order_row(one) for one in made])
            lines = [row for one in made for row in line_rows(one)]
            connection.execute(insert(tables.cart_line), lines)
    pending_changes.rebuild()
    with database.db.engine.connect() as connection, connection.begin():
        if connection.dialect.name == "postgresql":  # SQLite has no statistics, see decision 0032
            connection.execute(text("ANALYZE"))
    assert middle is not None  # noqa: S101 - for the type checker
    filled = Filled(app, size, actor, middle)
    found = order_list.find_orders(org_id, OrderFilter(), Paging(page=90))
    filled.far = found.next or ""
    return filled


@contextmanager
def databases(kind: str, sizes: list[int], folder: Path) -> Iterator[list[str]]:
    """Yield the URL of an empty database for each size."""
    with ExitStack() as stack:
        if kind == "sqlite":
            files = [folder / f"{size}.sqlite3" for size in sizes]
            for file in files:
                file.touch()
            yield [f"sqlite:///{file}" for file in files]
            return
        server = stack.enter_context(postgres_server())
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            for size in sizes:
                connection.execute(f"CREATE DATABASE growth_{size}")
        yield [f"{server}/growth_{size}" for size in sizes]


def measure(every: list[Filled], rounds: int) -> None:
    """Measure all sizes in turn."""
    for turn in range(rounds + 1):
        for filled in every:
            with filled.app.app_context():
                for name, run in cases(filled).items():
                    begun = time.perf_counter()
                    run()
                    taken = time.perf_counter() - begun
                    if turn:  # the first one does not count
                        filled.times.setdefault(name, []).append(taken)
                while pending_changes.settle():
                    pass


def show(kind: str, every: list[Filled]) -> None:
    """Print the medians as a table in Markdown."""
    sizes = [f"{filled.size:,}" for filled in every]
    print(f"\n| {kind}, ms | {' | '.join(sizes)} | ratio |")
    print(f"| --- |{' ---: |' * (len(sizes) + 1)}")
    for name in every[0].times:
        found = [statistics.median(filled.times[name]) * 1000 for filled in every]
        numbers = " | ".join(f"{one:.2f}" for one in found)
        print(f"| {name} | {numbers} | {found[-1] / found[0]:.2f} |")


def main() -> None:
    """Read the options, fill the databases, measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    given = parser.parse_args()
    for kind in given.databases:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            with databases(kind, given.sizes, folder) as urls:
                every = []
                for size, url in zip(given.sizes, urls, strict=True):
                    app = create_app(
                        Settings(data_dir=folder, database_url=url, secret_key="x" * 32)
                    )
                    with app.app_context():
                        begun = time.perf_counter()
                        every.append(fill(app, size))
                        print(f"{kind}: {size:,} orders in {time.perf_counter() - begun:.0f} s")
                measure(every, given.rounds)
                show(kind, every)
                for filled in every:
                    with filled.app.app_context():
                        database.close()


if __name__ == "__main__":
    main()
