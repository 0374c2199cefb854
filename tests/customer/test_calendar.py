"""A visible date has a calendar file."""

from flask import Flask
from flask.testing import FlaskClient

from orders.domain.attributes import AttributeRule, Kind
from orders.services.orders import changes
from tests.actors import Org
from tests.customer.conftest import CODE, UNKNOWN_CODE, Clock, PlaceOrder

DAY = AttributeRule("day", "Delivery, to the kerb", Kind.TEXT, visible_to_customer=True)
SECRET = AttributeRule("paid", "HIDDEN", Kind.TEXT)
LINE = {"configurationId": "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11", "count": 1}
GERMAN = {"Accept-Language": "de"}


def test_a_date_has_a_calendar_file(client: FlaskClient, org: Org, place_order: PlaceOrder) -> None:
    org.define(SECRET, DAY)
    place_order(cart=[LINE], metadata={"day": "2026-12-18", "paid": "2026-11-01"})
    page = client.get(f"/o/{CODE}").text
    assert f'href="/o/{CODE}/days/1.ics"' in page
    assert "Friday, December 18, 2026" in page
    assert page.count(".ics") == 1
    answer = client.get(f"/o/{CODE}/days/1.ics", headers=GERMAN)
    assert answer.mimetype == "text/calendar"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{CODE}.ics"'
    assert answer.headers["Cache-Control"] == "no-store"
    lines = answer.text.replace("\r\n ", "").split("\r\n")
    for line in (
        "DTSTART;VALUE=DATE:20261218", "SUMMARY:Delivery\\, to the kerb – Workshop",  # noqa: RUF001
        "DESCRIPTION:Bestellung 0110-ABCD-EF10\\nhttp://localhost/o/0110ABCDEF10",
        "URL:http://localhost/o/0110ABCDEF10", "UID:0110ABCDEF10-1@localhost",
    ):  # fmt: skip
        assert line in lines


def test_a_date_of_a_canceled_order_has_no_button(
    app: Flask, client: FlaskClient, org: Org, place_order: PlaceOrder
) -> None:
    org.define(DAY)
    order = place_order(cart=[LINE], metadata={"day": "2026-12-18"})
    with app.app_context():
        changes.cancel_order(order.id, None, actor=org.actor())
    page = client.get(f"/o/{CODE}").text
    assert "Friday, December 18, 2026" in page
    assert ".ics" not in page


def test_without_a_date_there_is_no_button(
    client: FlaskClient, org: Org, place_order: PlaceOrder, clock: Clock
) -> None:
    org.define(DAY)
    place_order(cart=[LINE], metadata={"day": "week 50"})
    assert ".ics" not in client.get(f"/o/{CODE}").text
    for path in ("days/1.ics", "days/0.ics", "days/2.ics", f"days/{10**30}.ics"):
        assert client.get(f"/o/{CODE}/{path}").status_code == 404
    for code in (UNKNOWN_CODE, "mistyped"):
        assert client.get(f"/o/{code}/days/1.ics").status_code == 404
