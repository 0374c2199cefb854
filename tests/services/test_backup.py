"""Backups while the service runs, what is restored from them, and what is refused."""

import json
import os
import resource
import shutil
import stat
import subprocess
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import flask_migrate
import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy import MetaData, make_url, select, text

from orders.domain.attributes import AttributeRule, Kind
from orders.domain.errors import BackupError
from orders.interfaces.cli.backup import BackupSchedule, knows_schema
from orders.interfaces.cli.upgrade import migrate
from orders.services import backup, backup_restore
from orders.services.accounts import orgs
from orders.services.backup import Backup
from orders.services.webhooks import webhooks
from orders.settings import MIGRATIONS, Settings
from orders.storage import age, database, encryption, snapshots
from orders.storage.startup import schema_version
from tests import postgres as servers
from tests.actors import Org
from tests.api.calls import Api
from tests.api.configuration_calls import WHOLE, send
from tests.api.conftest import caller
from tests.databases import own_app, settings_for
from tests.uploads import PDF, PNG, Form

WRITERS = 8
PASSPHRASE = "correct horse battery"
NOW = datetime(2026, 11, 30, 9, 30, tzinfo=UTC)
ORDER = {
    "name": "Recéption", "customerId": "C-1", "metadata": {"wood": "oak", "n": 1.50},
    "cart": [{"configurationId": "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11", "count": 2}],
}  # fmt: skip
# Rows that readers write.
READ = {"request_log", "rate_count", "staff_session", "token"}


@pytest.fixture(autouse=True)
def _set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Derive keys cheaply; use the programs of the tests' PostgreSQL."""
    monkeypatch.setattr(age, "COST", 8)
    monkeypatch.setattr(backup, "ROOM", 0)
    monkeypatch.setenv("PATH", f"{servers.binaries()}:{os.environ['PATH']}")


@pytest.fixture
def api(app: Flask, org: Org) -> Api:
    return caller(app.test_client(), org, org.private)


@pytest.fixture
def elsewhere(
    settings: Settings, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Settings]:
    """The settings of an empty installation of the same kind, in another place."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    if settings.database_url.startswith("sqlite:"):
        (folder / "new.sqlite3").touch()
        yield settings_for(f"sqlite:///{folder / 'new.sqlite3'}", folder)
        return
    server = settings.database_url.rpartition("/")[0]
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute("CREATE DATABASE restored")
        yield settings_for(f"{server}/restored", folder)
        connection.execute("DROP DATABASE restored WITH (FORCE)")


@pytest.fixture
def there(elsewhere: Settings) -> Iterator[Flask]:
    """The application of an empty installation."""
    with own_app(elsewhere) as app:
        yield app


def back_up(app: Flask, to: Path, passphrase: str = "") -> Backup:
    with app.app_context():
        settings, store = app.config["SETTINGS"], app.extensions["files"]
        return backup.back_up(settings, store, "1.0", to=str(to), passphrase=passphrase)


@contextmanager
def restored(made: Backup, settings: Settings, passphrase: str = "") -> Iterator[Flask]:
    with own_app(settings) as app, app.app_context():
        backup_restore.restore(
            made.address, passphrase, settings, app.extensions["files"], knows_schema
        )
    # A start with new settings: the keys may have been restored.
    with own_app(settings) as app:
        with app.app_context():
            migrate(0)
        yield app


def fill(app: Flask, org: Org, api: Api) -> None:
    """Store something of everything."""
    org.define(AttributeRule(key="wood", label="Wood", kind=Kind.TEXT))
    form = Form().json("attachments", {"shot": "a.png"}).file("files", "a.png", PNG, "image/png")
    assert send(api, form.file("files[doc]", "b.pdf", PDF)).status_code == 201
    for path, body in (
        ("configurations", WHOLE),
        ("customers", {"customerId": "C-1", "name": "Ünal"}),
        ("webhooks", {"topic": "order.created", "address": "https://shop.example/hook"}),
        ("orders", ORDER),
    ):
        answer = api.client.post(f"/api/{path}", json=body, headers=api.headers)
        assert answer.status_code == 201, answer.text


def answers(app: Flask, api: Api) -> dict[str, bytes]:
    """Return all that the API answers, byte by byte, by path."""
    client, found = app.test_client(), dict[str, bytes]()

    def get(path: str) -> bytes:
        answer = client.get(path, headers=api.headers)
        assert answer.status_code == 200, f"{path}: {answer.text}"
        found[path] = answer.data
        return found[path]

    for kind, key in (
        ("orders", "id"), ("configurations", "id"), ("customers", "customerId"), ("webhooks", "id"),
    ):  # fmt: skip
        body = json.loads(get(f"/api/{kind}"))
        for one in body[kind]:
            get(f"/api/{kind}/{one[key]}")
            if kind == "configurations":
                for name, file in one["attachments"].items():
                    if file in {"a.png", "b.pdf"}:
                        get(f"/api/{kind}/{one['id']}/files/{name}")
    return found


def rows(app: Flask) -> dict[str, list[str]]:
    """Return all rows of all tables but those that readers write."""
    with app.app_context(), database.read() as connection:
        schema = MetaData()
        schema.reflect(connection)
        return {
            name: sorted(map(repr, connection.execute(select(table)).all()))
            for name, table in schema.tables.items()
            if name not in READ
        }


class Writer(threading.Thread):
    """Places orders one after the other, and keeps the answers."""

    def __init__(self, api: Api, app: Flask) -> None:
        super().__init__(daemon=True)
        self.acknowledged: list[dict[str, object]] = []
        self.stopping = threading.Event()
        self._client, self._headers = app.test_client(), api.headers

    def run(self) -> None:
        while not self.stopping.is_set():
            answer = self._client.post("/api/orders", json=ORDER, headers=self._headers)
            assert answer.status_code == 201, answer.text
            self.acknowledged.append(answer.get_json())


def test_a_backup_under_load_has_every_order_that_was_acknowledged_before(
    app: Flask, org: Org, api: Api, elsewhere: Settings, tmp_path: Path
) -> None:
    fill(app, org, api)
    writers = [Writer(api, app) for _ in range(WRITERS)]
    for writer in writers:
        writer.start()
    while min(len(one.acknowledged) for one in writers) < 3:
        pass
    before = [one for writer in writers for one in list(writer.acknowledged)]
    made = back_up(app, tmp_path / "backups")
    for writer in writers:
        writer.stopping.set()
    for writer in writers:
        writer.join()
    after = sum(len(one.acknowledged) for one in writers)
    assert len(before) <= made.manifest.counts["orders"] - 1 <= after
    with restored(made, elsewhere) as there:
        client = there.test_client()
        for order in before:
            path = f"/api/orders/{order['id']}"
            here = api.client.get(path, headers=api.headers).data
            assert client.get(path, headers=api.headers).data == here


def test_all_is_restored_byte_for_byte_with_the_keys(
    app: Flask,
    org: Org,
    api: Api,
    elsewhere: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fill(app, org, api)
    made = back_up(app, tmp_path / "backups", PASSPHRASE)
    stored, said = rows(app), answers(app, api)
    with app.app_context():
        [hook] = json.loads(said["/api/webhooks"])["webhooks"]
        secret = webhooks.read_secret(hook["id"], org.id)
    assert made.manifest.has_secrets
    assert made.address.endswith(".tar.gz.age")
    assert stat.S_IMODE(Path(made.address).stat().st_mode) == 0o600
    # Another machine knows nothing of the earlier keys.
    monkeypatch.setattr(encryption, "_ciphers", [])
    with restored(made, replace(elsewhere, secret_key="k" * 32), PASSPHRASE) as there:
        # The start has encrypted the secrets again, with its own key.
        apart = {"webhook", "alembic_version"}
        found = rows(there)
        assert {name: found[name] for name in found if name not in apart} == {
            name: stored[name] for name in stored if name not in apart
        }
        assert answers(there, api) == said
        assert len(said) >= 11
        with there.app_context():
            assert webhooks.read_secret(hook["id"], org.id) == secret
    assert (elsewhere.data_dir / "secret_key").read_text() == app.config["SETTINGS"].secret_key


def state_of(folder: Path) -> dict[str, int]:
    return {
        str(path.relative_to(folder)): path.stat().st_size
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith((".new", "-shm", "-wal"))
    }


def set_schema_version(app: Flask, revision: str) -> None:
    with app.app_context(), database.transaction() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :to"), {"to": revision})


def refused(made: str, there: Flask, passphrase: str = "") -> str:
    """Try to restore, and see that nothing was; return the one sentence."""
    settings, store = there.config["SETTINGS"], there.extensions["files"]
    with there.app_context():
        with pytest.raises(BackupError) as caught:
            backup_restore.restore(made, passphrase, settings, store, knows_schema)
        database.close()
    left = state_of(settings.data_dir)
    left.pop("new.sqlite3")
    assert left == {}
    said = str(caught.value)
    assert "\n" not in said
    return said


@pytest.mark.one_database(reason="the archive is refused before its database is looked at")
@pytest.mark.parametrize("passphrase", ["", PASSPHRASE])
def test_a_changed_or_shortened_archive_is_refused(
    app: Flask, org: Org, api: Api, there: Flask, tmp_path: Path, passphrase: str
) -> None:
    fill(app, org, api)
    made = back_up(app, tmp_path, passphrase)
    content = Path(made.address).read_bytes()
    bad = tmp_path / "bad"
    size = len(content)
    changes = [content[:place] for place in (0, 1, 30, size // 2, size - 1)]
    changes += [
        content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :]
        for place in (0, size // 5, size // 2, size - 5)
    ]
    for change in [*changes, content + b"x"]:
        bad.write_bytes(change)
        said = refused(str(bad), there, passphrase)
        assert said.startswith(("The archive", "This is not a backup")), said


@pytest.mark.one_database(reason="the archive is refused before its database is looked at")
def test_what_is_no_archive_of_this_installation_is_refused(
    app: Flask, org: Org, api: Api, there: Flask, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    fill(app, org, api)
    made = back_up(app, tmp_path / "1", PASSPHRASE).address
    assert "passphrase is wrong" in refused(made, there, "correct horse")
    assert "BACKUP_PASSPHRASE" in refused(made, there)
    assert "No such file" in refused(str(tmp_path / "missing"), there)
    database_file = str(make_url(app.config["SETTINGS"].database_url).database)
    # Copied by another process: this one would lose its locks when it closes the file.
    alone = str(tmp_path / "alone.sqlite3")
    subprocess.run(["/bin/cp", database_file, alone], check=True)
    assert "-wal" in refused(alone, there)
    # A member more, and a member that is another one.
    plain = back_up(app, tmp_path / "2").address
    with tarfile.open(plain) as tar:
        tar.extractall(tmp_path / "unpacked", filter="data")
    with tarfile.open(tmp_path / "more", "w:gz") as tar:
        tar.add(tmp_path / "unpacked" / "database.sqlite3", "../database.sqlite3")
    assert "which no backup has" in refused(str(tmp_path / "more"), there)
    (tmp_path / "unpacked" / "database.sqlite3").write_bytes(b"SQLite format 3\0")
    with tarfile.open(tmp_path / "other", "w:gz") as tar:
        for path in sorted((tmp_path / "unpacked").rglob("*"), reverse=True):
            if path.is_file() and path.name != "manifest.json":
                tar.add(path, str(path.relative_to(tmp_path / "unpacked")))
        tar.add(tmp_path / "unpacked" / "manifest.json", "manifest.json")
    assert "database.sqlite3 differs" in refused(str(tmp_path / "other"), there)
    with monkeypatch.context() as patched:
        patched.setattr(snapshots, "kind", lambda: "postgresql")
        said = refused(plain, there)
    assert said.startswith("The archive contains a database of SQLite, and this installation uses")
    with monkeypatch.context() as patched:
        patched.setattr(backup_restore, "text_encoding", lambda: "LATIN1")
        assert "The encoding of the database is LATIN1" in refused(plain, there)
    # Of a newer product.
    with app.app_context():
        known = schema_version() or ""
    set_schema_version(app, "9999")
    newer = back_up(app, tmp_path / "3").address
    set_schema_version(app, known)  # other tests use the database, too
    assert "schema 9999, which this Shortorder does not know" in refused(newer, there)
    monkeypatch.setattr(backup, "FORMAT", 2)
    assert "1.0, whose archives" in refused(back_up(app, tmp_path / "4").address, there)


@pytest.mark.one_database(reason="what is there is refused before the archive is looked at")
def test_an_installation_with_data_is_left_as_it_is(
    app: Flask, org: Org, api: Api, elsewhere: Settings, settings: Settings, tmp_path: Path
) -> None:
    fill(app, org, api)
    made = back_up(app, tmp_path / "backups").address
    before = rows(app), state_of(settings.data_dir / "files")
    with app.app_context(), pytest.raises(BackupError, match="There is a database already"):
        backup_restore.restore(made, "", settings, app.extensions["files"], knows_schema)
    assert (rows(app), state_of(settings.data_dir / "files")) == before
    with own_app(elsewhere) as there, there.app_context():
        store = there.extensions["files"]
        store.put(f"{org.id}/{'0' * 40}", b"of others")
        with pytest.raises(BackupError, match="files that are not in the archive"):
            backup_restore.restore(made, "", elsewhere, store, knows_schema)
        # Those of a restore that was killed are no obstacle.
        store.discard([f"{org.id}/{'0' * 40}"])
        files = settings.data_dir / "files", elsewhere.data_dir / "files"
        shutil.copytree(*files, dirs_exist_ok=True)
        backup_restore.restore(made, "", elsewhere, store, knows_schema)
    with own_app(elsewhere) as there:
        assert answers(there, api) == answers(app, api)


@contextmanager
def no_room_beyond(size: int) -> Iterator[None]:
    """Let no file become longer, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.one_database(reason="PostgreSQL's disk is that of its server")
def test_a_full_disk_leaves_nothing_half_done(
    app: Flask, org: Org, api: Api, there: Flask, tmp_path: Path
) -> None:
    fill(app, org, api)
    place = tmp_path / "backups"
    for size in (1_000, 100_000):
        with no_room_beyond(size), pytest.raises(BackupError) as caught:
            back_up(app, place)
        assert "\n" not in str(caught.value)
        assert list(place.iterdir()) == []
    made = back_up(app, place)
    for size in (1_000, 100_000):
        with no_room_beyond(size):
            refused(made.address, there)


@pytest.mark.one_database(reason="the names of archives are the same for both")
def test_backups_by_schedule_are_encrypted_and_the_newest_remain(
    app: Flask, org: Org, settings: Settings, tmp_path: Path
) -> None:
    place = tmp_path / "backups"
    settings = replace(settings, backup_to=str(place), backup_keep=2, backup_passphrase=PASSPHRASE)
    store, stopping = app.extensions["files"], False

    def look(hours: int) -> Backup | None:
        now = NOW + timedelta(hours=hours)
        return backup.back_up_if_due(settings, store, "1.0", lambda: None, now=now)

    with app.app_context():
        assert backup.state(settings).is_late
        made = [hour for hour in (0, 1, 23, 24, 48) if look(hour)]
        assert made == [0, 24, 48]
        (place / "notes.txt").touch()
        assert look(72)
        assert not backup.state(settings, now=NOW + timedelta(hours=107)).is_late
        late = backup.state(settings, now=NOW + timedelta(hours=109))
        assert (late.is_late, late.sentence) == (True, f"The newest backup in {place} is 37 h old.")
        # The background work goes by the clock, in which these are from the future or long ago.
        names = sorted(one.name for one in place.iterdir())
        assert names == [
            "notes.txt", "shortorder-20261202T093000Z.tar.gz.age",
            "shortorder-20261203T093000Z.tar.gz.age",
        ]  # fmt: skip
        assert backup.check(str(place / names[1]), PASSPHRASE, tmp_path).has_secrets
        shutil.rmtree(place)
        schedule = BackupSchedule(settings, lambda _seconds: stopping)
        schedule.run()
        [name] = place.iterdir()
        schedule.run()
        assert [*place.iterdir()] == [name]
        # A stop ends a backup, and leaves nothing.
        name.unlink()
        waits = iter((False, False, True))
        BackupSchedule(settings, lambda _seconds: next(waits, True)).run()
        assert [*place.iterdir()] == []


@pytest.mark.own_database(reason="its schema is an older one")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_older_archive_is_brought_up_to_date_by_the_next_start(
    app: Flask, org: Org, elsewhere: Settings, tmp_path: Path
) -> None:
    with app.app_context():
        newest = schema_version()
        flask_migrate.downgrade(directory=str(MIGRATIONS), revision="0032")
    made = back_up(app, tmp_path / "backups")
    assert made.manifest.schema_revision == "0032"
    with restored(made, elsewhere) as there, there.app_context():
        assert schema_version() == newest
        assert orgs.has_orgs()


def test_a_database_that_is_away_is_one_sentence(tmp_path: Path) -> None:
    away = f"postgresql://user:SECRET@127.0.0.1:{servers.free_port()}/orders"
    (tmp_path / "archive").touch()
    with own_app(settings_for(away, tmp_path)) as app:
        for arguments in (["backup", str(tmp_path)], ["restore", str(tmp_path / "archive")]):
            done = app.test_cli_runner().invoke(args=arguments)
            assert done.exit_code == 1
            said = json.loads(done.stderr)["error"]
            assert "The database cannot be" in said
            assert "\n" not in said
            assert "SECRET" not in said


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_programs_of_postgresql_must_fit_the_server(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackupError, match="pg_dump is not installed"):
        back_up(app, tmp_path / "backups")
    program = tmp_path / "pg_dump"
    program.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.24'\n")
    program.chmod(0o755)
    with pytest.raises(BackupError, match="is of version 9, and the server of version 18"):
        back_up(app, tmp_path / "backups")
    assert list((tmp_path / "backups").iterdir()) == []


@pytest.mark.one_database(reason="the services have tests of their own on both")
def test_commands_say_what_they_did(
    app: Flask, runner: FlaskCliRunner, org: Org, api: Api, elsewhere: Settings, tmp_path: Path
) -> None:
    fill(app, org, api)

    def run(*arguments: str, of: Callable[..., object] = runner.invoke) -> dict[str, object]:
        done = of(args=arguments)
        assert done.exit_code == 0, done.output  # type: ignore[attr-defined]
        said: dict[str, object] = json.loads(done.stdout)  # type: ignore[attr-defined]
        return said

    made = run("backup", str(tmp_path / "backups"))
    assert (made["orders"], made["files"], made["hasSecrets"]) == (1, 2, False)
    checked = run("backup", "--check", str(made["archive"]))
    assert checked["isSound"]
    assert "BACKUP_TO is not set" in str(run("backup", "--status")["sentence"])
    typed = f"{PASSPHRASE}\n{PASSPHRASE}\n"
    asked = runner.invoke(args=["backup", str(tmp_path / "asked"), "--encrypt"], input=typed)
    archive = json.loads(asked.stdout)["archive"]
    assert archive.endswith(".age")
    assert PASSPHRASE not in asked.output
    unasked = runner.invoke(args=["backup", "--check", archive])
    assert "BACKUP_PASSPHRASE" in json.loads(unasked.stderr)["error"]
    with own_app(elsewhere) as there:
        done = run("restore", str(made["archive"]), of=there.test_cli_runner().invoke)
        assert "secret_key" in str(done["next"])
        again = there.test_cli_runner().invoke(args=["restore", str(made["archive"])])
        assert again.exit_code == 1
        assert "already" in json.loads(again.stderr)["error"]
    assert runner.invoke(args=["backup"]).exit_code == 2
