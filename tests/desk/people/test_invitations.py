"""Invitations: a link is shown once and works once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app import create_app
from orders.domain.errors import Conflict, InvalidInput, NotFound, Taken
from orders.services.accounts import access, accounts, invitations, orgs
from orders.settings import Settings
from orders.storage import database
from orders.storage.database import close
from orders.storage.models.people import InvitationRow
from tests.actors import PASSWORD, Org
from tests.desk.people.links_and_codes import link_on, secret_of
from tests.html import attribute, attributes
from tests.mail_server import mail_server

KIM = "kim@desk.example"
INVITE = "/settings/staff/invite"
OWN = "correct battery horse"


def invite(client: FlaskClient, email: str = KIM, role: str = "sales") -> str:
    """Invite a person and return the link."""
    answer = client.post(INVITE, data={"email": email, "role": role, "do": "link"})
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    return link_on(answer.text)


def join(client: FlaskClient, link: str, **fields: str) -> int:
    client.get(link)
    form = {"name": "Kim", "password": OWN, **fields}
    return client.post("/invitation", data=form).status_code


def stored(app: Flask) -> list[str]:
    with app.app_context(), database.read() as connection:
        return list(connection.execute(select(InvitationRow.secret_hash)).scalars())


@pytest.mark.usefixtures("csrf_off")
class TestInviting:
    def test_an_invited_person_creates_their_account(
        self, app: Flask, client: FlaskClient, admin_client: FlaskClient, org: Org
    ) -> None:
        link = invite(admin_client, " Kim@Desk.example ", "viewer")
        assert link.startswith("/invitation?link=")
        opened = client.get(link)
        assert (opened.status_code, opened.location) == (303, "/invitation")
        assert opened.headers.getlist("Referrer-Policy") == ["no-referrer"]
        assert opened.headers["Cache-Control"] == "no-store"
        page = client.get("/invitation")
        assert "Welcome to Workshop" in page.text
        assert KIM in page.text
        assert secret_of(link) not in page.text
        answer = client.post("/invitation", data={"name": " Kim Oak ", "password": OWN})
        assert (answer.status_code, answer.location) == (303, "/account")
        assert "Welcome!" in client.get("/account").text
        with app.app_context():
            member = access.sign_in(KIM, OWN)
        assert member is not None
        assert (member.org_id, member.role, member.name) == (org.id, "viewer", "Kim Oak")
        assert "Accepted the invitation" in client.get("/account").text

    def test_only_the_hash_is_stored(self, app: Flask, admin_client: FlaskClient) -> None:
        secret = secret_of(invite(admin_client))
        assert len(secret) == 43  # 256 bits
        assert stored(app) == [access.hash_secret(secret)]

    def test_the_link_works_once(self, app: Flask, admin_client: FlaskClient) -> None:
        link = invite(admin_client)
        assert join(app.test_client(), link) == 303
        second = app.test_client()
        assert join(second, link, password="another battery") == 404
        page = second.get("/invitation")
        assert page.status_code == 404
        assert (
            "This invitation was used, withdrawn, or is older than 7 days. Ask for a new one"
        ) in page.text
        with app.app_context():
            assert access.sign_in(KIM, "another battery") is None

    def test_looking_at_the_link_does_not_use_it_up(
        self, app: Flask, client: FlaskClient, admin_client: FlaskClient
    ) -> None:
        link = invite(admin_client)
        for _ in range(3):
            scanner = app.test_client()
            scanner.get(link)
            scanner.get("/invitation")
        assert join(client, link) == 303

    def test_errors_are_shown_at_their_fields_and_the_link_still_works(
        self, client: FlaskClient, admin_client: FlaskClient
    ) -> None:
        link = invite(admin_client)
        client.get(link)
        answer = client.post("/invitation", data={"name": "x" * 81, "password": "short"})
        assert answer.status_code == 422
        assert attributes(answer.text, "[data-path]", "data-path") == ["name", "password"]
        assert "x" * 81 in answer.text
        assert join(client, link) == 303

    @pytest.mark.parametrize(
        ("fields", "wrong"),
        [
            ({"email": "nobody"}, ["email"]),
            ({"email": "a\0@b.example"}, ["email"]),
            ({"role": "boss"}, ["role"]),
            ({"email": "", "role": ""}, ["email", "role"]),
        ],
    )
    def test_invalid_invitations_are_refused(
        self, app: Flask, admin_client: FlaskClient, fields: dict[str, str], wrong: list[str]
    ) -> None:
        answer = admin_client.post(INVITE, data={"email": KIM, "role": "sales", **fields})
        assert answer.status_code == 422
        assert attributes(answer.text, "[data-path]", "data-path") == wrong
        assert stored(app) == []

    def test_people_with_an_account_or_an_invitation_cannot_be_invited(
        self, app: Flask, admin_client: FlaskClient, other_org: Org
    ) -> None:
        invite(admin_client)
        for email, message in (
            (KIM, "is already invited. Send that invitation again"),
            (other_org.staff().email, "an account"),
        ):
            answer = admin_client.post(INVITE, data={"email": email, "role": "sales"})
            assert answer.status_code == 409
            assert message in answer.text
        assert len(stored(app)) == 1


@pytest.mark.usefixtures("csrf_off")
class TestPending:
    @pytest.fixture
    def address(self, app: Flask, org: Org) -> str:
        with app.app_context():
            made = invitations.invite(org.id, email=KIM, role="sales", by=org.admin().id)
        return f"/settings/staff/invitations/{made.id}"

    def test_a_new_link_replaces_the_old_one(
        self, app: Flask, admin_client: FlaskClient, address: str
    ) -> None:
        assert KIM in admin_client.get("/settings/staff").text
        first = link_on(admin_client.post(f"{address}/again").text)
        second = link_on(admin_client.post(f"{address}/again").text)
        assert admin_client.get(f"{address}/again").location == "/settings/staff"
        assert join(app.test_client(), first) == 404
        assert join(app.test_client(), second) == 303
        assert "Invited" not in admin_client.get("/settings/staff").text

    def test_a_withdrawn_invitation_does_not_work(
        self, app: Flask, admin_client: FlaskClient, address: str
    ) -> None:
        link = link_on(admin_client.post(f"{address}/again").text)
        assert admin_client.post(f"{address}/withdraw").location == "/settings/staff"
        page = admin_client.get("/settings/staff").text
        assert f"Invitation for {KIM} withdrawn" in page
        assert join(app.test_client(), link) == 404
        assert admin_client.post(f"{address}/withdraw").status_code == 404
        assert admin_client.post(f"{address}/again").status_code == 404
        invite(admin_client)  # a new invitation is allowed

    def test_other_orgs_and_roles_cannot_change_an_invitation(
        self, app: Flask, other_org: Org, staff_client: FlaskClient, address: str
    ) -> None:
        stranger = other_org.sign_in(app.test_client(), other_org.admin())
        for doing in ("again", "withdraw"):
            assert stranger.post(f"{address}/{doing}").status_code == 404
            assert staff_client.post(f"{address}/{doing}").status_code == 403
            assert app.test_client().post(f"{address}/{doing}").status_code == 303
        assert KIM not in stranger.get("/settings/staff").text
        odd = address.rpartition("/")[0]
        assert stranger.post(f"{odd}/%00/again").status_code == 404


class TestService:
    def test_a_link_lives_for_seven_days(self, app: Flask, org: Org) -> None:
        start = datetime(2026, 11, 25, tzinfo=UTC)
        with app.app_context():
            made = invitations.invite(org.id, email=KIM, role="sales", by=org.admin().id, now=start)
            late = start + timedelta(days=7)
            assert invitations.find_by_link(made.secret, now=late - timedelta(seconds=1))
            with pytest.raises(NotFound):
                invitations.find_by_link(made.secret, now=late)
            with pytest.raises(NotFound):
                invitations.accept(made.secret, name="", password=OWN, now=late)
            [listed] = invitations.list_invitations(org.id)
            assert listed.is_over(late)
            again = invitations.invite_again(org.id, made.id, by=org.admin().id, now=late)
            assert invitations.accept(again.secret, name="", password=OWN, now=late)

    @pytest.mark.parametrize("secret", ["", "x", "\0", "é" * 50, "\ud800"])
    def test_odd_links_are_dead(self, app: Flask, secret: str) -> None:
        with app.app_context(), pytest.raises(NotFound):
            invitations.find_by_link(secret)

    def test_an_invited_address_with_a_new_account_keeps_the_account(
        self, app: Flask, org: Org
    ) -> None:
        with app.app_context():
            made = invitations.invite(org.id, email=KIM, role="admin", by=org.admin().id)
            accounts.add_staff(org.id, email=KIM, role="sales", password=PASSWORD)
            with pytest.raises(Conflict):
                invitations.accept(made.secret, name="", password=OWN)
            member = access.sign_in(KIM, PASSWORD)
            assert member is not None
            assert member.role == "sales"
            with pytest.raises(Taken):
                invitations.invite(org.id, email=KIM, role="sales", by=org.admin().id)

    def test_names_are_readable_and_in_one_line(self, app: Flask, org: Org) -> None:
        with app.app_context():
            made = invitations.invite(org.id, email=KIM, role="sales", by=org.admin().id)
            for name in ("a\nb", "a\0b", "x" * 81, "\u202eevil"):
                with pytest.raises(InvalidInput):
                    invitations.accept(made.secret, name=name, password=OWN)


@pytest.mark.usefixtures("csrf_off")
class TestMail:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        """The application of these tests has a mail server and an address."""
        return replace(
            settings, public_url="https://desk.example",
                allowed_hosts="localhost", mail_from="Desk <desk@desk.example>",
            smtp_url="smtp://127.0.0.1:1?tls=off",
        )  # fmt: skip

    def test_the_link_is_mailed_on_request(
        self, app: Flask, admin_client: FlaskClient, settings: Settings
    ) -> None:
        with mail_server() as server:
            app.config["SETTINGS"] = replace(
                settings, smtp_url=f"smtp://127.0.0.1:{server.port}?tls=off"
            )
            invite(admin_client, "no-mail@desk.example")
            assert server.received == []
            answer = admin_client.post(INVITE, data={"email": KIM, "role": "sales", "do": "mail"})
            assert "E-mail sent to" in answer.text
            [message] = server.received
            assert message["To"] == KIM
            link = link_on(answer.text)
            assert f"https://desk.example{link}" in message.get_content()
            assert "Workshop invites you" in message.get_content()
            assert "Send again" in admin_client.get("/settings/staff").text

    def test_a_mail_that_fails_leaves_the_link_on_the_page(
        self, app: Flask, client: FlaskClient, admin_client: FlaskClient
    ) -> None:
        answer = admin_client.post(INVITE, data={"email": KIM, "role": "sales", "do": "mail"})
        assert "was not sent. The mail server cannot be reached" in answer.text
        assert join(client, link_on(answer.text)) == 303


def test_csrf_protection_works_over_tls(settings: Settings) -> None:
    secure = create_app(replace(settings, secure_cookies=True))
    with secure.app_context():
        org_id = orgs.add_org("Over TLS")
        made = invitations.invite(org_id, email=KIM, role="sales", by="x" * 36)
        browser = secure.test_client()
        base = "https://desk.example"
        browser.get(f"/invitation?link={made.secret}", base_url=base)
        page = browser.get("/invitation", base_url=base)
        assert page.headers["Referrer-Policy"] == "same-origin"
        token = attribute(page.text, "[name=csrf_token]", "value")
        answer = browser.post(
            "/invitation", base_url=base, headers={"Referer": f"{base}/invitation"},
            data={"name": "Kim", "password": OWN, "csrf_token": token},
        )  # fmt: skip
        assert answer.status_code == 303
        close()
