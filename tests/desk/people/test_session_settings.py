"""Settings of sessions and sign-ins, as requests meet them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from orders.settings import Settings
from orders.storage import database
from orders.storage.models.people import StaffSessionRow
from tests.actors import Org

pytestmark = [
    pytest.mark.one_database(reason="the SQL is that of services, whose tests run on both"),
    pytest.mark.usefixtures("csrf_off"),
]


def test_a_session_that_is_used_ends_after_the_days_of_the_setting(
    app: Flask, settings: Settings, staff_client: FlaskClient
) -> None:
    app.config["SETTINGS"] = replace(settings, session_max_days=3)
    for hours, status in ((71, 200), (73, 303)):
        began = datetime.now(UTC) - timedelta(hours=hours)
        with app.app_context():
            database.execute(update(StaffSessionRow).values(created_at=began))
        assert staff_client.get("/orders").status_code == status
    app.config["SETTINGS"] = settings
    assert staff_client.get("/orders").status_code == 200


def test_all_addresses_of_an_ipv6_network_share_their_tries(app: Flask, org: Org) -> None:
    app.config["SIGN_IN_LIMIT"] = "2 per hour"
    typed = {"email": org.staff().email, "password": "wrong"}

    def sign_in(address: str) -> int:
        came_from = {"REMOTE_ADDR": address}
        return app.test_client().post("/sign-in", data=typed, environ_base=came_from).status_code

    same = ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", "2001:db8:0:1:8000:1:2:3")
    assert [sign_in(one) for one in same] == [422, 422, 429]
    assert sign_in("2001:db8:0:2::1") == 422
