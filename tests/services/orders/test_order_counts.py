"""The numbers of orders are those that counting the orders would give, whatever was written."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, func, select, update

from orders.domain.errors import Conflict
from orders.domain.inputs import Limits
from orders.domain.order import Order, OrderChanges
from orders.domain.status import Status
from orders.services.accounts.access import Actor
from orders.services.orders import changes, intake, order_counts, order_erasure
from orders.storage import database
from orders.storage.tables import order_count, order_count_change, orders
from tests.actors import Org
from tests.bad_orders import CHAIR

NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _app_context(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


@pytest.fixture
def actor(org: Org) -> Actor:
    return org.staff().actor


def place(actor: Actor, status: str = "New", *, at: datetime | None = None) -> Order:
    raw = {"status": status, "cart": [{"configurationId": CHAIR, "count": 1}]}
    draft = intake.check_order(raw, actor=actor, limits=Limits())
    return intake.create_order(draft, actor=actor, now=at)


def number(org: Org, *statuses: str, is_canceled: bool | None = None) -> int:
    with database.read() as connection:
        return order_counts.count_orders(connection, org.id, statuses, is_canceled=is_canceled)


def rows_of_changes() -> int:
    return int(database.fetch_value(select(func.count()).select_from(order_count_change)))


def test_every_write_of_an_order_is_counted(org: Org, other_org: Org, actor: Actor) -> None:
    made = [place(actor, status) for status in ("New", "New", "List", "In Cart")]
    place(other_org.staff().actor)
    assert (number(org), number(org, "New"), number(org, "New", "List")) == (4, 2, 3)
    changes.change_order(made[2].id, OrderChanges(status=Status.COMPLETE), actor=actor)
    changes.change_order(made[0].id, OrderChanges(name="Hall"), actor=actor)
    assert (number(org), number(org, "List"), number(org, "Complete")) == (4, 0, 1)
    changes.cancel_order(made[0].id, None, actor=actor)
    assert (number(org, is_canceled=True), number(org, is_canceled=False)) == (1, 3)
    changes.bin_order(made[1].id, actor=actor)
    changes.bin_order(made[3].id, actor=actor)
    assert (number(org), number(org, "New"), number(org, "In Cart")) == (2, 1, 0)
    changes.restore_order(made[3].id, actor=actor)
    changes.reopen_order(made[0].id, actor=actor)
    order_erasure.delete_binned(datetime.now(UTC) + timedelta(minutes=1))
    assert (number(org), number(org, is_canceled=True)) == (3, 0)
    assert order_counts.find_differences() == {}


def test_numbers_stay_the_same_while_changes_are_added(org: Org, actor: Actor) -> None:
    made = [place(actor) for _ in range(5)]
    for order in made[:2]:
        changes.change_order(order.id, OrderChanges(status=Status.COMPLETE), actor=actor)
    assert rows_of_changes() == 9
    assert order_counts.add_changes() == 9
    assert (rows_of_changes(), order_counts.add_changes()) == (0, 0)
    assert (number(org), number(org, "New"), number(org, "Complete")) == (5, 3, 2)
    changes.bin_order(made[0].id, actor=actor)
    place(actor)
    assert (number(org), number(org, "New"), number(org, "Complete")) == (5, 4, 1)
    order_counts.add_changes()
    assert (number(org), number(org, "New"), number(org, "Complete")) == (5, 4, 1)
    assert order_counts.find_differences() == {}


def test_many_changes_are_added_bit_by_bit(
    org: Org, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(order_counts, "AT_ONCE", 2)
    for _ in range(5):
        place(actor)
    assert [order_counts.add_changes() for _ in range(4)] == [2, 2, 1, 0]
    assert number(org) == 5


def test_several_processes_may_add_while_orders_are_placed(
    app: Flask, org: Org, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(order_counts, "AT_ONCE", 3)
    is_over = threading.Event()
    failures: list[Exception] = []

    def add() -> None:
        with app.app_context():
            try:
                while not is_over.is_set():
                    order_counts.add_changes()
            except Exception as error:  # noqa: BLE001 - shown by the test
                failures.append(error)

    adding = [threading.Thread(target=add) for _ in range(2)]
    for thread in adding:
        thread.start()
    try:
        seen = []
        for _ in range(25):
            order = place(actor)
            changes.change_order(order.id, OrderChanges(status=Status.COMPLETE), actor=actor)
            seen.append(number(org))
    finally:
        is_over.set()
        for thread in adding:
            thread.join()
    assert failures == []
    assert seen == list(range(1, 26))
    assert (number(org, "New"), number(org, "Complete")) == (0, 25)
    assert order_counts.find_differences() == {}


def test_old_quarters_become_one_and_their_orders_still_count(org: Org, actor: Actor) -> None:
    days = (0, 20, 33, 40, 400)
    made = [place(actor, at=NOW - timedelta(days=age)) for age in days]
    order_counts.count_again(NOW - timedelta(days=5))
    quarters = select(order_count.c.quarter, order_count.c.number).order_by(order_count.c.quarter)
    assert [row.number for row in database.fetch_all(quarters)] == [2, 1, 1, 1]
    order_counts.add_up_old(NOW)
    found = [(row.quarter, row.number) for row in database.fetch_all(quarters)]
    recent = [order_counts.quarter_of(order.created_at) for order in made[1::-1]]
    assert found == [(0, 3), (recent[0], 1), (recent[1], 1)]
    # A change of an old order is added to where the order is counted.
    changes.change_order(made[4].id, OrderChanges(status=Status.COMPLETE), actor=actor)
    order_counts.add_changes()
    assert (number(org), number(org, "New"), number(org, "Complete")) == (5, 4, 1)
    assert order_counts.find_differences(NOW) == {}


def test_wrong_numbers_are_found_and_counted_again(app: Flask, org: Org, actor: Actor) -> None:
    for status in ("New", "New", "List"):
        place(actor, status)
    order_counts.add_changes()
    runner = app.test_cli_runner()
    assert runner.invoke(args=["database", "check"]).exit_code == 0
    for wrong in (
        update(order_count).values(number=order_count.c.number + 1),
        delete(order_count),
        # As many in all, with other statuses.
        update(orders).where(orders.c.status == "List").values(status="Complete"),
    ):
        database.execute(wrong)
        result = runner.invoke(args=["database", "check"])
        assert result.exit_code == 1
        assert "shortorder database recount" in result.output
        assert org.id in result.output
        assert json.loads(runner.invoke(args=["database", "recount"]).output) == {"orders": 3}
        assert runner.invoke(args=["database", "check"]).exit_code == 0
    assert (number(org), number(org, "Complete")) == (3, 1)


def test_a_write_that_is_refused_counts_nothing(org: Org, actor: Actor) -> None:
    order = place(actor)
    changes.cancel_order(order.id, None, actor=actor)
    with pytest.raises(Conflict):
        changes.change_order(order.id, OrderChanges(status=Status.COMPLETE), actor=actor)
    assert (number(org), number(org, "New", is_canceled=True)) == (1, 1)
    assert order_counts.find_differences() == {}
