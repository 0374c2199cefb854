"""The list of recent requests: permissions, filters in the address, pages."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert

from orders.services.accounts import tokens
from orders.storage import database, tables
from tests.actors import Org
from tests.bad_orders import CHAIR
from tests.html import attribute, read, texts

ADDRESS = "/docs/api/requests"


def log(app: Flask, org: Org, *rows: tuple[datetime, int, str, str]) -> None:
    """Write requests into the org's log: time, status, method, path."""
    notes = [
        {
            "org_id": org.id, "token_id": org.private.id, "at": at, "status": status,
            "method": method, "path": path, "user_agent": "shop-sync/2.1 <script>",
        }
        for at, status, method, path in rows
    ]  # fmt: skip
    with app.app_context():
        database.write(lambda one: one.execute(insert(tables.request_log), notes).rowcount)


def paths(text: str) -> list[str]:
    return texts(text, ".path")


@pytest.fixture
def now() -> datetime:
    # A full minute, so that the filters begin and end at full minutes.
    return datetime.now(UTC).replace(second=0, microsecond=0)


@pytest.fixture(autouse=True)
def some(app: Flask, org: Org, other_org: Org, now: datetime) -> None:
    log(
        app, org,
        (now - timedelta(minutes=3), 201, "POST", "/api/orders"),
        (now - timedelta(minutes=2), 404, "GET", "/api/orders/000000000000"),
        (now - timedelta(days=1), 503, "PUT", "/api/orders/x/cart"),
        (now - timedelta(days=15), 200, "GET", "/api/orders/too-old"),
    )  # fmt: skip
    log(app, other_org, (now, 200, "GET", "/api/orders/of-another-org"))


def test_requests_require_a_sign_in(client: FlaskClient) -> None:
    answer = client.get(f"{ADDRESS}?status=404")
    assert answer.status_code == 303
    assert "/sign-in?next=" in answer.headers["Location"]


def test_recent_requests_of_the_org_are_shown(staff_client: FlaskClient, now: datetime) -> None:
    text = staff_client.get(ADDRESS).text
    assert paths(text) == ["/api/orders/000000000000", "/api/orders", "/api/orders/x/cart"]
    assert "<b>404</b> Not Found" in text
    assert "<b>201</b> Created" in text
    assert f"{now - timedelta(minutes=3):%Y-%m-%d %H:%M:%S}" in text
    assert "shop-sync/2.1 &lt;script&gt;" in text
    assert "so_prv_" not in text


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("status=404", ["/api/orders/000000000000"]),
        ("status=4XX", ["/api/orders/000000000000"]),
        ("status=5xx&method=PUT", ["/api/orders/x/cart"]),
        ("method=post", ["/api/orders"]),
        ("path=CART", ["/api/orders/x/cart"]),
        ("path=%00", []),
    ],
)
def test_filters_are_in_the_address(
    staff_client: FlaskClient, query: str, expected: list[str]
) -> None:
    answer = staff_client.get(f"{ADDRESS}?{query}")
    assert answer.status_code == 200
    assert paths(answer.text) == expected
    assert "Show all" in answer.text


def test_only_tokens_of_the_org_can_be_selected(
    app: Flask, org: Org, admin_client: FlaskClient
) -> None:
    with app.app_context():
        tokens.revoke_token(org.public.id)
    assert paths(admin_client.get(f"{ADDRESS}?token=nobody").text) == []
    text = admin_client.get(ADDRESS).text
    options = read(text).all("option[value]:not([selected])")
    shown = [(one["value"], one.text) for one in options if len(one["value"]) == 36]
    assert shown == [(org.private.id, "script"), (org.public.id, "shop (revoked)")]


@pytest.mark.one_database(reason="what a role sees does not depend on the database")
def test_only_people_who_manage_tokens_see_which_there_are(
    app: Flask, org: Org, admin_client: FlaskClient
) -> None:
    script = org.private.id
    with app.app_context():
        tokens.change_token(org.id, org.private.id, name="Nightly-sync", allowed=())
        tokens.change_token(org.id, org.public.id, name="Web-shop", allowed=["shop.example"])
    pages = (ADDRESS, f"{ADDRESS}?token={script}", "/docs/api", "/orders", "/orders?creator=x")

    def names(client: FlaskClient) -> list[set[str]]:
        found = [client.get(page).text for page in pages]
        return [{name for name in ("Nightly-sync", "Web-shop") if name in text} for text in found]

    assert names(admin_client) == [{"Nightly-sync", "Web-shop"}] * len(pages)
    for role in ("viewer", "sales"):
        client = org.sign_in(app.test_client(), org._member(f"{role}@workshop.example", role))
        assert names(client) == [set()] * len(pages), role
        # The ID of a token, which orders have, does not select its requests.
        assert len(paths(client.get(f"{ADDRESS}?token={org.public.id}").text)) == 3
    order: Any = client.post(
        "/api/orders",
        json={"cart": [{"configurationId": CHAIR, "count": 1}]},
        headers={"Authorization": f"Bearer {org.private.secret}"},
    ).get_json()
    for page in ("/orders", f"/orders/{order['shortId']}"):
        assert "Nightly-sync" in client.get(page).text  # who may see an order sees who made it


def test_from_and_to_are_inclusive(staff_client: FlaskClient, now: datetime) -> None:
    second = now - timedelta(minutes=2)
    found = staff_client.get(ADDRESS, query_string={"from": f"{second:%Y-%m-%dT%H:%M:%SZ}"})
    assert paths(found.text) == ["/api/orders/000000000000"]
    minute = now - timedelta(minutes=3)
    found = staff_client.get(ADDRESS, query_string={"to": f"{minute:%Y-%m-%dT%H:%M}"})
    assert paths(found.text) == ["/api/orders", "/api/orders/x/cart"]
    exact = f"{second:%Y-%m-%dT%H:%M:%SZ}"
    found = staff_client.get(ADDRESS, query_string={"from": exact, "to": exact})
    assert paths(found.text) == ["/api/orders/000000000000"]
    day = now - timedelta(days=1)
    sent = {"from": f"{day:%Y-%m-%d}", "to": f"{day:%Y-%m-%d}"}
    assert "/api/orders/x/cart" in paths(staff_client.get(ADDRESS, query_string=sent).text)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("status=nonsense", "A status such as 404, or a class: 2xx, 3xx, 4xx, or 5xx"),
        ("status=6xx", "A status such as 404, or a class: 2xx, 3xx, 4xx, or 5xx"),
        ("status=99", "A status such as 404, or a class: 2xx, 3xx, 4xx, or 5xx"),
        ("status=%D9%A4%D9%A0%D9%A4", "A status such as 404, or a class: 2xx, 3xx, 4xx, or 5xx"),
        ("from=yesterday", "Enter a date or a time, such as 2026-11-24 or 2026-11-24T09:30"),
        ("to=2026-13-01", "Enter a date or a time, such as 2026-11-24 or 2026-11-24T09:30"),
        ("to=9999-12-31T23:59", "Enter a date or a time, such as 2026-11-24 or 2026-11-24T09:30"),
        (
            "from=0001-01-01T00:00%2B23:00",
            "Enter a date or a time, such as 2026-11-24 or 2026-11-24T09:30",
        ),
    ],
)
@pytest.mark.one_database(reason="such a filter is not searched for")
def test_an_invalid_filter_is_reported_at_its_field(
    staff_client: FlaskClient, query: str, said: str
) -> None:
    answer = staff_client.get(f"{ADDRESS}?{query}")
    assert answer.status_code == 422
    assert answer.text.count(said) == 1
    assert 'aria-invalid="true"' in answer.text
    assert paths(answer.text) == []


def test_pages_keep_the_filters(
    app: Flask, org: Org, staff_client: FlaskClient, now: datetime
) -> None:
    rows = [(now - timedelta(hours=1, seconds=at), 422, "POST", f"/p/{at}") for at in range(60)]
    log(app, org, *rows)
    first = staff_client.get(f"{ADDRESS}?status=422").text
    assert paths(first) == [f"/p/{at}" for at in range(50)]
    second = staff_client.get(attribute(first, "[rel=next]", "href")).text
    assert paths(second) == [f"/p/{at}" for at in range(50, 60)]
    back = attribute(second, "[rel=prev]", "href")
    assert paths(staff_client.get(back).text) == paths(first)


def test_the_page_reports_that_the_log_is_off(app: Flask, staff_client: FlaskClient) -> None:
    app.extensions["request_recorder"].days = 0
    text = staff_client.get(ADDRESS).text
    assert "The request log is turned off." in text
    assert paths(text) == []
