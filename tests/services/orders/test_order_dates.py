"""The list sorts and filters by days and weeks as Python would, whatever happened to the orders."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import select

from orders.domain.attributes import Applies, AttributeRule, Kind
from orders.domain.inputs import Limits
from orders.domain.order import OrderChanges
from orders.domain.order_dates import DateRange, Period, day_in, is_open, limits_of
from orders.domain.status import Status
from orders.services import dashboard
from orders.services.accounts import attributes
from orders.services.accounts.org_rules import org_rules_of
from orders.services.orders import changes, intake, order_list, queries
from orders.services.orders.order_dates import count_dates
from orders.services.orders.order_filter import OrderFilter
from orders.services.orders.order_list import Sort
from orders.storage import database
from orders.storage.tables import order_date
from tests.actors import Org
from tests.plans import noted_plans
from tests.storage.test_migrations import FOLDER

DAY = AttributeRule("day", "Delivery day", Kind.DATE, is_due=True)
WEEK = AttributeRule("week", "Delivery week", Kind.WEEK, applies=Applies.BOTH)
TODAY = date(2027, 1, 1)  # a Friday of the week 2026-W53
DAYS = ("2026-12-27", "2026-12-28", "2026-12-31", "2027-01-01", "2027-01-04", "2028-02-29")
WEEKS = ("2026-W52", "2026-W53", "2027-W01", "2027-W02", "0001-W01", "9999-W52")


def make(org: Org, status: Status = Status.NEW, **values: Any) -> Any:  # noqa: ANN401 - an order
    raw: dict[str, Any] = {"status": str(status), "cart": [], "metadata": values}
    if status not in {Status.LIST, Status.IN_CART}:
        raw["cart"] = [{"configurationId": org.save("Chair", "").id, "count": 1}]
    draft = intake.check_order(raw, actor=org.actor(), limits=Limits())
    return intake.create_order(draft, actor=org.actor())


def walk(org: Org, wanted: OrderFilter, sort: Sort) -> Iterator[str]:
    """Yield the IDs of all pages; go back one page at a time, too, and expect the same pages."""
    pages, older = [], ""
    while True:
        page = order_list.list_page(org.id, wanted, sort, older_than=older)
        pages.append([row.id for row in page.rows])
        if page.older is None:
            break
        older = page.older
    back, newer = [pages[-1]], page.newer
    while newer is not None:
        page = order_list.list_page(org.id, wanted, sort, newer_than=newer)
        back.append([row.id for row in page.rows])
        newer = page.newer
    assert [one for page in back[::-1] for one in page] == [one for page in pages for one in page]
    for batch in order_list.ids_in_batches(org.id, wanted, sort, size=2):
        yield from batch
    assert [one for page in pages for one in page] == [
        one for batch in order_list.ids_in_batches(org.id, wanted, sort, size=100) for one in batch
    ]


def sorted_ids(made: list[Any], rule: AttributeRule, *, is_descending: bool) -> list[str]:
    dated = [order for order in made if day_in(order, rule) is not None]
    rest = [order for order in made if day_in(order, rule) is None]
    dated.sort(key=lambda order: (str(day_in(order, rule)), order.id), reverse=is_descending)
    rest.sort(key=lambda order: str(order.id), reverse=is_descending)
    return [order.id for order in (*dated, *rest)]


@pytest.fixture
def stored(app: Flask, org: Org, other_org: Org, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Orders of an org with all kinds of days, made before and after the attributes."""
    monkeypatch.setattr(order_list, "PAGE_SIZE", 3)
    monkeypatch.setattr(order_list, "MOST_FOUND", 4)
    chance = random.Random(7)  # noqa: S311 - not a secret
    other_org.define(DAY, WEEK)
    made = []
    with app.app_context():
        make(other_org, day=DAYS[0], week=WEEKS[0])
        for number in range(22):
            if number == 11:
                org.define(DAY, WEEK)
            values = {
                "day": chance.choice((*DAYS, None)), "week": chance.choice((*WEEKS, None))
            }  # fmt: skip
            if number in {3, 4}:  # not of the kind, or nothing at all
                values = {"day": "2026-02-30", "week": "2027-W53"} if number == 3 else {}
            made.append(make(org, chance.choice((Status.NEW, Status.COMPLETE)), **values))
    return made


@pytest.mark.parametrize("is_descending", [False, True])
@pytest.mark.parametrize("rule", [DAY, WEEK], ids=["day", "week"])
def test_the_list_is_sorted_as_in_python(
    app: Flask, org: Org, stored: list[Any], rule: AttributeRule, is_descending: bool
) -> None:
    sort = Sort(rule.path, is_descending)
    with app.app_context():
        # A search leads to the other way of sorting.
        for wanted in (OrderFilter(), OrderFilter(search="nothing", created_before=None)):
            expected = [] if wanted.search else stored
            found = sorted_ids(expected, rule, is_descending=is_descending)
            assert list(walk(org, wanted, sort)) == found
        late = OrderFilter(created_from=stored[4].created_at)
        rest = [order for order in stored if order.created_at >= stored[4].created_at]
        expected_ids = sorted_ids(rest, rule, is_descending=is_descending)
        assert list(walk(org, late, sort)) == expected_ids
        new = OrderFilter(statuses=(Status.NEW,), is_canceled=False)
        rest = [order for order in stored if order.status is Status.NEW]
        assert list(walk(org, new, sort)) == sorted_ids(rest, rule, is_descending=is_descending)


@pytest.mark.parametrize("rule", [DAY, WEEK], ids=["day", "week"])
def test_ranges_find_what_python_finds(
    app: Flask, org: Org, stored: list[Any], rule: AttributeRule
) -> None:
    ranges = [limits_of(rule, period, TODAY) for period in Period]
    ranges += [DateRange(rule.key, "2026-12-28"), DateRange(rule.key, None, "2026-12-28")]
    with app.app_context():
        for one in ranges:
            found = list(walk(org, OrderFilter(dates=(one,)), Sort()))
            days = {order.id: str(day_in(order, rule)) for order in stored if day_in(order, rule)}
            expected = [
                order
                for order in stored
                if order.id in days
                and (one.first or "") <= days[order.id] <= (one.last or "99999")
                and (is_open(order) or not one.is_open)
            ]
            assert set(found) == {order.id for order in expected}
            by_day = Sort(rule.path, is_descending=False)
            found = list(walk(org, OrderFilter(dates=(one,)), by_day))
            assert found == sorted_ids(expected, rule, is_descending=False)


def days_in_database(app: Flask) -> dict[tuple[str, str], tuple[str, bool]]:
    columns = order_date.c
    statement = select(columns.order_id, columns.attribute_key, columns.day, columns.is_open)
    with app.app_context():
        return {(row[0], row[1]): (row[2], row[3]) for row in database.fetch_all(statement)}


def test_every_change_of_an_order_is_followed(app: Flask, org: Org) -> None:
    org.define(DAY, WEEK)
    actor = org.actor()
    with app.app_context():
        order = make(org, day="2026-12-01", week="2026-W53")
        assert days_in_database(app) == {
            (order.id, "day"): ("2026-12-01", True), (order.id, "week"): ("2026-12-28", True)
        }  # fmt: skip
        steps: list[tuple[Any, bool]] = [
            (lambda: changes.cancel_order(order.id, None, actor=actor), False),
            (lambda: changes.reopen_order(order.id, actor=actor), True),
            (lambda: changes.bin_order(order.id, actor=actor), False),
            (lambda: changes.restore_order(order.id, actor=actor), True),
            (lambda: change(status=Status.COMPLETE), False),
            (lambda: change(status=Status.NEW, metadata={"day": "2027-01-02"}), True),
        ]

        def change(**values: Any) -> None:  # noqa: ANN401 - fields of an order
            changes.change_order(order.id, OrderChanges(**values), actor=actor)

        for act, is_still_open in steps:
            act()
            assert {one[1] for one in days_in_database(app).values()} == {is_still_open}
            summary = dashboard.load_dashboard(actor, now=datetime(2026, 12, 2, tzinfo=UTC))
            due = day_in(queries.find_any_order(order.id, org.id), DAY)
            is_late = is_still_open and due == date(2026, 12, 1)
            assert summary.overdue == dashboard.Overdue("metadata.day", int(is_late))
        assert days_in_database(app) == {(order.id, "day"): ("2027-01-02", True)}
        change(metadata={})
    assert days_in_database(app) == {}


def test_days_follow_the_definitions_of_attributes(app: Flask, org: Org) -> None:
    with app.app_context():
        order = make(org, day="2027-01-20", week="2027-W03")
        assert days_in_database(app) == {}
        text = AttributeRule("day", "Day", Kind.TEXT)
        made = attributes.add_attribute(org.id, text)
        for rule, found in (
            (DAY, "2027-01-20"),
            (AttributeRule("day", "Day", Kind.WEEK), None),  # the value is no week
            (text, None),
            (AttributeRule("day", "Day", Kind.DATE, applies=Applies.LINE), None),
            (AttributeRule("day", "Day", Kind.DATE, applies=Applies.BOTH), "2027-01-20"),
            (AttributeRule("day", "Other label", Kind.DATE, applies=Applies.BOTH), "2027-01-20"),
        ):
            attributes.change_attribute(org.id, made, rule)
            assert days_in_database(app).get((order.id, "day")) == (found and (found, True))
        attributes.remove_attribute(org.id, made)
        assert days_in_database(app) == {}
        assert "day" not in {rule.key for rule in org_rules_of(org.id).attributes}


def test_an_org_without_dates_writes_none(app: Flask, org: Org) -> None:
    org.define(AttributeRule("day", "Day", Kind.TEXT))
    with app.app_context():
        order = make(org, day="2027-01-20")
        later = datetime.now(UTC) + timedelta(days=1)
        changes.change_order(order.id, OrderChanges(name="Hall"), actor=org.actor(), now=later)
        assert dashboard.load_dashboard(org.actor()).overdue is None
    assert days_in_database(app) == {}


@pytest.mark.one_database(reason="the plans are those of SQLite")
def test_indexes_lead_to_days_in_order(app: Flask, org: Org) -> None:
    org.define(DAY, WEEK)
    sort, late = Sort(DAY.path), limits_of(DAY, Period.OVERDUE, TODAY)
    with app.app_context():
        make(org, day="2026-12-01")
        with noted_plans() as of_list:
            order_list.list_page(org.id, OrderFilter(), sort)
        with noted_plans() as of_late:
            order_list.list_page(org.id, OrderFilter(dates=(late,)), sort)
        with noted_plans() as of_start_page, database.read() as connection:
            assert count_dates(connection, org.id, late) == 1
    first, then, *_ = of_list
    assert "USING COVERING INDEX ix_order_date_day (org_id=? AND attribute_key=?)" in first
    assert then.startswith("SEARCH orders USING INDEX sqlite_autoindex_orders_")
    assert "ix_order_date_open" in of_late[0]
    assert not [step for step in of_late if "TEMP B-TREE" in step]
    assert of_start_page == [
        "SEARCH order_date USING INDEX ix_order_date_open (org_id=? AND attribute_key=? AND day<?)"
    ]


@pytest.mark.own_database(reason="it migrates the database there and back")
def test_orders_from_before_the_migration_have_their_days(app: Flask, org: Org) -> None:
    with app.app_context():
        make(org, Status.COMPLETE, week="soon", day="2027-01-01")
        org.define(DAY, WEEK, AttributeRule("text", "Text", Kind.TEXT))
        make(org, day="2026-12-01", week="2026-W53", text="2026-12-02")
        before = days_in_database(app)
        database.close()
        flask_migrate.downgrade(directory=FOLDER, revision="0021")
        flask_migrate.upgrade(directory=FOLDER)
        assert days_in_database(app) == before
    assert sorted(before.values()) == [
        ("2026-12-01", True), ("2026-12-28", True), ("2027-01-01", False)
    ]  # fmt: skip
