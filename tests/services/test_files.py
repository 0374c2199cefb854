"""The file store in a folder and on a real S3 server."""

import os
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from moto.server import ThreadedMotoServer

from orders.domain.errors import BackupError, NotFound, ServiceBusy
from orders.domain.inputs import Limits
from orders.domain.uploads import SentFile
from orders.services import backup, backup_restore
from orders.services.catalog import configuration_queries, configurations
from orders.services.files import FileStore, new_name
from tests.actors import Org
from tests.databases import own_app, settings_for
from tests.uploads import PNG

ORG = "5b0f8d1e-2f57-4f6c-9a08-3f6f4a1d7c11"
LATER = timedelta(days=2)


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """Serve a bucket on loopback and return the server's address."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    request = urllib.request.Request(f"http://{host}:{port}/bucket", method="PUT")
    urllib.request.urlopen(request).close()  # noqa: S310 - as above
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(bucket: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FileStore:
    for name, value in {
        "AWS_ENDPOINT_URL": bucket, "AWS_ALLOW_HTTP": "true", "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    return FileStore(f"s3://bucket/{tmp_path.name}/prefix", tmp_path / "unused")


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> FileStore:
    if request.param == "folder":
        return FileStore("", tmp_path / "files")
    found: FileStore = request.getfixturevalue("s3")
    return found


def names(store: FileStore) -> set[str]:
    return set(store.names_before(datetime.now(UTC) + LATER))


def test_files_can_be_written_read_and_removed(store: FileStore) -> None:
    small, large = new_name(ORG), new_name(ORG)
    store.put(small, b"small")
    store.put(large, os.urandom(7_000_000))
    assert store.get(small) == b"small"
    assert len(store.get(large)) == 7_000_000
    assert {small, large} <= names(store)
    store.discard([small, large, new_name(ORG)])
    assert not {small, large} & names(store)
    with pytest.raises(NotFound):
        store.get(small)


def test_names_are_unique_and_random() -> None:
    made = {new_name(ORG) for _ in range(1000)}
    assert len(made) == 1000
    assert all(name.startswith(f"{ORG}/") and len(name) == len(ORG) + 41 for name in made)


def test_only_the_user_can_read_the_folder(tmp_path: Path) -> None:
    FileStore("", tmp_path / "deep" / "files").put(new_name(ORG), b"x")
    assert (tmp_path / "deep" / "files").stat().st_mode & 0o777 == 0o700


def test_an_unreachable_bucket_raises_service_busy(
    s3: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(ServiceBusy, match="cannot be written"):
        s3.put(new_name(ORG), b"x")
    with pytest.raises(ServiceBusy, match="cannot be reached"):
        s3.get(new_name(ORG))
    s3.discard([new_name(ORG)])
    with pytest.raises(ServiceBusy):
        names(s3)


def test_a_configuration_keeps_its_files_in_either_store(
    app: Flask, org: Org, store: FileStore
) -> None:
    with app.app_context():
        new, files = configurations.check_configuration(
            {"attachments": {"shot": "a.png"}},
            [SentFile("files", "a.png", "image/png", PNG)],
            actor=org.actor(), limits=Limits(),
        )  # fmt: skip
        made = configurations.create_configuration(
            new, files, actor=org.actor(), store=store, limits=Limits()
        )
        found = configuration_queries.find_file(made.short_id, "shot", org.id)
        assert store.get(found.stored_as) == PNG
        assert (found.size, found.content_type) == (len(PNG), "image/png")
        # Files without a row are removed after a day, others stay.
        store.put(orphan := new_name(org.id), b"left over")
        assert configurations.sweep_files(store) == 0
        assert configurations.sweep_files(store, now=datetime.now(UTC) + LATER) == 1
        assert orphan not in names(store)
        assert store.get(found.stored_as) == PNG


@pytest.mark.one_database(reason="the place of an archive is the same for both")
def test_backups_are_kept_in_a_bucket_and_contain_the_files_of_one(
    app: Flask, org: Org, s3: FileStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    to, here = f"s3://bucket/{tmp_path.name}/backups", app.config["SETTINGS"]
    settings = replace(here, backup_to=to, backup_keep=2)
    monkeypatch.setattr(backup, "ROOM", 0)
    with app.app_context():
        new, files = configurations.check_configuration(
            {}, [SentFile("files", "a.png", "image/png", PNG)], actor=org.actor(), limits=Limits()
        )
        configurations.create_configuration(
            new, files, actor=org.actor(), store=s3, limits=Limits()
        )
        [name] = names(s3)
        s3.put(new_name(org.id), b"an orphan")
        made = [
            backup.back_up(settings, s3, "1.0", now=datetime(2026, 11, day, tzinfo=UTC))
            for day in (1, 2, 3)
        ]
        newest = backup.state(settings).newest
    assert made[-1].address == f"{to}/shortorder-20261103T000000Z.tar.gz"
    assert newest == datetime(2026, 11, 3, tzinfo=UTC)
    found = backup.check(made[-1].address, "", tmp_path)
    assert [one for one in found.members if one.startswith("files/")] == [f"files/{name}"]
    with pytest.raises(BackupError):
        backup.check(made[0].address, "", tmp_path)
    (tmp_path / "new.sqlite3").touch()
    there = settings_for(f"sqlite:///{tmp_path / 'new.sqlite3'}", tmp_path)
    other = FileStore(f"s3://bucket/{tmp_path.name}/restored", tmp_path / "unused")
    with own_app(there) as restored, restored.app_context():
        backup_restore.restore(made[-1].address, "", there, other, lambda _revision: True)
    assert names(other) == {name}
    assert other.get(name) == PNG
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with app.app_context(), pytest.raises(BackupError, match="The bucket cannot be used"):
        backup.state(settings)


def test_temporary_files_are_swept_from_the_folder(app: Flask, tmp_path: Path) -> None:
    store = FileStore("", tmp_path / "files")
    store.put(name := new_name(ORG), b"x")
    draft = tmp_path / "files" / f"{name}#1"
    draft.write_bytes(b"half")
    with app.app_context():
        assert configurations.sweep_files(store) == 0
        old = time.time() - LATER.total_seconds()
        os.utime(draft, (old, old))
        assert configurations.sweep_files(store) == 1
    assert not draft.exists()
    assert store.get(name) == b"x"
