"""Limits that are counted in Redis: shared, and an answer at once while it is away."""

import dataclasses
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from app import create_app
from orders.interfaces.http.limiters import limiter, lookup_limiter
from orders.settings import BadSetting, Settings, read_settings
from orders.storage import database
from tests.actors import PASSWORD, Org
from tests.api.conftest import caller
from tests.bad_orders import CHAIR
from tests.customer.conftest import UNKNOWN_CODE
from tests.redis import RedisServer, redis_server

pytestmark = pytest.mark.one_database(reason="it counts in Redis")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path) as server:
        yield server


@pytest.fixture
def limiters() -> Iterator[None]:
    """Limit the next application by itself; all of a process have the same limiters."""
    before = {one: dict(vars(one)) for one in (limiter, lookup_limiter)}
    for one in before:
        one._storage_options = {}
    yield
    for one, state in before.items():
        vars(one).update(state)


@pytest.fixture
def settings(settings: Settings, server: RedisServer, limiters: None) -> Settings:
    return dataclasses.replace(
        settings, rate_limit_storage=server.url, lookup_limit="2 per hour",
        sign_in_limit="100 per hour", account_limit="2 per hour", public_token_limit="2 per hour",
        request_log_days=0,
    )  # fmt: skip


@pytest.mark.usefixtures("csrf_off")
def test_applications_count_together_and_a_stopped_redis_is_503_at_once(
    app: Flask, org: Org, settings: Settings, server: RedisServer
) -> None:
    other = create_app(settings)
    other.config["WTF_CSRF_ENABLED"] = False
    wrong = {"email": org.staff().email, "password": "wrong"}
    page = {"Origin": "https://shop.example"}

    def statuses() -> list[list[int]]:
        """Return the statuses of four requests of each kind, each second one to the other app."""
        four = [(app if n % 2 else other).test_client() for n in range(4)]
        shop = [caller(client, org, org.public) for client in four]
        private = [caller(client, org, org.private) for client in four]
        return [
            [client.get("/find?code=x").status_code for client in four],
            [client.post("/sign-in", data=wrong).status_code for client in four],
            [
                api.call("GET", f"/orders?shortId={UNKNOWN_CODE}", headers=page).status_code
                for api in shop
            ],
            [api.call("GET", "/orders").status_code for api in private],
        ]

    assert statuses() == [
        [404, 404, 429, 429], [422, 422, 429, 429], [200, 200, 429, 429], [200] * 4,
    ]  # fmt: skip
    server.stop()
    started = time.monotonic()
    assert statuses() == [[503] * 4, [503] * 4, [503] * 4, [200] * 4]
    refused = caller(app.test_client(), org, org.public).call("GET", "/orders", headers=page)
    assert "The limits of requests cannot be checked right now" in refused.json["detail"]
    assert refused.headers["Retry-After"] == "1"
    # What has no limit works.
    order = {"cart": [{"configurationId": CHAIR, "count": 1}]}
    assert caller(app.test_client(), org, org.private).create(order).status_code == 201
    assert app.test_client().get("/sign-in").status_code == 200
    assert time.monotonic() - started < 3
    server.start()
    right = {**wrong, "password": PASSWORD}
    assert app.test_client().post("/sign-in", data=right).status_code == 303
    with other.app_context():
        database.close()


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("redis://", "must be database://, memory://, or like redis://host:6379/0"),
        ("redis:/host", "must be database://"), ("memcached://host", "must be database://"),
        ("redis://host:port", "cannot be read: Port could not be cast"),
        ("database+memory://", "must be database://"), ("6379", "must be database://"),
    ],
)  # fmt: skip
def test_an_address_that_is_none_stops_the_start(tmp_path: Path, uri: str, said: str) -> None:
    with pytest.raises(BadSetting, match=f"^RATE_LIMIT_STORAGE {said}"):
        read_settings({"DATA_DIR": str(tmp_path), "RATE_LIMIT_STORAGE": uri})


def test_without_the_client_of_redis_the_start_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orders.settings.find_spec", lambda _: None)
    with pytest.raises(BadSetting, match="make redis"):
        read_settings({"DATA_DIR": str(tmp_path), "RATE_LIMIT_STORAGE": "redis://host"})


def test_a_redis_that_cannot_be_reached_stops_the_start_with_a_sentence(
    app: Flask, server: RedisServer
) -> None:
    server.stop()
    done = app.test_cli_runner().invoke(args=["serve", "--check"])
    assert done.exit_code == 1
    [line] = done.stderr.splitlines()
    assert line.startswith("Error: RATE_LIMIT_STORAGE cannot be reached: Error 111 connecting")
