"""Unsaved changes at the desk, offered only to their person."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from orders.services.orders import changes as order_changes
from tests.actors import Org
from tests.conftest import StoredRows
from tests.desk.order_form.test_edit import HTMX, Desk, fields_of
from tests.html import read

OFFERED = "You have unsaved changes from"

pytestmark = [
    pytest.mark.usefixtures("csrf_off"),
    pytest.mark.one_database(reason="the SQL is that of services, whose tests run on both"),
]


@pytest.fixture
def desk(app: Flask, org: Org) -> Desk:
    return Desk(app, org)


def page_of(desk: Desk) -> str:
    return f"/orders/{desk.order.short_id}"


def keep(client: FlaskClient, desk: Desk, **changes: str) -> dict[str, str]:
    """Type into the form without saving it, and return its fields."""
    form = desk.open(client) | {"name": "Ash table", **changes}
    answer = client.post(f"{desk.address}/draft", data=form)
    assert answer.status_code == 200, answer.text
    return form | {"draft_version": answer.text}


def go_on(client: FlaskClient, desk: Desk) -> str:
    offer = client.get(desk.address).text
    [link] = [one for one in read(offer).all("a") if one.text.startswith("Continue editing")]
    return client.get(link["href"]).text


def bin_it(desk: Desk, *, back: bool = False) -> None:
    with desk.app.app_context():
        change = order_changes.restore_order if back else order_changes.bin_order
        change(desk.order.id, actor=desk.org.actor())


def test_unsaved_changes_are_offered_and_come_back_complete(
    desk: Desk, staff_client: FlaskClient
) -> None:
    form = keep(
        staff_client, desk, **{"cart.1.count": "thirty", "cart.0.metadata": "nonsense",
        "extra.9.key": "colour", "extra.9.value": "red", "status": "New"},
    )  # fmt: skip
    for address in (page_of(desk), desk.address):
        page = staff_client.get(address).text
        assert "You have unsaved changes from" in page
        assert OFFERED in page
    fresh = fields_of(page)
    assert (fresh["name"], fresh["draft_version"]) == ("Oak table", "0")
    again = go_on(staff_client, desk)
    assert "Your unsaved changes from" in again
    assert "The order has changed since then. Saving merges both" not in again
    # What is wrong is checked again, and has the focus.
    wrong = read(again).all("[aria-invalid=true]")
    assert [one["id"] for one in wrong] == ["cart-0-metadata", "cart-1-count"]
    assert read(again).first("[autofocus]")["id"] in {"cart-0-metadata", "cart-1-count"}
    left_out = {"page", "csrf_token"}
    shown = fields_of(again)
    assert {name: shown.get(name) for name in form if name not in left_out} == {
        name: value for name, value in form.items() if name not in left_out
    }
    assert desk.stored() == desk.order


def test_unsaved_changes_are_merged_with_later_ones(desk: Desk, staff_client: FlaskClient) -> None:
    keep(staff_client, desk)
    desk.change({"customerId": "C-8", "metadata": {"room": "9"}})
    page = go_on(staff_client, desk)
    assert "The order has changed since then. Saving merges both." in page
    form = fields_of(page)
    assert (form["version"], form["customerId"]) == ("1", "C-7")
    saved = staff_client.post(desk.address, data={**form, "do": "save"})
    assert saved.location == page_of(desk)
    stored = desk.stored()
    assert (stored.name, stored.customer_id, stored.metadata) == ("Ash table", "C-8", {"room": "9"})


def test_a_conflict_with_a_later_change_is_reported(desk: Desk, staff_client: FlaskClient) -> None:
    keep(staff_client, desk)
    desk.change({"name": "Elm table"})
    shown = go_on(staff_client, desk)
    form = fields_of(shown)
    refused = staff_client.post(desk.address, data={**form, "do": "save"})
    assert refused.status_code == 409
    assert desk.stored().name == "Elm table"
    choices = read(refused.text).all("input[type=radio]")
    # The draft asks the same when it is opened, and keeps what was chosen.
    again = go_on(staff_client, desk)
    assert [one["value"] for one in choices] == [
        one["value"] for one in read(again).all("input[type=radio]")
    ]
    mine = {choices[0]["name"]: choices[0]["value"]}
    sent = {**fields_of(again), **mine}
    assert staff_client.post(f"{desk.address}/draft", data=sent).status_code == 200
    chosen = fields_of(go_on(staff_client, desk))
    assert chosen.items() >= mine.items()
    saved = staff_client.post(desk.address, data={**chosen, "do": "save"})
    assert saved.status_code == 303
    assert desk.stored().name == "Ash table"
    assert OFFERED not in staff_client.get(page_of(desk)).text


def test_saving_ends_the_draft(desk: Desk, staff_client: FlaskClient) -> None:
    form = keep(staff_client, desk)
    assert staff_client.post(desk.address, data={**form, "do": "save"}).status_code == 303
    for address in (page_of(desk), desk.address):
        assert OFFERED not in staff_client.get(address).text
    # A save that arrives late restores nothing.
    late = staff_client.post(f"{desk.address}/draft", data={**form, "name": "Ash tab"})
    assert late.status_code == 409
    assert OFFERED not in staff_client.get(desk.address).text


def test_saving_in_another_window_keeps_the_draft(desk: Desk, staff_client: FlaskClient) -> None:
    keep(staff_client, desk)
    other = desk.open(staff_client) | {"customerId": "C-9", "do": "save"}
    refused = staff_client.post(f"{desk.address}/draft", data=other)
    assert refused.status_code == 409
    assert (
        "Draft not saved: you changed or closed this order in another window. "
        "Save here, or open the order again"
    ) in refused.text
    assert staff_client.post(desk.address, data=other).status_code == 303
    form = fields_of(go_on(staff_client, desk))
    assert form["name"] == "Ash table"
    staff_client.post(desk.address, data={**form, "do": "save"})
    stored = desk.stored()
    assert (stored.name, stored.customer_id) == ("Ash table", "C-9")


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_discarding_ends_the_draft(
    desk: Desk, staff_client: FlaskClient, headers: dict[str, str]
) -> None:
    for here, refused in (("form", "This is the saved order."), ("order", "Changes discarded")):
        form = keep(staff_client, desk)
        answer = staff_client.post(
            f"{desk.address}/discard", headers=headers,
            data={"here": here, "draft_version": form["draft_version"]},
        )  # fmt: skip
        way = answer.headers["HX-Redirect"] if headers else answer.location
        assert way.startswith(desk.address if here == "form" else page_of(desk))
        page = staff_client.get(way).text
        assert refused in page
        assert OFFERED not in page
    assert desk.stored() == desk.order


def test_later_changes_are_not_discarded(desk: Desk, staff_client: FlaskClient) -> None:
    form = keep(staff_client, desk)
    staff_client.post(f"{desk.address}/draft", data={**form, "name": "Beech table"})
    for here in ("form", "order"):
        answer = staff_client.post(
            f"{desk.address}/discard", data={"here": here, "draft_version": "1"}
        )
        page = staff_client.get(answer.location).text
        assert OFFERED in page
        assert "discarded" not in page
    assert 'value="Beech table"' in go_on(staff_client, desk)


def test_a_form_without_changes_saves_no_draft(desk: Desk, staff_client: FlaskClient) -> None:
    form = desk.open(staff_client)
    assert staff_client.post(f"{desk.address}/draft", data=form).text == "0"
    kept = keep(staff_client, desk)
    assert staff_client.post(f"{desk.address}/draft", data=kept | {"name": "Oak table"}).text == "2"
    assert OFFERED not in staff_client.get(desk.address).text


def test_without_javascript_every_button_saves_the_draft(
    desk: Desk, staff_client: FlaskClient
) -> None:
    form = desk.open(staff_client) | {"name": "Ash table", "do": "add"}
    drawn = fields_of(staff_client.post(desk.address, data=form).text)
    assert drawn["draft_version"] == "1"
    refused = staff_client.post(
        desk.address, data={**drawn, "customerId": "C-9", "cart.0.count": "x", "do": "save"}
    )
    assert refused.status_code == 422
    assert fields_of(refused.text)["draft_version"] == "2"
    again = fields_of(go_on(staff_client, desk))
    assert (again["customerId"], again["cart.0.count"]) == ("C-9", "x")


def test_a_draft_of_a_change_never_becomes_a_new_order(
    desk: Desk, staff_client: FlaskClient, stored_rows: StoredRows
) -> None:
    keep(staff_client, desk)
    before = stored_rows()["orders"]
    assert "Ash table" not in staff_client.get("/orders/new", follow_redirects=True).text
    key = f"change:{desk.order.id}"
    address = f"/orders/new?form={key}"
    assert "Ash table" not in staff_client.get(address, follow_redirects=True).text
    assert staff_client.post(f"/orders/new/draft?form={key}").status_code == 400
    assert staff_client.post(address, data={"do": "place"}).status_code == 422
    assert staff_client.post(f"/orders/drafts/{key}/discard").location == "/orders/new"
    assert stored_rows()["orders"] == before
    assert OFFERED in staff_client.get(desk.address).text


def test_nobody_else_sees_the_draft(
    desk: Desk, app: Flask, staff_client: FlaskClient, admin_client: FlaskClient,
    other_org: Org, client: FlaskClient,
) -> None:  # fmt: skip
    form = keep(staff_client, desk)
    for address in (page_of(desk), desk.address, f"{desk.address}?draft=mine"):
        page = admin_client.get(address)
        assert page.status_code == 200
        assert OFFERED not in page.text
        assert "Ash table" not in page.text
    stranger = other_org.sign_in(app.test_client())
    for change in ("draft", "discard"):
        assert stranger.post(f"{desk.address}/{change}", data=form).status_code == 404
        assert client.post(f"{desk.address}/{change}", data=form).status_code in {302, 303, 401}
    assert stranger.get(f"{desk.address}?draft=mine").status_code == 404
    admin_client.post(f"{desk.address}/discard", data=form)
    assert OFFERED in staff_client.get(desk.address).text


class TestInTheBin:
    def test_the_page_reports_the_bin_and_offers_no_draft(
        self, desk: Desk, staff_client: FlaskClient
    ) -> None:
        keep(staff_client, desk)
        bin_it(desk)
        for address in (desk.address, f"{desk.address}?draft=mine"):
            page = staff_client.get(address, follow_redirects=True)
            assert page.request.path == page_of(desk)
            assert "Deleted" in page.text
            assert OFFERED not in page.text
        bin_it(desk, back=True)
        assert OFFERED in staff_client.get(desk.address).text

    @pytest.mark.parametrize("do", ["save", "finish", "add"])
    def test_an_editor_sees_that_it_is_in_the_bin_and_loses_nothing(
        self, desk: Desk, staff_client: FlaskClient, do: str
    ) -> None:
        form = desk.open(staff_client) | {"name": "Ash table"}
        bin_it(desk)
        for headers in ({}, HTMX):
            answer = staff_client.post(desk.address, data={**form, "do": do}, headers=headers)
            assert answer.status_code == 409
            assert (
                "This order was deleted in the meantime and cannot be changed. Your "
                "changes are kept, and you can continue after someone restores the order"
            ) in answer.text
            assert 'value="Ash table"' in answer.text
        refused = staff_client.post(f"{desk.address}/draft", data=form)
        assert refused.status_code == 409
        assert (
            "This order was deleted in the meantime and cannot be changed. Your "
            "changes are kept, and you can continue after someone restores the order"
        ) in refused.text
        bin_it(desk, back=True)
        assert desk.stored().name == "Oak table"
        assert fields_of(go_on(staff_client, desk))["name"] == "Ash table"


@pytest.mark.parametrize("version", ["0", "", "x", "99", "9" * 20])
def test_no_draft_is_saved_for_an_unknown_version(
    desk: Desk, staff_client: FlaskClient, version: str
) -> None:
    form = desk.open(staff_client) | {"version": version, "name": "Ash"}
    assert staff_client.post(f"{desk.address}/draft", data=form).status_code == 409
    assert OFFERED not in staff_client.get(desk.address).text
