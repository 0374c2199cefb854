"""Who can perform the actions on the page of an order."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from orders.services.orders import changes as order_changes
from tests.actors import Org
from tests.desk.order.order_actions import IDA, KEY, actions, post, stored

pytestmark = [
    pytest.mark.usefixtures("csrf_off"),
    pytest.mark.one_database(reason="the SQL is that of services, whose tests run on both"),
]
POSTS = ("status", "bin", "restore", "notes", "notes/00000000-0000-4000-8000-000000000001/delete",
         "link")  # fmt: skip


class TestPermissions:
    @pytest.mark.parametrize("action", POSTS)
    def test_a_stranger_finds_nothing(
        self, client: FlaskClient, org: Org, other_org: Org, code: str, action: str
    ) -> None:
        theirs = other_org.sign_in(client)
        answer = post(theirs, code, action, status="Complete", version=1, note="x", key=KEY, to=IDA)
        assert answer.status_code == 404
        assert (stored(org, code).version, actions(org, code)) == (1, ["created"])

    @pytest.mark.parametrize("action", POSTS)
    def test_a_person_without_a_session_is_asked_to_sign_in(
        self, client: FlaskClient, org: Org, code: str, action: str
    ) -> None:
        answer = post(client, code, action, status="Complete", version=1)
        assert (answer.status_code, answer.location[:9]) == (303, "/sign-in?")
        htmx = client.post(f"/orders/{code}/{action}", headers={"HX-Request": "true"})
        assert htmx.status_code == 401
        assert actions(org, code) == ["created"]

    @pytest.mark.parametrize("action", POSTS)
    def test_a_forged_request_does_nothing(
        self, app: Flask, staff_client: FlaskClient, org: Org, code: str, action: str
    ) -> None:
        app.config["WTF_CSRF_ENABLED"] = True
        answer = post(staff_client, code, action, status="Complete", version=1, note="x", to=IDA)
        assert answer.status_code == 400
        assert actions(org, code) == ["created"]

    def test_a_stranger_does_not_see_orders_in_the_bin(
        self, app: Flask, client: FlaskClient, org: Org, other_org: Org, code: str
    ) -> None:
        with app.app_context():
            order_changes.bin_order(code, actor=org.actor())
        assert other_org.sign_in(client).get(f"/orders/{code}").status_code == 404


def test_an_action_by_htmx_redirects_to_the_page(
    staff_client: FlaskClient, org: Org, code: str
) -> None:
    answer = staff_client.post(
        f"/orders/{code}/status", data={"status": "Complete", "version": 1},
        headers={"HX-Request": "true"},
    )  # fmt: skip
    assert answer.headers["HX-Redirect"] == f"/orders/{code}"
    assert stored(org, code).status == "Complete"
