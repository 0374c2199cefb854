"""`/livez` and `/readyz`, for programs that watch a process."""

from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

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
