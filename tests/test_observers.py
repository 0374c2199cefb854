"""Observers see every request, of the API and of the pages."""

import pytest
from flask.testing import FlaskClient

from orders.interfaces.http.application import Shortorder
from orders.interfaces.http.observers import HandledRequest
from tests.actors import Org


@pytest.fixture
def seen(app: Shortorder) -> list[HandledRequest]:
    found: list[HandledRequest] = []
    app.observers.append(found.append)
    return found


@pytest.mark.parametrize(
    ("method", "path", "status", "route", "is_api"),
    [
        ("GET", "/find", 200, "/find", False),
        ("GET", "/o/000000000000", 404, "/o/<code>", False),
        ("GET", "/nothing", 404, "", False),
        ("DELETE", "/find", 405, "", False),
        ("GET", "/api/orders/000000000000", 404, "/api/orders/{reference}", True),
        ("GET", "/api/orders/healthcheck", 200, "/api/orders/healthcheck", True),
        ("POST", "/api/orders", 415, "/api/orders", True),
        ("GET", "/api/nothing", 404, "", True),
        ("GET", "/api/n%C3%B6", 404, "", True),
    ],
)
def test_a_request_is_reported_with_its_route_and_status(
    org: Org,
    seen: list[HandledRequest],
    method: str,
    path: str,
    status: int,
    route: str,
    is_api: bool,
) -> None:
    headers = {"Authorization": f"Bearer {org.private.secret}", "User-Agent": "test"}
    answer = org.app.test_client().open(path, method=method, headers=headers)
    assert answer.status_code == status
    [handled] = seen
    assert (handled.method, handled.path) == (method, path.replace("%C3%B6", "ö"))
    assert (handled.status, handled.route, handled.is_api) == (status, route, is_api)
    assert handled.user_agent == "test"
    assert (handled.actor_id == org.private.id) == is_api
    assert answer.headers["X-Request-ID"] == handled.id
    assert 0 < handled.seconds < 60


def test_an_answer_that_was_never_made_is_500(
    org: Org, seen: list[HandledRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise LookupError("broken")

    monkeypatch.setattr(org.app, "full_dispatch_request", fail)
    with pytest.raises(LookupError):
        org.app.test_client().get("/find")
    assert [one.status for one in seen] == [500]


def test_a_page_is_reported_with_the_signed_in_person(
    org: Org, staff_client: FlaskClient, seen: list[HandledRequest]
) -> None:
    staff_client.get("/orders")
    assert [(one.org_id, one.actor_id) for one in seen] == [(org.id, org.staff().id)]
    org.app.test_client().get("/orders")
    assert (seen[-1].org_id, seen[-1].actor_id) == ("", "")
