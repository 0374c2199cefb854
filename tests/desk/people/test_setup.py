"""The setup in the browser: who gets to it, what a link allows, and what the form reports."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

from orders.interfaces.cli.server import service_address
from orders.services.accounts import access, setup
from orders.settings import Settings
from orders.storage import database
from orders.storage.models.orgs import Org as OrgRow
from orders.storage.models.orgs import SetupRow
from tests.actors import PASSWORD, Org
from tests.html import read, texts

FORM = {
    "org_name": "Workshop", "name": "Ada", "email": "ada@desk.example", "password": PASSWORD,
    "time_zone": "Europe/Berlin", "language": "en",
}  # fmt: skip


@pytest.fixture
def link(app: Flask) -> str:
    """The path of a new link."""
    with app.app_context():
        return f"/setup?token={setup.new_link().secret}"


def count(app: Flask) -> int:
    with app.app_context():
        return int(database.fetch_value(select(func.count()).select_from(OrgRow)))


def send(client: FlaskClient, link: str, **fields: str) -> TestResponse:
    """Open a link and send the form."""
    client.get(link)
    return client.post("/setup", data={**FORM, **fields})


class TestAnEmptyDesk:
    @pytest.mark.parametrize(
        "path", ["/", "/sign-in", "/orders", "/orders/new", "/forgot-password", "/invitation",
                 "/settings/staff", "/sign-in/code", "/docs/api/requests"],
    )  # fmt: skip
    @pytest.mark.one_database(reason="redirects")
    def test_every_page_leads_to_the_setup(self, client: FlaskClient, path: str) -> None:
        answer = client.get(path)
        assert (answer.status_code, answer.location) == (303, "/setup")

    @pytest.mark.one_database(reason="rendering")
    def test_without_the_link_the_page_says_where_it_is(self, client: FlaskClient) -> None:
        answer = client.get("/setup")
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store"
        page = read(answer.text)
        assert not page.has("form")
        assert "http://localhost/setup?token=…" in page.text
        assert "python -m orders setup-link" in page.text

    @pytest.mark.one_database(reason="rendering")
    def test_customers_and_programs_are_answered_as_ever(self, client: FlaskClient) -> None:
        assert client.get("/find").status_code == 200
        assert client.get("/docs/api").status_code == 200
        assert client.get("/api/orders").status_code == 401


@pytest.mark.usefixtures("csrf_off")
class TestTheLink:
    def test_it_leads_to_a_form_that_signs_the_admin_in(
        self, app: Flask, client: FlaskClient, link: str
    ) -> None:
        opened = client.get(link)
        assert (opened.status_code, opened.location) == (303, "/setup")
        assert opened.headers["Referrer-Policy"] == "no-referrer"
        assert opened.headers["Cache-Control"] == "no-store"
        page = client.get("/setup")
        assert page.headers["Cache-Control"] == "no-store"
        assert link.partition("=")[2] not in page.text
        assert set(read(page.text).first("form").fields()) >= set(FORM)
        made = client.post("/setup", data=FORM)
        assert (made.status_code, made.location) == (303, "/")
        today = client.get("/").text
        assert "Your desk is ready. Sign in with ada@desk.example" in today
        assert "Berlin time" in today
        assert client.get("/settings/staff").status_code == 200
        with app.app_context():
            assert access.sign_in(FORM["email"], PASSWORD) is not None

    def test_it_works_once(self, app: Flask, client: FlaskClient, link: str) -> None:
        assert send(client, link).location == "/"
        stranger = app.test_client()
        again = send(stranger, link, email="eve@desk.example")
        assert (again.status_code, again.location) == (303, "/sign-in")
        assert "This desk is set up already" in stranger.get("/sign-in").text
        assert count(app) == 1

    @pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
    def test_programs_that_follow_it_do_not_use_it_up(
        self, app: Flask, client: FlaskClient, link: str, method: str
    ) -> None:
        for _ in range(2):
            program = app.test_client()
            headers = {"Sec-Purpose": "prefetch"}
            program.open(link, method=method, headers=headers, follow_redirects=True)
        assert count(app) == 0
        assert send(client, link).location == "/"

    def test_an_hour_later_it_is_dead(self, app: Flask, client: FlaskClient, link: str) -> None:
        client.get(link)
        past = datetime.now(UTC) - timedelta(seconds=1)
        with app.app_context():
            database.execute(update(SetupRow).values(expires_at=past))
        for answer in (client.get("/setup"), client.post("/setup", data=FORM)):
            assert answer.status_code == 404
            assert "older than an hour" in answer.text
            assert "setup-link" in answer.text
        assert count(app) == 0

    @pytest.mark.parametrize("token", ["", "x", "x" * 5000, "%00", "%ff", "é"])
    def test_a_wrong_one_creates_nothing(
        self, app: Flask, client: FlaskClient, link: str, token: str
    ) -> None:
        answer = send(client, f"/setup?token={token}")
        assert answer.status_code == 404
        assert texts(answer.text, "[role=alert]")
        assert count(app) == 0

    def test_the_form_without_the_link_creates_nothing(
        self, app: Flask, client: FlaskClient, link: str
    ) -> None:
        token = link.partition("=")[2]
        for fields in (FORM, {**FORM, "token": token, "link": token, "setup_link": token}):
            assert client.post("/setup", data=fields).status_code == 404
        assert count(app) == 0

    @pytest.mark.one_database(reason="headers")
    def test_over_tls_the_browser_may_say_where_the_form_was(
        self, app: Flask, client: FlaskClient, link: str
    ) -> None:
        """The protection against forged forms asks for the Referer, which carries no secret."""
        app.config["WTF_CSRF_ENABLED"] = True
        tls = {"base_url": "https://desk.example"}
        client.get(link, **tls)
        page = client.get("/setup", **tls)
        assert page.headers["Referrer-Policy"] == "same-origin"
        fields = {**read(page.text).first("form").fields(), **FORM}
        came_from = {"Referer": "https://desk.example/setup"}
        assert client.post("/setup", data=fields, headers=came_from, **tls).location == "/"

    def test_a_forged_form_creates_nothing(
        self, app: Flask, client: FlaskClient, link: str
    ) -> None:
        app.config["WTF_CSRF_ENABLED"] = True
        assert send(client, link).status_code == 400
        assert count(app) == 0


@pytest.mark.usefixtures("csrf_off")
class TestTheForm:
    def test_errors_are_at_their_fields_and_nothing_is_lost(
        self, app: Flask, client: FlaskClient, link: str
    ) -> None:
        bad = {"org_name": "", "email": "nobody", "password": "short", "time_zone": "",
               "name": "x" * 81, "language": "de"}  # fmt: skip
        answer = send(client, link, **bad)
        assert answer.status_code == 422
        page = read(answer.text)
        wrong = [one["id"] for one in page.all("[aria-invalid=true]")]
        assert wrong == ["org_name", "name", "email", "password", "time_zone"]
        assert "<title>Error:" in answer.text
        kept = page.first("form").fields()
        assert {name: kept[name] for name in bad} == {**bad, "password": ""}
        assert count(app) == 0
        assert client.post("/setup", data=FORM).location == "/"

    @pytest.mark.parametrize("odd", ["\0", "x" * 300])
    def test_odd_texts_are_reported(self, client: FlaskClient, link: str, odd: str) -> None:
        for name in ("org_name", "name", "email", "time_zone", "language"):
            assert send(client, link, **{name: odd}).status_code == 422, name

    @pytest.mark.one_database(reason="rendering")
    def test_the_language_is_the_first_choice_and_that_of_the_next_page(
        self, client: FlaskClient, link: str
    ) -> None:
        client.get(link)
        page = client.get("/setup", headers={"Accept-Language": "de"})
        assert read(page.text).first("form").fields()["language"] == "de"
        client.post("/setup", data={**FORM, "language": "de"})
        assert 'lang="de"' in client.get("/").text


class TestADeskWithAnOrg:
    def test_it_never_shows_the_setup(
        self, app: Flask, link: str, org: Org, csrf_off: None
    ) -> None:
        for path in ("/setup", link):
            answer = app.test_client().get(path, follow_redirects=True)
            assert answer.request.path == "/sign-in"
        answer = app.test_client().post("/setup", data=FORM)
        assert (answer.status_code, answer.location) == (303, "/sign-in")
        assert count(app) == 1

    @pytest.mark.one_database(reason="redirects")
    def test_signed_in_people_go_on_to_today(self, staff_client: FlaskClient) -> None:
        assert staff_client.get("/setup").location == "/"


class TestManyTries:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return replace(settings, sign_in_limit="3 per minute")

    @pytest.mark.one_database(reason="the limit is counted in memory")
    def test_links_and_forms_are_limited_and_the_page_is_not(
        self, app: Flask, client: FlaskClient, csrf_off: None
    ) -> None:
        assert {client.get("/setup").status_code for _ in range(5)} == {200}
        tries = [client.get(f"/setup?token={number}").status_code for number in range(5)]
        assert tries == [303, 303, 303, 429, 429]
        assert client.post("/setup", data=FORM).status_code == 429
        assert count(app) == 0


class TestTheCommand:
    def test_it_prints_a_new_link(
        self, runner: FlaskCliRunner, client: FlaskClient, link: str, csrf_off: None
    ) -> None:
        done = runner.invoke(args=["setup-link"])
        printed = json.loads(done.stdout)
        assert set(printed) == {"link", "expiresAt"}
        address, _, token = printed["link"].partition("/setup?token=")
        assert address == "http://127.0.0.1:8000"
        assert send(client, link).status_code == 404
        assert send(client, f"/setup?token={token}").location == "/"

    def test_it_refuses_a_desk_with_an_org(self, runner: FlaskCliRunner, org: Org) -> None:
        done = runner.invoke(args=["setup-link"])
        assert (done.exit_code, done.stdout) == (1, "")
        assert "set up already" in json.loads(done.stderr)["error"]


@pytest.mark.parametrize(
    ("host", "address"),
    [("0.0.0.0", "http://localhost:80"), ("::", "http://localhost:80"),  # noqa: S104 - not listened on
     ("::1", "http://[::1]:80"), ("desk.lan", "http://desk.lan:80")],
)  # fmt: skip
def test_the_printed_address_can_be_opened(host: str, address: str) -> None:
    assert service_address(Settings(host=host, port=80)) == address


@pytest.mark.one_database(reason="the settings are the subject")
class TestTheSettings:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return replace(
            settings,
            setup_token="s" * 32,
            public_url="https://desk.example/",
            allowed_hosts="localhost",
        )

    def test_the_link_has_the_public_address_and_the_preset_secret(
        self, runner: FlaskCliRunner
    ) -> None:
        done = runner.invoke(args=["setup-link"])
        assert json.loads(done.stdout)["link"] == f"https://desk.example/setup?token={'s' * 32}"
