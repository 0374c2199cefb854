"""Changes from the list: a status in its row, many orders at once, the bin, undo."""

import itertools
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, select, update

from orders.domain.errors import ServiceBusy
from orders.storage import database, tables
from tests.actors import Org
from tests.desk.test_pages import make_order
from tests.html import attribute, read
from tests.receiver import Receiver

pytestmark = pytest.mark.usefixtures("csrf_off")
HTMX = {"HX-Request": "true"}


def stored(app: Flask, code: str) -> tuple[str, int, bool]:
    """Return status, version and whether it is in the bin."""
    order = tables.orders
    statement = select(order.c.status, order.c.version, order.c.deleted_at)
    with app.app_context(), database.read() as connection:
        row = connection.execute(statement.where(order.c.short_id == code)).one()
    return row.status, row.version, row.deleted_at is not None


def history(app: Flask, code: str) -> list[tuple[str, object]]:
    entry = tables.order_history
    statement = (
        select(entry.c.action, entry.c.changes)
        .join(tables.orders, tables.orders.c.id == entry.c.order_id)
        .where(tables.orders.c.short_id == code)
        .order_by(entry.c.id)
    )
    with app.app_context(), database.read() as connection:
        return [(row.action, row.changes) for row in connection.execute(statement)]


def form(client: FlaskClient, query: str = "") -> dict[str, object]:
    """Return the fields of the form on the page, with nothing ticked."""
    text = client.get(f"/orders?{query}").text
    page = read(text)
    changing = page.first("#changing").fields()
    return {
        "state": changing["state"],
        "key": changing["key"],
        "seen": [one["value"] for one in page.all("[name=seen]")],
        "scope": "ticked",
    }


def headline(text: str) -> str:
    """Return the headline of the report."""
    return read(text).first("#report-title").text


def change(client: FlaskClient, fields: dict[str, object], **more: object) -> str:
    answer = client.post("/orders/bulk", data={**fields, **more})
    assert answer.status_code == 303, answer.text
    return client.get(answer.location).text


def undo_of(text: str) -> str:
    """Return where the form behind the report's Undo button leads."""
    return attribute(text, "form[action^='/orders/changes/'][action$='/undo']", "action")


def undo(client: FlaskClient, text: str) -> str:
    answer = client.post(undo_of(text), data={"state": ""})
    assert answer.status_code == 303
    return client.get(answer.location).text


class TestStatus:
    def test_one_row_gets_its_status_by_its_own_button(
        self, staff_client: FlaskClient, app: Flask, org: Org
    ) -> None:
        code, other = make_order(org)["shortId"], make_order(org)["shortId"]
        menu = read(staff_client.get("/orders").text).first(f"#set-{code}")
        buttons = {one.text: one["value"] for one in menu.all("button")}
        assert list(buttons) == ["List", "In Cart", "In Progress", "Complete"]
        text = change(staff_client, form(staff_client), do=buttons["Complete"])
        assert headline(text) == "1 order set to Complete."
        assert stored(app, code)[0] == "Complete"
        assert stored(app, other)[0] == "New"
        assert history(app, code)[1] == (
            "changed", {"status": {"from": "New", "to": "Complete"}},
        )  # fmt: skip

    def test_many_orders_are_changed_at_once_and_reported(
        self, staff_client: FlaskClient, app: Flask, org: Org
    ) -> None:
        new, listed = make_order(org)["shortId"], make_order(org, status="List")["shortId"]
        empty = make_order(org, status="List", cart=[])["shortId"]
        done = make_order(org, status="Complete")["shortId"]
        text = change(staff_client, form(staff_client), scope="page", do="status", set="Complete")
        assert headline(text) == "2 orders set to Complete. 1 order already done. 1 order skipped."
        assert [stored(app, code)[0] for code in (new, listed, empty, done)] == [
            "Complete", "Complete", "List", "Complete",
        ]  # fmt: skip
        assert "rejected: " in text
        assert [len(history(app, code)) for code in (new, listed, empty, done)] == [2, 2, 1, 1]

    def test_only_ticked_orders_are_changed(
        self, staff_client: FlaskClient, app: Flask, org: Org
    ) -> None:
        ticked, other = make_order(org)["shortId"], make_order(org)["shortId"]
        change(staff_client, form(staff_client), order=f"{ticked}.1", do="status", set="Complete")
        assert stored(app, ticked)[0] == "Complete"
        assert stored(app, other)[0] == "New"

    def test_all_matching_orders_are_changed_also_on_other_pages(
        self, staff_client: FlaskClient, app: Flask, org: Org, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("orders.services.orders.order_list.PAGE_SIZE", 2)
        matching = [make_order(org, name="Match")["shortId"] for _ in range(5)]
        other = make_order(org, name="Other")["shortId"]
        fields = form(staff_client, "q=match")
        assert len(fields["seen"]) == 2  # type: ignore[arg-type]  # a list
        text = change(staff_client, fields, scope="all", do="status", set="In Progress")
        assert headline(text) == "5 orders set to In Progress."
        assert {stored(app, code)[0] for code in matching} == {"In Progress"}
        assert stored(app, other)[0] == "New"

    def test_too_many_orders_are_refused_and_nothing_is_changed(
        self, staff_client: FlaskClient, app: Flask, org: Org, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("orders.services.orders.bulk.MOST_ORDERS", 2)
        made = [make_order(org)["shortId"] for _ in range(3)]
        sent = {**form(staff_client), "scope": "all", "do": "status", "set": "Complete"}
        answer = staff_client.post("/orders/bulk", data=sent)
        assert answer.status_code == 422
        assert "More than 2 orders match" in answer.text
        assert {stored(app, code)[0] for code in made} == {"New"}

    def test_orders_changed_meanwhile_are_skipped(
        self, staff_client: FlaskClient, app: Flask, org: Org, client: FlaskClient
    ) -> None:
        code, other = make_order(org)["shortId"], make_order(org)["shortId"]
        fields = form(staff_client)
        headers = {"Authorization": f"Bearer {org.private.secret}"}
        client.put(f"/api/orders/{code}", json={"name": "Changed"}, headers=headers)
        text = change(staff_client, fields, scope="page", do="status", set="Complete")
        assert headline(text) == "1 order set to Complete. 1 order skipped."
        assert "skipped: changed in the meantime" in text
        assert stored(app, code)[0] == "New"
        assert stored(app, other)[0] == "Complete"

    def test_the_same_form_twice_is_one_change(
        self, staff_client: FlaskClient, app: Flask, org: Org
    ) -> None:
        code = make_order(org)["shortId"]
        fields = form(staff_client)
        first = change(staff_client, fields, scope="page", do="status", set="Complete")
        second = change(staff_client, fields, scope="page", do="status", set="Complete")
        assert headline(first) == headline(second) == "1 order set to Complete."
        assert stored(app, code)[1] == 2

    def test_selecting_other_orders_on_the_same_page_is_another_change(
        self, staff_client: FlaskClient, app: Flask, org: Org
    ) -> None:
        one, two = make_order(org)["shortId"], make_order(org)["shortId"]
        fields = form(staff_client)
        change(staff_client, fields, order=f"{one}.1", do="status", set="Complete")
        text = change(staff_client, fields, order=f"{two}.1", do="status", set="Complete")
        assert headline(text) == "1 order set to Complete."
        assert [stored(app, code)[0] for code in (one, two)] == ["Complete", "Complete"]

    def test_webhooks_are_called_for_each_order(
        self, staff_client: FlaskClient, app: Flask, org: Org, receiver: Receiver
    ) -> None:
        headers = {"Authorization": f"Bearer {org.private.secret}"}
        hook = {"topic": "order.updated", "address": "https://hooks.shop.example/orders"}
        made = app.test_client().post("/api/webhooks", json=hook, headers=headers)
        assert made.status_code == 201, made.text
        for _ in range(2):
            make_order(org)
        change(staff_client, form(staff_client), scope="page", do="status", set="Complete")
        with app.app_context(), database.read() as connection:
            told_of = connection.execute(select(tables.webhook_delivery.c.topic)).scalars().all()
        assert list(told_of) == ["order.updated"] * 2

    def test_a_busy_database_is_reported_for_each_order(
        self, staff_client: FlaskClient, app: Flask, org: Org, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = [make_order(org)["shortId"] for _ in range(3)]
        fields = form(staff_client)
        write, calls = database.write, itertools.count()

        def busy(work: Callable[[Connection], object]) -> object:
            # The first call claims the change, the second one changes an order.
            if next(calls) == 2:
                raise ServiceBusy("Changes cannot be saved right now. Please try again.")
            return write(work)

        with monkeypatch.context() as patch:
            patch.setattr(database, "write", busy)
            text = change(staff_client, fields, scope="page", do="status", set="Complete")
        assert headline(text) == "1 order set to Complete. 2 orders skipped."
        assert text.count("not changed: Changes cannot be saved right now") == 2
        assert sorted(stored(app, code)[0] for code in made) == ["Complete", "New", "New"]


class TestUndo:
    def test_undo_restores_orders_that_were_not_changed_since(
        self, staff_client: FlaskClient, app: Flask, org: Org, client: FlaskClient
    ) -> None:
        new, cart = make_order(org)["shortId"], make_order(org, status="In Cart")["shortId"]
        touched = make_order(org)["shortId"]
        text = change(staff_client, form(staff_client), scope="page", do="status", set="Complete")
        headers = {"Authorization": f"Bearer {org.private.secret}"}
        client.put(f"/api/orders/{touched}", json={"name": "Touched"}, headers=headers)
        text = undo(staff_client, text)
        assert headline(text) == "Undone: 2 orders set back. 1 order skipped."
        assert [stored(app, code)[0] for code in (new, cart, touched)] == [
            "New", "In Cart", "Complete",
        ]  # fmt: skip
        assert history(app, cart)[-1] == (
            "changed", {"status": {"from": "Complete", "to": "In Cart"}},
        )  # fmt: skip

    def test_a_second_undo_does_nothing(
        self, staff_client: FlaskClient, app: Flask, org: Org
    ) -> None:
        code = make_order(org)["shortId"]
        text = change(staff_client, form(staff_client), scope="page", do="status", set="Complete")
        assert headline(undo(staff_client, text)) == "Undone: 1 order set back."
        assert headline(undo(staff_client, text)) == "Undone: 1 order set back."
        assert stored(app, code)[1] == 3

    def test_only_the_author_of_a_change_can_undo_it(
        self, staff_client: FlaskClient, app: Flask, org: Org, other_org: Org
    ) -> None:
        code = make_order(org)["shortId"]
        text = change(staff_client, form(staff_client), scope="page", do="status", set="Complete")
        address = undo_of(text)
        for other in (org.admin(), other_org.staff()):
            stranger = org.sign_in(app.test_client(), other)
            assert stranger.post(address, data={"state": ""}).status_code == 404
        assert stored(app, code)[0] == "Complete"
        assert staff_client.post("/orders/changes/nonsense/undo").status_code == 404

    def test_the_recorded_part_of_an_interrupted_change_can_be_undone(
        self, staff_client: FlaskClient, app: Flask, org: Org, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        code = make_order(org)["shortId"]
        text = change(staff_client, form(staff_client), scope="page", do="status", set="Complete")
        with app.app_context():
            never = update(tables.bulk_change).values(finished_at=None)
            database.write(lambda connection: connection.execute(never).close())
        done = re.search(r"done=([0-9a-f-]{36})", text)
        assert done is not None
        address = f"/orders/changes/{done[1]}/undo"
        running = staff_client.get(staff_client.post(address, data={}).location).text
        assert headline(running).startswith("In progress: 1 order so far.")
        assert stored(app, code)[0] == "Complete"
        monkeypatch.setattr("orders.services.orders.bulk.PATIENCE", timedelta(0))
        shown = staff_client.get(f"/orders?done={done[1]}").text
        assert headline(shown) == "Interrupted: 1 order set to Complete."
        assert headline(undo(staff_client, shown)) == "Undone: 1 order set back."
        assert stored(app, code)[0] == "New"


class TestBin:
    def test_orders_are_binned_and_restored(
        self, staff_client: FlaskClient, app: Flask, org: Org
    ) -> None:
        one, two = make_order(org)["shortId"], make_order(org)["shortId"]
        text = change(staff_client, form(staff_client), scope="page", do="bin")
        assert headline(text) == "2 orders deleted."
        assert stored(app, one)[2]
        text = undo(staff_client, text)
        assert not stored(app, one)[2]
        change(staff_client, form(staff_client), order=f"{two}.3", do="bin")
        assert stored(app, two)[2]
        text = change(staff_client, form(staff_client, "bin=1"), scope="all", do="restore")
        assert headline(text) == "1 order restored."
        assert not stored(app, two)[2]
        assert [action for action, _ in history(app, two)] == [
            "created", "binned", "restored", "binned", "restored",
        ]  # fmt: skip


class TestForm:
    def test_enter_changes_nothing(self, staff_client: FlaskClient, app: Flask, org: Org) -> None:
        code = make_order(org, name="a")["shortId"]
        page = staff_client.get("/orders?q=a").text
        assert read(page).first("#changing button")["value"] == ""
        sent = {**form(staff_client), "scope": "page", "set": "Complete", "do": ""}
        assert staff_client.post("/orders/bulk", data=sent).status_code == 303
        assert stored(app, code)[0] == "New"

    @pytest.mark.parametrize(
        ("sent", "sentence"),
        [({"do": "status", "set": "Complete"}, "Select orders first"),
         ({"do": "status", "scope": "page"}, "Choose a new status"),
         ({"do": "status", "scope": "page", "set": "Newest"}, "Choose a new status"),
         ({"do": "bin", "order": ["nonsense", "a.b", "..", "é.1"]}, "Select orders first")],
    )  # fmt: skip
    def test_missing_choices_are_reported(
        self, staff_client: FlaskClient, app: Flask, org: Org, sent: dict[str, str], sentence: str
    ) -> None:
        code = make_order(org)["shortId"]
        answer = staff_client.post("/orders/bulk", data={**form(staff_client), **sent})
        assert answer.status_code == 422
        assert sentence in answer.text
        assert stored(app, code)[1] == 1

    def test_orders_of_other_orgs_do_not_exist(
        self, staff_client: FlaskClient, app: Flask, org: Org, other_org: Org
    ) -> None:
        make_order(org)
        theirs = make_order(other_org)["shortId"]
        fields = form(staff_client)
        text = change(staff_client, fields, order=f"{theirs}.1", do="status", set="Complete")
        assert headline(text) == "0 orders set to Complete."
        assert stored(app, theirs)[0] == "New"

    def test_htmx_gets_the_piece_with_the_report(
        self, staff_client: FlaskClient, app: Flask, org: Org
    ) -> None:
        code = make_order(org)["shortId"]
        sent = {**form(staff_client, "status=New"), "scope": "page", "do": "status", "set": "List"}
        answer = staff_client.post("/orders/bulk", data=sent, headers=HTMX)
        assert answer.status_code == 200
        assert "<html" not in answer.text
        assert headline(answer.text) == "1 order set to List."
        here = attribute(answer.text, "[data-here]", "data-here")
        assert re.fullmatch(r"/orders\?status=New&done=[0-9a-f-]{36}", here)
        assert stored(app, code)[0] == "List"

    def test_the_lists_actions_require_a_sign_in(
        self, app: Flask, org: Org, client: FlaskClient
    ) -> None:
        code = make_order(org)["shortId"]
        sent = {"seen": f"{code}.1", "scope": "page", "do": "bin"}
        for path in ("bulk", "columns", "views", "views/x", "changes/x/undo"):
            assert client.post(f"/orders/{path}", data=sent).status_code == 303
        for path in ("export.csv", "export.xlsx"):
            assert client.get(f"/orders/{path}").status_code == 303
        assert not stored(app, code)[2]


def test_a_forged_form_is_refused(app: Flask, org: Org) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    client = org.sign_in(app.test_client())
    code = make_order(org)["shortId"]
    sent = {"seen": f"{code}.1", "scope": "page", "do": "bin"}
    for path in ("bulk", "columns", "views", "views/x", "changes/x/undo"):
        assert client.post(f"/orders/{path}", data=sent).status_code == 400
    assert not stored(app, code)[2]
