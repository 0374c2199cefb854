"""How long the desk's list takes with many orders: searches, filters, sorts, and far pages.

Run by `python -m benchmarks.order_list`. What counts are the ratios to the plain first page, which
is measured in turn with everything else. The medians are the processor's time of the service alone,
without the page: the database runs in the same thread, and other programs do not count.
"""

import argparse
import resource
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flask_migrate

from app import create_app
from benchmarks.desk_data import Maker, fill
from benchmarks.product import SCRATCH
from orders.domain.attributes import AttributeRule, Kind
from orders.domain.order_dates import DateRange
from orders.domain.status import Status
from orders.services.accounts import attributes, orgs
from orders.services.accounts.access import Actor
from orders.services.accounts.org_rules import OrgRules
from orders.services.orders import export
from orders.services.orders.export import csv_pieces
from orders.services.orders.order_filter import AttributeIs, OrderFilter
from orders.services.orders.order_list import NEWEST_FIRST, OrderSummary, Sort, list_page
from orders.settings import PROJECT, Settings
from orders.storage import database
from orders.storage.cursors import CursorPage

DELIVERY = AttributeRule("deliveryDate", "Delivery day", Kind.DATE, is_due=True)
BY_DATE = Sort(DELIVERY.path, is_descending=False)
NOWHERE = "loulou"  # no code either: their letters are others

Measured = Callable[[], CursorPage[OrderSummary]]


def cases(org_id: str, far: str) -> dict[str, Measured]:
    """Return what is measured: pages of the list by name."""

    def page(sort: Sort = NEWEST_FIRST, older: str = "", **wanted: Any) -> Measured:  # noqa: ANN401 - fields of OrderFilter
        return lambda: list_page(org_id, OrderFilter(**wanted), sort, older_than=older)

    return {
        "first page": page(),
        "page far behind": page(older=far),
        "word of every order": page(search="shopify"),
        "word of some orders": page(search="karenvu"),
        "number of one order": page(search="745123"),
        "word of none": page(search=NOWHERE),
        "three words, the last of none": page(search=f"shopify north {NOWHERE}"),
        "product of most orders": page(search="chair"),
        "product of few orders": page(search="rarity"),
        "SKU": page(search="SKU-00077"),
        "product and a word of none": page(search=f"chair {NOWHERE}"),
        "two products": page(search="chair lamp"),
        "two products, a customer": page(search="chair lamp C-77"),
        "status of none": page(statuses=(Status.LIST,)),
        "attribute": page(attributes=(AttributeIs(("metadata",), "finish", "oil"),)),
        "attribute of none": page(attributes=(AttributeIs(("metadata",), "finish", "no"),)),
        "store of none": page(platform={"storeName": "South"}),
        "bin, empty": page(in_bin=True),
        "by name": page(Sort("name", is_descending=False)),
        "by customer": page(Sort("customerId", is_descending=False)),
        "by last change": page(Sort("updatedAt")),
        "by status": page(Sort("status", is_descending=False)),
        "by date": page(BY_DATE),
        "by date, latest first": page(Sort(BY_DATE.field)),
        "by date, status of none": page(BY_DATE, statuses=(Status.LIST,)),
        "by date, word of none": page(BY_DATE, search=NOWHERE),
        "overdue": page(dates=(DateRange(DELIVERY.key, last="2026-01-15", is_open=True),)),
        "a day of none, by date": page(BY_DATE, dates=(DateRange(DELIVERY.key, "2030-01-01"),)),
        "overdue, by date": page(
            BY_DATE, dates=(DateRange(DELIVERY.key, last="2026-01-15", is_open=True),)
        ),
        "a week": page(dates=(DateRange(DELIVERY.key, "2026-02-02", "2026-02-08"),)),
        "a day of none": page(dates=(DateRange(DELIVERY.key, "2030-01-01", "2030-01-01"),)),
        "by name, word of none": page(Sort("name", is_descending=False), search=NOWHERE),
    }


def measure(org_id: str, rounds: int) -> None:
    """Measure all cases in turn and print their medians beside the plain first page."""
    plain = list_page(org_id, OrderFilter(), NEWEST_FIRST)
    for _ in range(40):
        plain = list_page(org_id, OrderFilter(), NEWEST_FIRST, older_than=plain.older or "")
    measured = cases(org_id, plain.older or "")
    taken: dict[str, list[float]] = {name: [] for name in measured}
    found: dict[str, CursorPage[OrderSummary]] = {}
    for _ in range(rounds):
        for name, run in measured.items():
            started = time.thread_time()
            found[name] = run()
            taken[name].append(time.thread_time() - started)
    first = statistics.median(taken["first page"])
    print(f"{'':32}{'median ms':>10}{'x first page':>14}{'found':>8}")
    for name, times in taken.items():
        middle = statistics.median(times)
        page = found[name]
        count = "" if page.count is None else f"{page.count}{'+' if page.has_more else ''}"
        print(f"{name:32}{middle * 1000:10.1f}{middle / first:14.1f}{count:>8}")


def measure_export(org_id: str) -> None:
    """Export all orders as CSV and print what it takes, and how the memory grows meanwhile."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for sort in (NEWEST_FIRST, Sort("name", is_descending=False)):
        started = time.thread_time()
        columns = export.find_columns(org_id, OrderFilter(), sort, ())
        rows = export.rows(org_id, OrderFilter(), sort, columns)
        size = sum(len(piece) for piece in csv_pieces(columns.names, rows))
        taken = time.thread_time() - started
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        print(
            f"CSV {sort!s:12} {size / 1e6:6.0f} MB in {taken:5.1f} s, {grown:5.0f} MB more memory"
        )


def main() -> None:
    """Read the options, make the data, measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.order_list", description=__doc__)
    parser.add_argument("--orders", type=int, default=100_000)
    parser.add_argument("--configurations", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    SCRATCH.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=SCRATCH) as name:
        folder = Path(name)
        url = f"sqlite:///{folder / 'orders.sqlite3'}"
        (folder / "orders.sqlite3").touch()
        settings = Settings(data_dir=folder, database_url=url, secret_key="x" * 32, demo=False)
        app = create_app(settings)
        with app.app_context():
            flask_migrate.upgrade(directory=str(PROJECT / "orders" / "storage" / "migrations"))
            org_id = orgs.add_org("Many orders")
            rules = OrgRules(org_id, is_strict=False, attributes=())
            actor = Actor("staff", str(uuid.uuid4()), rules, is_private=True)
            fill(Maker(org_id, actor), given.orders, given.configurations)
            started = time.process_time()
            attributes.add_attribute(org_id, DELIVERY)
            print(f"the days of all orders in {time.process_time() - started:.1f} s")
            measure(org_id, given.rounds)
            measure_export(org_id)
            database.close()
        app.extensions["request_recorder"].close()


if __name__ == "__main__":
    main()
