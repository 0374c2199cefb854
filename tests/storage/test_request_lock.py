"""One thread at a time works on a request; none waits for a thread that waits for the disk."""

import threading
from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy import Connection

from orders.interfaces.customer.blueprint import ConstantTimeAnswer
from orders.storage import database
from orders.storage.sqlite import request_lock
from tests.actors import Org

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def lock_is_free() -> None:
    request_lock.release()


def acquire_and_release(done: threading.Event) -> None:
    request_lock.acquire()
    done.set()
    request_lock.release()


def run(function: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=function, daemon=True)
    thread.start()
    return thread


def test_a_second_thread_waits_for_the_lock() -> None:
    began, has_lock = threading.Event(), threading.Event()

    def second() -> None:
        began.set()
        request_lock.acquire()
        has_lock.set()
        request_lock.release()

    request_lock.acquire()
    request_lock.acquire()  # twice is fine
    thread = run(second)
    assert began.wait(5)
    assert not has_lock.wait(0.1)
    request_lock.release()
    request_lock.release()
    assert has_lock.wait(5)
    thread.join()


@on_sqlite
def test_every_request_releases_the_lock(org: Org) -> None:
    client = org.app.test_client()
    headers = {"Authorization": f"Bearer {org.private.secret}"}
    for path in ("/find", "/nothing", "/api/nothing", "/api/orders/000000000000", "/orders"):
        client.get(path, headers=headers)
        done = threading.Event()
        run(partial(acquire_and_release, done))
        assert done.wait(5), path


@on_sqlite
def test_a_read_does_not_wait_for_a_thread_that_waits_for_the_disk(org: Org) -> None:
    writing, may_go_on, answered = threading.Event(), threading.Event(), threading.Event()

    def slow(_connection: Connection) -> None:
        writing.set()
        assert may_go_on.wait(10)

    def write() -> None:
        with org.app.app_context():
            request_lock.acquire()
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
def test_a_page_that_reads_releases_the_lock_first(org: Org) -> None:
    done = threading.Event()
    with org.app.app_context():
        request_lock.acquire()
        with database.read():
            run(partial(acquire_and_release, done))
            assert done.wait(5)


@on_sqlite
@pytest.mark.parametrize("code", ["mistyped", "000000000000"])
def test_a_delayed_answer_delays_no_other_request(org: Org, code: str) -> None:
    done = threading.Event()

    def others_go_on(_seconds: float) -> None:
        run(partial(acquire_and_release, done))
        assert done.wait(5)

    # The clock does not move, so the answer is always too early.
    org.app.extensions["constant_time_answer"] = ConstantTimeAnswer(
        clock=lambda: 0.0, sleep=others_go_on
    )
    assert org.app.test_client().get(f"/o/{code}").status_code == 404
    assert done.is_set()
