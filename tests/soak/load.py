"""Clients that place and change orders until they are stopped, and hand on each answer."""

import http.client
import itertools
import json
import threading
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from typing import Any

from tests.soak.checker import Checker

CLIENTS = 8
PAUSE = 0.06  # seconds between two requests of a client: about a hundred a second by all of them
RETRY = 0.1  # seconds until a request is sent again
TIMEOUT = 20.0  # seconds; the product refuses a write after 15
CONFIGURATION = "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11"
MISSED = (OSError, http.client.HTTPException, ValueError)


def order_of(mark: str) -> dict[str, Any]:
    """Return the order that a client sends under this mark: its fields follow from the mark."""
    return {
        "name": f"Order {mark}",
        "customerId": mark.partition("-")[0],
        "metadata": {"mark": mark, "text": "ä" * (len(mark) * 7)},
        "cart": [
            {"configurationId": CONFIGURATION, "count": count, "metadata": {"of": mark}}
            for count in (1, 2, 3)
        ],
    }


class Shop:
    """A script with the private token of an org; `port` is where the product is served."""

    def __init__(self, port: int, token: str) -> None:
        self.port, self.token = port, token
        self.timeout = TIMEOUT
        self._connection: http.client.HTTPConnection | None = None

    def call(
        self, method: str, path: str, body: object = None, key: str | None = None
    ) -> tuple[int, Any]:
        """Return status and JSON of an answer; raise one of MISSED if none arrived in full."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        if key is not None:
            headers["Idempotency-Key"] = key
        self._connection = self._connection or http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=self.timeout
        )
        try:
            self._connection.request(
                method, path, None if body is None else json.dumps(body), headers
            )
            answer = self._connection.getresponse()
            return answer.status, json.loads(answer.read())
        except MISSED:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection; the next call opens another one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Client(threading.Thread):
    """Places orders without and with an Idempotency-Key in turn, and changes some of them.

    What may be repeated is repeated until it is acknowledged. `statuses` counts the answers, and
    `odd` has those that a client need not expect.
    """

    def __init__(self, shop: Shop, number: int, checker: Checker) -> None:
        super().__init__(daemon=True)
        self.statuses: Counter[str] = Counter()
        self.odd: list[str] = []
        self._shop, self._number, self._checker = shop, number, checker
        self._stopping = threading.Event()

    def run(self) -> None:
        own: list[tuple[str, str]] = []  # marks and IDs
        for turn in itertools.count():
            if self._stopping.wait(PAUSE):
                break
            mark = f"{self._number}-{turn}"
            if turn % 4 == 3 and own:
                mark, own_id = own[turn * 7 % len(own)]
                with self._checker.changing(mark):
                    name = {"name": f"Order {mark}, changed in turn {turn}"}
                    self._repeat(mark, "PUT", f"/api/orders/{own_id}", name)
                continue
            self._checker.send(mark)
            if turn % 2:
                answer = self._repeat(mark, "POST", "/api/orders", order_of(mark), uuid.uuid4().hex)
            else:
                answer = self._once(mark, "POST", "/api/orders", order_of(mark))
            if answer is not None:
                own.append((mark, answer["id"]))
        self._shop.close()

    def stop(self) -> None:
        """End after the current request, however often it has to be repeated."""
        self._stopping.set()

    def _repeat(self, mark: str, *request: Any) -> Any:  # noqa: ANN401 - the JSON of an order
        """Send a request until it is acknowledged; None if the service never answers again."""
        ends = None
        while (answer := self._once(mark, *request)) is None:
            if self._stopping.is_set():
                ends = ends or time.monotonic() + TIMEOUT
                if time.monotonic() > ends:
                    self.odd.append(f"{mark} was never acknowledged")
                    return None
            time.sleep(RETRY)
        return answer

    def _once(self, mark: str, *request: Any) -> Any:  # noqa: ANN401 - the JSON of an order
        try:
            status, answer = self._shop.call(*request)
        except MISSED as error:
            self.statuses[type(error).__name__] += 1
            return None
        self.statuses[str(status)] += 1
        if status in {200, 201}:
            self._checker.acknowledge(mark, answer)
            return answer
        if status != 503:
            self.odd.append(f"{status} {json.dumps(answer)[:300]}")
        return None


class Load:
    """All clients together."""

    def __init__(self, ports: Sequence[int], token: str, checker: Checker) -> None:
        """Take where the product is served, by one or several servers."""
        shops = [Shop(ports[at % len(ports)], token) for at in range(CLIENTS)]
        self._clients = [Client(shop, at, checker) for at, shop in enumerate(shops)]

    def start(self) -> None:
        """Start all clients."""
        for client in self._clients:
            client.start()

    def stop(self) -> None:
        """Stop all clients and wait for their last answers."""
        for client in self._clients:
            client.stop()
        for client in self._clients:
            client.join(timeout=3 * TIMEOUT)
        assert not any(client.is_alive() for client in self._clients)

    @property
    def statuses(self) -> Counter[str]:
        """How often each status arrived, and each kind of failure."""
        return sum((client.statuses for client in self._clients), Counter())

    @property
    def odd(self) -> list[str]:
        """Answers that are no acknowledgment and no 503."""
        return [one for client in self._clients for one in client.odd]
