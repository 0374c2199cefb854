"""Contract: webhooks through the API."""

import json
from typing import Any, cast

import pytest
from flask.testing import FlaskClient

from orders.services.webhooks import webhooks
from tests.api.calls import Answer, Api

ADDRESS = "https://shop.example/hook"
GOOD = {"topic": "order.created", "address": ADDRESS}
UNKNOWN = "00000000-0000-4000-8000-000000000000"
FIELDS = {
    "id", "orgId", "topic", "address", "filter", "createdAt", "updatedAt", "deletedAt",
    "switchedOffAt", "createdBy",
}  # fmt: skip


def call(api: Api, method: str, path: str = "", body: object = None, **options: Any) -> Answer:  # noqa: ANN401 - the test client's own options
    if body is not None:
        options.update(data=json.dumps(body), content_type="application/json")
    answer = api.client.open(f"/api/webhooks{path}", method=method, headers=api.headers, **options)
    return cast(Answer, answer)


def create(api: Api, **fields: object) -> dict[str, Any]:
    answer = call(api, "POST", body={**GOOD, **fields})
    assert answer.status_code == 201, answer.text
    webhook: dict[str, Any] = answer.json["webhook"]
    return webhook


def paths(answer: Answer) -> set[str]:
    assert answer.status_code == 422, answer.text
    assert answer.mimetype == "application/problem+json"
    return {error["path"] for error in answer.json["errors"]}


class TestCreate:
    def test_it_is_answered_whole_with_its_secret(self, api: Api) -> None:
        answer = call(api, "POST", body={**GOOD, "filter": {"status": ["New"]}})
        assert answer.status_code == 201
        webhook = answer.json["webhook"]
        assert set(webhook) == FIELDS | {"secret"}
        assert webhook["orgId"] == api.org_id
        assert webhook["createdBy"] == api.token_id
        assert webhook["filter"] == {"status": ["New"]}
        assert webhook["createdAt"] == webhook["updatedAt"]
        assert webhook["deletedAt"] is None
        assert webhook["secret"].startswith("whsec_")
        assert answer.headers["Location"] == f"/api/webhooks/{webhook['id']}"

    def test_the_secret_is_shown_this_once(self, api: Api) -> None:
        made = create(api)
        key = f"/{made['id']}"
        for method, path, body in (
            ("GET", key, None), ("GET", "", None), ("PUT", key, {"topic": "order.deleted"}),
            ("DELETE", key, None), ("POST", f"{key}/restore", None),
        ):  # fmt: skip
            answer = call(api, method, path, body)
            assert answer.status_code == 200
            assert made["secret"] not in answer.text
            assert "secret" not in answer.text

    def test_all_errors_are_reported_at_once(self, api: Api) -> None:
        bad = {"topic": "x", "address": "x", "filter": {"status": ["x"]}, "x": 1}
        assert paths(call(api, "POST", body=bad)) == {"topic", "address", "filter.status.0", "x"}
        assert call(api, "GET").json["count"] == 0

    def test_a_private_address_is_refused(self, api: Api) -> None:
        for address in ("http://127.0.0.1:8000/", "https://localhost/", "http://[::1]/"):
            assert paths(call(api, "POST", body={**GOOD, "address": address})) == {"address"}

    @pytest.mark.parametrize(
        ("text", "content_type", "status"),
        [
            ("{", "application/json", 400), ("[]", "application/json", 400),
            ("{}", "text/plain", 415), ('{"topic": NaN}', "application/json", 400),
            ('{"topic": "order.created", "topic": "order.created"}', "application/json", 422),
            ('{"address": "\\ud800"}', "application/json", 422),
            ('{"filter":' * 5000 + "1" + "}" * 5000, "application/json", 422),
        ],
    )  # fmt: skip
    def test_what_is_no_webhook_is_refused_and_leaves_nothing(
        self, api: Api, text: str, content_type: str, status: int
    ) -> None:
        for method, path in (("POST", ""), ("PUT", f"/{create(api)['id']}")):
            answer = call(api, method, path, data=text, content_type=content_type)
            assert answer.status_code == status
        assert call(api, "GET").json["count"] == 1

    def test_another_org_is_403(self, api: Api, foreign_api: Api) -> None:
        body = {**GOOD, "orgId": foreign_api.org_id}
        assert call(api, "POST", body=body).status_code == 403
        query = {"orgId": foreign_api.org_id}
        assert call(api, "POST", body=GOOD, query_string=query).status_code == 403
        assert call(api, "GET", query_string=query).status_code == 403
        assert call(api, "GET", query_string={"orgId": api.org_id}).status_code == 200

    def test_the_same_key_creates_one_webhook_and_returns_its_secret_again(self, api: Api) -> None:
        api.headers["Idempotency-Key"] = "a key"
        first, second = call(api, "POST", body=GOOD), call(api, "POST", body=GOOD)
        assert (first.status_code, first.json) == (second.status_code, second.json)
        assert second.headers["Idempotent-Replayed"] == "true"
        assert second.headers["Location"] == first.headers["Location"]
        other = call(api, "POST", body={**GOOD, "topic": "order.deleted"})
        assert paths(other) == {"Idempotency-Key"}
        key = f"/{first.json['webhook']['id']}"
        api.headers["Idempotency-Key"] = "another"
        assert call(api, "DELETE", key).status_code == 200
        restored = call(api, "POST", f"{key}/restore")
        assert call(api, "DELETE", key).status_code == 200
        assert call(api, "POST", f"{key}/restore").json == restored.json
        assert call(api, "GET", key).status_code == 404, "the repeat has restored nothing"

    def test_too_many_are_a_conflict(self, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(webhooks, "MAX_WEBHOOKS", 1)
        create(api)
        answer = call(api, "POST", body=GOOD)
        assert (answer.status_code, answer.mimetype) == (409, "application/problem+json")
        assert "limit is 1" in answer.json["detail"]


class TestFilters:
    def test_topic_and_address_filter_the_list(self, api: Api) -> None:
        other = "https://shop.example/other?x=1"
        for topic in ("order.created", "order.updated"):
            create(api, topic=topic)
        create(api, address=other)

        def found(**query: object) -> list[tuple[str, str]]:
            answer = call(api, "GET", query_string={"sort": "topic", **query})
            assert answer.status_code == 200, answer.text
            assert answer.json["count"] == len(answer.json["webhooks"])
            return [(one["topic"], one["address"]) for one in answer.json["webhooks"]]

        assert len(found()) == 3
        assert found(topic="order.updated") == [("order.updated", GOOD["address"])]
        assert len(found(topic=["order.updated", "order.created"])) == 3
        assert found(address=other) == [("order.created", other)]
        assert found(address=f" {other} ") == [("order.created", other)]
        assert found(topic="order.updated", address=other) == []
        assert found(address="https://shop.example/othe") == []

    @pytest.mark.parametrize("query", [{"topic": "order.read"}, {"address": "a\0b"}])
    def test_a_filter_that_cannot_be_read_is_refused(self, api: Api, query: dict[str, str]) -> None:
        answer = call(api, "GET", query_string=query)
        assert answer.status_code == 422
        assert paths(answer) == set(query)


def test_the_health_check_of_webhooks_needs_no_token(client: FlaskClient) -> None:
    answer = client.get("/api/webhooks/healthcheck")
    assert (answer.status_code, answer.json) == (200, True)


class TestReadAndChange:
    def test_it_is_read_as_it_was_made(self, api: Api) -> None:
        made = create(api)
        del made["secret"]
        answer = call(api, "GET", f"/{made['id']}")
        assert (answer.status_code, answer.json) == (200, {"webhook": made})
        assert call(api, "GET", f"/{made['id'].upper()}").json == {"webhook": made}

    def test_fields_sent_are_replaced_and_others_stay(self, api: Api) -> None:
        made = create(api, filter={"status": ["New"]})
        answer = call(api, "PUT", f"/{made['id']}", {"topic": "order.updated"})
        assert answer.status_code == 200
        changed = answer.json["webhook"]
        assert set(changed) == FIELDS
        kept = FIELDS - {"topic", "updatedAt"}
        assert {name: changed[name] for name in kept} == {name: made[name] for name in kept}
        assert changed["topic"] == "order.updated"
        assert call(api, "GET", f"/{made['id']}").json["webhook"] == changed

    def test_a_bad_change_is_refused_and_changes_nothing(self, api: Api) -> None:
        made = create(api)
        bad = {"topic": "order.deleted", "address": "http://10.0.0.1/", "filter": {"status": [1]}}
        answer = call(api, "PUT", f"/{made['id']}", bad)
        assert paths(answer) == {"address", "filter.status.0"}
        assert call(api, "GET", f"/{made['id']}").json["webhook"]["topic"] == "order.created"

    def test_into_the_bin_and_back(self, api: Api) -> None:
        key = f"/{create(api)['id']}"
        gone = call(api, "DELETE", key)
        assert gone.status_code == 200
        assert gone.json["webhook"]["deletedAt"] is not None
        assert call(api, "GET", key).status_code == 404
        assert call(api, "PUT", key, {}).status_code == 404
        assert call(api, "DELETE", key).status_code == 404
        assert call(api, "GET").json["webhooks"] == []
        back = call(api, "POST", f"{key}/restore")
        assert back.status_code == 200
        assert back.json["webhook"]["deletedAt"] is None
        assert call(api, "GET", key).json == back.json

    @pytest.mark.parametrize("key", [UNKNOWN, "nonsense", "%00", "%C3%A9"])
    def test_what_is_not_there_is_404(self, api: Api, key: str) -> None:
        for method, path, body in (
            ("GET", f"/{key}", None), ("PUT", f"/{key}", {}), ("DELETE", f"/{key}", None),
            ("POST", f"/{key}/restore", None),
        ):  # fmt: skip
            assert call(api, method, path, body).status_code == 404

    def test_those_of_another_org_are_404(self, api: Api, foreign_api: Api) -> None:
        key = f"/{create(api)['id']}"
        for method, path, body in (
            ("GET", key, None), ("PUT", key, {"topic": "order.deleted"}), ("DELETE", key, None),
            ("POST", f"{key}/restore", None),
        ):  # fmt: skip
            assert call(foreign_api, method, path, body).status_code == 404
        assert call(foreign_api, "GET").json["count"] == 0
        assert call(api, "GET", key).json["webhook"]["topic"] == "order.created"


class TestWhoMay:
    def test_a_public_token_is_403_everywhere(self, api: Api, public_api: Api) -> None:
        key = f"/{create(api)['id']}"
        for method, path, body in (
            ("GET", "", None), ("POST", "", GOOD), ("GET", key, None), ("PUT", key, {}),
            ("DELETE", key, None), ("POST", f"{key}/restore", None),
        ):  # fmt: skip
            answer = call(public_api, method, path, body)
            assert answer.status_code == 403, (method, path)
            assert answer.mimetype == "application/problem+json"

    def test_without_a_token_it_is_401(self, api: Api) -> None:
        api.headers.clear()
        assert call(api, "GET").status_code == 401
        assert call(api, "POST", body=GOOD).status_code == 401


class TestList:
    def test_pages_count_and_sort(self, api: Api) -> None:
        made = [create(api, address=f"{ADDRESS}/{number}")["id"] for number in range(3)]
        first = call(api, "GET").json
        assert {name: first[name] for name in ("count", "page", "perPage", "sort")} == {
            "count": 3, "page": 1, "perPage": 50, "sort": "-createdAt",
        }  # fmt: skip
        assert {webhook["id"] for webhook in first["webhooks"]} == set(made)
        assert all(set(webhook) == FIELDS for webhook in first["webhooks"])
        query = {"perPage": '"2"', "page": "2", "sort": "address", "cache": "7"}
        second = call(api, "GET", query_string=query).json
        assert [webhook["id"] for webhook in second["webhooks"]] == made[2:]
        assert (second["count"], second["page"], second["perPage"]) == (3, 2, 2)
        beyond = call(api, "GET", query_string={"page": 9}).json
        assert (beyond["webhooks"], beyond["count"]) == ([], 3)

    @pytest.mark.parametrize(
        ("name", "value"),
        [("page", "0"), ("page", "x"), ("perPage", "1001"), ("perPage", "1.5"), ("sort", "secret"),
         ("sort", "--topic"), ("page", "99999999999999999999")],
    )  # fmt: skip
    def test_a_malformed_parameter_is_reported_by_its_name(
        self, api: Api, name: str, value: str
    ) -> None:
        assert paths(call(api, "GET", query_string={name: value})) == {name}
