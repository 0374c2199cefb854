"""Two servers on one PostgreSQL, whose primary is lost and replaced by its standby."""

import shutil
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.databases import migrate, settings_for
from tests.html import attribute
from tests.postgres import STANDBY, Cluster
from tests.processes.server import Server, children_of, running
from tests.soak.checker import Checker, Findings
from tests.soak.load import Load, Shop, order_of
from tests.soak.stage import kill

SECONDS, LONG = 6.0, 60.0  # of load
NOTICED = 1.0  # seconds until a manager of failovers promotes the standby
MOST_GAP = 10.0  # seconds without an order, from the loss of the primary
TRIES = 12  # to sign in, within an hour


@dataclass
class Service:
    """Two servers, as on two machines, and the PostgreSQL servers that they share."""

    primary: Cluster
    standby: Cluster
    servers: list[Server] = field(default_factory=list)

    @property
    def ports(self) -> list[int]:
        return [one.port for one in self.servers]

    def readers(self) -> int:
        """Return how many connections the servers have to the standby."""
        with psycopg.connect(f"{self.standby.url}/postgres") as connection:
            found = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = 'orders'"
            ).fetchone()
        assert found is not None
        return int(found[0])

    def fail_over(self) -> float:
        """Lose the primary, and promote the standby; return when it was lost."""
        lost_at = time.monotonic()
        kill(self.primary.pid, *children_of(self.primary.pid))
        time.sleep(NOTICED)
        with psycopg.connect(f"{self.standby.url}/postgres", autocommit=True) as connection:
            assert connection.execute("SELECT pg_promote()").fetchone() == (True,)
        return lost_at


@contextmanager
def cluster_in(folder: Path, of: str = "") -> Iterator[Cluster]:
    cluster = Cluster(folder, is_durable=True, of=of)
    cluster.start()
    try:
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """Each order is acknowledged once the standby has it, too, from which lists are read."""
    with ExitStack() as stack:
        # Not in `tmp_path`, which others may not enter: PostgreSQL's user must.
        places = [Path(tempfile.mkdtemp(prefix="shortorder-failover-")) for _ in range(2)]
        for place in places:
            stack.callback(shutil.rmtree, place, ignore_errors=True)
        primary = stack.enter_context(cluster_in(places[0]))
        with psycopg.connect(f"{primary.url}/postgres", autocommit=True) as connection:
            connection.execute("CREATE DATABASE orders")
            migrate(settings_for(f"{primary.url}/orders", tmp_path))
            standby = stack.enter_context(cluster_in(places[1], of=primary.url))
            connection.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{STANDBY}'".encode())
            connection.execute("SELECT pg_reload_conf()")
        service = Service(primary, standby)
        hosts = f"127.0.0.1:{primary.port},127.0.0.1:{standby.port}"
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            server = running(
                tmp_path / name,
                f"postgresql://postgres@{hosts}/orders?target_session_attrs=read-write",
                DATABASE_READ_URL=f"{standby.url}/orders",
                SECRET_KEY="the same on both machines", SIGN_IN_LIMIT=f"{TRIES} per hour",
            )  # fmt: skip
            service.servers.append(stack.enter_context(server))
        yield service


def sign_in(server: Server) -> int:
    """Try to sign in with a wrong password; return the status."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    page = f"{server.address}/sign-in"
    token = attribute(browser.open(page).read().decode(), "[name=csrf_token]", "value")
    form = {"csrf_token": token, "email": "a@desk.example", "password": "wrong"}
    try:
        answer = browser.open(page, urllib.parse.urlencode(form).encode())
    except urllib.error.HTTPError as refused:
        return refused.code
    return int(answer.status)


def listed(shop: Shop) -> Any:  # noqa: ANN401 - the JSON of a list
    status, page = shop.call("GET", "/api/orders?perPage=1")
    assert status == 200, page
    return page


def gap_after(moment: float, acknowledged: Sequence[float]) -> float:
    """Return the seconds from a moment until orders were acknowledged again, but for its last."""
    at = sorted(one for one in acknowledged if one > moment)
    steps = [later - earlier for earlier, later in zip([moment, *at], at, strict=False)]
    return max(steps, default=float("inf"))


@pytest.mark.parametrize("seconds", [SECONDS, pytest.param(LONG, marks=pytest.mark.soak)])
def test_a_failover_loses_nothing_and_limits_are_counted_once(
    seconds: float, service: Service, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = service.servers
    org = one.command("org", "add", "Workshop")["id"]
    token = one.command("token", "add", "--org", org, "--name", "x", "--private")["token"]
    tries = [sign_in(server) for _ in range(TRIES // 4) for server in (one, two)]
    checker = Checker(tmp_path / "answers.jsonl", order_of)
    load = Load(service.ports, token, checker)
    load.start()
    time.sleep(seconds / 2)
    shops = [Shop(port, token) for port in service.ports]
    for shop in shops:
        assert listed(shop)["count"] > 0
        shop.close()  # an idle connection is closed after a while
    assert service.readers() > 0
    lost_at = service.fail_over()
    time.sleep(seconds / 2)
    load.stop()
    gap = gap_after(lost_at, list(checker.acknowledged_at.values()))
    with capsys.disabled():
        print(  # noqa: T201 - what the test is for
            f"\n{checker.orders} orders acknowledged by two servers in {seconds:.0f} s; the longest"
            f" wait for one after the loss of the primary was {gap:.2f} s; {dict(load.statuses)}"
        )
    for shop in shops:  # what one has stored the other sees
        assert listed(shop)["count"] >= checker.orders
    assert checker.compare_all(shops[0].call) == Findings()
    for shop in shops:
        shop.close()
    assert load.odd == []
    assert gap < MOST_GAP
    tries += [sign_in(server) for _ in range(TRIES) for server in (one, two)]
    assert tries == [422] * TRIES + [429] * (len(tries) - TRIES)
