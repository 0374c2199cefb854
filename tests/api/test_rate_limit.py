"""Contract: 429 with `Retry-After` for tokens that send too many requests, and for guesses."""

import dataclasses
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from orders.interfaces.http import rate_limits
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

        def statuses(address: str) -> list[int]:
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

        assert statuses("2001:db8::1") == [200, 404, 404, 200, 200, 404, 404, 429]
        assert statuses("2001:db8::2") == [429] * 8  # the same network
        assert statuses("2001:db8:0:1::1")[0] == 200
        page = public_api.client.get(f"/o/{code}", environ_base={"REMOTE_ADDR": "2001:db8::3"})
        assert 3500 <= int(page.headers["Retry-After"]) <= 3600
        assert public_api.client.get("/find").status_code == 200
        for _ in range(8):
            assert api.read(UNKNOWN_CODE).status_code == 404  # a private token is its org's own

    @pytest.mark.parametrize(
        ("method", "path"),
        [("POST", "/orders"), ("PUT", "/orders/{}"), ("POST", "/orders/{}/cart"),
         ("PUT", "/orders/{}/cart"), ("POST", "/orders/{}/items")],
    )  # fmt: skip
    def test_unknown_products_in_a_cart_are_part_of_it(
        self, public_api: Api, api: Api, method: str, path: str
    ) -> None:
        address = path.format(public_api.create({"status": "List"}).json["shortId"])
        lines = [{"configurationId": f"guess-{n:03}", "count": 1} for n in range(4)]
        body = {"cart": lines} if not path.endswith("/items") else {"items": lines}
        body = body if path.count("/") < 3 else lines  # type: ignore[assignment]  # an array
        tries = [public_api.call(method, address, body).status_code for _ in range(3)]
        assert tries == [422, 422, 429]
        assert api.call(method, address, body).status_code == 422

    def test_unknown_products_in_items_are_taken_and_not_named(
        self, public_api: Api, api: Api
    ) -> None:
        items = [{"configurationId": f"guess-{n:03}", "count": 1} for n in range(4)]
        for _ in range(4):  # a shop with IDs of its own sends nothing else
            answer = public_api.create({"items": items})
            assert answer.status_code == 201
            assert [one["path"] for one in answer.json["warnings"]] == ["items"]
        named = [one["path"] for one in api.create({"items": items}).json["warnings"]]
        assert named == ["items", *(f"items.{n}.configurationId" for n in range(4))]

    def test_an_unknown_order_that_is_opened_is_part_of_it(self, public_api: Api) -> None:
        path, typed = f"/o/{UNKNOWN_CODE}/open", {"number": "C-1"}
        public_api.client.application.config["WTF_CSRF_ENABLED"] = False
        tries = [public_api.client.post(path, data=typed).status_code for _ in range(8)]
        assert tries == [404] * 6 + [429] * 2

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


def test_a_public_token_learns_of_fifty_unknown_products_at_most(public_api: Api, api: Api) -> None:
    cart = [{"configurationId": f"guess-{n:03}", "count": 1} for n in range(60)]
    assert len(public_api.create({"cart": cart}).json["errors"]) == 50
    assert len(api.create({"cart": cart}).json["errors"]) == 60


@pytest.mark.usefixtures("csrf_off")
class TestShortIdsOfOtherOrgs:
    @pytest.fixture(autouse=True)
    def few(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(rate_limits, "TAKEN_LIMIT", "3 per hour")

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return dataclasses.replace(settings, miss_limit="1000 per hour")  # an app of its own

    def test_an_org_comes_across_few_of_them(
        self, api: Api, public_api: Api, foreign_api: Api, admin_client: FlaskClient
    ) -> None:
        for name in ("theirs-1", "theirs-2"):
            assert foreign_api.call("POST", "/configurations", {"shortId": name}).status_code == 201
        own = {"shortId": "our-own-1"}
        assert api.call("POST", "/configurations", own).status_code == 201
        for _ in range(5):  # what the org has itself is no secret
            assert api.call("POST", "/configurations", own).status_code == 409
        theirs = {"shortId": "theirs-1"}
        for _ in range(5):  # nor does someone with the token of a page use it up
            assert public_api.call("POST", "/configurations", theirs).status_code == 409
        assert api.call("POST", "/configurations", theirs).status_code == 409
        form = {"file": (BytesIO(b"shortId\ntheirs-1\ntheirs-2\n"), "a.csv")}
        answer = admin_client.post("/configurations/import", data=form)
        assert answer.text.count("is already used") == 2
        # No more are looked up, neither here nor there, also those that are free.
        for name in ("theirs-2", "no-one-1"):
            refused_here = api.call("POST", "/configurations", {"shortId": name})
            assert refused(refused_here)
            form = {"file": (BytesIO(f"shortId\n{name}\n".encode()), "a.csv")}
            answer = admin_client.post("/configurations/import", data=form)
            assert (answer.status_code, "Too many of the short IDs" in answer.text) == (429, True)
            assert 3000 <= int(answer.headers["Retry-After"]) <= 3600
        assert api.call("POST", "/configurations", {}).status_code == 201
        form = {"file": (BytesIO(b"sku\nOSL-1\n"), "a.csv")}
        assert admin_client.post("/configurations/import", data=form).status_code == 303


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
