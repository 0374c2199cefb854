"""Changing an order by the form: only edited fields, merged with changes of others."""

import re
from dataclasses import replace
from typing import Any, ClassVar

import pytest
from flask import Flask
from flask.testing import FlaskClient

from orders.domain.attributes import AttributeRule, Kind, Option
from orders.domain.inputs import Limits
from orders.domain.order import Order
from orders.services.orders import changes as order_changes
from orders.services.orders import intake, queries
from tests.actors import Org
from tests.bad_orders import CHAIR
from tests.html import read

HTMX = {"HX-Request": "true"}

pytestmark = [
    pytest.mark.usefixtures("csrf_off"),
    pytest.mark.one_database(
        reason="the SQL is that of changes, which tests/api/test_change_order.py tests on both"
    ),
]


class Desk:
    """An order, and the form that changes it."""

    def __init__(self, app: Flask, org: Org) -> None:
        self.app, self.org = app, org
        self.order = self.place()

    def place(self, **changes: object) -> Order:
        raw = {
            "name": "Oak table", "customerId": "C-7", "status": "In Cart",
            "platform": {"id": "A-1", "region": "north"},
            "metadata": {"room": "7", "width": 120, "sizes": {"a": 1.5}, " odd ": True},
            "derivative": {"weight": 12},
            "cart": [
                {"configurationId": CHAIR, "count": 2, "metadata": {"note": "x", "n": [1, None]}},
                {"configurationId": CHAIR, "count": 3},
            ],
            **changes,
        }  # fmt: skip
        with self.app.app_context():
            actor = self.org.actor()
            draft = intake.check_order(raw, actor=actor, limits=Limits())
            return intake.create_order(draft, actor=actor)

    def stored(self) -> Order:
        with self.app.app_context():
            return queries.find_order(self.order.id, self.org.id)

    def change(self, raw: dict[str, Any]) -> None:
        """Change the order as another person."""
        with self.app.app_context():
            actor = self.org.actor()
            changes = order_changes.check_changes(raw, actor=actor, limits=Limits())
            order_changes.change_order(self.order.id, changes, actor=actor)

    @property
    def address(self) -> str:
        return f"/orders/{self.order.short_id}/edit"

    def open(self, client: FlaskClient) -> dict[str, str]:
        """Return the fields of the form as a browser would send them."""
        return fields_of(client.get(self.address).text)


def fields_of(page: str) -> dict[str, str]:
    return read(page).first("#order-form").fields()


@pytest.fixture
def desk(app: Flask, org: Org) -> Desk:
    return Desk(app, org)


def test_saving_without_a_change_changes_nothing(desk: Desk, staff_client: FlaskClient) -> None:
    form = desk.open(staff_client)
    answer = staff_client.post(desk.address, data={**form, "do": "save"})
    assert answer.status_code == 303
    assert desk.stored() == desk.order


def test_only_edited_fields_are_changed(desk: Desk, staff_client: FlaskClient) -> None:
    form = desk.open(staff_client)
    assert form["cart.0.metadata"] == "note: x\nn := [1, null]"
    form |= {"name": "Ash table", "cart.1.count": "30"}
    answer = staff_client.post(desk.address, data={**form, "do": "save"})
    assert answer.location == f"/orders/{desk.order.short_id}"
    stored, first = desk.stored(), desk.order
    assert (stored.name, stored.cart[1].count) == ("Ash table", 30)
    assert stored.cart[0] == first.cart[0]
    assert (stored.metadata, stored.derivative, stored.platform) == (
        first.metadata, first.derivative, first.platform,
    )  # fmt: skip


def test_metadata_is_changed_key_by_key(desk: Desk, staff_client: FlaskClient) -> None:
    form = desk.open(staff_client)
    at = {form[name]: name for name in form if name.startswith("extra.")}
    form[at["room"].replace("key", "value")] = ":= 8"
    for name in (at["width"], at["width"].replace("key", "value")):
        form[name] = ""
    answer = staff_client.post(desk.address, data={**form, "do": "save"})
    assert answer.status_code == 303
    assert desk.stored().metadata == {"room": 8, "sizes": {"a": 1.5}, " odd ": True}


def test_a_retired_option_survives_and_is_flagged(
    app: Flask, org: Org, staff_client: FlaskClient
) -> None:
    desk = Desk(app, org)
    desk.order = desk.place(metadata={"finish": "velvet"})
    org.define(AttributeRule("finish", "Finish", Kind.OPTION, (Option("matt", "Matt"),)))
    page = staff_client.get(desk.address).text
    assert "velvet (no longer available)" in page
    form = {**fields_of(page), "name": "Renamed", "do": "save"}
    assert staff_client.post(desk.address, data=form).status_code == 303
    assert desk.stored().metadata == {"finish": "velvet"}
    assert desk.stored().name == "Renamed"


def test_errors_are_at_their_fields_and_nothing_typed_is_lost(
    desk: Desk, staff_client: FlaskClient
) -> None:
    form = {
        **desk.open(staff_client), "name": "x" * 256, "cart.1.count": "1.5",
        "cart.0.metadata": "nonsense", "do": "save",
    }  # fmt: skip
    for headers in ({}, HTMX):
        answer = staff_client.post(desk.address, data=form, headers=headers)
        assert answer.status_code == 422
        for target in ("name", "cart-1-count", "cart-0-metadata"):
            assert f'href="#{target}"' in answer.text
        assert "nonsense</textarea>" in answer.text
        assert ("<html" in answer.text) is not bool(headers)
    assert desk.stored() == desk.order


def test_an_open_cart_becomes_an_order(desk: Desk, staff_client: FlaskClient) -> None:
    page = staff_client.get(desk.address).text
    assert "Save and place order" in page
    form = {**fields_of(page), "do": "finish"}
    assert staff_client.post(desk.address, data=form).status_code == 303
    assert str(desk.stored().status) == "New"
    assert "Save and place order" not in staff_client.get(desk.address).text


class TestUntouchedFields:
    """What browsers do to texts in their fields is no change of the order."""

    RAW: ClassVar[dict[str, Any]] = {
        "name": "Oak\ntable", "customerId": "C\r\n7",
        "platform": {"id": "A\n1", "platform": "\nshop", "storeName": "x\ry", "more": "a\nb"},
        "metadata": {
            "room": "7\n", "finish": "mat\nt", "wide": "no\ryes", "a\nb": "x\ny", "ab": 2,
            " ab": {"c": 3}, "": 4, " ": "\n",
        },
        "derivative": {"a\nb": 5},
    }  # fmt: skip

    @pytest.fixture
    def desk(self, app: Flask, org: Org) -> Desk:
        desk = Desk(app, org)
        desk.order = desk.place(**self.RAW)
        org.define(
            AttributeRule("room", "Room", Kind.TEXT),
            AttributeRule("finish", "Finish", Kind.OPTION, (Option("matt", "Matt"),)),
            AttributeRule("wide", "Wide", Kind.BOOLEAN),
        )
        return desk

    def test_a_change_of_status_keeps_every_text(
        self, desk: Desk, staff_client: FlaskClient
    ) -> None:
        form = read(staff_client.get(desk.address).text).first("#order-form").sent()
        assert form["name"] == "Oak\r\ntable"
        answer = staff_client.post(desk.address, data={**form, "status": "List", "do": "save"})
        assert answer.status_code == 303, answer.text
        stored = desk.stored()
        assert (str(stored.status), stored.version) == ("List", 2)
        assert stored._replace(
            status=desk.order.status, version=1, updated_at=desk.order.updated_at
        ) == desk.order  # fmt: skip

    def test_a_refused_form_keeps_them_too(self, desk: Desk, staff_client: FlaskClient) -> None:
        form = read(staff_client.get(desk.address).text).first("#order-form").sent()
        form |= {"cart.0.count": "0", "do": "save"}
        refused = staff_client.post(desk.address, data=form)
        assert refused.status_code == 422
        form = read(refused.text).first("#order-form").sent() | {"cart.0.count": "9", "do": "save"}
        assert staff_client.post(desk.address, data=form).status_code == 303
        stored = desk.stored()
        assert (stored.name, stored.customer_id) == ("Oak\ntable", "C\r\n7")
        assert (stored.platform, stored.metadata) == (desk.order.platform, desk.order.metadata)
        assert [line.count for line in stored.cart] == [9, 3]

    def test_a_touched_text_has_plain_line_breaks(
        self, desk: Desk, staff_client: FlaskClient
    ) -> None:
        form = read(staff_client.get(desk.address).text).first("#order-form").sent()
        form |= {"customerId": form["customerId"] + "0", "do": "save"}
        assert staff_client.post(desk.address, data=form).status_code == 303
        assert desk.stored().customer_id == "C\n70"

    def test_the_value_of_a_key_that_cannot_be_shown_is_changed_at_its_key(
        self, desk: Desk, staff_client: FlaskClient
    ) -> None:
        form = read(staff_client.get(desk.address).text).first("#order-form").sent()
        [at] = [name for name in form if form[name] == ':= {"c": 3}']
        form |= {at: "seven", "do": "save"}
        assert staff_client.post(desk.address, data=form).status_code == 303
        assert desk.stored().metadata == {**desk.order.metadata, " ab": "seven"}


def test_untouched_parts_of_a_line_stay_as_they_were_sent(
    app: Flask, org: Org, staff_client: FlaskClient
) -> None:
    desk = Desk(app, org)
    saved = org.save("Oak chair", "A\nB")
    desk.order = desk.place(
        cart=[
            {"configurationId": saved.short_id, "count": 2},
            {"configurationId": saved.short_id, "count": 2, "metadata": {}},
            {"configurationId": saved.id, "count": 2},
        ]
    )
    form = read(staff_client.get(desk.address).text).first("#order-form").sent()
    form |= {"cart.1.count": "5", "do": "save"}
    assert staff_client.post(desk.address, data=form).status_code == 303
    first, second, third = desk.stored().cart
    assert (first, third) == (desk.order.cart[0], desk.order.cart[2])
    assert second == replace(desk.order.cart[1], count=5)


class TestTwoPeople:
    def test_changes_of_both_people_are_merged(self, desk: Desk, staff_client: FlaskClient) -> None:
        form = desk.open(staff_client)
        desk.change({"customerId": "C-8", "metadata": {"room": "9", "gift": True}})
        form |= {"name": "Ash table", "do": "save"}
        assert staff_client.post(desk.address, data=form).status_code == 303
        stored = desk.stored()
        assert (stored.name, stored.customer_id) == ("Ash table", "C-8")
        assert stored.metadata == {"room": "9", "gift": True}

    def test_each_person_sees_that_the_other_edits_the_order(
        self, desk: Desk, org: Org, staff_client: FlaskClient, admin_client: FlaskClient
    ) -> None:
        assert "open too" not in staff_client.get(desk.address).text
        assert (
            f"{org.staff().email} is also editing this order" in admin_client.get(desk.address).text
        )
        piece = staff_client.post(f"{desk.address}/open", headers=HTMX).text
        assert f"{org.admin().email} is also editing this order" in piece
        assert "<html" not in piece


@pytest.mark.parametrize("version", ["0", "", "x", "99", "9" * 20])
def test_an_unknown_version_is_refused(desk: Desk, staff_client: FlaskClient, version: str) -> None:
    form = {**desk.open(staff_client), "version": version, "name": "Ash", "do": "save"}
    assert staff_client.post(desk.address, data=form).status_code == 404
    assert desk.stored() == desk.order


ODD_VERSIONS = [None, "", "0", "-1", "99", "x", "1e9", "9" * 30, "\0"]


@pytest.mark.parametrize("version", ODD_VERSIONS)
def test_no_part_of_the_form_fails_for_an_unknown_version(
    app: Flask, desk: Desk, staff_client: FlaskClient, version: str | None
) -> None:
    sent = {"order": desk.order.short_id, "name": "New", "field": "name"}
    if version is not None:
        sent["version"] = version
    for rule in app.url_map.iter_rules():
        if "POST" not in (rule.methods or ()) or not re.search(
            "/orders/(new|drafts|<r)", rule.rule
        ):
            continue
        given = dict.fromkeys(rule.arguments, desk.order.short_id)
        with app.test_request_context():
            path = rule.build(given, append_unknown=False)
        if path is None:  # it takes something else than an order
            continue
        answer = staff_client.post(path[1], query_string={"field": "name"}, data=sent)
        assert answer.status_code < 500, rule
    answer = staff_client.post("/orders/new/check?field=name", data=sent)
    assert answer.status_code == 409


def test_an_order_of_another_org_is_not_found(
    desk: Desk, app: Flask, other_org: Org, client: FlaskClient
) -> None:
    stranger = other_org.sign_in(app.test_client())
    assert stranger.get(desk.address).status_code == 404
    assert stranger.post(desk.address, data={"do": "save"}).status_code == 404
    assert stranger.post(f"{desk.address}/open").status_code == 404
    assert client.get(desk.address).status_code in {302, 303}
    assert (
        stranger.get(f"/orders/new?from={desk.order.short_id}", follow_redirects=True).status_code
        == 404
    )


def test_a_new_order_is_copied_from_another(desk: Desk, staff_client: FlaskClient) -> None:
    answer = staff_client.get(f"/orders/new?from={desk.order.short_id}", follow_redirects=True)
    form = fields_of(answer.text)
    assert (form["name"], form["customerId"], form["status"]) == ("Oak table", "C-7", "New")
    assert (form["platform.id"], form["draft_version"]) == ("", "0")
    assert "Review before placing" in answer.text
    placed = staff_client.post("/orders/new?form=" + "F" * 22, data={**form, "do": "place"})
    assert placed.status_code == 303
    with desk.app.app_context():
        made = queries.find_order(placed.location.split("/")[2], desk.org.id)
    assert [(line.count, line.metadata) for line in made.cart] == [
        (2, {"note": "x", "n": [1, None]}), (3, None),
    ]  # fmt: skip
    assert made.derivative == desk.order.derivative
    assert {**made.metadata, " odd ": True} == {**desk.order.metadata, "odd": True}
