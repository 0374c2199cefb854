"""Binning and restoring an order."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from orders.domain.order import OrderChanges
from orders.services.orders import changes as order_changes
from orders.services.orders import notes, queries
from tests.actors import Org
from tests.desk.order.order_actions import IDA, KEY, actions, page, post, send_undo, stored

pytestmark = pytest.mark.usefixtures("csrf_off")


class TestBin:
    def test_undo_restores_and_bins_an_order(
        self, staff_client: FlaskClient, org: Org, code: str
    ) -> None:
        post(staff_client, code, "bin", version=1)
        assert stored(org, code).deleted_at is not None
        text = page(staff_client, code)
        assert "Order deleted. It is hidden from customers, shops, and scripts." in text
        send_undo(staff_client, text)
        assert stored(org, code).deleted_at is None
        text = page(staff_client, code)
        assert "Order restored." in text
        assert 'class="undo"' not in text
        assert actions(org, code) == ["created", "binned", "restored"]

    def test_the_page_of_an_order_in_the_bin_is_read_only(
        self, app: Flask, staff_client: FlaskClient, org: Org, code: str
    ) -> None:
        with app.app_context():
            note = notes.add_note(code, "Ring before nine", actor=org.staff().actor)
        post(staff_client, code, "bin", version=1)
        text = page(staff_client, code)
        for shown in ("Deleted", "Restore order", "Ring before nine", "Lobby"):
            assert shown in text, shown
        for hidden in ("Mark as", "Add note", "Delete permanently", "qr.svg", "/print", "bin the"):
            assert hidden not in text, hidden
        with app.app_context():
            before = queries.read_history(stored(org, code))
        for action, fields in (
            ("status", {"status": "Complete", "version": 2}), ("notes", {"note": "x", "key": KEY}),
            (f"notes/{note}/delete", {}), ("link", {"to": IDA}), ("bin", {"version": 2}),
        ):  # fmt: skip
            answer = post(staff_client, code, action, **fields)
            assert (answer.status_code, answer.location) == (303, f"/orders/{code}"), action
            assert "This order is deleted. Restore it first. Nothing was changed" in page(
                staff_client, code
            ), action
        with app.app_context():
            assert queries.read_history(stored(org, code)) == before
            assert [one.text for one in notes.list_notes(stored(org, code))] == ["Ring before nine"]
        for path in ("qr.svg", "placed", "print"):
            assert staff_client.get(f"/orders/{code}/{path}").status_code == 404

    def test_restoring_an_order_that_is_not_in_the_bin_reports_it(
        self, staff_client: FlaskClient, org: Org, code: str
    ) -> None:
        post(staff_client, code, "restore", version=1)
        assert "This order is not deleted." in page(staff_client, code)
        assert actions(org, code) == ["created"]

    def test_a_stale_form_bins_nothing(
        self, app: Flask, staff_client: FlaskClient, org: Org, code: str
    ) -> None:
        with app.app_context():
            order_changes.change_order(code, OrderChanges(name="Theirs"), actor=org.actor())
        post(staff_client, code, "bin", version=1)
        assert "This order has changed in the meantime. Review it, then try again" in page(
            staff_client, code
        )
        assert stored(org, code).deleted_at is None
