"""Contract: who may call, from where, and which CORS headers browsers of other origins get."""

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner
from sqlalchemy import event

from orders.services.accounts import access
from orders.storage import database
from orders.storage.models.base import Base
from tests.actors import Org
from tests.api.calls import Api
from tests.html import read

LINE = {"configurationId": "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11", "count": 1}
BODY = {"cart": [LINE]}


def without_headers(api: Api, **headers: str) -> Api:
    return dataclasses.replace(api, headers=headers)


class TestCredentials:
    def test_no_token_is_401_with_a_challenge(self, api: Api) -> None:
        answer = without_headers(api).create(BODY)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert answer.mimetype == "application/problem+json"

    @pytest.mark.parametrize("secret", ["so_prv_unknown", "x", "é", "so_prv_" + "a" * 5000])
    def test_an_unknown_token_is_401(self, api: Api, secret: str) -> None:
        assert without_headers(api).create(BODY, query={"bearer_token": secret}).status_code == 401

    def test_a_private_token_may_come_in_the_query(self, api: Api) -> None:
        assert (
            without_headers(api).create(BODY, query={"bearer_token": api.secret}).status_code == 201
        )

    def test_the_same_token_twice_is_fine(self, api: Api) -> None:
        assert api.create(BODY, query={"bearer_token": api.secret}).status_code == 201

    def test_two_different_tokens_are_401(self, api: Api, public_api: Api) -> None:
        assert api.create(BODY, query={"bearer_token": public_api.secret}).status_code == 401
        both = f"/api/orders/x?bearer_token={api.secret}&bearer_token={public_api.secret}"
        assert api.client.get(both).status_code == 401

    def test_the_scheme_of_the_header_may_be_spelled_in_any_case(self, api: Api) -> None:
        other = without_headers(api, Authorization=f"bearer {api.secret}")
        assert other.create(BODY).status_code == 201

    def test_a_revoked_token_is_401_at_once(self, api: Api, runner: FlaskCliRunner) -> None:
        assert api.create(BODY).status_code == 201
        assert runner.invoke(args=["token", "revoke", api.token_id]).exit_code == 0
        assert api.create(BODY).status_code == 401

    def test_the_last_use_is_kept(
        self, api: Api, last_use: Callable[[str], datetime | None]
    ) -> None:
        assert last_use(api.token_id) is None
        api.create(BODY)
        assert last_use(api.token_id) is not None


class TestPrivateTokensInAddresses:
    def test_they_work_and_are_shown_as_a_warning_at_the_token(
        self, api: Api, public_api: Api, admin_client: FlaskClient
    ) -> None:
        def warnings() -> int:
            pages = [f"/settings/tokens/{one.token_id}" for one in (api, public_api)]
            pages.append("/settings/tokens")
            texts = [admin_client.get(page).text for page in pages]
            return sum("last sent in an address" in one or "In an address:" in one for one in texts)

        assert api.read("x").status_code == 404
        query = {"bearer_token": public_api.secret}
        assert without_headers(public_api, Origin="https://shop.example").create(
            BODY, query=query
        ).status_code == 201  # fmt: skip
        assert warnings() == 0
        answer = without_headers(api).create(BODY, query={"bearer_token": api.secret})
        assert answer.status_code == 201
        assert warnings() == 2

    @pytest.mark.usefixtures("csrf_off")
    def test_an_org_can_refuse_them_and_the_refusal_names_the_setting(
        self, api: Api, public_api: Api, foreign_api: Api, admin_client: FlaskClient
    ) -> None:
        form = {"name": "W", "refuses_address_tokens": "y"}
        assert admin_client.post("/settings/organization", data=form).status_code == 303
        settings = read(admin_client.get("/settings/organization").text)
        label = settings.first("label[for=refuses_address_tokens]")
        for one in (api, without_headers(api)):
            answer = one.create(BODY, query={"bearer_token": api.secret})
            assert answer.status_code == 403
            assert label.text.strip() in answer.json["detail"]
        assert api.create(BODY).status_code == 201
        page = without_headers(public_api, Origin="https://shop.example")
        for other in (page, without_headers(foreign_api)):
            assert other.create(BODY, query={"bearer_token": other.secret}).status_code == 201

    def test_their_use_is_written_once_a_minute(self, app: Flask, org: Org) -> None:
        at = datetime(2027, 1, 4, 9, tzinfo=UTC)

        written: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
            if statement.startswith("UPDATE token"):
                written.append(statement)

        with app.app_context():
            event.listen(database.db.engine, "before_cursor_execute", note)
            try:
                for seconds, there, writes in (
                    (0, False, 1), (10, True, 2), (20, True, 2), (30, False, 2), (75, True, 3),
                ):  # fmt: skip
                    access.authenticate(
                        org.private.secret, origin=None, in_address=there,
                        now=at + timedelta(seconds=seconds),
                    )  # fmt: skip
                    assert len(written) == writes
            finally:
                event.remove(database.db.engine, "before_cursor_execute", note)


class TestOrgs:
    def test_an_order_of_another_org_is_404(self, api: Api, foreign_api: Api) -> None:
        order = api.create(BODY).json
        for reference in (order["id"], order["shortId"]):
            assert foreign_api.read(reference).status_code == 404
            assert api.read(reference).status_code == 200

    def test_an_unknown_order_is_404(self, api: Api) -> None:
        assert api.read("00000000-0000-4000-8000-000000000000").status_code == 404
        assert api.read("000000000000").status_code == 404

    def test_a_short_id_of_another_orgs_configuration_is_unknown(
        self, foreign_api: Api, saved_short_id: str
    ) -> None:
        answer = foreign_api.create({"cart": [{"configurationId": saved_short_id, "count": 1}]})
        assert answer.status_code == 422

    def test_another_org_in_the_query_is_403(self, api: Api, foreign_api: Api) -> None:
        code = api.create(BODY).json["shortId"]
        for path in (
            f"/orders/{code}",
            "/orders",
            "/configurations/x",
            f"/accesstokens/{api.token_id}",
        ):
            assert api.call("GET", path, query={"orgId": foreign_api.org_id}).status_code == 403
        assert api.call("GET", f"/orders/{code}", query={"orgId": api.org_id}).status_code == 200


class TestDomains:
    """`public_api` has the domains shop.example, *.stores.example and localhost:3000."""

    @pytest.mark.parametrize(
        "origin",
        [
            "https://shop.example",
            "http://shop.example:8080",
            "https://SHOP.example",
            "https://a.stores.example",
            "https://a.b.stores.example",
            "http://localhost:3000",
        ],
    )
    def test_from_its_own_domains_a_public_token_works(self, public_api: Api, origin: str) -> None:
        answer = dataclasses.replace(
            public_api, headers={**public_api.headers, "Origin": origin}
        ).create(BODY)
        assert answer.status_code == 201
        assert answer.headers["Access-Control-Allow-Origin"] == origin
        assert "Origin" in answer.vary

    @pytest.mark.parametrize(
        "origin",
        [
            "null",
            "",
            "https://evil.example",
            "https://stores.example",
            "https://badstores.example",
            "https://a.stores.example.evil.example",
            "https://shop.example.evil.example",
            "https://xshop.example",
            "http://localhost:3001",
            "http://localhost",
            "https://shop.example@evil.example",
            "https://evil.example/https://shop.example",
            "shop.example",
            "https://shop.example\\@evil.example",
        ],
    )
    @pytest.mark.one_database(reason="domains are compared without the database")
    def test_from_elsewhere_it_is_403_without_cors(self, public_api: Api, origin: str) -> None:
        answer = dataclasses.replace(
            public_api, headers={**public_api.headers, "Origin": origin}
        ).create(BODY)
        assert answer.status_code == 403
        assert "Access-Control-Allow-Origin" not in answer.headers

    def test_without_origin_and_referer_it_is_403(self, public_api: Api) -> None:
        headers = {k: v for k, v in public_api.headers.items() if k != "Origin"}
        assert dataclasses.replace(public_api, headers=headers).create(BODY).status_code == 403

    def test_the_referer_counts_where_no_origin_is_sent(self, public_api: Api) -> None:
        headers = {k: v for k, v in public_api.headers.items() if k != "Origin"}
        for referer, status in [
            ("https://shop.example/cart?x=1", 201),
            ("https://evil.example/?https://shop.example", 403),
            ("https://shop.example@evil.example/", 403),
        ]:
            caller = dataclasses.replace(public_api, headers={**headers, "Referer": referer})
            assert caller.create(BODY).status_code == status

    def test_a_good_referer_does_not_make_up_for_a_foreign_origin(self, public_api: Api) -> None:
        headers = {"Origin": "null", "Referer": "https://shop.example/"}
        caller = dataclasses.replace(public_api, headers={**public_api.headers, **headers})
        assert caller.create(BODY).status_code == 403

    def test_a_page_can_read_why_its_order_was_refused(self, public_api: Api) -> None:
        answer = public_api.create({"cart": []})
        assert answer.status_code == 422
        assert answer.headers["Access-Control-Allow-Origin"] == public_api.headers["Origin"]

    def test_a_private_token_never_gets_a_cors_permission(self, api: Api) -> None:
        caller = dataclasses.replace(api, headers={**api.headers, "Origin": "https://shop.example"})
        answer = caller.create(BODY)
        assert answer.status_code == 201
        assert "Access-Control-Allow-Origin" not in answer.headers


class TestPreflight:
    ASK: ClassVar = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }

    def ask(self, client: FlaskClient, origin: str, secret: str = "") -> dict[str, str]:
        answer = client.options(
            "/api/orders",
            query_string={"bearer_token": secret} if secret else {},
            headers={"Origin": origin, **self.ASK},
        )
        assert answer.status_code == 204
        assert "Origin" in answer.vary
        return dict(answer.headers)

    def test_a_domain_of_the_token_is_allowed(self, public_api: Api) -> None:
        for secret in (public_api.secret, ""):
            headers = self.ask(public_api.client, "https://shop.example", secret)
            assert headers["Access-Control-Allow-Origin"] == "https://shop.example"
            assert "POST" in headers["Access-Control-Allow-Methods"]
            allowed = headers["Access-Control-Allow-Headers"].lower()
            assert "content-type" in allowed

    @pytest.mark.parametrize("origin", ["https://evil.example", "null", "https://stores.example"])
    def test_others_are_not(self, public_api: Api, origin: str) -> None:
        for secret in (public_api.secret, ""):
            headers = self.ask(public_api.client, origin, secret)
            assert "Access-Control-Allow-Origin" not in headers

    def test_a_private_token_opens_nothing(self, api: Api, public_api: Api) -> None:
        assert public_api.secret
        headers = self.ask(api.client, "https://shop.example", api.secret)
        assert "Access-Control-Allow-Origin" not in headers

    def test_a_revoked_token_opens_nothing(self, public_api: Api, runner: FlaskCliRunner) -> None:
        runner.invoke(args=["token", "revoke", public_api.token_id])
        headers = self.ask(public_api.client, "https://shop.example")
        assert "Access-Control-Allow-Origin" not in headers


def test_no_redirect_carries_a_token(client: FlaskClient, api: Api) -> None:
    for path, status in (("/api//orders", 404), ("/api/orders/", 200)):
        answer = client.get(path, query_string={"bearer_token": api.secret})
        assert answer.status_code == status, path
        assert api.secret not in f"{answer.headers} {answer.text}"


def test_secrets_are_stored_as_hashes_only(app: Flask, api: Api, public_api: Api) -> None:
    with app.app_context(), database.read() as connection:
        stored = "".join(
            str(row)
            for table in Base.metadata.sorted_tables
            for row in connection.execute(table.select())
        )
    assert api.token_id in stored
    for caller in (api, public_api):
        assert caller.secret not in stored
        assert len(caller.secret) >= len("so_prv_") + 43
