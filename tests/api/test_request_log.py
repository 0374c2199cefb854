"""Each API request with a known token is in its org's log, with its status."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Row, insert, select

from app import create_app
from orders.domain.errors import ServiceBusy
from orders.domain.inputs import Limits
from orders.services import request_log
from orders.services.accounts import tokens
from orders.services.request_log import RequestFilter, RequestRecorder
from orders.settings import Settings
from orders.storage import database, tables
from orders.storage.cursors import CursorPage
from tests.actors import Org
from tests.api.calls import Api
from tests.bad_orders import CHAIR

ORDER = {"name": "Reception", "cart": [{"configurationId": CHAIR, "count": 2}]}
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)

Log = Callable[..., list[Row[Any]]]


@pytest.fixture
def recorder(app: Flask) -> RequestRecorder:
    recorder: RequestRecorder = app.extensions["request_recorder"]
    return recorder


@pytest.fixture
def log(app: Flask, org: Org, recorder: RequestRecorder) -> Log:
    """Write what has gathered and read the org's log, newest first."""

    def read(filters: RequestFilter | None = None, of: str = "") -> list[Row[Any]]:
        with app.app_context():
            recorder.flush()
            page = request_log.list_requests(
                of or org.id, filters or RequestFilter(), kept_since=LONG_AGO
            )
        return list(page.rows)

    return read


def entries(requests: list[Row[Any]]) -> list[tuple[int, str, str]]:
    return [(one.status, one.method, one.path) for one in requests]


class TestLogged:
    def test_creating_and_reading(self, api: Api, log: Log) -> None:
        before = datetime.now(UTC) - timedelta(milliseconds=1)
        api.headers["User-Agent"] = "shop-sync/2.1"
        code = api.create(ORDER).json["shortId"]
        api.read(code)
        read, created = log()
        assert entries([created, read]) == [
            (201, "POST", "/api/orders"),
            (200, "GET", f"/api/orders/{code}"),
        ]
        assert {created.user_agent, read.user_agent} == {"shop-sync/2.1"}
        assert {created.token_name, read.token_name} == {"script"}
        assert before <= created.at <= read.at <= datetime.now(UTC)

    def test_requests_of_a_page(self, public_api: Api, log: Log) -> None:
        assert public_api.create(ORDER, query={"cacheScope": "x"}).status_code == 201
        [created] = log()
        assert entries([created]) == [(201, "POST", "/api/orders")]
        assert created.token_name == "shop"

    @pytest.mark.parametrize(
        ("method", "path", "body", "status"),
        [
            ("POST", "/api/orders", "{", 400),
            ("POST", "/api/orders", json.dumps({"name": 1}), 422),
            ("GET", "/api/orders/000000000000", None, 404),
            ("GET", "/api/nothing-here", None, 404),
            ("DELETE", "/api/orders", None, 405),
        ],
    )
    def test_refusals(
        self, api: Api, log: Log, method: str, path: str, body: str | None, status: int
    ) -> None:
        answer = api.client.open(path, method=method, data=body, headers=api.headers,
                                 content_type="application/json")  # fmt: skip
        assert answer.status_code == status
        assert entries(log()) == [(status, method, path)]

    def test_a_body_that_is_too_large(self, api: Api, log: Log) -> None:
        too_large = b"x" * (Limits().body_bytes + 1)
        assert api.post(too_large, query={"a": "b"}).status_code == 413
        assert entries(log()) == [(413, "POST", "/api/orders")]

    def test_a_public_token_from_a_foreign_page(self, public_api: Api, log: Log) -> None:
        public_api.headers["Origin"] = "https://elsewhere.example"
        assert public_api.create(ORDER).status_code == 403
        [refused] = log()
        assert (refused.status, refused.token_name) == (403, "shop")

    def test_a_revoked_token(self, app: Flask, org: Org, api: Api, log: Log) -> None:
        with app.app_context():
            tokens.revoke_token(org.private.id)
        assert api.create(ORDER).status_code == 401
        [refused] = log()
        assert (refused.status, refused.token_name) == (401, "script")

    def test_an_order_that_the_database_did_not_take(
        self, api: Api, log: Log, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def busy(_rows: object) -> None:
            raise ServiceBusy("Changes cannot be saved right now. Please try again.")

        with monkeypatch.context() as patch:
            patch.setattr(database, "insert", busy)
            assert api.create(ORDER).status_code == 503
        assert entries(log()) == [(503, "POST", "/api/orders")]

    def test_requests_without_a_known_token_are_not_logged(
        self, app: Flask, client: FlaskClient, org: Org, log: Log
    ) -> None:
        for headers in ({}, {"Authorization": "Bearer so_prv_unknown"}):
            client.get("/api/orders/000000000000", headers=headers)
        client.get(f"/api/orders/x?bearer_token={org.private.secret}&bearer_token=another")
        client.get("/find", headers={"Authorization": f"Bearer {org.private.secret}"})
        client.options("/api/orders", query_string={"bearer_token": org.public.secret})
        assert log() == []

    def test_another_org_sees_none_of_it(self, api: Api, other_org: Org, log: Log) -> None:
        api.create(ORDER)
        assert len(log()) == 1
        assert log(of=other_org.id) == []


class TestNotLogged:
    def test_the_query_string(self, client: FlaskClient, org: Org, log: Log) -> None:
        secret = org.private.secret
        client.get(f"/api/orders/000000000000?bearer_token={secret}&name=Somebody")
        [noted] = log()
        assert noted.path == "/api/orders/000000000000"

    def test_a_secret_where_none_belongs(self, api: Api, log: Log) -> None:
        api.headers["User-Agent"] = f"curl ({api.secret})"
        assert api.read(f"x{api.secret}").status_code == 404
        [noted] = log()
        assert noted.path == "/api/orders/xso_prv_…"
        assert noted.user_agent == "curl (so_prv_…)"

    def test_texts_that_a_database_cannot_store(self, api: Api, log: Log) -> None:
        api.headers["User-Agent"] = "x\t" + "é" * 300
        answer = api.client.get("/api/orders/%00%ff%ed%a0%80" + "y" * 600, headers=api.headers)
        assert answer.status_code == 404
        [noted] = log()
        assert len(noted.path) == request_log.MAX_PATH
        assert noted.path.isprintable()
        assert len(noted.user_agent) == request_log.MAX_USER_AGENT
        assert noted.user_agent.isprintable()

    def test_anything_when_the_log_is_off(
        self, settings: Settings, app: Flask, api: Api, log: Log
    ) -> None:
        silent = create_app(
            Settings(
                data_dir=settings.data_dir, database_url=settings.database_url,
                secret_key=settings.secret_key, request_log_days=0,
            )
        )  # fmt: skip
        for query in ("", "?cacheScope=x"):
            answer = silent.test_client().post(
                f"/api/orders{query}", json=ORDER, headers=api.headers
            )
            assert answer.status_code == 201
        with silent.app_context():
            silent.extensions["request_recorder"].flush()
            database.close()
        assert log() == []


class TestList:
    @pytest.fixture
    def rows(self, app: Flask, org: Org) -> list[datetime]:
        """Requests of a minute each: GET /api/orders/0, POST /api/orders/1, …, the newest last."""
        start = datetime(2026, 11, 24, 9, tzinfo=UTC)
        times = [start + timedelta(minutes=number) for number in range(120)]
        notes = [
            {
                "org_id": org.id,
                "token_id": (org.private, org.public)[number % 3 == 0].id,
                "at": at,
                "method": ("GET", "POST")[number % 2],
                "path": f"/api/orders/{number}",
                "status": (200, 404, 422, 503)[number % 4],
                "user_agent": "",
            }
            for number, at in enumerate(times)
        ]
        with app.app_context():
            database.write(lambda one: one.execute(insert(tables.request_log), notes).rowcount)
        return times

    @pytest.mark.parametrize(
        ("filters", "numbers"),
        [
            (RequestFilter(status=404), range(1, 120, 4)),
            (RequestFilter(status=2), range(0, 120, 4)),
            (RequestFilter(status=5, method="POST"), range(3, 120, 4)),
            (RequestFilter(method="GET", status=503), ()),
            (RequestFilter(path="ORDERS/11"), (11, *range(110, 120))),
            (RequestFilter(path="%"), ()),
            (RequestFilter(path="_"), ()),
            (RequestFilter(token="nobody\0"), ()),
        ],
    )
    def test_filters(
        self,
        rows: list[datetime],
        log: Log,
        filters: RequestFilter,
        numbers: range | tuple[int, ...],
    ) -> None:
        paths = [f"/api/orders/{number}" for number in sorted(numbers, reverse=True)]
        assert [one.path for one in log(filters)] == paths[: request_log.PAGE_SIZE]

    def test_by_token_and_time(self, rows: list[datetime], org: Org, log: Log) -> None:
        found = log(RequestFilter(token=org.public.id, since=rows[30], until=rows[36]))
        assert [one.path for one in found] == ["/api/orders/33", "/api/orders/30"]
        assert {one.token_name for one in found} == {"shop"}

    def test_pages_lead_through_all_and_back(
        self, app: Flask, org: Org, rows: list[datetime]
    ) -> None:
        def page(**cursors: str) -> CursorPage[Row[Any]]:
            with app.app_context():
                return request_log.list_requests(
                    org.id, RequestFilter(), kept_since=LONG_AGO, **cursors
                )

        first = page()
        second = page(older_than=first.older or "")
        third = page(older_than=second.older or "")
        assert (first.newer, third.older) == (None, None)
        assert [len(one.rows) for one in (first, second, third)] == [50, 50, 20]
        seen = [one.at for one in (*first.rows, *second.rows, *third.rows)]
        assert seen == rows[::-1]
        assert page(newer_than=third.newer or "").rows == second.rows
        assert page(newer_than=second.newer or "") == first
        for broken in (
            "x",
            "2026-11-24_1",
            "2026-11-24T09:00:00+00:00_x",
            "0001-01-01T00:00:00+23:59_1",
        ):
            assert page(older_than=broken) == first

    def test_what_is_too_old_is_not_shown_and_soon_deleted(
        self, app: Flask, org: Org, rows: list[datetime], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(request_log, "DELETE_BATCH", 50)
        before = rows[70]
        with app.app_context():
            shown = request_log.list_requests(
                org.id, RequestFilter(since=rows[69]), kept_since=before
            )
            assert shown.rows[-1].at == before
            assert request_log.forget(before)
            assert not request_log.forget(before)
            assert not request_log.forget(before)
            with database.read() as connection:
                kept = connection.execute(select(tables.request_log.c.at)).scalars().all()
        assert sorted(kept) == rows[70:]
