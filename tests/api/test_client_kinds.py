"""What kinds of public clients send, one test for each kind; it works, or is refused with a reason.

What goes over a real connection (chunked bodies, two requests on one connection) is in
tests/processes/test_client_kinds.py.
"""

import json
from typing import Any

import pytest

from tests.actors import Org
from tests.api.calls import Api
from tests.api.configuration_calls import PRODUCT, errors_by_path, send
from tests.uploads import KIND, PNG, Form

pytestmark = pytest.mark.one_database(
    reason="formats of requests; tests/api/test_create_order.py tests the SQL on both"
)

SOFA = "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11"
LINE = {"configurationId": SOFA, "count": 1}


def test_the_official_rest_client(api: Api) -> None:
    cart = [{"configurationId": SOFA, "count": 2, "metadata": {"note": "gift"}}]
    body = {
        "platform": {"id": "5001", "platform": "shopify", "storeName": "north"},
        "orgId": api.org_id, "cart": cart, "metadata": {"a": "1"}, "status": "In Cart",
    }  # fmt: skip
    made = api.create(body).json
    query = {
        "page": "1", "perPage": "20", "sort": "-createdAt", "platform": '{"id":"5001"}',
        "cacheScope": "v1", "cacheMaxAge": "60",
    }  # fmt: skip
    assert api.call("GET", "/orders", query=query).json["count"] == 1
    path = f"/orders/{made['id']}/cart"
    assert len(api.call("POST", path, [LINE]).json["cart"]) == 2
    assert api.call("PUT", path, [LINE]).json["cart"] == [LINE]
    for resource in ("orders", "webhooks"):
        answer = api.client.get(f"/api/{resource}/healthcheck")
        assert (answer.status_code, answer.json) == (200, True)


def test_the_official_rest_client_saves_a_configuration(api: Api) -> None:
    form = Form().json("variant", {"Wood": "Oak"}).json("metadata", {"sku": "OSL-1"})
    form.json("attachments", {"front": "a.png"}).text("productVersion", "v2")
    made = send(api, form.text("productId", PRODUCT).file("files", "a.png", PNG)).json
    for query in (
        {"sku": "OSL-1"}, {"metadata": '{"sku":"OSL-1"}'}, {"productVersion": "v2"},
        {"productId": PRODUCT},
    ):  # fmt: skip
        found = api.call("GET", "/configurations", query=query).json["configurations"]
        assert [one["id"] for one in found] == [made["id"]], query
        others = api.call("GET", "/configurations", query={**query, "name": "x"}).json
        assert others["count"] == 0


def test_the_official_rest_client_sends_a_file_as_text(api: Api) -> None:
    assert errors_by_path(send(api, Form().text("files", "[{}]"))) == {"files": "A file, not text."}


def test_the_ui_kit_in_a_page(public_api: Api) -> None:
    body = {
        "originOrgId": "", "orgId": "", "customerId": None, "name": None,
        "cart": [{"configurationId": SOFA, "count": 1, "metadata": None}],
    }  # fmt: skip
    answer = public_api.client.post(
        "/api/orders", json=body, query_string={"bearer_token": public_api.secret},
        headers={"Origin": public_api.headers["Origin"]},
    )  # fmt: skip
    assert answer.status_code == 201
    assert answer.headers["Access-Control-Allow-Origin"] == public_api.headers["Origin"]


def test_a_storefront_that_fills_in_everything(api: Api, saved_short_id: str) -> None:
    body = {
        "name": "Hall", "originOrgId": "",
        "platform": {"id": "", "platform": "", "storeName": ""},
        "metadata": {}, "items": [{"id": saved_short_id, "count": 1}], "derivative": {},
        "status": "List", "orgId": api.org_id,
    }  # fmt: skip
    made = api.create(body)
    assert made.json["cart"] == [{"configurationId": saved_short_id, "count": 1}]


def test_a_storefront_with_data_of_its_users(api: Api) -> None:
    body = {
        "items": [{"id": SOFA, "count": 1}],
        "platform": {"platform": "web", "storeName": "north"},
        "metadata": {"email": "a@shop.example", "rooms": ["hall", {"floor": 2}]},
        "derivative": {},
    }
    made = api.create(body).json
    assert made["metadata"] == body["metadata"]
    assert made["cart"] == [LINE]


@pytest.mark.parametrize("kind", ["a storefront's page", "an export job"])
def test_one_that_reads_orders_with_their_configurations(api: Api, org: Org, kind: str) -> None:
    saved = org.save("Oslo chair", "OSL-1").short_id
    order = api.create({"cart": [{"configurationId": saved, "count": 1}, LINE], "name": kind}).json
    full = api.read(order["id"], query_string={"fullConfiguration": "true"}).json
    first, second = full["cart"]
    assert first["configuration"]["variant"] == {"Wood": "Oak", "Legs": "Brass"}
    assert second["configuration"] is None


def test_a_storefront_that_sends_its_token_twice(api: Api) -> None:
    answer = api.client.post(
        "/api/configurations", data=Form().json("variant", {"Wood": "Oak"}).body(),
        content_type=KIND, headers=api.headers,
        query_string={"bearer_token": api.secret, "orgId": api.org_id},
    )  # fmt: skip
    assert answer.status_code == 201


def test_a_storefront_that_saves_by_a_form(api: Api) -> None:
    form = Form().text("orgId", api.org_id).text("productId", PRODUCT).text("productVersion", "v1")
    made = send(api, form.json("metadata", {"name": "Oslo"})).json
    assert (made["productId"], made["metadata"]) == (PRODUCT, {"name": "Oslo"})


def test_the_server_of_a_shop_with_a_public_token(public_api: Api) -> None:
    del public_api.headers["Origin"]
    answer = public_api.create({"cart": [LINE]})
    assert answer.status_code == 403
    assert "This public token works only from pages on its own domains" in answer.json["detail"]


def test_a_shop_in_php(api: Api) -> None:
    made = api.create({"items": [{"id": SOFA, "count": "2"}], "metadata": {}}).json
    assert made["cart"] == [{**LINE, "count": 2}]
    # `json_decode($x, true)` and `json_encode` turn each {} into [].
    back: dict[str, Any] = json.loads(json.dumps(made).replace("{}", "[]"))
    changed = api.call("PUT", f"/orders/{made['id']}", {**back, "name": "Hall"})
    assert (changed.status_code, changed.json["metadata"]) == (200, {})
    api.create({"status": "List"})
    for name in ("status[]", "status[0]"):
        assert api.call("GET", "/orders", query=[(name, "New")]).json["count"] == 1


@pytest.mark.parametrize("name", ["status[]", "platform[id]", "platform.id"])
def test_axios_and_generated_clients_write_filters_so(api: Api, name: str) -> None:
    api.create({"cart": [LINE], "platform": {"id": "New"}})
    api.create({"status": "List"})
    assert api.call("GET", "/orders", query=[(name, "New")]).json["count"] == 1


def test_generated_clients_that_spread_an_object(api: Api) -> None:
    answer = api.call("GET", "/orders", query={"id": "5001"})
    assert answer.status_code == 422
    assert "platform" in answer.json["errors"][0]["message"]


def test_shop_connectors_with_numbers_for_ids(api: Api) -> None:
    made = api.create({"cart": [LINE], "platform": {"id": 4711}, "customerId": 815}).json
    assert (made["platform"]["id"], made["customerId"]) == ("4711", "815")


def test_pages_with_monitoring(public_api: Api) -> None:
    names = "content-type,sentry-trace,baggage,traceparent,tracestate,x-datadog-origin"
    headers = {
        "Origin": public_api.headers["Origin"], "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": names,
    }  # fmt: skip
    answer = public_api.client.options("/api/orders", headers=headers)
    assert answer.headers["Access-Control-Allow-Headers"] == names


def test_old_windows_tools_with_a_byte_order_mark(api: Api) -> None:
    assert api.post(b"\xef\xbb\xbf" + json.dumps({"cart": [LINE]}).encode()).status_code == 201
