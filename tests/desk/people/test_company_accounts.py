"""Signing in with the company's account, at a real provider that runs here."""

import dataclasses
import functools
import hashlib
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from orders.domain.company_accounts import CompanyIdentity, read_roles, role_of
from orders.services.accounts import access, accounts, audit, identities, invitations, orgs
from orders.services.accounts.access import StaffMember
from orders.services.accounts.acting import ActorKind
from orders.services.accounts.audit import AuditFilter
from orders.services.accounts.company_provider import CompanyProvider
from orders.settings import BadSetting, read_settings
from orders.storage import database
from orders.storage.models.people import StaffAccount, StaffIdentity
from tests.actors import PASSWORD, Org
from tests.company import (
    BACK,
    START,
    Provider,
    challenge,
    query_of,
    running_provider,
    sign_in,
    start,
)
from tests.desk.people.links_and_codes import code_of, with_factor
from tests.desk.people.test_confirmation import wait
from tests.html import read, texts

pytestmark = [
    pytest.mark.one_database(reason="the SQL is that of plain rows; the flow is the subject"),
    pytest.mark.usefixtures("csrf_off"),
]
CLIENT = "shortorder"
EMAIL = "kim@acme.example"
VERIFIED = {"email": EMAIL, "email_verified": True, "name": "Kim"}
HOSTILE: list[dict[str, object]] = [
    {"nonce": "another"},
    {"aud": "another"},
    {"aud": ["another", "third"], "azp": CLIENT},
    {"iss": "https://evil.example"},
    {"exp": 1},
    {"email_verified": False},
    {"email_verified": "yes"},
    {"email": ""},
]
# It compresses badly, and browsers refuse cookies of more than 4,096 bytes.
LONG = "/orders?q=" + hashlib.shake_128(b"x").hexdigest(1900)
provider_of = functools.cache(CompanyProvider)  # with the provider's addresses and keys


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with running_provider() as provider:
        yield provider


def use(app: Flask, **settings: str) -> None:
    """Change settings of the provider in the application; those that are not named stay."""
    changed = dataclasses.replace(app.config["SETTINGS"], **settings)
    app.config["SETTINGS"] = changed
    app.extensions["company_provider"] = provider_of(changed)


@pytest.fixture(autouse=True)
def configured(app: Flask, provider: Provider) -> None:
    use(
        app,
        oidc_issuer=provider.issuer,
        oidc_client_id=CLIENT,
        oidc_client_secret="a secret of tests",
        oidc_name="Acme",
    )


@pytest.fixture
def invited(app: Flask, org: Org) -> None:
    admin = org.admin()
    with app.app_context():
        invitations.invite(org.id, email=EMAIL, role="sales", by=admin.id)


def account(app: Flask, email: str = EMAIL) -> StaffMember | None:
    with app.app_context():
        found = database.fetch_value(select(StaffAccount.id).where(StaffAccount.email == email))
        return access.reload_staff(found) if found else None


def shown(client: FlaskClient, address: str = "/sign-in") -> str:
    return " ".join(texts(client.get(address).text, ".notice"))


def is_signed_in(client: FlaskClient) -> bool:
    return client.get("/account").status_code == 200


@pytest.mark.usefixtures("invited")
class TestInvited:
    def test_an_invited_person_gets_an_account_and_signs_in(
        self, app: Flask, client: FlaskClient, org: Org, provider: Provider
    ) -> None:
        page = client.get("/sign-in?next=/orders").text
        assert read(page).first(f'a[href^="{START}"]').text == "Sign in with Acme"
        provider.knows("kim", **VERIFIED)
        asked = start(client, next="/orders")
        query = query_of(asked)
        assert query["redirect_uri"] == f"http://localhost{BACK}"
        assert (query["scope"], query["response_type"]) == ("openid email profile", "code")
        answer = client.get(provider.sends_back(asked, "kim"))
        assert (answer.status_code, answer.location) == (303, "/orders")
        sent = dict(provider.requests)["/oauth2/token"]
        assert query["code_challenge_method"] == "S256"
        assert challenge(sent["code_verifier"]) == query["code_challenge"]
        made = account(app)
        assert made is not None
        assert (made.org_id, made.role, made.name) == (org.id, "sales", "Kim")
        assert not made.has_password
        own = client.get("/account").text
        assert "Set a password" in own
        assert EMAIL in read(own).first("[aria-labelledby=company-title]").text
        client.post("/sign-out")
        assert not is_signed_in(client)
        # The account is found by the subject: the address may change, and be verified no more.
        provider.knows("kim", email="k@other.example", email_verified=False)
        assert sign_in(client, provider, "kim").location == "/"
        assert is_signed_in(client)

    def test_what_is_not_proven_signs_nobody_in(
        self, app: Flask, client: FlaskClient, provider: Provider
    ) -> None:
        for claims in HOSTILE:
            provider.knows("kim", **{**VERIFIED, **claims})
            assert sign_in(client, provider, "kim").location == "/sign-in", claims
            sentence = "no verified e-mail" if "email" in str(claims) else "could not be verified"
            assert sentence in shown(client), claims
            assert account(app) is None
            assert not is_signed_in(client)

    def test_what_the_id_token_lacks_is_read_from_userinfo(
        self, app: Flask, client: FlaskClient, provider: Provider
    ) -> None:
        provider.knows("kim", **VERIFIED)
        use(app, oidc_scopes="openid")  # the provider then says no address anywhere
        provider.requests.clear()
        sign_in(client, provider, "kim")
        assert "/userinfo" in dict(provider.requests)
        assert "no verified e-mail" in shown(client)

    def test_a_code_works_once_and_in_one_browser(
        self, app: Flask, client: FlaskClient, provider: Provider
    ) -> None:
        provider.knows("kim", **VERIFIED)
        asked = start(client)
        with client.session_transaction() as session:
            before = dict(session)
        back = provider.sends_back(asked, "kim")
        stranger = app.test_client()
        assert stranger.get(back).location == "/sign-in"  # without the state of the browser
        assert "has ended" in shown(stranger)
        assert client.get(back).location == "/"
        client.post("/sign-out")
        assert client.get(back).location == "/sign-in"
        assert "has ended" in shown(client)
        with client.session_transaction() as session:
            session.update(before)
        assert client.get(back).location == "/sign-in"  # the provider knows the code no more
        assert "Acme did not sign you in" in shown(client)


class TestExisting:
    def test_an_account_is_connected_after_its_password(
        self, app: Flask, client: FlaskClient, org: Org, provider: Provider
    ) -> None:
        member = org.staff()
        secret, _codes = with_factor(app, member)
        provider.knows("sam", email=member.email.upper(), email_verified=True)
        assert sign_in(client, provider, "sam", next="/orders").location == "/sign-in?next=/orders"
        page = client.get("/sign-in?next=/orders").text
        assert "Sign in with its password once" in page
        assert read(page).first("#email")["value"] == member.email
        assert not is_signed_in(client)
        client.post("/sign-in", data={"email": member.email, "password": PASSWORD})
        client.post("/sign-in/code", data={"code": code_of(secret, 1)})
        assert "you can sign in with Acme" in shown(client, "/account")
        client.post("/sign-out")
        # The second factor is still asked for, until the org trusts that of the provider.
        assert sign_in(client, provider, "sam").location == "/sign-in/code?next=/"
        with app.app_context():
            orgs.change_org(org.id, name="W", trusts_provider=True, needs_second_factor=True)
        assert sign_in(client, provider, "sam").location == "/"
        assert is_signed_in(client)

    def test_a_foreign_subject_with_the_same_address_gets_nothing(
        self, app: Flask, client: FlaskClient, org: Org, provider: Provider
    ) -> None:
        member, other = org.staff(), org.admin()
        provider.knows("evil", email=member.email, email_verified=True)
        sign_in(client, provider, "evil")
        # Another person's password connects nothing.
        client.post("/sign-in", data={"email": other.email, "password": PASSWORD})
        assert is_signed_in(client)
        with app.app_context():
            assert database.fetch_all(select(StaffIdentity.id)) == []

    def test_a_disabled_account_stays_out(
        self, app: Flask, client: FlaskClient, org: Org, provider: Provider
    ) -> None:
        member = org.staff()
        with app.app_context():
            accounts.disable_staff(org.id, member.id, by=org.admin().id)
        provider.knows("sam", email=member.email, email_verified=True)
        sign_in(client, provider, "sam")
        assert "account here is disabled" in shown(client)

    def test_a_sensitive_action_is_confirmed_at_the_provider(
        self, app: Flask, client: FlaskClient, org: Org, provider: Provider
    ) -> None:
        member, disconnect = org.staff(), "/account/company/disconnect"
        identity = CompanyIdentity(provider.issuer, "sam", member.email, is_verified=True)
        with app.app_context():
            identities.connect(member, identity)
        # Signed in there in the morning: that proves nothing now.
        morning = datetime.now(UTC) - timedelta(hours=4)
        provider.knows("sam", auth_time=int(morning.timestamp()))
        sign_in(client, provider, "sam")
        asked = client.post(disconnect)
        assert asked.status_code == 401
        link = read(asked.text).first(f'a[href^="{START}"]')
        assert (link.text, link["href"]) == ("Confirm with Acme in a new tab", f"{START}?again=1")
        sign_in(client, provider, "sam", again="1")
        assert "Confirm with your password or a code instead" in shown(client, "/account")
        provider.knows("lee")
        sign_in(client, provider, "lee", again="1")
        assert "not connected to your account" in shown(client, "/account")
        assert client.post(disconnect).status_code == 401
        provider.knows("sam")
        again = start(client, again="1")
        assert (query_of(again)["prompt"], query_of(again)["max_age"]) == ("login", "0")
        client.get(provider.sends_back(again, "sam"))
        assert "Confirmed with Acme" in shown(client, "/account")
        elsewhere = org.sign_in(app.test_client(), member)
        assert client.post(disconnect).location == "/account"
        assert is_signed_in(client)
        assert not is_signed_in(elsewhere)
        assert not read(client.get("/account").text).all("[aria-labelledby=company-title]")


class TestNewAccounts:
    def test_accounts_are_created_in_the_org_of_the_settings_alone(
        self, app: Flask, client: FlaskClient, org: Org, provider: Provider
    ) -> None:
        provider.knows("kim", **VERIFIED)
        sign_in(client, provider, "kim")
        assert f"There is no account here for {EMAIL}" in shown(client)
        use(app, oidc_org=org.id)
        sign_in(client, provider, "kim")
        made = account(app)
        assert made is not None
        assert (made.org_id, made.role) == (org.id, "viewer")
        # Without a password, a new proof is asked for, and then the password can be set.
        wait(app)
        assert client.post("/account/password", data={"password": PASSWORD}).status_code == 401
        provider.knows("kim", **VERIFIED, auth_time=1)
        sign_in(client, provider, "kim", again="1")
        assert "Ask an admin for a link to set a password" in shown(client, "/account")
        provider.knows("kim", **VERIFIED)
        sign_in(client, provider, "kim")
        assert client.post("/account/password", data={"password": PASSWORD}).status_code == 303
        with app.app_context():
            assert access.sign_in(EMAIL, PASSWORD)

    def test_roles_follow_the_claim(
        self, app: Flask, client: FlaskClient, org: Org, provider: Provider
    ) -> None:
        org.sign_in(client, org.admin())
        use(app, oidc_org=org.id, oidc_role_claim="groups", oidc_roles="desk=sales, boss=admin")
        for groups, role in (["desk", "boss", "x"], "admin"), ("desk", "sales"):
            provider.knows("kim", **VERIFIED, groups=groups)
            sign_in(client, provider, "kim")
            made = account(app)
            assert made is not None
            assert made.role == role
        provider.knows("kim", **VERIFIED, groups=["x"])
        sign_in(client, provider, "kim")
        assert "may not use this desk" in shown(client)
        with app.app_context():
            rows = audit.list_audit(org.id, AuditFilter()).rows
        by = {one.kind: (one.by_kind, one.by) for one in rows if one.about == "Kim"}
        assert by["Role changed"] == (ActorKind.PROVIDER, "")
        # Nobody has invited them, and the person who was signed in before did not do it.
        assert by["Account created"] == by["Signed in"] == (ActorKind.STAFF, "Kim")
        assert "Accepted the invitation" not in by

    def test_the_last_admin_stays_one(
        self, app: Flask, client: FlaskClient, org: Org, provider: Provider
    ) -> None:
        use(app, oidc_org=org.id, oidc_role_claim="groups", oidc_roles="boss=admin, *=viewer")
        for groups in (["boss"], []):
            provider.knows("kim", **VERIFIED, groups=groups)
            assert sign_in(client, provider, "kim").location == "/"
        made = account(app)
        assert made is not None
        assert made.role == "admin"


class TestTrouble:
    @pytest.mark.parametrize("at", [1e20, -1e18])
    def test_a_time_that_is_none_proves_nothing(
        self, client: FlaskClient, org: Org, provider: Provider, at: float
    ) -> None:
        provider.knows("kim", **VERIFIED, auth_time=at)
        sign_in(client, provider, "kim")
        assert "could not be verified" in shown(client)

    @pytest.mark.parametrize(
        ("wanted", "leads_to"),
        [("//[", "/"), ("http://[x", "/"), (LONG, "/"), ("/orders", "/orders")],
    )
    def test_the_page_to_return_to_is_one_of_ours_and_fits(
        self, client: FlaskClient, org: Org, provider: Provider, wanted: str, leads_to: str
    ) -> None:
        provider.knows("sam", email=org.staff().email, email_verified=True)
        asked = start(client, next=wanted)
        assert len(client.get_cookie("shortorder").value) < 3000  # type: ignore[union-attr]
        client.get(provider.sends_back(asked, "sam"))  # the password comes next
        sent = {"email": org.email, "password": PASSWORD, "next": wanted}
        assert client.post("/sign-in", data=sent).location in {leads_to, wanted}

    def test_another_site_does_not_sign_a_person_in(self, client: FlaskClient, org: Org) -> None:
        answer = client.get(START, headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.location == "/sign-in"

    @pytest.mark.parametrize(
        ("error", "sentence"),
        [("access_denied", "with Acme was canceled"), ("server_error", "Acme did not sign you in")],
    )
    def test_an_error_of_the_provider_is_one_sentence(
        self, client: FlaskClient, org: Org, error: str, sentence: str
    ) -> None:
        state = query_of(start(client))["state"]
        query = {"error": error, "error_description": "<b>Call 0900</b>", "state": state}
        assert client.get(BACK, query_string=query).location == "/sign-in"
        assert sentence in shown(client)

    def test_a_provider_out_of_reach_is_one_sentence(
        self, app: Flask, client: FlaskClient, org: Org
    ) -> None:
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            use(app, oidc_issuer=f"http://127.0.0.1:{closed.getsockname()[1]}")
            assert client.get(START).location == "/sign-in"
        assert "Acme does not answer at the moment" in shown(client)

    def test_another_name_of_the_provider_is_refused(
        self, app: Flask, client: FlaskClient, org: Org, provider: Provider
    ) -> None:
        use(app, oidc_issuer=provider.issuer.replace("localhost", "127.0.0.1") + "/")
        assert client.get(START).status_code == 303
        use(app, oidc_issuer=provider.issuer + "/realm")
        assert client.get(START).location == "/sign-in"

    def test_without_a_provider_there_is_no_button_and_no_page(
        self, app: Flask, client: FlaskClient, org: Org
    ) -> None:
        app.extensions["company_provider"] = None
        assert START not in client.get("/sign-in").text
        assert client.get(START).status_code == client.get(BACK).status_code == 404


def test_the_extra_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orders.company_settings.find_spec", lambda _name: None)
    with pytest.raises(BadSetting, match=r"extra \[oidc\]"):
        read_settings({"OIDC_ISSUER": "https://login.example", "DATA_DIR": str(tmp_path)})


def test_values_of_a_claim_mean_roles() -> None:
    roles = read_roles("a=b=sales , boss=admin")
    assert roles == {"a=b": "sales", "boss": "admin"}
    claims = {"realm_access": {"roles": ["a=b", 7]}, "https://x.example/roles": "boss"}
    assert role_of(claims, "realm_access.roles", roles) == "sales"
    assert role_of(claims, "https://x.example/roles", roles) == "admin"
    assert role_of(claims, "nothing.here", roles) == ""
    assert role_of(claims, "", roles) is None


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"OIDC_ISSUER": "http://login.example"}, "OIDC_ISSUER"),
        ({"OIDC_CLIENT_SECRET": ""}, "OIDC_CLIENT_SECRET"),
        ({"OIDC_ROLE_CLAIM": "groups"}, "OIDC_ROLES"),
        ({"OIDC_ROLE_CLAIM": "groups", "OIDC_ROLES": "boss=king"}, "boss=king"),
        ({"OIDC_ORG": "Workshop"}, "OIDC_ORG"),
        ({"OIDC_SCOPES": "email"}, "OIDC_SCOPES"),
    ],
)
def test_bad_settings_are_named(tmp_path: Path, changed: dict[str, str], named: str) -> None:
    good = {"OIDC_ISSUER": "https://login.example", "OIDC_CLIENT_ID": "x",
            "OIDC_CLIENT_SECRET": "y", "DATA_DIR": str(tmp_path)}  # fmt: skip
    assert read_settings(good).oidc_issuer
    with pytest.raises(BadSetting, match=named):
        read_settings({**good, **changed})
