"""Many workers send at once, and each message is sent once, also when a worker dies."""

import threading
from datetime import datetime, timedelta

import pytest
from flask import Flask

from orders.services.webhooks import claims
from orders.services.webhooks.claims import Outcome, find_due, store_and_claim
from orders.services.webhooks.deliveries import DeliveryState
from orders.services.webhooks.sender import MARGIN, POLL
from orders.services.webhooks.webhook_client import Message, PostResult
from tests.plans import noted_plans
from tests.services.webhooks.desk import FAILED, OK, Desk, send_next

EXPIRED = claims.LEASE + timedelta(seconds=1)


class TestClaims:
    def test_a_message_is_sent_by_one_worker_at_a_time(self, desk: Desk) -> None:
        made = desk.hook()
        desk.order()
        seen: list[object] = []

        def post(message: Message, /, *, at: datetime | None = None) -> PostResult:
            seen.extend([desk.only(made.webhook.id).state, desk.send()])
            return desk.post(message, at=at)

        assert send_next(post, now=lambda: desk.now)
        assert seen == [DeliveryState.SENDING, False]
        assert len(desk.sent) == 1

    def test_the_claim_of_a_killed_worker_expires(self, desk: Desk) -> None:
        made = desk.hook()
        desk.order()

        class Died(BaseException):
            """What no `except Exception` catches, as little as kill -9."""

        def die(message: Message, /, *, at: datetime | None = None) -> PostResult:
            raise Died

        with pytest.raises(Died):
            send_next(die, now=lambda: desk.now)
        assert not desk.send()
        desk.now += EXPIRED
        assert desk.only(made.webhook.id).state is DeliveryState.RETRYING
        assert desk.send()
        assert desk.only(made.webhook.id).state is DeliveryState.DELIVERED
        assert desk.only(made.webhook.id).attempts == 2

    def test_a_worker_that_took_too_long_cannot_store_its_result(self, desk: Desk) -> None:
        made = desk.hook()
        desk.order()

        def sleep(message: Message, /, *, at: datetime | None = None) -> PostResult:
            desk.now += EXPIRED
            desk.answers = [OK]
            assert desk.send(), "another one has taken it over"
            return FAILED

        send_next(sleep, now=lambda: desk.now)
        assert desk.only(made.webhook.id).state is DeliveryState.DELIVERED

    def test_one_process_at_a_time_sends_to_a_webhook(self, desk: Desk) -> None:
        busy, free = (desk.hook(f"https://{name}.example").webhook.id for name in ("a", "b"))
        for _ in range(3):
            desk.order()
        [first] = store_and_claim([], {busy: 1}, at=desk.now)
        assert {one.id: one.is_claimed for one in find_due(desk.now)} == {busy: True, free: False}
        other = store_and_claim([], {busy: 1, free: 1}, at=desk.now)
        assert [one.webhook_id for one in other] == [free]
        # The process that has the claim may have more.
        assert len(store_and_claim([], {busy: 9}, held=[first], at=desk.now)) == 2
        desk.now += EXPIRED
        taken_over = store_and_claim([], {busy: 9}, at=desk.now)
        assert first.message.id in {one.message.id for one in taken_over}
        assert len(taken_over) == 3

    def test_the_backlog_is_what_nothing_sends(self, desk: Desk) -> None:
        assert claims.backlog(desk.now) == (0, None)
        first, busy = desk.now, desk.hook().webhook.id
        for _ in range(3):
            desk.order()
            desk.now += timedelta(minutes=1)
        assert claims.backlog(desk.now) == (3, first)
        store_and_claim([], {busy: 1}, at=desk.now)
        assert claims.backlog(desk.now) == (2, first + timedelta(minutes=1))
        assert claims.backlog(first) == (0, None)

    def test_a_claim_that_was_not_sent_after_all_is_no_attempt(self, desk: Desk) -> None:
        made = desk.hook()
        desk.order()
        [claim] = store_and_claim([], {made.webhook.id: 1}, at=desk.now)
        store_and_claim([Outcome(claim, None, desk.now)], {}, at=desk.now)
        delivery = desk.only(made.webhook.id)
        assert (delivery.state, delivery.attempts) == (DeliveryState.WAITING, 0)
        assert desk.send()

    def test_the_messages_of_a_dead_process_wait_for_seconds(self) -> None:
        assert MARGIN + 3 * timedelta(seconds=POLL) < claims.RENEWED < claims.LEASE
        assert timedelta(seconds=5) >= claims.LEASE

    def test_a_process_that_lives_keeps_its_claim_during_a_long_attempt(self, desk: Desk) -> None:
        made = desk.hook()
        desk.order()
        [claim] = store_and_claim([], {made.webhook.id: 1}, at=desk.now)
        for _ in range(5):
            desk.now += claims.LEASE - timedelta(seconds=1)
            store_and_claim([], {}, held=[claim], at=desk.now)
            assert not desk.send(), "another process has taken it over"
        store_and_claim([Outcome(claim, OK, desk.now)], {}, at=desk.now)
        assert desk.only(made.webhook.id).state is DeliveryState.DELIVERED

    def test_a_claim_that_another_process_took_over_is_not_renewed(self, desk: Desk) -> None:
        made = desk.hook()
        desk.order()
        [late] = store_and_claim([], {made.webhook.id: 1}, at=desk.now)
        desk.now += EXPIRED
        [claim] = store_and_claim([], {made.webhook.id: 1}, at=desk.now)
        desk.now += timedelta(seconds=1)
        store_and_claim([], {}, held=[late], at=desk.now)
        assert late.until < desk.now, "it would be sent a second time"
        store_and_claim([Outcome(late, FAILED, desk.now)], {}, at=desk.now)
        assert desk.only(made.webhook.id).state is DeliveryState.SENDING
        store_and_claim([Outcome(claim, OK, desk.now)], {}, at=desk.now)
        assert desk.only(made.webhook.id).state is DeliveryState.DELIVERED

    @pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
    def test_a_claim_reads_no_message_but_its_own(self, desk: Desk) -> None:
        made = desk.hook()
        desk.order()
        with noted_plans() as steps:
            find_due(desk.now)
            store_and_claim([], {made.webhook.id: 9}, at=desk.now)
        found = [step for step in steps if "webhook_delivery" in step]
        assert found
        for step in found:
            assert step.startswith("SEARCH")
            assert "_due (webhook_id=? AND next_attempt_at" in step or (
                "_claimed (webhook_id=? AND claimed_until" in step
            )

    def test_many_workers_at_once_send_each_message_once(self, app: Flask, desk: Desk) -> None:
        for number in range(6):
            desk.hook(f"https://shop.example/{number}")
        for _ in range(5):
            desk.order()
        lock, sent = threading.Lock(), []
        start = threading.Barrier(6)

        def post(message: Message, /, *, at: datetime | None = None) -> PostResult:
            with lock:
                sent.append(message.id)
            return OK

        def work() -> None:
            start.wait()
            with app.app_context():
                while send_next(post, now=lambda: desk.now):
                    pass

        workers = [threading.Thread(target=work) for _ in range(6)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert len(sent) == len(set(sent)) == 30
        assert not desk.send()
