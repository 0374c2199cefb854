"""Lists and searches read from a replica, a real standby, and are never older than the primary."""

import re
import shutil
import signal
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import make_url, text

from orders import measurements
from orders.domain.errors import ServiceBusy
from orders.interfaces.cli.findings import Examined, Finding, State
from orders.interfaces.cli.service_checks import check_replica
from orders.measurements import Measured
from orders.settings import parse_settings
from orders.storage import database
from orders.storage import replica as replicas
from orders.storage.replica import NoReplica, from_replica
from tests.actors import Org, make_org
from tests.api.conftest import caller
from tests.bad_orders import CHAIR
from tests.databases import own_app, settings_for
from tests.postgres import Cluster, wait_for_server
from tests.processes.server import children_of
from tests.soak.stage import kill

PATIENCE = 20.0  # seconds


@pytest.fixture(scope="module")
def standby(postgres: str) -> Iterator[Cluster]:
    """A standby of the server of all tests."""
    folder = Path(tempfile.mkdtemp(prefix="shortorder-standby-"))
    cluster = Cluster(folder, of=postgres)
    cluster.start()
    yield cluster
    cluster.stop()
    shutil.rmtree(folder)


@pytest.fixture
def read_url(new_postgresql: str, standby: Cluster) -> str:
    """The URL of the test's database at the standby, which has it already."""
    name = make_url(new_postgresql).database
    with psycopg.connect(new_postgresql, autocommit=True) as connection:
        # As it is unless someone changes it; the server of the tests has it off.
        connection.execute(f"ALTER DATABASE {name} SET synchronous_commit = on".encode())
    wait_for_server(lambda: psycopg.connect(f"{standby.url}/{name}").close())
    return f"{standby.url}/{name}"


@pytest.fixture
def outcomes(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """How often functions read from the replica, and how often they could not."""
    monkeypatch.setattr(replicas, "AWAY_PAUSE", 0.1)
    monkeypatch.setattr(replicas, "LATE_PAUSE", 0.1)
    monkeypatch.setattr(replicas, "PATIENCE", 5.0)  # the machine may be busy
    counted: Counter[str] = Counter()

    def listen(measured: Measured, value: float, kind: str) -> None:
        if measured is Measured.REPLICA:
            counted[kind] += int(value)

    measurements.listeners.append(listen)
    yield counted
    measurements.listeners.remove(listen)


@pytest.fixture
def org(
    new_postgresql: str, read_url: str, tmp_path: Path, outcomes: Counter[str]
) -> Iterator[Org]:
    """An org whose application reads from the replica."""
    settings = replace(settings_for(new_postgresql, tmp_path), database_read_url=read_url)
    with own_app(settings) as app:
        app.config["WTF_CSRF_ENABLED"] = False
        org = make_org(app, "Workshop")
        with app.app_context():
            wait_until(is_replica_read)
        outcomes.clear()
        yield org


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@from_replica
def is_replica_read() -> bool:
    """Whether such a function reads from the standby now."""
    return bool(database.fetch_value(text("SELECT pg_is_in_recovery()")))


def place(org: Org, name: str = "Ada") -> str:
    """Place an order; return its short ID."""
    order = {"cart": [{"configurationId": CHAIR, "count": 1}], "name": name, "customerId": "K-1"}
    placed = caller(org.app.test_client(), org, org.private).create(order)
    assert placed.status_code == 201
    return str(placed.json["shortId"])


def listed(org: Org) -> list[str]:
    found = caller(org.app.test_client(), org, org.private).call("GET", "/orders")
    assert found.status_code == 200
    return [one["shortId"] for one in found.json["orders"]]


def shown(desk: FlaskClient, path: str) -> str:
    """Return the text of a page without what differs each time."""
    answer = desk.get(path)
    assert answer.status_code == 200, path
    return re.sub(r"nonce[=-][^ ]*|csrf[^>]*|\d+ ms|value=\"[\w-]{22}\"", "", answer.text)


PAGES = [
    "/", "/orders", "/orders?q=Ada", "/orders?status=New&sort=name", "/go?q=Ada",
    "/go?q=K-1", "/customers/show?id=K-1", "/orders/export.csv", "/orders?q={code}",
    "/o/{code}",
]  # fmt: skip


def test_what_was_just_written_is_read_from_the_replica(org: Org, outcomes: Counter[str]) -> None:
    desk = org.sign_in(org.app.test_client())
    for turn in range(10):
        code = place(org, f"Ada {turn}")
        assert listed(org)[0] == code
        for path in ("/orders", f"/go?q={code}", f"/orders?q=Ada+{turn}"):
            assert code in desk.get(path, follow_redirects=True).text
        assert org.app.test_client().get(f"/o/{code}").status_code == 200
    assert outcomes["current"] >= 50
    assert set(outcomes) == {"current"}


def test_what_is_read_is_the_same_as_on_the_primary(
    org: Org, new_postgresql: str, tmp_path: Path, outcomes: Counter[str]
) -> None:
    codes = [place(org, name) for name in ("Ada", "Ben", "Cleo")]
    with own_app(settings_for(new_postgresql, tmp_path)) as app:
        member = org.admin()
        desks = [org.sign_in(one.test_client(), member) for one in (org.app, app)]
        for path in PAGES:
            own, plain = (shown(one, path.format(code=codes[0])) for one in desks)
            assert own == plain
            assert outcomes.pop("current"), path
            assert not outcomes


def test_a_late_replica_is_left_alone_until_it_has_caught_up(
    org: Org, standby: Cluster, outcomes: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replicas, "PATIENCE", 0.05)
    with psycopg.connect(f"{standby.url}/postgres", autocommit=True) as connection:
        connection.execute("SELECT pg_wal_replay_pause()")
        code = place(org)
        assert listed(org) == [code]
        assert outcomes == {"late": 1}
        connection.execute("SELECT pg_wal_replay_resume()")
    with org.app.app_context():
        wait_until(is_replica_read)
    assert "away" not in outcomes


def test_without_the_replica_the_primary_answers(
    org: Org, standby: Cluster, outcomes: Counter[str], caplog: pytest.LogCaptureFixture
) -> None:
    standby.stop()
    try:
        code = place(org)
        assert listed(org) == [code]
        for _ in range(10):  # it is looked for meanwhile, and missing
            time.sleep(0.02)
            assert listed(org) == [code]
        assert set(outcomes) == {"away"}
    finally:
        standby.start()
    with org.app.app_context():
        wait_until(is_replica_read)
    said = [one.message for one in caplog.records if "replica" in one.message]
    assert len([one for one in said if "cannot be read; the primary is" in one]) == 1


def test_a_frozen_replica_holds_few_and_lets_them_go(
    org: Org, standby: Cluster, outcomes: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replicas, "PATIENCE", 0.1)
    monkeypatch.setattr(replicas, "AWAY_PAUSE", 0.5)
    frozen = [standby.pid, *children_of(standby.pid)]
    kill(*frozen, number=signal.SIGSTOP)
    try:
        waiting = [threading.Thread(target=listed, args=(org,)) for _ in range(3)]
        for one in waiting:
            one.start()
        with org.app.app_context():
            replica = replicas._replicas[database.db.engine]
        wait_until(lambda: len(replica._asking) == 3)
        time.sleep(2 * replicas.PATIENCE)
        started = time.monotonic()
        assert len(listed(org)) == 0  # at once
        assert time.monotonic() - started < 0.3
        assert outcomes == {"late": 1}
        while any(one.is_alive() for one in waiting):
            assert time.monotonic() - started < 10
            time.sleep(0.1)
            listed(org)
        assert outcomes["away"] >= 3
    finally:
        kill(*frozen, number=signal.SIGCONT)
    with org.app.app_context():
        wait_until(is_replica_read)


def test_a_statement_that_takes_too_long_is_not_repeated(org: Org, outcomes: Counter[str]) -> None:
    seen = []

    @from_replica
    def read_for_long() -> None:
        seen.append(1)
        with database.read() as connection:
            connection.execute(text("SET LOCAL statement_timeout = 50"))
            connection.execute(text("SELECT pg_sleep(5)"))

    with org.app.app_context():
        with pytest.raises(ServiceBusy):
            read_for_long()
        assert is_replica_read()
    assert seen == [1]


def test_commits_that_do_not_wait_for_the_disk_are_seen(
    org: Org, new_postgresql: str, outcomes: Counter[str]
) -> None:
    with psycopg.connect(new_postgresql, autocommit=True) as connection:
        name = make_url(new_postgresql).database
        connection.execute(f"ALTER DATABASE {name} SET synchronous_commit = off".encode())
    with org.app.app_context():
        database.close()
    for _ in range(5):
        code = place(org)
        assert listed(org)[0] == code
    assert set(outcomes) == {"current"}


def test_what_was_being_read_when_it_went_away_is_read_from_the_primary(org: Org) -> None:
    seen = []

    @from_replica
    def read_twice() -> bool:
        with database.read() as connection:
            seen.append(bool(connection.execute(text("SELECT pg_is_in_recovery()")).scalar()))
            if seen[-1]:
                connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
            return seen[-1]

    with org.app.app_context():
        assert read_twice() is False
    assert seen == [True, False]


def test_a_connection_to_another_server_is_refused(
    org: Org, outcomes: Counter[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Such as behind a name of several servers, of which one alone was checked."""
    with org.app.app_context():
        replica = replicas._replicas[database.db.engine]
        replica._server = ("10.0.0.1", 5432, datetime.now(UTC))
        replica.engine.dispose()
        code = place(org)
        assert listed(org) == [code]
        assert outcomes == {"away": 1}
        assert "leads to another server than before" in caplog.text
        wait_until(is_replica_read)  # it has been checked


def test_a_standby_on_another_timeline_is_never_read(
    org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as one that has not followed a failover: positions of two timelines say nothing."""
    monkeypatch.setattr(
        replicas, "_TIMELINE", text("SELECT 1 + timeline_id FROM pg_control_checkpoint()")
    )
    with org.app.app_context():
        database.close()
        replica = replicas._replicas[database.db.engine]
        with pytest.raises(NoReplica, match="does not follow the primary"):
            replica.check()


@pytest.mark.parametrize("place", ["primary", "another database"])
def test_a_server_that_is_no_replica_is_never_read(
    place: str, new_postgresql: str, standby: Cluster, tmp_path: Path,
    outcomes: Counter[str], caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    url = new_postgresql if place == "primary" else f"{standby.url}/template_orders"
    settings = replace(settings_for(new_postgresql, tmp_path), database_read_url=url)
    words = {"primary": "not a standby", "another database": "standby of another database"}[place]
    with own_app(settings) as app:
        org = make_org(app, "Workshop")
        for _ in range(20):
            listed(org)
            time.sleep(0.02)
        with app.app_context():
            assert not is_replica_read()
    assert set(outcomes) == {"away"}
    assert len([one for one in caplog.messages if words in one]) == 1


def test_doctor_says_whether_it_is_one(
    org: Org, new_postgresql: str, read_url: str, standby: Cluster, tmp_path: Path
) -> None:
    def found(url: str) -> Finding:
        given = {"DATA_DIR": str(tmp_path), "DATABASE_URL": new_postgresql,
                 "DATABASE_READ_URL": url}  # fmt: skip
        [one] = check_replica(Examined(parse_settings(given), given, datetime.now(UTC)))
        return one

    assert found(read_url).state is State.OK
    for url, words in {
        new_postgresql: "not a standby",
        f"{standby.url}/template_orders": "another database",
        "postgresql://postgres:secret@127.0.0.1:1/x": "cannot be reached",
    }.items():
        assert found(url).state is State.FAULT
        assert words in found(url).message
        assert "secret" not in found(url).message


def test_a_function_that_may_read_from_a_replica_must_not_write(app: Flask) -> None:
    @from_replica
    def write() -> None:
        with database.transaction():
            pass

    with app.app_context():
        with pytest.raises(RuntimeError, match="may read from a replica"):
            write()
        with database.transaction():
            pass
