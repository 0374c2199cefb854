"""One thread at a time works on a request, and nobody waits for one who waits for the disk."""

import threading
from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy import Connection

from orders import turns
from orders.customer.blueprint import ConstantTimeAnswer
from orders.storage import database
from tests.actors import Org

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def no_turn_is_left() -> None:
    turns.give()


def take_and_give(done: threading.Event) -> None:
    turns.take()
    done.set()
    turns.give()


def run(function: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=function, daemon=True)
    thread.start()
    return thread


def test_a_second_thread_waits_for_its_turn() -> None:
    began, has_turn = threading.Event(), threading.Event()

    def second() -> None:
        began.set()
        turns.take()
        has_turn.set()
        turns.give()

    turns.take()
    turns.take()  # twice is fine
    thread = run(second)
    assert began.wait(5)
    assert not has_turn.wait(0.1)
    turns.give()
    turns.give()
    assert has_turn.wait(5)
    thread.join()


@on_sqlite
def test_every_request_gives_its_turn_back(org: Org) -> None:
    client = org.app.test_client()
    headers = {"Authorization": f"Bearer {org.private.secret}"}
    for path in ("/find", "/nothing", "/api/nothing", "/api/orders/000000000000", "/orders"):
        client.get(path, headers=headers)
        done = threading.Event()
        run(partial(take_and_give, done))
        assert done.wait(5), path


@on_sqlite
def test_a_read_does_not_wait_for_a_thread_that_waits_for_the_disk(org: Org) -> None:
    writing, may_go_on, answered = threading.Event(), threading.Event(), threading.Event()

    def slow(_connection: Connection) -> None:
        writing.set()
        assert may_go_on.wait(10)

    def write() -> None:
        with org.app.app_context():
            turns.take()
            database.write(slow)

    def read() -> None:
        if org.app.test_client().get("/find").status_code == 200:
            answered.set()

    writer = run(write)
    assert writing.wait(5)
    run(read)
    assert answered.wait(5)
    may_go_on.set()
    writer.join()


@on_sqlite
def test_a_page_that_reads_gives_its_turn_away_first(org: Org) -> None:
    done = threading.Event()
    with org.app.app_context():
        turns.take()
        with database.read():
            run(partial(take_and_give, done))
            assert done.wait(5)


@on_sqlite
@pytest.mark.parametrize("code", ["mistyped", "000000000000"])
def test_an_answer_that_is_held_back_holds_nobody_up(org: Org, code: str) -> None:
    done = threading.Event()

    def others_go_on(_seconds: float) -> None:
        run(partial(take_and_give, done))
        assert done.wait(5)

    # The clock stands still, so that the answer is always too early.
    org.app.extensions["constant_time_answer"] = ConstantTimeAnswer(
        clock=lambda: 0.0, sleep=others_go_on
    )
    assert org.app.test_client().get(f"/o/{code}").status_code == 404
    assert done.is_set()
