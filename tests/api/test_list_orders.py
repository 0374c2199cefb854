"""Contract: the list of orders, with filters, sorting and pages."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from orders.services.accounts import orgs
from orders.storage import database
from orders.storage.models.orgs import Org as OrgTable
from tests.actors import Org
from tests.api.calls import Api, listed

SOFA = "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11"
LAMP = "7d9e2f10-1c5b-4f7a-8a31-3f2e5d6c7b8a"
LINE = {"configurationId": SOFA, "count": 2}
Query = dict[str, str]


@pytest.fixture
def names(api: Api) -> Callable[[Query], list[str]]:
    """Return the names of the orders that a query finds."""

    def find(query: Query) -> list[str]:
        answer = api.call("GET", "/orders", query=query)
        assert answer.status_code == 200, answer.text
        assert answer.json["count"] == len(answer.json["orders"])
        return [order["name"] for order in answer.json["orders"]]

    return find


def test_the_list_contains_whole_orders_newest_first(api: Api) -> None:
    made = [api.create({"name": name, "cart": [LINE]}).json for name in ("a", "b", "c")]
    assert api.call("GET", "/orders").json == {
        "orders": [listed(order) for order in made[::-1]], "count": 3, "countIsExact": True,
        "page": 1, "perPage": 50, "sort": "-createdAt", "next": None, "ignoredParameters": [],
    }  # fmt: skip


def test_pages_contain_everything_once(api: Api) -> None:
    made = [api.create({"name": "same", "cart": [LINE]}).json["id"] for _ in range(7)]
    for sort in ("name", "-name", "status", "createdAt", "-updatedAt", "customerId", "shortId"):
        seen: list[str] = []
        for page in ("1", "2", "3", "4"):
            answer = api.call(
                "GET", "/orders", query={"page": page, "perPage": "2", "sort": sort}
            ).json
            assert (answer["count"], answer["page"], answer["perPage"]) == (7, int(page), 2)
            assert answer["sort"] == sort
            seen += [order["id"] for order in answer["orders"]]
        assert sorted(seen) == sorted(made)
    assert api.call("GET", "/orders", query={"page": "5", "perPage": "2"}).json["orders"] == []


def test_orders_are_counted_up_to_a_limit(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orders.services.orders.order_list.MOST_COUNTED", 3)
    for _ in range(7):
        api.create({"name": "same", "status": "List", "cart": [LINE]})
    api.create({"name": "other", "cart": [LINE]})

    def counts(**query: str) -> list[tuple[int, bool]]:
        """Return what each page says until `count` promises no further one, as clients do."""
        found: list[tuple[int, bool]] = []
        page = 0
        while not found or page * 2 < found[-1][0]:
            page += 1
            sent = {"perPage": "2", "page": str(page), **query}
            answer = api.call("GET", "/orders", query=sent).json
            assert len(answer["orders"]) == 2 or page * 2 > answer["count"]
            found.append((answer["count"], answer["countIsExact"]))
        return found

    assert counts(name="same") == [(3, False), (5, False), (7, False), (7, True)]
    assert counts(name="other") == [(1, True)]
    # These are known without counting.
    assert counts() == [(8, True)] * 4
    assert counts(status="List") == [(7, True)] * 4
    assert counts(status="New") == [(1, True)]
    walked = api.call("GET", "/orders", query={"name": "same", "perPage": "5", "after": ""}).json
    assert (walked["count"], walked["countIsExact"]) == (3, False)
    query = {"name": "same", "perPage": "5", "after": walked["next"]}
    assert len(api.call("GET", "/orders", query=query).json["orders"]) == 2
    assert api.call("GET", "/orders", query={"name": "same", "page": "9"}).json["count"] == 3


def test_far_pages_are_read_by_cursor(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orders.storage.pages.MOST_SKIPPED", 4)
    for _ in range(6):
        api.create({"name": "same", "cart": [LINE]})

    def page(number: int) -> Any:  # noqa: ANN401 - an answer
        return api.call("GET", "/orders", query={"perPage": "2", "page": str(number)})

    assert len(page(3).json["orders"]) == 2
    refused = page(4)
    assert refused.status_code == 422
    assert [error["path"] for error in refused.json["errors"]] == ["page"]
    assert "`after`" in refused.json["errors"][0]["message"]
    # Where nothing is that far, there is nothing to continue with.
    few = api.call("GET", "/orders", query={"name": "none", "page": "1000000"})
    assert (few.status_code, few.json["orders"]) == (200, [])


def test_sorting_goes_both_ways_and_leaves_nothing_for_the_end(api: Api) -> None:
    for name in ("b", None, "a"):
        api.create({"name": name, "cart": [LINE]})

    def sorted_by(sort: str) -> list[str | None]:
        orders = api.call("GET", "/orders", query={"sort": sort}).json["orders"]
        return [order["name"] for order in orders]

    assert sorted_by("name") == ["a", "b", None]
    assert sorted_by("-name") == ["b", "a", None]


def test_statuses_are_sorted_by_their_steps(api: Api) -> None:
    for status in ("Complete", "List", "New", "In Cart", "In Progress"):
        api.create({"status": status, "cart": [LINE]})
    orders = api.call("GET", "/orders", query={"sort": "status"}).json["orders"]
    assert [order["status"] for order in orders] == [
        "List", "In Cart", "New", "In Progress", "Complete",
    ]  # fmt: skip


def test_each_filter_finds_what_is_equal(api: Api, names: Callable[[Query], list[str]]) -> None:
    first = api.create(
        {"name": "first", "customerId": "C-1", "originOrgId": "reseller", "status": "In Cart",
         "cart": [LINE]}
    ).json  # fmt: skip
    api.create({"name": "second", "customerId": "C-10", "cart": [LINE]})
    for query in (
        {"name": "first"}, {"customerId": "C-1"}, {"originOrgId": "reseller"},
        {"status": "In Cart"}, {"shortId": first["shortId"]}, {"shortId": first["shortId"].lower()},
        {"name": "first", "customerId": "C-1"},
    ):  # fmt: skip
        assert names(query) == ["first"], query
    assert names({"name": "FIRST"}) == []
    assert names({"name": "first", "customerId": "C-10"}) == []
    assert names({"orgId": api.org_id.upper(), "sort": "name"}) == ["first", "second"]


def test_values_may_come_as_json_text(api: Api, names: Callable[[Query], list[str]]) -> None:
    api.create({"name": "first", "cart": [LINE]})
    api.create({"name": "second", "status": "In Cart"})
    assert names({"name": '"first"', "perPage": '"20"', "page": "1", "sort": '"name"'}) == ["first"]
    assert names({"status": '["New", "Complete"]'}) == ["first"]
    assert names({"status": '["New", "In Cart"]', "sort": "name"}) == ["first", "second"]


def test_a_filter_may_be_repeated(api: Api) -> None:
    for status in ("List", "New", "Complete"):
        api.create({"status": status, "cart": [LINE]})
    query = [("status", "List"), ("status", "Complete")]
    assert api.call("GET", "/orders", query=query).json["count"] == 2


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ('{"id": "A-1"}', ["one"]),
        ('{"id": "A-1", "storeName": "North"}', ["one"]),
        ('{"id": "A-1", "storeName": "South"}', []),
        ('{"storeName": "North"}', ["one", "two"]),
        ('{"rank": 1}', ["one", "two"]),
        ('{"rank": 1.0}', ["one", "two"]),
        ('{"rank": true}', ["three"]),
        ('{"rank": "1"}', []),
        ('{"storeName": null}', ["bare", "three"]),
        ('{"quote\\" : $.a": "x"}', ["three"]),
        ("{}", ["bare", "one", "three", "two"]),
    ],
)
def test_the_platform_matches_by_the_keys_that_it_names(
    api: Api, names: Callable[[Query], list[str]], wanted: str, found: list[str]
) -> None:
    for name, platform in {
        "one": {"id": "A-1", "storeName": "North", "rank": 1},
        "two": {"id": "A-10", "storeName": "North", "rank": 1.0},
        "three": {"id": "1", "rank": True, "storeName": None, 'quote" : $.a': "x"},
        "bare": {},
    }.items():
        api.create({"name": name, "platform": platform, "cart": [LINE]})
    assert names({"platform": wanted, "sort": "name"}) == found


def test_the_orders_of_a_configuration_are_found_by_either_of_its_ids(
    api: Api, org: Org, names: Callable[[Query], list[str]]
) -> None:
    card = org.save("Oslo chair", "OSL-1")
    for name, reference in {"uuid": card.id, "short": card.short_id, "other": LAMP}.items():
        api.create({"name": name, "cart": [LINE, {"configurationId": reference, "count": 1}]})
    for reference in (card.id, card.id.upper(), card.short_id):
        assert names({"configurationId": reference, "sort": "name"}) == ["short", "uuid"]
    assert names({"configurationId": LAMP.upper()}) == ["other"]
    assert names({"configurationId": "unknown-1"}) == []


def test_times_are_inclusive_and_a_day_is_a_whole_day(
    api: Api, names: Callable[[Query], list[str]]
) -> None:
    made = api.create({"name": "now", "cart": [LINE]}).json["createdAt"]
    at = datetime.fromisoformat(made)
    today, tomorrow = (f"{at + timedelta(days=days):%Y-%m-%d}" for days in (0, 1))
    plus = at.astimezone().isoformat()
    for query in (
        {"createdFrom": made}, {"createdTo": made}, {"createdFrom": today, "createdTo": today},
        {"createdFrom": plus, "createdTo": plus.replace("+", " ")},
        {"createdTo": f"{(at + timedelta(seconds=1)).replace(tzinfo=None).isoformat()}"},
    ):  # fmt: skip
        assert names(query) == ["now"], query
    later = (at + timedelta(milliseconds=1)).isoformat().replace("+00:00", "Z")
    assert names({"createdFrom": later}) == []
    assert names({"createdFrom": tomorrow}) == []
    assert names({"createdTo": f"{at.astimezone(UTC) - timedelta(days=1):%Y-%m-%d}"}) == []


def test_hints_that_clients_add_for_themselves_are_ignored(api: Api) -> None:
    api.create({"cart": [LINE]})
    query = {"cacheScope": "x", "cacheMaxAge": "{", "bearer_token": api.secret, "_": "0"}
    assert api.call("GET", "/orders", query=query).json["count"] == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("page", "0"), ("page", "x"), ("page", "1.5"), ("page", "-1"), ("page", "²"),
        ("page", "99999999999999999999"), ("perPage", "0"), ("perPage", "1001"), ("perPage", "[]"),
        ("sort", "secret"), ("sort", "--name"), ("status", "Gone"), ("status", "[1]"),
        ("status", "["), ("platform", "A-1"), ("platform", "[1]"), ("platform.a", '{"a": [1]}'),
        ("createdFrom", "yesterday"), ("createdFrom", "2026-02-30"), ("createdTo", "2026-13-01T00"),
        ("createdTo", "0001-01-01T00:00:00+23:59"), ("shortId", "7KQ4M2XD9T3A"), ("shortId", "'"),
        ("configurationId", "x"), ("name", "x" * 256), ("customerId", "a\0b"),
    ],
)  # fmt: skip
@pytest.mark.one_database(reason="the parameters are refused before the search")
def test_a_known_parameter_with_a_malformed_value_is_422_by_its_name(
    api: Api, name: str, value: str
) -> None:
    answer = api.call("GET", "/orders", query={name.partition(".")[0]: value})
    assert answer.status_code == 422, answer.text
    assert [error["path"] for error in answer.json["errors"]] == [name]


def test_all_malformed_parameters_are_reported_at_once(api: Api) -> None:
    answer = api.call("GET", "/orders", query={"page": "x", "sort": "x", "status": "x"})
    assert {error["path"] for error in answer.json["errors"]} == {"page", "sort", "status"}


def test_another_org_is_403_and_its_orders_are_never_listed(api: Api, foreign_api: Api) -> None:
    api.create({"cart": [LINE]})
    assert foreign_api.call("GET", "/orders").json["count"] == 0
    assert foreign_api.call("GET", "/orders", query={"orgId": api.org_id}).status_code == 403


def test_a_public_token_lists_by_short_id_only(api: Api, public_api: Api, app: Flask) -> None:
    made: dict[str, Any] = api.create({"cart": [LINE]}).json
    assert public_api.call("GET", "/orders").status_code == 403
    assert public_api.call("GET", "/orders", query={"status": "New"}).status_code == 403
    assert public_api.call("GET", "/orders", query={"shortId": ""}).status_code == 403
    found = public_api.call("GET", "/orders", query={"shortId": made["shortId"]})
    assert found.json["orders"] == [listed(made)]
    with app.app_context():

        def allow(connection: Any) -> None:  # noqa: ANN401 - a connection
            connection.execute(
                update(OrgTable).where(OrgTable.id == api.org_id).values(may_public_list=True)
            )
            orgs.bump_rules_version(connection, api.org_id)

        database.write(allow)
    assert public_api.call("GET", "/orders").json["orders"] == [listed(made)]


def test_an_unknown_token_lists_nothing(api: Api) -> None:
    api.headers["Authorization"] = "Bearer unknown"
    assert api.call("GET", "/orders").status_code == 401
