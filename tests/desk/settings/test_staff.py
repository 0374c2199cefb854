"""The settings' pages of staff accounts."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from orders.services.accounts import access
from tests.actors import PASSWORD, Org
from tests.html import attributes, texts

pytestmark = pytest.mark.one_database(reason="the SQL is that of services, whose tests run on both")

ADDRESS = "kim@desk.example"


@pytest.fixture
def colleague(org: Org) -> str:
    """The page of the salesperson."""
    return f"/settings/staff/{org.staff().id}"


@pytest.fixture
def own(org: Org) -> str:
    """The admin's own page."""
    return f"/settings/staff/{org.admin().id}"


@pytest.mark.usefixtures("csrf_off")
class TestAdding:
    def test_the_person_can_sign_in(
        self, app: Flask, client: FlaskClient, admin_client: FlaskClient, org: Org
    ) -> None:
        form = {"email": " Kim@Desk.example ", "role": "sales", "password": PASSWORD}
        answer = admin_client.post("/settings/staff/new", data=form)
        assert (answer.status_code, answer.location) == (303, "/settings/staff")
        page = admin_client.get("/settings/staff").text
        assert f"{ADDRESS} can sign in now." in page
        assert PASSWORD not in page
        signed_in = client.post("/sign-in", data={"email": ADDRESS, "password": PASSWORD})
        assert signed_in.status_code == 303
        # The admin knows the password, so the person chooses another one first.
        assert client.get("/orders?q=a").location == "/account/password?next=/orders?q%3Da"
        assert client.get("/orders", headers={"HX-Request": "true"}).status_code == 401
        assert "Choose your own password" in client.get("/account/password").text
        typed = {"old_password": PASSWORD, "password": PASSWORD, "next": "/orders"}
        refused = client.post("/account/password", data=typed)
        assert "This is the current password. Choose a new one" in refused.text
        assert "Preferences" not in refused.text
        answer = client.post("/account/password", data={**typed, "password": "another battery"})
        assert answer.location == "/orders"
        assert client.get("/orders").status_code == 200
        assert client.get("/account/password").location == "/account"
        assert client.get("/settings/staff").status_code == 403

    def test_the_suggested_password_works(
        self, app: Flask, admin_client: FlaskClient, org: Org
    ) -> None:
        page = admin_client.get("/settings/staff/new").text
        [offered] = texts(page, "main code")
        form = {"email": ADDRESS, "role": "admin", "password": offered}
        assert admin_client.post("/settings/staff/new", data=form).status_code == 303
        with app.app_context():
            member = access.sign_in(ADDRESS, offered)
        assert member is not None
        assert (member.role, member.org_id) == ("admin", org.id)

    @pytest.mark.parametrize(
        ("fields", "wrong"),
        [
            ({"email": "nobody"}, ["email"]),
            ({"email": "a\0@b.example"}, ["email"]),
            ({"role": "boss"}, ["role"]),
            ({"password": "123456789"}, ["password"]),
            ({"password": "x" * 1001}, ["password"]),
            ({"email": "", "role": "", "password": ""}, ["email", "role", "password"]),
        ],
    )
    def test_errors_are_shown_at_their_fields_and_no_password_is_sent_back(
        self, admin_client: FlaskClient, fields: dict[str, str], wrong: list[str]
    ) -> None:
        form = {"email": ADDRESS, "role": "sales", "password": PASSWORD, **fields}
        answer = admin_client.post("/settings/staff/new", data=form)
        assert answer.status_code == 422
        assert attributes(answer.text, "[data-path]", "data-path") == wrong
        assert PASSWORD not in answer.text
        assert ADDRESS not in admin_client.get("/settings/staff").text

    def test_a_taken_address_is_reported_at_its_field(
        self, admin_client: FlaskClient, other_org: Org
    ) -> None:
        form = {"email": other_org.staff().email, "role": "sales", "password": PASSWORD}
        answer = admin_client.post("/settings/staff/new", data=form)
        assert answer.status_code == 409
        assert attributes(answer.text, "[data-path]", "data-path") == ["email"]


@pytest.mark.usefixtures("csrf_off")
class TestChanging:
    def test_a_new_role_applies_to_new_sessions_and_ends_the_others(
        self, app: Flask, admin_client: FlaskClient, staff_client: FlaskClient, org: Org,
        colleague: str,
    ) -> None:  # fmt: skip
        assert staff_client.get("/settings/staff").status_code == 403
        answer = admin_client.post(f"{colleague}/role", data={"role": "admin"})
        assert (answer.status_code, answer.location) == (303, colleague)
        assert "now has the role admin" in admin_client.get(colleague).text
        assert staff_client.get("/orders").status_code == 303
        again = org.sign_in(app.test_client())
        assert again.get("/settings/staff").status_code == 200
        admin_client.post(f"{colleague}/role", data={"role": "sales"})
        assert again.get("/settings/staff").status_code == 303
        refused = admin_client.post(f"{colleague}/role", data={"role": "boss"})
        assert refused.status_code == 422
        assert 'data-error-of="role"><svg' in refused.text

    def test_a_reload_of_a_refused_form_leads_to_the_account(
        self, admin_client: FlaskClient, colleague: str
    ) -> None:
        for form in ("role", "password"):
            answer = admin_client.get(f"{colleague}/{form}")
            assert (answer.status_code, answer.location) == (303, colleague)

    def test_a_new_password_ends_the_persons_sessions(
        self, client: FlaskClient, admin_client: FlaskClient, staff_client: FlaskClient,
        org: Org, colleague: str,
    ) -> None:  # fmt: skip
        refused = admin_client.post(f"{colleague}/password", data={"password": "short"})
        assert refused.status_code == 422
        assert 'data-error-of="password"><svg' in refused.text
        assert staff_client.get("/orders").status_code == 200
        new = "another battery"
        assert admin_client.post(f"{colleague}/password", data={"password": new}).location
        assert "has a new password" in admin_client.get(colleague).text
        assert staff_client.get("/orders").status_code == 303
        for password, status in ((PASSWORD, 422), (new, 303)):
            form = {"email": org.email, "password": password}
            assert client.post("/sign-in", data=form).status_code == status

    def test_a_new_password_is_changed_at_the_first_use(
        self, client: FlaskClient, admin_client: FlaskClient, org: Org, colleague: str
    ) -> None:
        given, chosen = "another battery", "a battery of one's own"
        admin_client.post(f"{colleague}/password", data={"password": given})
        signed_in = client.post("/sign-in", data={"email": org.email, "password": given})
        assert signed_in.status_code == 303
        assert client.get("/orders").location == "/account/password?next=/orders"
        typed = {"old_password": given, "password": chosen, "next": "/orders"}
        assert client.post("/account/password", data=typed).location == "/orders"
        assert client.get("/orders").status_code == 200

    def test_admins_prove_their_current_password_and_code_before_they_change_them(
        self, app: Flask, admin_client: FlaskClient, org: Org, own: str
    ) -> None:
        page = admin_client.get(own).text
        for doing in ("password", "reset-link", "second-factor/reset"):
            assert f"/{doing}" not in page
            answer = admin_client.post(f"{own}/{doing}", data={"password": "another battery"})
            assert answer.location == own
            assert "on the page of your account" in admin_client.get(own).text
        with app.app_context():
            assert access.sign_in(org.admin().email, PASSWORD) is not None

    def test_a_disabled_account_is_signed_out_and_can_be_enabled(
        self, client: FlaskClient, admin_client: FlaskClient, staff_client: FlaskClient,
        org: Org, colleague: str,
    ) -> None:  # fmt: skip
        assert staff_client.get("/orders").status_code == 200
        assert admin_client.post(f"{colleague}/disable").location == colleague
        page = admin_client.get(colleague).text
        assert "is disabled and signed out" in page
        assert "Enable account" in page
        assert staff_client.get("/orders").status_code == 303
        form = {"email": org.email, "password": PASSWORD}
        assert client.post("/sign-in", data=form).status_code == 422
        assert "Disabled" in admin_client.get("/settings/staff").text
        admin_client.post(f"{colleague}/enable")
        assert "can sign in again" in admin_client.get(colleague).text
        assert client.post("/sign-in", data=form).status_code == 303

    def test_people_cannot_disable_or_demote_themselves(
        self, admin_client: FlaskClient, org: Org, own: str
    ) -> None:
        page = admin_client.get(own).text
        assert "/disable" not in page
        assert "/role" not in page
        admin_client.post(f"{own}/disable")
        assert (
            "You cannot disable your own account. Ask another admin" in admin_client.get(own).text
        )
        admin_client.post(f"{own}/role", data={"role": "sales"})
        assert (
            "You cannot remove your own admin role. Ask another admin" in admin_client.get(own).text
        )
        # Nor by another spelling of the ID.
        shouted = f"/settings/staff/{org.admin().id.upper()}"
        assert admin_client.post(f"{shouted}/disable").status_code == 404
        assert admin_client.get("/settings/staff").status_code == 200

    @pytest.mark.parametrize("odd", ["%00", "x", "é"])
    def test_unknown_and_foreign_ids_are_404(
        self, admin_client: FlaskClient, other_org: Org, odd: str
    ) -> None:
        for one in (odd, other_org.staff().id):
            address = f"/settings/staff/{one}"
            assert admin_client.get(address).status_code == 404
            for doing in ("role", "password", "disable", "enable"):
                form = {"role": "admin", "password": PASSWORD}
                assert admin_client.post(f"{address}/{doing}", data=form).status_code == 404
        assert other_org.staff().role == "sales"
