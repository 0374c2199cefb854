"""An import from the file to its orders, on both databases: what is made, and never twice."""

import csv
import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from orders import intake, queries
from orders.imports import claim, control, forgetting, progress, records, results, upload, work
from orders.imports.claim import ClaimLost
from orders.imports.plan import Plan
from orders.imports.progress import Counts
from orders.imports.records import Import, OrderState, State
from orders.lists import order_export
from orders.lists.export_files import csv_pieces, write_xlsx
from orders.lists.order_list import Wanted
from orders.lists.order_place import NEWEST_FIRST
from orders.messaging import webhooks
from orders.repeats import Once
from orders.rules.attributes import AttributeRule, Kind, Option
from orders.rules.column_matching import Matching
from orders.rules.errors import Conflict, InvalidOrder, NotFound
from orders.rules.limits import Limits
from orders.rules.paging import Paging
from orders.rules.sheet_reading import UnreadableSheet
from orders.storage import database, tables
from orders.storage.models import StaffAccount
from tests.actors import Org
from tests.bad_orders import CHAIR
from tests.sheets import csv_of, xlsx_of

LIMITS = Limits()
HEADS = ("order", "name", "configurationId", "count")
GOOD = csv_of(
    HEADS,
    ("A", "Reception", CHAIR, 2),
    ("A", "Reception", CHAIR, 3),
    ("B", "Canteen", CHAIR, 1),
    ("C", "Roof", CHAIR, 4),
)
MIXED = csv_of(HEADS, ("A", "Good", CHAIR, 2), ("B", "Bad", CHAIR, "many"), ("C", "Fine", CHAIR, 1))


@pytest.fixture(autouse=True)
def inside(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


def uploaded(org: Org, content: str | bytes, key: str = "key") -> Import:
    sent = content.encode() if isinstance(content, str) else content
    return upload.upload("orders.csv", sent, actor=org.staff().actor, limits=LIMITS, key=key)


def worked(one: Import, org: Org) -> Import:
    """Let the background do all that it can."""
    while work.work_next(LIMITS):
        pass
    return records.find(one.id, org.id)


def checked(org: Org, content: str | bytes, key: str = "key") -> Import:
    one = uploaded(org, content, key)
    actor = org.staff().actor
    upload.match(one, upload.suggest(one, actor), actor=actor)
    return worked(one, org)


def started(one: Import, org: Org, **choices: bool) -> Import:
    control.start(
        one,
        actor=org.staff().actor,
        all_or_nothing=choices.get("all_or_nothing", False),
        skip_same=choices.get("skip_same", False),
        again=choices.get("again", False),
    )
    return records.find(one.id, org.id)


def stored(org: Org) -> list[tuple[str | None, list[int]]]:
    """Give name and counts of every stored order of the org, in the order of creation."""
    with database.read() as connection:
        ids = connection.execute(
            select(tables.orders.c.id)
            .where(tables.orders.c.org_id == org.id)
            .order_by(tables.orders.c.name)
        ).scalars()
        found = [queries.find_order(one, org.id) for one in ids.all()]
    return [(order.name, [line.count for line in order.cart]) for order in found]


def test_it_works(org: Org) -> None:
    one = checked(org, GOOD)
    assert one.state == State.CHECKED
    assert one.order_count == 3
    assert progress.counts(one) == Counts(good=3)
    assert stored(org) == []
    done = worked(started(one, org), org)
    assert done.state == State.DONE
    assert progress.counts(done) == Counts(made=3)
    assert stored(org) == [("Canteen", [1]), ("Reception", [2, 3]), ("Roof", [4])]
    [first, *_] = records.read_orders(done)
    made = queries.find_order(first.short_id or "", org.id)
    assert (made.id, made.name, made.created_by) == (first.order_id, "Reception", org.staff().id)
    assert [entry.action for entry in queries.read_history(made)] == ["imported"]


def test_a_spreadsheet_is_the_same_as_csv(org: Org) -> None:
    rows = [line.split(",") for line in GOOD.split()]
    cells = [tuple(rows[0]), *((a, b, c, float(d)) for a, b, c, d in rows[1:])]
    one = checked(org, xlsx_of(*cells))
    assert one.content_hash == checked(org, GOOD, "other").content_hash
    worked(started(one, org), org)
    assert stored(org) == [("Canteen", [1]), ("Reception", [2, 3]), ("Roof", [4])]


def test_everything_of_an_order_comes_along(org: Org) -> None:
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
    told = [str(fault) for order in records.read_orders(one) for fault in order.faults]
    assert told == [
        "Row 3, Titel: The first row of this order, row 2, says “" + "x" * 80 + "” here.",
        "Row 2, Titel: At most 255 characters; this has 256.",
        "Row 2, Finish: “shiny” is not one of: matt.",
        "Row 2, Artikel: Not the ID, short ID or SKU of exactly one saved configuration.",
        "Row 2, Stück: A whole number from 1 to 1,000,000.",
        "Row 3, Artikel: This is required.",
        "Row 4, Auftrag: This is empty, so nobody knows which order the row belongs to.",
        "Row 4, Finish: This is required.",
        "Row 4, Stück: A whole number from 1 to 1,000,000.",
    ]


def test_skipping_bad_rows_makes_the_good_orders(org: Org) -> None:
    one = checked(org, MIXED)
    assert progress.counts(one) == Counts(good=2, bad=1)
    done = worked(started(one, org), org)
    assert (done.state, progress.counts(done)) == (State.DONE, Counts(made=2, bad=1))
    assert [name for name, _ in stored(org)] == ["Fine", "Good"]


def test_all_or_nothing_does_not_start_with_a_bad_row(org: Org) -> None:
    one = checked(org, MIXED)
    with pytest.raises(InvalidOrder) as refused:
        started(one, org, all_or_nothing=True)
    assert refused.value.errors[0].path == "mode"
    assert worked(one, org).state == State.CHECKED
    assert stored(org) == []


def test_all_or_nothing_makes_none_when_one_has_become_bad_meanwhile(org: Org) -> None:
    card = org.save("Chair", "CHAIR-1")
    one = checked(org, csv_of(HEADS, ("A", "a", CHAIR, 1), ("B", "b", card.short_id, 1)))
    at = datetime.now(UTC)
    bin_it = update(tables.configuration).where(tables.configuration.c.id == card.id)
    database.write(lambda c: c.execute(bin_it.values(deleted_at=at)).rowcount)
    failed = worked(started(one, org, all_or_nothing=True), org)
    assert failed.state == State.FAILED
    assert "One order has errors" in (failed.message or "")
    assert progress.counts(failed) == Counts(good=1, bad=1)
    assert stored(org) == []
    database.write(lambda c: c.execute(bin_it.values(deleted_at=None)).rowcount)
    control.carry_on(failed)
    assert worked(failed, org).state == State.DONE
    assert len(stored(org)) == 2


def made_and_not_noted(one: Import, org: Org, *positions: int) -> None:
    """Make orders as a process did that died before it could note them."""
    actor = org.staff().actor
    plan = Plan(one, actor, LIMITS)
    for position in positions:
        draft = plan.draft(plan.order(position))
        once = Once(work.key_of(one.id, position), plan.fingerprint(position))
        intake.create_order(draft, actor=actor, once=once)


def test_what_a_dead_process_has_made_is_not_made_again(org: Org) -> None:
    one = started(checked(org, GOOD), org)
    dead = claim.claim_next()
    assert dead is not None
    made_and_not_noted(one, org, 0, 1)
    assert not work.work_next(LIMITS), "the claim of the dead still lasts"
    rest = claim.claims_last()
    assert rest is not None
    assert rest <= claim.LEASE
    assert len(stored(org)) == 2
    later = datetime.now(UTC) + claim.LEASE
    assert work.work_next(LIMITS, now=lambda: later)
    assert progress.counts(one) == Counts(made=3)
    assert stored(org) == [("Canteen", [1]), ("Reception", [2, 3]), ("Roof", [4])]


def test_a_process_that_was_only_slow_writes_no_order_twice(org: Org) -> None:
    one = started(checked(org, GOOD), org)
    slow = claim.claim_next()
    assert slow is not None
    later = datetime.now(UTC) + claim.LEASE
    assert work.work_next(LIMITS, now=lambda: later)
    with pytest.raises(ClaimLost):
        slow.keep()
    made_and_not_noted(one, org, 0, 1, 2)
    assert len(stored(org)) == 3


def test_many_that_work_at_once_make_each_order_once(app: Flask, org: Org) -> None:
    """As the processes on several machines do, whose claims are all over at once."""
    one = started(checked(org, csv_of(HEADS, *((n, f"{n:02}", CHAIR, 1) for n in range(40)))), org)
    ahead = iter(range(100))

    def hurry(_: int) -> None:
        with app.app_context():
            # Each of them comes so late that the claim of the one before is over.
            while work.work_next(
                LIMITS, now=lambda: datetime.now(UTC) + 10 * next(ahead) * claim.LEASE
            ):
                pass

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(hurry, range(4)))
    assert worked(one, org).state == State.DONE
    assert [name for name, _ in stored(org)] == [f"{n:02}" for n in range(40)]


def test_a_stop_lets_the_next_process_go_on_at_once(org: Org) -> None:
    one = started(checked(org, csv_of(HEADS, *((n, f"{n:02}", CHAIR, 1) for n in range(25)))), org)
    asked = iter((False, True))
    assert work.work_next(LIMITS, lambda: next(asked))
    assert progress.counts(one) == Counts(made=10, good=15)
    assert worked(one, org).state == State.DONE
    assert len(stored(org)) == 25


def test_a_stop_in_the_middle_of_checking_loses_nothing(org: Org) -> None:
    rows = [(n, f"{n:03}", CHAIR, 1) for n in range(450)]
    one = uploaded(org, csv_of(HEADS, *rows))
    upload.match(one, upload.suggest(one, org.staff().actor), actor=org.staff().actor)
    asked = iter((False, False, True))
    assert work.work_next(LIMITS, lambda: next(asked))
    assert progress.counts(one).known == 400
    assert worked(one, org).state == State.CHECKED
    assert progress.counts(one) == Counts(good=450)


def test_cancelling_stops_after_the_piece_at_hand_and_lists_what_was_made(org: Org) -> None:
    one = started(checked(org, csv_of(HEADS, *((n, f"{n:02}", CHAIR, 1) for n in range(25)))), org)

    def cancels() -> bool:
        control.cancel(one)
        return False

    assert work.work_next(LIMITS, cancels)
    assert records.find(one.id, org.id).state == State.CANCELLING
    cancelled = worked(one, org)
    assert cancelled.state == State.CANCELLED
    assert progress.counts(one) == Counts(made=10, good=15)
    assert len(stored(org)) == 10
    control.carry_on(cancelled)
    assert worked(one, org).state == State.DONE
    assert len(stored(org)) == 25


def test_cancelling_before_the_start_makes_nothing(org: Org) -> None:
    one = checked(org, GOOD)
    control.cancel(one)
    assert worked(one, org).state == State.CANCELLED
    started(one, org)
    with pytest.raises(Conflict):
        started(records.find(one.id, org.id), org)
    with pytest.raises(Conflict):
        control.carry_on(records.find(one.id, org.id))
    assert stored(org) == []


def test_a_second_click_on_start_changes_nothing(org: Org) -> None:
    one = checked(org, MIXED)
    started(one, org)
    started(one, org)
    started(records.find(one.id, org.id), org, all_or_nothing=True)
    assert not records.find(one.id, org.id).is_all_or_nothing
    worked(one, org)
    started(records.find(one.id, org.id), org)
    assert worked(one, org).state == State.DONE
    assert len(stored(org)) == 2


def test_the_same_content_again_needs_a_word(org: Org) -> None:
    worked(started(checked(org, GOOD), org), org)
    second = checked(org, GOOD.replace(",", ";"), "another form")
    assert [one.state for one in records.earlier_runs(second)] == [State.DONE]
    with pytest.raises(InvalidOrder) as refused:
        started(second, org)
    assert refused.value.errors[0].path == "again"
    assert len(stored(org)) == 3
    worked(started(second, org, again=True), org)
    assert len(stored(org)) == 6


def test_the_same_form_twice_is_one_import(org: Org) -> None:
    assert uploaded(org, GOOD).id == uploaded(org, GOOD).id
    assert uploaded(org, MIXED).id != uploaded(org, GOOD).id


def test_orders_that_are_there_already_are_told_and_can_be_skipped(org: Org) -> None:
    first = csv_of(("Order number", "SKU", "Count"), ("S-1", CHAIR, 1), ("S-2", CHAIR, 1))
    more = csv_of(("Order number", "SKU", "Count"), ("S-2", CHAIR, 1), ("S-3", CHAIR, 1))
    worked(started(checked(org, first), org), org)
    one = checked(org, more, "more")
    assert progress.counts(one) == Counts(good=2, same=1)
    [same, _] = records.read_orders(one)
    made = queries.find_order(str(same.same_as), org.id)
    assert made.platform == {"id": "S-2"}
    done = worked(started(one, org, skip_same=True), org)
    assert progress.counts(done) == Counts(made=1, skipped=1)
    assert len(stored(org)) == 3


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
    columns = order_export.find_columns(org.id, Wanted(), NEWEST_FIRST, rules)
    rows = order_export.rows(org.id, Wanted(), NEWEST_FIRST, columns)
    file = tmp_path / "orders.xlsx"
    if kind == "csv":
        file.write_text("".join(csv_pieces(columns.names, rows)), encoding="utf-8", newline="")
    else:
        write_xlsx(file, columns.names, rows)
    again = checked(org, file.read_bytes(), "the same org")
    assert progress.counts(again) == Counts(good=3, same=3)
    one = checked(other_org, file.read_bytes())
    assert [str(fault) for order in records.read_orders(one) for fault in order.faults] == []
    worked(started(one, other_org, all_or_nothing=True), other_org)
    assert contents(other_org) == contents(org)
    assert len(contents(org)) == 3


def contents(org: Org) -> list[tuple[object, ...]]:
    """Give what people have put into each of the org's orders."""
    statement = select(tables.orders.c.id).where(tables.orders.c.org_id == org.id)
    with database.read() as connection:
        ids = connection.execute(statement).scalars().all()
    found = [queries.find_order(one, org.id) for one in ids]
    return sorted(
        ((one.name, one.customer_id, one.status, one.platform, one.metadata, one.derivative,
          one.cart) for one in found),
        key=repr,
    )  # fmt: skip


def test_the_choice_of_columns_is_remembered_by_the_heads(org: Org, other_org: Org) -> None:
    text = csv_of(("Ref", "Thing", "How many"), ("A", CHAIR, 2))
    actor = org.staff().actor
    one = uploaded(org, text)
    assert upload.suggest(one, actor).targets == ("", "", "")
    chosen = Matching(("name", "configurationId", "count"), 0)
    upload.match(one, chosen, actor=actor)
    other = uploaded(org, text.replace("A,", "B,"), "other")
    assert upload.suggest(other, actor) == chosen
    stranger = other_org.staff().actor
    assert upload.suggest(uploaded(other_org, text), stranger).targets == ("", "", "")


def test_a_choice_that_makes_no_sense_is_refused(org: Org) -> None:
    one = uploaded(org, GOOD)
    actor = org.staff().actor
    for matching, paths in (
        (Matching(("", "name", "", "count"), None), [""]),
        (Matching(("name", "name", "sku", "nonsense"), 9), ["column.1", "column.3", "group"]),
        (Matching(("metadata.not-of-this-file", "", "sku", ""), 0), ["column.0"]),
    ):
        with pytest.raises(InvalidOrder) as refused:
            upload.match(one, matching, actor=actor)
        assert [error.path for error in refused.value.errors] == paths
    assert records.find(one.id, org.id).state == State.MATCHING


def test_columns_can_be_chosen_anew_until_the_start(org: Org) -> None:
    one = checked(org, GOOD)
    actor = org.staff().actor
    upload.match(one, Matching(("", "name", "sku", "count"), None), actor=actor)
    again = worked(one, org)
    assert (again.order_count, progress.counts(again)) == (4, Counts(good=4))
    worked(started(again, org), org)
    with pytest.raises(Conflict):
        upload.match(again, Matching(("", "name", "sku", "count"), 1), actor=actor)
    assert len(stored(org)) == 4


def test_another_choice_while_the_background_checks_begins_anew(org: Org) -> None:
    one = uploaded(org, csv_of(HEADS, *((n, "x", CHAIR, 1) for n in range(450))))
    actor = org.staff().actor
    upload.match(one, upload.suggest(one, actor), actor=actor)
    asked = iter((False, True, False, False, False, False, False))

    def chooses_anew() -> bool:
        if next(asked):
            upload.match(one, Matching(("", "", "sku", "count"), 1), actor=actor)
        return False

    assert work.work_next(LIMITS, chooses_anew)
    again = worked(one, org)
    assert (again.order_count, progress.counts(again)) == (1, Counts(good=1))


def test_what_breaks_in_the_middle_ends_the_import_and_says_so(
    org: Org, caplog: pytest.LogCaptureFixture
) -> None:
    one = uploaded(org, GOOD)
    broken = update(tables.order_import).values(
        matching={"targets": ["", "name", "sku", "count"], "group": 99},
        state=State.CHECKING, waiting_since=datetime.now(UTC),
    )  # fmt: skip
    database.write(lambda c: c.execute(broken).rowcount)
    failed = worked(one, org)
    assert (failed.state, failed.message) == (State.FAILED, work.UNCHECKED)
    assert "An import has failed." in caplog.text
    with pytest.raises(Conflict, match="never started"):
        control.carry_on(failed)


def test_an_account_that_was_disabled_meanwhile_has_still_begun_it(org: Org) -> None:
    one = started(checked(org, GOOD), org)
    gone = update(StaffAccount).where(StaffAccount.id == org.staff().id)
    database.write(lambda c: c.execute(gone.values(disabled_at=datetime.now(UTC))).rowcount)
    assert worked(one, org).state == State.DONE
    assert len(stored(org)) == 3


def test_webhooks_are_told_of_imported_orders(org: Org) -> None:
    webhooks.create(
        {"topic": "order.created", "address": "https://shop.example/hook"},
        actor=org.actor(), limits=LIMITS, allow_private=False,
    )  # fmt: skip
    worked(started(checked(org, GOOD), org), org)
    with database.read() as connection:
        told = connection.execute(select(tables.webhook_delivery.c.order_id)).all()
    assert len(told) == 3


def test_other_orgs_do_not_see_it(org: Org, other_org: Org) -> None:
    one = checked(org, GOOD)
    with pytest.raises(NotFound):
        records.find(one.id, other_org.id)
    assert records.list_imports(other_org.id, Paging()).count == 0
    theirs = checked(other_org, GOOD)
    worked(started(theirs, other_org), other_org)
    assert records.earlier_runs(one) == []
    assert stored(org) == []


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


def test_the_bad_rows_as_a_file_to_mend(org: Org) -> None:
    text = csv_of(
        HEADS, ("A", "Good", CHAIR, 2), ("B", "=1+1", CHAIR, "many"), ("B", "=1+1", CHAIR, 1)
    )
    one = checked(org, text)
    heads, *rows = rows_of(results.errors_csv(one))
    assert heads == [*HEADS, "error"]
    assert rows == [
        ["B", "'=1+1", CHAIR, "many", "count: A whole number from 1 to 1,000,000."],
        ["B", "'=1+1", CHAIR, "1", "Another row of this order has an error: row 3."],
    ]
    mended = checked(org, results.errors_csv(one).replace("many", "7"), "mended")
    worked(started(mended, org), org)
    assert stored(org) == [("=1+1", [7, 1])]


def test_the_result_as_a_file(org: Org) -> None:
    done = worked(started(checked(org, MIXED), org), org)
    heads, good, bad, fine = rows_of(results.result_csv(done))
    assert heads == [*HEADS, "shortId", "orderId", "error"]
    orders = records.read_orders(done)
    assert good == ["A", "Good", CHAIR, "2", orders[0].short_id, orders[0].order_id, ""]
    assert bad[4:] == ["", "", "count: A whole number from 1 to 1,000,000."]
    assert fine[4] == orders[2].short_id


def test_a_file_that_is_too_long_is_refused_and_nothing_kept(org: Org) -> None:
    text = csv_of(HEADS, *((n, "x", CHAIR, 1) for n in range(6)))
    with pytest.raises(UnreadableSheet, match="At most 5 rows"):
        upload.upload(
            "a.csv", text.encode(), actor=org.staff().actor, limits=Limits(order_rows=5), key="k"
        )
    assert records.list_imports(org.id, Paging()).count == 0


def test_an_upload_that_broke_off_is_not_there_until_it_is_whole(org: Org) -> None:
    one = uploaded(org, GOOD)
    half = update(tables.order_import).values(state=State.READING)
    database.write(lambda c: c.execute(half).rowcount)
    some = delete(tables.order_import_row).where(tables.order_import_row.c.number > 3)
    database.write(lambda c: c.execute(some).rowcount)
    with pytest.raises(NotFound):
        records.find(one.id, org.id)
    assert uploaded(org, GOOD).id == one.id
    assert len(records.read_sheet(one).rows) == 4


def test_files_that_nobody_has_started_are_forgotten_after_a_week(org: Org) -> None:
    new = checked(org, GOOD)
    run = worked(started(checked(org, MIXED), org), org)
    assert forgetting.forget_old() == 0
    later = datetime.now(UTC) + forgetting.KEPT_FOR
    assert forgetting.forget_old(lambda: later) == 1
    assert [one.id for one, _ in records.list_imports(org.id, Paging()).entries] == [run.id]
    for table in (tables.order_import_row, tables.order_import_order):
        with database.read() as connection:
            left = connection.execute(select(table.c.import_id)).scalars().all()
        assert set(left) == {run.id}
    with pytest.raises(NotFound):
        records.find(new.id, org.id)
    assert results.result_csv(run).count("\r\n") == 4


def test_states_of_orders_are_known() -> None:
    assert {str(state) for state in OrderState} == {"good", "bad", "made", "skipped"}
    assert timedelta(seconds=1) < claim.LEASE < timedelta(minutes=1)
