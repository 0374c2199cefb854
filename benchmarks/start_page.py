"""How long the figures of the start page take with many orders, on SQLite and PostgreSQL.

Run by `python -m benchmarks.start_page`. Half of the orders are as old as a year, half are of the
last thirty days, so the charts read half of the table: more than a shop's database would have them.
"""

import argparse
import random
import statistics
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import flask_migrate
import psycopg
from flask import Flask
from sqlalchemy import Connection, insert, text

from app import create_app
from orders.domain.collation import VERSION, sort_key
from orders.domain.identifiers import new_uuid
from orders.domain.status import Status
from orders.services import dashboard
from orders.services.accounts import org_rules, orgs
from orders.services.accounts.access import Actor
from orders.settings import PROJECT, Settings
from orders.storage import database
from orders.storage.tables import cart_line, submission
from orders.storage.tables import orders as orders_table
from tests.postgres import postgres_server

BATCH = 5_000
RUNS = 15
WEIGHTS = {Status.LIST: 5, Status.IN_CART: 10, Status.NEW: 15, Status.IN_PROGRESS: 20,
           Status.COMPLETE: 50}  # fmt: skip


def main() -> None:
    """Measure both databases and print medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=100_000)
    count = parser.parse_args().orders
    with tempfile.TemporaryDirectory() as folder, databases(Path(folder)) as urls:
        for name, url in urls.items():
            settings = Settings(data_dir=Path(folder), database_url=url, secret_key="x" * 32)
            measure(name, create_app(settings), count)


@contextmanager
def databases(folder: Path) -> Iterator[dict[str, str]]:
    """Yield an empty database of each kind."""
    with postgres_server() as server:
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            connection.execute("CREATE DATABASE start_page")
        (folder / "start.sqlite3").touch()
        yield {
            "SQLite": f"sqlite:///{folder / 'start.sqlite3'}",
            "PostgreSQL": f"{server}/start_page",
        }


def measure(name: str, app: Flask, count: int) -> None:
    """Fill a database and print how long the figures take, for a person with orders and without."""
    with app.app_context():
        flask_migrate.upgrade(directory=str(PROJECT / "orders" / "storage" / "migrations"))
        org_id = orgs.add_org("Benchmark")
        people = [str(uuid.uuid4()) for _who in ("busy", "new")]
        fill(org_id, people[0], count)
        rules = org_rules.org_rules_of(org_id)
        for who, person in zip(("busy", "new"), people, strict=True):
            actor = Actor(kind="staff", id=person, org=rules, is_private=True)
            dashboard.load_dashboard(actor)
            times = []
            for _ in range(RUNS):
                begun = time.perf_counter()
                glance = dashboard.load_dashboard(actor)
                times.append(time.perf_counter() - begun)
            print(
                f"{name:10} {count:,} orders, {who:4} person: median "
                f"{statistics.median(times) * 1000:5.1f} ms, worst {max(times) * 1000:5.1f} ms "
                f"({sum(day.total for day in glance.days):,} in the charts, "
                f"{glance.quiet_count:,} quiet carts, {len(glance.mine)} of mine)"
            )
        database.close()


def fill(org_id: str, person: str, count: int) -> None:
    """Store orders with two lines each; every tenth was entered at the desk."""
    chance = random.Random(7)  # noqa: S311 - content only
    now = datetime.now(UTC)
    for start in range(0, count, BATCH):
        made = [
            order(org_id, person, now - timedelta(seconds=age(chance, number)), chance)
            for number in range(start, min(start + BATCH, count))
        ]
        database.write(partial(store, made=made, person=person))
    with database.db.engine.connect() as connection, connection.begin():
        connection.execute(text("ANALYZE"))


def age(chance: random.Random, number: int) -> float:
    """Return the age of an order in seconds."""
    return chance.uniform(0, (30 if number % 2 else 365) * 86_400)


def order(org_id: str, person: str, at: datetime, chance: random.Random) -> dict[str, Any]:
    """Return a row of `orders`."""
    [status] = chance.choices([*WEIGHTS], [*WEIGHTS.values()])
    return {
        "id": new_uuid(at), "short_id": uuid.UUID(int=chance.getrandbits(128)).hex[:12],
        "org_id": org_id, "origin_org_id": org_id, "name": "Benchmark", "customer_id": None,
        "platform": {}, "metadata": {"finish": "matt"}, "derivative": {}, "items": [],
        "status": str(status), "created_at": at, "updated_at": at, "created_by": person,
        "deleted_at": None, "version": 1, "search_text": "benchmark",
        "name_key": sort_key("Benchmark"), "customer_key": None, "sort_version": VERSION,
    }  # fmt: skip


def store(connection: Connection, made: list[dict[str, Any]], person: str) -> None:
    """Write orders with their lines and keys."""
    connection.execute(insert(orders_table), made)
    lines = [
        {"order_id": one["id"], "position": position, "configuration_id": str(uuid.uuid4()),
         "count": position + 1, "metadata": None}
        for one in made
        for position in range(2)
    ]  # fmt: skip
    connection.execute(insert(cart_line), lines)
    keys = [
        {"actor_id": person, "key": one["id"], "fingerprint": "", "order_id": one["id"],
         "answer": None, "created_at": one["created_at"]}
        for one in made[::10]
    ]  # fmt: skip
    connection.execute(insert(submission), keys)


if __name__ == "__main__":
    main()
