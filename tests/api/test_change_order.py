"""Contract: changing an order, its cart, the bin and back, and `If-Match`."""

import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from orders.domain.attributes import AttributeRule, Kind, Option
from orders.services.orders import queries
from tests.actors import Org
from tests.api.calls import Answer, Api

SOFA = "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11"
LAMP = "7d9e2f10-1c5b-4f7a-8a31-3f2e5d6c7b8a"
LINE = {"configurationId": SOFA, "count": 2}
OTHER = {"configurationId": LAMP, "count": 1, "metadata": {"engraving": "Ü"}}


@pytest.fixture
def order(api: Api) -> dict[str, Any]:
    made: dict[str, Any] = api.create(
        {"name": "Hall", "customerId": "C-1", "metadata": {"a": 1, "b": 2}, "cart": [LINE]}
    ).json
    return made


@pytest.fixture
def open_cart(api: Api) -> dict[str, Any]:
    made: dict[str, Any] = api.create({"status": "In Cart", "cart": [LINE]}).json
    return made


def path(order: dict[str, Any], rest: str = "") -> str:
    return f"/orders/{order['shortId']}{rest}"


def history(app: Flask, order: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    with app.app_context():
        entries = queries.read_history(queries.find_order(order["id"], order["orgId"]))
    return [(entry.action, entry.changes) for entry in entries]


def faults(answer: Answer) -> list[str]:
    assert answer.status_code == 422, answer.text
    return [error["path"] for error in answer.json["errors"]]


def test_fields_that_are_sent_are_replaced_and_others_stay(
    api: Api, order: dict[str, Any], app: Flask
) -> None:
    answer = api.call("PUT", path(order), {"name": "Foyer", "metadata": {"c": 3}})
    assert answer.status_code == 200
    changed = answer.json
    assert changed["updatedAt"] >= order["updatedAt"]
    assert changed == {
        **order, "name": "Foyer", "metadata": {"c": 3}, "updatedAt": changed["updatedAt"],
    }  # fmt: skip
    assert api.read(order["id"]).json == changed
    assert history(app, order) == [
        ("created", {}),
        (
            "changed",
            {
                "name": {"from": "Hall", "to": "Foyer"},
                "metadata": {"from": {"a": 1, "b": 2}, "to": {"c": 3}},
            },
        ),
    ]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", None),
        ("status", "In Progress"),
        ("metadata", {}),
        ("derivative", {"x": {"y": None}}),
        ("customerId", "C-2"),
        ("platform", {"id": "A-7", "own": [1]}),
        ("cart", [OTHER, LINE, LINE]),
    ],
)
def test_each_field_can_be_changed(
    api: Api, order: dict[str, Any], field: str, value: object
) -> None:
    assert api.call("PUT", path(order), {field: value}).json[field] == value
    assert api.read(order["shortId"]).json[field] == value


def test_a_change_of_nothing_writes_nothing(api: Api, order: dict[str, Any], app: Flask) -> None:
    answer = api.call("PUT", path(order), {"name": "Hall", "cart": [LINE]})
    assert answer.json == order
    assert answer.headers["ETag"] == api.read(order["id"]).headers["ETag"]
    assert len(history(app, order)) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"metadata": {"gift": True}}, {"derivative": {"gift": True}}, {"platform": {"gift": True}},
        {"cart": [{**LINE, "metadata": {"gift": True}}]},
    ],
)  # fmt: skip
def test_true_is_another_value_than_1(api: Api, app: Flask, changes: dict[str, Any]) -> None:
    [field] = changes
    was = json.loads(json.dumps(changes).replace("true", "1"))
    order = api.create({"cart": [LINE], **was}).json
    changed = api.call("PUT", path(order), {"name": "also", **changes})
    assert changed.headers["ETag"] != api.create({"cart": [LINE]}).headers["ETag"]
    now = api.read(order["id"]).text
    assert json.dumps(changes[field], separators=(",", ":")) in now
    assert field in history(app, order)[1][1]


def test_a_bare_array_replaces_the_cart(api: Api, order: dict[str, Any]) -> None:
    assert api.call("PUT", path(order), [OTHER]).json["cart"] == [OTHER]


def test_an_old_client_sends_id_in_a_bare_array(api: Api, order: dict[str, Any]) -> None:
    answer = api.call("PUT", path(order), [{"id": LAMP, "count": 3}])
    assert answer.json["cart"] == [{"configurationId": LAMP, "count": 3}]


def test_an_old_client_may_send_the_whole_order_back(api: Api, order: dict[str, Any]) -> None:
    changed = api.call("PUT", path(order), {**order, "name": "Foyer"}).json
    assert changed["name"] == "Foyer"
    fresh = {**changed, "name": "Again", "originOrgId": "", "createdBy": "me"}
    assert faults(api.call("PUT", path(order), fresh)) == ["createdBy"]
    # The time sent back protects against a lost update, even without If-Match.
    assert faults(api.call("PUT", path(order), {**order, "name": "Stale"})) == ["updatedAt"]


@pytest.mark.parametrize("rest", ["/cart", "/items"])
def test_lines_are_put_behind_those_of_the_cart(api: Api, order: dict[str, Any], rest: str) -> None:
    assert api.call("POST", path(order, rest), [OTHER]).json["cart"] == [LINE, OTHER]
    answer = api.call("POST", path(order, rest), {"cart": [LINE]})
    assert (answer.status_code, answer.json["cart"]) == (200, [LINE, OTHER, LINE])
    assert api.read(order["id"]).json["cart"] == [LINE, OTHER, LINE]


def test_old_clients_put_lines_behind_by_their_old_names(api: Api, order: dict[str, Any]) -> None:
    answer = api.call("POST", path(order, "/items"), {"items": [{"id": LAMP, "count": 1}]})
    assert answer.json["cart"] == [LINE, {"configurationId": LAMP, "count": 1}]
    assert answer.json["items"] == []


def test_the_lines_of_a_cart_are_replaced(api: Api, order: dict[str, Any], app: Flask) -> None:
    assert api.call("PUT", path(order, "/cart"), {"cart": [OTHER]}).json["cart"] == [OTHER]
    assert api.call("PUT", path(order, "/cart"), [LINE]).json["cart"] == [LINE]
    assert history(app, order)[1] == (
        "changed",
        {"cart": {"from": [LINE], "to": [OTHER], "ids": [0]}},
    )


def test_the_history_of_a_growing_cart_contains_what_was_added(
    api: Api, order: dict[str, Any], app: Flask
) -> None:
    api.call("POST", path(order, "/cart"), [OTHER])
    assert history(app, order)[1] == ("changed", {"cart": {"added": [OTHER]}})


def test_a_cart_may_not_grow_beyond_the_size_of_a_body(api: Api, order: dict[str, Any]) -> None:
    big = [{**LINE, "metadata": {"text": "x" * 60_000}}] * 9
    assert api.call("POST", path(order, "/cart"), big).status_code == 200
    refused = api.call("POST", path(order, "/cart"), big)
    assert faults(refused) == ["cart"]
    assert "1,048,576" in refused.json["errors"][0]["message"]
    assert len(api.read(order["id"]).json["cart"]) == 10


def test_a_cart_may_not_grow_beyond_the_limit(api: Api, order: dict[str, Any]) -> None:
    full = [LINE] * 999
    assert len(api.call("POST", path(order, "/cart"), full).json["cart"]) == 1000
    assert faults(api.call("POST", path(order, "/cart"), [LINE])) == ["cart"]


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        ({"name": "x" * 256, "status": "Gone", "cart": [{"count": 0}]},
         ["cart.0.configurationId", "cart.0.count", "name", "status"]),
        ({"nmae": "Hall"}, ["nmae"]),
        ({"status": None}, ["status"]),
        ({"metadata": None}, ["metadata"]),
        ({"metadata": [1]}, ["metadata"]),
        ({"cart": None}, ["cart"]),
        ({"platform": None}, ["platform"]),
        ({"derivative": None}, ["derivative"]),
        ({"orgId": None}, ["orgId"]),
        ({"cart": []}, ["cart"]),
        ([], ["cart"]),
        ([{"configurationId": SOFA, "count": "2"}], ["cart.0.count"]),
        ([{"configurationId": SOFA, "count": 2, "colour": 1}], ["cart.0.colour"]),
        ({"cart": [{"configurationId": "unknown-1", "count": 1}]}, ["cart.0.configurationId"]),
        ({"items": [{"id": SOFA}]}, ["items"]),
        ({"id": SOFA, "shortId": "x"}, ["id", "shortId"]),
        ({"name": "a\u0000b"}, ["name"]),
    ],
)  # fmt: skip
def test_what_is_refused_changes_nothing(
    api: Api, order: dict[str, Any], body: object, paths: list[str]
) -> None:
    assert sorted(faults(api.call("PUT", path(order), body))) == paths
    assert api.read(order["id"]).json == order


@pytest.mark.parametrize("rest", ["/cart", "/items"])
@pytest.mark.parametrize("body", [{}, {"cart": None}, {"cart": [1]}, [[]], {"cart": [], "x": 1}])
@pytest.mark.one_database(reason="it is refused before the first statement that writes")
def test_lines_that_are_none_are_refused(
    api: Api, order: dict[str, Any], rest: str, body: object
) -> None:
    assert faults(api.call("POST", path(order, rest), body))
    assert api.read(order["id"]).json == order


def test_another_org_may_not_be_named(api: Api, order: dict[str, Any]) -> None:
    assert api.call("PUT", path(order), {"orgId": SOFA}).status_code == 403
    assert api.call("PUT", path(order), {"orgId": order["orgId"].upper()}).status_code == 200
    for method, rest, body in (
        ("PUT", "", {}), ("PUT", "/cart", [LINE]), ("POST", "/cart", [LINE]),
        ("POST", "/items", [LINE]), ("DELETE", "", None), ("POST", "/restore", None),
    ):  # fmt: skip
        query = {"orgId": SOFA}
        assert api.call(method, path(order, rest), body, query=query).status_code == 403


def test_a_scalar_is_no_change(api: Api, order: dict[str, Any]) -> None:
    assert api.call("PUT", path(order), 7).status_code == 400


def test_an_open_cart_may_become_empty_and_must_be_filled_before_it_is_an_order(
    api: Api, open_cart: dict[str, Any]
) -> None:
    assert api.call("PUT", path(open_cart), []).json["cart"] == []
    assert faults(api.call("PUT", path(open_cart), {"status": "New"})) == ["cart"]
    both = {"status": "New", "cart": [LINE]}
    assert api.call("PUT", path(open_cart), both).json["status"] == "New"


def test_an_order_whose_items_could_not_be_converted_goes_on_without_lines(api: Api) -> None:
    old = api.create({"items": [{"sku": "X"}]}).json
    assert api.call("PUT", path(old), {"status": "Complete"}).json["status"] == "Complete"
    unknown = api.create({"items": [{"id": "unknown-1", "count": 1}]}).json
    assert api.call("PUT", path(unknown), {"status": "Complete"}).json["status"] == "Complete"


def test_values_must_be_valid_for_their_attributes(
    api: Api, order: dict[str, Any], org: Org
) -> None:
    org.define(AttributeRule("wood", "Wood", Kind.OPTION, (Option("oak", "Oak"),)))
    assert faults(api.call("PUT", path(order), {"metadata": {"wood": "ash"}})) == ["metadata.wood"]
    assert api.call("PUT", path(order), {"metadata": {"wood": "oak"}}).status_code == 200


def test_what_was_wrong_before_survives_the_save_of_an_old_order(api: Api, org: Org) -> None:
    old = api.create({"metadata": {"wood": "teak"}, "cart": [LINE]}).json
    org.define(
        AttributeRule("wood", "Wood", Kind.OPTION, (Option("oak", "Oak"),)),
        AttributeRule("floor", "Floor", Kind.TEXT, required=True),
    )
    kept = api.call("PUT", path(old), {"metadata": {"wood": "teak", "note": "new"}})
    assert kept.json["metadata"] == {"wood": "teak", "note": "new"}
    assert faults(api.call("PUT", path(old), {"metadata": {"wood": "larch"}})) == ["metadata.wood"]
    floor = api.call("PUT", path(old), {"metadata": {"wood": "teak", "floor": "2"}})
    assert floor.status_code == 200
    assert faults(api.call("PUT", path(old), {"metadata": {"wood": "teak"}})) == ["metadata.floor"]


@pytest.mark.parametrize("status", ["List", "In Cart"])
def test_any_token_may_change_an_open_cart(api: Api, public_api: Api, status: str) -> None:
    cart = api.create({"status": status}).json
    assert public_api.call("POST", path(cart, "/cart"), [LINE]).status_code == 200
    assert public_api.call("PUT", path(cart, "/cart"), [OTHER]).status_code == 200
    assert public_api.call("PUT", path(cart), {"status": "New"}).json["status"] == "New"


@pytest.mark.parametrize("status", ["New", "In Progress", "Complete"])
def test_an_order_is_changed_with_a_private_token_only(
    api: Api, public_api: Api, status: str
) -> None:
    order = api.create({"status": status, "cart": [LINE]}).json
    for method, rest in (("PUT", ""), ("PUT", "/cart"), ("POST", "/cart"), ("POST", "/items")):
        assert public_api.call(method, path(order, rest), [OTHER]).status_code == 403
        assert api.call(method, path(order, rest), [OTHER]).status_code == 200


def test_the_bin_is_for_private_tokens(public_api: Api, open_cart: dict[str, Any]) -> None:
    assert public_api.call("DELETE", path(open_cart)).status_code == 403
    assert public_api.call("POST", path(open_cart, "/restore")).status_code == 403


def test_into_the_bin_and_back(api: Api, order: dict[str, Any], app: Flask) -> None:
    binned = api.call("DELETE", path(order))
    assert binned.status_code == 200
    assert binned.json == {
        **order, "deletedAt": binned.json["updatedAt"], "updatedAt": binned.json["updatedAt"],
    }  # fmt: skip
    for method, rest in (("GET", ""), ("PUT", ""), ("DELETE", ""), ("POST", "/cart")):
        body = None if method in {"GET", "DELETE"} else [LINE]
        assert api.call(method, path(order, rest), body).status_code == 404
    assert api.call("GET", "/orders").json["count"] == 0
    restored = api.call("POST", path(order, "/restore"))
    assert restored.json == {**order, "updatedAt": restored.json["updatedAt"]}
    assert api.read(order["shortId"]).json == restored.json
    assert api.call("POST", path(order, "/restore")).json == restored.json
    assert [action for action, _ in history(app, order)] == ["created", "binned", "restored"]


def test_orders_of_another_org_do_not_exist(foreign_api: Api, order: dict[str, Any]) -> None:
    for method, rest, body in (
        ("PUT", "", {}), ("PUT", "/cart", [LINE]), ("POST", "/cart", [LINE]),
        ("POST", "/items", [LINE]), ("DELETE", "", None), ("POST", "/restore", None),
    ):  # fmt: skip
        assert foreign_api.call(method, path(order, rest), body).status_code == 404


def test_a_read_returns_an_etag_that_changes_with_the_order(
    api: Api, order: dict[str, Any]
) -> None:
    first = api.read(order["id"]).headers["ETag"]
    assert api.read(order["shortId"]).headers["ETag"] == first
    changed = api.call("PUT", path(order), {"name": "Foyer"})
    assert changed.headers["ETag"] != first
    assert api.read(order["id"]).headers["ETag"] == changed.headers["ETag"]


def test_who_has_the_version_already_gets_304(api: Api, order: dict[str, Any]) -> None:
    etag = api.read(order["id"]).headers["ETag"]
    again = api.call("GET", path(order), headers={"If-None-Match": etag})
    assert (again.status_code, again.text, again.headers["ETag"]) == (304, "", etag)
    assert api.call("GET", path(order), headers={"If-None-Match": '"0"'}).json == order


@pytest.mark.parametrize(
    ("method", "rest", "body"),
    [
        ("PUT", "", {"name": "Foyer"}),
        ("PUT", "/cart", [OTHER]),
        ("POST", "/cart", [OTHER]),
        ("POST", "/items", [OTHER]),
        ("DELETE", "", None),
        ("POST", "/restore", None),
    ],
)
def test_a_stale_if_match_is_412_and_changes_nothing(
    api: Api, order: dict[str, Any], method: str, rest: str, body: object
) -> None:
    stale = api.read(order["id"]).headers["ETag"]
    current = api.call("PUT", path(order), {"name": "Meanwhile"})
    refused = api.call(method, path(order, rest), body, headers={"If-Match": stale})
    assert refused.status_code == 412
    assert refused.mimetype == "application/problem+json"
    assert api.read(order["id"]).json == current.json
    fresh = {"If-Match": f'"x", {current.headers["ETag"]}'}
    assert api.call(method, path(order, rest), body, headers=fresh).status_code == 200


def test_an_asterisk_matches_any_version(api: Api, order: dict[str, Any]) -> None:
    answer = api.call("PUT", path(order), {"name": "Foyer"}, headers={"If-Match": "*"})
    assert answer.status_code == 200


def test_an_order_cannot_be_changed_by_an_unknown_token(
    client: FlaskClient, order: dict[str, Any]
) -> None:
    assert client.put(f"/api{path(order)}", json={"name": "x"}).status_code == 401
    assert client.delete(f"/api{path(order)}").status_code == 401
