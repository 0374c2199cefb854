"""Lists and numbers are those of the orders as they are, whatever was written and when."""

import itertools
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, func, select, update

from orders.domain.errors import Conflict
from orders.domain.inputs import Limits
from orders.domain.order import Order, OrderChanges
from orders.domain.status import Status
from orders.services.accounts.access import Actor
from orders.services.accounts.acting import COMMAND
from orders.services.orders import (
    changes,
    intake,
    order_counts,
    order_erasure,
    order_list,
    pending_changes,
)
from orders.services.orders.order_filter import OrderFilter
from orders.services.orders.order_list import Sort
from orders.storage import database
from orders.storage.pages import Paging
from orders.storage.tables import order_count, order_sort, orders, pending_change
from tests.actors import Org
from tests.bad_orders import CHAIR
from tests.plans import noted_plans

NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _app_context(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


@pytest.fixture
def actor(org: Org) -> Actor:
    return org.staff().actor


def place(actor: Actor, status: str = "New", *, at: datetime | None = None, **own: Any) -> Order:  # noqa: ANN401 - JSON
    raw = {"status": status, "cart": [{"configurationId": CHAIR, "count": 1}], **own}
    draft = intake.check_order(raw, actor=actor, limits=Limits())
    return intake.create_order(draft, actor=actor, now=at)


def number(org: Org, *statuses: str, is_canceled: bool | None = None) -> int:
    with database.read() as connection:
        return order_counts.count_orders(connection, org.id, statuses, is_canceled=is_canceled)


def pending() -> int:
    return int(database.fetch_value(select(func.count()).select_from(pending_change)))


class TestNumbers:
    def test_every_write_of_an_order_is_counted(
        self, org: Org, other_org: Org, actor: Actor
    ) -> None:
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
        assert pending_changes.find_differences() == []

    def test_they_stay_the_same_while_changes_are_settled(self, org: Org, actor: Actor) -> None:
        made = [place(actor) for _ in range(5)]
        for order in made[:2]:
            changes.change_order(order.id, OrderChanges(status=Status.COMPLETE), actor=actor)
        assert pending() == 9
        assert pending_changes.settle() == 9
        assert (pending(), pending_changes.settle()) == (0, 0)
        assert (number(org), number(org, "New"), number(org, "Complete")) == (5, 3, 2)
        changes.bin_order(made[0].id, actor=actor)
        place(actor)
        assert (number(org), number(org, "New"), number(org, "Complete")) == (5, 4, 1)
        pending_changes.settle()
        assert (number(org), number(org, "New"), number(org, "Complete")) == (5, 4, 1)
        assert pending_changes.find_differences() == []

    def test_old_quarters_become_one_and_their_orders_still_count(
        self, org: Org, actor: Actor
    ) -> None:
        days = (0, 20, 33, 40, 400)
        made = [place(actor, at=NOW - timedelta(days=age)) for age in days]
        pending_changes.rebuild(NOW - timedelta(days=5))
        quarters = select(order_count.c.quarter, order_count.c.number)
        quarters = quarters.order_by(order_count.c.quarter)
        assert [row.number for row in database.fetch_all(quarters)] == [2, 1, 1, 1]
        pending_changes.add_up_old(NOW)
        found = [(row.quarter, row.number) for row in database.fetch_all(quarters)]
        recent = [order_counts.quarter_of(order.created_at) for order in made[1::-1]]
        assert found == [(0, 3), (recent[0], 1), (recent[1], 1)]
        # A change of an old order is added to where the order is counted.
        changes.change_order(made[4].id, OrderChanges(status=Status.COMPLETE), actor=actor)
        pending_changes.settle()
        assert (number(org), number(org, "New"), number(org, "Complete")) == (5, 4, 1)
        assert pending_changes.find_differences(NOW) == []

    def test_a_write_that_is_refused_counts_nothing(self, org: Org, actor: Actor) -> None:
        order = place(actor)
        changes.cancel_order(order.id, None, actor=actor)
        with pytest.raises(Conflict):
            changes.change_order(order.id, OrderChanges(status=Status.COMPLETE), actor=actor)
        assert (number(org), number(org, "New", is_canceled=True)) == (1, 1)
        assert pending_changes.find_differences() == []


# What lists are asked for that the table is for, and one list that it is not for.
LISTS = [
    (OrderFilter(), "name"), (OrderFilter(), "-name"),
    (OrderFilter(), "customerId"), (OrderFilter(), "-customerId"),
    (OrderFilter(), "status"), (OrderFilter(), "-status"),
    (OrderFilter(statuses=(Status.NEW, Status.COMPLETE)), "-status"),
    (OrderFilter(name="Hall"), "-createdAt"),
    (OrderFilter(name="Hall", is_canceled=False), "-createdAt"),
    (OrderFilter(statuses=(Status.NEW,)), "-createdAt"),
    (OrderFilter(statuses=(Status.NEW,), is_canceled=False), "-createdAt"),
    (OrderFilter(is_canceled=False), "name"),
    (OrderFilter(is_canceled=True), "name"),
]  # fmt: skip
NAMES = ("Hall", "hall", None, "Büro", "Bar", "hall ", None, "Zoo")
CUSTOMERS = ("C-2", None, "C-10", "c-2", "C-2", None, "Ä", "B")


def mixed(actor: Actor) -> list[Order]:
    """Make orders with all kinds of values, some changed, canceled, or in the bin."""
    made = [
        place(actor, str(status), name=name, customerId=customer, at=NOW + timedelta(minutes=at))
        for at, (name, customer, status) in enumerate(
            zip(NAMES, CUSTOMERS, itertools.cycle(Status), strict=False)
        )
    ]
    changes.change_order(made[0].id, OrderChanges(status=Status.COMPLETE), actor=actor)
    changes.change_order(made[3].id, OrderChanges(name="Hall", customer_id=None), actor=actor)
    changes.cancel_order(made[1].id, None, actor=actor)
    changes.bin_order(made[4].id, actor=actor)
    return made


def by_pages(org: Org, wanted: OrderFilter, sort: str) -> list[str]:
    """Return the order's IDs by pages with numbers; each count is right."""
    found: list[str] = []
    for page in itertools.count(1):
        one = order_list.find_orders(org.id, wanted, Paging(page=page, per_page=2, sort=sort))
        found += [order.id for order in one.entries]
        if len(one.entries) < 2:
            assert (one.count, one.count_is_exact) == (len(found), True)
            return found
    raise AssertionError


def by_cursors(org: Org, wanted: OrderFilter, sort: str) -> list[str]:
    found: list[str] = []
    after: str | None = ""
    while after is not None:
        paging = Paging(per_page=2, sort=sort, after=after)
        one = order_list.find_orders(org.id, wanted, paging)
        found += [order.id for order in one.entries]
        after = one.next
    return found


def by_desk(org: Org, wanted: OrderFilter, sort: str) -> list[str]:
    """Return the orders' IDs by the pages of the desk, and see that the way back is the same."""
    there = Sort(sort.removeprefix("-"), is_descending=sort.startswith("-"))
    page = order_list.list_page(org.id, wanted, there)
    pages = [page]
    while page.older:
        page = order_list.list_page(org.id, wanted, there, older_than=page.older)
        pages.append(page)
    for expected in reversed(pages[:-1]):
        page = order_list.list_page(org.id, wanted, there, newer_than=page.newer or "")
        assert [row.id for row in page.rows] == [row.id for row in expected.rows]
    return [row.id for one in pages for row in one.rows]


class TestLists:
    @pytest.mark.parametrize(("wanted", "sort"), LISTS)
    def test_a_list_is_the_same_before_and_after_changes_are_settled(
        self, org: Org, actor: Actor, other_org: Org, monkeypatch: pytest.MonkeyPatch,
        wanted: OrderFilter, sort: str,
    ) -> None:  # fmt: skip
        monkeypatch.setattr(order_list, "PAGE_SIZE", 2)
        monkeypatch.setattr(pending_changes, "AT_ONCE", 3)
        mixed(actor)
        place(other_org.staff().actor, name="Hall")
        # As the table of orders itself has them.
        monkeypatch.setattr(order_list, "by_sort_table", lambda *_, **__: None)
        expected = by_pages(org, wanted, sort)
        monkeypatch.undo()
        monkeypatch.setattr(order_list, "PAGE_SIZE", 2)
        monkeypatch.setattr(pending_changes, "AT_ONCE", 3)
        assert expected
        is_settled = False
        while not is_settled:
            is_settled = not pending()
            assert by_pages(org, wanted, sort) == expected
            assert by_cursors(org, wanted, sort) == expected
            assert by_desk(org, wanted, sort) == expected
            pending_changes.settle()
        assert pending_changes.find_differences() == []

    def test_a_changed_order_moves_at_once(self, org: Org, actor: Actor) -> None:
        made = [place(actor, name=name) for name in ("a", "b", "c")]
        pending_changes.settle()
        changes.change_order(made[0].id, OrderChanges(name="d"), actor=actor)
        wanted = [made[1].id, made[2].id, made[0].id]
        assert by_pages(org, OrderFilter(), "name") == wanted
        assert by_pages(org, OrderFilter(name="a"), "-createdAt") == []
        assert by_pages(org, OrderFilter(name="d"), "-createdAt") == [made[0].id]
        changes.bin_order(made[1].id, actor=actor)
        assert by_pages(org, OrderFilter(), "name") == wanted[1:]
        order_erasure.delete_binned(datetime.now(UTC) + timedelta(minutes=1))
        assert by_pages(org, OrderFilter(), "name") == wanted[1:]
        pending_changes.settle()
        assert by_pages(org, OrderFilter(), "name") == wanted[1:]
        assert pending_changes.find_differences() == []

    def test_other_changes_are_not_pending(self, actor: Actor) -> None:
        order = place(actor, metadata={"gift": False})
        pending_changes.settle()
        changes.change_order(order.id, OrderChanges(metadata={"gift": True}), actor=actor)
        assert pending() == 0
        changes.change_order(order.id, OrderChanges(metadata={"note": "x"}), actor=actor)
        assert pending() == 1  # for the search

    def test_many_are_counted_up_to_a_limit(
        self, org: Org, actor: Actor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(order_list, "MOST_COUNTED", 2)
        for _ in range(4):
            place(actor, name="Hall")
        pending_changes.settle()
        place(actor, name="Hall")
        page = order_list.find_orders(org.id, OrderFilter(name="Hall"), Paging(per_page=3))
        assert (page.count, page.count_is_exact) == (4, False)

    @pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
    @pytest.mark.parametrize(
        ("wanted", "sort", "index"),
        [
            (OrderFilter(), "name", "ix_order_sort_name (org_id=? AND name_key>?)"),
            (OrderFilter(), "-customerId", "ix_order_sort_customer (org_id=? AND customer_key>?)"),
            (OrderFilter(), "-status", "ix_order_sort_step (org_id=?)"),
            (OrderFilter(name="a"), "-createdAt", "ix_order_sort_name (org_id=? AND name_key=?)"),
            (OrderFilter(statuses=("New",)), "-createdAt", "step_created (org_id=? AND step=?)"),
            (OrderFilter(), "-updatedAt", "ix_orders_org_updated (org_id=?)"),
            (OrderFilter(updated_from=NOW), "-updatedAt", "ix_orders_org_updated (org_id=? AND up"),
            (OrderFilter(customer_id="c"), "-createdAt", "org_customer_created (org_id=? AND cust"),
            (OrderFilter(platform={"id": "1"}), "-createdAt", "ix_orders_platform (platform_key="),
            (OrderFilter(), "-createdAt", "ix_orders_list (org_id=?)"),
        ],
    )  # fmt: skip
    def test_each_list_reads_an_index(
        self, org: Org, actor: Actor, wanted: OrderFilter, sort: str, index: str
    ) -> None:
        place(actor)
        with noted_plans() as steps:
            order_list.find_orders(org.id, wanted, Paging(sort=sort))
        assert any(index in step for step in steps), "\n".join(steps)
        assert not [step for step in steps if step.startswith(("SCAN order", "SCAN cart"))]
        if wanted.platform:  # the count and the page
            assert sum(index in step for step in steps) == 2


class TestSettling:
    def test_many_changes_are_settled_bit_by_bit(
        self, org: Org, actor: Actor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pending_changes, "AT_ONCE", 2)
        for _ in range(5):
            place(actor)
        assert [pending_changes.settle() for _ in range(4)] == [2, 2, 1, 0]
        assert number(org) == 5

    def test_several_processes_may_settle_while_orders_are_placed(
        self, app: Flask, org: Org, actor: Actor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pending_changes, "AT_ONCE", 3)
        is_over = threading.Event()
        failures: list[Exception] = []

        def settle() -> None:
            with app.app_context():
                try:
                    while not is_over.is_set():
                        pending_changes.settle()
                except Exception as error:  # noqa: BLE001 - shown by the test
                    failures.append(error)

        threads = [threading.Thread(target=settle) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            seen = []
            for at in range(25):
                order = place(actor, name=f"{at:02}")
                changes.change_order(order.id, OrderChanges(status=Status.COMPLETE), actor=actor)
                changes.change_order(order.id, OrderChanges(name=f"{99 - at}"), actor=actor)
                seen.append((number(org), len(by_pages(org, OrderFilter(), "name"))))
        finally:
            is_over.set()
            for thread in threads:
                thread.join()
        assert failures == []
        assert seen == [(at, at) for at in range(1, 26)]
        pending_changes.settle()
        assert (number(org, "New"), number(org, "Complete")) == (0, 25)
        assert pending_changes.find_differences() == []

    def test_what_was_written_without_pending_changes_is_repaired(
        self, org: Org, actor: Actor
    ) -> None:
        """As processes of the version before write orders."""
        made = mixed(actor)
        pending_changes.settle()
        lines = delete(pending_change)
        late = place(actor, "List", name="Late", customerId="C-9", platform={"id": "5"})
        changes.change_order(made[2].id, OrderChanges(name="Other"), actor=actor)
        changes.bin_order(made[5].id, actor=actor)
        database.execute(lines)
        own = update(orders).where(orders.c.id == late.id)
        database.execute(own.values(platform_key="C-9\n5", po_key="C-9\n7"))
        database.execute(delete(orders).where(orders.c.id == "none"))
        assert pending_changes.find_differences() != []
        assert by_pages(org, OrderFilter(platform={"id": "5"}), "-createdAt") == []
        assert pending_changes.repair(lambda: False) > 0
        assert pending_changes.find_differences() == []
        assert pending_changes.repair(lambda: False) == 0
        assert by_pages(org, OrderFilter(platform={"id": "5"}), "-createdAt") == [late.id]
        assert by_pages(org, OrderFilter(name="Other"), "-createdAt") == [made[2].id]
        assert number(org) == len(by_pages(org, OrderFilter(), "name"))

    def test_a_repair_changes_nothing_that_is_only_pending(self, org: Org, actor: Actor) -> None:
        mixed(actor)
        before = pending()
        assert pending_changes.repair(lambda: False) == 0
        assert pending() == before
        assert pending_changes.find_differences() == []

    def test_an_erased_customer_is_gone_from_the_table_at_once(
        self, org: Org, actor: Actor
    ) -> None:
        order = place(actor, name="Ada", customerId="C-1")
        pending_changes.settle()
        with database.transaction() as connection:
            order_erasure.erase_orders(connection, [order.id], actor.org, COMMAND)
        row = database.fetch_one(select(order_sort))
        assert row is not None
        assert (row.name, row.name_key, row.customer_key) == (None, None, None)

    def test_wrong_tables_are_found_and_written_again(
        self, app: Flask, org: Org, actor: Actor
    ) -> None:
        for status in ("New", "New", "List"):
            place(actor, status, name="Hall")
        pending_changes.settle()
        runner = app.test_cli_runner()
        assert runner.invoke(args=["database", "check"]).exit_code == 0
        for wrong in (
            update(order_count).values(number=order_count.c.number + 1),
            delete(order_count),
            # As many in all, with other statuses.
            update(orders).where(orders.c.status == "List").values(status="Complete"),
            update(order_sort).values(name_key="x"),
            delete(order_sort),
        ):
            database.execute(wrong)
            result = runner.invoke(args=["database", "check"])
            assert result.exit_code == 1
            assert "shortorder database reindex" in result.output
            written = runner.invoke(args=["database", "reindex"])
            assert json.loads(written.output) == {"orders": 3}
            assert runner.invoke(args=["database", "check"]).exit_code == 0
        assert (number(org), number(org, "Complete")) == (3, 1)
