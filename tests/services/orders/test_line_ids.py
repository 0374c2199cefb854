"""Line IDs in the database: kept while a line is in its order, and never used again."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from orders.domain.errors import InvalidOrder
from orders.domain.inputs import Limits
from orders.domain.line_ids import IDS_PER_VERSION
from orders.domain.order import Order, OrderChanges, line_fields
from orders.services.orders import changes as order_changes
from orders.services.orders import intake, queries
from orders.services.orders.order_edits import order_at
from orders.storage import database
from orders.storage.tables import cart_line, order_history
from tests.actors import Org
from tests.bad_orders import CHAIR

TABLE = "b2f7c1de-8a44-4d0b-9a39-0c5f2a7d6e11"
SECOND, THIRD = 2 * IDS_PER_VERSION, 3 * IDS_PER_VERSION


def line(name: str = CHAIR, count: int = 1, **metadata: object) -> dict[str, Any]:
    return {"configurationId": name, "count": count, **({"metadata": metadata} if metadata else {})}


class Cart:
    """An order with two equal lines and another one."""

    def __init__(self, org: Org) -> None:
        self.org, self.actor = org, org.actor()
        raw = {"name": "Oak", "cart": [line(), line(), line(TABLE, 2, color="red")]}
        draft = intake.check_order(raw, actor=self.actor, limits=Limits())
        self.id = intake.create_order(draft, actor=self.actor).id

    def put(self, *lines: dict[str, Any]) -> Order:
        changes = order_changes.check_changes(list(lines), actor=self.actor, limits=Limits())
        return order_changes.change_order(self.id, changes, actor=self.actor)

    def read(self) -> Order:
        return queries.find_order(self.id, self.org.id)


def ids(order: Order) -> list[int | None]:
    return [one.line_id for one in order.cart]


@pytest.fixture
def cart(app: Flask, org: Org) -> Any:  # noqa: ANN401 - a generator of a Cart
    with app.app_context():
        yield Cart(org)


def test_a_new_order_stores_no_ids(cart: Cart) -> None:
    statement = select(cart_line.c.line_id).where(cart_line.c.order_id == cart.id)
    assert [row.line_id for row in database.fetch_all(statement)] == [None] * 3
    assert ids(cart.read()) == [0, 1, 2]


def test_a_cart_sent_as_json_keeps_the_ids_of_its_lines(cart: Cart) -> None:
    cart.put(line(TABLE, 5, color="red"), line(), line())
    assert ids(cart.read()) == [2, 0, 1]
    cart.put(line(TABLE, 5, color="blue"), line())
    assert ids(cart.read()) == [2, 0]
    # The ID of the line that is gone is not used again.
    cart.put(line(), line(), line(TABLE, 5, color="blue"))
    assert ids(cart.read()) == [0, 4 * IDS_PER_VERSION, 2]


def test_lines_that_are_added_get_new_ids(cart: Cart) -> None:
    lines = order_changes.check_lines([line(), line()], actor=cart.actor, limits=Limits())
    order_changes.add_lines(cart.id, lines, actor=cart.actor, limits=Limits())
    assert ids(cart.read()) == [0, 1, 2, SECOND, SECOND + 1]
    cart.put(line(), line(), line(TABLE, 2, color="red"), line(), line(TABLE))
    assert ids(cart.read()) == [0, 1, 2, SECOND, THIRD]


def test_a_change_of_other_fields_changes_no_ids(cart: Cart) -> None:
    cart.put(line(TABLE, 2, color="red"), line())
    order_changes.change_order(cart.id, OrderChanges(name="Ash"), actor=cart.actor)
    order_changes.bin_order(cart.id, actor=cart.actor)
    order_changes.restore_order(cart.id, actor=cart.actor)
    assert ids(cart.read()) == [2, 0]


def test_earlier_versions_have_the_ids_that_they_had(cart: Cart) -> None:
    versions = [cart.read()]
    for lines in (
        [line(count=3), line(), line(TABLE, 2, color="red")],
        [line(), line(TABLE, 2, color="red")],
        [line(), line(TABLE, 2, color="red"), line(), line()],
        [line(TABLE, 2, color="red")],
        [line(), line()],
    ):
        cart.put(*lines)
        versions.append(cart.read())
    now = cart.read()
    assert len(versions) == 6
    for earlier in versions:
        was = order_at(now, earlier.version)
        assert (was.cart, ids(was)) == (earlier.cart, ids(earlier))


def test_changes_from_before_lines_had_ids_are_undone_by_the_best_match(cart: Cart) -> None:
    first = cart.read()
    cart.put(line(TABLE, 3, color="red"), line())
    now = cart.read()
    entry = order_history.c.order_id == cart.id
    [changes] = [
        row.changes
        for row in database.fetch_all(select(order_history.c.changes).where(entry))
        if row.changes
    ]
    del changes["cart"]["ids"]
    database.execute(
        order_history.update()
        .where(entry, order_history.c.action == "changed")
        .values(changes=changes)
    )
    was = order_at(now, 1)
    assert was.cart == first.cart
    assert ids(was) == [0, SECOND, 2]


def test_ids_are_in_no_json(cart: Cart) -> None:
    order = cart.put(line(TABLE), line())
    assert [set(line_fields(one)) for one in order.cart] == [{"configurationId", "count"}] * 2
    with pytest.raises(InvalidOrder) as refused:
        cart.put({**line(), "lineId": 1})
    assert [error.path for error in refused.value.errors] == ["cart.0.lineId"]
