"""The memory of workers stays flat under hundreds of requests a second, whatever clients send."""

import http.client
import itertools
import json
import random
import threading
import time
import uuid
from pathlib import Path

import pytest

from tests.soak.conftest import SECONDS, Say
from tests.soak.load import CONFIGURATION, MISSED
from tests.soak.stage import stage

pytestmark = pytest.mark.soak

SHARE = 0.05  # of SOAK_SECONDS, for each database
RATE, CLIENTS = 600, 16  # requests a second of all clients
# Shares of the time until each thread has its memory, and until caches are full.
WARM_UP, FULL = 0.4, 0.7
# MB of a worker after the first: SQLite keeps up to 2 MB of pages for each of nine connections, and
# a database that grows fills them. With 0.1 MB a worker grew by 4 MB in 140,000 requests.
MOST_GROWTH = 18.0 + 6.0
# MB after the second: on SQLite some of those connections may be used for the first time then.
# Workers that kept what requests had sent grew by 0.3 MB a second: 16 MB there in a run of an hour.
MOST_LATER = {"sqlite": 12.0, "postgresql": 4.0}
# Different ones are never equal in cache keys: texts, names of headers, languages, user agents.
WORDS = ("ring", "matt", "order", "note", "gift")


def request_of(
    number: int, token: str, codes: list[str], chance: random.Random
) -> tuple[str, str, str | None, dict[str, str]]:
    """Return method, path, body and headers of a request that differs from all others."""
    headers = {
        "Authorization": f"Bearer {token}", "User-Agent": f"client {number}",
        "Accept-Language": f"x{number}, de;q=0.5", f"X-{number}": "1",
        "Content-Type": "application/json",
    }  # fmt: skip
    kind = chance.randrange(10)
    if kind < 3 or not codes:
        line = {
            "configurationId": CONFIGURATION,
            "count": 1,
            "metadata": {f"k{number % 9}": number},
        }
        order = {"name": f"{chance.choice(WORDS)} {number}", "cart": [line] * 3}
        headers["Idempotency-Key"] = uuid.uuid4().hex
        return "POST", "/api/orders", json.dumps(order), headers
    if kind < 6:
        return "GET", f"/api/orders/{chance.choice(codes)}", None, headers
    if kind == 6:
        search = f"name={chance.choice(WORDS)}+{number}&x{number}=1&perPage=100&sort=name"
        return "GET", f"/api/orders?{search}", None, headers
    if kind == 7:
        return "GET", f"/api/orders/{uuid.uuid4()}", None, headers
    if kind == 8:
        return "POST", "/api/orders", json.dumps({"cart": [], f"field{number}": 1}), headers
    del headers["Authorization"]
    return "GET", f"/o/{chance.choice(codes)}", None, headers


class Clients:
    """Threads that together send RATE requests a second."""

    def __init__(self, port: int, token: str) -> None:
        self._port, self._token = port, token
        self._numbers = itertools.count()
        self._codes: list[str] = []
        self._stopping = threading.Event()
        self.bad: list[str] = []
        self.answers = 0
        self._threads = [
            threading.Thread(target=self._run, args=(at,), daemon=True) for at in range(CLIENTS)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _run(self, seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311 - no secret
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        due = time.monotonic()
        while not self._stopping.wait(max(0.0, due - time.monotonic())):
            due = max(due + CLIENTS / RATE, time.monotonic() - 1)
            method, path, body, headers = request_of(
                next(self._numbers), self._token, self._codes, chance
            )
            try:
                connection.request(method, path, body, headers)
                answer = connection.getresponse()
                text = answer.read()
            except MISSED as error:
                self.bad.append(repr(error))
                connection.close()
                continue
            self.answers += 1
            if answer.status == 201:
                self._codes.append(json.loads(text)["shortId"])
            elif answer.status >= 500:
                self.bad.append(f"{answer.status} {path}")
        connection.close()


def megabytes(pid: int) -> float:
    """Return the memory of a process that no other one shares."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Private_Dirty:"):
            return int(line.split()[1]) / 1024
    raise AssertionError(f"nothing is known of the process {pid}")


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_memory_stays_flat(kind: str, tmp_path: Path, say: Say) -> None:
    seconds = SECONDS * SHARE
    with stage(tmp_path, kind) as where:
        server = where.server
        org = server.command("org", "add", "Busy")["id"]
        token = server.command("token", "add", "--org", org, "--name", "x", "--private")["token"]
        clients, workers = Clients(server.port, token), where.workers
        clients.start()
        time.sleep(seconds * WARM_UP)
        early = {pid: megabytes(pid) for pid in workers}
        time.sleep(seconds * (FULL - WARM_UP))
        full = {pid: megabytes(pid) for pid in workers}
        time.sleep(seconds * (1 - FULL))
        late = {pid: megabytes(pid) for pid in workers}
        clients.stop()
    say(
        f"\n{kind}: {clients.answers} answers in {seconds:.0f} s, memory of workers: "
        + ", ".join(f"{early[pid]:.1f}, {full[pid]:.1f}, {late[pid]:.1f} MB" for pid in workers)
    )
    assert clients.bad == []
    assert all(late[pid] - early[pid] < MOST_GROWTH for pid in workers), (early, late)
    assert all(late[pid] - full[pid] < MOST_LATER[kind] for pid in workers), (full, late)
