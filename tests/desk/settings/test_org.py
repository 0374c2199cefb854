"""Who can see the settings, and the settings of the org."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from orders.services.accounts import org_rules, orgs
from tests.actors import Org
from tests.html import attributes

pytestmark = pytest.mark.one_database(reason="the SQL is that of services, whose tests run on both")


def settings_routes(app: Flask) -> list[tuple[str, str]]:
    """Return method and address of every route of the settings, with IDs filled in."""
    return [
        (method, re.sub(r"<[^>]+>", "00000000-0000-4000-8000-000000000000", rule.rule))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/settings")
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


@pytest.mark.usefixtures("csrf_off")
class TestPermissions:
    def test_salespeople_can_neither_see_nor_change_settings(
        self, app: Flask, staff_client: FlaskClient
    ) -> None:
        for method, path in settings_routes(app):
            answer = staff_client.open(path, method=method)
            assert answer.status_code == 403, path
            assert (
                "Only admins can view and change settings. Ask an admin in your team" in answer.text
            )

    @pytest.mark.usefixtures("org")
    def test_strangers_are_asked_to_sign_in(self, app: Flask, client: FlaskClient) -> None:
        for method, path in settings_routes(app):
            answer = client.open(path, method=method)
            assert answer.status_code == 303, path
            assert answer.location.startswith("/sign-in?next=/settings")

    @pytest.mark.usefixtures("org")
    def test_a_form_sent_without_a_session_returns_to_its_page(self, client: FlaskClient) -> None:
        def asked(referrer: str) -> str | None:
            headers = {"Referer": referrer}
            return client.post("/settings/tokens/x/revoke", headers=headers).location

        assert asked("http://localhost/settings/tokens/x?a=b") == (
            "/sign-in?next=/settings/tokens/x?a%3Db"
        )
        for elsewhere in ("", "https://evil.example/settings", "http://localhost.evil.example/"):
            assert asked(elsewhere) == "/sign-in?next=/settings/tokens/x/revoke"

    def test_unknown_ids_are_404_at_every_address(
        self, app: Flask, admin_client: FlaskClient
    ) -> None:
        for method, path in settings_routes(app):
            assert admin_client.open(path, method=method).status_code in {200, 302, 303, 404, 422}

    def test_only_admins_have_a_link_to_the_settings(
        self, staff_client: FlaskClient, admin_client: FlaskClient
    ) -> None:
        assert 'href="/settings"' not in staff_client.get("/orders").text
        assert 'href="/settings"' in admin_client.get("/orders").text

    def test_every_section_is_in_the_navigation_and_marked_on_its_page(
        self, admin_client: FlaskClient
    ) -> None:
        first = admin_client.get("/settings", follow_redirects=True).text
        sections = attributes(first, "nav[aria-label=Settings] [href]", "href")
        assert sections
        for section in sections:
            page = admin_client.get(section).text
            marked = attributes(page, "[aria-current=page]", "href")
            assert marked == ["/settings", section, "/settings"]  # in both menus


def test_a_form_without_its_token_changes_nothing(
    app: Flask, admin_client: FlaskClient, org: Org
) -> None:
    for method, path in settings_routes(app):
        if method == "POST":
            answer = admin_client.post(path, data={"name": "Forged"})
            assert answer.status_code == 400, path
    assert "Forged" not in admin_client.get("/settings/organization").text


@pytest.mark.usefixtures("csrf_off")
class TestOrganization:
    def test_a_change_is_confirmed_and_applies_to_the_next_order(
        self, app: Flask, admin_client: FlaskClient, org: Org
    ) -> None:
        sent = {"name": " Workshop “Nord” ", "is_strict": "y", "may_public_list": "y"}
        answer = admin_client.post("/settings/organization", data=sent)
        assert (answer.status_code, answer.location) == (303, "/settings/organization")
        page = admin_client.get("/settings/organization").text
        assert "Organization saved." in page
        assert 'value="Workshop “Nord”"' in page
        assert page.count("checked") == 2
        with app.app_context():
            rules = org_rules.org_rules_of(org.id)
        assert (rules.is_strict, rules.may_public_list) == (True, True)
        # The message is shown once.
        assert "is saved" not in admin_client.get("/settings/organization").text

    def test_pictures_are_opened_and_closed_by_an_admin(
        self, app: Flask, admin_client: FlaskClient, org: Org
    ) -> None:
        for sent, are_open in (({"has_public_pictures": "y"}, True), ({}, False)):
            page = "/settings/organization"
            answer = admin_client.post(page, data={"name": "Workshop", **sent})
            assert answer.status_code == 303
            with app.app_context():
                assert orgs.find_org(org.id).has_public_pictures == are_open
            shown = attributes(admin_client.get(page).text, "input[checked]", "name")
            assert ("has_public_pictures" in shown) == are_open

    @pytest.mark.parametrize("name", ["", "   ", "x" * 256, "a\0b"])
    def test_a_bad_name_is_reported_at_its_field_and_nothing_is_saved(
        self, app: Flask, admin_client: FlaskClient, org: Org, name: str
    ) -> None:
        answer = admin_client.post("/settings/organization", data={"name": name, "is_strict": "y"})
        assert answer.status_code == 422
        assert "<title>Error: Organization" in answer.text
        assert 'id="name-error" data-error-of="name"><svg' in answer.text
        with app.app_context():
            assert not org_rules.org_rules_of(org.id).is_strict

    def test_another_org_is_not_changed(
        self, app: Flask, admin_client: FlaskClient, other_org: Org
    ) -> None:
        admin_client.post("/settings/organization", data={"name": "Ours", "is_strict": "y"})
        with app.app_context():
            assert not org_rules.org_rules_of(other_org.id).is_strict
