"""The start page: empty and full, for each role and for visitors."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from orders.domain.inputs import Limits
from orders.domain.status import Status
from orders.interfaces.desk import charts
from orders.services.dashboard import Day
from orders.services.orders import pending_changes
from orders.services.webhooks import webhooks
from orders.storage import database
from orders.storage.models.webhooks import WebhookDelivery
from orders.storage.tables import orders
from tests.actors import Org
from tests.bad_orders import good_form
from tests.desk.test_pages import make_order
from tests.html import read


def test_without_orders_the_page_explains_its_sections(staff_client: FlaskClient) -> None:
    text = staff_client.get("/").text
    for shown in ("No orders today yet.", "No orders in the last 30 days.", "Orders you create",
                  "No stale carts.", "No problems.",
                  'aria-current="page">Today'):  # fmt: skip
        assert shown in text, shown
    assert 'role="img"' not in text


@pytest.mark.usefixtures("csrf_off")
def test_the_page_shows_today_own_orders_quiet_carts_and_figures(
    app: Flask, staff_client: FlaskClient, org: Org
) -> None:
    quiet = make_order(org, name="Forgotten", status="List")["shortId"]
    old = datetime.now(UTC) - timedelta(days=5)
    statement = update(orders).where(orders.c.short_id == quiet)
    with app.app_context():
        database.write(
            lambda connection: (
                connection.execute(statement.values(created_at=old, updated_at=old)).rowcount
            )
        )
        pending_changes.rebuild()
    form = {**good_form(), "name": "By hand", "cart.0.count": "1200", "do": "place"}
    assert staff_client.post(f"/orders/new?form={'S' * 22}", data=form).status_code == 303
    text = staff_client.get("/").text
    today = text.partition('id="today-title"')[2].partition("</section>")[0]
    assert "<b>1</b> order" in today
    assert "<b>1,200</b> items" in today
    assert "By hand" in text.partition('id="mine-title"')[2].partition("</section>")[0]
    waiting = text.partition('id="quiet-title"')[2].partition("</section>")[0]
    assert "Forgotten" in waiting
    assert f'href="/orders/{quiet}"' in waiting
    chart = text.partition('id="chart-title"')[2].partition("</section>")[0]
    assert 'role="img" aria-label="2 orders in the last 30 days' in chart
    assert 'aria-label="By status: 1 List, 1 New."' in chart
    assert chart.count("<tr>") == 4  # two days, a row of titles and a row of sums


def test_failures_are_shown_to_everybody_and_settings_to_admins(
    app: Flask, staff_client: FlaskClient, admin_client: FlaskClient, org: Org
) -> None:
    with app.app_context():
        made = webhooks.create(
            {"topic": "order.created", "address": "https://shop.example/hook"},
            actor=org.admin().actor, limits=Limits(), allow_private=False,
        )  # fmt: skip
    make_order(org)
    given_up = update(WebhookDelivery).values(next_attempt_at=None, attempts=9)
    with app.app_context():
        database.write(lambda connection: connection.execute(given_up).rowcount)
    for client, is_admin in ((staff_client, False), (admin_client, True)):
        text = client.get("/").text
        assert "1 message failed in the last 7 days." in text
        assert (f'href="/settings/webhooks/{made.webhook.id}"' in text) == is_admin
        assert ("Ask an admin of your organization" in text) != is_admin


@pytest.mark.usefixtures("org")
def test_visitors_are_redirected_to_the_look_up(client: FlaskClient) -> None:
    assert client.get("/").location == "/find"
    assert client.get("/go?q=x").location.startswith("/sign-in?")


@pytest.mark.usefixtures("csrf_off")
def test_days_are_in_the_persons_zone_and_link_to_their_orders(
    staff_client: FlaskClient, org: Org
) -> None:
    chosen = {"name": "", "time_zone": "Pacific/Kiritimati", "date_format": "de",
              "theme": "system", "density": "dense", "language": ""}  # fmt: skip
    assert staff_client.post("/account/preferences", data=chosen).status_code == 303
    make_order(org, name="Of today")
    text = staff_client.get("/").text
    moments = [one["datetime"] for one in read(text).all("time")]
    year, month, day = next(one for one in moments if len(one) == len("2026-11-29")).split("-")
    assert "(Kiritimati time)" in text
    assert f'<th scope="row"><a href="/orders?from={year}-{month}-{day}&amp;to=' in text
    assert f">{day}.{month}.{year}</a></th>" in text
    [lead] = [one for one in read(text).all("p.big a") if one.text == "1 order"]
    listed = staff_client.get(lead["href"]).text
    assert "Of today" in listed


class TestCharts:
    today = datetime(2026, 11, 25, tzinfo=UTC).date()

    def test_columns_begin_at_the_bottom_and_reach_the_top(self) -> None:
        days = [
            Day(self.today, {}),
            Day(self.today, {Status.NEW: 1, Status.COMPLETE: 3}),
            Day(self.today, {Status.NEW: 2}),
        ]
        chart = charts.by_day(days)
        assert (chart.width, chart.top) == (30, 4)
        found = [(one.status, one.x, one.y, one.height) for one in chart.blocks]
        assert found == [
            (Status.NEW, 11, 75, 25), (Status.COMPLETE, 11, 0, 75), (Status.NEW, 21, 50, 50)
        ]  # fmt: skip
        assert chart.sentence == "6 orders in the last 3 days, most on 2026-11-25: 4."

    def test_the_bar_is_divided_by_status(self) -> None:
        chart = charts.by_status([Day(self.today, {Status.NEW: 1, Status.COMPLETE: 3})])
        assert [(one.x, one.width) for one in chart.blocks] == [(0, 250), (250, 750)]
        assert chart.sentence == "By status: 1 New, 3 Complete."

    def test_a_chart_without_orders_is_empty(self) -> None:
        assert charts.by_day([Day(self.today, {})]).blocks == ()
        assert charts.by_status([]).blocks == ()
        assert re.match("0 orders", charts.by_day([]).sentence)
