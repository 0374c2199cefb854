"""Forgotten passwords: nobody learns who has an account, and a link works once."""

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from orders.domain.errors import NotFound
from orders.services.accounts import access, accounts
from orders.services.accounts import resets as password_resets
from orders.settings import Settings
from orders.storage import database
from orders.storage.models.people import PasswordReset
from tests.actors import PASSWORD, Org
from tests.desk.people.links_and_codes import link_on, secret_of, with_factor
from tests.html import attributes
from tests.mail_server import MailServer, mail_server

NEW = "another battery horse"
START = datetime(2026, 11, 25, tzinfo=UTC)


def resets(app: Flask) -> int:
    with app.app_context(), database.read() as connection:
        return connection.execute(select(func.count()).select_from(PasswordReset)).scalar_one()


def wait_for(server: MailServer, messages: int) -> None:
    """Wait for mail that is sent in the background."""
    deadline = time.monotonic() + 20
    while len(server.received) < messages:
        assert time.monotonic() < deadline, server.received
        time.sleep(0.02)


@pytest.fixture
def link(admin_client: FlaskClient, org: Org, csrf_off: None) -> str:
    """A link that an admin has created for the salesperson."""
    answer = admin_client.post(f"/settings/staff/{org.staff().id}/reset-link")
    assert answer.headers["Cache-Control"] == "no-store"
    return link_on(answer.text)


@pytest.mark.usefixtures("csrf_off")
class TestByAnAdmin:
    def test_the_person_sets_a_new_password_and_old_sessions_end(
        self, app: Flask, client: FlaskClient, staff_client: FlaskClient, org: Org, link: str
    ) -> None:
        assert staff_client.get("/orders").status_code == 200
        opened = client.get(link)
        assert (opened.status_code, opened.location) == (303, "/reset-password")
        assert opened.headers.getlist("Referrer-Policy") == ["no-referrer"]
        page = client.get("/reset-password").text
        assert org.email in page
        assert secret_of(link) not in page
        answer = client.post("/reset-password", data={"password": NEW})
        assert (answer.status_code, answer.location) == (303, "/sign-in")
        assert "New password set. Sign in with your new password." in client.get("/sign-in").text
        assert client.get("/orders").status_code == 303  # the link signs nobody in
        assert staff_client.get("/orders").status_code == 303
        with app.app_context():
            assert access.sign_in(org.email, PASSWORD) is None
            assert access.sign_in(org.email, NEW) is not None

    def test_it_works_once(self, app: Flask, link: str, org: Org) -> None:
        for password, status in ((NEW, 303), ("yet another battery", 404)):
            browser = app.test_client()
            browser.get(link)
            answer = browser.post("/reset-password", data={"password": password})
            assert answer.status_code == status
        with app.app_context():
            assert access.sign_in(org.email, NEW) is not None

    def test_a_bad_password_is_reported_and_the_link_still_works(
        self, client: FlaskClient, link: str
    ) -> None:
        client.get(link)
        answer = client.post("/reset-password", data={"password": "short"})
        assert answer.status_code == 422
        assert attributes(answer.text, "[data-path]", "data-path") == ["password"]
        assert client.post("/reset-password", data={"password": NEW}).status_code == 303

    def test_another_new_password_makes_the_link_useless(
        self, client: FlaskClient, admin_client: FlaskClient, org: Org, link: str
    ) -> None:
        admin_client.post(f"/settings/staff/{org.staff().id}/password", data={"password": NEW})
        client.get(link)
        assert client.get("/reset-password").status_code == 404

    def test_a_disabled_account_has_no_link(
        self, client: FlaskClient, admin_client: FlaskClient, org: Org, link: str
    ) -> None:
        page = f"/settings/staff/{org.staff().id}"
        admin_client.post(f"{page}/disable")
        client.get(link)
        assert client.get("/reset-password").status_code == 404
        assert admin_client.post(f"{page}/reset-link").location == page
        assert "This account is disabled" in admin_client.get(page).text

    def test_only_admins_create_reset_links(
        self, app: Flask, staff_client: FlaskClient, other_org: Org, org: Org
    ) -> None:
        address = f"/settings/staff/{org.staff().id}/reset-link"
        stranger = other_org.sign_in(app.test_client(), other_org.admin())
        assert stranger.post(address).status_code == 404
        assert staff_client.post(address).status_code == 403
        assert resets(app) == 0

    def test_the_second_factor_stays(
        self, app: Flask, client: FlaskClient, org: Org, link: str
    ) -> None:
        with_factor(app, org.staff())
        client.get(link)
        client.post("/reset-password", data={"password": NEW})
        signed_in = client.post("/sign-in", data={"email": org.email, "password": NEW})
        assert urlsplit(signed_in.location).path == "/sign-in/code"

    def test_the_reset_is_in_the_accounts_events(
        self, app: Flask, client: FlaskClient, admin_client: FlaskClient, org: Org, link: str
    ) -> None:
        page = f"/settings/staff/{org.staff().id}"
        client.get(link)
        client.post("/reset-password", data={"password": NEW})
        shown = admin_client.get(page).text
        assert f"Password reset link created by {org.admin().email}" in shown
        assert "Password reset with a link</span>" in shown


def test_a_link_lives_for_an_hour(app: Flask, org: Org) -> None:
    with app.app_context():
        member = org.staff()
        made = password_resets.make_reset(org.id, member.id, by=org.admin().id, now=START)
        late = START + timedelta(hours=1)
        before = late - timedelta(seconds=1)
        assert password_resets.address_of_reset(made.secret, now=before) == org.email
        with pytest.raises(NotFound):
            password_resets.address_of_reset(made.secret, now=late)
        with pytest.raises(NotFound):
            password_resets.set_by_reset(made.secret, password=NEW, now=late)


class TestByMail:
    @pytest.fixture
    def server(self, app: Flask, settings: Settings) -> Iterator[MailServer]:
        with mail_server() as server:
            app.config["SETTINGS"] = replace(
                settings, smtp_url=f"smtp://127.0.0.1:{server.port}?tls=off",
                mail_from="desk@desk.example", public_url="https://desk.example",
                allowed_hosts="localhost, evil.example",
            )  # fmt: skip
            yield server

    @pytest.mark.usefixtures("csrf_off")
    def test_a_link_is_mailed_and_works(
        self, app: Flask, client: FlaskClient, org: Org, server: MailServer
    ) -> None:
        org.staff()
        answer = client.post("/forgot-password", data={"email": f" {org.email.upper()} "},
                             headers={"Host": "evil.example"})  # fmt: skip
        assert "has an account, we sent a reset link. It works once, within an hour" in answer.text
        wait_for(server, 1)
        [message] = server.received
        assert message["To"] == org.email
        text = message.get_content()
        assert "evil.example" not in text
        found = re.search(r"https://desk\.example(/reset-password\?link=\S+)", text)
        assert found is not None
        client.get(found[1])
        assert client.post("/reset-password", data={"password": NEW}).status_code == 303
        with app.app_context():
            assert access.sign_in(org.email, NEW) is not None

    @pytest.mark.usefixtures("csrf_off")
    def test_the_answer_is_the_same_for_everybody(
        self, app: Flask, client: FlaskClient, org: Org, server: MailServer
    ) -> None:
        with app.app_context():
            gone = accounts.add_staff(
                org.id, email="gone@desk.example", role="sales", password=PASSWORD
            )
            accounts.disable_staff(org.id, gone, by=org.admin().id)
        asked = ["nobody@desk.example", "gone@desk.example", "x\0@desk.example", org.staff().email]
        answers = {
            client.post("/forgot-password", data={"email": email}).text.replace(email, "…")
            for email in ("nobody@desk.example", "gone@desk.example", org.email)
        }
        assert len(answers) == 1
        for email in asked:
            answer = client.post("/forgot-password", data={"email": email})
            assert answer.status_code == 200
        wait_for(server, 2)
        assert {message["To"] for message in server.received} == {org.email}

    def test_the_number_of_mails_to_an_address_is_limited(self, app: Flask, org: Org) -> None:
        with app.app_context():
            org.staff()
            made = [password_resets.ask_for_reset(org.email, now=START) for _ in range(5)]
            assert [one is not None for one in made] == [True] * 3 + [False] * 2
            later = START + password_resets.RESET_WITHIN
            assert password_resets.ask_for_reset(org.email, now=later) is not None
            assert password_resets.ask_for_reset("nobody@desk.example") is None

    def test_the_form_is_protected(self, client: FlaskClient, server: MailServer) -> None:
        assert client.post("/forgot-password", data={"email": "a@b.example"}).status_code == 400
        assert server.received == []


@pytest.mark.usefixtures("csrf_off")
def test_without_a_mail_server_the_page_names_who_can_help(
    app: Flask, client: FlaskClient, org: Org
) -> None:
    assert "/forgot-password" in client.get("/sign-in").text
    for page in (
        client.get("/forgot-password"),
        client.post("/forgot-password", data={"email": org.staff().email}),
    ):
        assert (
            "Ask an admin of your organization for a reset link. They can create one "
            "in Settings, under Staff, on your account"
        ) in page.text
        assert "<form" not in page.text
    assert resets(app) == 0


@pytest.mark.usefixtures("csrf_off")
@pytest.mark.parametrize(
    "path", ["/forgot-password", "/reset-password", "/invitation", "/sign-in/code"]
)
@pytest.mark.usefixtures("org")
def test_tries_are_limited(app: Flask, client: FlaskClient, path: str) -> None:
    app.config["SIGN_IN_LIMIT"] = "2 per hour"
    statuses = [client.post(path, data={"email": "a@b.example"}).status_code for _ in range(3)]
    assert statuses[2] == 429
    assert 429 not in statuses[:2]
