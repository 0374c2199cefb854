"""Contract: customer records through the API."""

from typing import Any
from urllib.parse import quote

import pytest

from orders.domain.attributes import AttributeRule, Kind, Option
from tests.actors import Org
from tests.api.calls import Answer, Api
from tests.bad_orders import CHAIR

LINDE = {
    "customerId": "C-1042",
    "name": "Gasthof Zur Linde",
    "contact": "Maria Huber",
    "email": "huber@zur-linde.example",
    "phone": "+43 316 5550 140",
    "addresses": [
        {"label": "Delivery", "lines": ["Hauptplatz 3", "Hof"], "city": "Graz",
         "postalCode": "8010", "country": "AT"},
    ],
    "notes": "Before 10 a.m.\nRing twice.",
    "defaults": {"finish": "matt", "anything": [1, {"b": None}]},
}  # fmt: skip
ODD_IDS = ("a/b", "/", "a/", "//x", "100 % ü?#&+", "..", "new", "a\nb", "日本", "x" * 255)


def create(api: Api, **fields: object) -> dict[str, Any]:
    answer = api.call("POST", "/customers", {"customerId": "C-1", **fields})
    assert answer.status_code == 201, answer.text
    record: dict[str, Any] = answer.json
    return record


def errors(answer: Answer) -> dict[str, str]:
    assert answer.status_code == 422, answer.text
    assert answer.mimetype == "application/problem+json"
    return {error["path"]: error["message"] for error in answer.json["errors"]}


def address_of(customer_id: str) -> str:
    return f"/customers/{quote(customer_id, safe='')}"


class TestCreate:
    def test_it_is_answered_whole_and_read_again(self, api: Api) -> None:
        made = api.call("POST", "/customers", LINDE)
        assert made.status_code == 201
        assert {name: made.json[name] for name in LINDE} == LINDE
        assert set(made.json) == {*LINDE, "createdAt", "updatedAt"}
        assert made.json["createdAt"] == made.json["updatedAt"]
        assert made.headers["Location"] == "/api/customers/C-1042"
        read = api.call("GET", "/customers/C-1042")
        assert (read.json, read.headers["ETag"]) == (made.json, made.headers["ETag"])

    def test_only_the_id_is_needed(self, api: Api) -> None:
        made = create(api, name=None, addresses=None, defaults=[])
        assert made | {"createdAt": "", "updatedAt": ""} == {
            "customerId": "C-1", "name": None, "contact": None, "email": None, "phone": None,
            "addresses": [], "notes": None, "defaults": {}, "createdAt": "", "updatedAt": "",
        }  # fmt: skip

    def test_forms_that_mean_the_same_are_read(self, api: Api) -> None:
        made = create(
            api, customerId=4711, email=" ", addresses=[{"lines": None, "country": "at"}, {}]
        )
        assert made["customerId"] == "4711"
        assert made["email"] is None
        empty: dict[str, object] = {
            "label": None,
            "lines": [],
            "city": None,
            "postalCode": None,
            "country": None,
        }
        assert made["addresses"] == [{**empty, "country": "AT"}, empty]

    def test_marks_that_copying_adds_do_not_count(self, api: Api) -> None:
        assert create(api, customerId=" C\u20111\u200b ")["customerId"] == "C-1"
        assert api.call("GET", address_of("C-\u20601")).status_code == 200
        assert api.call("POST", "/customers", {"customerId": "C-1"}).status_code == 409

    def test_a_second_record_of_a_customer_is_409(self, api: Api, foreign_api: Api) -> None:
        first = create(api, name="First")
        assert api.call("POST", "/customers", {"customerId": "C-1"}).status_code == 409
        assert api.call("GET", "/customers/C-1").json == first
        create(foreign_api, name="Theirs")

    def test_the_same_key_creates_one_record(self, api: Api) -> None:
        key = {"Idempotency-Key": "a key"}
        first = api.call("POST", "/customers", LINDE, headers=key)
        second = api.call("POST", "/customers", LINDE, headers=key)
        assert (second.status_code, second.json) == (201, first.json)
        assert second.headers["Idempotent-Replayed"] == "true"
        assert second.headers["Location"] == first.headers["Location"]
        other = api.call("POST", "/customers", {"customerId": "C-2"}, headers=key)
        assert errors(other).keys() == {"Idempotency-Key"}

    def test_another_org_is_403(self, api: Api, foreign_api: Api) -> None:
        body = {**LINDE, "orgId": foreign_api.org_id}
        assert api.call("POST", "/customers", body).status_code == 403
        assert api.call("POST", "/customers", {**LINDE, "orgId": api.org_id}).status_code == 201


class TestErrors:
    def test_all_errors_are_reported_at_once_by_path(self, api: Api) -> None:
        wrong = {
            "customerId": "\u200b ", "name": "x" * 256, "contact": 1, "email": "a@b c",
            "phone": ["1"], "notes": "x" * 5_001, "orgs": 1, "createdAt": "now",
            "addresses": [{"country": "XX", "lines": ["x"] * 7, "street": ""}, 1,
                          {"lines": ["a", 2, "x" * 256], "city": 5}],
            "defaults": {"big": 2**63},
        }  # fmt: skip
        found = errors(api.call("POST", "/customers", wrong))
        assert list(found)[:6] == ["customerId", "name", "contact", "email", "phone",
                                   "addresses.0.lines"]  # fmt: skip
        assert found.keys() == {
            "customerId", "name", "contact", "email", "phone", "notes", "orgs", "createdAt",
            "addresses.0.country", "addresses.0.lines", "addresses.0.street", "addresses.1",
            "addresses.2.lines.1", "addresses.2.lines.2", "addresses.2.city", "defaults.big",
        }  # fmt: skip
        assert found["addresses.0.lines"] == "At most 6 lines; this has 7."
        assert found["name"] == "At most 255 characters; this has 256."
        assert api.call("GET", "/customers").json["count"] == 0

    def test_too_many_addresses(self, api: Api) -> None:
        found = errors(api.call("POST", "/customers", {**LINDE, "addresses": [{}] * 21}))
        assert found == {"addresses": "At most 20 addresses; this has 21."}

    def test_large_and_deep_defaults(self, api: Api) -> None:
        deep: Any = 1
        for _ in range(20):
            deep = [deep]
        for defaults in ({"a": "x" * 65_536}, {"a": deep}, [1], "x", None):
            answer = api.call("PUT", f"/customers/{create_any(api)}", {"defaults": defaults})
            [path] = errors(answer)
            assert path.startswith("defaults"), defaults

    @pytest.mark.parametrize(
        ("text", "path"),
        [
            ('{"customerId": "a", "customerId": "b"}', "customerId"),
            ('{"customerId": "a\\u0000"}', "customerId"),
            ('{"customerId": "a", "name": "\\ud800"}', "name"),
            ('{"customerId": "a", "addresses": [{"city": "\\ud800"}]}', "addresses.0.city"),
            ('{"customerId": 1e999}', "customerId"), ('{"customerId": null}', "customerId"),
            ('{"customerId": true}', "customerId"), ("{}", "customerId"),
            ('{"customerId": "a", "defaults": {"a\\u0000": 1}}', "defaults.a\\u0000"),
        ],
    )  # fmt: skip
    def test_what_cannot_be_stored_is_refused(self, api: Api, text: str, path: str) -> None:
        answer = api.client.post(
            "/api/customers", data=text, content_type="application/json", headers=api.headers
        )
        assert answer.status_code == 422
        assert answer.json is not None
        assert path in {error["path"] for error in answer.json["errors"]}
        assert api.call("GET", "/customers").json["count"] == 0

    def test_defaults_must_be_valid_for_their_attributes(self, api: Api, org: Org) -> None:
        options = (Option("matt", "Matt"),)
        org.define(
            AttributeRule("finish", "Finish", Kind.OPTION, options, required=True),
            AttributeRule("gift", "Gift", Kind.BOOLEAN),
        )
        wrong = {"finish": "gloss", "gift": "yes", "other": "gloss"}
        body = {"customerId": "C-1", "defaults": wrong, "name": 1}
        found = errors(api.call("POST", "/customers", body))
        assert found.keys() == {"name", "defaults.finish", "defaults.gift"}
        create(api, defaults={"finish": "matt", "gift": None, "other": "gloss"})
        answer = api.call("PUT", "/customers/C-1", {"defaults": wrong})
        assert errors(answer).keys() == {"defaults.finish", "defaults.gift"}

    def test_a_default_from_before_its_attribute_survives(self, api: Api, org: Org) -> None:
        create(api, defaults={"finish": "gloss"})
        org.define(AttributeRule("finish", "Finish", Kind.OPTION, (Option("matt", "Matt"),)))
        answer = api.call("PUT", "/customers/C-1", {"defaults": {"finish": "gloss", "a": 1}})
        assert answer.status_code == 200
        answer = api.call("PUT", "/customers/C-1", {"defaults": {"finish": "oil"}})
        assert errors(answer).keys() == {"defaults.finish"}


def create_any(api: Api) -> str:
    api.call("POST", "/customers", {"customerId": "any"})
    return "any"


class TestOne:
    @pytest.mark.parametrize("customer_id", ODD_IDS)
    def test_any_id_is_taken_in_the_path(self, api: Api, customer_id: str) -> None:
        made = api.call("POST", "/customers", {"customerId": customer_id, "name": "Odd"})
        assert made.status_code == 201, made.text
        path = made.headers["Location"].removeprefix("/api")
        assert path == address_of(customer_id)
        assert api.call("GET", path).json == made.json
        assert api.call("PUT", path, {"name": "Changed"}).json["customerId"] == customer_id
        assert api.call("DELETE", path).status_code == 200
        assert api.call("GET", path).status_code == 404

    def test_an_address_may_end_with_a_slash(self, api: Api) -> None:
        create(api, name="Without")
        assert api.call("GET", "/customers/C-1/").json["name"] == "Without"
        create(api, customerId="C-1/", name="With")
        assert api.call("GET", "/customers/C-1/").json["name"] == "With"
        assert api.call("GET", "/customers/C-1").json["name"] == "Without"

    @pytest.mark.parametrize("path", ["nobody", "%00", "x%00", "%FF", "x" * 3000])
    def test_an_unknown_one_is_404(self, api: Api, foreign_api: Api, path: str) -> None:
        create(foreign_api, customerId="nobody")
        for method, body in (("GET", None), ("PUT", {"name": "x"}), ("DELETE", None)):
            assert api.call(method, f"/customers/{path}", body).status_code == 404

    def test_public_tokens_may_do_nothing(self, api: Api, public_api: Api) -> None:
        create(api)
        for method, path, body in (
            ("GET", "/customers", None), ("POST", "/customers", LINDE),
            ("GET", "/customers/C-1", None), ("PUT", "/customers/C-1", {"name": "x"}),
            ("DELETE", "/customers/C-1", None),
        ):  # fmt: skip
            assert public_api.call(method, path, body).status_code == 403, (method, path)


class TestChange:
    def test_sent_fields_are_replaced_and_others_stay(self, api: Api) -> None:
        before = api.call("POST", "/customers", LINDE).json
        changed = api.call("PUT", "/customers/C-1042", {"contact": None, "addresses": []})
        expected = {**before, "contact": None, "addresses": []}
        assert changed.json | {"updatedAt": ""} == expected | {"updatedAt": ""}
        assert api.call("GET", "/customers/C-1042").json == changed.json

    def test_a_whole_record_can_be_sent_back(self, api: Api) -> None:
        before = api.call("POST", "/customers", LINDE)
        again = api.call("PUT", "/customers/C-1042", before.json)
        assert (again.status_code, again.json) == (200, before.json)
        assert again.headers["ETag"] == before.headers["ETag"]
        for name, value in (("customerId", "C-9"), ("createdAt", "2020-01-01T00:00:00.000Z"),
                            ("updatedAt", None)):  # fmt: skip
            answer = api.call("PUT", "/customers/C-1042", {**before.json, name: value})
            assert errors(answer).keys() == {name}

    def test_a_stale_version_is_412_and_changes_nothing(self, api: Api) -> None:
        made = api.call("POST", "/customers", LINDE)
        old = {"If-Match": made.headers["ETag"]}
        new = api.call("PUT", "/customers/C-1042", {"name": "New"}, headers=old)
        assert new.status_code == 200
        assert new.headers["ETag"] != made.headers["ETag"]
        assert api.call("PUT", "/customers/C-1042", {"name": "x"}, headers=old).status_code == 412
        assert api.call("DELETE", "/customers/C-1042", headers=old).status_code == 412
        assert api.call("GET", "/customers/C-1042").json == new.json
        current = {"If-None-Match": new.headers["ETag"]}
        assert api.call("GET", "/customers/C-1042", headers=current).status_code == 304


class TestDelete:
    def test_orders_stay_as_they_are(self, api: Api) -> None:
        create(api, name="Linde")
        line = {"configurationId": CHAIR, "count": 1}
        order = api.create({"customerId": "C-1", "cart": [line]}).json
        deleted = api.call("DELETE", "/customers/C-1")
        assert (deleted.status_code, deleted.json["name"]) == (200, "Linde")
        assert api.call("GET", "/customers").json["customers"] == []
        assert api.read(order["id"]).json["customerId"] == "C-1"

    def test_the_customer_can_get_a_new_record_with_a_later_version(self, api: Api) -> None:
        first = api.call("POST", "/customers", LINDE)
        api.call("DELETE", "/customers/C-1042")
        second = api.call("POST", "/customers", {"customerId": "C-1042"})
        assert (second.status_code, second.json["name"]) == (201, None)
        assert second.headers["ETag"] > first.headers["ETag"]


class TestList:
    def test_it_is_filtered_and_sorted(self, api: Api) -> None:
        for number, name in enumerate(("Äpfel", "apfel", "Zoo", None)):
            create(api, customerId=f"C-{number}", name=name, email=f"{number}@x.example")

        def found(**query: str) -> list[str]:
            answer = api.call("GET", "/customers", query=query)
            assert answer.status_code == 200, answer.text
            return [one["customerId"] for one in answer.json["customers"]]

        assert found(sort="name") == ["C-1", "C-0", "C-2", "C-3"]
        assert found(sort="-customerId") == ["C-3", "C-2", "C-1", "C-0"]
        assert found(sort="createdAt") == ["C-0", "C-1", "C-2", "C-3"]
        assert found(name="Zoo") == ["C-2"]
        assert found(email="3@x.example") == ["C-3"]
        assert set(found(updatedFrom="2020-01-01")) == {"C-0", "C-1", "C-2", "C-3"}
        assert found(updatedTo="2020-01-01") == []

    def test_cursors_and_pages_show_each_once(self, api: Api) -> None:
        made = {create(api, customerId=f"C-{number}")["customerId"] for number in range(5)}
        by_page: list[dict[str, Any]] = []
        by_cursor: list[dict[str, Any]] = []
        after: Any = ""
        for number in ("1", "2", "3"):
            query = {"perPage": "2", "page": number, "sort": "-createdAt"}
            by_page += api.call("GET", "/customers", query=query).json["customers"]
        while after is not None:
            query = {"perPage": "2", "after": after, "sort": "-createdAt"}
            page = api.call("GET", "/customers", query=query).json
            by_cursor += page["customers"]
            after = page["next"]
        for entries in (by_page, by_cursor):
            assert len(entries) == 5
            assert {one["customerId"] for one in entries} == made

    @pytest.mark.one_database(reason="parameters are refused before the query")
    def test_parameters_are_read_as_in_other_lists(self, api: Api) -> None:
        for query in ({"sort": "phone"}, {"updatedFrom": "x"}, {"nmae": "x"}, {"after": "x"}):
            assert errors(api.call("GET", "/customers", query=query)).keys() == query.keys()
        answer = api.call("GET", "/customers", query={"updated_from": "2026-01-01", "cache": "1"})
        assert answer.json["ignoredParameters"] == ["cache"]
