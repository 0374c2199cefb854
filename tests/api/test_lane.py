"""The express lane answers as the views do, and leaves to them whatever is not plain."""

from __future__ import annotations  # typeshed's names of WSGI exist for the type checker only

import json
from collections.abc import Iterable
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.test import EnvironBuilder, TestResponse, run_wsgi_app

from orders import intake, queries
from orders.rules.errors import ServiceBusy
from orders.storage import database
from orders.web.application import Shortorder
from tests.actors import Org
from tests.api.calls import Answer, Api
from tests.bad_orders import CHAIR
from tests.conftest import StoredRows

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

ORDER = {
    "name": "Reception",
    "metadata": {"mark": "x"},
    "cart": [{"configurationId": CHAIR, "count": 2}],
}
BY_VIEW = {"cacheScope": "x"}  # any query leaves the lane


def express(app: Shortorder, request: dict[str, Any]) -> TestResponse | None:
    """Send a request to the lane alone; None when it leaves the request to Flask."""
    builder = EnvironBuilder(**request)
    is_left = False

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        nonlocal is_left
        answer = app.express_lane(environ, start_response)
        is_left = answer is None
        if answer is None:
            start_response("204 No Content", [])
        return answer or []

    answer = TestResponse(
        *run_wsgi_app(application, builder.get_environ(), buffered=True),
        request=builder.get_request(),
    )
    return None if is_left else answer


def post(api: Api, **changes: object) -> dict[str, Any]:
    request: dict[str, Any] = {
        "method": "POST",
        "path": "/api/orders",
        "data": json.dumps(ORDER),
        "content_type": "application/json",
        "headers": api.headers,
    }
    return {**request, **changes}


def get(api: Api, reference: str) -> dict[str, Any]:
    return {"path": f"/api/orders/{reference}", "headers": api.headers}


def without_what_differs(answer: Answer) -> tuple[int, dict[str, str], dict[str, Any]]:
    headers = {name: value for name, value in answer.headers.items() if name != "Location"}
    own = {"id", "shortId", "createdAt", "updatedAt"}
    return answer.status_code, headers, {key: v for key, v in answer.json.items() if key not in own}


class TestBothWays:
    def test_reading_is_the_same(self, api: Api) -> None:
        order = api.create(ORDER).json
        for reference in (order["shortId"], order["id"], order["shortId"].lower()):
            plain, by_view = api.read(reference), api.read(reference, query_string=BY_VIEW)
            assert plain.status_code == by_view.status_code == 200
            assert plain.json == by_view.json == order
            assert dict(plain.headers) == dict(by_view.headers)

    def test_creating_is_the_same(self, api: Api) -> None:
        plain, by_view = api.create(ORDER), api.create(ORDER, query=BY_VIEW)
        assert plain.status_code == 201
        assert without_what_differs(plain) == without_what_differs(by_view)
        for answer in (plain, by_view):
            assert answer.headers["Location"] == f"/api/orders/{answer.json['shortId']}"
            assert api.read(answer.json["id"]).json == answer.json

    @pytest.mark.parametrize("body", [{"name": 1}, {"cart": []}, [], {**ORDER, "orgId": "x"}])
    def test_refusing_is_the_same(self, api: Api, body: object) -> None:
        plain, by_view = api.create(body), api.create(body, query=BY_VIEW)
        assert plain.status_code == by_view.status_code >= 400
        assert plain.json == by_view.json
        assert dict(plain.headers) == dict(by_view.headers)


class TestWhatItTakes:
    def test_plain_requests(self, app: Shortorder, api: Api) -> None:
        made = express(app, post(api))
        assert made is not None
        assert made.status_code == 201
        assert made.json is not None
        read = express(app, get(api, made.json["shortId"]))
        assert read is not None
        assert read.json == made.json

    def test_tls_is_asked_for_once_it_is_there(self, app: Shortorder, api: Api) -> None:
        made = express(app, post(api, base_url="https://orders.example"))
        assert made is not None
        assert made.headers["Strict-Transport-Security"] == "max-age=31536000"

    def test_a_service_below_a_path_names_it_in_the_location(
        self, app: Shortorder, api: Api
    ) -> None:
        made = express(app, post(api, base_url="http://orders.example/desk"))
        assert made is not None
        assert made.json is not None
        assert made.headers["Location"] == f"/desk/api/orders/{made.json['shortId']}"


class TestWhatItLeaves:
    @pytest.mark.parametrize(
        "changes",
        [
            {"query_string": "bearer_token=x"},
            {"method": "PUT"},
            {"path": "/api/orders/"},
            {"data": json.dumps({**ORDER, "name": 1})},
            {"data": "{"},
            {"content_type": "text/plain"},
            {"content_type": "application/json; charset=latin-1"},
            {"headers": {}},
            {"headers": {"Authorization": "Bearer so_prv_unknown"}},
        ],
    )
    def test_unusual_creates(
        self,
        app: Shortorder,
        api: Api,
        changes: dict[str, Any],
        stored_rows: StoredRows,
    ) -> None:
        assert express(app, post(api, **changes)) is None
        assert set(stored_rows().values()) == {0}

    @pytest.mark.parametrize("name", ["Origin", "Referer", "Idempotency-Key", "Transfer-Encoding"])
    def test_requests_with_a_header_that_means_something(
        self, app: Shortorder, api: Api, name: str
    ) -> None:
        assert express(app, post(api, headers={**api.headers, name: "x"})) is None

    def test_a_public_token_without_a_page(self, app: Shortorder, org: Org, api: Api) -> None:
        headers = {"Authorization": f"Bearer {org.public.secret}"}
        assert express(app, post(api, headers=headers)) is None

    @pytest.mark.parametrize("path", ["healthcheck", "000000000000", "..%2f..%2f", "x" * 40, ""])
    def test_reads_of_what_is_no_order(self, app: Shortorder, api: Api, path: str) -> None:
        assert express(app, get(api, path)) is None

    def test_a_body_that_ended_early_can_be_read_again(self, app: Shortorder, api: Api) -> None:
        body = json.dumps(ORDER).encode()
        environ = EnvironBuilder(**post(api)).get_environ()
        environ["wsgi.input"] = BytesIO(body[:-5])
        assert app.express_lane(environ, lambda *_: lambda _: None) is None
        assert environ["wsgi.input"].read() == body[:-5]


def test_a_database_that_cannot_be_written_is_told_once(
    app: Shortorder, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[object] = []

    def busy(rows: object) -> None:
        tries.append(rows)
        raise ServiceBusy("The database cannot be written. Please try again.")

    monkeypatch.setattr(database, "insert", busy)
    refused = express(app, post(api, base_url="https://orders.example"))
    assert refused is not None
    assert refused.status_code == 503
    assert refused.mimetype == "application/problem+json"
    assert refused.headers["Retry-After"] == "1"
    assert refused.headers["X-Content-Type-Options"] == "nosniff"
    assert refused.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert len(tries) == 1


def test_a_fault_of_ours_is_500_and_creates_nothing_twice(
    app: Shortorder, api: Api, monkeypatch: pytest.MonkeyPatch, stored_rows: StoredRows
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


def test_what_goes_wrong_before_anything_is_stored_is_the_views_to_tell(
    app: Shortorder, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = api.create(ORDER).json

    def fail(*_: object, **__: object) -> None:
        raise LookupError("broken")

    monkeypatch.setattr(queries, "find_order", fail)
    monkeypatch.setattr(intake, "check_order", fail)
    app.config["PROPAGATE_EXCEPTIONS"] = False  # as it is when people are served
    for answer in (api.read(order["id"]), api.create(ORDER)):
        assert answer.status_code == 500
        assert answer.mimetype == "application/problem+json"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("length", ["9" * 5000, "\u0661\u0662", "+5", "-1", "5 ", ""])
def test_an_odd_length_is_left_to_the_views(app: Shortorder, api: Api, length: str) -> None:
    environ = EnvironBuilder(**post(api)).get_environ()
    environ["CONTENT_LENGTH"] = length
    assert app.express_lane(environ, lambda *_: lambda _: None) is None
