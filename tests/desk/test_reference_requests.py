"""Recent requests beside each endpoint of the reference."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.actors import Org
from tests.desk.settings.test_requests import log
from tests.html import attribute, texts

pytestmark = pytest.mark.one_database(
    reason="a page; tests/api/test_request_log.py tests the SQL on both"
)

PAGE = "/docs/api"
FULL_HISTORY = "Sign in to see recent requests"


@pytest.fixture(autouse=True)
def some(app: Flask, org: Org, other_org: Org) -> None:
    now = datetime.now(UTC)
    log(
        app, org,
        *((now - timedelta(minutes=at), 200 + at, "POST", "/api/orders") for at in range(7)),
        (now, 404, "GET", "/api/orders/000000000000"),
        (now, 200, "HEAD", "/api/orders/7KQ4M2XD9T3X/"),
        (now, 405, "PATCH", "/api/orders/x"),
        (now, 404, "GET", "/api/nothing"),
        (now - timedelta(days=15), 200, "PUT", "/api/orders/too-old"),
    )  # fmt: skip
    log(app, other_org, (now, 418, "DELETE", "/api/orders/of-another-org"))


def statuses(page: str, operation: str) -> list[str]:
    return texts(page, f"#{operation} .recent .answered")


def test_people_see_the_newest_requests_to_each_endpoint(staff_client: FlaskClient) -> None:
    page = staff_client.get(PAGE).text
    assert statuses(page, "createOrder") == ["200", "201", "202", "203", "204"]
    assert sorted(statuses(page, "readOrder")) == ["200", "404"]
    [agent, *_] = texts(page, "#createOrder .recent .agent")
    assert agent == "shop-sync/2.1 <script>"
    year = attribute(page, "#createOrder .recent time", "datetime")[:4]
    assert year == str(datetime.now(UTC).year)
    for operation in ("changeOrder", "binOrder", "listOrders"):
        assert statuses(page, operation) == []
        assert "None among the newest requests" in texts(page, f"#{operation} .recent .hint")[0]
    link = attribute(page, "#readOrder .recent a", "href")
    assert link == "/docs/api/requests?method=GET&path=/api/orders/"
    assert staff_client.get(link).status_code == 200
    assert FULL_HISTORY not in page


def test_others_are_asked_to_sign_in(client: FlaskClient) -> None:
    page = client.get(PAGE).text
    assert set(texts(page, ".recent")) == {FULL_HISTORY}
    assert len(texts(page, ".recent")) == len(texts(page, ".endpoint > h3"))
    assert "shop-sync" not in page
    link = attribute(page, "#readOrder .recent a", "href")
    assert link == "/sign-in?next=/docs/api%23readOrder"
    assert client.get(link).status_code == 200


def test_nothing_is_shown_without_a_log(app: Flask, staff_client: FlaskClient) -> None:
    app.extensions["request_recorder"].days = 0
    try:
        assert texts(staff_client.get(PAGE).text, ".recent") == []
    finally:
        app.extensions["request_recorder"].days = app.config["SETTINGS"].request_log_days
