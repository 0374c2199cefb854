"""Contract: 429 with `Retry-After` for tokens that send too many requests, and for guesses."""

import dataclasses
from typing import Any

import pytest
from flask import Flask

from orders.settings import BadSetting, Settings, read_settings
from tests.actors import Org
from tests.api.calls import Answer, Api
from tests.customer.conftest import UNKNOWN_CODE

BODY = {"cart": [{"configurationId": "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11", "count": 2}]}
pytestmark = pytest.mark.one_database(
    reason="they count in memory; tests/storage/test_rate_counts.py has the SQL"
)


@pytest.fixture
def limits() -> dict[str, str]:
    """The limits that a class of tests sets."""
    return {}


@pytest.fixture
def settings(settings: Settings, limits: dict[str, str]) -> Settings:
    return dataclasses.replace(settings, **limits)  # type: ignore[arg-type]  # all are texts


def refused(answer: Answer) -> bool:
    """Return whether an answer is a complete refusal for too many requests."""
    if answer.status_code != 429:
        return False
    assert answer.mimetype == "application/problem+json"
    assert 1 <= int(answer.headers["Retry-After"]) <= 3600
    return True


class TestEveryToken:
    @pytest.fixture
    def limits(self) -> dict[str, str]:
        return {"api_limit": "3 per hour"}

    def test_one_request_too_many_is_429_and_does_nothing(self, api: Api, foreign_api: Api) -> None:
        for _ in range(3):
            assert api.create(BODY).status_code == 201
        assert refused(api.create(BODY))
        assert refused(api.call("GET", "/orders"))
        assert foreign_api.call("GET", "/orders").json["count"] == 0
        assert api.call("GET", "/orders/healthcheck").status_code == 200


class TestPublicTokens:
    @pytest.fixture
    def limits(self) -> dict[str, str]:
        return {"public_token_limit": "6 per hour", "public_address_limit": "3 per hour"}

    def test_they_are_limited_by_address_and_by_token(self, public_api: Api, api: Api) -> None:
        code = api.create(BODY).json["shortId"]

        def tries(address: str) -> list[bool]:
            sent = {"environ_base": {"REMOTE_ADDR": address}}
            return [refused(public_api.read(code, **sent)) for _ in range(4)]

        assert tries("192.0.2.1") == [False, False, False, True]
        # The fourth counted for the token, too.
        assert tries("192.0.2.2") == [False, False, True, True]
        assert tries("192.0.2.3") == [True] * 4
        assert not any(api.read(code).status_code != 200 for _ in range(8))


class TestMisses:
    @pytest.fixture
    def limits(self) -> dict[str, str]:
        return {"miss_limit": "6 per hour"}

    def test_unknown_codes_share_one_budget_at_every_address_that_takes_codes(
        self, app: Flask, public_api: Api, api: Api
    ) -> None:
        code = api.create(BODY).json["shortId"]
        app.config["LOOKUP_LIMIT"] = "1000 per second"

        def statuses(address: str = "2001:db8::1") -> list[int]:
            sent: dict[str, Any] = {"environ_base": {"REMOTE_ADDR": address}}
            client, headers = public_api.client, public_api.headers
            codes = {"shortId": f'["{UNKNOWN_CODE}","{code}"]'}
            return [
                public_api.read(code, **sent).status_code,
                public_api.read(UNKNOWN_CODE, **sent).status_code,
                client.get("/api/configurations/unknown-1", headers=headers, **sent).status_code,
                client.get("/api/orders", query_string=codes, headers=headers, **sent).status_code,
                client.get(
                    "/api/configurations?shortId=unknown-1", headers=headers, **sent
                ).status_code,
                client.get(f"/o/{UNKNOWN_CODE}", **sent).status_code,
                client.get("/find?code=mistyped", **sent).status_code,
                client.get(f"/o/{code}", **sent).status_code,
            ]

        assert statuses() == [200, 404, 404, 200, 200, 404, 404, 429]
        assert statuses("2001:db8::2") == [429] * 8  # the same network
        assert statuses("2001:db8:0:1::1")[0] == 200
        page = public_api.client.get(f"/o/{code}", environ_base={"REMOTE_ADDR": "2001:db8::3"})
        assert 3500 <= int(page.headers["Retry-After"]) <= 3600
        assert public_api.client.get("/find").status_code == 200
        for _ in range(8):
            assert api.read(UNKNOWN_CODE).status_code == 404  # a private token is its org's own

    def test_short_ids_that_are_taken_in_another_org_are_part_of_it(
        self, public_api: Api, foreign_api: Api
    ) -> None:
        named = {"shortId": "theirs-1"}
        assert foreign_api.call("POST", "/configurations", named).status_code == 201
        tries = [public_api.call("POST", "/configurations", named).status_code for _ in range(8)]
        assert tries == [409] * 6 + [429] * 2


def test_a_public_token_names_at_most_fifty_codes(public_api: Api, api: Api) -> None:
    for path in ("/orders", "/configurations"):
        for count, status in ((50, 200), (51, 422)):
            query = [("shortId", "unknown-1")] * count
            answer = public_api.call("GET", path, query=query)
            assert answer.status_code == status
        assert answer.json["errors"][0]["path"] == "shortId"
        assert api.call("GET", path, query=query).status_code == 200


class TestQuotas:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        limits = dataclasses.replace(settings.limits, org_configurations=2, org_file_bytes=10)
        return dataclasses.replace(settings, limits=limits)

    def test_an_org_has_a_number_of_configurations_and_bytes_of_files_at_most(
        self, api: Api, public_api: Api, foreign_api: Api, org: Org
    ) -> None:
        org.save("Oslo chair", "OSL-1")

        def send(size: int) -> Answer:
            files = {"files": ("a.txt", b"x" * size, "text/plain")}
            parts = (f'--b\r\nContent-Disposition: form-data; name="{name}"; filename="{file[0]}"'
                     f"\r\nContent-Type: {file[2]}\r\n\r\n".encode() + file[1] + b"\r\n--b--\r\n"
                     for name, file in files.items())  # fmt: skip
            return public_api.client.post(  # type: ignore[return-value]  # it answers like that
                "/api/configurations", data=b"".join(parts), headers=public_api.headers,
                content_type="multipart/form-data; boundary=b",
            )  # fmt: skip

        over = send(11)
        assert (over.status_code, "MAX_ORG_FILE_BYTES" in over.json["detail"]) == (409, True)
        assert send(10).status_code == 201
        for one in (api, public_api):
            answer = one.call("POST", "/configurations", {})
            assert answer.status_code == 409
            assert "MAX_ORG_CONFIGURATIONS" in answer.json["detail"]
        assert foreign_api.call("POST", "/configurations", {}).status_code == 201


def test_a_limit_that_is_none_stops_the_start() -> None:
    for name in ("API_LIMIT", "PUBLIC_TOKEN_LIMIT", "MISS_LIMIT", "ACCOUNT_LIMIT"):
        with pytest.raises(BadSetting, match=name):
            read_settings({name: "many"})
