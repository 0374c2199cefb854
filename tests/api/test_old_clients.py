"""Clients that were written for the platform's Orders API work after a change of host name."""

from tests.api.calls import Api, listed

SOFA = "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11"
LAMP = "7d9e2f10-1c5b-4f7a-8a31-3f2e5d6c7b8a"


def test_one_that_sends_items_only(api: Api) -> None:
    items = [{"id": SOFA, "count": 1, "price": 12.5}, {"configurationId": LAMP, "count": 2}]
    made = api.create({"items": items}).json
    assert made["items"] == items
    assert made["cart"] == [
        {"configurationId": SOFA, "count": 1}, {"configurationId": LAMP, "count": 2},
    ]  # fmt: skip
    assert api.read(made["shortId"]).json == made
    odd = api.create({"items": [{"sku": "X-1", "qty": "2"}]}).json
    assert (odd["items"], odd["cart"]) == ([{"sku": "X-1", "qty": "2"}], [])


def test_one_that_sends_a_bare_array_to_put(api: Api) -> None:
    made = api.create({"items": [{"id": SOFA, "count": 1}]}).json
    lines = [{"id": LAMP, "count": 3}, {"configurationId": SOFA, "count": 1}]
    changed = api.call("PUT", f"/orders/{made['id']}", lines).json
    assert changed["cart"] == [
        {"configurationId": LAMP, "count": 3}, {"configurationId": SOFA, "count": 1},
    ]  # fmt: skip
    assert changed["items"] == made["items"]


def test_one_that_sends_empty_strings(api: Api) -> None:
    platform = {"id": "", "platform": "", "storeName": ""}
    body = {
        "originOrgId": "",
        "platform": platform,
        "cart": [{"configurationId": SOFA, "count": 1}],
    }
    made = api.create(body)
    assert made.status_code == 201
    assert made.json["originOrgId"] == api.org_id
    assert made.json["platform"] == platform
    changed = api.call("PUT", f"/orders/{made.json['id']}", {"originOrgId": "", "name": "Hall"})
    assert (changed.status_code, changed.json["originOrgId"]) == (200, api.org_id)


def test_one_that_sends_its_query_as_json_text(api: Api) -> None:
    made = api.create(
        {"platform": {"id": "A-1"}, "cart": [{"configurationId": SOFA, "count": 1}]}
    ).json
    query = {
        "bearer_token": api.secret, "orgId": f'"{api.org_id}"', "platform": '{"id":"A-1"}',
        "perPage": "20", "page": "1", "cacheScope": '"v1"', "cacheMaxAge": "60",
    }  # fmt: skip
    assert api.call("GET", "/orders", query=query).json["orders"] == [listed(made)]


LINE = {"configurationId": SOFA, "count": 1}
NULLS = ("metadata", "platform", "derivative", "items", "status", "orgId", "originOrgId", "name",
         "customerId")  # fmt: skip


def test_one_that_sends_null_for_what_it_does_not_have(api: Api) -> None:
    plain = api.create({"cart": [LINE]}).json
    made = api.create({"cart": [{**LINE, "metadata": None}], **dict.fromkeys(NULLS)})
    own = ("id", "shortId", "createdAt", "updatedAt")
    assert made.status_code == 201
    assert {**made.json, **{name: plain[name] for name in own}} == plain
    for name in NULLS:
        assert api.create({"cart": [LINE], name: None}).status_code == 201, name
    assert api.create({"cart": None, "items": [{"id": SOFA}]}).json["cart"] == [LINE]


def test_one_that_sends_null_in_items(api: Api) -> None:
    items = [{"id": SOFA, "configurationId": None, "count": None, "metadata": None}]
    made = api.create({"items": items}).json
    assert (made["items"], made["cart"], made["warnings"]) == (items, [LINE], [])


def test_a_change_clears_what_can_be_null(api: Api) -> None:
    made = api.create({"cart": [LINE], "name": "Hall", "customerId": "C-1"}).json
    changed = api.call("PUT", f"/orders/{made['id']}", {"name": None, "customerId": None}).json
    assert (changed["name"], changed["customerId"]) == (None, None)


def test_one_that_sends_an_empty_org(api: Api) -> None:
    made = api.create({"cart": [LINE], "orgId": "", "originOrgId": ""})
    assert made.status_code == 201
    path = f"/orders/{made.json['id']}"
    assert api.call("PUT", path, {"orgId": "", "name": "Hall"}).status_code == 200


def test_one_whose_counts_are_texts(api: Api) -> None:
    items = [{"id": SOFA, "count": "2"}, {"configurationId": LAMP}]
    made = api.create({"items": items}).json
    lines = [{"configurationId": SOFA, "count": 2}, {"configurationId": LAMP, "count": 1}]
    assert (made["items"], made["cart"], made["warnings"]) == (items, lines, [])
    assert api.create({"cart": [{"configurationId": SOFA, "count": "2"}]}).status_code == 422
    open_cart = api.create({"status": "In Cart"}).json["id"]
    for path, body in [("items", items), ("items", {"items": items}), ("cart", {"items": items})]:
        grown = api.call("POST", f"/orders/{open_cart}/{path}", body)
        assert grown.json["cart"][-2:] == lines
    assert api.call("POST", f"/orders/{open_cart}/cart", items).status_code == 422


def test_items_that_cannot_be_converted_are_reported(api: Api) -> None:
    items = [{"id": SOFA}, {"sku": "X-1"}, {"id": LAMP, "count": "many"}, {"id": "no-such-1"}]
    made = api.create({"items": items}).json
    assert (made["items"], made["cart"]) == (items, [])
    paths = [warning["path"] for warning in made["warnings"]]
    assert paths == ["items", "items.1", "items.2.count"]
    assert all(warning["message"] for warning in made["warnings"])
    unknown = api.create({"items": [items[0], items[3]]}).json
    assert [warning["path"] for warning in unknown["warnings"]] == ["items", "items.1.id"]
    assert api.read(made["id"]).json["warnings"] == []
    assert "warnings" not in api.call("GET", "/orders").json["orders"][0]


def test_a_repeated_request_gets_its_warnings_again(api: Api) -> None:
    headers = {"Idempotency-Key": "again"}
    first = api.call("POST", "/orders", {"items": [{"sku": "X"}]}, headers=headers).json
    assert first["warnings"]
    assert api.call("POST", "/orders", {"items": [{"sku": "X"}]}, headers=headers).json == first


def test_one_with_numbers_for_ids(api: Api) -> None:
    body = {"cart": [LINE], "customerId": 4711, "platform": {"id": 1001, "shop": 7}}
    made = api.create(body).json
    assert (made["customerId"], made["platform"]) == ("4711", {"id": "1001", "shop": 7})
    found = api.call("GET", "/orders", query={"platform": '{"id":"1001"}'}).json
    assert [order["id"] for order in found["orders"]] == [made["id"]]
    changed = api.call(
        "PUT", f"/orders/{made['id']}", {"customerId": 12.0, "platform": {"id": 13}}
    ).json
    assert (changed["customerId"], changed["platform"]) == ("12", {"id": "13"})
    odd: tuple[object, ...] = (True, 2**64, [], {})
    for value in odd:
        refused = api.create({"cart": [LINE], "customerId": value})
        assert [error["path"] for error in refused.json["errors"]] == ["customerId"]


def test_one_written_in_php_sends_an_order_back(api: Api) -> None:
    line = {**LINE, "metadata": {}}
    items = [{"id": SOFA, "metadata": {}}]
    made = api.create({"cart": [line], "metadata": {}, "items": items}).json
    back = {
        **made, "platform": [], "metadata": [], "derivative": [],
        "cart": [{**LINE, "metadata": []}], "name": "Hall",
    }  # fmt: skip
    changed = api.call("PUT", f"/orders/{made['id']}", back).json
    for name in ("platform", "metadata", "derivative", "cart", "items"):
        assert changed[name] == made[name]
    made = api.create({"cart": [{**LINE, "metadata": []}], "metadata": [], "platform": []}).json
    assert (made["metadata"], made["platform"], made["cart"]) == ({}, {}, [line])


def test_a_created_order_can_be_sent_back_whole(api: Api) -> None:
    made = api.create({"items": [{"sku": "X"}]}).json
    answer = api.call("PUT", f"/orders/{made['id']}", {**made, "name": "Hall"})
    assert (answer.status_code, answer.json["name"], answer.json["warnings"]) == (200, "Hall", [])


def test_arrays_are_kept_in_metadata(api: Api) -> None:
    kept = {"user": {"tags": ["a", {"b": [1, []]}]}, "list": [None, True, 1.5]}
    made = api.create({"cart": [LINE], "metadata": kept, "derivative": {"all": [kept]}}).json
    assert (made["metadata"], made["derivative"]) == (kept, {"all": [kept]})
    assert api.read(made["id"]).json == made
    changed = api.call("PUT", f"/orders/{made['id']}", {"metadata": {"other": []}}).json
    assert changed["metadata"] == {"other": []}
