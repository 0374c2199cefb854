"""Files that an import produces, and an export that is imported again."""

import csv
import io
from pathlib import Path

import pytest
from sqlalchemy import select

from orders.domain.attributes import AttributeRule, Kind, Option
from orders.services.imports import preview, records
from orders.services.imports.records import Counts
from orders.services.orders import export, intake, queries
from orders.services.orders.export import csv_pieces, write_xlsx
from orders.services.orders.order_filter import OrderFilter
from orders.services.orders.order_list import NEWEST_FIRST
from orders.storage import database, tables
from tests.actors import Org
from tests.bad_orders import CHAIR
from tests.services.imports.steps import HEADS, LIMITS, MIXED, checked, started, stored, worked
from tests.sheets import csv_of

RICH = (
    {
        "name": "=SUM(A1)", "customerId": "'+49", "status": "In Progress",
        "platform": {"id": "S-1", "storeName": "Küche, Bad", "extra": {"deep": [1, None]}},
        "metadata": {"finish": "m", "crates": 2.5, "gift": False, "n": 7, "t": "7", "none": None,
                     "nested": {"a": "b"}, "empty": ""},
        "derivative": {"x": True},
        "cart": [{"configurationId": CHAIR, "count": 2, "metadata": {"engraving": "A\nB", "n": 1}},
                 {"configurationId": CHAIR, "count": 3}],
    },
    {"status": "List", "cart": []},
    {"name": " edges\u00a0", "customerId": "\tC-1\n", "metadata": {"note": "' x ", "n": " 12 "},
     "cart": [{"configurationId": CHAIR, "count": 1}]},
    {"name": "Plain", "cart": [{"configurationId": CHAIR, "count": 1_000_000, "metadata": {}}]},
)  # fmt: skip


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_an_export_comes_back_unchanged(
    org: Org, other_org: Org, tmp_path: Path, kind: str
) -> None:
    rules = (
        AttributeRule("finish", "Finish", Kind.OPTION, (Option("m", "Matt"), Option("g", "Gloss"))),
        AttributeRule("crates", "Crates", Kind.NUMBER),
        AttributeRule("gift", "Gift", Kind.BOOLEAN),
    )
    for owner in (org, other_org):
        owner.define(*rules)
    actor = org.staff().actor
    for raw in RICH:
        draft = intake.check_order(raw, actor=actor, limits=LIMITS)
        intake.create_order(draft, actor=actor)
    columns = export.find_columns(org.id, OrderFilter(), NEWEST_FIRST, rules)
    rows = export.rows(org.id, OrderFilter(), NEWEST_FIRST, columns)
    file = tmp_path / "orders.xlsx"
    if kind == "csv":
        file.write_text("".join(csv_pieces(columns.names, rows)), encoding="utf-8", newline="")
    else:
        write_xlsx(file, columns.names, rows)
    again = checked(org, file.read_bytes(), "the same org")
    assert records.counts(again) == Counts(good=4, same=4)
    one = checked(other_org, file.read_bytes())
    assert [str(fault) for order in records.read_orders(one) for fault in order.faults] == []
    worked(started(one, other_org, all_or_nothing=True), other_org)
    assert contents(other_org) == contents(org)
    assert len(contents(org)) == 4


def contents(org: Org) -> list[tuple[object, ...]]:
    """Return what people entered in each of the org's orders."""
    statement = select(tables.orders.c.id).where(tables.orders.c.org_id == org.id)
    with database.read() as connection:
        ids = connection.execute(statement).scalars().all()
    found = [queries.find_order(one, org.id) for one in ids]
    return sorted(
        ((one.name, one.customer_id, one.status, one.platform, one.metadata, one.derivative,
          one.cart) for one in found),
        key=repr,
    )  # fmt: skip


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


def test_the_bad_rows_can_be_downloaded_and_fixed(org: Org) -> None:
    text = csv_of(
        HEADS, ("A", "Good", CHAIR, 2), ("B", "=1+1", CHAIR, "many"), ("B", "=1+1", CHAIR, 1)
    )
    one = checked(org, text)
    heads, *rows = rows_of(preview.errors_csv(one))
    assert heads == [*HEADS, "error"]
    assert rows == [
        ["B", "'=1+1", CHAIR, "many", "count: A whole number from 1 to 1,000,000."],
        ["B", "'=1+1", CHAIR, "1", "Another row of this order has an error: row 3."],
    ]
    fixed = checked(org, preview.errors_csv(one).replace("many", "7"), "fixed")
    worked(started(fixed, org), org)
    assert stored(org) == [("=1+1", [7, 1])]


def test_the_result_as_a_file(org: Org) -> None:
    done = worked(started(checked(org, MIXED), org), org)
    heads, good, bad, fine = rows_of(preview.result_csv(done))
    assert heads == [*HEADS, "shortId", "orderId", "error"]
    orders = records.read_orders(done)
    assert good == ["A", "Good", CHAIR, "2", orders[0].short_id, orders[0].order_id, ""]
    assert bad[4:] == ["", "", "count: A whole number from 1 to 1,000,000."]
    assert fine[4] == orders[2].short_id
