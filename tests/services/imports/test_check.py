"""What is read from a file of orders, and its errors in the words of the file."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, update

from orders.domain.attributes import AttributeRule, Kind, Option
from orders.domain.errors import Conflict
from orders.services.customers import customers
from orders.services.imports import control, records, upload, work
from orders.services.imports.records import Counts, ImportState, OrderState
from orders.services.orders import intake, queries
from orders.storage import database, tables
from tests.actors import Org
from tests.bad_orders import CHAIR
from tests.services.imports.steps import (
    GOOD,
    HEADS,
    LIMITS,
    checked,
    started,
    stored,
    uploaded,
    worked,
)
from tests.sheets import csv_of, xlsx_of, xlsx_with


def test_a_spreadsheet_is_the_same_as_csv(org: Org) -> None:
    rows = [line.split(",") for line in GOOD.split()]
    cells = [tuple(rows[0]), *((a, b, c, float(d)) for a, b, c, d in rows[1:])]
    one = checked(org, xlsx_of(*cells))
    assert one.content_hash == checked(org, GOOD, "other").content_hash
    worked(started(one, org), org)
    assert stored(org) == [("Canteen", [1]), ("Reception", [2, 3]), ("Roof", [4])]


def test_every_field_of_an_order_is_imported(org: Org) -> None:
    org.define(
        AttributeRule("finish", "Surface", Kind.OPTION, (Option("matt", "Matt finish"),)),
        AttributeRule("crates", "Crates", Kind.NUMBER),
        AttributeRule("gift", "Gift", Kind.BOOLEAN),
    )
    card = org.save("Chair", "OSL-1")
    text = (
        "Bestellnummer;Kunde;Status;Kanal;Shop;Artikel;Menge;Surface;Crates;gift;metadata.po;"
        "derivative.x\n"
        "1001;C-1;in progress;Shopify;Main;osl-1;2,0;Matt finish;2.5;ja;4711;y\n"
        f"1002;;;;;{card.short_id};3;;;;;\n"
    )
    worked(started(checked(org, text), org), org)
    with database.read() as connection:
        codes = connection.execute(
            select(tables.orders.c.short_id).order_by(tables.orders.c.customer_id.is_(None))
        ).scalars()
        first, second = (queries.find_order(code, org.id) for code in codes.all())
    assert first.platform == {"id": "1001", "platform": "Shopify", "storeName": "Main"}
    assert (first.customer_id, first.status, first.name) == ("C-1", "In Progress", None)
    assert first.metadata == {"finish": "matt", "crates": 2.5, "gift": True, "po": 4711}
    assert first.derivative == {"x": "y"}
    assert [(line.configuration_id, line.count) for line in first.cart] == [(card.id, 2)]
    assert [(line.configuration_id, line.count) for line in second.cart] == [(card.id, 3)]


def test_errors_name_row_and_column_in_the_files_own_words(org: Org) -> None:
    org.define(
        AttributeRule("finish", "Finish", Kind.OPTION, (Option("matt", "Matt"),), required=True)
    )
    text = csv_of(
        ("Auftrag", "Titel", "Artikel", "Stück", "Finish"),
        ("A", "x" * 256, "NOPE-9999", 0, "shiny"),
        ("A", "y", "", 1, ""),
        ("", "z", CHAIR, "1.000", ""),
    )
    one = checked(org, text)
    reported = [str(fault) for order in records.read_orders(one) for fault in order.faults]
    assert reported == [
        "Row 3, Titel: The first row of this order, row 2, contains “" + "x" * 80 + "” here.",
        "Row 2, Titel: At most 255 characters; this has 256.",
        "Row 2, Finish: “shiny” is not one of: matt.",
        "Row 2, Artikel: No product matches this ID, short ID, or SKU, or more than one does.",
        "Row 2, Stück: A whole number from 1 to 1,000,000.",
        "Row 3, Artikel: This is required.",
        "Row 4, Auftrag: This cell is empty, so the row cannot be matched to an order.",
        "Row 4, Finish: This is required.",
        "Row 4, Stück: A whole number from 1 to 1,000,000.",
    ]


def test_a_stop_in_the_middle_of_checking_loses_nothing(org: Org) -> None:
    rows = [(n, f"{n:03}", CHAIR, 1) for n in range(450)]
    one = uploaded(org, csv_of(HEADS, *rows))
    upload.match(one, upload.suggest(one, org.staff().actor), actor=org.staff().actor)
    asked = iter((False, False, True))
    assert work.work_next(LIMITS, lambda: next(asked))
    assert records.counts(one).known == 400
    assert worked(one, org).state == ImportState.CHECKED
    assert records.counts(one) == Counts(good=450)


def test_orders_that_exist_already_are_reported_and_can_be_skipped(org: Org) -> None:
    first = csv_of(("Order number", "SKU", "Count"), ("S-1", CHAIR, 1), ("S-2", CHAIR, 1))
    more = csv_of(("Order number", "SKU", "Count"), ("S-2", CHAIR, 1), ("S-3", CHAIR, 1))
    worked(started(checked(org, first), org), org)
    one = checked(org, more, "more")
    assert records.counts(one) == Counts(good=2, same=1)
    [same, _] = records.read_orders(one)
    made = queries.find_order(str(same.same_as), org.id)
    assert made.platform == {"id": "S-2"}
    done = worked(started(one, org, skip_same=True), org)
    assert records.counts(done) == Counts(made=1, skipped=1)
    assert len(stored(org)) == 3


def test_an_unexpected_error_ends_the_import_and_is_reported(
    org: Org, caplog: pytest.LogCaptureFixture
) -> None:
    one = uploaded(org, GOOD)
    broken = update(tables.order_import).values(
        matching={"targets": ["", "name", "sku", "count"], "group": 99},
        state=ImportState.CHECKING, waiting_since=datetime.now(UTC),
    )  # fmt: skip
    database.write(lambda c: c.execute(broken).rowcount)
    failed = worked(one, org)
    assert (failed.state, failed.message) == (ImportState.FAILED, work.UNCHECKED)
    assert "An import has failed." in caplog.text
    with pytest.raises(Conflict, match="never started"):
        control.carry_on(failed)


def test_empty_cells_of_order_numbers_mean_as_above_when_chosen(org: Org) -> None:
    text = csv_of(
        ("order", "name", "sku", "count"),
        ("A", "Reception", CHAIR, 2), ("", "", CHAIR, 3), ("B", "Roof", CHAIR, 4),
    )  # fmt: skip
    one = uploaded(org, text)
    actor = org.staff().actor
    upload.match(one, upload.suggest(one, actor), actor=actor)
    assert records.counts(worked(one, org)) == Counts(good=2, bad=1)
    upload.match(one, replace(upload.suggest(one, actor), fills=True), actor=actor)
    worked(started(worked(one, org), org), org)
    assert stored(org) == [("Reception", [2, 3]), ("Roof", [4])]


def test_a_bad_row_is_one_bad_order_and_the_others_are_good(org: Org) -> None:
    text = f'order,sku,count\n1,{CHAIR},2\n2,"{CHAIR}"x,3\n3,{CHAIR},4,5\n4,{CHAIR},6\n'
    one = checked(org, text)
    assert records.counts(one) == Counts(good=2, bad=2)
    reported = [str(fault) for order in records.read_orders(one) for fault in order.faults]
    assert "Row 3, sku: The quotation marks in this row do not match." in reported
    assert any(fault.startswith("Row 4: This row has more cells") for fault in reported)


def test_an_error_of_a_spreadsheet_is_an_error_at_its_cell_where_the_column_is_imported(
    org: Org,
) -> None:
    cells = '<c r="A1" t="str"><v>customerId</v></c><c r="B1" t="str"><v>sku</v></c>'
    broken = '<c r="A2" t="e"><v>#N/A</v></c>'
    content = xlsx_with(
        f'<row r="1">{cells}</row><row r="2">{broken}<c r="B2" t="str"><v>{CHAIR}</v></c></row>'
    )
    [order] = records.read_orders(checked(org, content))
    assert [str(fault) for fault in order.faults] == [
        "Row 2, customerId: This cell has a spreadsheet error: #N/A"
    ]


def test_orders_that_leave_out_what_is_usual_for_their_customer_are_noted(org: Org) -> None:
    countries = (Option("AT", "Austria"), Option("DE", "Germany"))
    org.define(
        AttributeRule("country", "Country", Kind.OPTION, countries, default="DE"),
        AttributeRule("delivery", "Delivery", Kind.OPTION, (Option("room", "Into the room"),)),
        AttributeRule("note", "Note", Kind.TEXT),
    )
    austria = {"country": "AT", "delivery": "room", "note": "Ring"}
    for customer, metadata in (("C-1", austria), ("C-2", {"country": "DE"}), ("C-3", austria)):
        for _ in range(2):
            cart = [{"configurationId": CHAIR, "count": 1}]
            raw = {"customerId": customer, "metadata": metadata, "cart": cart}
            draft = intake.check_order(raw, actor=org.actor(), limits=LIMITS)
            intake.create_order(draft, actor=org.actor())
    record = {"customerId": "C-3", "defaults": {"country": "DE"}}
    customers.create(record, actor=org.actor(), limits=LIMITS)

    def noted(content: str, key: str) -> list[str]:
        orders = records.read_noted(checked(org, content, key), OrderState.GOOD, most=9)
        return [str(fault) for order in orders for fault in order.faults]

    ids = {"A": "C-1", "B": "C-2", "C": "C-3", "D": "C-9"}
    rows = [(label, customer, CHAIR, 1) for label, customer in ids.items()]
    delivery = "Delivery is not in the file. This customer usually has Into the room."
    usual = "This customer usually has Austria."
    country = f"Country is not in the file, so it will be Germany. {usual}"
    assert noted(csv_of(("order", "customerId", "configurationId", "count"), *rows), "a") == [
        f"Row 2: {country}", f"Row 2: {delivery}", f"Row 4: {delivery}",
    ]  # fmt: skip
    # What the file says is not doubted.
    said = [(*row, "DE" if row[0] != "C" else "", "room") for row in rows]
    heads = ("order", "customerId", "configurationId", "count", "country", "delivery")
    assert noted(csv_of(heads, *said), "b") == []
