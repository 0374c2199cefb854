"""Messages of webhooks when their sender fails: at least once, and always with the same ID."""

import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import select

from app import create_app
from orders.settings import read_settings
from orders.storage import database, tables
from tests.processes.server import Server
from tests.processes.test_webhooks import HERE, Shop, wait_until
from tests.receiver import Receiver
from tests.soak.faults import HOLD
from tests.soak.stage import kill, stage

pytestmark = pytest.mark.soak

SOON = 5.0  # seconds
AGAIN = 8.0  # seconds: the lease, and a new start of the background work


def delivered(server: Server) -> int:
    """Return how many messages are stored as delivered."""
    row = tables.webhook_delivery.c
    app = create_app(read_settings(server.environment))
    with app.app_context():
        found = database.fetch_all(select(row.id).where(row.delivered_at.is_not(None)))
        database.close()
    return len(found)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_sender_killed_between_post_and_outcome_sends_again(
    kind: str, tmp_path: Path, receiver: Receiver
) -> None:
    with stage(tmp_path, kind, **HERE) as where:
        shop = Shop(where.server)
        secret = shop.hook(receiver.address)
        victims = where.server.background()
        receiver.before = lambda: kill(*victims)  # the others are not hit
        order = shop.order()
        receiver.wait_for(1)
        killed = time.monotonic()
        first, second = receiver.wait_for(2)
        assert time.monotonic() - killed < AGAIN
        wait_until(lambda: delivered(where.server) == 1)
    assert first.verified(secret)["data"]["id"] == order["id"]
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]


def test_an_outcome_that_a_full_disk_refuses_is_stored_when_there_is_room(
    tmp_path: Path, receiver: Receiver
) -> None:
    with stage(tmp_path, "sqlite", **HERE) as where, ExitStack() as stack:
        shop = Shop(where.server)
        shop.hook(receiver.address)
        # Between the post and its outcome.
        receiver.before = lambda: stack.enter_context(where.disk.full(where.writers))
        shop.order()
        receiver.wait_for(1)
        time.sleep(HOLD)
        assert delivered(where.server) == 0
        receiver.before = lambda: None
        stack.close()
        ended = time.monotonic()
        wait_until(lambda: delivered(where.server) == 1)
        shop.order()  # a later one is not held up
        wait_until(lambda: delivered(where.server) == 2)
        assert time.monotonic() - ended < SOON
    assert len({one.headers["webhook-id"] for one in receiver.received}) == 2
