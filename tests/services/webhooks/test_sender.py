"""Real receivers: hanging ones keep nobody else waiting, connections are kept, nothing is lost."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from orders.domain.errors import ServiceBusy
from orders.domain.inputs import Limits
from orders.domain.webhook import Webhook
from orders.services.orders import intake
from orders.services.webhooks import claims, deliveries, sender, webhooks
from orders.services.webhooks.deliveries import DeliveryState
from orders.services.webhooks.sender import MOST_AT_ONCE, Sender
from orders.services.webhooks.webhook_client import (
    Message,
    PostResult,
    ReceiverConnection,
    WebhookClient,
)
from orders.settings import Settings
from orders.storage import database
from orders.storage.pages import MAX_PER_PAGE, Paging
from orders.storage.tables import webhook_delivery
from tests.actors import Org
from tests.bad_orders import CHAIR
from tests.receiver import Receiver, receiving

pytestmark = pytest.mark.usefixtures("inside")
PATIENCE = 30.0  # seconds
SOON = 3.0  # seconds for a message while others hang; one attempt of theirs takes longer
BUSY_PAUSE = 0.2  # seconds


def hook(org: Org, receiver: Receiver) -> str:
    raw = {"topic": "order.created", "address": receiver.address}
    made = webhooks.create(raw, actor=org.actor(), limits=Limits(), allow_private=True)
    return made.webhook.id


def place_orders(org: Org, count: int) -> None:
    actor = org.actor()
    raw = {"cart": [{"configurationId": CHAIR, "count": 2}]}
    for _ in range(count):
        intake.create_order(intake.check_order(raw, actor=actor, limits=Limits()), actor=actor)


def states(webhook_id: str, org: Org) -> list[DeliveryState]:
    page = deliveries.list_deliveries(webhook_id, org.id, Paging(per_page=MAX_PER_PAGE))
    return [one.state for one in page.entries]


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@contextmanager
def sending(
    app: Flask, *, org_lanes: int = 8, time_limit: float = 10.0, gone: list[Webhook] | None = None
) -> Iterator[None]:
    """Send as a process does until the block ends."""
    stopping = threading.Event()
    one = Sender(
        WebhookClient(allow_private=True, time_limit=time_limit),
        org_lanes=org_lanes,
        is_stopping=stopping.is_set,
        on_gone=(gone if gone is not None else []).append,
    )

    def run() -> None:
        with app.app_context():
            while not (stopping.is_set() and one.is_idle):
                try:
                    one.run_round()
                except ServiceBusy:
                    time.sleep(BUSY_PAUSE)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        one.wake()
        thread.join(PATIENCE)
        assert not thread.is_alive()


@contextmanager
def hanging(count: int) -> Iterator[list[Receiver]]:
    """Run receivers that answer nothing until the block ends."""
    ending = threading.Event()
    with ExitStack() as stack:
        receivers = [stack.enter_context(receiving()) for _ in range(count)]
        for one in receivers:
            one.before = lambda: ending.wait(PATIENCE)
        stack.callback(ending.set)
        yield receivers


class TestOthers:
    def test_hanging_receivers_of_one_org_do_not_delay_those_of_another(
        self, app: Flask, org: Org, other_org: Org, receiver: Receiver
    ) -> None:
        # The receivers are released before the sender is stopped, which waits for its attempts.
        with sending(app, time_limit=5.0), hanging(10) as dead:
            for one in dead:
                hook(org, one)
            hook(other_org, receiver)
            place_orders(org, 5)
            wait_until(lambda: any(one.received for one in dead))
            for count in (1, 2, 3):
                began = time.monotonic()
                place_orders(other_org, 1)
                receiver.wait_for(count)
                assert time.monotonic() - began < SOON

    def test_one_slow_answer_of_a_fast_receiver_does_not_delay_the_messages_behind_it(
        self, app: Flask, org: Org, receiver: Receiver
    ) -> None:
        ending = threading.Event()

        def hang_once() -> None:
            if len(receiver.received) == 20:
                ending.wait(PATIENCE)

        receiver.before = hang_once
        key = hook(org, receiver)
        place_orders(org, 60)
        with sending(app):
            wait_until(lambda: states(key, org).count(DeliveryState.DELIVERED) == 59)
            ending.set()
            wait_until(lambda: states(key, org).count(DeliveryState.DELIVERED) == 60)
        assert len(receiver.received) == 60

    def test_a_hanging_receiver_gets_one_message_at_a_time_after_the_first(
        self, app: Flask, org: Org, receiver: Receiver
    ) -> None:
        with hanging(1) as [dead]:
            hook(org, dead)
            beside = hook(org, receiver)
            place_orders(org, 12)
            with sending(app, time_limit=0.5, org_lanes=MOST_AT_ONCE + 1):
                wait_until(lambda: states(beside, org) == [DeliveryState.DELIVERED] * 12)
                wait_until(lambda: len(dead.received) > MOST_AT_ONCE)
                began, so_far = time.monotonic(), len(dead.received)
                dead.wait_for(so_far + 2)
                assert time.monotonic() - began > 0.5

    @pytest.mark.one_database(reason="test_claims.py renews claims on both")
    def test_a_long_attempt_is_not_repeated_by_another_process(
        self, app: Flask, org: Org, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(claims, "LEASE", timedelta(seconds=0.5))
        monkeypatch.setattr(claims, "RENEWED", timedelta(seconds=0.4))
        monkeypatch.setattr(sender, "MARGIN", timedelta())
        monkeypatch.setattr(sender, "POLL", 0.05)
        with hanging(1) as [slow]:
            hook(org, slow)
            place_orders(org, 1)
            with sending(app, time_limit=1.2), sending(app, time_limit=1.2):
                slow.wait_for(1)
                time.sleep(1.0)
                assert len(slow.received) == 1

    def test_a_slow_receiver_gets_a_few_at_once(
        self, app: Flask, org: Org, receiver: Receiver
    ) -> None:
        lock, depth, most = threading.Lock(), [0], [0]

        def work() -> None:
            with lock:
                depth[0] += 1
                most[0] = max(most[0], depth[0])
            time.sleep(0.15)
            with lock:
                depth[0] -= 1

        receiver.before = work
        webhook_id = hook(org, receiver)
        place_orders(org, 3 * MOST_AT_ONCE)
        with sending(app), sending(app):  # as two processes
            wait_until(lambda: set(states(webhook_id, org)) == {DeliveryState.DELIVERED})
        assert most[0] == MOST_AT_ONCE
        assert len(receiver.received) == 3 * MOST_AT_ONCE

    def test_a_backlog_of_one_org_lets_the_message_of_another_through(
        self, app: Flask, org: Org, other_org: Org, receiver: Receiver
    ) -> None:
        with receiving() as busy:
            for _ in range(12):
                hook(org, busy)
            hook(other_org, receiver)
            place_orders(org, 40)
            with sending(app):
                busy.wait_for(20)
                place_orders(other_org, 1)
                receiver.wait_for(1)
                assert len(busy.received) < 480


class TestConnections:
    def test_messages_of_a_backlog_use_the_same_connections(
        self, app: Flask, org: Org, receiver: Receiver
    ) -> None:
        webhook_id = hook(org, receiver)
        place_orders(org, 60)
        with sending(app):
            wait_until(lambda: set(states(webhook_id, org)) == {DeliveryState.DELIVERED})
        assert len({one.headers["webhook-id"] for one in receiver.received}) == 60
        assert len({one.port for one in receiver.received}) <= 2 * MOST_AT_ONCE


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
class TestFullDisk:
    def test_an_outcome_that_could_not_be_stored_is_stored_later_and_nothing_sent_twice(
        self, app: Flask, settings: Settings, org: Org, receiver: Receiver
    ) -> None:
        lock_file = Path(settings.database_url.removeprefix("sqlite:///") + ".writer-lock")
        webhook_id = hook(org, receiver)
        place_orders(org, 3)
        full = threading.Event()

        def fill() -> None:
            if not full.is_set():  # the claim is stored, and nothing else can be
                full.set()
                lock_file.unlink()
                lock_file.mkdir()

        receiver.before = fill
        with sending(app):
            receiver.wait_for(3)
            time.sleep(3 * BUSY_PAUSE)
            assert set(states(webhook_id, org)) == {DeliveryState.SENDING}
            lock_file.rmdir()
            began = time.monotonic()
            wait_until(lambda: set(states(webhook_id, org)) == {DeliveryState.DELIVERED})
            assert time.monotonic() - began < SOON
        assert len(receiver.received) == 3


class TestRetryAfter:
    @pytest.mark.parametrize("as_date", [False, True])
    def test_a_receiver_that_asks_for_a_pause_gets_nothing_meanwhile(
        self, app: Flask, org: Org, receiver: Receiver, *, as_date: bool
    ) -> None:
        webhook_id = hook(org, receiver)
        place_orders(org, 1)
        receiver.answer_with([429])
        until = datetime.now(UTC) + timedelta(minutes=20)
        asked = until.strftime("%a, %d %b %Y %H:%M:%S GMT") if as_date else "1200"
        receiver.headers["Retry-After"] = asked
        with sending(app):
            wait_until(lambda: states(webhook_id, org) == [DeliveryState.RETRYING])
            place_orders(org, 2)
            time.sleep(1.5)
            assert len(receiver.received) == 1
            with database.read() as connection:
                due = select(webhook_delivery.c.next_attempt_at).order_by(webhook_delivery.c.id)
                first = connection.execute(due).scalars().first()
            assert first is not None
            assert abs((first - until).total_seconds()) < PATIENCE
            # What an admin sends again is sent.
            receiver.answer_with([204])
            receiver.headers.clear()
            page = deliveries.list_deliveries(webhook_id, org.id, Paging())
            deliveries.send_again(page.entries[-1].id, webhook_id, org.id)
            wait_until(lambda: states(webhook_id, org) == [DeliveryState.DELIVERED] * 3)


class TestGone:
    def test_410_switches_the_webhook_off_and_reports_it(
        self, app: Flask, org: Org, receiver: Receiver
    ) -> None:
        webhook_id = hook(org, receiver)
        receiver.answer_with([410])
        gone: list[Webhook] = []
        place_orders(org, 1)
        with sending(app, gone=gone):
            wait_until(lambda: bool(gone))
            place_orders(org, 2)
            time.sleep(1.0)
        assert [one.id for one in gone] == [webhook_id]
        assert webhooks.find(webhook_id, org.id).switched_off_at is not None
        assert len(receiver.received) == 1
        assert states(webhook_id, org) == [DeliveryState.GIVEN_UP]
        # An admin switches it on: it gets what happens from then on.
        receiver.answer_with([204])
        assert webhooks.restore(webhook_id, actor=org.actor()).switched_off_at is None
        place_orders(org, 1)
        with sending(app):
            receiver.wait_for(2)


@pytest.mark.one_database(reason="the fault is in a thread that sends")
def test_a_lane_that_fails_leaves_its_place_and_its_message_to_others(
    app: Flask, org: Org, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    post, failures = ReceiverConnection.post, iter(range(2 * MOST_AT_ONCE))

    def fail_first(
        self: ReceiverConnection, message: Message, *, at: datetime | None = None
    ) -> PostResult:
        if next(failures, None) is not None:
            raise RuntimeError("as no receiver makes it")
        return post(self, message, at=at)

    monkeypatch.setattr(ReceiverConnection, "post", fail_first)
    made = hook(org, receiver)
    place_orders(org, 3)
    with sending(app):
        receiver.wait_for(3)
        wait_until(lambda: set(states(made, org)) == {DeliveryState.DELIVERED})
    assert next(failures, None) is None
