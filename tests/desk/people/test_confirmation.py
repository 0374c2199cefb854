"""Sensitive actions ask for the password again, and keep what was typed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from orders.interfaces.desk.people.confirmation import ASKING, SENSITIVE
from orders.services.accounts import access, sessions
from orders.services.accounts.sessions import CONFIRMED_FOR
from orders.settings import Settings
from orders.storage import database
from orders.storage.models.people import StaffSessionRow
from tests.actors import PASSWORD, Org
from tests.desk.people.links_and_codes import code_of, with_factor
from tests.desk.test_roles import address
from tests.html import attributes, read

pytestmark = [
    pytest.mark.one_database(reason="the SQL is that of services, whose tests run on both"),
    pytest.mark.usefixtures("csrf_off"),
]

# Forms of daily work, forms of people who are not signed in, and settings that can be set back
# and open nothing to anybody. Every other form is declared `sensitive` or `asks_for_password`.
ORDINARY = ("/orders/", "/customers/", "/configurations/", "/find", "/o/", "/checklist",
            "/sign-in", "/sign-out", "/invitation", "/forgot-password", "/reset-password",
            "/setup", "/docs/")  # fmt: skip
HARMLESS = {
    "/account/preferences",
    "/settings/customers/wording",
    "/settings/customers/logo",
    "/settings/customers/logo/remove",
    "/settings/staff/invitations/<invitation_id>/withdraw",
    "/settings/attributes/new",
    "/settings/attributes/<attribute_id>",
    "/settings/attributes/<attribute_id>/move",
    "/settings/webhooks/<webhook_id>/bin",
    "/settings/webhooks/<webhook_id>/restore",
    "/settings/webhooks/<webhook_id>/test",
    "/settings/webhooks/<webhook_id>/deliveries/<delivery_id>/again",
}
STAFF = "/settings/staff/new"
TYPED = {"email": "kim@desk.example", "role": "sales", "password": PASSWORD}


def wait(app: Flask) -> None:
    """Let the time go by after which everybody must confirm again."""
    long_ago = datetime.now(UTC) - CONFIRMED_FOR - timedelta(seconds=1)
    with app.app_context():
        database.execute(update(StaffSessionRow).values(confirmed_at=long_ago))


def exists(app: Flask, email: str) -> bool:
    with app.app_context():
        return access.sign_in(email, PASSWORD) is not None


def test_every_form_asks_for_proof_or_needs_none(app: Flask) -> None:
    forms = {
        rule.rule: rule.endpoint
        for rule in app.url_map.iter_rules()
        if "POST" in (rule.methods or ()) and not rule.rule.startswith(ORDINARY)
    }
    asking = {rule for rule, endpoint in forms.items() if endpoint in SENSITIVE | ASKING}
    assert set(forms) - asking == HARMLESS
    assert {endpoint for rule, endpoint in forms.items() if rule in asking} == SENSITIVE | ASKING
    assert not SENSITIVE & ASKING


def test_no_sensitive_action_is_done_without_proof(
    app: Flask, org: Org, admin_client: FlaskClient
) -> None:
    wait(app)
    for rule in app.url_map.iter_rules():
        if "POST" not in (rule.methods or ()) or rule.endpoint not in SENSITIVE | ASKING:
            continue
        answer = admin_client.post(address(app, rule), data={"name": "x", "do": "others"})
        if rule.endpoint in SENSITIVE:
            assert answer.status_code == 401, rule
            kept = read(answer.text).first(f'[action="{address(app, rule)}"]').fields()
            assert (kept["name"], kept["do"]) == ("x", "others")
        else:
            assert answer.status_code == 422 or answer.location == "/account/second-factor", rule


def test_the_page_returns_to_the_action_with_what_was_typed(
    app: Flask, org: Org, admin_client: FlaskClient
) -> None:
    wait(app)
    asked = admin_client.post(STAFF, data=TYPED)
    assert (asked.status_code, asked.headers["Cache-Control"]) == (401, "no-store")
    assert attributes(asked.text, "[autofocus]", "name") == ["confirm_password"]
    assert "app" not in read(asked.text).first("form.card").text  # the admin has no second factor
    assert PASSWORD not in asked.text
    fields = read(asked.text).first("form.card").fields()
    assert fields["password"] == ""
    fields["password"] = TYPED["password"]
    wrong = admin_client.post(STAFF, data={**fields, "confirm_password": "wrong"})
    assert wrong.status_code == 422
    assert "Wrong password. Try again" in wrong.text
    assert not exists(app, TYPED["email"])
    with app.app_context():
        assert sessions.failed_tries(org.admin()) == 1
    fields = read(wrong.text).first("form.card").fields()
    typed = {"confirm_password": PASSWORD, "password": TYPED["password"]}
    done = admin_client.post(STAFF, data={**fields, **typed})
    assert done.location == "/settings/staff"
    assert exists(app, TYPED["email"])
    # For a while nothing is asked.
    again = admin_client.post(STAFF, data={**TYPED, "email": "lee@desk.example"})
    assert again.location == "/settings/staff"


def test_a_code_is_enough_where_the_account_has_one(
    app: Flask, client: FlaskClient, org: Org
) -> None:
    secret, _codes = with_factor(app, org.admin())
    browser = org.sign_in(client, org.admin())
    wait(app)
    assert "Or a code from your app" in browser.post(STAFF, data=TYPED).text
    wrong = browser.post(STAFF, data={**TYPED, "confirm_code": "000"})
    assert (wrong.status_code, exists(app, TYPED["email"])) == (422, False)
    assert browser.post(STAFF, data={**TYPED, "confirm_code": code_of(secret, 1)}).location
    assert exists(app, TYPED["email"])


class TestGuesses:
    """Someone who has taken over a session cannot guess the password, from however many places."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return replace(settings, account_limit="3 per hour")

    @pytest.mark.parametrize(
        ("path", "field"),
        [(STAFF, "confirm_password"), ("/account/password", "old_password"),
         ("/account/second-factor", "proof"), ("/account/second-factor/codes", "proof"),
         ("/account/second-factor/off", "proof")],
    )  # fmt: skip
    def test_they_have_one_limit_for_all_addresses(
        self, app: Flask, org: Org, client: FlaskClient, path: str, field: str
    ) -> None:
        if path.endswith(("codes", "off")):
            with_factor(app, org.admin())
        browser = org.sign_in(client, org.admin())
        browser.get("/account/second-factor")
        wait(app)

        def guess(number: int, password: str = "wrong") -> int:  # noqa: S107 - none
            typed = {**TYPED, field: password}
            if field != "confirm_password":
                typed["password"] = "tables and chairs of oak"
            sent = {"REMOTE_ADDR": f"192.0.2.{number}"}
            return browser.post(path, data=typed, environ_base=sent).status_code

        assert [guess(number) for number in range(5)] == [422, 422, 422, 429, 429]
        assert guess(9, PASSWORD) == 429
        assert not exists(app, TYPED["email"])

    def test_the_right_password_uses_none_up(self, app: Flask, admin_client: FlaskClient) -> None:
        for number in range(5):
            wait(app)
            typed = {**TYPED, "email": f"kim-{number}@desk.example", "confirm_password": PASSWORD}
            assert admin_client.post(STAFF, data=typed).location == "/settings/staff"
        # Nor does a new password that is refused, while the current one is right.
        for _ in range(5):
            typed = {"old_password": PASSWORD, "password": PASSWORD}
            answer = admin_client.post("/account/password", data=typed)
            assert "This is the current password" in answer.text
