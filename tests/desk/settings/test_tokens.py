"""The settings' pages of tokens: one answer shows the secret, and nothing else does."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from orders.domain.errors import Unauthorized
from orders.services.accounts import access
from orders.storage import database
from orders.storage.models.base import Base
from orders.storage.models.orgs import Token
from tests.actors import DOMAINS, Org
from tests.html import attribute, attributes, read

KEY = "K" * 22
SECRET = re.compile(r"so_(?:prv|pub)_[A-Za-z0-9_-]{43}")


def make(client: FlaskClient, **fields: str) -> str:
    """Create a token by the form and return its secret."""
    form = {"name": "Script", "kind": "private", "key": KEY, **fields}
    answer = client.post("/settings/tokens/new", data=form)
    assert answer.status_code == 200, answer.text
    [secret] = set(SECRET.findall(answer.text))
    return str(secret)


def address_of(client: FlaskClient, name: str) -> str:
    """Return the address of a token's page, from the list."""
    page = client.get("/settings/tokens").text
    return next(one["href"] for one in read(page).all("main a") if one.text == name)


@pytest.mark.usefixtures("csrf_off")
class TestCreating:
    def test_private_and_public_tokens_work(
        self, app: Flask, admin_client: FlaskClient, org: Org
    ) -> None:
        private = make(admin_client, name="Cron")
        public = make(admin_client, name="Web", kind="public", key="P" * 22,
                      domain="Shop.example\r\n\r\n *.shop.example \n")  # fmt: skip
        with app.app_context():
            assert access.authenticate(private, origin=None).is_private
            origin = access.Origin("a.shop.example", 443)
            assert not access.authenticate(public, origin=origin).is_private
        page = admin_client.get("/settings/tokens").text
        assert "shop.example, *.shop.example" in page
        for shown in ("Cron", "Web", "Private", "Public", "Never", "Active"):
            assert shown in page

    def test_the_secret_is_shown_once_and_not_stored(
        self, app: Flask, admin_client: FlaskClient, org: Org, settings: object
    ) -> None:
        form = {"name": "Script", "kind": "private", "key": KEY}
        answer = admin_client.post("/settings/tokens/new", data=form)
        [secret] = set(SECRET.findall(answer.text))
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Location" not in answer.headers
        assert not any(secret in value for _, value in answer.headers)
        with admin_client.session_transaction() as session:
            assert secret not in repr(dict(session))
        again = admin_client.post("/settings/tokens/new", data=form)
        address = address_of(admin_client, "Script")
        pages = [again, *(
            admin_client.get(path)
            for path in ("/settings/tokens", "/settings/tokens/new", address, "/orders",
                         "/settings/staff", "/settings/attributes")
        )]  # fmt: skip
        headers = {"Authorization": f"Bearer {secret}"}
        token_id = address.rpartition("/")[2]
        pages += [
            app.test_client().get(path, headers=headers)
            for path in ("/api/accesstokens", f"/api/accesstokens/{token_id}", "/api/orders/x")
        ]
        admin_client.post(f"{address}/revoke")
        pages.append(admin_client.get(address))
        hashed = access.hash_secret(secret)
        for page in pages:
            assert secret not in page.text + str(page.headers)
            assert hashed not in page.text
        with app.app_context(), database.read() as connection:
            for table in Base.metadata.sorted_tables:
                for row in connection.execute(select(table)):
                    assert secret not in repr(row), table.name

    def test_a_token_reads_the_orders_of_the_one_that_it_replaces(
        self, app: Flask, admin_client: FlaskClient, org: Org, other_org: Org
    ) -> None:
        page = read(admin_client.get("/settings/tokens/new").text)
        choices = [one["value"] for one in page.all("[name=succeeds] option")]
        assert set(choices) == {"", org.private.id, org.public.id}
        for old in (org.private.id, org.public.id):
            secret = make(admin_client, name=old, kind="public", domain="a.example", key=old[:22],
                          succeeds=old)  # fmt: skip
            with app.app_context():
                new = access.authenticate(secret, origin=access.Origin("a.example", 443))
                stored = select(Token.succeeds).where(Token.id == new.id)
                assert database.fetch_value(stored) == [old]
        foreign = {"name": "n", "kind": "private", "key": KEY, "succeeds": other_org.private.id}
        assert admin_client.post("/settings/tokens/new", data=foreign).status_code == 404

    def test_a_form_sent_twice_creates_one_token_and_reports_it(
        self, admin_client: FlaskClient, org: Org
    ) -> None:
        make(admin_client)
        again = admin_client.post(
            "/settings/tokens/new", data={"name": "Script", "kind": "private", "key": KEY}
        )
        assert (again.status_code, again.location) == (303, "/settings/tokens")
        page = admin_client.get("/settings/tokens").text
        assert (
            "This token was already created, and its secret was shown once. If it is "
            "lost, revoke the token and create another"
        ) in page
        assert page.count(">Script<") == 1

    def test_each_form_has_its_own_key(self, admin_client: FlaskClient, org: Org) -> None:
        found = [
            attribute(admin_client.get("/settings/tokens/new").text, "[name=key]", "value")
            for _ in range(2)
        ]
        assert found[0] != found[1]
        assert all(re.fullmatch("[A-Za-z0-9_-]{22}", one) for one in found)
        for name in ("One", "Two"):  # a key that is not ours is replaced, and nothing fails
            make(admin_client, name=name, key="\0 nonsense")
        assert address_of(admin_client, "One") != address_of(admin_client, "Two")

    @pytest.mark.parametrize(
        ("fields", "wrong"),
        [
            ({"name": ""}, ["name"]),
            ({"name": "x" * 256}, ["name"]),
            ({"name": "a\0"}, ["name"]),
            ({"domain": "shop.example"}, ["domain"]),
            ({"kind": "public"}, ["domain"]),
            ({"kind": "public", "domain": "https://x\n*\nfine.example"}, ["domain", "domain"]),
            ({"kind": "nonsense", "name": " "}, ["name", "domain"]),
        ],
    )
    @pytest.mark.one_database(reason="it is refused before the first statement that writes")
    def test_errors_are_shown_at_their_fields_and_nothing_typed_is_lost(
        self, admin_client: FlaskClient, org: Org, fields: dict[str, str], wrong: list[str]
    ) -> None:
        form = {"name": "Kept name", "kind": "private", "key": KEY, **fields}
        answer = admin_client.post("/settings/tokens/new", data=form)
        assert answer.status_code == 422
        assert "<title>Error: New token" in answer.text
        assert attributes(answer.text, "[data-path]", "data-path") == wrong
        for path in wrong:
            assert f'data-error-of="{path}"><svg' in answer.text
        assert not SECRET.search(answer.text)
        if "domain" in fields:
            assert fields["domain"] in answer.text
        make(admin_client)  # the key still creates its one token


@pytest.mark.usefixtures("csrf_off")
class TestChanging:
    def test_name_and_domains_can_be_changed(self, admin_client: FlaskClient, org: Org) -> None:
        address = address_of(admin_client, "shop")
        page = admin_client.get(address).text
        assert "\n".join(DOMAINS) in page
        sent = {"name": "Web <shop>", "domain": "new.example"}
        answer = admin_client.post(address, data=sent)
        assert (answer.status_code, answer.location) == (303, "/settings/tokens")
        page = admin_client.get("/settings/tokens").text
        for shown in ("Token saved.", "Web &lt;shop&gt;", "new.example"):
            assert shown in page
        refused = admin_client.post(address, data={"name": "", "domain": "https://x"})
        assert refused.status_code == 422
        assert attributes(refused.text, "[data-path]", "data-path") == ["name", "domain"]

    def test_a_change_of_somebody_else_is_reported_and_not_overwritten(
        self, admin_client: FlaskClient, org: Org
    ) -> None:
        address = address_of(admin_client, "script")
        drawn = admin_client.get(address).text
        version = attribute(drawn, "[name=version]", "value")
        admin_client.post(address, data={"name": "theirs"})
        mine = {"name": "mine", "version": version}
        refused = admin_client.post(address, data=mine)
        assert refused.status_code == 409
        assert "Someone else changed this in the meantime" in refused.text
        assert 'value="mine"' in refused.text
        address_of(admin_client, "theirs")
        now = attribute(refused.text, "[name=version]", "value")
        assert admin_client.post(address, data={**mine, "version": now}).status_code == 303
        address_of(admin_client, "mine")

    def test_a_revoked_token_is_refused_at_once_and_for_good(
        self, app: Flask, admin_client: FlaskClient, org: Org
    ) -> None:
        address = address_of(admin_client, "script")
        assert "Revoke permanently" in admin_client.get(address).text
        for _ in range(2):
            answer = admin_client.post(f"{address}/revoke")
            assert (answer.status_code, answer.location) == (303, "/settings/tokens")
        assert "“script” revoked" in admin_client.get("/settings/tokens").text
        with app.app_context(), pytest.raises(Unauthorized):
            access.authenticate(org.private.secret, origin=None)
        page = admin_client.get(address).text
        assert "Revoked" in page
        assert "<form" not in page.partition('class="section"')[2]
        admin_client.post(address, data={"name": "again"})
        assert "is revoked and cannot be changed" in admin_client.get("/settings/tokens").text

    @pytest.mark.parametrize("odd", ["%00", "x", "é", "%0A", "0" * 3000])
    def test_unknown_and_foreign_ids_are_404(
        self, admin_client: FlaskClient, org: Org, other_org: Org, odd: str
    ) -> None:
        for one in (odd, other_org.private.id):
            for answer in (
                admin_client.get(f"/settings/tokens/{one}"),
                admin_client.post(f"/settings/tokens/{one}", data={"name": "x"}),
                admin_client.post(f"/settings/tokens/{one}/revoke"),
            ):
                assert answer.status_code == 404
