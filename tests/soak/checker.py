"""Keeps each acknowledged answer outside of the product, and compares it field by field later."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.receiver import Receiver

Call = Callable[[str, str], tuple[int, Any]]
Order = dict[str, Any]


@dataclass
class Findings:
    """What is wrong with stored orders, by their marks."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    half: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.lost or self.doubled or self.half or self.changed)


class Checker:
    """Knows what was sent and what was acknowledged; each answer is a line of `file`."""

    def __init__(self, file: Path, expected: Callable[[str], Order]) -> None:
        """Keep answers in `file`; `expected` returns what was sent under a mark."""
        self._file = file.open("a", encoding="utf-8")
        self._expected = expected
        self._lock = threading.Lock()
        self._sent: set[str] = set()
        self._answers: dict[str, Order] = {}
        self._new: set[str] = set()
        self._changing: set[str] = set()
        self.acknowledged_at: dict[str, float] = {}  # by ID of the order

    @property
    def orders(self) -> int:
        """How many orders were acknowledged."""
        return len(self._answers)

    def send(self, mark: str) -> None:
        """Note that an order is about to be sent."""
        with self._lock:
            self._sent.add(mark)

    def acknowledge(self, mark: str, answer: Order) -> None:
        """Keep an answer that says that an order is stored as in it."""
        stored = {name: value for name, value in answer.items() if name != "warnings"}
        with self._lock:
            self._file.write(json.dumps({"mark": mark, "answer": stored}) + "\n")
            self._answers[mark] = stored
            self._new.add(mark)
            self.acknowledged_at.setdefault(stored["id"], time.monotonic())

    @contextmanager
    def changing(self, mark: str) -> Iterator[None]:
        """Leave an order out of comparisons while a change of it is under way."""
        with self._lock:
            self._changing.add(mark)
        try:
            yield
        finally:
            with self._lock:
                self._changing.discard(mark)

    def compare_new(self, call: Call) -> Findings:
        """Read each order that was acknowledged since the last time, and compare all its fields."""
        with self._lock:
            marks = sorted(self._new - self._changing)
            self._new.difference_update(marks)
        found = Findings()
        for mark in marks:
            before = self._answers[mark]
            status, order = call("GET", f"/api/orders/{before['id']}")
            with self._lock:
                is_current = self._answers[mark] is before and mark not in self._changing
            if not is_current:  # it was changed meanwhile: its next answer is compared
                continue
            if status == 404:
                found.lost.append(mark)
            elif status != 200:
                found.changed.append(f"{mark}: {status} {order}")
            else:
                found.changed += _differences(mark, before, order)
        return found

    def compare_all(self, call: Call) -> Findings:
        """Walk through all stored orders, also those whose answers were lost, and compare each.

        No client may be at work any more, and the file is closed. An order that was not
        acknowledged may be there once or not at all, but in full.
        """
        self._file.close()
        found, seen = Findings(), Counter[str]()
        for order in walk(call):
            mark = order["metadata"]["mark"]
            seen[mark] += 1
            acknowledged = self._answers.get(mark)
            if acknowledged is not None and acknowledged["id"] == order["id"]:
                found.changed += _differences(mark, acknowledged, order)
            if mark not in self._sent or not self._is_whole(mark, order):
                found.half.append(mark)
        found.lost = [mark for mark in self._answers if not seen[mark]]
        found.doubled = [mark for mark, count in seen.items() if count > 1]
        return found

    def _is_whole(self, mark: str, order: Order) -> bool:
        """Return whether an order has all that was sent; its name may have been changed since."""
        sent = self._expected(mark)
        lines = [{name: line[name] for name in sent["cart"][0]} for line in order["cart"]]
        names = ("customerId", "metadata")
        is_same = all(order[name] == sent[name] for name in names)
        return is_same and lines == sent["cart"] and order["name"].startswith(sent["name"])


def walk(call: Call) -> Iterator[Order]:
    """Yield all orders of the org."""
    after = ""
    while True:
        status, page = call("GET", f"/api/orders?perPage=500&sort=shortId{after}")
        assert status == 200, page
        yield from page["orders"]
        if page["next"] is None:
            return
        after = f"&after={page['next']}"


def _differences(mark: str, acknowledged: Order, order: Order) -> list[str]:
    stored = {name: value for name, value in order.items() if name != "warnings"}
    names = sorted(acknowledged.keys() | stored.keys())
    return [
        f"{mark}: {name} was {acknowledged.get(name)!r} and is {stored.get(name)!r}"
        for name in names
        if acknowledged.get(name) != stored.get(name)
    ]


class Messages:
    """The webhook messages that arrive, by order: their IDs, and how late the first one was."""

    def __init__(self, receiver: Receiver, checker: Checker) -> None:
        self._receiver, self._checker = receiver, checker
        self._ids: dict[str, set[str]] = {}
        self.repeated = 0
        self.latest = 0.0  # seconds between acknowledgment and message, at most

    def take(self) -> None:
        """Take note of what has arrived."""
        while self._receiver.received:
            got = self._receiver.received.pop()
            order = json.loads(got.body)["data"]["id"]
            ids = self._ids.setdefault(order, set())
            if ids:
                self.repeated += 1
            elif order in self._checker.acknowledged_at:
                late = time.monotonic() - self._checker.acknowledged_at[order]
                self.latest = max(self.latest, late)
            ids.add(got.headers["webhook-id"])

    @property
    def orders(self) -> int:
        """Of how many orders a message has arrived."""
        return len(self._ids)

    def missing(self) -> set[str]:
        """Return the IDs of acknowledged orders of which no message has arrived."""
        self.take()
        return set(self._checker.acknowledged_at) - set(self._ids)

    def with_several_ids(self) -> list[str]:
        """Return the orders whose repeated message had another ID."""
        return [order for order, ids in self._ids.items() if len(ids) > 1]
