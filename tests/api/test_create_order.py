"""Contract: the order, its cart and the deprecated `items`, through `POST /api/orders`."""

import re
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from orders.domain.inputs import Limits
from orders.services.orders import intake
from tests.actors import Org
from tests.api.calls import Api

StoredRows = Callable[[], dict[str, int]]

SOFA = "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11"
LAMP = "7d9e2f10-1c5b-4f7a-8a31-3f2e5d6c7b8a"
LINE = {"configurationId": SOFA, "count": 2}


def test_it_works(api: Api) -> None:
    answer = api.create({"cart": [LINE]})
    assert answer.status_code == 201
    order = answer.json
    assert answer.headers["Location"] == f"/api/orders/{order['shortId']}"
    assert api.read(order["shortId"]).json == order
    assert api.read(order["id"]).json == order


def test_the_answer_contains_every_field(api: Api) -> None:
    order = api.create({"cart": [LINE]}).json
    assert list(order) == [
        "id", "shortId", "orgId", "originOrgId", "name", "customerId", "platform", "metadata",
        "derivative", "cart", "items", "status", "createdAt", "updatedAt", "createdBy", "deletedAt",
        "canceledAt", "cancelReason",
        "warnings",
    ]  # fmt: skip
    UUID(order["id"])
    assert re.fullmatch(r"[a-zA-Z0-9_-]{7,14}", order["shortId"])
    assert order["orgId"] == api.org_id
    assert order["originOrgId"] == api.org_id
    assert (order["name"], order["customerId"], order["deletedAt"]) == (None, None, None)
    assert (order["platform"], order["metadata"], order["derivative"]) == ({}, {}, {})
    assert order["items"] == []
    assert order["status"] == "New"
    assert order["createdBy"] == api.token_id


def test_times_are_utc_with_milliseconds_and_equal_on_a_new_order(api: Api) -> None:
    order = api.create({"cart": [LINE]}).json
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", order["createdAt"])
    assert order["updatedAt"] == order["createdAt"]
    assert datetime.fromisoformat(order["createdAt"]).tzinfo is not None


def test_every_field_comes_back_as_sent(api: Api) -> None:
    sent = {
        "name": "Reception, 2nd floor ☕",
        "customerId": "C-1029",
        "originOrgId": "reseller-7",
        "platform": {"id": "100045", "platform": "shopify", "storeName": None, "channel": ["web"]},
        "metadata": {"gift": True, "weight": 12.5, "note": None, "box": {"w": 1, "h": -2}},
        "derivative": {"render": "x"},
        "cart": [
            {"configurationId": SOFA, "count": 2, "metadata": {"z": [1, {"a": None}], "a": 1e2}},
            {"configurationId": LAMP, "count": 1_000_000},
            {"configurationId": SOFA, "count": 1, "metadata": {}},
        ],
        "status": "In Progress",
    }
    created = api.create(sent).json
    order = api.read(created["shortId"]).json
    assert created == order
    assert {key: order[key] for key in sent} == sent
    assert list(order["cart"][0]["metadata"]) == ["z", "a"]


def test_lines_keep_their_order(api: Api) -> None:
    cart = [{"configurationId": SOFA, "count": n} for n in range(1, 60)]
    order = api.create({"cart": cart}).json
    assert api.read(order["id"]).json["cart"] == cart


def test_marks_that_copying_adds_do_not_count_in_ids(api: Api, org: Org) -> None:
    card = org.save("Oslo chair", "OSL\u20111")
    assert card.sku == "OSL-1"
    marked = [f"\u202a{SOFA}\u202c", SOFA.replace("-", "\u2011"), f"{card.short_id}\u200b"]
    cart = [{"configurationId": one, "count": 1} for one in marked]
    order = api.create({"cart": cart}).json
    named = [line["configurationId"] for line in order["cart"]]
    assert named == [SOFA, SOFA, card.short_id]
    assert api.read(f"\u200b{order['shortId']}").json == order


@pytest.mark.parametrize("status", ["List", "In Cart", "New", "In Progress", "Complete"])
def test_each_status_can_be_set(api: Api, status: str) -> None:
    assert api.create({"cart": [LINE], "status": status}).json["status"] == status


@pytest.mark.parametrize("status", ["List", "In Cart"])
def test_an_open_cart_may_be_empty(api: Api, status: str) -> None:
    answer = api.create({"cart": [], "status": status})
    assert (answer.status_code, answer.json["cart"]) == (201, [])


@pytest.mark.parametrize("status", ["New", "In Progress", "Complete"])
def test_from_new_on_an_order_needs_a_line(api: Api, status: str) -> None:
    for body in ({"status": status}, {"status": status, "cart": []}):
        answer = api.create(body)
        assert answer.status_code == 422
        assert [error["path"] for error in answer.json["errors"]] == ["cart"]


def test_a_name_has_255_characters_at_most_not_bytes(api: Api) -> None:
    assert api.create({"cart": [LINE], "name": "😀" * 255}).status_code == 201
    refused = api.create({"cart": [LINE], "name": "😀" * 256})
    assert refused.status_code == 422
    assert refused.json["errors"][0]["path"] == "name"
    assert "255" in refused.json["errors"][0]["message"]


def test_an_origin_org_that_is_empty_or_null_counts_as_not_sent(api: Api) -> None:
    assert api.create({"cart": [LINE], "originOrgId": ""}).json["originOrgId"] == api.org_id
    assert api.create({"cart": [LINE], "originOrgId": None}).json["originOrgId"] == api.org_id


def test_empty_strings_of_the_platform_are_accepted(api: Api) -> None:
    platform = {"id": "", "platform": "", "storeName": ""}
    assert api.create({"cart": [LINE], "platform": platform}).json["platform"] == platform


def test_the_own_org_may_be_named_and_another_is_403(api: Api) -> None:
    other = "11111111-2222-4333-8444-555555555555"
    assert api.create({"cart": [LINE], "orgId": api.org_id}).status_code == 201
    assert api.create({"cart": [LINE], "orgId": other}).status_code == 403
    assert api.create({"cart": [LINE]}, query={"orgId": api.org_id}).status_code == 201
    assert api.create({"cart": [LINE]}, query={"orgId": other}).status_code == 403


def test_unknown_and_read_only_fields_are_refused_by_name(api: Api) -> None:
    answer = api.create({"cart": [LINE], "statuss": "New", "id": SOFA})
    assert {error["path"] for error in answer.json["errors"]} == {"statuss", "id"}


def test_every_error_is_reported_at_once(api: Api) -> None:
    body = {
        "name": "x" * 256,
        "status": "Done",
        "metadata": {"a": "\0"},
        "cart": [{"configurationId": "?", "count": 0}, {"count": "2"}],
    }
    paths = [error["path"] for error in api.create(body).json["errors"]]
    assert paths == [
        "name", "status", "metadata.a", "cart.0.configurationId", "cart.0.count",
        "cart.1.configurationId", "cart.1.count",
    ]  # fmt: skip


def test_a_refused_order_leaves_nothing_behind(api: Api, stored_rows: StoredRows) -> None:
    before = stored_rows()
    assert api.create({"cart": [{"configurationId": SOFA, "count": 0}]}).status_code == 422
    assert stored_rows() == before


def test_an_order_has_its_lines_and_one_history_entry(api: Api, stored_rows: StoredRows) -> None:
    before = stored_rows()
    api.create({"cart": [LINE, LINE, LINE]})
    after = stored_rows()
    added = {table: after[table] - before[table] for table in after}
    assert added == {"orders": 1, "cart_line": 3, "order_history": 1, "submission": 0}


@pytest.mark.parametrize("count", [2, 2.0, 1, 1_000_000])
def test_whole_counts_are_accepted(api: Api, count: float) -> None:
    order = api.create({"cart": [{"configurationId": SOFA, "count": count}]}).json
    assert order["cart"][0]["count"] == int(count)
    assert isinstance(order["cart"][0]["count"], int)


def test_a_short_id_must_be_of_a_saved_configuration(api: Api, saved_short_id: str) -> None:
    answer = api.create({"cart": [{"configurationId": saved_short_id, "count": 1}]})
    assert answer.status_code == 201
    assert answer.json["cart"][0]["configurationId"] == saved_short_id
    refused = api.create({"cart": [{"configurationId": "unknown-1", "count": 1}]})
    assert [error["path"] for error in refused.json["errors"]] == ["cart.0.configurationId"]


class TestItems:
    """The deprecated name of the cart."""

    def test_convertible_items_fill_the_cart_and_stay_as_sent(self, api: Api) -> None:
        items = [
            {"id": SOFA, "count": 2, "metadata": {"a": 1}},
            {"configurationId": LAMP, "count": 1.0},
        ]
        order = api.create({"items": items}).json
        assert order["items"] == items
        assert order["cart"] == [
            {"configurationId": SOFA, "count": 2, "metadata": {"a": 1}},
            {"configurationId": LAMP, "count": 1},
        ]
        assert api.read(order["shortId"]).json == order

    @pytest.mark.parametrize(
        "odd",
        [
            {"sku": "X"},
            "text",
            7,
            None,
            [],
            {"id": SOFA, "count": "two"},
            {"id": SOFA, "count": 0},
            {"id": "a b", "count": 1},
        ],
    )
    def test_with_one_odd_entry_none_is_converted(self, api: Api, odd: object) -> None:
        items = [{"id": SOFA, "count": 1}, odd]
        answer = api.create({"items": items})
        assert answer.status_code == 201
        assert (answer.json["items"], answer.json["cart"]) == (items, [])
        paths = [warning["path"] for warning in answer.json["warnings"]]
        assert paths[0] == "items"
        assert paths[1].startswith("items.1")

    def test_items_with_an_unknown_short_id_are_kept_and_not_converted(self, api: Api) -> None:
        items = [{"id": "unknown-1", "count": 1}]
        order = api.create({"items": items}).json
        assert (order["items"], order["cart"]) == (items, [])
        paths = [warning["path"] for warning in order["warnings"]]
        assert paths == ["items", "items.0.id"]

    def test_when_both_are_sent_the_cart_counts(self, api: Api) -> None:
        items = [{"id": LAMP, "count": 9}]
        order = api.create({"items": items, "cart": [LINE]}).json
        assert (order["items"], order["cart"]) == (items, [LINE])

    def test_an_empty_cart_beside_items_is_still_an_empty_cart(self, api: Api) -> None:
        answer = api.create({"items": [{"sku": "X"}], "cart": []})
        assert [error["path"] for error in answer.json["errors"]] == ["cart"]

    def test_empty_items_are_no_order(self, api: Api) -> None:
        assert [e["path"] for e in api.create({"items": []}).json["errors"]] == ["cart"]


class TestShortId:
    """How the code of an order may be spelled."""

    def test_all_spellings_find_the_order(self, api: Api) -> None:
        order = api.create({"cart": [LINE]}).json
        code = order["shortId"]
        grouped = f"{code[:4]}-{code[4:8]}-{code[8:]}"
        spoken = code.replace("0", "O").replace("1", "l")
        for typed in (code.lower(), grouped, grouped.replace("-", " "), spoken):
            assert api.read(typed).json == order

    def test_a_wrong_check_character_is_mistyped(self, api: Api) -> None:
        code = api.create({"cart": [LINE]}).json["shortId"]
        wrong = code[:-1] + ("A" if code[-1] != "A" else "B")
        answer = api.read(wrong)
        assert answer.status_code == 404
        assert "mistyped" in answer.json["detail"]

    @pytest.mark.parametrize("odd", ["%0A", "%00", "%EF%BC%91", "%C4%B1", "/x", "%F0%9F%98%80"])
    def test_odd_characters_behind_the_code_find_nothing(self, api: Api, odd: str) -> None:
        code = api.create({"cart": [LINE]}).json["shortId"]
        assert api.client.get(f"/api/orders/{code}{odd}", headers=api.headers).status_code == 404

    def test_the_uuid_is_found_in_any_case_but_not_with_a_newline(self, api: Api) -> None:
        order = api.create({"cart": [LINE]}).json
        assert api.read(order["id"].upper()).json == order
        answer = api.client.get(f"/api/orders/{order['id']}%0A", headers=api.headers)
        assert answer.status_code == 404


def test_a_taken_short_id_is_replaced_silently(org: Org) -> None:
    codes = iter(["7KQ4M2XD9T3B", "7KQ4M2XD9T3B", "7KQ4M2XD9T3B", "000000000000"])
    actor = org.actor()
    with org.app.app_context():
        draft = intake.check_order({"cart": [LINE]}, actor=actor, limits=Limits())
        made = [
            intake.create_order(draft, actor=actor, new_short_id=lambda: next(codes)).short_id
            for _ in range(2)
        ]
    assert made == ["7KQ4M2XD9T3B", "000000000000"]


def test_public_and_private_tokens_may_create(api: Api, public_api: Api) -> None:
    assert api.create({"cart": [LINE]}).status_code == 201
    assert public_api.create({"cart": [LINE]}).status_code == 201


def test_the_health_check_needs_no_token_and_answers_true(client: FlaskClient) -> None:
    answer = client.get("/api/orders/healthcheck")
    assert (answer.status_code, answer.json) == (200, True)


def test_an_unknown_short_id_with_an_invisible_mark_is_unknown(api: Api) -> None:
    answer = api.create({"cart": [{"configurationId": "ABC\u200bDEFGH", "count": 1}]})
    assert [error["path"] for error in answer.json["errors"]] == ["cart.0.configurationId"]
