"""`/livez` and `/readyz`, for programs that watch a process."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from orders.interfaces.http import monitoring
from orders.services.health import HealthCheck
from tests.databases import own_app

pytestmark = pytest.mark.one_database(reason="the health check has tests of its own")


def test_probes_answer_under_any_host_and_need_no_session(app: Flask) -> None:
    settings = replace(app.config["SETTINGS"], public_url="https://orders.example")
    with own_app(settings) as strict:
        client = strict.test_client()
        assert client.get("/find", headers={"Host": "10.0.0.5"}).status_code == 400
        for path, text in (("/livez", "alive\n"), ("/readyz", "ready\n")):
            answer = client.get(path, headers={"Host": "10.0.0.5"})
            assert (answer.status_code, answer.mimetype, answer.text) == (200, "text/plain", text)
            assert answer.headers["Cache-Control"] == "no-store"
            assert "Set-Cookie" not in answer.headers
            assert client.head(path).status_code == 200
            refused = client.post(path)
            assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, HEAD")


def test_a_process_that_cannot_store_is_alive_but_not_ready(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HealthCheck, "can_store", lambda _: False)
    assert client.get("/livez").status_code == 200
    answer = client.get("/readyz")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")


def test_metrics_are_off_unless_they_are_asked_for(client: FlaskClient) -> None:
    assert client.get("/metrics").status_code == 404


def test_a_start_removes_what_a_killed_service_has_left(
    app: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = replace(app.config["SETTINGS"], metrics_token="x" * 16)
    monkeypatch.setattr(monitoring, "IN_MEMORY", tmp_path)
    left, new = (tmp_path / f"shortorder-metrics-{name}" for name in ("left", "new"))
    for folder in (left, new):
        folder.mkdir()
    os.utime(left, (0, 0))
    with monitoring.shared_metrics(settings):
        [used] = {*tmp_path.iterdir()} - {new}
        os.utime(used, (0, 0))
        monkeypatch.delenv(monitoring.FOLDER_VARIABLE)  # as in another service
        with monitoring.shared_metrics(settings):
            assert {used, new} < {*tmp_path.iterdir()}
        monkeypatch.setenv(monitoring.FOLDER_VARIABLE, str(used))
    assert [*tmp_path.iterdir()] == [new]


def test_the_heir_of_a_service_keeps_its_metrics_from_other_services(
    app: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = replace(app.config["SETTINGS"], metrics_token="x" * 16)
    monkeypatch.setattr(monitoring, "IN_MEMORY", tmp_path)
    inherited = tmp_path / "shortorder-metrics-inherited"
    monkeypatch.setenv(monitoring.FOLDER_VARIABLE, str(inherited))  # and it is gone
    with monitoring.shared_metrics(settings, is_heir=True):
        os.utime(inherited, (0, 0))
        with monkeypatch.context() as other:
            other.delenv(monitoring.FOLDER_VARIABLE)
            with monitoring.shared_metrics(settings):
                assert inherited.exists()
    assert [*tmp_path.iterdir()] == []
