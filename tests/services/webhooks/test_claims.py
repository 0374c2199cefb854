"""Many workers send at once, and each message is sent once, also when a worker dies."""

import threading
from datetime import datetime

import pytest
from flask import Flask

from orders.services.webhooks import deliveries
from orders.services.webhooks.deliveries import DeliveryState
from orders.services.webhooks.webhook_client import Message, PostResult
from tests.services.webhooks.desk import FAILED, OK, Desk


class TestClaims:
    def test_a_message_is_sent_by_one_worker_at_a_time(self, desk: Desk) -> None:
        made = desk.hook()
        desk.order()
        seen: list[object] = []

        def post(message: Message, /, *, at: datetime | None = None) -> PostResult:
            seen.extend([desk.only(made.webhook.id).state, desk.send()])
            return desk.post(message, at=at)

        assert deliveries.send_next(post, now=lambda: desk.now)
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
            deliveries.send_next(die, now=lambda: desk.now)
        assert not desk.send()
        desk.now += deliveries.LEASE
        assert desk.only(made.webhook.id).state is DeliveryState.RETRYING
        assert desk.send()
        assert desk.only(made.webhook.id).state is DeliveryState.DELIVERED
        assert desk.only(made.webhook.id).attempts == 2

    def test_a_worker_that_took_too_long_cannot_store_its_result(self, desk: Desk) -> None:
        made = desk.hook()
        desk.order()

        def sleep(message: Message, /, *, at: datetime | None = None) -> PostResult:
            desk.now += deliveries.LEASE
            desk.answers = [OK]
            assert desk.send(), "another one has taken it over"
            return FAILED

        deliveries.send_next(sleep, now=lambda: desk.now)
        assert desk.only(made.webhook.id).state is DeliveryState.DELIVERED

    def test_a_slow_receiver_does_not_keep_the_others_waiting(self, desk: Desk) -> None:
        desk.hook("https://slow.example")
        desk.hook("https://quick.example")
        for _ in range(deliveries.MOST_AT_ONCE + 2):
            desk.order()
        depth = {"https://slow.example": 0, "https://quick.example": 0}
        most = dict(depth)

        def post(message: Message, /, *, at: datetime | None = None) -> PostResult:
            depth[message.address] += 1
            most[message.address] = max(most[message.address], depth[message.address])
            # A slow one is still at work while others send on.
            if message.address == "https://slow.example":
                while deliveries.send_next(post, now=lambda: desk.now):
                    pass
            depth[message.address] -= 1
            return OK

        while deliveries.send_next(post, now=lambda: desk.now):
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

        def post(message: Message, /, *, at: datetime | None = None) -> PostResult:
            with lock:
                sent.append(message.id)
            return OK

        def work() -> None:
            start.wait()
            with app.app_context():
                while deliveries.send_next(post, now=lambda: desk.now):
                    pass

        workers = [threading.Thread(target=work) for _ in range(6)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert len(sent) == len(set(sent)) == 30
        assert not desk.send()
