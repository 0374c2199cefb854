"""Times and days at the desk: the person's time zone, else that of the org, else UTC."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient

from orders.domain.attributes import AttributeRule, Kind
from orders.domain.preferences import Preferences
from orders.services.accounts import orgs, own_account
from tests.actors import Org
from tests.desk.order_list.test_list import codes
from tests.desk.test_pages import make_order
from tests.html import read

# At any moment, the first is a day ahead of the second.
EAST, WEST = "Pacific/Kiritimati", "Pacific/Pago_Pago"

pytestmark = pytest.mark.one_database(reason="the rule is in Python; one query reads both zones")


def choose(app: Flask, org: Org, *, own: str = "", of_org: str = "", language: str = "") -> None:
    """Set the zone of the salesperson and that of the org; an empty one is not chosen."""
    member = org.staff()
    with app.app_context():
        chosen = Preferences(time_zone=own, language=language)
        own_account.change_own(member, name="", preferences=chosen)
        orgs.change_customer_page(
            org.id, customer_check="none", accent="", contact="", language="", time_zone=of_org
        )


@pytest.mark.parametrize(
    ("own", "of_org", "zone", "name"),
    [
        ("", "", "UTC", "UTC"),
        ("", EAST, EAST, "Kiritimati time"),
        (WEST, "", WEST, "Pago Pago time"),
        (WEST, EAST, WEST, "Pago Pago time"),
        ("UTC", EAST, "UTC", "UTC"),
    ],
)
def test_pages_files_and_filters_are_in_the_zone_of_the_person_or_else_of_the_org(
    app: Flask, staff_client: FlaskClient, org: Org, own: str, of_org: str, zone: str, name: str
) -> None:
    choose(app, org, own=own, of_org=of_org)
    code = make_order(org, name="Of now", customerId="C-1")["shortId"]
    today = datetime.now(ZoneInfo(zone)).date()
    start = read(staff_client.get("/").text)
    assert start.first(".subtitle time")["datetime"] == str(today)
    assert f"({name})" in start.first(".subtitle").text
    assert f"Created ({name})" in staff_client.get("/orders").text
    assert name in read(staff_client.get(f"/orders/{code}").text).first("#history-title").text
    assert name in staff_client.get(f"/orders/{code}/print").text
    assert f"Month ({name})" in staff_client.get("/customers/show?id=C-1").text
    assert f"From ({name})" in staff_client.get("/docs/api/requests").text
    assert codes(staff_client, {"from": str(today), "to": str(today)}) == [code]
    exported = staff_client.get("/orders/export.csv")
    assert f"orders-{today}-" in exported.headers["Content-Disposition"]


@pytest.mark.parametrize(
    ("own", "of_org", "is_overdue"),
    [("", EAST, True), (WEST, EAST, False), (EAST, WEST, True), ("", WEST, False)],
)
def test_an_order_is_overdue_by_the_day_of_the_person_who_looks(
    app: Flask, staff_client: FlaskClient, org: Org, own: str, of_org: str, is_overdue: bool
) -> None:
    org.define(AttributeRule("day", "Delivery day", Kind.DATE, is_due=True))
    day = datetime.now(ZoneInfo(WEST)).date()
    code = make_order(org, metadata={"day": str(day)})["shortId"]
    choose(app, org, own=own, of_org=of_org)
    page = read(staff_client.get("/orders", query_string={"columns": "name,metadata.day"}).text)
    assert ("Overdue" in page.first(f"#row-{code}").text) is is_overdue
    assert codes(staff_client, {"metadata.day": "overdue"}) == [code] * is_overdue
    counted = read(staff_client.get("/").text).first("#overdue").text.split()[0]
    assert (counted == "1") is is_overdue


@pytest.mark.usefixtures("csrf_off")
def test_people_can_leave_the_zone_to_the_org_and_read_its_name(
    app: Flask, staff_client: FlaskClient, org: Org
) -> None:
    choose(app, org, own=WEST, of_org=EAST, language="de")
    menu = read(staff_client.get("/account").text)
    assert (
        menu.first("[name=time_zone] option[value='']").text
        == "Wie Organisation (Ortszeit Kiritimati)"
    )
    form = {"name": "", "time_zone": "", "date_format": "spoken", "theme": "system",
            "density": "dense", "language": "de"}  # fmt: skip
    assert staff_client.post("/account/preferences", data=form).status_code == 303
    assert "Ortszeit Kiritimati" in staff_client.get("/").text
    # A choice: the browser's zone does not replace it at the next sign-in.
    with app.app_context():
        own_account.set_first_zone(org.staff(), "Europe/Berlin")
    assert org.staff().preferences.zone == ZoneInfo(EAST)


@pytest.mark.usefixtures("csrf_off")
def test_a_day_without_a_year_is_read_from_a_message_by_the_local_day(
    app: Flask, staff_client: FlaskClient, org: Org
) -> None:
    org.define(AttributeRule("day", "Delivery day", Kind.DATE))
    today = datetime.now(ZoneInfo(WEST)).date()
    for zone in (WEST, EAST):
        choose(app, org, of_org=zone)
        text = f"Delivery day: {today.day}.{today.month}."
        page = staff_client.post("/orders/new", data={"do": "paste", "paste": text})
        # A day that has passed in the east is one of next year.
        found = f"{today.day} {today:%b %Y} from" in read(page.text).first("#pasted").text
        assert found is (zone == WEST)


def test_the_time_of_another_zone_is_not_stored(app: Flask, org: Org) -> None:
    choose(app, org, of_org=EAST)
    stored = org.staff().preferences
    assert (stored.time_zone, stored.org_time_zone) == ("", EAST)
    assert "orgTimeZone" not in stored.as_json()
    assert datetime(2026, 12, 31, 11, tzinfo=UTC).astimezone(stored.zone).year == 2027
