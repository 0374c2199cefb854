"""Contract: 429 with `Retry-After` for a token that sends too many requests."""

import dataclasses
from collections.abc import Iterator

import pytest
from flask import Flask

from app import create_app
from orders.settings import BadSetting, Settings, read_settings
from orders.storage.database import close
from tests.actors import make_org

BODY = {"cart": [{"configurationId": "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11", "count": 2}]}


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    app = create_app(dataclasses.replace(settings, api_limit="3 per hour"))
    yield app
    with app.app_context():
        close()


def test_one_request_too_many_is_429_and_does_nothing(app: Flask) -> None:
    client = app.test_client()
    first, second = (make_org(app, name) for name in ("First", "Second"))
    token = {"Authorization": f"Bearer {first.private.secret}"}
    for _ in range(3):
        assert client.post("/api/orders", json=BODY, headers=token).status_code == 201
    refused = client.post("/api/orders", json=BODY, headers=token)
    assert (refused.status_code, refused.mimetype) == (429, "application/problem+json")
    assert 1 <= int(refused.headers["Retry-After"]) <= 3600
    assert client.get("/api/orders", headers=token).status_code == 429
    other = {"Authorization": f"Bearer {second.private.secret}"}
    assert client.get("/api/orders", headers=other).json["count"] == 0  # type: ignore[index]  # JSON it is
    assert client.get("/api/orders/healthcheck").status_code == 200


def test_a_limit_that_is_none_stops_the_start() -> None:
    with pytest.raises(BadSetting, match="API_LIMIT"):
        read_settings({"API_LIMIT": "many"})
