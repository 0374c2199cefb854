"""Filters of lists never fail open: other spellings are understood, near misses are refused."""

import base64
import json
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from orders.storage import pages
from tests.actors import Org
from tests.api.calls import Api

pytestmark = pytest.mark.one_database(reason="the SQL is that of services, whose tests run on both")

SOFA = "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11"
LINE = {"configurationId": SOFA, "count": 1}


@pytest.fixture
def three(api: Api) -> list[str]:
    """Create three orders; return their names."""
    api.create({"cart": [LINE], "name": "a", "customerId": "C-1", "platform": {"id": "1"}})
    api.create({"cart": [LINE], "name": "b", "status": "Complete", "platform": {"id": "2"}})
    api.create({"status": "List", "name": "c", "platform": {"id": "2", "storeName": "North"}})
    return ["a", "b", "c"]


def names(api: Api, query: list[tuple[str, str]]) -> list[str]:
    answer = api.call("GET", "/orders", query=query)
    assert answer.status_code == 200, answer.text
    return sorted(order["name"] for order in answer.json["orders"])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ([("status[]", "New")], "a"),
        ([("status[]", "New"), ("status[]", "List")], "ac"),
        ([("status[0]", "New"), ("status[1]", "Complete")], "ab"),
        ([("status", "New"), ("status[]", "List")], "ac"),
        ([("platform[id]", "2")], "bc"),
        ([("platform[id]", "2"), ("platform[storeName]", "North")], "c"),
        ([("platform.id", "1")], "a"),
        ([("platform[id]", "")], "abc"),
        ([("customer_id", "C-1")], "a"),
        ([("created_from", "2020-01-01"), ("origin_org_id", "x")], ""),
        ([("limit", "2"), ("sort", "name")], "ab"),
        ([("per_page", "2"), ("sort", "name")], "ab"),
        ([("name[]", "b")], "b"),
    ],
)
def test_another_spelling_is_understood(
    api: Api, three: list[str], query: list[tuple[str, str]], expected: str
) -> None:
    assert names(api, query) == list(expected)


@pytest.mark.parametrize(
    ("sent", "known"),
    [
        ("custmerId", "customerId"), ("costumerId", "customerId"), ("CustomerId", "customerId"),
        ("customer-id", "customerId"), ("updatdFrom", "updatedFrom"), ("statuss", "status"),
        ("Status", "status"), ("stauts", "status"), ("nmae", "name"), ("names", "name"),
        ("pages", "page"), ("perpage", "perPage"), ("shortid", "shortId"), ("ShortIDs", "shortId"),
        ("platfrom", "platform"), ("platfrom[id]", "platform"), ("statuss[]", "status"),
        ("orgid", "orgId"), ("org_ids", "orgId"), ("sorts", "sort"), ("afterr", "after"),
        ("fullconfiguration", "fullConfiguration"), ("id", "platform"), ("storeName", "platform"),
        ("status[eq]", "status"), ("createdFrom[gte]", "createdFrom"), ("page[number]", "page"),
        ("platform[id][]", "platform"), ("platform[]", "platform"), ("platform[a][b]", "platform"),
    ],
)  # fmt: skip
def test_a_near_miss_is_refused_and_names_the_known_one(api: Api, sent: str, known: str) -> None:
    answer = api.call("GET", "/orders", query=[(sent, "1")])
    assert answer.status_code == 422
    [error] = answer.json["errors"]
    assert error["path"] == sent
    assert known in error["message"]


def test_other_parameters_are_ignored_and_reported(api: Api, three: list[str]) -> None:
    query = {"cacheScope": "v1", "cacheMaxAge": "60", "_": "17", "utm_source": "mail", "q[a]": "1"}
    found = api.call("GET", "/orders", query={**query, "name": "a"}).json
    assert found["count"] == 1
    assert found["ignoredParameters"] == list(query)
    assert (
        api.call("GET", "/orders", query={"bearer_token": api.secret}).json["ignoredParameters"]
        == []
    )
    for path in ("configurations", "webhooks", "accesstokens"):
        listed = api.call("GET", f"/{path}", query={"_": "17"}).json
        assert listed["ignoredParameters"] == ["_"]
        assert api.call("GET", f"/{path}", query={"perPgae": "17"}).status_code == 422


def test_two_values_of_one_filter_in_two_spellings_are_refused(api: Api) -> None:
    query = [("customerId", "C-1"), ("customer_id", "C-2")]
    assert api.call("GET", "/orders", query=query).status_code == 422
    query = [("platform[id]", "1"), ("platform", '{"id": "2"}')]
    assert api.call("GET", "/orders", query=query).status_code == 422
    query = [("platform[id]", "1"), ("platform.id", "2")]
    assert api.call("GET", "/orders", query=query).status_code == 422


def test_a_public_token_lists_by_short_ids_in_any_spelling(api: Api, public_api: Api) -> None:
    code = api.create({"cart": [LINE]}).json["shortId"]
    for name in ("shortId", "shortId[]", "short_id", "shortId[0]"):
        found = public_api.call("GET", "/orders", query=[(name, code)])
        assert found.json["count"] == 1, name
    assert public_api.call("GET", "/orders", query=[("shortIds", code)]).status_code == 422
    assert public_api.call("GET", "/orders", query=[("name", "x")]).status_code == 403


@pytest.mark.parametrize("code", ["46Juzcyx", "abc-DEF_1", "46Juzcyxxxxxxx", "1234567"])
def test_a_short_id_of_another_platform_finds_nothing(api: Api, code: str) -> None:
    api.create({"cart": [LINE]})
    assert api.call("GET", "/orders", query={"shortId": code}).json["orders"] == []
    mine = api.create({"cart": [LINE]}).json["shortId"]
    both = api.call("GET", "/orders", query=[("shortId", code), ("shortId", mine)])
    assert [order["shortId"] for order in both.json["orders"]] == [mine]


@pytest.mark.parametrize("code", ["7KQ4M2XD9T3A", "7KQ4 M2XD 9T3A", "short", "x" * 15, "ab cd efg"])
def test_a_mistyped_short_id_is_refused(api: Api, code: str) -> None:
    assert api.call("GET", "/orders", query={"shortId": code}).status_code == 422


def test_orders_are_found_by_their_last_change(api: Api, three: list[str]) -> None:
    order = api.call("GET", "/orders", query={"name": "a"}).json["orders"][0]
    before = order["updatedAt"]
    changed = api.call("PUT", f"/orders/{order['id']}", {"customerId": "C-2"}).json["updatedAt"]
    assert names(api, [("updatedFrom", changed)]) == ["a"]
    assert "a" not in names(api, [("updatedTo", before)])
    assert api.call("GET", "/orders", query={"updatedFrom": "soon"}).status_code == 422


def test_configurations_are_found_by_what_they_are(api: Api, org: Org) -> None:
    org.save("Oslo chair", "OSL-1")
    product = "e5d536ec-e89c-46fc-8773-7e54ba70517a"
    body = {
        "productId": product, "productVersion": "v2", "customerId": "C-9",
        "metadata": {"sku": "OSL-2", "range": "Oslo", "size": 3},
    }  # fmt: skip
    made = api.call("POST", "/configurations", body).json["id"]
    for query in (
        {"sku": "OSL-2"}, {"metadata": '{"range": "Oslo"}'}, {"metadata[range]": "Oslo"},
        {"metadata": '{"size": 3}'}, {"productVersion": "v2"}, {"product_version": "v2"},
        {"productId": product}, {"customerId": "C-9"},
    ):  # fmt: skip
        found = api.call("GET", "/configurations", query=query).json
        assert [one["id"] for one in found["configurations"]] == [made], query
    for query in ({"sku": "OSL"}, {"metadata": '{"range": "Bergen"}'}, {"productVersion": "v"}):
        assert api.call("GET", "/configurations", query=query).json["count"] == 0, query


def test_tokens_are_found_by_the_id_under_which_they_act(api: Api) -> None:
    found = api.call("GET", "/accesstokens", query={"serviceAccountId": api.token_id}).json
    assert [token["id"] for token in found["accesstokens"]] == [api.token_id]
    other = api.call("GET", "/accesstokens", query={"serviceAccountId": SOFA}).json
    assert other["count"] == 0


def cursor(*values: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def walk(api: Api, **query: str) -> Iterator[str]:
    """Yield the names of all orders, page by page, as long as there is a next one."""
    after = ""
    while True:
        page = api.call("GET", "/orders", query={**query, "after": after})
        assert page.status_code == 200, page.text
        yield from (order["name"] for order in page.json["orders"])
        after = page.json["next"]
        if after is None:
            return


def test_a_number_of_an_integer_column_beyond_32_bits_is_refused(api: Api) -> None:
    query = {"sort": "status", "after": cursor("status", 2**40, "x")}
    assert api.call("GET", "/orders", query=query).status_code == 422


def test_many_names_are_refused(api: Api) -> None:
    names = [(f"a{number:03}", "") for number in range(101)]
    assert api.call("GET", "/orders", query=names).status_code == 422
    assert api.call("GET", "/orders", query=[("shortId", "46Juzcyx")] * 300).status_code == 200


@pytest.mark.parametrize("query", [{"shortId": "[]"}, {"status": "[]"}, {"filter[status]": "New"}])
def test_a_filter_by_nothing_is_refused(api: Api, query: dict[str, str]) -> None:
    assert api.call("GET", "/orders", query=query).status_code == 422


def test_a_number_finds_the_platform_id_that_was_sent_as_one(api: Api) -> None:
    made = api.create({"cart": [LINE], "platform": {"id": 4711}}).json
    found = api.call("GET", "/orders", query={"platform": '{"id": 4711}'}).json["orders"]
    assert [order["id"] for order in found] == [made["id"]]


@pytest.mark.parametrize(
    "sort", ["createdAt", "-createdAt", "name", "-name", "status", "-updatedAt", "customerId"]
)
def test_following_next_visits_every_order_once(
    api: Api, sort: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "SETTLED_AFTER", timedelta(0))
    for number in range(7):
        name = f"order {number % 3} {number}"
        api.create({"name": name, "customerId": f"C-{number % 2}" if number else None,
                    "status": "List"})  # fmt: skip
    whole = api.call("GET", "/orders", query={"sort": sort}).json["orders"]
    assert list(walk(api, sort=sort, perPage="2")) == [order["name"] for order in whole]


def test_a_poller_misses_nothing_and_repeats_nothing(api: Api) -> None:
    query = {"sort": "updatedAt", "perPage": "2", "updatedFrom": "2020-01-01"}
    seen: list[str] = []
    after, number, deadline = "", 0, time.monotonic() + 20
    while len(seen) < 9 and time.monotonic() < deadline:
        if number < 9:
            api.create({"status": "List", "name": str(number)})
            number += 1
        page = api.call("GET", "/orders", query={**query, "after": after})
        seen += [order["name"] for order in page.json["orders"]]
        after = page.json["next"] or after
        time.sleep(0.05)
    assert seen == [str(number) for number in range(9)]


def test_a_walk_leaves_young_entries_for_later_and_pages_by_number_do_not(api: Api) -> None:
    for number in range(3):
        api.create({"status": "List", "name": str(number)})
    by_number = {"sort": "createdAt", "perPage": "2"}
    assert len(api.call("GET", "/orders", query=by_number).json["orders"]) == 2
    walked = api.call("GET", "/orders", query={**by_number, "after": ""}).json
    assert (walked["orders"], walked["next"]) == ([], None)
    descending = api.call("GET", "/orders", query={"perPage": "3"}).json
    assert descending["next"] is None


@pytest.mark.parametrize("after", [
        "x", "bnVsbA", "W10", "9" * 3000, "W1wibmFtZVwiLDEsMl0",
        # Times that no time zone can have, and one without a zone.
        cursor("-createdAt", "0001-01-01T00:00:00+14:00", "x"),
        cursor("-createdAt", "9999-12-31T23:59:59-14:00", "x"),
        cursor("-createdAt", "2026-01-01T00:00:00", "x"),
    ],
)  # fmt: skip
def test_a_cursor_that_is_none_is_refused(api: Api, after: str) -> None:
    answer = api.call("GET", "/orders", query={"after": after})
    assert [error["path"] for error in answer.json["errors"]] == ["after"]


def test_a_cursor_of_another_sort_or_with_a_page_is_refused(api: Api) -> None:
    for _ in range(2):
        api.create({"status": "List"})
    cursor = api.call("GET", "/orders", query={"perPage": "1"}).json["next"]
    for query in ({"sort": "name"}, {"page": "2"}):
        answer = api.call("GET", "/orders", query={**query, "after": cursor})
        assert [error["path"] for error in answer.json["errors"]] == ["after"]
    assert api.call("GET", "/configurations", query={"after": cursor}).status_code in {200, 422}


class TestFullConfiguration:
    """`fullConfiguration=true` puts the saved configuration into each line."""

    def test_a_large_one_in_many_lines_is_refused(self, api: Api) -> None:
        body = {"sceneGraphState": {"nodes": "x" * 100_000}}
        saved = api.call("POST", "/configurations", body).json["id"]
        cart = [{"configurationId": saved, "count": 1}] * 400
        made = api.create({"cart": cart}).json
        query = {"fullConfiguration": "true"}
        answer = api.call("GET", f"/orders/{made['id']}", query=query)
        assert [error["path"] for error in answer.json["errors"]] == ["fullConfiguration"]

    def test_of_one_order_and_of_a_list(self, api: Api, saved_short_id: str) -> None:
        cart = [{"configurationId": saved_short_id, "count": 1}, LINE]
        made = api.create({"cart": cart}).json
        saved = api.call("GET", f"/configurations/{saved_short_id}").json
        full = api.call("GET", f"/orders/{made['id']}", query={"fullConfiguration": "true"}).json
        listed = api.call("GET", "/orders", query={"fullConfiguration": "true"}).json["orders"][0]
        for lines in (full["cart"], listed["cart"]):
            assert [line["configuration"] for line in lines] == [saved, None]
        for query in ({}, {"fullConfiguration": "false"}):
            assert api.call("GET", f"/orders/{made['id']}", query=query).json == made
        odd = {"fullConfiguration": "yes"}
        assert api.call("GET", f"/orders/{made['id']}", query=odd).status_code == 422
        assert api.call("GET", "/orders", query=odd).status_code == 422

    def test_by_the_uuid_too(self, api: Api, saved_short_id: str) -> None:
        saved = api.call("GET", f"/configurations/{saved_short_id}").json
        made = api.create({"cart": [{"configurationId": saved["id"], "count": 1}]}).json
        full = api.call("GET", f"/orders/{made['id']}", query={"fullConfiguration": "true"}).json
        assert full["cart"][0]["configuration"] == saved

    def test_the_answer_can_be_sent_back(self, api: Api, saved_short_id: str) -> None:
        cart = [{"configurationId": saved_short_id, "count": 1}, LINE]
        made = api.create({"cart": cart}).json
        path = f"/orders/{made['id']}"
        full = api.call("GET", path, query={"fullConfiguration": "true"}).json
        changed = api.call("PUT", path, {**full, "name": "Hall"})
        assert changed.status_code == 200, changed.text
        assert changed.json["cart"] == cart
        full["cart"][0]["configuration"] = {"id": [1]}
        refused = api.call("PUT", path, full)
        assert [error["path"] for error in refused.json["errors"]] == ["cart.0.configuration"]

    def test_not_of_another_org(self, api: Api, foreign_api: Api, saved_short_id: str) -> None:
        saved = api.call("GET", f"/configurations/{saved_short_id}").json["id"]
        made = foreign_api.create({"cart": [{"configurationId": saved, "count": 1}]}).json
        query = {"fullConfiguration": "true"}
        full = foreign_api.call("GET", f"/orders/{made['id']}", query=query).json
        assert full["cart"][0]["configuration"] is None
