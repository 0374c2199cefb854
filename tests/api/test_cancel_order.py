"""Contract: canceling an order with a reason, reopening it, and what it refuses meanwhile."""

from typing import Any

import pytest
from flask import Flask

from orders.domain.cancellation import OrderCanceled
from orders.services.orders import queries
from tests.api.calls import Answer, Api

SOFA = "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11"
LINE = {"configurationId": SOFA, "count": 2}
REASON = {"reason": "Ordered twice"}
KEY = {"Idempotency-Key": "cancel-1"}
CANCELED = str(OrderCanceled())


@pytest.fixture
def order(api: Api) -> dict[str, Any]:
    made: dict[str, Any] = api.create({"name": "Hall", "cart": [LINE]}).json
    return made


def path(order: dict[str, Any], rest: str = "") -> str:
    return f"/orders/{order['shortId']}{rest}"


def cancel(
    api: Api, order: dict[str, Any], body: object = None, **headers: dict[str, str]
) -> Answer:
    return api.call("POST", path(order, "/cancel"), REASON if body is None else body, **headers)


def reopen(api: Api, order: dict[str, Any], **headers: dict[str, str]) -> Answer:
    return api.call("POST", path(order, "/reopen"), **headers)


def history(app: Flask, order: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    with app.app_context():
        entries = queries.read_history(queries.find_any_order(order["id"], order["orgId"]))
    return [(entry.action, entry.changes) for entry in entries]


def errors(answer: Answer) -> list[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    return [(one["path"], one["message"]) for one in answer.json["errors"]]


def test_canceled_and_reopened(api: Api, order: dict[str, Any], app: Flask) -> None:
    assert (order["canceledAt"], order["cancelReason"]) == (None, None)
    canceled = cancel(api, order)
    assert canceled.status_code == 200
    at = canceled.json["updatedAt"]
    assert canceled.json == {
        **order, "updatedAt": at, "canceledAt": at, "cancelReason": "Ordered twice",
    }  # fmt: skip
    assert canceled.headers["ETag"] == '"2"'
    assert api.read(order["id"]).json == canceled.json
    reopened = reopen(api, order)
    assert reopened.json == {**order, "updatedAt": reopened.json["updatedAt"]}
    assert reopened.headers["ETag"] == '"3"'
    assert api.read(order["id"]).json == reopened.json
    assert history(app, order) == [
        ("created", {}),
        ("canceled", {"cancelReason": {"from": None, "to": "Ordered twice"}}),
        ("reopened", {"cancelReason": {"from": "Ordered twice", "to": None}}),
    ]


def test_a_second_time_changes_nothing(api: Api, order: dict[str, Any], app: Flask) -> None:
    first = cancel(api, order)
    again = cancel(api, order, {"reason": "Another reason"})
    assert (again.json, again.headers["ETag"]) == (first.json, first.headers["ETag"])
    opened = reopen(api, order)
    again = reopen(api, order)
    assert (again.json, again.headers["ETag"]) == (opened.json, opened.headers["ETag"])
    assert [action for action, _ in history(app, order)] == ["created", "canceled", "reopened"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({}, None), ({"reason": None}, None), ({"reason": " \n "}, None),
        ({"reason": "  too late\t"}, "too late"), ({"reason": "ü" * 255}, "ü" * 255),
        ({"reason": f" {'x' * 255} "}, "x" * 255),
    ],
)  # fmt: skip
def test_a_reason_is_optional_and_trimmed(
    api: Api, order: dict[str, Any], body: object, reason: str | None
) -> None:
    answer = cancel(api, order, body)
    assert answer.json["cancelReason"] == reason
    assert answer.json["canceledAt"] is not None


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"reason": 7}, ("reason", "Text or null.")),
        ({"reason": ["x"]}, ("reason", "Text or null.")),
        ({"reason": True}, ("reason", "Text or null.")),
        ({"reason": "x" * 256}, ("reason", "At most 255 characters; this has 256.")),
        ({"reason": "a\0b"}, ("reason", "")),
        ({"reason": "\ud800"}, ("reason", "")),
        ({"reasons": "x"}, ("reasons", "Unknown field.")),
    ],
)
def test_a_bad_reason_is_refused_at_its_path(
    api: Api, order: dict[str, Any], body: object, found: tuple[str, str]
) -> None:
    [(at, message)] = errors(cancel(api, order, body))
    assert (at, message if found[1] else "") == found
    assert api.read(order["id"]).json == order


@pytest.mark.parametrize("body", [[], ["reason"], "x", 1])
def test_a_body_that_is_no_object_is_400(api: Api, order: dict[str, Any], body: object) -> None:
    assert cancel(api, order, body).status_code == 400
    assert api.call("POST", path(order, "/cancel")).status_code == 415
    assert api.read(order["id"]).json == order


@pytest.mark.parametrize(
    ("method", "rest", "body"),
    [
        ("PUT", "", {"status": "Complete"}),
        ("PUT", "", {"name": "Foyer", "cart": [LINE, LINE]}),
        ("PUT", "", [LINE, LINE]),
        ("PUT", "/cart", []),
        ("PUT", "/cart", [LINE, LINE]),
        ("POST", "/cart", [LINE]),
        ("POST", "/items", [{"id": SOFA}]),
    ],
)
def test_status_and_cart_are_409_until_it_is_reopened(
    api: Api, public_api: Api, method: str, rest: str, body: object
) -> None:
    order = api.create({"status": "In Cart", "cart": [LINE]}).json
    canceled = cancel(api, order).json
    for one in (api, public_api):
        refused = one.call(method, path(order, rest), body)
        assert (refused.status_code, refused.mimetype) == (409, "application/problem+json")
        assert refused.json["detail"] == CANCELED
    assert api.read(order["id"]).json == canceled
    reopen(api, order)
    assert api.call(method, path(order, rest), body).status_code == 200


def test_other_fields_can_be_changed(api: Api, order: dict[str, Any]) -> None:
    canceled = cancel(api, order).json
    sent = {"name": "Foyer", "status": "New", "cart": [LINE], "metadata": {"a": 1}}
    changed = api.call("PUT", path(order), sent).json
    assert changed == {
        **canceled, "name": "Foyer", "metadata": {"a": 1}, "updatedAt": changed["updatedAt"],
    }  # fmt: skip


def test_a_whole_order_sent_back_works(api: Api, order: dict[str, Any]) -> None:
    canceled = cancel(api, order).json
    assert api.call("PUT", path(order), canceled).json == canceled
    sent = {**canceled, "canceledAt": None, "cancelReason": "Other"}
    found = errors(api.call("PUT", path(order), sent))
    assert [at for at, _ in found] == ["canceledAt", "cancelReason"]
    new = {"cart": [LINE], "canceledAt": canceled["canceledAt"], "cancelReason": "Other"}
    assert {at for at, _ in errors(api.create(new))} == {"canceledAt", "cancelReason"}


def test_only_private_tokens_of_the_org(
    api: Api, public_api: Api, foreign_api: Api, order: dict[str, Any]
) -> None:
    for action in (cancel, reopen):
        assert action(public_api, order).status_code == 403
        assert action(foreign_api, order).status_code == 404
    assert api.read(order["id"]).json == order


def test_a_stale_if_match_is_412(api: Api, order: dict[str, Any]) -> None:
    stale, current = {"If-Match": '"1"'}, {"If-Match": '"2"'}
    api.call("PUT", path(order), {"name": "Meanwhile"})
    assert cancel(api, order, headers=stale).status_code == 412
    assert cancel(api, order, headers=current).status_code == 200
    assert reopen(api, order, headers=current).status_code == 412
    assert reopen(api, order, headers={"If-Match": "*"}).status_code == 200


def test_a_repeat_with_the_same_key_gets_the_first_answer(
    api: Api, order: dict[str, Any], app: Flask
) -> None:
    first = cancel(api, order, headers=KEY)
    assert reopen(api, order, headers={"Idempotency-Key": "reopen-1"}).status_code == 200
    again = cancel(api, order, headers=KEY)
    assert (again.json, again.headers["Idempotent-Replayed"]) == (first.json, "true")
    assert api.read(order["id"]).json["canceledAt"] is None
    assert cancel(api, order, {"reason": "Other"}, headers=KEY).status_code == 422
    assert [action for action, _ in history(app, order)] == ["created", "canceled", "reopened"]


def test_in_the_bin_it_stays_canceled(api: Api, order: dict[str, Any]) -> None:
    cancel(api, order)
    binned = api.call("DELETE", path(order)).json
    assert (binned["deletedAt"], binned["cancelReason"]) == (binned["updatedAt"], "Ordered twice")
    assert cancel(api, order).status_code == 404
    assert reopen(api, order).status_code == 404
    restored = api.call("POST", path(order, "/restore")).json
    assert (restored["canceledAt"], restored["deletedAt"]) == (binned["canceledAt"], None)


def test_the_list_is_filtered(api: Api, public_api: Api, order: dict[str, Any]) -> None:
    others = {api.create({"cart": [LINE]}).json["id"] for _ in range(2)}
    cancel(api, order)

    def found(**query: str) -> set[str]:
        answer = api.call("GET", "/orders", query=query)
        assert answer.status_code == 200, answer.text
        assert answer.json["count"] == len(answer.json["orders"])
        return {one["id"] for one in answer.json["orders"]}

    assert found() == found(canceled="") == {order["id"], *others}
    assert found(canceled="true") == found(canceled="true", status="New") == {order["id"]}
    assert found(canceled="true", status="Complete") == set()
    assert found(canceled="false") == found(canceled="False", sort="name") == others
    assert public_api.call("GET", "/orders", query={"canceled": "true"}).status_code == 403
    for query in ({"canceled": "yes"}, {"cancelled": "true"}):
        assert [at for at, _ in errors(api.call("GET", "/orders", query=query))] == [*query]


def test_a_canceled_order_causes_no_warning_of_a_repeated_number(api: Api) -> None:
    body = {"customerId": "C-1", "platform": {"id": "5001"}, "cart": [LINE]}
    first = api.create(body).json
    assert api.create(body).json["warnings"] != []
    for one in api.call("GET", "/orders").json["orders"]:
        cancel(api, one)
    assert api.create(body).json["warnings"] == []
    assert cancel(api, first).json["warnings"] == []
