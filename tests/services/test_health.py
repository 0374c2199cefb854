"""Health is false while orders cannot be stored, and true again soon after."""

import os
import resource
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest
from flask.testing import FlaskClient

from orders.services import health
from orders.settings import Settings
from orders.storage.sqlite import group_commit
from tests.actors import Org, make_org
from tests.bad_orders import CHAIR
from tests.databases import copy_sqlite, own_app, settings_for

SOON = 2.0  # seconds


def is_well(client: FlaskClient) -> bool:
    return client.get("/api/orders/healthcheck").json is True


def seconds_until(client: FlaskClient, expected: bool) -> float:
    started = time.monotonic()
    while is_well(client) != expected:
        assert time.monotonic() < started + 10
        time.sleep(0.02)
    return time.monotonic() - started


def create(org: Org) -> int:
    order = {"cart": [{"configurationId": CHAIR, "count": 1}], "name": "x" * 200}
    headers = {"Authorization": f"Bearer {org.private.secret}"}
    return org.app.test_client().post("/api/orders", json=order, headers=headers).status_code


@contextmanager
def write_lock(settings: Settings) -> Iterator[None]:
    """Keep others from writing, from another connection."""
    if settings.database_url.startswith("sqlite:"):
        file = settings.database_url.removeprefix("sqlite:///")
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
    else:
        with psycopg.connect(settings.database_url) as other:
            other.execute("LOCK TABLE org IN EXCLUSIVE MODE")
            yield


def test_health_is_false_while_another_program_keeps_the_write_lock(
    client: FlaskClient, org: Org, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert health.KEPT_FOR + health.LIMIT < SOON
    monkeypatch.setattr(health, "KEPT_FOR", 0.1)
    monkeypatch.setattr(health, "LIMIT", 0.2)
    assert create(org) == 201
    assert is_well(client)
    with write_lock(settings):
        assert seconds_until(client, False) < 1.0
        started = time.monotonic()
        assert not is_well(client)
        assert time.monotonic() - started < 1.0
    assert seconds_until(client, True) < SOON


@contextmanager
def no_larger_files(folder: Path) -> Iterator[None]:
    """Let no file of this process grow beyond the size of the write-ahead log."""
    most = (folder / "orders.sqlite3-wal").stat().st_size
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.own_database(reason="its write-ahead log must not have been longer before")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_health_is_false_while_the_disk_is_full(
    client: FlaskClient, org: Org, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert group_commit.FAILURE_COUNTS + health.KEPT_FOR < SOON
    monkeypatch.setattr(group_commit, "FAILURE_COUNTS", 0.2)
    assert create(org) == 201
    assert is_well(client)
    with no_larger_files(tmp_path):
        assert create(org) == 503
        assert seconds_until(client, False) < SOON
        assert not is_well(client)
    assert seconds_until(client, True) < SOON
    assert create(org) == 201


@pytest.mark.soak
def test_health_and_orders_agree_on_a_disk_that_fills_up(tmp_path: Path) -> None:
    """On a real disk of 2 MB, which only root can make."""
    subprocess.run(["/bin/mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", tmp_path], check=True)
    try:
        copy_sqlite(tmp_path)
        with own_app(settings_for(f"sqlite:///{tmp_path / 'orders.sqlite3'}", tmp_path)) as app:
            org, client = make_org(app, "Workshop"), app.test_client()
            disk, filler = os.statvfs(tmp_path), tmp_path / "filler"
            filler.write_bytes(b"x" * (disk.f_bavail * disk.f_frsize - 500_000))
            while create(org) == 201:
                time.sleep(0.01)
            ends = time.monotonic() + 10
            while time.monotonic() < ends:
                assert not is_well(client)
                time.sleep(0.1)
            filler.unlink()
            assert seconds_until(client, True) < SOON
            assert create(org) == 201
    finally:
        subprocess.run(["/bin/umount", "-l", tmp_path], check=True)
