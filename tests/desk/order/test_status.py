"""The status of an order: the next step, undo, and changes by others."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from orders.domain.order import OrderChanges
from orders.domain.status import Status
from orders.services.orders import changes as order_changes
from tests.actors import Org
from tests.desk.order.order_actions import actions, page, post, send_undo, stored
from tests.desk.test_pages import make_order
from tests.html import attribute, read

pytestmark = [
    pytest.mark.usefixtures("csrf_off"),
    pytest.mark.one_database(
        reason="the SQL is that of changes, which tests/api/test_change_order.py tests on both"
    ),
]


class TestStatus:
    def test_the_next_step_is_the_main_button(
        self, staff_client: FlaskClient, org: Org, code: str
    ) -> None:
        for name, following in zip([*Status][2:], [*Status][3:], strict=False):
            assert f"Mark as {following}" in page(staff_client, code)
            answer = post(
                staff_client, code, "status", status=following, version=stored(org, code).version
            )
            assert (answer.status_code, answer.location) == (303, f"/orders/{code}")
            assert (stored(org, code).status, name) == (following, name)
        assert "Mark as" not in page(staff_client, code)

    def test_the_menu_offers_all_others(self, staff_client: FlaskClient, code: str) -> None:
        menu = read(page(staff_client, code)).first(".status-menu")
        assert menu.first("[popovertarget]").text == "Change status: New"
        shown = [(one["value"], one.text) for one in menu.all("[popover] button")]
        others = ("List", "In Cart", "In Progress", "Complete")
        assert shown == [(one, one) for one in others]

    def test_the_message_offers_to_undo_the_change(
        self, staff_client: FlaskClient, org: Org, code: str
    ) -> None:
        post(staff_client, code, "status", status="Complete", version=1)
        text = page(staff_client, code)
        assert "Status changed from New to Complete." in text
        send_undo(staff_client, text)
        text = page(staff_client, code)
        assert "Status changed back to New." in text
        assert 'class="undo"' not in text
        assert stored(org, code).status == "New"
        assert actions(org, code) == ["created", "changed", "changed"]

    def test_undo_is_offered_once_and_on_its_own_order(
        self, staff_client: FlaskClient, org: Org, code: str
    ) -> None:
        post(staff_client, code, "status", status="Complete", version=1)
        assert 'class="undo"' in page(staff_client, code)
        assert 'class="undo"' not in page(staff_client, code)
        post(staff_client, code, "status", status="New", version=2)
        assert 'class="undo"' not in page(staff_client, make_order(org)["shortId"])

    def test_undo_is_not_offered_after_another_change(
        self, app: Flask, staff_client: FlaskClient, org: Org, code: str
    ) -> None:
        post(staff_client, code, "status", status="Complete", version=1)
        with app.app_context():
            order_changes.change_order(code, OrderChanges(name="Theirs"), actor=org.actor())
        text = page(staff_client, code)
        assert "to Complete." in text
        assert 'class="undo"' not in text

    def test_an_undo_that_comes_too_late_changes_nothing(
        self, app: Flask, staff_client: FlaskClient, org: Org, code: str
    ) -> None:
        post(staff_client, code, "status", status="Complete", version=1)
        text = page(staff_client, code)
        with app.app_context():
            order_changes.change_order(code, OrderChanges(name="Theirs"), actor=org.actor())
        assert send_undo(staff_client, text).status_code == 409
        assert (stored(org, code).status, stored(org, code).name) == ("Complete", "Theirs")

    def test_a_stale_form_shows_what_changed_and_asks_again(
        self, app: Flask, staff_client: FlaskClient, org: Org, code: str
    ) -> None:
        with app.app_context():
            theirs = OrderChanges(name="Theirs", status=Status.IN_PROGRESS)
            order_changes.change_order(code, theirs, actor=org.actor())
        answer = post(staff_client, code, "status", status="Complete", version=1)
        assert answer.status_code == 409
        assert "This order has changed in the meantime. Nothing was overwritten." in answer.text
        notice = answer.text.partition('id="stale-title"')[2].partition("</section>")[0]
        for shown in ("script", "Lobby", "Theirs", "New", "In Progress", "Keep In Progress"):
            assert shown in notice, shown
        assert stored(org, code).status == "In Progress"
        assert "Mark as Complete anyway" in notice
        again = attribute(
            answer.text, "section[aria-labelledby=stale-title] [name=version]", "value"
        )
        post(staff_client, code, "status", status="Complete", version=again)
        assert stored(org, code).status == "Complete"

    def test_two_people_can_set_the_same_status(
        self, app: Flask, staff_client: FlaskClient, org: Org, code: str
    ) -> None:
        with app.app_context():
            order_changes.change_order(
                code, OrderChanges(status=Status.COMPLETE), actor=org.actor()
            )
        answer = post(staff_client, code, "status", status="Complete", version=1)
        assert "The status is already Complete." in answer.text
        assert actions(org, code) == ["created", "changed"]

    def test_the_same_status_again_writes_nothing(
        self, staff_client: FlaskClient, org: Org, code: str
    ) -> None:
        post(staff_client, code, "status", status="New", version=1)
        assert "The status was already New." in page(staff_client, code)
        assert actions(org, code) == ["created"]

    def test_an_order_without_lines_shows_the_error_beside_the_status(
        self, staff_client: FlaskClient, org: Org
    ) -> None:
        empty = make_order(org, cart=[], status="In Cart")["shortId"]
        answer = post(staff_client, empty, "status", status="New", version=1)
        assert answer.status_code == 422
        assert "<title>Error: " in answer.text
        error = answer.text.partition('id="status-error"')[2].partition("</p>")[0]
        assert "At least one line" in error
        assert stored(org, empty).status == "In Cart"

    @pytest.mark.parametrize("status", ["", "new", "Done", "\0", "é" * 500])
    def test_an_unknown_status_is_refused(
        self, staff_client: FlaskClient, org: Org, code: str, status: str
    ) -> None:
        assert post(staff_client, code, "status", status=status, version=1).status_code == 422
        assert actions(org, code) == ["created"]

    @pytest.mark.parametrize("version", ["", "0", "2", "-1", "x", "\uff11", "9" * 40])
    def test_without_the_right_version_nothing_changes(
        self, staff_client: FlaskClient, org: Org, code: str, version: str
    ) -> None:
        for action in ("status", "bin"):
            answer = post(staff_client, code, action, status="Complete", version=version)
            assert answer.status_code in {303, 409}
        assert actions(org, code) == ["created"]
