"""How long placing an order takes during an import, compared with an idle server.

Run by `python -m benchmarks.imports`. One client places orders one after the other, as a shop does;
the file has two rows an order. What counts are the ratios; nothing is asserted.
"""

import argparse
import tempfile
import time
from pathlib import Path

from flask import Flask
from sqlalchemy import select

from app import create_app
from benchmarks import load
from benchmarks.load import Result
from benchmarks.product import CONFIGURATION, SCRATCH, Product, product
from orders.domain.inputs import Limits
from orders.services.accounts import access, accounts, checks
from orders.services.accounts.access import Actor
from orders.services.imports import control, records, upload
from orders.services.imports.records import Import, ImportState
from orders.settings import Settings
from orders.storage import database
from orders.storage.models.orgs import Org

LIMITS = Limits()
PAUSE = 0.05  # seconds
PIECE = 100  # orders that the client places between two looks whether the import is done


def importer() -> Actor:
    """Create the person who imports in the org of the benchmark."""
    with database.read() as connection:
        [org_id] = connection.execute(select(Org.id)).scalars().all()
    password = checks.readable_password()
    accounts.add_staff(org_id, email="i@desk.example", role="sales", password=password)
    member = access.sign_in("i@desk.example", password)
    assert member is not None  # noqa: S101 - just made
    return member.actor


def wait_for(one: Import, state: ImportState) -> None:
    """Wait until the import has come so far."""
    while records.find(one.id, one.org_id).state != state:
        time.sleep(PAUSE)


def prepared(actor: Actor, rows: int, name: str) -> Import:
    """Upload a file and have it checked; prints how long both took."""
    lines = (f"{name}-{n // 2},{CONFIGURATION},{n % 9 + 1},matt" for n in range(rows))
    content = "\n".join(("name,sku,count,finish", *lines)).encode()
    began = time.perf_counter()
    one = upload.upload(f"{name}.csv", content, actor=actor, limits=LIMITS, key=name)
    kept = time.perf_counter()
    upload.match(one, upload.suggest(one, actor), actor=actor)
    wait_for(one, ImportState.CHECKED)
    print(
        f"{rows:,} rows read and kept in {kept - began:.2f} s, "
        f"checked in {time.perf_counter() - kept:.2f} s"
    )
    return records.find(one.id, one.org_id)


def run(one: Import, actor: Actor) -> None:
    """Start the import."""
    control.start(one, actor=actor, all_or_nothing=True, skip_same=False, again=False)


def line(name: str, result: Result) -> str:
    """Return the percentiles of the waiting times, in milliseconds."""
    p50, p95, p99, most = (result.percentile(share) * 1000 for share in (0.5, 0.95, 0.99, 1))
    return (
        f"{name:<16} {len(result.latencies):>7,} orders   p50 {p50:6.2f}   p95 {p95:6.2f}   "
        f"p99 {p99:6.2f}   most {most:7.2f} ms   {len(result.errors)} errors"
    )


def measure(server: Product, app: Flask, rows: int, creates: int) -> None:
    """Measure at rest, the import alone, and both together."""
    with app.app_context():
        actor = importer()
        requests = list(server.creates(creates, "warm"))
        load.run(server.port, requests, expected=201, connections=1)
        rest = load.run(server.port, requests, expected=201, connections=1)
        alone = prepared(actor, rows, "alone")
        began = time.perf_counter()
        run(alone, actor)
        wait_for(alone, ImportState.DONE)
        print(
            f"{rows // 2:,} orders made in {time.perf_counter() - began:.1f} s, nobody else there"
        )
        both = prepared(actor, rows, "both")
        began = time.perf_counter()
        run(both, actor)
        during = Result()
        while records.find(both.id, both.org_id).state != ImportState.DONE:
            requests = list(server.creates(PIECE, "during"))
            piece = load.run(server.port, requests, expected=201, connections=1)
            during.latencies += piece.latencies
            during.errors += piece.errors
        print(
            f"{rows // 2:,} orders made in {time.perf_counter() - began:.1f} s, with others there"
        )
        print(line("at rest", rest))
        print(line("during imports", during))
        database.close()


def main() -> None:
    """Read the arguments and measure on SQLite."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000)
    parser.add_argument("--creates", type=int, default=2_000)
    arguments = parser.parse_args()
    SCRATCH.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=SCRATCH) as name, product(Path(name), "") as server:
        url = f"sqlite:///{Path(name) / 'shortorder.sqlite3'}"
        app = create_app(Settings(data_dir=Path(name), database_url=url, secret_key="x" * 32))
        measure(server, app, arguments.rows, arguments.creates)


if __name__ == "__main__":
    main()
