"""Signing in: passwords, sessions, and order forms that are resumed afterwards."""

from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from orders.domain.errors import ServiceBusy
from orders.interfaces.http.limiters import limiter
from orders.services.accounts import resets
from orders.settings import Settings
from orders.storage import database
from orders.storage.models.people import StaffAccount
from orders.storage.rate_counts import DatabaseStorage
from tests.actors import PASSWORD, PRODUCT_HASHER, Org
from tests.bad_orders import good_form
from tests.conftest import StoredRows
from tests.html import attribute

KEY = "B" * 22
PAGES = ["/orders", "/orders/new", "/orders/000000000000", "/orders/000000000000/placed",
         "/orders/000000000000/qr.svg"]  # fmt: skip


def sign_in(
    client: FlaskClient, email: str, password: str = PASSWORD, **fields: str
) -> TestResponse:
    form = {"email": email, "password": password, **fields}
    return client.post("/sign-in", data=form)


@pytest.fixture
def member_email(org: Org) -> str:
    return org.staff().email


@pytest.mark.usefixtures("csrf_off")
class TestSigningIn:
    def test_a_person_can_sign_in(self, client: FlaskClient, member_email: str) -> None:
        answer = sign_in(client, member_email)
        assert (answer.status_code, answer.location) == (303, "/")
        assert "<h1>Today</h1>" in client.get("/").text
        assert client.get("/orders").status_code == 200

    def test_case_and_surrounding_blanks_of_the_address_are_ignored(
        self, client: FlaskClient, member_email: str
    ) -> None:
        assert sign_in(client, f" {member_email.upper()} ").status_code == 303

    @pytest.mark.parametrize("password", ["wrong", "", PASSWORD + " ", "\0", "x" * 5000])
    def test_a_wrong_password_is_refused_and_the_address_kept(
        self, client: FlaskClient, member_email: str, password: str
    ) -> None:
        answer = sign_in(client, member_email, password)
        assert answer.status_code == 422
        assert "Wrong e-mail or password" in answer.text
        assert member_email in answer.text
        assert client.get("/orders").status_code == 303

    @pytest.mark.parametrize("email", ["nobody@desk.example", "", "\0", "x" * 5000])
    @pytest.mark.usefixtures("org")
    def test_an_unknown_address_gets_the_same_answer(self, client: FlaskClient, email: str) -> None:
        answer = sign_in(client, email)
        assert answer.status_code == 422
        assert "Wrong e-mail or password" in answer.text

    @pytest.mark.parametrize(
        "address",
        ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)",
         "/\t/evil.example", "evil.example", "\\\\evil.example"],
    )  # fmt: skip
    @pytest.mark.one_database(reason="where an address leads is decided from its text")
    def test_no_sign_in_leads_to_another_site(
        self, client: FlaskClient, member_email: str, address: str
    ) -> None:
        assert sign_in(client, member_email, next=address).location == "/"

    def test_a_sign_in_goes_on_to_the_requested_page(
        self, client: FlaskClient, member_email: str
    ) -> None:
        asked = client.get("/orders?q=a%20b")
        assert asked.location == "/sign-in?next=/orders?q%3Da%2520b"
        assert sign_in(client, member_email, next="/orders?q=a%20b").location == "/orders?q=a%20b"

    def test_signing_out_ends_the_session(self, client: FlaskClient, member_email: str) -> None:
        sign_in(client, member_email)
        assert client.post("/sign-out").status_code == 303
        assert client.get("/orders").status_code == 303

    def test_a_new_password_ends_old_sessions(
        self, app: Flask, client: FlaskClient, member_email: str
    ) -> None:
        sign_in(client, member_email)
        with app.app_context():
            made = resets.ask_for_reset(member_email)
            assert made is not None
            resets.set_by_reset(made.secret, password="another battery")
        assert client.get("/orders").status_code == 303


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.usefixtures("org")
def test_the_desk_is_closed_to_strangers(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 303
    assert answer.location.startswith("/sign-in?next=")
    assert client.get(path, headers={"HX-Request": "true"}).status_code == 401


def test_passwords_are_stored_as_argon2id_with_the_products_cost(app: Flask, org: Org) -> None:
    hasher = PRODUCT_HASHER
    assert (hasher.type.name, hasher.memory_cost >= 19_456, hasher.time_cost >= 2) == (
        "ID", True, True,
    )  # fmt: skip
    org.staff()
    with app.app_context():
        stored = database.fetch_value(select(StaffAccount.password_hash))
    # Of the tests, whose lower cost saves them minutes.
    assert stored.startswith("$argon2id$v=19$m=8,t=1,p=1$")


def test_the_session_cookie_is_http_only_and_same_site(
    client: FlaskClient, member_email: str
) -> None:
    cookie = client.get("/sign-in").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie
    assert member_email
    behind_tls = client.get("/sign-in", base_url="https://desk.example").headers
    assert behind_tls["Set-Cookie"].startswith("__Host-shortorder=")
    assert {"Secure", "Path=/"} < set(behind_tls["Set-Cookie"].split("; "))
    assert "Domain" not in behind_tls["Set-Cookie"]
    assert "max-age" in behind_tls["Strict-Transport-Security"]


def test_a_form_without_its_token_is_refused(
    client: FlaskClient, staff_client: FlaskClient, member_email: str, stored_rows: StoredRows
) -> None:
    assert sign_in(client, member_email).status_code == 400
    answer = staff_client.post(f"/orders/new?form={KEY}", data={**good_form(), "do": "place"})
    assert answer.status_code == 422
    assert "You have a new session. Review the order, then place it again" in answer.text
    assert good_form()["cart.0.configurationId"] in answer.text
    assert stored_rows()["orders"] == 0
    htmx = {"HX-Request": "true"}
    checked = staff_client.post("/orders/new/check?field=name", data={}, headers=htmx)
    assert checked.status_code == 400


def test_with_its_token_the_form_works(staff_client: FlaskClient) -> None:
    page = staff_client.get(f"/orders/new?form={KEY}").text
    token = attribute(page, "[name=csrf_token]", "value")
    form = {**good_form(), "do": "place", "csrf_token": token}
    assert staff_client.post(f"/orders/new?form={KEY}", data=form).status_code == 303


@pytest.mark.usefixtures("csrf_off")
def test_an_order_typed_while_signed_out_is_resumed_after_the_sign_in(
    client: FlaskClient, member_email: str, stored_rows: StoredRows
) -> None:
    typed = {**good_form(), "name": "Lobby “east” & <west>", "do": "place"}
    asked = client.post(f"/orders/new?form={KEY}", data=typed)
    assert asked.status_code == 401
    assert "Your work is safe" in asked.text
    resumed = attribute(asked.text, "[name=resumed]", "value")
    assert "cart.0.count=1" in resumed.split()
    back = sign_in(client, member_email, resumed=resumed, next=f"/orders/new?form={KEY}")
    assert back.status_code == 200
    assert f"/orders/new?form={KEY}" in back.text
    assert "Lobby “east” &amp; &lt;west&gt;" in back.text
    assert stored_rows()["orders"] == 0


def test_htmx_gets_a_message_that_the_session_has_ended(client: FlaskClient) -> None:
    answer = client.post(
        f"/orders/new?form={KEY}", data=good_form(), headers={"HX-Request": "true"}
    )
    assert answer.status_code in {400, 401}
    assert "<html" not in answer.text


def test_the_cookie_is_sent_only_when_it_changes(staff_client: FlaskClient) -> None:
    staff_client.get("/orders")  # the page puts a CSRF token into the session
    with staff_client.get("/static/favicon.svg") as picture:
        assert "Set-Cookie" not in picture.headers
        assert "Cookie" not in picture.headers.get("Vary", "")
    assert "Set-Cookie" not in staff_client.get("/orders").headers


@pytest.mark.parametrize("path", ["/account/preferences", "/orders/bulk", "/settings/organization"])
def test_a_form_that_is_sent_after_the_session_ended_leads_to_the_sign_in(
    client: FlaskClient, path: str
) -> None:
    came_from = {"Referer": "http://localhost/orders?q=chair"}
    answer = client.post(path, data={"name": "x"}, headers=came_from)
    assert answer.status_code == 303
    assert answer.location == "/sign-in?next=/orders?q%3Dchair"
    htmx = {"HX-Request": "true"}
    assert client.post(path, data={"name": "x"}, headers=htmx).status_code == 401


@pytest.mark.usefixtures("csrf_off")
class TestTriesAtOneAccount:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return replace(settings, account_limit="2 per hour")

    def test_they_are_limited_and_a_sign_in_gives_them_back(
        self, client: FlaskClient, member_email: str
    ) -> None:
        for _ in range(2):
            assert sign_in(client, member_email, "wrong").status_code == 422
            assert sign_in(client, member_email.upper()).status_code == 303
        assert sign_in(client, member_email, "wrong").status_code == 422
        assert sign_in(client, member_email, "wrong").status_code == 422
        refused = sign_in(client, member_email)
        assert refused.status_code == 429
        assert 1 <= int(refused.headers["Retry-After"]) <= 3600
        assert sign_in(client, "other@desk.example").status_code == 422


@pytest.mark.one_database(reason="the database is replaced")
@pytest.mark.usefixtures("csrf_off")
def test_while_nothing_can_be_counted_people_sign_in_and_the_limit_is_that_of_the_process(
    app: Flask, client: FlaskClient, member_email: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object) -> bool:
        raise ServiceBusy("busy")

    monkeypatch.setattr(limiter, "_storage_dead", False)  # as it is again after the test
    for name in ("acquire_sliding_window_entry", "get_sliding_window", "incr", "get"):
        monkeypatch.setattr(DatabaseStorage, name, busy)
    app.config["SIGN_IN_LIMIT"] = "3 per hour"
    assert sign_in(client, member_email).status_code == 303
    tries = [sign_in(client, member_email, "wrong").status_code for _ in range(3)]
    assert tries == [422, 422, 429]
