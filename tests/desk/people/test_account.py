"""A person's own account: preferences and password."""

from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Table, update

from orders.domain.preferences import Preferences
from orders.services.accounts import access
from orders.storage import database, tables
from tests.actors import PASSWORD, Org
from tests.bad_orders import good_form
from tests.html import attributes

CHOSEN = {
    "name": "Ida Oak", "time_zone": "Europe/Berlin", "date_format": "de", "theme": "dark",
    "density": "dense",
}  # fmt: skip
NEW = "another battery horse"


def set_to(table: Table, column: str, at: datetime) -> None:
    statement = update(table).values({column: at})
    database.write(lambda connection: connection.execute(statement).rowcount)


@pytest.fixture
def order(app: Flask, staff_client: FlaskClient, csrf_off: None) -> str:
    """An order of the salesperson, created on a summer evening; the code of it."""
    placed = staff_client.post("/orders/new?form=" + "A" * 22, data={**good_form(), "do": "place"})
    code: str = placed.location.split("/")[2]
    at = datetime(2020, 7, 1, 22, 5, tzinfo=UTC)
    with app.app_context():
        for table, column in ((tables.orders, "created_at"), (tables.order_history, "at")):
            set_to(table, column, at)
    return code


@pytest.mark.usefixtures("csrf_off")
class TestPreferences:
    def test_times_are_in_the_persons_zone_and_form_on_every_page(
        self, staff_client: FlaskClient, admin_client: FlaskClient, order: str
    ) -> None:
        assert "1 Jul 2020, 22:05</time> UTC" in staff_client.get(f"/orders/{order}").text
        saved = staff_client.post("/account/preferences", data=CHOSEN)
        assert (saved.status_code, saved.location) == (303, "/account")
        page = staff_client.get(f"/orders/{order}").text
        assert page.count("02.07.2020 00:05</time>") >= 2
        assert "02.07.2020 00:05</time> Berlin time" in page
        assert 'title="02.07.2020 00:05:00 Berlin time"' in page
        assert "UTC" not in page
        listed = staff_client.get("/orders").text
        assert "Created (Berlin time)" in listed
        assert "02.07.2020 00:05</time>" in listed
        # The moment itself is unchanged; others see it in their own format.
        assert 'datetime="2020-07-01T22:05:00+00:00"' in listed
        assert "1 Jul 2020</time>" in admin_client.get("/orders").text

    def test_theme_and_density_are_rendered_by_the_server(self, staff_client: FlaskClient) -> None:
        page = staff_client.get("/orders").text
        assert '<html lang="en">' in page
        assert 'content="light dark"' in page
        staff_client.post("/account/preferences", data=CHOSEN)
        page = staff_client.get("/orders").text
        assert '<html lang="en" data-theme="dark" data-density="dense">' in page
        assert '<meta name="color-scheme" content="dark">' in page

    def test_the_name_is_in_lists_and_history(
        self, staff_client: FlaskClient, admin_client: FlaskClient, order: str, org: Org
    ) -> None:
        staff_client.post("/account/preferences", data=CHOSEN)
        assert "Ida Oak" in admin_client.get("/orders").text
        assert "by Ida Oak" in admin_client.get(f"/orders/{order}").text
        assert "Ida Oak" in staff_client.get("/orders").text
        staff_client.post("/account/preferences", data={**CHOSEN, "name": " "})
        assert f"by {org.email}" in admin_client.get(f"/orders/{order}").text

    @pytest.mark.parametrize(
        ("fields", "wrong"),
        [
            ({"name": "x" * 81}, ["name"]),
            ({"name": "a\nb"}, ["name"]),
            ({"name": "\0"}, ["name"]),
            ({"time_zone": "Mars/Olympus"}, ["time_zone"]),
            ({"theme": "neon", "density": "x", "date_format": "y"},
             ["date_format", "theme", "density"]),
        ],
    )  # fmt: skip
    def test_errors_are_shown_at_their_fields_and_nothing_is_stored(
        self, staff_client: FlaskClient, org: Org, fields: dict[str, str], wrong: list[str]
    ) -> None:
        answer = staff_client.post("/account/preferences", data={**CHOSEN, **fields})
        assert answer.status_code == 422
        assert attributes(answer.text, "[data-path]", "data-path") == wrong
        assert org.staff().preferences == Preferences()
        assert org.staff().name == ""
        assert staff_client.get("/account/preferences").location == "/account"

    def test_the_request_log_is_filtered_in_the_same_zone(self, staff_client: FlaskClient) -> None:
        staff_client.post("/account/preferences", data=CHOSEN)
        page = staff_client.get("/docs/api/requests?from=2026-07-02&to=2026-07-02").text
        assert "From (Berlin time)" in page
        assert staff_client.get("/docs/api/requests?from=9999-12-31&to=9999-12-31").status_code in {
            200, 422,
        }  # fmt: skip


@pytest.mark.usefixtures("csrf_off")
class TestPassword:
    def test_the_old_password_is_needed_for_a_new_one(
        self, app: Flask, staff_client: FlaskClient, org: Org
    ) -> None:
        elsewhere = org.sign_in(app.test_client())
        form = {"old_password": PASSWORD, "password": NEW}
        assert staff_client.post("/account/password", data=form).location == "/account"
        page = staff_client.get("/account").text
        assert "Password changed. You are signed out on other devices" in page
        assert "New password</span>" in page
        assert elsewhere.get("/orders").status_code == 303
        with app.app_context():
            assert access.sign_in(org.email, NEW) is not None

    @pytest.mark.parametrize(
        ("form", "wrong"),
        [
            ({"old_password": "wrong", "password": NEW}, "old_password"),
            ({"password": NEW}, "old_password"),
            ({"old_password": PASSWORD, "password": "short"}, "password"),
            ({"old_password": PASSWORD}, "password"),
        ],
    )
    def test_a_wrong_or_bad_password_changes_nothing(
        self, app: Flask, staff_client: FlaskClient, org: Org, form: dict[str, str], wrong: str
    ) -> None:
        answer = staff_client.post("/account/password", data=form)
        assert answer.status_code == 422
        assert attributes(answer.text, "[data-path]", "data-path") == [wrong]
        assert PASSWORD not in answer.text
        with app.app_context():
            assert access.sign_in(org.email, PASSWORD) is not None

    def test_tries_are_limited(self, app: Flask, staff_client: FlaskClient) -> None:
        app.config["SIGN_IN_LIMIT"] = "2 per hour"
        form = {"old_password": "wrong", "password": NEW}
        tries = [staff_client.post("/account/password", data=form) for _ in range(3)]
        assert [answer.status_code for answer in tries] == [422, 422, 429]


@pytest.mark.usefixtures("csrf_off")
def test_sign_ins_are_recorded_and_shown(
    client: FlaskClient, admin_client: FlaskClient, org: Org
) -> None:
    member = org.staff()
    assert "Never" in admin_client.get(f"/settings/staff/{member.id}").text
    client.post("/sign-in", data={"email": org.email, "password": PASSWORD})
    assert "Signed in" in client.get("/account").text
    page = admin_client.get(f"/settings/staff/{member.id}").text
    assert "Signed in" in page
    assert "Never" not in page


@pytest.mark.usefixtures("csrf_off")
def test_a_disabled_account_ends_at_once(
    admin_client: FlaskClient, staff_client: FlaskClient, org: Org
) -> None:
    assert staff_client.get("/account").status_code == 200
    admin_client.post(f"/settings/staff/{org.staff().id}/disable")
    assert staff_client.get("/account").status_code == 303
    assert staff_client.post("/account/preferences", data=CHOSEN).status_code == 303
