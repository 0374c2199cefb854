"""The start page counts the orders of one org by day, without those in the bin."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import update
from werkzeug.datastructures import MultiDict

from orders.domain.inputs import Limits
from orders.domain.order import Order, OrderChanges
from orders.domain.status import Status
from orders.interfaces.desk.order_list.list_address import read_address
from orders.services import dashboard
from orders.services.accounts.access import Actor
from orders.services.dashboard import DashboardSummary
from orders.services.idempotency import IdempotencyKey, fingerprint
from orders.services.imports import upload, work
from orders.services.orders import changes as order_changes
from orders.services.orders import intake, order_list
from orders.services.orders.order_filter import FilterChoices
from orders.services.orders.order_list import NEWEST_FIRST
from orders.services.webhooks import webhooks
from orders.storage import database
from orders.storage.models.webhooks import WebhookDelivery
from orders.storage.tables import order_import, submission
from tests.actors import Org
from tests.bad_orders import CHAIR
from tests.plans import noted_plans
from tests.sheets import csv_of

NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 25, tzinfo=UTC)
NOBODY = FilterChoices((), (), (), ())  # the options of the list's filters


@pytest.fixture(autouse=True)
def _app_context(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


@dataclass
class Desk:
    """A person at the desk with a fixed clock."""

    org: Org
    actor: Actor

    def order(
        self, at: datetime = NOW, *, status: str = "New", count: int = 1, key: str = ""
    ) -> Order:
        raw = {"status": status, "cart": [{"configurationId": CHAIR, "count": count}]}
        draft = intake.check_order(raw, actor=self.actor, limits=Limits())
        once = IdempotencyKey(key, fingerprint(raw)) if key else None
        return intake.create_order(draft, actor=self.actor, key=once, now=at)

    def dashboard(self, *, zone: tzinfo = UTC, now: datetime = NOW) -> DashboardSummary:
        return dashboard.load_dashboard(self.actor, zone=zone, now=now)

    def listed(self, day: date, zone: tzinfo) -> int:
        """Count the orders in the list for a day, by its URL."""
        sent = MultiDict({"from": str(day), "to": str(day)})
        wanted = read_address(sent, (), NOBODY, zone).order_filter
        return order_list.list_page(self.org.id, wanted, NEWEST_FIRST).count or 0


@pytest.fixture
def desk(org: Org) -> Desk:
    return Desk(org, org.staff().actor)


def test_an_org_without_orders_has_thirty_empty_days(desk: Desk) -> None:
    found = desk.dashboard()
    assert [day.total for day in found.days] == [0] * 30
    assert (found.days[0].day, found.today.day) == (date(2026, 10, 27), date(2026, 11, 25))
    assert (found.pieces_today, found.quiet_count) == (0, 0)
    assert (found.quiet, found.failing, found.mine) == ((), (), ())


def test_canceled_orders_are_not_counted(desk: Desk) -> None:
    desk.order(NOW, count=3)
    for day in (NOW, NOW - timedelta(days=2)):
        order_changes.cancel_order(desk.order(day, count=5).id, None, actor=desk.actor, now=NOW)
    found = desk.dashboard()
    assert [day.total for day in found.days] == [0] * 29 + [1]
    assert found.pieces_today == 3


def test_today_begins_at_midnight(desk: Desk) -> None:
    desk.order(MIDNIGHT, count=3)
    desk.order(NOW, count=4)
    desk.order(MIDNIGHT - timedelta(milliseconds=1), count=50)
    found = desk.dashboard()
    assert (found.today.total, found.pieces_today) == (2, 7)
    assert found.days[-2].total == 1


# A zone, a day, and its start in UTC. The clocks change at the end, in the middle or at the start
# of some days; one zone has an offset with quarters of an hour.
BEGINS = [
    ("Europe/Berlin", "2026-11-25", "2026-11-24T23:00"),
    ("Europe/Berlin", "2026-10-25", "2026-10-24T22:00"),  # 25 hours
    ("Europe/Berlin", "2026-10-26", "2026-10-25T23:00"),
    ("Europe/Berlin", "2026-03-30", "2026-03-29T22:00"),  # after one of 23 hours
    ("America/Santiago", "2026-09-06", "2026-09-06T04:00"),  # there is no midnight
    ("America/Los_Angeles", "2026-11-02", "2026-11-02T08:00"),
    ("Asia/Kathmandu", "2026-11-25", "2026-11-24T18:15"),
    ("Pacific/Kiritimati", "2026-11-25", "2026-11-24T10:00"),
]


@pytest.mark.parametrize(("name", "day", "begin"), BEGINS)
def test_days_are_in_the_persons_time_zone_as_in_the_list(
    desk: Desk, name: str, day: str, begin: str
) -> None:
    zone, today = ZoneInfo(name), date.fromisoformat(day)
    midnight = datetime.fromisoformat(begin).replace(tzinfo=UTC)
    desk.order(midnight, count=3)
    desk.order(midnight + timedelta(hours=1), count=4)
    for since in (1, 1000, 3_600_000):  # milliseconds
        desk.order(midnight - timedelta(milliseconds=since), count=50)
    found = desk.dashboard(zone=zone, now=midnight + timedelta(hours=2))
    assert (found.today.day, found.today.total, found.pieces_today) == (today, 2, 7)
    assert found.days[-2].total == 3
    for one in found.days[-2:]:
        assert desk.listed(one.day, zone) == one.total
    late = desk.dashboard(zone=zone, now=midnight - timedelta(milliseconds=1))
    assert (late.today.day, late.today.total) == (today - timedelta(days=1), 3)


def test_a_day_with_a_clock_change_ends_at_midnight(desk: Desk) -> None:
    zone = ZoneInfo("Europe/Berlin")
    for hours in (0, 24, 24.99, 25):  # since the midnight of a day of 25 hours
        desk.order(datetime(2026, 10, 24, 22, tzinfo=UTC) + timedelta(hours=hours))
    found = desk.dashboard(zone=zone, now=datetime(2026, 11, 20, tzinfo=UTC))
    counted = {day.day: day.total for day in found.days if day.total}
    assert counted == {date(2026, 10, 25): 3, date(2026, 10, 26): 1}
    assert all(desk.listed(day, zone) == total for day, total in counted.items())


def test_days_count_by_current_status(desk: Desk) -> None:
    desk.order(MIDNIGHT - timedelta(days=29))
    desk.order(MIDNIGHT - timedelta(days=29, milliseconds=1))  # the day before the first
    moved = desk.order(NOW)
    order_changes.change_order(
        moved.id, OrderChanges(status=Status.COMPLETE), actor=desk.actor, now=NOW
    )
    desk.order(NOW, status="List")
    found = desk.dashboard()
    assert dict(found.days[0].counts) == {Status.NEW: 1}
    assert dict(found.today.counts) == {Status.COMPLETE: 1, Status.LIST: 1}
    assert sum(day.total for day in found.days) == 3


def test_orders_in_the_bin_are_not_counted(desk: Desk) -> None:
    for at, status in ((NOW, "New"), (NOW - timedelta(days=9), "List")):
        binned = desk.order(at, status=status, key=status)
        order_changes.bin_order(binned.id, actor=desk.actor, now=at)
    found = desk.dashboard()
    assert sum(day.total for day in found.days) == found.pieces_today == found.quiet_count == 0
    assert found.mine == ()


def test_open_carts_are_quiet_until_they_are_changed(desk: Desk) -> None:
    at = NOW - timedelta(days=3)
    quiet = desk.order(at - timedelta(hours=2), status="In Cart", count=5)
    older = desk.order(at - timedelta(days=40), status="List")
    changed = desk.order(at - timedelta(hours=1), status="List")
    order_changes.change_order(changed.id, OrderChanges(name="Awake"), actor=desk.actor, now=NOW)
    desk.order(at + timedelta(minutes=1), status="List")
    desk.order(at - timedelta(days=9), status="In Progress")
    found = desk.dashboard()
    assert [one.short_id for one in found.quiet] == [older.short_id, quiet.short_id]
    assert found.quiet_count == 2
    assert (found.quiet[1].pieces, found.quiet[1].status) == (5, Status.IN_CART)


def test_a_canceled_cart_is_not_waiting(desk: Desk) -> None:
    at = NOW - dashboard.QUIET_AFTER
    cart = desk.order(at - timedelta(hours=2), status="In Cart")
    order_changes.cancel_order(cart.id, None, actor=desk.actor, now=at - timedelta(hours=1))
    assert desk.dashboard().quiet_count == 0
    order_changes.reopen_order(cart.id, actor=desk.actor, now=at - timedelta(hours=1))
    assert [one.short_id for one in desk.dashboard().quiet] == [cart.short_id]


def test_the_oldest_quiet_carts_are_shown_and_all_are_counted(desk: Desk) -> None:
    made = [desk.order(NOW - timedelta(days=9 + n), status="List") for n in range(11)]
    found = desk.dashboard()
    assert [one.short_id for one in found.quiet] == [one.short_id for one in made[:2:-1]]
    assert found.quiet_count == 11


def test_my_orders_are_those_of_my_forms_newest_first(desk: Desk, org: Org) -> None:
    made = [desk.order(NOW - timedelta(days=90 - n), key=f"form-{n}") for n in range(8)]
    desk.order(key="")  # by a request without a key
    Desk(org, org.admin().actor).order(key="form-of-somebody-else")
    found = desk.dashboard()
    assert [one.short_id for one in found.mine] == [one.short_id for one in made[:1:-1]]


def test_orders_with_keys_of_the_api_are_not_mine(desk: Desk) -> None:
    desk.order(key="form")
    answered = update(submission).values(answer={"status": 201})
    database.write(lambda connection: connection.execute(answered).rowcount)
    assert desk.dashboard().mine == ()


def test_imported_orders_are_not_mine(desk: Desk) -> None:
    mine = desk.order(key="form")
    desk.order(NOW + timedelta(minutes=1), key=work.key_of("0" * 36, 1))
    assert [one.short_id for one in desk.dashboard().mine] == [mine.short_id]


def test_failed_imports_are_shown_for_a_week(desk: Desk, other_org: Org) -> None:
    sheet = csv_of(("order", "configurationId", "count"), ("A", CHAIR, 2)).encode()
    for name, at in (("good.csv", NOW), ("new.csv", NOW), ("old.csv", NOW - timedelta(days=8))):
        upload.upload(name, sheet, actor=desk.actor, limits=Limits(), key=name, now=at)
    failed = update(order_import).where(order_import.c.file_name != "good.csv")
    failed = failed.values(state="Failed", message="The account was disabled.")
    database.write(lambda connection: connection.execute(failed).rowcount)
    [shown] = desk.dashboard().failed_imports
    assert (shown.file_name, shown.message) == ("new.csv", "The account was disabled.")
    assert Desk(other_org, other_org.staff().actor).dashboard().failed_imports == ()


def fail(desk: Desk, order: Order, **values: object) -> None:
    statement = update(WebhookDelivery).where(WebhookDelivery.order_id == order.id).values(values)
    assert database.write(lambda connection: connection.execute(statement).rowcount) == 1
    assert desk.actor


def test_failed_deliveries_are_shown_by_webhook(desk: Desk, org: Org) -> None:
    made = webhooks.create(
        {"topic": "order.created", "address": "https://shop.example/hook"},
        actor=org.admin().actor, limits=Limits(), allow_private=False, now=NOW,
    )  # fmt: skip
    desk.actor = org.staff().actor  # reloaded, with the webhook
    delivered, waiting, retried, given_up, old = [desk.order(NOW) for _ in range(5)]
    fail(desk, delivered, delivered_at=NOW, next_attempt_at=None, attempts=1)
    fail(desk, waiting, next_attempt_at=NOW, attempts=0)
    fail(desk, retried, next_attempt_at=NOW, attempts=3)
    fail(desk, given_up, next_attempt_at=None, attempts=9)
    fail(desk, old, next_attempt_at=None, attempts=9, created_at=NOW - timedelta(days=8))
    [failing] = desk.dashboard().failing
    assert (failing.webhook_id, failing.address) == (made.webhook.id, "https://shop.example/hook")
    assert (failing.given_up, failing.retrying) == (1, 1)
    webhooks.bin_webhook(made.webhook.id, org.id)
    assert desk.dashboard().failing == ()


def test_another_org_sees_none_of_it(desk: Desk, org: Org, other_org: Org) -> None:
    webhooks.create(
        {"topic": "order.created", "address": "https://shop.example/hook"},
        actor=org.admin().actor, limits=Limits(), allow_private=False, now=NOW,
    )  # fmt: skip
    desk.actor = org.staff().actor
    fail(desk, desk.order(NOW, key="form"), next_attempt_at=None, attempts=9)
    desk.order(NOW - timedelta(days=9), status="List")
    theirs = Desk(other_org, other_org.staff().actor).dashboard()
    assert sum(day.total for day in theirs.days) == theirs.pieces_today == 0
    assert (theirs.quiet, theirs.failing, theirs.mine) == ((), (), ())


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_query_uses_an_index(desk: Desk) -> None:
    for n in range(dashboard.QUIET_SHOWN):
        desk.order(NOW - timedelta(days=9 + n), status="List", key=f"form-{n}")
    with noted_plans() as steps:
        desk.dashboard()
    # `days` is not a table, and changes of the numbers are there for a second.
    not_read = {"SCAN days", "SCAN 30 CONSTANT ROWS", "SCAN pending_change"}
    of_tables = [step for step in steps if step not in not_read]
    assert [step for step in of_tables if step.startswith("SCAN")] == []
    counted = "SEARCH order_count USING PRIMARY KEY (org_id=? AND quarter>? AND quarter<?)"
    assert counted in steps, steps
    for index in ("ix_orders_list (org_id=? AND created_at>?)", "ix_orders_open_carts",
                  "ix_submission_of_form", "ix_webhook_delivery_given_up"):  # fmt: skip
        assert any(index in step for step in steps), (index, steps)
