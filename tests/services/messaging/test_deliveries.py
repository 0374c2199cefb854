"""Messages are written with their order, sent once, tried again for a day, and never forgotten."""

import itertools
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from orders import editing, intake
from orders.access import Actor
from orders.messaging import deliveries, webhooks
from orders.messaging.courier import Message, Outcome
from orders.messaging.deliveries import PAUSES, Delivery, State
from orders.repeats import Once, fingerprint
from orders.rules.errors import Conflict, InvalidOrder, NotFound, ServiceBusy, StaleVersion
from orders.rules.limits import Limits
from orders.rules.order import Order
from orders.rules.paging import Paging
from orders.rules.webhook import Topic
from orders.storage import database
from orders.storage.models import WebhookDelivery
from tests.actors import Org
from tests.bad_orders import CHAIR

ADDRESS = "https://shop.example/hook"
NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
OK, FAILED = Outcome(204, ""), Outcome(500, "Out of order")


@pytest.fixture(autouse=True)
def _in_the_application(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


@dataclass
class Desk:
    """An org, a clock that is set by hand, and a receiver that answers what a test says."""

    org: Org
    now: datetime = NOW
    answers: list[Outcome] = field(default_factory=lambda: [OK])
    sent: list[Message] = field(default_factory=list)

    @property
    def actor(self) -> Actor:
        return self.org.actor()

    def hook(self, address: str = ADDRESS, **fields: object) -> webhooks.NewWebhook:
        raw = {"topic": "order.created", "address": address, **fields}
        return webhooks.create(raw, actor=self.actor, limits=Limits(), allow_private=False)

    def order(self, **fields: object) -> Order:
        raw = {"cart": [{"configurationId": CHAIR, "count": 2}], **fields}
        draft = intake.check_order(raw, actor=self.actor, limits=Limits())
        return intake.create_order(draft, actor=self.actor, now=self.now)

    def carry(self, message: Message, /, *, at: datetime | None = None) -> Outcome:
        assert at == self.now
        self.sent.append(message)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def send(self, chance: float = 0.5) -> bool:
        """Let the next due message be sent."""
        return deliveries.send_next(self.carry, now=lambda: self.now, chance=lambda: chance)

    def list(self, webhook_id: str) -> list[Delivery]:
        page = deliveries.list_deliveries(webhook_id, self.org.id, Paging(), now=self.now)
        assert page.count == len(page.entries)
        return list(page.entries)

    def only(self, webhook_id: str) -> Delivery:
        [delivery] = self.list(webhook_id)
        return delivery


@pytest.fixture
def desk(org: Org) -> Desk:
    return Desk(org)


def stored() -> int:
    with database.read() as connection:
        count = select(func.count()).select_from(WebhookDelivery)
        return connection.execute(count).scalar_one()


class TestOutbox:
    def test_an_order_writes_a_message_for_each_webhook_that_it_concerns(self, desk: Desk) -> None:
        hooks = {
            "all": desk.hook(),
            "new": desk.hook(filter={"status": ["New", "Complete"]}),
            "lists": desk.hook(filter={"status": ["List"]}),
            "deleted": desk.hook(topic="order.deleted"),
            "bin": desk.hook(),
        }
        webhooks.bin_webhook(hooks["bin"].webhook.id, desk.org.id)
        desk.order(name="Hall")
        told = {name for name, made in hooks.items() if desk.list(made.webhook.id)}
        assert told == {"all", "new"}

    def test_without_webhooks_nothing_is_written(self, desk: Desk) -> None:
        desk.order()
        assert stored() == 0

    def test_an_order_that_fails_leaves_no_message(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        desk.hook()
        taken = desk.order()
        draft = intake.check_order({"status": "List"}, actor=desk.actor, limits=Limits())
        with pytest.raises(ServiceBusy):
            intake.create_order(draft, actor=desk.actor, new_short_id=lambda: taken.short_id)
        assert stored() == 1

    def test_a_repeat_writes_no_second_message(self, desk: Desk) -> None:
        desk.hook()
        once = Once("key", fingerprint({}))
        draft = intake.check_order({"status": "List"}, actor=desk.actor, limits=Limits())
        for _ in range(3):
            intake.create_order(draft, actor=desk.actor, once=once)
        assert stored() == 1

    def test_each_event_of_an_order_is_told_under_its_topic(self, desk: Desk) -> None:
        made = {topic: desk.hook(topic=topic) for topic in Topic}
        order, actor = desk.order(name="Hall"), desk.actor
        changes = editing.check_changes({"name": "Stairs"}, actor=actor, limits=Limits())
        for _ in range(2):  # the second changes nothing
            editing.change_order(order.id, changes, actor=actor, now=desk.now)
        line = {"configurationId": CHAIR, "count": 3}
        lines = editing.check_lines([line], actor=actor, limits=Limits())
        editing.add_lines(order.id, lines, actor=actor, limits=Limits(), now=desk.now)
        editing.bin_order(order.id, actor=actor, now=desk.now)
        editing.restore_order(order.id, actor=actor, now=desk.now)
        while desk.send():
            pass
        told = [(sent["type"], sent["data"]["name"], len(sent["data"]["cart"]),
                 sent["data"]["deletedAt"] is not None)
                for sent in (json.loads(message.payload) for message in desk.sent)]  # fmt: skip
        assert sorted(told) == [
            ("order.created", "Hall", 1, False),
            ("order.deleted", "Stairs", 2, True),
            ("order.updated", "Stairs", 1, False),
            ("order.updated", "Stairs", 2, False),
            ("order.updated", "Stairs", 2, False),
        ]
        assert {len(desk.list(hook.webhook.id)) for hook in made.values()} == {1, 3}

    def test_a_filter_looks_at_the_status_after_the_change(self, desk: Desk) -> None:
        made = desk.hook(topic="order.updated", filter={"status": ["Complete"]})
        order, actor = desk.order(), desk.actor
        for status, count in (("In Progress", 0), ("Complete", 1), ("New", 1)):
            changes = editing.check_changes({"status": status}, actor=actor, limits=Limits())
            editing.change_order(order.id, changes, actor=actor)
            assert len(desk.list(made.webhook.id)) == count

    def test_a_change_that_is_refused_leaves_no_message(self, desk: Desk) -> None:
        made = desk.hook(topic="order.updated")
        order, actor = desk.order(), desk.actor
        changes = editing.check_changes({"cart": []}, actor=actor, limits=Limits())
        with pytest.raises(InvalidOrder):
            editing.change_order(order.id, changes, actor=actor)
        with pytest.raises(StaleVersion):
            editing.bin_order(order.id, actor=actor, is_current=lambda version: version == 99)
        assert desk.list(made.webhook.id) == []

    def test_webhooks_of_another_org_are_told_nothing(self, desk: Desk, other_org: Org) -> None:
        made = Desk(other_org).hook()
        desk.order()
        assert Desk(other_org).list(made.webhook.id) == []


class TestSending:
    def test_a_message_is_sent_once(self, desk: Desk) -> None:
        made = desk.hook()
        order = desk.order(name="Hall")
        assert desk.only(made.webhook.id).state is State.WAITING
        assert desk.send()
        assert not desk.send()
        [message] = desk.sent
        assert (message.address, message.secrets) == (ADDRESS, (made.secret,))
        assert f'"shortId":"{order.short_id}"' in message.payload
        delivery = desk.only(made.webhook.id)
        assert (delivery.state, delivery.attempts) == (State.DELIVERED, 1)
        assert (delivery.last_status, delivery.last_answer) == (204, "")
        assert delivery.order_short_id == order.short_id
        assert delivery.next_attempt_at is None

    def test_what_is_due_the_longest_goes_first(self, desk: Desk) -> None:
        desk.hook()
        codes = []
        for minute in (0, 1, 2):
            desk.now = NOW + timedelta(minutes=minute)
            codes.append(desk.order().short_id)
        while desk.send():
            pass
        assert [code for sent in desk.sent for code in codes if code in sent.payload] == codes

    def test_a_failed_one_is_tried_again_and_the_same_message_arrives(self, desk: Desk) -> None:
        made = desk.hook()
        desk.order()
        desk.answers = [FAILED, Outcome(None, "Nobody there"), OK]
        assert desk.send()
        delivery = desk.only(made.webhook.id)
        assert delivery.state is State.RETRYING
        assert (delivery.last_status, delivery.last_answer) == (500, "Out of order")
        assert delivery.next_attempt_at == NOW + PAUSES[0]
        assert not desk.send(), "not before its time"
        for pause in PAUSES[:2]:
            desk.now += pause
            assert desk.send()
        assert len(set(desk.sent)) == 1
        assert desk.only(made.webhook.id).state is State.DELIVERED
        assert desk.only(made.webhook.id).attempts == 3

    def test_the_tries_end_after_a_day(self, desk: Desk) -> None:
        made = desk.hook()
        desk.order()
        desk.answers = [FAILED]
        begun, times = desk.now, []
        while desk.send():
            times.append(desk.now)
            following = desk.only(made.webhook.id).next_attempt_at
            if following is not None:
                desk.now = following
        assert [later - sooner for sooner, later in itertools.pairwise(times)] == list(PAUSES)
        assert timedelta(hours=23) < times[-1] - begun <= timedelta(hours=24)
        delivery = desk.only(made.webhook.id)
        assert (delivery.state, delivery.attempts) == (State.GIVEN_UP, len(PAUSES) + 1)
        desk.now += timedelta(days=30)
        assert not desk.send()

    def test_pauses_grow_and_are_spread_by_chance(self) -> None:
        assert list(PAUSES) == sorted(PAUSES)
        for number, pause in enumerate(PAUSES, start=1):
            least, most = (deliveries.pause_after(number, chance) for chance in (0.0, 1.0))
            assert least is not None
            assert most is not None
            assert least < pause < most
            assert most - least == pause * 2 * deliveries.JITTER
        assert deliveries.pause_after(len(PAUSES) + 1, 0.5) is None

    @pytest.mark.parametrize("status", [199, 300, 302, 400, 404, 429, 503, None])
    def test_only_2xx_is_a_delivery(self, desk: Desk, status: int | None) -> None:
        made = desk.hook()
        desk.order()
        desk.answers = [Outcome(status, "")]
        desk.send()
        assert desk.only(made.webhook.id).state is State.RETRYING

    @pytest.mark.parametrize("status", [200, 201, 202, 299])
    def test_any_2xx_is_one(self, desk: Desk, status: int) -> None:
        made = desk.hook()
        desk.order()
        desk.answers = [Outcome(status, "")]
        desk.send()
        assert desk.only(made.webhook.id).state is State.DELIVERED

    def test_410_gives_up_at_once(self, desk: Desk) -> None:
        made = desk.hook()
        desk.order()
        desk.answers = [Outcome(410, "Gone")]
        desk.send()
        assert desk.only(made.webhook.id).state is State.GIVEN_UP

    def test_a_mended_address_and_a_new_secret_count_from_the_next_attempt(
        self, desk: Desk
    ) -> None:
        made = desk.hook()
        desk.order()
        desk.answers = [FAILED]
        desk.send()
        key, mended = made.webhook.id, "https://shop.example/mended"
        webhooks.change(
            key, {"address": mended}, actor=desk.actor, limits=Limits(), allow_private=False
        )
        rolled = webhooks.roll_secret(key, desk.org.id, now=desk.now)
        desk.now += PAUSES[0]
        desk.send()
        assert (desk.sent[-1].address, desk.sent[-1].secrets) == (mended, (rolled, made.secret))
        desk.now = NOW + webhooks.OLD_SECRET_LIFE
        desk.send()
        assert desk.sent[-1].secrets == (rolled,)


class TestBin:
    def test_a_binned_webhook_gets_nothing_more(self, desk: Desk) -> None:
        made = desk.hook()
        desk.order()
        desk.answers = [FAILED]
        desk.send()
        webhooks.bin_webhook(made.webhook.id, desk.org.id)
        assert desk.only(made.webhook.id).state is State.GIVEN_UP
        webhooks.restore(made.webhook.id, actor=desk.actor)
        desk.now += timedelta(days=1)
        assert not desk.send()
        assert len(desk.sent) == 1

    def test_a_message_that_was_written_meanwhile_is_given_up_unsent(self, desk: Desk) -> None:
        made = desk.hook()
        actor = desk.actor
        webhooks.bin_webhook(made.webhook.id, desk.org.id)
        # An order that had read the org's rules before.
        draft = intake.check_order({"status": "List"}, actor=actor, limits=Limits())
        intake.create_order(draft, actor=actor, now=desk.now)
        assert desk.send()
        assert desk.sent == []
        delivery = desk.only(made.webhook.id)
        assert delivery.state is State.GIVEN_UP
        assert delivery.last_answer == deliveries.IN_THE_BIN


class TestClaims:
    def test_while_one_sends_it_no_other_does(self, desk: Desk) -> None:
        made = desk.hook()
        desk.order()
        seen: list[object] = []

        def carry(message: Message, /, *, at: datetime | None = None) -> Outcome:
            seen.extend([desk.only(made.webhook.id).state, desk.send()])
            return desk.carry(message, at=at)

        assert deliveries.send_next(carry, now=lambda: desk.now)
        assert seen == [State.SENDING, False]
        assert len(desk.sent) == 1

    def test_the_claim_of_a_worker_that_died_ends(self, desk: Desk) -> None:
        made = desk.hook()
        desk.order()

        class Died(BaseException):
            """What no `except Exception` catches, as little as kill -9."""

        def die(message: Message, /, *, at: datetime | None = None) -> Outcome:
            raise Died

        with pytest.raises(Died):
            deliveries.send_next(die, now=lambda: desk.now)
        assert not desk.send()
        desk.now += deliveries.LEASE
        assert desk.only(made.webhook.id).state is State.RETRYING
        assert desk.send()
        assert desk.only(made.webhook.id).state is State.DELIVERED
        assert desk.only(made.webhook.id).attempts == 2

    def test_one_that_took_too_long_has_no_word_any_more(self, desk: Desk) -> None:
        made = desk.hook()
        desk.order()

        def sleep(message: Message, /, *, at: datetime | None = None) -> Outcome:
            desk.now += deliveries.LEASE
            desk.answers = [OK]
            assert desk.send(), "another one has taken it over"
            return FAILED

        deliveries.send_next(sleep, now=lambda: desk.now)
        assert desk.only(made.webhook.id).state is State.DELIVERED

    def test_a_slow_receiver_does_not_keep_the_others_waiting(self, desk: Desk) -> None:
        desk.hook("https://slow.example")
        desk.hook("https://quick.example")
        for _ in range(deliveries.MOST_AT_ONCE + 2):
            desk.order()
        depth = {"https://slow.example": 0, "https://quick.example": 0}
        most = dict(depth)

        def carry(message: Message, /, *, at: datetime | None = None) -> Outcome:
            depth[message.address] += 1
            most[message.address] = max(most[message.address], depth[message.address])
            # A slow one is still at work while others send on.
            if message.address == "https://slow.example":
                while deliveries.send_next(carry, now=lambda: desk.now):
                    pass
            depth[message.address] -= 1
            return OK

        while deliveries.send_next(carry, now=lambda: desk.now):
            pass
        assert most["https://slow.example"] == deliveries.MOST_AT_ONCE
        assert not desk.send()

    def test_many_workers_at_once_send_each_message_once(self, app: Flask, desk: Desk) -> None:
        for number in range(6):
            desk.hook(f"https://shop.example/{number}")
        for _ in range(5):
            desk.order()
        lock, sent = threading.Lock(), []
        start = threading.Barrier(6)

        def carry(message: Message, /, *, at: datetime | None = None) -> Outcome:
            with lock:
                sent.append(message.id)
            return OK

        def work() -> None:
            start.wait()
            with app.app_context():
                while deliveries.send_next(carry, now=lambda: desk.now):
                    pass

        workers = [threading.Thread(target=work) for _ in range(6)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert len(sent) == len(set(sent)) == 30
        assert not desk.send()


class TestSendAgain:
    @pytest.mark.parametrize("outcome", [OK, FAILED, Outcome(410, "")])
    def test_whatever_became_of_it_it_is_sent_once_more(self, desk: Desk, outcome: Outcome) -> None:
        made = desk.hook()
        desk.order()
        desk.answers = [outcome, OK]
        desk.send()
        key = made.webhook.id
        deliveries.send_again(desk.only(key).id, key, desk.org.id, now=desk.now)
        assert desk.only(key).state is State.RETRYING
        assert desk.send()
        assert not desk.send()
        assert desk.sent[0] == desk.sent[1]
        assert (desk.only(key).state, desk.only(key).attempts) == (State.DELIVERED, 2)

    def test_not_while_it_is_being_sent_and_not_in_the_bin(self, desk: Desk) -> None:
        made = desk.hook()
        desk.order()
        key = made.webhook.id
        delivery = desk.only(key).id
        claim = update(WebhookDelivery).values(claimed_until=desk.now + deliveries.LEASE)
        database.write(lambda connection: connection.execute(claim).rowcount)
        with pytest.raises(Conflict, match="just being sent"):
            deliveries.send_again(delivery, key, desk.org.id, now=desk.now)
        webhooks.bin_webhook(key, desk.org.id)
        with pytest.raises(Conflict, match="in the bin"):
            deliveries.send_again(delivery, key, desk.org.id, now=desk.now)

    def test_messages_of_another_org_or_webhook_do_not_exist(
        self, desk: Desk, other_org: Org
    ) -> None:
        made, beside = desk.hook(), desk.hook(topic="order.deleted")
        desk.order()
        delivery, key = desk.only(made.webhook.id).id, made.webhook.id
        tries: list[Callable[[], None]] = [
            lambda: deliveries.send_again(delivery, key, other_org.id),
            lambda: deliveries.send_again(delivery, beside.webhook.id, desk.org.id),
            lambda: deliveries.send_again("nonsense", key, desk.org.id),
            lambda: deliveries.send_again(delivery, "a\0b", desk.org.id),
        ]
        for again in tries:
            with pytest.raises(NotFound):
                again()
        assert deliveries.list_deliveries(key, other_org.id, Paging()).entries == []
        assert deliveries.list_deliveries("a\0b", desk.org.id, Paging()).entries == []


class TestOldMessages:
    def test_they_are_forgotten_when_nothing_comes_of_them_any_more(self, desk: Desk) -> None:
        desk.answers = [OK, Outcome(410, "gone"), FAILED]
        hook = desk.hook().webhook.id
        for _ in range(3):
            desk.order()
            desk.send()
        kept_for = timedelta(days=30)
        for days, left in ((30, 3), (31, 1)):
            desk.now = NOW + timedelta(days=days)
            gone = deliveries.clear_old(kept_for, now=lambda: desk.now)
            assert (gone, len(desk.list(hook))) == (3 - left, left)
        assert desk.only(hook).state is State.RETRYING
