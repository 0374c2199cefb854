"""E-mail addresses that look like another one are refused wherever an account begins."""

from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner
from sqlalchemy import select

from orders.services.accounts import setup
from orders.services.accounts.company_provider import CompanyProvider
from orders.storage import database
from orders.storage.models.people import InvitationRow, StaffAccount, StaffIdentity
from tests.actors import PASSWORD, Org
from tests.company import running_provider, sign_in
from tests.desk.people.test_setup import FORM
from tests.html import attributes, texts

pytestmark = [
    pytest.mark.one_database(reason="whether an address is accepted follows from its text"),
    pytest.mark.usefixtures("csrf_off"),
]
SIMILAR = [
    "k\u0456m@desk.example",  # Cyrillic, in front
    "kim@d\u0435sk.example",  # and behind the @
    "kim\u200b@desk.example",  # zero-width space
    "kim@desk.example\u2060",  # word joiner
    "kim@de\u00adsk.example",  # soft hyphen
    "\u202ekim@desk.example",  # from right to left
]


def stored(app: Flask) -> list[list[object]]:
    """Return the addresses of all accounts, invitations, and company accounts."""
    with app.app_context():
        columns = (StaffAccount.email, InvitationRow.email, StaffIdentity.email)
        return [[row.email for row in database.fetch_all(select(one))] for one in columns]


@pytest.mark.parametrize("path", ["/settings/staff/new", "/settings/staff/invite"])
def test_admins_add_and_invite_nobody_with_such_an_address(
    app: Flask, admin_client: FlaskClient, path: str
) -> None:
    before = stored(app)
    for email in SIMILAR:
        typed = {"email": email, "role": "sales", "password": PASSWORD}
        answer = admin_client.post(path, data=typed)
        assert answer.status_code == 422, ascii(email)
        assert attributes(answer.text, "[data-path]", "data-path") == ["email"]
    assert stored(app) == before


def test_the_first_admin_has_no_such_address(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        client.get(f"/setup?token={setup.new_link().secret}")
    for email in SIMILAR:
        answer = client.post("/setup", data={**FORM, "email": email})
        assert answer.status_code == 422, ascii(email)
        assert attributes(answer.text, "[data-path]", "data-path") == ["email"]
    assert stored(app) == [[], [], []]


@pytest.mark.parametrize("command", ["add", "invite"])
def test_commands_refuse_them(app: Flask, runner: FlaskCliRunner, org: Org, command: str) -> None:
    for email in SIMILAR:
        done = runner.invoke(args=["user", command, email, "--role", "sales"])
        assert done.exit_code == 1, ascii(email)
        assert "Enter an e-mail address" in done.stderr
    assert stored(app) == [[], [], []]


def test_a_company_account_with_one_gets_no_account_here(
    app: Flask, client: FlaskClient, org: Org
) -> None:
    with running_provider() as provider:
        app.config["SETTINGS"] = settings = replace(
            app.config["SETTINGS"], oidc_issuer=provider.issuer, oidc_client_id="shortorder",
            oidc_client_secret="a secret of tests", oidc_org=org.id,
        )  # fmt: skip
        app.extensions["company_provider"] = CompanyProvider(settings)
        for email in SIMILAR:
            provider.knows("kim", email=email, email_verified=True)
            assert sign_in(client, provider, "kim").location == "/sign-in", ascii(email)
            shown = " ".join(texts(client.get("/sign-in").text, ".notice"))
            assert "no verified e-mail address" in shown
        assert stored(app) == [[], [], []]
        provider.knows("kim", email="kim@desk.example", email_verified=True)
        assert sign_in(client, provider, "kim").location == "/"
