"""Clients that were written for the platform's Orders API work after a change of host name."""

from tests.api.calls import Api

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
    assert api.call("GET", "/orders", query=query).json["orders"] == [made]
