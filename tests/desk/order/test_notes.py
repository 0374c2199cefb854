"""The team's notes on the page of an order."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from orders.services.orders import notes
from tests.actors import Org
from tests.desk.order.order_actions import KEY, page, post, stored

pytestmark = [
    pytest.mark.usefixtures("csrf_off"),
    pytest.mark.one_database(
        reason="pages; tests/services/orders/test_notes.py tests the SQL on both"
    ),
]


class TestNotes:
    def test_a_note_is_added_and_shown_with_its_author(
        self, staff_client: FlaskClient, org: Org, code: str
    ) -> None:
        answer = post(staff_client, code, "notes", note="Yard gate\r\n<b>", key=KEY)
        assert re.fullmatch(f"/orders/{code}#note-[0-9a-f-]{{36}}", answer.location)
        text = page(staff_client, code)
        assert "Yard gate\n&lt;b&gt;" in text
        assert org.email in text.partition('class="notes"')[2]

    def test_a_double_click_adds_one(self, staff_client: FlaskClient, org: Org, code: str) -> None:
        for _ in range(2):
            post(staff_client, code, "notes", note="Once", key=KEY)
        assert page(staff_client, code).count('<p class="note-text">') == 1

    @pytest.mark.parametrize("note", ["", "x" * 2001, "a\0"])
    def test_a_refused_note_stays_in_the_form(
        self, staff_client: FlaskClient, code: str, note: str
    ) -> None:
        answer = post(staff_client, code, "notes", note=note, key=KEY)
        assert answer.status_code == 422
        assert 'aria-invalid="true"' in answer.text
        assert f">\n{note}</textarea>" in answer.text
        assert "No notes yet." in answer.text

    def test_customers_and_the_api_do_not_see_notes(
        self, client: FlaskClient, staff_client: FlaskClient, org: Org, code: str
    ) -> None:
        post(staff_client, code, "notes", note="Between ourselves", key=KEY)
        headers = {"Authorization": f"Bearer {org.private.secret}"}
        for path in (f"/api/orders/{code}", "/api/orders", f"/o/{code}"):
            answer = client.get(path, headers=headers)
            assert answer.status_code == 200
            assert "Between ourselves" not in answer.text

    def test_people_can_delete_only_their_own_notes(
        self, app: Flask, staff_client: FlaskClient, admin_client: FlaskClient, org: Org, code: str
    ) -> None:
        made = post(staff_client, code, "notes", note="Mine", key=KEY).location[-36:]
        assert "Delete permanently" not in page(admin_client, code)
        post(admin_client, code, f"notes/{made}/delete")
        text = page(admin_client, code)
        assert "Only the author can delete a note." in text
        assert "Mine" in text
        post(staff_client, code, f"notes/{made}/delete")
        assert "Note deleted." in page(staff_client, code)
        with app.app_context():
            assert notes.list_notes(stored(org, code)) == ()
