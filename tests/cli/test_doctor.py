"""`shortorder doctor` finds each fault, and says what to do; a sound installation has none."""

import os
import shutil
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from flask import Flask
from werkzeug.serving import make_server

from orders.interfaces.cli.doctor import CHECKS, examine
from orders.interfaces.cli.findings import Examined, State
from orders.settings import parse_settings
from orders.storage import encryption
from tests.actors import Org
from tests.bad_orders import CHAIR
from tests.databases import copy_sqlite

one_database = pytest.mark.one_database(reason="it looks at no database")
SECRET = "8Pz_iY0Xh6CqOe1jB3vJtNw5sKfUd2Lr"


@pytest.fixture
def desk(tmp_path: Path) -> dict[str, str]:
    """The environment of a sound installation."""
    copy_sqlite(tmp_path, "shortorder.sqlite3")
    (tmp_path / "shortorder.sqlite3").chmod(0o600)
    tmp_path.chmod(0o700)
    return {"DATA_DIR": str(tmp_path), "SECRET_KEY": SECRET, "ENV_FILE": ""}


def test_nothing_is_found_where_nothing_is_wrong(desk: dict[str, str]) -> None:
    found = list(examine(desk))
    assert {check for check, _ in found} == {"settings", *CHECKS}
    assert [one for _, one in found if one.state is not State.OK] == []


class Fault(NamedTuple):
    """A fault: the check that finds it, words of what it says, and how the fault is made."""

    check: str
    words: str
    make: Callable[[Path], object]


def setting(**settings: str) -> Callable[[Path], object]:
    return lambda _: settings


def schema(revision: str) -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        with sqlite3.connect(folder / "shortorder.sqlite3") as connection:
            connection.execute("UPDATE alembic_version SET version_num = ?", [revision])

    return change


def no_folder(folder: Path) -> dict[str, str]:
    (folder / "file").touch()
    return {"DATA_DIR": str(folder / "file")}


def another_user(_: Path) -> pytest.MonkeyPatch:
    patch = pytest.MonkeyPatch()
    patch.setattr(os, "geteuid", lambda: 12345)
    return patch


def full_disk(_: Path) -> pytest.MonkeyPatch:
    patch = pytest.MonkeyPatch()
    full = shutil.disk_usage("/")._replace(free=50_000_000)
    patch.setattr(shutil, "disk_usage", lambda _: full)
    return patch


@pytest.mark.parametrize(
    "fault",
    [
        Fault("settings", "PORT is 'many'", setting(PORT="many")),
        Fault("settings", "DATABASE_URL", setting(DATABSE_URL="postgresql://127.0.0.1/x")),
        Fault("settings", "no such file", setting(ENV_FILE="/nowhere/.env")),
        Fault("data folder", "as the user that owns it", no_folder),
        Fault("data folder", "belongs to another user", another_user),
        Fault("backups", "no backup", lambda place: {"BACKUP_TO": str(place / "backups")}),
        Fault("file modes", "chmod", lambda place: (place / "shortorder.sqlite3").chmod(0o644)),
        Fault("file modes", "chmod", lambda folder: folder.chmod(0o777)),
        Fault("secrets", "random", setting(SECRET_KEY="changemechangeme")),
        Fault("secrets", "random", setting(METRICS_TOKEN="metricsmetricsmetrics")),
        Fault("disk", "Free some space", full_disk),
        Fault("database", "be reached", setting(DATABASE_URL="postgresql://x:y@127.0.0.1:1/z")),
        Fault("database", "database upgrade", schema("0029")),
        Fault("database", "newer", schema("9999")),
        Fault("file store", "cannot be written", lambda folder: (folder / "files").touch(0o600)),
        Fault("rate limits", "Redis", setting(RATE_LIMIT_STORAGE="redis://:pw@127.0.0.1:1")),
        Fault("mail", "SMTP_URL", setting(SMTP_URL="smtps://[::1]:1", MAIL_FROM="a@b.example")),
        Fault("address", "does not answer", setting(PUBLIC_URL="http://127.0.0.1:1")),
        Fault("address", "Set it to", setting(HOST="192.0.2.1")),
    ],
    ids=lambda one: f"{one.check}: {one.words}",
)  # fmt: skip
def test_each_fault_is_found(desk: dict[str, str], tmp_path: Path, fault: Fault) -> None:
    made = fault.make(tmp_path)
    environment = {**desk, **made} if isinstance(made, dict) else desk
    if fault.check == "settings":
        found = [one for check, one in examine(environment) if check == "settings"][:1]
    else:
        examined = Examined(parse_settings(environment), environment, datetime.now(UTC))
        found = CHECKS[fault.check](examined)
    if isinstance(made, pytest.MonkeyPatch):
        made.undo()
    [one] = found
    assert one.state is not State.OK
    assert one.advice
    assert fault.words in f"{one.message} {one.advice}"
    assert ":pw@" not in one.message


def test_clock_and_keys_are_compared_with_what_is_stored(app: Flask, org: Org) -> None:
    settings = app.config["SETTINGS"]
    encryption.use_keys(settings.encryption_keys)  # other tests of this process have used theirs
    headers = {"Authorization": f"Bearer {org.private.secret}"}
    client = app.test_client()
    order = {"cart": [{"configurationId": CHAIR, "count": 1}]}
    assert client.post("/api/orders", json=order, headers=headers).status_code == 201
    hook = {"address": "https://hooks.example/x", "topic": "order.created"}
    assert client.post("/api/webhooks", json=hook, headers=headers).status_code == 201
    desk = {"DATA_DIR": str(settings.data_dir), "DATABASE_URL": settings.database_url}
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    checks = [
        (check, one.message)
        for check, one in examine({**desk, "SECRET_KEY": settings.secret_key}, long_ago)
        if check in {"clock", "encryption"}
    ]
    assert checks[0] == ("encryption", "The keys fit the stored secrets.")
    assert checks[1][0] == "clock"
    is_postgresql = settings.database_url.startswith("postgresql:")
    assert ("PostgreSQL's by 1:00:0" if is_postgresql else "from the future") in checks[1][1]
    [(_, wrong)] = [
        one for one in examine({**desk, "SECRET_KEY": SECRET}) if one[0] == "encryption"
    ]
    assert wrong.state is State.FAULT


@contextmanager
def served(app: Flask, proxies: int) -> Iterator[int]:
    """Serve an application behind proxies that append to X-Forwarded-For; yield the port."""

    def behind_proxies(environ: dict[str, Any], start: Any) -> Iterable[bytes]:  # noqa: ANN401 - WSGI's
        for _ in range(proxies):
            environ["HTTP_X_FORWARDED_FOR"] += ", 127.0.0.1"
        return app(environ, start)

    server = make_server("127.0.0.1", 0, behind_proxies)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server.port
    server.shutdown()
    thread.join()
    server.server_close()


@one_database
@pytest.mark.parametrize(("proxies", "trusted"), [(0, 0), (1, 1), (1, 0), (0, 1)])
def test_proxies_are_counted(app: Flask, proxies: int, trusted: int) -> None:
    settings = app.config["SETTINGS"]
    with served(app, proxies) as port:
        desk = {
            "DATA_DIR": str(settings.data_dir),
            "DATABASE_URL": settings.database_url,
            "SECRET_KEY": settings.secret_key,
            "PUBLIC_URL": f"http://127.0.0.1:{port}",
            "TRUSTED_PROXIES": str(trusted),
        }
        [one] = [one for check, one in examine(desk) if check == "address"]
    if proxies == trusted:
        assert one.state is State.OK
    else:
        assert (one.state, one.advice) == (State.FAULT, f"Set TRUSTED_PROXIES={proxies}")


@pytest.mark.parametrize("answer", [b"HTTP/1.0 200 OK\r\n\r\n{}", b"SSH-2.0-OpenSSH_9.2\r\n"])
def test_another_service_at_the_address_is_a_finding(desk: dict[str, str], answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def respond() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(answer)

        thread = threading.Thread(target=respond)
        thread.start()
        environment = {**desk, "PUBLIC_URL": f"http://127.0.0.1:{listener.getsockname()[1]}"}
        examined = Examined(parse_settings(environment), environment, datetime.now(UTC))
        [one] = CHECKS["address"](examined)
        thread.join()
    assert "does not answer as this service does" in one.message


@one_database
def test_the_page_for_the_doctor_is_closed_to_others(app: Flask) -> None:
    client = app.test_client()
    assert client.get("/self-check").status_code == 404
    forged = {"Authorization": "Bearer Ii9zZWxmLWNoZWNrIg.aaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbb"}
    assert client.get("/self-check", headers=forged).status_code == 404
