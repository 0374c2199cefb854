"""A database file that leaves its place while it is in use, and starts beside what it has left."""

import logging
import os
import shutil
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, text

from orders.domain.errors import ServiceBusy
from orders.settings import BadSetting, read_settings
from orders.storage import database
from orders.storage.models.orgs import Org as OrgRow
from orders.storage.sqlite import long_log, process_lock
from tests.actors import Org
from tests.bad_orders import CHAIR
from tests.databases import copy_sqlite

FILES = ("orders.sqlite3", "orders.sqlite3-wal", "orders.sqlite3-shm")
HEALTH = "/api/orders/healthcheck"


def move(folder: Path, there: Path) -> None:
    for name in FILES:
        (folder / name).rename(there / name)


def delete(folder: Path, _there: Path) -> None:
    for name in FILES:
        (folder / name).unlink()


def replace_folder(folder: Path, there: Path) -> None:
    folder.rename(there / "old")
    folder.mkdir()
    copy_sqlite(folder)


def delete_log(folder: Path, _there: Path) -> None:
    (folder / FILES[1]).unlink()


@pytest.mark.own_database(reason="it takes the database away")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("take_away", [move, delete, replace_folder, delete_log])
def test_nothing_is_acknowledged_while_the_database_is_away(
    client: FlaskClient, org: Org, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path,
    take_away: Callable[[Path, Path], None], caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    def create() -> int:
        order = {"cart": [{"configurationId": CHAIR, "count": 1}]}
        headers = {"Authorization": f"Bearer {org.private.secret}"}
        return client.post("/api/orders", json=order, headers=headers).status_code

    there = tmp_path_factory.mktemp("there")
    assert (create(), client.get(HEALTH).json) == (201, True)
    take_away(tmp_path, there)
    caplog.set_level(logging.WARNING)
    assert [create() for _ in range(5)] == [503] * 5
    assert client.get(HEALTH).json is False
    with org.app.app_context():
        with pytest.raises(ServiceBusy), database.transaction() as connection:
            connection.execute(text("UPDATE org SET rules_version = 7"))
        with pytest.raises(ServiceBusy):
            database.write(lambda _: None)
    assert [one.levelname for one in caplog.records] == ["ERROR"]
    assert "was deleted, moved or replaced" in caplog.text
    if take_away is delete:
        assert not (tmp_path / FILES[0]).exists()
    if take_away is move:
        move(there, tmp_path)
        assert create() == 201
        assert "is back" in caplog.text


@pytest.mark.own_database(reason="it takes the database away")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_new_connection_is_to_the_same_file(app: Flask, tmp_path: Path) -> None:
    with app.app_context():
        database.write(lambda _: None)
        shutil.copy(tmp_path / FILES[0], tmp_path / "copy")
        (tmp_path / "copy").replace(tmp_path / FILES[0])
        database.db.engine.dispose()
        with pytest.raises(ServiceBusy), database.read():
            pass


@pytest.mark.own_database(reason="its file becomes read-only")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_file_that_was_read_only_is_written_again(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    # SQLite itself would open it for reading, and the whole process could write no more.
    with app.app_context():
        for name in FILES:
            with monkeypatch.context() as patch:
                access = os.access
                patch.setattr(
                    os, "access", lambda path, mode, n=name, a=access: n != Path(path).name
                    and a(path, mode)
                )  # fmt: skip
                database.db.engine.dispose()
                with pytest.raises(ServiceBusy) as refusal, database.read():
                    pass
                assert str(refusal.value.__cause__).endswith(f"{name} is read-only")
            database.write(lambda _: None)


@pytest.mark.parametrize(
    "left",
    ["secret_key", "files/", "shortorder.sqlite3-wal", "shortorder.sqlite3-shm",
     "shortorder.sqlite3.writer-lock"],
)  # fmt: skip
def test_a_start_makes_no_new_database_beside_what_is_left_of_one(
    tmp_path: Path, left: str
) -> None:
    here = {"DATA_DIR": str(tmp_path)}
    if left.endswith("/"):
        (tmp_path / left).mkdir()
    else:
        (tmp_path / left).write_text("x" * 40)
    with pytest.raises(
        BadSetting, match=f"(?s)is missing, but .*{left.strip('/')}.*NEW_DATABASE=1"
    ):
        read_settings(here)
    assert not (tmp_path / "shortorder.sqlite3").exists()
    read_settings({**here, "NEW_DATABASE": "1"})
    assert (tmp_path / "shortorder.sqlite3").stat().st_mode & 0o777 == 0o600


def test_a_first_start_makes_a_database_and_a_second_finds_it(tmp_path: Path) -> None:
    here = {"DATA_DIR": str(tmp_path / "new")}
    read_settings(here)
    read_settings(here)  # a first start that did not get as far as the migrations
    file = tmp_path / "new" / "shortorder.sqlite3"
    assert file.stat().st_size == 0
    Path(f"{file}.writer-lock").touch()  # but orders have been written, and the file was emptied
    with pytest.raises(BadSetting, match="is missing"):
        read_settings(here)
    with pytest.raises(BadSetting, match="cannot be created"):
        read_settings({"DATA_DIR": str(tmp_path), "DATABASE_URL": f"sqlite:///{tmp_path}/no/x"})


def test_a_start_keeps_others_from_reading_a_folder_that_was_open_to_them(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    before = os.umask(0o022)
    try:
        for name in ("shortorder.sqlite3", "shortorder.sqlite3-wal", "secret_key"):
            (tmp_path / name).write_text("x" * 40)  # as a restored backup has them
        (tmp_path / "files").mkdir()
        here = read_settings({"DATA_DIR": str(tmp_path), "NEW_DATABASE": "1"})
        (tmp_path / "shortorder.sqlite3-wal").unlink()
        (tmp_path / "shortorder.sqlite3").write_bytes(b"")
        with closing(sqlite3.connect(tmp_path / "shortorder.sqlite3")) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("CREATE TABLE one (two)")
            modes = {one.name: one.stat().st_mode & 0o777 for one in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert here.secret_key == "x" * 40
    assert modes.pop("files") == 0o700
    assert {"secret_key", "shortorder.sqlite3", "shortorder.sqlite3-wal"} <= set(modes)
    assert set(modes.values()) == {0o600}


@pytest.mark.own_database(reason="its write-ahead log grows")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_log_that_a_long_reader_has_made_long_is_shortened(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(long_log, "LONG", 100_000)
    monkeypatch.setattr(long_log, "PAUSE", 0.02)

    def size() -> int:
        return (tmp_path / FILES[1]).stat().st_size

    def write() -> None:
        row = {"id": f"{uuid.uuid4()}", "name": "x" * 200, "created_at": datetime.now(UTC)}
        row |= {"is_strict": False, "rules_version": 1}
        database.write(lambda connection: connection.execute(insert(OrgRow), row))

    with app.app_context():
        write()
        with closing(sqlite3.connect(tmp_path / FILES[0], isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM org").fetchone()
            while size() < 400_000:
                write()
            time.sleep(0.1)
            assert size() > 400_000
        deadline = time.monotonic() + 5
        while size():  # no write is needed for it
            assert time.monotonic() < deadline
            time.sleep(0.01)
        write()
        assert 0 < size() < 100_000  # and commits move pages themselves again


STOP_AS_OWNER = """
import fcntl, os, signal, sys
lock = open(sys.argv[1])
fcntl.flock(lock, fcntl.LOCK_EX)
print(flush=True)
os.kill(os.getpid(), signal.SIGSTOP)
"""


@pytest.mark.own_database(reason="the lock file is beside it")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_stopped_process_that_owns_the_lock_is_continued(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_lock, "STOPPED_FOR", 0.2)
    monkeypatch.setattr(process_lock, "PAUSE", 0.05)
    with app.app_context():
        database.write(lambda _: None)
        command = [sys.executable, "-c", STOP_AS_OWNER, f"{tmp_path / FILES[0]}.writer-lock"]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as other:
            assert other.stdout is not None
            other.stdout.readline()
            started = time.monotonic()
            database.write(lambda _: None)
            assert 0.2 < time.monotonic() - started < 2.0
            assert other.wait(timeout=5) == 0
