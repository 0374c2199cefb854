"""The list by attributes that are days and weeks: filters, sorts, views, exports, and the mark."""

from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict

from orders.domain.attributes import Applies, AttributeRule, Kind
from orders.domain.order_dates import DateRange
from orders.interfaces.desk.order_list.list_address import read_address
from orders.services.orders.order_filter import FilterChoices
from tests.actors import Org
from tests.desk.order_list.test_export import exported
from tests.desk.order_list.test_list import ODD, codes
from tests.desk.order_list.test_views import save, tabs
from tests.desk.test_pages import make_order
from tests.html import read

DAY = AttributeRule("day", "Delivery day", Kind.DATE, labels={"de": "Liefertag"}, is_due=True)
WEEK = AttributeRule("week", "Delivery week", Kind.WEEK, applies=Applies.BOTH)
SENT = AttributeRule("sent", "Sent", Kind.DATE)

pytestmark = pytest.mark.one_database(
    reason="tests/services/orders/test_order_dates.py runs the queries on both databases"
)


def week_of(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


@pytest.fixture
def made(org: Org) -> dict[str, str]:
    """Codes of orders: due yesterday, today, in a week; one is done, and one has no day."""
    org.define(DAY, WEEK, SENT)
    today = datetime.now(UTC).date()
    days = {"late": today - timedelta(days=1), "today": today, "next": today + timedelta(days=7)}
    codes = {
        name: make_order(
            org,
            name=f"{name} hall",
            metadata={"day": str(day), "week": week_of(day), "sent": "2020-01-01"},
        )["shortId"]
        for name, day in days.items()
    }
    done = {"day": str(days["late"]), "week": "2020-W01"}
    codes["done"] = make_order(org, name="done hall", status="Complete", metadata=done)["shortId"]
    codes["none"] = make_order(org, name="none hall")["shortId"]
    return codes


def test_periods_ranges_and_sorts_find_the_orders(
    staff_client: FlaskClient, made: dict[str, str]
) -> None:
    today = datetime.now(UTC).date()
    wanted: tuple[tuple[dict[str, object], list[str]], ...] = (
        ({"metadata.day": "overdue"}, ["late"]),
        ({"metadata.day": "next-week"}, ["next"]),
        ({"metadata.week": "next-week"}, ["next"]),
        ({"metadata.day.from": str(today)}, ["next", "today"]),
        ({"metadata.day.to": str(today), "status": "New"}, ["today", "late"]),
        ({"metadata.day.from": str(today), "metadata.day.to": str(today)}, ["today"]),
        ({"metadata.week.to": "2020-W01"}, ["done"]),
        ({"metadata.week.to": "KW 1/2020"}, ["done"]),
        ({"metadata.week.from": week_of(today + timedelta(days=7))}, ["next"]),
        ({"sort": "metadata.day", "q": "hall"}, ["late", "done", "today", "next", "none"]),
        ({"sort": "-metadata.day", "status": "New"}, ["next", "today", "late", "none"]),
        ({"sort": "-metadata.week"}, ["next", "today", "late", "done", "none"]),
    )
    for query, names in wanted:
        found = codes(staff_client, query)
        expected = [made[name] for name in names]
        if "sort" not in query:  # by creation, and some are of the same millisecond
            found, expected = sorted(found), sorted(expected)
        assert found == expected, query


def test_overdue_orders_are_marked_by_the_due_date_alone(
    staff_client: FlaskClient, made: dict[str, str]
) -> None:
    query = {"columns": "name,metadata.day,metadata.sent"}
    page = read(staff_client.get("/orders", query_string=query).text)
    marked = {row["id"] for row in page.all("[id^=row-]") if "Overdue" in row.text}
    assert marked == {f"row-{made['late']}"}
    assert page.first(f"#row-{made['late']}").text.count("Overdue") == 1


def test_what_is_chosen_is_shown_kept_and_removed(
    staff_client: FlaskClient, made: dict[str, str]
) -> None:
    query = {
        "metadata.day": "overdue", "metadata.day.to": "2030-02-01",
        "metadata.week.from": "2019-W52", "sort": "metadata.day", "lang": "de",
        "columns": "metadata.day",
    }  # fmt: skip
    page = read(staff_client.get("/orders", query_string=query).text)
    chips = [one.text for one in page.all("a.chip")]
    assert any("Liefertag:" in chip and "Überfällig" in chip for chip in chips)
    assert any("01.02.2030" in chip for chip in chips)
    assert any("52" in chip and "2019" in chip for chip in chips)
    kept = {
        (field["name"], field["value"])
        for field in page.all("input[name^='metadata.']")
        if field["value"]
    }
    assert kept == {("metadata.day.to", "2030-02-01"), ("metadata.week.from", "2019-W52")}
    assert page.first("[name='metadata.day'] option[selected]")["value"] == "overdue"
    assert page.first("#sort option[selected]")["value"] == "metadata.day"
    assert "sort=-metadata.day" in page.first("[aria-sort=ascending] a")["href"]
    for one in page.all("a.chip"):
        assert len(parse_qs(urlsplit(one["href"]).query)) == 4


@pytest.mark.usefixtures("csrf_off")
def test_views_exports_and_changes_of_many_use_the_filter(
    staff_client: FlaskClient, made: dict[str, str]
) -> None:
    state = "metadata.day=overdue&sort=-metadata.day"
    save(staff_client, "Late", state)
    address = tabs(staff_client)["Late"]
    assert codes(staff_client, address.partition("?")[2]) == [made["late"]]
    assert [row["shortId"] for row in exported(staff_client, state)] == [made["late"]]
    sorted_rows = exported(staff_client, "sort=metadata.day&status=New")
    assert [row["name"] for row in sorted_rows] == [
        "late hall",
        "today hall",
        "next hall",
        "none hall",
    ]
    sent = {"do": "status", "set": "Complete", "scope": "all", "state": state, "key": "k" * 22}
    assert staff_client.post("/orders/bulk", data=sent).status_code in {200, 303}
    assert codes(staff_client, state) == []


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("metadata.day", "soon", "One of: overdue, this-week, next-week."),
        ("metadata.day.from", "2026-02-30", "Enter a date such as 2026-11-24."),
        ("metadata.week.to", "2027-W53", "Enter a week such as 2026-W48."),
        ("metadata.sent.until", "2026-01-01", "No attribute that can be filtered has this name."),
        ("metadata.sent.to.from", "2026-01-01", "No attribute that can be filtered"),
        ("sort", "metadata.nothing", "This list cannot be sorted that way."),
    ],
)
def test_an_invalid_filter_is_named(
    staff_client: FlaskClient, made: dict[str, str], name: str, value: str, message: str
) -> None:
    answer = staff_client.get("/orders", query_string={name: value})
    assert answer.status_code == 422
    assert message in answer.text
    assert made["late"] not in answer.text


def test_the_end_of_a_range_is_not_before_its_start(
    staff_client: FlaskClient, made: dict[str, str]
) -> None:
    query = {"metadata.day.from": "2026-02-02", "metadata.day.to": "2026-02-01"}
    answer = staff_client.get("/orders", query_string=query)
    assert answer.status_code == 422
    assert "The end date is before the start date." in answer.text
    assert made["late"] not in answer.text


@pytest.mark.parametrize("name", ["metadata.day", "metadata.day.from", "metadata.week.to", "sort"])
def test_odd_values_are_refused_or_find_nothing(
    staff_client: FlaskClient, made: dict[str, str], name: str
) -> None:
    for value in (*ODD, "0000-01-01", "9999-12-31", "9999-W53", "0001-01-01", "-metadata.day\0"):
        answer = staff_client.get("/orders", query_string={name: value})
        assert answer.status_code in {200, 422}, value
        for cursor in ("older", "newer"):
            more = {"sort": "metadata.day", cursor: value}
            assert staff_client.get("/orders", query_string=more).status_code == 200
    assert made


@pytest.mark.parametrize(
    ("zone", "last"),
    [
        ("UTC", "2026-12-30"), ("Pacific/Kiritimati", "2026-12-31"),
        ("Pacific/Pago_Pago", "2026-12-30"),
    ],
)  # fmt: skip
def test_today_is_that_of_the_persons_zone(app: Flask, zone: str, last: str) -> None:
    sent = MultiDict({"metadata.day": "overdue", "metadata.week": "this-week"})
    now = datetime(2026, 12, 31, 11, tzinfo=UTC)
    with app.test_request_context():
        address = read_address(
            sent, (DAY, WEEK), FilterChoices((), (), (), ()), ZoneInfo(zone), now
        )
    # Week 53, in both years.
    this_week = DateRange("week", "2026-12-28", "2027-01-03")
    assert address.order_filter.dates == (DateRange("day", None, last, is_open=True), this_week)


def test_the_start_page_counts_what_is_overdue(
    staff_client: FlaskClient, made: dict[str, str]
) -> None:
    link = read(staff_client.get("/").text).first("#overdue a")
    assert link.text.split() == ["1", "overdue"]
    assert codes(staff_client, urlsplit(link["href"]).query) == [made["late"]]


def test_without_a_due_date_the_start_page_counts_nothing(
    staff_client: FlaskClient, org: Org
) -> None:
    org.define(SENT)
    make_order(org, metadata={"sent": "2020-01-01"})
    assert not read(staff_client.get("/").text).has("#overdue")
