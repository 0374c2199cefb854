"""Canceling and reopening an order at the desk, and what a canceled order refuses."""

import csv
import io
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from orders.domain.cancellation import OrderCanceled
from orders.domain.inputs import Limits
from orders.domain.order import OrderChanges
from orders.interfaces.desk.order_list.list_page import DEFAULT_COLUMNS
from orders.services.imports import upload
from orders.services.orders import changes as order_changes
from tests.actors import Org
from tests.bad_orders import good_form
from tests.desk.order.order_actions import actions, page, post, send_undo, stored
from tests.desk.test_pages import make_order
from tests.html import Part, read, texts

pytestmark = [
    pytest.mark.usefixtures("csrf_off"),
    pytest.mark.one_database(reason="pages; tests/api/test_cancel_order.py tests the SQL on both"),
]
CANCELED = str(OrderCanceled())


@pytest.fixture
def canceled(app: Flask, org: Org, code: str) -> str:
    with app.app_context():
        order_changes.cancel_order(code, "Ordered twice", actor=org.actor())
    return code


def reason_form(text: str) -> Part:
    return read(text).first("details.cancel form[method=post]")


class TestPage:
    def test_it_is_canceled_with_a_reason_and_undone(
        self, staff_client: FlaskClient, org: Org, code: str
    ) -> None:
        form = reason_form(page(staff_client, code))
        answer = staff_client.post(
            form["action"], data={**form.fields(), "reason": " Ordered twice "}
        )
        assert (answer.status_code, answer.location) == (303, f"/orders/{code}")
        order = stored(org, code)
        assert (order.cancel_reason, order.status, order.version) == ("Ordered twice", "New", 2)
        text = page(staff_client, code)
        assert "The order is canceled. Its status stays as it was." in text
        [title] = texts(text, "#canceled-title")
        assert title.startswith("Canceled today ")
        assert title.endswith("· Ordered twice")
        assert texts(text, ".subtitle .status-canceled") == ["Canceled"]
        assert not read(text).has("details.cancel")
        assert "Mark as" not in text
        send_undo(staff_client, text)
        assert stored(org, code).canceled_at is None
        text = page(staff_client, code)
        assert "The order is open again." in text
        assert not read(text).has("form.undo")
        assert "Mark as In Progress" in text

    def test_it_is_reopened_and_undone(
        self, staff_client: FlaskClient, org: Org, canceled: str
    ) -> None:
        form = read(page(staff_client, canceled)).first(".cancel-notice form")
        assert staff_client.post(form["action"], data=form.fields()).status_code == 303
        assert stored(org, canceled).canceled_at is None
        send_undo(staff_client, page(staff_client, canceled))
        assert stored(org, canceled).cancel_reason == "Ordered twice"
        assert actions(org, canceled) == ["created", "canceled", "reopened", "canceled"]

    def test_the_history_tells_it_in_words(self, staff_client: FlaskClient, canceled: str) -> None:
        post(staff_client, canceled, "reopen", version=2)
        post(staff_client, canceled, "cancel", version=3)
        entries = [one.text for one in read(page(staff_client, canceled)).all(".event")]
        assert [one.partition(" by ")[0] for one in entries] == [
            "Canceled", "Reopened", "Canceled", "Created",
        ]  # fmt: skip
        assert "Reason:" not in entries[0]
        assert entries[1].endswith("Reason: from Ordered twice")
        assert entries[2].endswith("Reason: Ordered twice")

    @pytest.mark.parametrize("reason", ["x" * 256, "a\0b"])
    def test_a_bad_reason_is_reported_at_its_field(
        self, staff_client: FlaskClient, org: Org, code: str, reason: str
    ) -> None:
        answer = post(staff_client, code, "cancel", reason=reason, version=1)
        assert answer.status_code == 422
        found = read(answer.text)
        assert found.first("title").text.startswith("Error: ")
        assert "open" in found.first("details.cancel")
        assert found.first("#reason")["aria-invalid"] == "true"
        assert found.first("#reason-error").text != ""
        assert stored(org, code).canceled_at is None

    def test_a_stale_form_keeps_the_reason_and_asks_again(
        self, app: Flask, staff_client: FlaskClient, org: Org, code: str
    ) -> None:
        with app.app_context():
            order_changes.change_order(code, OrderChanges(name="Theirs"), actor=org.actor())
        answer = post(staff_client, code, "cancel", reason="Too late", version=1)
        assert answer.status_code == 409
        assert "This order has changed in the meantime. Review it, then try again" in answer.text
        form = reason_form(answer.text)
        assert form.fields()["reason"] == "Too late"
        assert staff_client.post(form["action"], data=form.fields()).status_code == 303
        assert stored(org, code).cancel_reason == "Too late"
        post(staff_client, code, "reopen", version=1)
        assert "This order has changed in the meantime. Review it, then try again" in page(
            staff_client, code
        )
        assert stored(org, code).canceled_at is not None

    def test_twice_is_reported_and_changes_nothing(
        self, staff_client: FlaskClient, org: Org, canceled: str
    ) -> None:
        post(staff_client, canceled, "cancel", reason="Other", version=2)
        assert "The order was canceled already." in page(staff_client, canceled)
        post(staff_client, canceled, "reopen", version=2)
        page(staff_client, canceled)
        post(staff_client, canceled, "reopen", version=3)
        assert "The order is not canceled." in page(staff_client, canceled)
        assert actions(org, canceled) == ["created", "canceled", "reopened"]

    def test_its_status_is_refused(
        self, staff_client: FlaskClient, org: Org, canceled: str
    ) -> None:
        answer = post(staff_client, canceled, "status", status="Complete", version=2)
        assert answer.status_code == 409
        [error] = texts(answer.text, "#status-error")
        assert error == f"Status not changed. {CANCELED}"
        # With an old version the page shows who has canceled it, and offers no way around.
        stale = post(staff_client, canceled, "status", status="Complete", version=1).text
        assert "Canceled" in read(stale).first("[aria-labelledby=stale-title] .event").text
        assert "Mark as" not in stale
        assert stored(org, canceled).status == "New"

    def test_in_the_bin_it_says_so_and_cannot_be_reopened(
        self, staff_client: FlaskClient, org: Org, canceled: str
    ) -> None:
        post(staff_client, canceled, "bin", version=2)
        text = page(staff_client, canceled)
        assert "Ordered twice" in texts(text, "#canceled-title")[0]
        assert not read(text).has(".cancel-notice form")
        post(staff_client, canceled, "reopen", version=3)
        assert "This order is deleted. Restore it first. Nothing was changed" in page(
            staff_client, canceled
        )
        post(staff_client, canceled, "restore", version=3)
        assert stored(org, canceled).cancel_reason == "Ordered twice"

    def test_the_sheet_says_that_it_is_canceled_but_not_why(
        self, staff_client: FlaskClient, canceled: str
    ) -> None:
        text = staff_client.get(f"/orders/{canceled}/print").text
        assert texts(text, ".canceled")[0].startswith("Canceled on ")
        assert "Ordered twice" not in text

    def test_the_start_page_marks_it_among_ones_own(
        self, staff_client: FlaskClient, org: Org
    ) -> None:
        form = {**good_form(), "do": "place"}
        placed = staff_client.post(f"/orders/new?form={'S' * 22}", data=form).location
        post(staff_client, placed.split("/")[2], "cancel", version=1)
        mine = read(staff_client.get("/").text).first("[aria-labelledby=mine-title]")
        assert [one.text for one in mine.all(".status")] == ["New", "Canceled"]


class TestForm:
    def test_status_and_cart_are_shown_and_other_fields_are_saved(
        self, staff_client: FlaskClient, org: Org, canceled: str
    ) -> None:
        text = staff_client.get(f"/orders/{canceled}/edit").text
        found = read(text)
        assert "Its status and its cart cannot be changed until it is reopened" in text
        assert found.has("form[action$='/reopen']")
        assert texts(text, ".fixed .status") == ["New"]
        assert found.has("#cart .cart-lines")
        assert found.has("div[hidden] #lines")
        assert found.has("div[hidden] > .field #status")
        fields = found.first("#order-form").fields()
        answer = staff_client.post(
            f"/orders/{canceled}/edit", data={**fields, "name": "Foyer", "do": "save"}
        )
        assert answer.status_code == 303, answer.text
        order = stored(org, canceled)
        assert (order.name, order.version, len(order.cart)) == ("Foyer", 3, 1)
        assert order.canceled_at is not None

    @pytest.mark.parametrize("typed", [{"cart.0.count": "7"}, {"status": "Complete"}])
    def test_what_was_typed_before_is_refused_and_kept(
        self, app: Flask, staff_client: FlaskClient, org: Org, code: str, typed: dict[str, Any]
    ) -> None:
        opened = read(staff_client.get(f"/orders/{code}/edit").text)
        fields = opened.first("#order-form").fields()
        with app.app_context():
            order_changes.cancel_order(code, None, actor=org.actor())
        answer = staff_client.post(f"/orders/{code}/edit", data={**fields, **typed, "do": "save"})
        assert answer.status_code == 409
        form = read(answer.text).first("#order-form")
        assert CANCELED in form.first(".notice[role=alert]:not([hidden])").text
        assert not form.has("div[hidden] #lines")
        [name] = typed
        assert form.fields()[name] == typed[name]
        assert stored(org, code).version == 2
        with app.app_context():
            order_changes.reopen_order(code, actor=org.actor())
        answer = staff_client.post(f"/orders/{code}/edit", data={**form.fields(), "do": "save"})
        assert answer.status_code == 303
        assert actions(org, code) == ["created", "canceled", "reopened", "changed"]

    def test_a_change_of_another_field_is_saved_although_it_was_canceled_meanwhile(
        self, app: Flask, staff_client: FlaskClient, org: Org, code: str
    ) -> None:
        opened = read(staff_client.get(f"/orders/{code}/edit").text)
        fields = opened.first("#order-form").fields()
        with app.app_context():
            order_changes.cancel_order(code, "Theirs", actor=org.actor())
        staff_client.post(
            f"/orders/{code}/edit", data={**fields, "customerId": "C-9", "do": "save"}
        )
        order = stored(org, code)
        assert (order.customer_id, order.cancel_reason) == ("C-9", "Theirs")


class TestList:
    def rows(self, text: str) -> dict[str, Part]:
        return {one["id"].removeprefix("row-"): one for one in read(text).all("tbody tr")}

    def test_it_has_a_badge_in_place_of_the_menu(
        self, staff_client: FlaskClient, org: Org, canceled: str
    ) -> None:
        other = make_order(org)["shortId"]
        rows = self.rows(staff_client.get("/orders").text)
        assert [one.text for one in rows[canceled].all(".status")] == ["New", "Canceled"]
        assert not rows[canceled].has("[popover]")
        assert rows[other].has("[popover]")
        assert not rows[other].has(".status-canceled")
        columns = ",".join(one for one in DEFAULT_COLUMNS if one != "status")
        rows = self.rows(staff_client.get(f"/orders?columns={columns}").text)
        assert rows[canceled].has("th .status-canceled")

    def test_it_is_filtered(self, staff_client: FlaskClient, org: Org, canceled: str) -> None:
        other = make_order(org)["shortId"]
        text = staff_client.get("/orders?canceled=true").text
        assert list(self.rows(text)) == [canceled]
        assert texts(text, ".chip") == ["Remove filter: Canceled \N{MULTIPLICATION SIGN}"]
        assert read(text).first("#canceled option[selected]")["value"] == "true"
        assert list(self.rows(staff_client.get("/orders?q=twice").text)) == [canceled]
        text = staff_client.get("/orders?canceled=false").text
        assert list(self.rows(text)) == [other]
        assert texts(text, ".chip") == ["Remove filter: Not canceled \N{MULTIPLICATION SIGN}"]
        answer = staff_client.get("/orders?canceled=yes")
        assert answer.status_code == 422
        assert texts(answer.text, "#canceled-error") == ["true, false, or nothing."]

    def test_changes_of_its_status_are_refused_with_the_reason(
        self, staff_client: FlaskClient, org: Org, canceled: str
    ) -> None:
        other = make_order(org)["shortId"]
        sent = {"scope": "ticked", "order": [f"{canceled}.2", f"{other}.1"], "key": "k"}
        answer = staff_client.post("/orders/bulk", data={**sent, "do": "status", "set": "Complete"})
        text = staff_client.get(answer.location).text
        assert texts(text, "#report-title") == ["1 order set to Complete. 1 order skipped."]
        assert f"rejected: {CANCELED}" in texts(text, ".outcomes li")[0]
        row = {"seen": f"{canceled}.2", "do": f"row.{canceled}.List"}
        answer = staff_client.post("/orders/bulk", data=row)
        assert CANCELED in read(staff_client.get(answer.location).text).first("#report").text
        assert (stored(org, canceled).status, stored(org, other).status) == ("New", "Complete")

    def test_undoing_a_bulk_change_leaves_it_alone(
        self, app: Flask, staff_client: FlaskClient, org: Org, code: str
    ) -> None:
        sent = {"scope": "ticked", "order": f"{code}.1", "key": "k", "do": "status"}
        answer = staff_client.post("/orders/bulk", data={**sent, "set": "Complete"})
        undoing = read(staff_client.get(answer.location).text).first("#report form")["action"]
        with app.app_context():
            order_changes.cancel_order(code, None, actor=org.actor())
        assert staff_client.post(undoing).status_code == 303
        assert stored(org, code).status == "Complete"

    def test_an_export_has_both_columns_and_can_be_imported_back(
        self, app: Flask, staff_client: FlaskClient, org: Org, canceled: str
    ) -> None:
        make_order(org)
        file = staff_client.get("/orders/export.csv?sort=createdAt").data
        rows = list(csv.DictReader(io.StringIO(file.decode("utf-8-sig"), newline="")))
        assert [(one["canceledAt"] != "", one["cancelReason"]) for one in rows] == [
            (True, "Ordered twice"), (False, ""),
        ]  # fmt: skip
        with app.app_context():
            actor = org.staff().actor
            made = upload.upload("orders.csv", file, actor=actor, limits=Limits(), key="key")
            matching = upload.suggest(made, actor)
            targets = dict(zip(made.columns, matching.targets, strict=True))
        assert (targets["canceledAt"], targets["cancelReason"]) == ("", "")
