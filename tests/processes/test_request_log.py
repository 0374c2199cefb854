"""The request log of the product as it ships: written by its own thread, and at a stop."""

import json
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

from app import create_app
from orders.services import request_log
from orders.services.request_log import RequestFilter
from orders.settings import Settings
from orders.storage import database
from tests.bad_orders import CHAIR
from tests.processes.server import Server, running

REQUESTS = 200


def call(server: Server, secret: str, path: str, body: object = None) -> int:
    request = urllib.request.Request(  # noqa: S310 - our own address
        server.address + path,
        None if body is None else json.dumps(body).encode(),
        {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - as above
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        refused.close()
        return refused.code


def statuses(settings: Settings, org_id: str) -> list[int]:
    """Read the org's whole log, oldest first."""
    long_ago = datetime(2000, 1, 1, tzinfo=UTC)
    app, found, older = create_app(settings), [], ""
    with app.app_context():
        while True:
            page = request_log.list_requests(
                org_id, RequestFilter(), kept_since=long_ago, older_than=older
            )
            found += [one.status for one in page.rows]
            if page.older is None:
                break
            older = page.older
        database.close()
    return found[::-1]


def test_every_request_is_written_while_serving_and_at_a_stop(
    database_url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    settings = Settings(data_dir=folder, database_url=database_url, secret_key="x" * 32)
    with running(folder, database_url) as server:
        org = server.command("org", "add", "Logged")["id"]
        secret = server.command("token", "add", "--org", org, "--name", "x", "--private")["token"]
        assert call(server, secret, "/api/orders/000000000000") == 404
        while statuses(settings, org) != [404]:
            time.sleep(0.1)
        order = {"cart": [{"configurationId": CHAIR, "count": 2}]}
        for _ in range(REQUESTS):
            assert call(server, secret, "/api/orders", order) == 201
        # At once, in the middle of the second for which the last ones gather.
        server.process.terminate()
        assert server.process.wait(timeout=30) == 0
        assert "left out" not in server.log.read_text("utf-8")
    assert statuses(settings, org) == [404, *[201] * REQUESTS]


def test_a_log_that_is_switched_off_is_deleted(tmp_path: Path) -> None:
    database_url = f"sqlite:///{tmp_path / 'shortorder.sqlite3'}"
    settings = Settings(data_dir=tmp_path, database_url=database_url, secret_key="x" * 32)
    with running(tmp_path, WORKERS="1") as server:
        org = server.command("org", "add", "Logged")["id"]
        secret = server.command("token", "add", "--org", org, "--name", "x", "--private")["token"]
        assert call(server, secret, "/api/orders/000000000000") == 404
    assert statuses(settings, org) == [404]
    with running(tmp_path, REQUEST_LOG_DAYS="0", WORKERS="1") as server:
        assert call(server, secret, "/api/orders/000000000000") == 404
    assert statuses(settings, org) == []
