"""Limits count over all processes: exactly in the database, or exchanged each second."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import limits
import pytest
from flask import Flask
from limits.strategies import FixedWindowRateLimiter, SlidingWindowCounterRateLimiter

from orders.services.accounts.sign_in_tries import SignInTries
from orders.settings import Settings
from orders.storage import database
from orders.storage.rate_counts import DatabaseStorage, SharedMemoryStorage
from orders.storage.tables import rate_count

TEN = limits.parse("10 per hour")


def test_parallel_tries_are_counted_exactly(app: Flask) -> None:
    def hit(_number: int) -> bool:
        with app.app_context():  # each as if it were a process of its own
            return SlidingWindowCounterRateLimiter(DatabaseStorage()).hit(TEN, "a")

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(hit, range(24))) == TEN.amount


def test_a_window_slides(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = DatabaseStorage()
    counter = SlidingWindowCounterRateLimiter(storage)
    begin = 3600.0 * (time.time() // 3600)
    with app.app_context():
        monkeypatch.setattr(time, "time", lambda: begin + 1800)
        assert [counter.hit(TEN, "a") for _ in range(11)] == [True] * 10 + [False]
        assert 0 < counter.get_window_stats(TEN, "a").reset_time - time.time() <= 3600
        monkeypatch.setattr(time, "time", lambda: begin + 3600 + 1800)
        # Half of the last window still counts; what was refused does not.
        assert [counter.hit(TEN, "a") for _ in range(6)] == [True] * 5 + [False]
        assert storage.incr("b", 60) == 1
        assert storage.incr("b", 60) == 2
        monkeypatch.setattr(time, "time", lambda: begin + 10_000)
        assert (storage.get("b"), storage.incr("b", 60)) == (0, 1)
        stored = database.fetch_all(rate_count.select())
    assert all(len(row.key) == 64 for row in stored)  # hashes


def test_counts_in_memory_are_exchanged(app: Flask) -> None:
    one, other = (SharedMemoryStorage(context=app.app_context) for _ in range(2))
    counters = [FixedWindowRateLimiter(storage) for storage in (one, other)]
    for counter in counters:
        assert all(counter.hit(TEN, "a") for _ in range(6))
    for storage in (one, other, one):  # only the third time knows what the second has added
        storage.exchange()
        one.incr(TEN.key_for("b"), 3600)
    assert [storage.get(TEN.key_for("a")) for storage in (one, other)] == [12, 12]
    assert [counter.hit(TEN, "a") for counter in counters] == [False, False]
    assert other.incr(TEN.key_for("b"), 3600) == 1
    for storage in (other, one):
        storage.exchange()
    assert one.get(TEN.key_for("b")) == 4


def test_an_attacker_does_not_lock_the_owner_out(app: Flask, settings: Settings) -> None:
    def tries() -> SignInTries:  # those of another process
        return SignInTries(settings)

    settings = replace(settings, account_limit="3 per hour", account_total_limit="5 per hour")
    with app.app_context():
        tries().take("Owner@a.example ", "home")
        tries().remember_success("owner@a.example", "home")
        attack = [tries().take("owner@a.example", f"10.0.0.{n // 3}") for n in range(9)]
        # One of the five was the owner's.
        assert [wait > 0 for wait in attack] == [False] * 4 + [True] * 5
        assert tries().take("owner@a.example", "office") > 0
        assert [tries().take("owner@a.example", "home") for _ in range(3)] == [0] * 3
        assert 0 < tries().take("owner@a.example", "home") <= 3600
        tries().remember_success("owner@a.example", "home")
        assert tries().take("owner@a.example", "home") == 0
        assert tries().take("other@a.example", "10.0.0.1") == 0
