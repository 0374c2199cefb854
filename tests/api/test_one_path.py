"""Requests of every shape take one path through the API, and get the same answer."""

import json
import sys
from collections import Counter
from io import BytesIO
from types import FrameType
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import EnvironBuilder, run_wsgi_app

from orders.domain.errors import ServiceBusy
from orders.services.orders import intake, queries
from orders.settings import PROJECT
from orders.storage import database
from tests.actors import Org
from tests.api.calls import Answer, Api
from tests.bad_orders import CHAIR
from tests.conftest import StoredRows

pytestmark = [
    pytest.mark.one_database(reason="the SQL is that of services, whose tests run on both"),
    pytest.mark.usefixtures("one_request_id"),
]

ORDER = {
    "name": "Reception",
    "metadata": {"mark": "x"},
    "cart": [{"configurationId": CHAIR, "count": 2}],
}
ANY_QUERY = {"cacheScope": "x"}
SOURCES = f"{PROJECT}/orders/"
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def post(api: Api, **changes: Any) -> Answer:  # noqa: ANN401 - options of the test client
    """Create an order by a request that differs in some ways from the plain one."""
    request: dict[str, Any] = {
        "method": "POST",
        "path": "/api/orders",
        "data": json.dumps(ORDER),
        "content_type": "application/json",
        "headers": api.headers,
    }
    return api.client.open(**{**request, **changes})  # type: ignore[return-value]  # as `Api.create`


def without_what_differs(answer: Answer) -> tuple[int, dict[str, str], dict[str, Any]]:
    headers = {name: value for name, value in answer.headers.items() if name != "Location"}
    own = {"id", "shortId", "createdAt", "updatedAt"}
    return answer.status_code, headers, {key: v for key, v in answer.json.items() if key not in own}


class Trace:
    """Counts the calls of the product's own functions, by file and name."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()

    def __enter__(self) -> "Trace":
        sys.setprofile(self._note)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)

    def _note(self, frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(SOURCES):
            file = code.co_filename.removeprefix(SOURCES).removesuffix(".py")
            self.calls[f"{file}:{code.co_qualname}"] += 1


class TestTrace:
    def trace(self, api: Api, body: object = ORDER, **changes: Any) -> Counter[str]:  # noqa: ANN401 - as above
        """Return the calls of the third of three like requests: caches are filled by then."""
        for number in range(3):
            with Trace() as trace:
                post(
                    api,
                    data=json.dumps(body),
                    **{name: self.fresh(value, number) for name, value in changes.items()},
                )
        return trace.calls

    def fresh(self, value: dict[str, str], number: int) -> dict[str, str]:
        """Return headers whose idempotency key, if there is one, was not used before."""
        has_key = "Idempotency-Key" in value
        return {**value, "Idempotency-Key": f"key-{number}"} if has_key else value

    @on_sqlite
    def test_three_shapes_of_a_create_run_the_same_functions(
        self, api: Api, public_api: Api
    ) -> None:
        bearer = self.trace(api)
        in_query = self.trace(
            public_api,
            headers={"Origin": "https://shop.example"},
            query_string={"bearer_token": public_api.secret},
        )
        with_key = self.trace(api, headers={**api.headers, "Idempotency-Key": "one"})
        for step in (
            "interfaces/http/application:Shortorder.wsgi_app",
            "interfaces/api/application:Api._respond",
            "interfaces/http/bodies:read_body",
            "interfaces/api/auth:authenticate",
            "interfaces/api/auth:authorize",
            "interfaces/api/orders:create_order",
            "services/orders/intake:check_order",
            "services/orders/intake:create_order",
            "interfaces/api/responses:render",
            "interfaces/api/application:_send",
        ):
            assert {bearer[step], in_query[step]} == {1}, step
        assert {name.partition(":")[0] for name in bearer.keys() - in_query.keys()} <= {
            "domain/repeated_numbers",  # whose warnings only private tokens get
            "services/orders/repeats",
        }
        assert {name.partition(":")[0] for name in in_query.keys() - bearer.keys()} <= {
            "services/accounts/access",  # is the page one of the token's domains?
            "domain/domains",
            "interfaces/http/rate_limits",  # public tokens have limits of their own
            "domain/networks",
            "storage/rate_counts",
            "interfaces/api/query",  # the query may name an org
            "interfaces/api/request",  # with Origin: is it a preflight?
        }
        assert bearer.keys() - with_key.keys() == set()
        assert {name.partition(":")[0] for name in with_key.keys() - bearer.keys()} <= {
            "interfaces/api/idempotency",
            "services/idempotency",
            "interfaces/api/application",  # the lambda that runs the endpoint
            "interfaces/api/endpoints",  # the part of the body that the key identifies
            "services/orders/intake",  # was the key used before?
        }

    @on_sqlite
    @pytest.mark.parametrize("body", [{"name": 1}, {"cart": []}])
    def test_an_invalid_order_is_authenticated_and_checked_once(
        self, api: Api, body: object
    ) -> None:
        calls = self.trace(api, body)
        once = (
            "services/accounts/access:authenticate",
            "services/orders/intake:check_order",
            "domain/schema:shape_errors",
        )
        assert [calls[name] for name in once] == [1, 1, 1]
        assert calls["services/orders/intake:create_order"] == 0


class TestSameAnswer:
    def test_reading_is_the_same(self, api: Api) -> None:
        order = api.create(ORDER).json
        for reference in (order["shortId"], order["id"], order["shortId"].lower()):
            plain, other = api.read(reference), api.read(reference, query_string=ANY_QUERY)
            assert plain.status_code == other.status_code == 200
            assert plain.json == other.json == order
            assert dict(plain.headers) == dict(other.headers)

    def test_creating_is_the_same(self, api: Api) -> None:
        plain, other = api.create(ORDER), api.create(ORDER, query=ANY_QUERY)
        assert plain.status_code == 201
        assert without_what_differs(plain) == without_what_differs(other)
        for answer in (plain, other):
            assert answer.headers["Location"] == f"/api/orders/{answer.json['shortId']}"
            assert api.read(answer.json["id"]).json == answer.json

    @pytest.mark.parametrize("body", [{"name": 1}, {"cart": []}, [], {**ORDER, "orgId": "x"}])
    def test_refusing_is_the_same(self, api: Api, body: object) -> None:
        plain, other = api.create(body), api.create(body, query=ANY_QUERY)
        assert plain.status_code == other.status_code >= 400
        assert plain.json == other.json
        assert dict(plain.headers) == dict(other.headers)

    def test_over_tls_browsers_get_hsts(self, api: Api) -> None:
        created = post(api, base_url="https://orders.example")
        assert created.status_code == 201
        assert created.headers["Strict-Transport-Security"] == "max-age=31536000"
        assert api.read(created.json["shortId"]).json == created.json

    def test_a_service_below_a_path_names_it_in_the_location(self, api: Api) -> None:
        created = post(api, base_url="http://orders.example/desk")
        assert created.headers["Location"] == f"/desk/api/orders/{created.json['shortId']}"


class TestUnusualRequests:
    @pytest.mark.parametrize(
        ("changes", "status"),
        [
            ({"query_string": "bearer_token=x"}, 401),
            ({"method": "PUT"}, 405),
            ({"path": "/api/orders//"}, 404),
            ({"data": json.dumps({**ORDER, "name": 1})}, 422),
            ({"data": "{"}, 400),
            ({"content_type": "text/plain"}, 415),
            ({"content_type": "application/json; charset=latin-1"}, 415),
            ({"headers": {}}, 401),
            ({"headers": {"Authorization": "Bearer so_prv_unknown"}}, 401),
        ],
    )
    def test_creates_that_are_refused(
        self, api: Api, changes: dict[str, Any], status: int, stored_rows: StoredRows
    ) -> None:
        assert post(api, **changes).status_code == status
        assert set(stored_rows().values()) == {0}

    @pytest.mark.parametrize("name", ["Origin", "Referer", "Idempotency-Key", "Transfer-Encoding"])
    def test_headers_that_have_no_meaning_for_a_private_token(self, api: Api, name: str) -> None:
        assert post(api, headers={**api.headers, name: "x"}).status_code == 201

    def test_a_public_token_without_a_page(self, org: Org, api: Api) -> None:
        headers = {"Authorization": f"Bearer {org.public.secret}"}
        assert post(api, headers=headers).status_code == 403

    @pytest.mark.parametrize(
        ("path", "status"),
        [("healthcheck", 200), ("000000000000", 404), ("..%2f..%2f", 404), ("x" * 40, 404),
         ("/", 404)],
    )  # fmt: skip
    def test_reads_of_what_is_not_an_order(self, api: Api, path: str, status: int) -> None:
        assert api.read(path).status_code == status

    @pytest.mark.parametrize("length", ["9" * 5000, "\u0661\u0662", "+5", "-1", "5 ", ""])
    def test_an_odd_length_is_refused(
        self, app: Flask, api: Api, length: str, stored_rows: StoredRows
    ) -> None:
        body = json.dumps(ORDER).encode()
        environ = EnvironBuilder(path="/api/orders", method="POST", headers=[*api.headers.items()],
                                 content_type="application/json").get_environ()  # fmt: skip
        environ |= {"CONTENT_LENGTH": length, "wsgi.input": BytesIO(body)}
        _, status, _ = run_wsgi_app(app, environ)
        assert status.startswith(("400", "413"))
        assert set(stored_rows().values()) == {0}

    def test_a_body_that_ended_early_stores_nothing(
        self, app: Flask, api: Api, stored_rows: StoredRows
    ) -> None:
        body = json.dumps(ORDER).encode()
        environ = EnvironBuilder(
            path="/api/orders",
            method="POST",
            headers=[*api.headers.items()],
            data=body,
            content_type="application/json",
        ).get_environ()
        environ["wsgi.input"] = BytesIO(body[:-5])
        _, status, _ = run_wsgi_app(app, environ)
        assert status.startswith("400")
        assert set(stored_rows().values()) == {0}

    def test_methods_of_an_address_can_be_asked_for(self, api: Api) -> None:
        answer = api.call("OPTIONS", "/orders")
        assert answer.status_code == 200
        assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}
        refused = api.call("DELETE", "/orders")
        assert refused.status_code == 405
        assert set(refused.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}

    def test_head_answers_as_get_without_a_body(self, api: Api) -> None:
        code = api.create(ORDER).json["shortId"]
        whole, head = api.call("GET", f"/orders/{code}"), api.call("HEAD", f"/orders/{code}")
        assert (head.status_code, head.text) == (200, "")
        assert dict(head.headers) == dict(whole.headers)


class TestFailures:
    def test_a_database_that_cannot_be_written_is_tried_once(
        self, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tries: list[object] = []

        def busy(rows: object) -> None:
            tries.append(rows)
            raise ServiceBusy("Changes cannot be saved right now. Please try again.")

        monkeypatch.setattr(database, "insert", busy)
        refused = post(api, base_url="https://orders.example")
        assert refused.status_code == 503
        assert refused.mimetype == "application/problem+json"
        assert refused.headers["Retry-After"] == "1"
        assert refused.headers["X-Content-Type-Options"] == "nosniff"
        assert refused.headers["Strict-Transport-Security"] == "max-age=31536000"
        assert len(tries) == 1

    def test_a_failure_is_500_and_creates_nothing(
        self, api: Api, monkeypatch: pytest.MonkeyPatch, stored_rows: StoredRows
    ) -> None:
        tries: list[object] = []

        def fail(rows: object) -> None:
            tries.append(rows)
            raise LookupError("broken")

        monkeypatch.setattr(database, "insert", fail)
        answer = api.create(ORDER)
        assert answer.status_code == 500
        assert answer.mimetype == "application/problem+json"
        assert "broken" not in answer.text
        assert len(tries) == 1
        assert set(stored_rows().values()) == {0}

    def test_a_failure_before_anything_is_stored_is_500_too(
        self, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        order = api.create(ORDER).json

        def fail(*_: object, **__: object) -> None:
            raise LookupError("broken")

        monkeypatch.setattr(queries, "find_order", fail)
        monkeypatch.setattr(intake, "check_order", fail)
        for answer in (api.read(order["id"]), api.create(ORDER)):
            assert answer.status_code == 500
            assert answer.mimetype == "application/problem+json"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"

    def test_a_failure_for_want_of_memory_is_503(
        self, api: Api, monkeypatch: pytest.MonkeyPatch, stored_rows: StoredRows
    ) -> None:
        def fail(*_: object, **__: object) -> None:
            raise MemoryError

        monkeypatch.setattr(intake, "check_order", fail)
        answer = api.create(ORDER)
        assert answer.status_code == 503
        assert answer.mimetype == "application/problem+json"
        assert "Retry-After" in answer.headers
        assert set(stored_rows().values()) == {0}

    def test_a_failure_for_want_of_memory_after_the_order_is_stored_is_500(
        self, api: Api, monkeypatch: pytest.MonkeyPatch, stored_rows: StoredRows
    ) -> None:
        create = intake.create_order

        def fail(*arguments: Any, **named: Any) -> None:  # noqa: ANN401 - those of `create_order`
            create(*arguments, **named)
            raise MemoryError

        monkeypatch.setattr(intake, "create_order", fail)
        answer = api.create(ORDER)
        assert answer.status_code == 500
        assert stored_rows()["orders"] == 1
