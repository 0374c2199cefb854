"""Backups of the served product under load, restored elsewhere; and what a full disk does."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from click.testing import Result

from app import create_app
from orders.settings import read_settings
from orders.storage import database
from tests import postgres as servers
from tests.processes.server import running
from tests.soak.checker import Checker, Findings
from tests.soak.conftest import SECONDS, Say
from tests.soak.load import Load, Shop, order_of
from tests.soak.stage import Stage, stage

pytestmark = pytest.mark.soak

SHARE = 0.02  # of SOAK_SECONDS, for each kind of database
PASSPHRASE = "correct horse battery"


@pytest.fixture(autouse=True)
def _set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{servers.binaries()}:{os.environ['PATH']}")
    monkeypatch.setenv("BACKUP_PASSPHRASE", PASSPHRASE)


@contextmanager
def empty_place(where: Stage, folder: Path) -> Iterator[tuple[Path, str]]:
    """Provide the folder and the URL of an empty installation; the URL is empty for SQLite."""
    folder.mkdir()
    if where.cluster is None:
        yield folder, ""
        return
    with psycopg.connect(f"{where.cluster.url}/postgres", autocommit=True) as connection:
        connection.execute("CREATE DATABASE restored")
        yield folder, f"{where.cluster.url}/restored"
        connection.execute("DROP DATABASE restored WITH (FORCE)")


def run(folder: Path, url: str, *arguments: str) -> Result:
    """Run a command on an installation that is not served."""
    environment = {**os.environ, "DATA_DIR": str(folder), "DATABASE_URL": url, "DEMO": "0"}
    app = create_app(read_settings(environment))
    result = app.test_cli_runner().invoke(args=arguments)
    with app.app_context():
        database.close()
    return result


@contextmanager
def restored(where: Stage, archive: str, folder: Path, token: str) -> Iterator[Shop]:
    """Serve what is restored from an archive."""
    with empty_place(where, folder) as (place, url):
        done = run(place, url, "restore", archive)
        assert done.exit_code == 0, done.output
        with running(place, url, False) as other:
            shop = Shop(other.port, token)
            yield shop
            shop.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_backups_under_load_are_restored_elsewhere(kind: str, tmp_path: Path, say: Say) -> None:
    with stage(tmp_path, kind) as where:
        server = where.server
        org = server.command("org", "add", "Backed up")["id"]
        token = server.command("token", "add", "--org", org, "--name", "x", "--private")["token"]
        checker = Checker(tmp_path / "answers", order_of)
        load = Load([server.port], token, checker)
        load.start()
        ends, count = time.monotonic() + SECONDS * SHARE, 0
        while time.monotonic() < ends or not count:
            time.sleep(1.0)
            began, acknowledged = datetime.now(UTC).isoformat(), list(checker.acknowledged_at)
            during = server.command("backup", str(tmp_path / "backups"))
            assert len(acknowledged) <= int(during["orders"])
            count += 1
        load.stop()
        assert load.odd == []
        assert not load.statuses.keys() - {"200", "201"}, load.statuses
        say(f"{kind}: {count} backups during {load.statuses['201']} orders; {during}")
        after = server.command("backup", str(tmp_path / "backups"))
        here = Shop(server.port, token)
        with restored(where, during["archive"], tmp_path / "during", token) as there:
            for order_id in acknowledged:
                _, order = here.call("GET", f"/api/orders/{order_id}")
                status, found = there.call("GET", f"/api/orders/{order_id}")
                assert status == 200, order_id
                assert found == order or order["updatedAt"] > began
        here.close()
        with restored(where, after["archive"], tmp_path / "after", token) as there:
            assert checker.compare_all(there.call) == Findings()


def test_a_full_disk_stops_the_backup_and_not_the_service(tmp_path: Path, say: Say) -> None:
    with stage(tmp_path, "sqlite") as where:
        if not where.disk.is_mounted:
            pytest.skip("A file system of its own needs the right to mount.")
        server, place = where.server, where.disk.folder / "backups"
        made = server.command("backup", str(tmp_path / "backups"))["archive"]
        ballast = where.disk.folder / "most"
        free = os.statvfs(where.disk.folder)
        with ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_frsize - 40_000_000)
        done = run(where.disk.folder, "", "backup", str(place))
        assert done.exit_code == 1
        said = json.loads(done.stderr)["error"]
        say(said)
        assert "MB free, and a backup may take" in said
        assert list(place.iterdir()) == []
        assert server.is_well()
        # Elsewhere, on the same disk: nothing is half-restored.
        folder = where.disk.folder / "elsewhere"
        folder.mkdir()
        assert run(folder, "", "backup", "--status").exit_code == 0
        with where.disk.full(list):
            done = run(folder, "", "restore", made)
        assert done.exit_code == 1
        say(json.loads(done.stderr)["error"])
        (folder / "secret_key").unlink()
        assert [one.stat().st_size for one in folder.glob("*.sqlite3")] in ([0], [4096])
        assert not [*folder.glob(".*"), *folder.glob("files/*")]
        ballast.unlink()
        assert run(folder, "", "restore", made).exit_code == 0
