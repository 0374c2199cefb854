"""The queue wakes whoever sends; it holds one wake-up at a time and never fails an order."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from orders import editing, intake
from orders.messaging import queue
from orders.messaging.queue import SWEEP, Queue
from orders.rules.inputs import Limits
from orders.storage.database import db
from tests.actors import Org
from tests.services.messaging.desk import Desk

pytestmark = pytest.mark.usefixtures("inside")
PATIENCE = 30.0  # seconds


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def pending() -> int:
    """Count the wake-ups that wait, as another process would see them."""
    other = Queue(db.engine)
    found: int = other._huey.pending_count()
    other.close()
    return found


def scheduled() -> int:
    other = Queue(db.engine)
    found: int = other._huey.scheduled_count()
    other.close()
    return found


class Running:
    """A consumer that counts how often it looks."""

    def __init__(self, threads: int = 2) -> None:
        self.looks = 0
        self.consumer = queue.consumer(self._look, threads)

    def _look(self) -> None:
        self.looks += 1

    def __enter__(self) -> "Running":
        self.consumer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.consumer.stop(graceful=True)
        queue.close()


def test_one_wake_up_waits_however_many_orders_come() -> None:
    for _ in range(5):
        queue.wake()
    assert pending() == 1


def test_a_consumer_looks_at_its_start_and_at_each_wake_up() -> None:
    with Running() as running:
        wait_until(lambda: running.looks == 1)
        for looks in (2, 3):
            queue.wake()
            wait_until(lambda looks=looks: running.looks == looks)  # type: ignore[misc]  # bound at once
    assert pending() == 0


def test_a_wake_up_of_another_process_is_heard() -> None:
    with Running() as running:
        wait_until(lambda: running.looks == 1)
        other = Queue(db.engine)
        other.wake()
        wait_until(lambda: running.looks == 2)
        other.close()


def test_a_later_wake_up_comes_later() -> None:
    queue.wake(timedelta(seconds=1))
    assert (pending(), scheduled()) == (0, 1)
    with Running() as running:
        wait_until(lambda: running.looks == 2)
    assert scheduled() == 0


def test_what_the_sweep_finds_soon_enough_is_not_scheduled() -> None:
    queue.wake(SWEEP + timedelta(seconds=1))
    assert scheduled() == 0


def test_what_stands_in_the_queue_is_plain_text() -> None:
    queue.wake()
    other = Queue(db.engine)
    [item] = other._huey.storage.enqueued_items()
    other.close()
    assert bytes(item).startswith(b'["')


def test_an_order_wakes_only_when_somebody_is_to_be_told(org: Org) -> None:
    desk = Desk(org)
    desk.order()
    assert pending() == 0
    desk.hook(filter={"status": ["Complete"]})
    desk.order()
    assert pending() == 0
    desk.hook()
    desk.order()
    assert pending() == 1


def test_a_change_wakes_only_when_somebody_is_to_be_told(org: Org) -> None:
    desk = Desk(org)
    order, actor = desk.order(), desk.actor
    editing.bin_order(order.id, actor=actor)
    assert pending() == 0
    desk.hook(topic="order.updated")
    editing.restore_order(order.id, actor=desk.actor)
    assert pending() == 1


def test_a_queue_that_is_broken_fails_no_order(
    org: Org, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk(org)
    made = desk.hook()

    def broken(_engine: object) -> None:
        raise OSError("no such file")

    monkeypatch.setattr(queue, "_queue_of", broken)
    draft = intake.check_order({"status": "List"}, actor=desk.actor, limits=Limits())
    with caplog.at_level(logging.WARNING, logger="orders.messaging.queue"):
        order = intake.create_order(draft, actor=desk.actor)
    assert desk.only(made.webhook.id).order_short_id == order.short_id
    assert "queue" in caplog.text


def test_many_threads_may_wake_at_once(app: Flask) -> None:
    def wake() -> None:
        with app.app_context():
            queue.wake()

    threads = [threading.Thread(target=wake) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 <= pending() <= 8
