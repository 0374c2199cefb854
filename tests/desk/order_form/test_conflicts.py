"""Two people change one order: lines are merged by their IDs, and conflicts are chosen from."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from orders.domain.attributes import Applies, AttributeRule, Kind
from orders.domain.order import CartLine
from orders.services.orders import changes as order_changes
from tests.actors import Org
from tests.api.calls import Api
from tests.api.conftest import caller
from tests.desk.order_form.test_edit import HTMX, Desk, fields_of
from tests.html import Part, read

CHAIR = "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11"
TABLE = "b2f7c1de-8a44-4d0b-9a39-0c5f2a7d6e11"
LAMP = "5e0d1c5a-1f64-4a39-8f0e-6f1f0b8f7c22"
ASKED = "Someone else changed the same fields. Nothing was saved."

pytestmark = [
    pytest.mark.usefixtures("csrf_off"),
    pytest.mark.one_database(
        reason="the SQL is that of changes, which tests/api/test_change_order.py tests on both"
    ),
]


@pytest.fixture
def desk(app: Flask, org: Org) -> Desk:
    desk = Desk(app, org)
    desk.order = desk.place(
        metadata={"room": "7"}, derivative={}, platform={},
        cart=[
            {"configurationId": CHAIR, "count": 2, "metadata": {"color": "red", "text": "Anna"}},
            {"configurationId": CHAIR, "count": 3},
            {"configurationId": TABLE, "count": 1},
        ],
    )  # fmt: skip
    return desk


def line_ids(form: dict[str, str]) -> list[str]:
    return sorted(value for name, value in form.items() if name.endswith(".lineId"))


class Person:
    """A person with the form of the order open."""

    def __init__(self, desk: Desk, client: FlaskClient) -> None:
        self.desk, self.client = desk, client
        self.form = desk.open(client)

    def type(self, **fields: str) -> None:
        """Type into fields; their names have `_` for the dots."""
        for name, value in fields.items():
            assert name.replace("_", ".") in self.form
            self.form[name.replace("_", ".")] = value

    def remove(self, row: int) -> None:
        self.form = {
            name: value for name, value in self.form.items() if not name.startswith(f"cart.{row}.")
        }

    def add(self, row: int, reference: str, count: int = 1) -> None:
        self.form |= {f"cart.{row}.configurationId": reference, f"cart.{row}.count": str(count)}

    def save(self, status: int = 303, **headers: str) -> "Asked":
        data = {**self.form, "do": "save"}
        answer = self.client.post(self.desk.address, data=data, headers=headers)
        assert answer.status_code == status, read(answer.text).raw
        if status == 409:
            self.form = fields_of(answer.text)
        return Asked(answer.text)

    def choose(self, *choices: Part) -> None:
        self.form |= {one["name"]: one["value"] for one in choices}


class Asked:
    """The table of conflicts on a page."""

    def __init__(self, page: str) -> None:
        self.page = page
        rows = read(page).all(".conflicts tbody tr")
        self.rows = {row.first("th b").text: row for row in rows}

    def choices(self, label: str) -> tuple[Part, Part]:
        mine, theirs = self.rows[label].all("input[type=radio]")
        return mine, theirs

    def values(self, label: str) -> list[str]:
        """Return my value and their value as the page shows them."""
        start = f"{label}, "
        words = [one.words.removeprefix(start) for one in self.rows[label].all("label")]
        return [one.split(": ", 1)[1] for one in words]


@pytest.fixture
def me(desk: Desk, staff_client: FlaskClient) -> Person:
    return Person(desk, staff_client)


@pytest.fixture
def other(desk: Desk, admin_client: FlaskClient) -> Person:
    return Person(desk, admin_client)


@pytest.fixture
def api(client: FlaskClient, org: Org) -> Api:
    return caller(client, org, org.private)


def counts(desk: Desk) -> list[tuple[str, int]]:
    return [(line.configuration_id, line.count) for line in desk.stored().cart]


def ids(desk: Desk) -> list[int | None]:
    return [line.line_id for line in desk.stored().cart]


class TestMerged:
    def test_different_lines(self, desk: Desk, me: Person, other: Person) -> None:
        me.type(cart_0_count="20")
        other.type(cart_1_count="30")
        other.save()
        me.save()
        assert counts(desk) == [(CHAIR, 20), (CHAIR, 30), (TABLE, 1)]

    def test_different_parts_of_one_line(self, desk: Desk, me: Person, other: Person) -> None:
        me.type(cart_0_count="20", cart_0_metadata="color: red\ntext: Ben")
        other.type(cart_0_metadata="color: blue\ntext: Anna\nsize := 4")
        other.save()
        me.save()
        details = {"color": "blue", "text": "Ben", "size": 4}
        assert desk.stored().cart[0] == CartLine(CHAIR, 20, details)

    def test_lines_that_both_add(self, desk: Desk, me: Person, other: Person) -> None:
        me.add(3, LAMP, 7)
        other.add(3, LAMP, 8)
        other.save()
        me.save()
        assert counts(desk)[3:] == [(LAMP, 8), (LAMP, 7)]
        assert len(set(ids(desk))) == 5

    def test_a_line_that_both_remove(self, desk: Desk, me: Person, other: Person) -> None:
        me.remove(1)
        other.remove(1)
        other.save()
        me.type(name="Ash table")
        me.save()
        assert (counts(desk), desk.stored().name) == ([(CHAIR, 2), (TABLE, 1)], "Ash table")

    def test_a_move_and_a_change(self, desk: Desk, me: Person, other: Person) -> None:
        data = {**me.form, "do": "down:0"}
        me.form = fields_of(me.client.post(desk.address, data=data).text)
        other.type(cart_0_count="20")
        other.save()
        me.save()
        assert counts(desk) == [(CHAIR, 3), (CHAIR, 20), (TABLE, 1)]
        assert ids(desk) == [1, 0, 2]

    def test_two_equal_lines(self, desk: Desk, me: Person, other: Person) -> None:
        """One removes the first of two equal lines, the other changes the second."""
        for one in (me, other):
            data = {**one.form, "do": "duplicate:1"}
            one.form = fields_of(one.client.post(desk.address, data=data).text)
        me.save()
        first, second = (line.line_id for line in desk.stored().cart if line.count == 3)
        me, other = Person(desk, me.client), Person(desk, other.client)
        me.remove(1)
        other.type(cart_2_count="30")
        other.save()
        me.save()
        assert counts(desk) == [(CHAIR, 2), (CHAIR, 30), (TABLE, 1)]
        assert (first, second) != (second, first)
        assert ids(desk)[1] == second

    def test_a_line_that_was_removed_and_restored_is_the_same(
        self, desk: Desk, me: Person, other: Person
    ) -> None:
        before = line_ids(me.form)
        for action in ("remove:1", "undo"):
            data = {**me.form, "do": action}
            me.form = fields_of(me.client.post(desk.address, data=data).text)
        assert line_ids(me.form) == before
        me.type(name="Ash table")
        other.type(cart_1_count="30")
        other.save()
        me.save()
        assert counts(desk) == [(CHAIR, 2), (CHAIR, 30), (TABLE, 1)]

    def test_the_same_form_sent_twice_is_saved_once(self, desk: Desk, me: Person) -> None:
        me.add(3, LAMP)
        me.save()
        version = desk.stored().version
        me.save()
        assert desk.stored().version == version
        assert counts(desk)[3:] == [(LAMP, 1)]

    def test_a_form_that_is_sent_again_adds_nothing_twice(
        self, desk: Desk, me: Person, other: Person
    ) -> None:
        """The answer to the first save was lost, and someone has changed the cart since."""
        me.add(3, LAMP)
        other.type(cart_0_count="20")
        me.save()
        other.save()
        me.save()
        assert counts(desk) == [(CHAIR, 20), (CHAIR, 3), (TABLE, 1), (LAMP, 1)]

    def test_with_a_cart_that_was_sent_by_json(self, desk: Desk, me: Person, api: Api) -> None:
        me.type(cart_1_count="30")
        me.add(3, LAMP)
        order = api.read(desk.order.id).json
        assert all("lineId" not in line and "line_id" not in line for line in order["cart"])
        cart = [{"configurationId": LAMP, "count": 9}, *order["cart"]]
        cart[1]["metadata"]["color"] = "blue"
        answer = api.call("PUT", f"/orders/{desk.order.id}", {"cart": cart})
        assert (answer.status_code, answer.json["cart"]) == (200, cart)
        me.save()
        assert counts(desk) == [(LAMP, 9), (CHAIR, 2), (CHAIR, 30), (TABLE, 1), (LAMP, 1)]
        assert desk.stored().cart[1].metadata == {"color": "blue", "text": "Anna"}


class TestAsked:
    def test_each_value_has_a_choice(self, desk: Desk, org: Org, me: Person, other: Person) -> None:
        me.type(name="Ash table", cart_0_count="20", cart_0_metadata="color: green\ntext: Anna")
        other.type(name="Elm table", cart_0_count="1500", cart_0_metadata="color: blue\ntext: Anna")
        other.save()
        before = desk.stored()
        asked = me.save(409)
        assert ASKED in read(asked.page).raw
        assert desk.stored() == before
        assert list(asked.rows) == ["Order name", "Quantity, line 1", "color, line 1"]
        assert asked.values("Order name") == ["Ash table", "Elm table"]
        assert asked.values("Quantity, line 1") == ["20", "1,500"]
        row = asked.rows["Quantity, line 1"]
        assert "Before: 2" in row.words
        assert f"Saved by {org.admin().email}, " in row.words
        # Nothing is chosen for anybody, and the first choice has the focus.
        radios = read(asked.page).all(".conflicts input[type=radio]")
        assert ["autofocus" in one for one in radios] == [True, *[False] * 5]
        assert not any("checked" in one for one in radios)
        # All that was typed is in the form.
        assert (me.form["name"], me.form["cart.0.count"]) == ("Ash table", "20")

    @pytest.mark.parametrize("headers", [{}, HTMX])
    def test_the_choices_are_saved(
        self, desk: Desk, me: Person, other: Person, headers: dict[str, str]
    ) -> None:
        me.type(name="Ash table", cart_0_count="20", status="List")
        other.type(name="Elm table", cart_0_count="30", status="New", customerId="C-8")
        other.save()
        asked = me.save(409, **headers)
        assert asked.values("Status") == ["List", "New"]
        me.choose(
            asked.choices("Order name")[0], asked.choices("Quantity, line 1")[1],
            asked.choices("Status")[1],
        )  # fmt: skip
        me.save()
        stored = desk.stored()
        assert (stored.name, stored.status, stored.customer_id) == ("Ash table", "New", "C-8")
        assert stored.cart[0].count == 30

    @pytest.mark.parametrize(("side", "saved"), [(0, [3, 1]), (1, [20, 3, 1])])
    def test_a_line_that_i_removed(
        self, desk: Desk, me: Person, other: Person, side: int, saved: list[int]
    ) -> None:
        me.remove(0)
        other.type(cart_0_count="20")
        other.save()
        asked = me.save(409)
        assert asked.values(f"Removed line: {CHAIR}") == [
            "Line removed", f"20 × {CHAIR}, color: red, text: Anna",  # noqa: RUF001
        ]  # fmt: skip
        me.choose(asked.choices(f"Removed line: {CHAIR}")[side])
        me.save()
        assert [line.count for line in desk.stored().cart] == saved

    @pytest.mark.parametrize(("side", "saved"), [(0, [2, 30, 1]), (1, [2, 1])])
    def test_a_line_that_they_removed(
        self, desk: Desk, me: Person, other: Person, side: int, saved: list[int]
    ) -> None:
        me.type(cart_1_count="30")
        other.remove(1)
        other.save()
        asked = me.save(409)
        assert asked.values("Line 2") == [f"30 × {CHAIR}", "Line removed"]  # noqa: RUF001
        me.choose(asked.choices("Line 2")[side])
        me.save()
        assert [line.count for line in desk.stored().cart] == saved

    def test_without_all_choices_the_rest_is_asked_again(
        self, desk: Desk, me: Person, other: Person
    ) -> None:
        me.type(name="Ash table", customerId="C-9")
        other.type(name="Elm table", customerId="C-8")
        other.save()
        asked = me.save(409)
        me.choose(asked.choices("Order name")[1])
        again = me.save(409)
        assert list(again.rows) == ["Customer ID"]
        me.choose(again.choices("Customer ID")[0])
        me.save()
        assert (desk.stored().name, desk.stored().customer_id) == ("Elm table", "C-9")

    def test_after_a_third_person_only_what_is_new_is_asked(
        self, desk: Desk, me: Person, other: Person
    ) -> None:
        me.type(name="Ash table", customerId="C-9", cart_2_count="4")
        other.type(name="Elm table", customerId="C-8")
        other.save()
        asked = me.save(409)
        me.choose(asked.choices("Order name")[0], asked.choices("Customer ID")[1])
        desk.change({"name": "Fir table", "metadata": {"room": "9"}})
        again = me.save(409)
        assert list(again.rows) == ["Order name"]
        assert again.values("Order name") == ["Ash table", "Fir table"]
        me.choose(again.choices("Order name")[0])
        me.save()
        stored = desk.stored()
        assert (stored.name, stored.customer_id) == ("Ash table", "C-8")
        assert (stored.metadata, stored.cart[2].count) == ({"room": "9"}, 4)

    def test_buttons_of_the_form_keep_the_choices(
        self, desk: Desk, me: Person, other: Person
    ) -> None:
        me.type(name="Ash table", customerId="C-9")
        other.type(name="Elm table", customerId="C-8")
        other.save()
        asked = me.save(409)
        chosen = asked.choices("Order name")[1]
        me.choose(chosen)
        page = me.client.post(desk.address, data={**me.form, "do": "add"}).text
        again = Asked(page)
        assert list(again.rows) == ["Order name", "Customer ID"]
        assert ["checked" in one for one in again.choices("Order name")] == [False, True]
        assert fields_of(page)[chosen["name"]] == chosen["value"]

    def test_errors_keep_the_choices(self, desk: Desk, me: Person, other: Person) -> None:
        me.type(name="Ash table")
        other.type(name="Elm table")
        other.save()
        asked = me.save(409)
        me.choose(asked.choices("Order name")[1])
        me.type(cart_0_count="x")
        page = me.client.post(desk.address, data={**me.form, "do": "save"})
        assert page.status_code == 422
        me.form = fields_of(page.text)
        me.type(cart_0_count="20")
        me.save()
        assert (desk.stored().name, desk.stored().cart[0].count) == ("Elm table", 20)

    def test_an_attribute_is_named_by_its_label(
        self, app: Flask, org: Org, desk: Desk, staff_client: FlaskClient
    ) -> None:
        org.define(
            AttributeRule("room", "Raum", Kind.TEXT),
            AttributeRule("color", "Farbe", Kind.TEXT, applies=Applies.LINE),
        )
        me = Person(desk, staff_client)
        me.form |= {"metadata.room": "8", "cart.0.metadata.color": "green"}
        first = {"configurationId": CHAIR, "count": 2, "metadata": {"color": "blue", "text": "B"}}
        desk.change({"metadata": {"room": "9"}, "cart": [first]})
        asked = me.save(409)
        assert asked.values("Raum") == ["8", "9"]
        assert asked.values("Farbe, line 1") == ["green", "blue"]


@pytest.mark.parametrize("value", ["", "mine", "mine-0000000000000000", "\0", "x" * 5_000])
def test_a_made_up_choice_decides_nothing(
    desk: Desk, me: Person, other: Person, value: str
) -> None:
    me.type(name="Ash table")
    other.type(name="Elm table")
    other.save()
    asked = me.save(409)
    me.form[asked.choices("Order name")[0]["name"]] = value
    me.form["choice."] = "x"
    me.save(409)
    assert desk.stored().name == "Elm table"


@pytest.mark.parametrize("line_id", ["", "-1", "x", "9" * 30, "1", "٣"])
def test_a_made_up_line_id_is_a_new_line(desk: Desk, me: Person, line_id: str) -> None:
    me.form["cart.0.lineId"] = line_id
    me.type(cart_0_count="20")
    me.save()
    assert counts(desk) == [(CHAIR, 20), (CHAIR, 3), (TABLE, 1)]
    assert len(set(ids(desk))) == 3


Act = Callable[..., Any]


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (order_changes.bin_order, "This order was deleted in the meantime"),
        (lambda one, actor: order_changes.cancel_order(one, None, actor=actor), "is canceled"),
    ],
)
def test_an_order_that_was_deleted_or_canceled_keeps_what_was_typed(
    desk: Desk, me: Person, other: Person, act: Act, message: str
) -> None:
    me.type(name="Ash table", cart_0_count="20")
    other.type(name="Elm table", cart_0_count="30")
    other.save()
    asked = me.save(409)
    me.choose(asked.choices("Order name")[0], asked.choices("Quantity, line 1")[0])
    with desk.app.app_context():
        act(desk.order.id, actor=desk.org.actor())
    before = dict(me.form)
    refused = me.save(409)
    assert message in read(refused.page).raw
    left_out = {"draft_version", "csrf_token"}
    kept = {name: value for name, value in before.items() if name not in left_out}
    assert {name: me.form.get(name) for name in kept} == kept


def test_a_merged_cart_is_not_too_long(desk: Desk, app: Flask, me: Person, other: Person) -> None:
    settings = app.config["SETTINGS"]
    app.config["SETTINGS"] = replace(settings, limits=replace(settings.limits, cart_lines=4))
    me.add(3, LAMP)
    other.add(3, TABLE)
    other.save()
    data = {**me.form, "do": "save"}
    refused = me.client.post(desk.address, data=data)
    assert refused.status_code == 422
    assert "with those of others it would have 5" in read(refused.text).raw
