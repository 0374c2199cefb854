"""The `serve` command: what it prints, how it stops, and what it refuses."""

import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import requests

from app import create_app
from orders.settings import PROJECT
from tests.databases import copy_sqlite
from tests.postgres import free_port
from tests.processes.commands import Command
from tests.processes.server import FLASK, children_of, running, typed
from tests.uploads import PNG


def refused(folder: Path, **settings: str) -> str:
    """Start with settings that cannot work; return the output."""
    environment = {**os.environ, "DATA_DIR": str(folder), "DEMO": "0", **settings}
    done = subprocess.run(
        [FLASK, "--app", "app", "serve"], cwd=PROJECT, env=environment, capture_output=True,
        text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode != 0
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout + done.stderr


def test_a_command_prints_json_or_fails_with_json(tmp_path: Path) -> None:
    copy_sqlite(tmp_path, "shortorder.sqlite3")

    def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [FLASK, "--app", "app", *arguments], cwd=PROJECT, input=stdin, capture_output=True,
            env={**os.environ, "DATA_DIR": str(tmp_path)}, text=True, check=False, timeout=60,
        )  # fmt: skip

    made = run("org", "add", "Workshop")
    assert made.returncode == 0, made.stderr
    org = json.loads(made.stdout)["id"]
    add = ("staff", "add", "--org", org, "--email", "nobody", "--role", "sales")
    refused = run(*add, "--password-stdin", stdin="correct horse battery\n")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert json.loads(refused.stderr)["errors"][0]["path"] == "email"


def test_the_demo_is_created_and_shown_once_and_a_stop_is_clean(tmp_path: Path) -> None:
    with typed(tmp_path, "", False, DEMO="1") as server:
        first = server.log.read_text("utf-8")
        assert f"http://127.0.0.1:{server.port}/sign-in" in first
        assert "WARNING" not in first
        assert "so_prv_" in first
        assert "so_pub_" in first
        assert "/setup" not in first
        with urllib.request.urlopen(f"{server.address}/find") as page:  # noqa: S310 - our own address
            assert page.status == 200
        # What the start has used, such as the threads of the file store, is not left to a worker.
        [token] = re.findall(r"so_prv_\S+", first)
        head = {"Authorization": f"Bearer {token}"}
        files = {"thumbnail": ("a.png", PNG, "image/png")}
        place = f"{server.address}/api/configurations"
        made = requests.post(place, {"shortId": "own-0001"}, headers=head, files=files, timeout=10)
        assert made.status_code == 201, made.text
        picture = f"{place}/own-0001/thumbnail"
        assert requests.get(picture, headers=head, timeout=10).content == PNG
        # One signal ends all of it, as success.
        children = [*server.children(), *server.background()]
        server.process.terminate()
        assert server.process.wait(timeout=30) == 0
        assert children
        assert not any(Path(f"/proc/{child}").exists() for child in children)
    with running(tmp_path, DEMO="1", WORKERS="1") as server:
        again = server.log.read_text("utf-8")
    assert "so_prv_" not in again
    assert "Password" not in again


def test_a_server_without_a_supervisor_is_the_process_that_was_started(tmp_path: Path) -> None:
    with running(tmp_path, "", True, True, "--single", WORKERS="1") as server:
        serving = server.process.pid
        [worker] = children_of(serving)  # and no process of the background work
        os.kill(worker, signal.SIGKILL)
        while children_of(serving) in ([], [worker]):
            time.sleep(0.05)
        server.wait_until_well()
        assert server.process.pid == serving
        server.process.terminate()
        assert server.process.wait(timeout=30) == 0
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", server.port), 5)


# `make` hands a signal on to whom it has reached already; people press Ctrl+C twice.
OFTEN = 300


def test_the_server_stops_after_any_number_of_signals(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        for _ in range(OFTEN):
            server.process.terminate()
        try:
            assert server.process.wait(timeout=40) == 0
        finally:
            server.process.kill()


def test_the_worker_stops_after_any_number_of_signals(tmp_path: Path) -> None:
    copy_sqlite(tmp_path, "shortorder.sqlite3")
    with (tmp_path / "work.log").open("wb") as log:
        process = subprocess.Popen(
            [FLASK, "--app", "app", "work"], cwd=PROJECT, stdout=log, stderr=log,
            env={**os.environ, "DATA_DIR": str(tmp_path), "DEMO": "0"},
        )  # fmt: skip
        try:
            deadline = time.monotonic() + 60
            while b"sends webhooks" not in (tmp_path / "work.log").read_bytes():
                assert time.monotonic() < deadline
                time.sleep(0.05)
            for _ in range(OFTEN):
                process.terminate()
            assert process.wait(timeout=40) == 0
        finally:
            process.kill()
            process.wait()


def test_a_port_in_use_is_reported(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port, log = str(other.getsockname()[1]), tmp_path / "server.log"
        environment = {**os.environ, "DATA_DIR": str(tmp_path), "DEMO": "0", "PORT": port}
        start = Command("serve", environment=environment, log=log)
        assert start.wait(timeout=60) != 0
    said = log.read_text("utf-8")
    assert f"Port {port} on 127.0.0.1 is in use" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("setting", "value"),
    [("PORT", "many"), ("PORT", "0"), ("WORKERS", "0"), ("DEMO", "maybe"),
     ("DATABASE_URL", "mysql://x"), ("SECRET_KEY", "short"), ("PUBLIC_URL", "shop.example"),
     ("MAX_CART_LINES", "-1"), ("MAX_NESTING", "0"), ("MAX_NESTING", "254")],
)  # fmt: skip
def test_a_bad_setting_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str, value: str
) -> None:
    for name, text in {"DATA_DIR": str(tmp_path), "PORT": str(free_port()), setting: value}.items():
        monkeypatch.setenv(name, text)
    with pytest.raises(SystemExit, match=setting):
        create_app()


def test_a_bad_setting_ends_the_start_without_a_traceback(tmp_path: Path) -> None:
    assert "SECRET_KEY" in refused(tmp_path, PORT=str(free_port()), SECRET_KEY="short")


def test_the_access_log_contains_no_token_and_no_line_of_a_client(tmp_path: Path) -> None:
    with typed(tmp_path, ACCESS_LOG="1", WORKERS="1") as server:
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(f"{server.address}/api/orders/a%0Aforged").close()  # noqa: S310 - our own address
        address = f"{server.address}/api/orders/healthcheck?bearer_token=so_prv_SECRET"
        urllib.request.urlopen(address).close()  # noqa: S310 - our own address
    log = server.log.read_text("utf-8")
    assert "/api/orders/healthcheck" in log
    assert "\nforged" not in log
    assert "/a%0Aforged" in log
    assert "bearer_token" not in log
    assert "SECRET" not in log
