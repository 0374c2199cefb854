"""`GET /api/configurations`: pages, filters, and which tokens may call it."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from orders.storage import database
from orders.storage.models.orgs import Org as OrgRow
from tests.api.calls import Api
from tests.api.configuration_calls import PRODUCT, create


def listed(api: Api, **query: Any) -> Any:  # noqa: ANN401 - the answer's JSON
    answer = api.client.get("/api/configurations", query_string=query, headers=api.headers)
    assert answer.status_code == 200, answer.text
    return answer.json


def short_ids(api: Api, **query: Any) -> list[str]:  # noqa: ANN401 - query parameters
    return [one["shortId"] for one in listed(api, **query)["configurations"]]


@pytest.fixture
def three(api: Api, foreign_api: Api) -> list[dict[str, Any]]:
    create(foreign_api, {"shortId": "foreign", "customerId": "C-1"})
    bodies: list[dict[str, Any]] = [
        {"shortId": "first-1", "customerId": "C-1", "metadata": {"name": "Oslo chair"}},
        {"shortId": "second-2", "customerId": "C-2", "productId": PRODUCT},
        {"shortId": "third-3", "customerId": "C-1", "identifier": "basket"},
    ]
    return [create(api, body).json for body in bodies]


def test_a_list_contains_whole_configurations_newest_first(
    api: Api, three: list[dict[str, Any]]
) -> None:
    assert listed(api) == {
        "configurations": listed(api, sort="-createdAt")["configurations"],
        "count": 3, "countIsExact": True, "page": 1, "perPage": 50, "sort": "-createdAt",
        "next": None, "ignoredParameters": [],
    }  # fmt: skip
    found = {one["id"]: one for one in listed(api)["configurations"]}
    assert found == {one["id"]: one for one in three}


def test_pages_contain_each_once(api: Api, three: list[dict[str, Any]]) -> None:
    pages = [listed(api, perPage=1, page=number, sort="shortId") for number in (1, 2, 3, 4)]
    found = [[one["shortId"] for one in page["configurations"]] for page in pages]
    assert found == [["first-1"], ["second-2"], ["third-3"], []]
    assert all(page["count"] == 3 and page["perPage"] == 1 for page in pages)


FILTERS: dict[str, tuple[dict[str, str], set[str]]] = {
    "short ID": ({"shortId": "first-1"}, {"first-1"}),
    "short ID of another org": ({"shortId": "foreign"}, set()),
    "several short IDs": ({"shortId": '["first-1", "third-3"]'}, {"first-1", "third-3"}),
    "product": ({"productId": PRODUCT.upper()}, {"second-2"}),
    "customer": ({"customerId": "C-1"}, {"first-1", "third-3"}),
    "customer as JSON text": ({"customerId": '"C-1"'}, {"first-1", "third-3"}),
    "identifier": ({"identifier": "basket"}, {"third-3"}),
    "name": ({"name": "Oslo chair"}, {"first-1"}),
    "two at once": ({"customerId": "C-1", "identifier": "basket"}, {"third-3"}),
    "from": ({"createdFrom": "2020-01-01"}, {"first-1", "second-2", "third-3"}),
    "from the future": ({"createdFrom": "2999-01-01T00:00:00Z"}, set()),
    "to the past": ({"createdTo": "2020-01-01"}, set()),
    "unknown parameters": ({"_": "17", "cache": "no"}, {"first-1", "second-2", "third-3"}),
    "an empty one": ({"customerId": ""}, {"first-1", "second-2", "third-3"}),
}


@pytest.mark.parametrize("name", FILTERS)
def test_filters(api: Api, three: list[dict[str, Any]], name: str) -> None:
    query, expected = FILTERS[name]
    assert set(short_ids(api, **query)) == expected
    assert listed(api, **query)["count"] == len(expected)


def test_what_has_no_value_comes_last(api: Api, three: list[dict[str, Any]]) -> None:
    for sort in ("identifier", "-identifier", "name", "-name"):
        first = "first-1" if "name" in sort else "third-3"
        assert short_ids(api, sort=sort)[0] == first, sort


def test_malformed_parameters_are_reported_all_at_once(api: Api) -> None:
    query = {"productId": "x", "page": "0", "perPage": "many", "sort": "variant",
             "createdFrom": "yesterday", "customerId": "x" * 256}  # fmt: skip
    answer = api.client.get("/api/configurations", query_string=query, headers=api.headers)
    assert answer.status_code == 422
    assert answer.json is not None
    assert {error["path"] for error in answer.json["errors"]} == set(query)


def test_another_org_may_not_be_asked_for(api: Api, foreign_api: Api) -> None:
    assert listed(api, orgId=api.org_id)["count"] == 0
    answer = api.client.get(
        "/api/configurations", query_string={"orgId": foreign_api.org_id}, headers=api.headers
    )
    assert answer.status_code == 403


def test_a_public_token_finds_one_by_its_short_id_and_lists_when_the_org_allows_it(
    app: Flask, public_api: Api, three: list[dict[str, Any]]
) -> None:
    address = "/api/configurations"
    assert public_api.client.get(address, headers=public_api.headers).status_code == 403
    assert short_ids(public_api, shortId="first-1") == ["first-1"]
    raised = (
        update(OrgRow)
        .where(OrgRow.id == public_api.org_id)
        .values(may_public_list=True, rules_version=OrgRow.rules_version + 1)
    )
    with app.app_context():
        database.write(lambda connection: connection.execute(raised))
    assert listed(public_api)["count"] == 3
