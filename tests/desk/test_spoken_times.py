"""Dates as people say them, in the zone of the account."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from orders.interfaces.desk.spoken_times import spoken_moment
from orders.interfaces.http.i18n import use_language
from orders.storage import database
from orders.storage.tables import staff_account
from tests.actors import PASSWORD, Org

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 5, 23, 30, tzinfo=UTC)  # Friday 00:30 in Berlin


@pytest.mark.one_database(reason="no database")
@pytest.mark.parametrize(
    ("moment", "shape", "english", "german"),
    [
        ((2026, 11, 5, 23, 7), {}, "Today 00:07", "Heute 00:07"),
        ((2026, 11, 5, 22, 59), {}, "Yesterday 23:59", "Gestern 23:59"),
        ((2026, 11, 6, 23, 1), {}, "Tomorrow 00:01", "Morgen 00:01"),
        ((2026, 11, 4, 22, 0), {}, "Wed 4 Nov, 23:00", "Mi., 4. Nov., 23:00"),
        ((2026, 11, 4, 22, 0), {"brief": True}, "Wed 4 Nov", "Mi., 4. Nov."),
        ((2025, 11, 4, 22, 0), {"brief": True}, "4 Nov 2025", "4. Nov. 2025"),
        ((2026, 11, 5, 23, 7), {"inside": True}, "today 00:07", "heute 00:07"),
        ((2026, 11, 5, 23, 7), {"seconds": True}, "Today 00:07:00", "Heute 00:07:00"),
    ],
)
def test_a_moment_is_said_in_the_zone_and_language_of_the_page(
    app: Flask, moment: tuple[int, ...], shape: dict[str, bool], english: str, german: str
) -> None:
    at = datetime(*moment, tzinfo=UTC)  # type: ignore[misc, arg-type]
    with app.test_request_context("/"):
        assert spoken_moment(at, NOW, BERLIN, **shape) == english
        with use_language("de"):
            assert spoken_moment(at, NOW, BERLIN, **shape) == german


def _zones(app: Flask) -> list[str | None]:
    with app.app_context(), database.read() as connection:
        rows = connection.execute(select(staff_account.c.preferences)).scalars().all()
    return [row.get("timeZone") for row in rows]


@pytest.mark.usefixtures("csrf_off")
class TestFirstZone:
    def sign_in(self, client: FlaskClient, org: Org, zone: str) -> None:
        form = {"email": org.staff().email, "password": PASSWORD, "zone": zone}
        assert client.post("/sign-in", data=form).status_code == 303

    def test_an_account_takes_the_zone_of_its_first_browser(
        self, app: Flask, client: FlaskClient, org: Org
    ) -> None:
        assert 'name="zone"' in client.get("/sign-in").text
        self.sign_in(client, org, "Europe/Berlin")
        assert "(Berlin time)" in client.get("/").text
        self.sign_in(client, org, "Asia/Tokyo")
        assert _zones(app) == ["Europe/Berlin"]

    @pytest.mark.parametrize("zone", ["", "Mars/Base", "Europe/Berlin\0", "Etc/GMT-3", "x" * 5000])
    def test_another_text_is_ignored(
        self, app: Flask, client: FlaskClient, org: Org, zone: str
    ) -> None:
        self.sign_in(client, org, zone)
        assert _zones(app) == [None]

    def test_a_chosen_zone_and_other_preferences_are_kept(
        self, app: Flask, client: FlaskClient, org: Org
    ) -> None:
        org.staff()
        with app.app_context():
            database.execute(update(staff_account).values(preferences={"theme": "dark"}))
        self.sign_in(client, org, "Europe/Berlin")
        assert '<html lang="en" data-theme="dark">' in client.get("/orders").text
        assert _zones(app) == ["Europe/Berlin"]
