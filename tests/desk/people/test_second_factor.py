"""The second factor: by code, by recovery code, once each; and that nothing typed is lost."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from orders.domain.errors import Conflict, InvalidInput
from orders.interfaces.http.resumed import pack
from orders.services.accounts import access, accounts, orgs, second_factor
from orders.services.accounts.access import StaffMember
from orders.services.accounts.second_factor import MOST_WRONG, STEP, WAIT, CodeResult
from orders.services.orders import drafts
from orders.storage import database
from orders.storage.models.people import RecoveryCode, StaffAccount
from tests.actors import PASSWORD, Org
from tests.bad_orders import good_form
from tests.conftest import StoredRows
from tests.desk.people.links_and_codes import code_of, with_factor
from tests.html import attribute, read, texts

KEY = "B" * 22
START = datetime(2026, 11, 25, 12, tzinfo=UTC)
OWN = "/account/second-factor"


def code_at(secret: str, at: datetime, steps: int = 0) -> str:
    return pyotp.TOTP(secret).generate_otp(int(at.timestamp()) // STEP + steps)


@pytest.fixture
def member(app: Flask, org: Org) -> StaffMember:
    """The salesperson, without a second factor."""
    return org.staff()


class TestCodes:
    @pytest.fixture
    def secret(self, app: Flask, member: StaffMember) -> str:
        made = second_factor.new_secret()
        with app.app_context():
            second_factor.turn_on(member, made, code_at(made, START), now=START)
        return made

    def check(self, app: Flask, member: StaffMember, code: str, at: datetime = START) -> CodeResult:
        with app.app_context():
            return second_factor.check(member, code, now=at)

    def test_each_code_counts_once(self, app: Flask, member: StaffMember, secret: str) -> None:
        # The one that switched it on is used up already.
        assert self.check(app, member, code_at(secret, START)) is CodeResult.WRONG
        later = START + timedelta(seconds=STEP)
        assert self.check(app, member, code_at(secret, later), later) is CodeResult.BY_APP
        assert self.check(app, member, code_at(secret, later), later) is CodeResult.WRONG

    def test_an_older_code_does_not_work_after_a_newer_one(
        self, app: Flask, member: StaffMember, secret: str
    ) -> None:
        at = START + timedelta(hours=1)
        assert self.check(app, member, code_at(secret, at, 1), at) is CodeResult.BY_APP
        assert self.check(app, member, code_at(secret, at), at) is CodeResult.WRONG

    @pytest.mark.parametrize("steps", [-1, 0, 1])
    def test_a_clock_may_be_half_a_minute_wrong(
        self, app: Flask, member: StaffMember, secret: str, steps: int
    ) -> None:
        at = START + timedelta(hours=1)
        assert self.check(app, member, code_at(secret, at, steps), at) is CodeResult.BY_APP

    @pytest.mark.parametrize("steps", [-2, 2])
    def test_a_clock_may_not_be_further_off(
        self, app: Flask, member: StaffMember, secret: str, steps: int
    ) -> None:
        at = START + timedelta(hours=1)
        assert self.check(app, member, code_at(secret, at, steps), at) is CodeResult.WRONG

    @pytest.mark.parametrize(
        "typed", ["", "12345", "1234567", "٣٣٣٣٣٣", "\0", "x" * 5000, "\ud800"]
    )
    @pytest.mark.one_database(reason="odd texts are no codes, whatever is stored")
    def test_malformed_codes_are_wrong(
        self, app: Flask, member: StaffMember, secret: str, typed: str
    ) -> None:
        assert self.check(app, member, typed) is CodeResult.WRONG

    def test_blanks_in_a_code_do_not_matter(
        self, app: Flask, member: StaffMember, secret: str
    ) -> None:
        code = code_at(secret, START, 1)
        assert self.check(app, member, f" {code[:3]} {code[3:]} ") is CodeResult.BY_APP

    def test_after_many_wrong_codes_none_is_accepted_for_a_while(
        self, app: Flask, member: StaffMember, secret: str
    ) -> None:
        for _ in range(MOST_WRONG):
            assert self.check(app, member, "x") is CodeResult.WRONG
        assert self.check(app, member, code_at(secret, START, 1)) is CodeResult.LOCKED
        later = START + WAIT
        assert self.check(app, member, code_at(secret, later), later) is CodeResult.BY_APP

    def test_a_right_code_resets_the_count_of_wrong_ones(
        self, app: Flask, member: StaffMember, secret: str
    ) -> None:
        for _ in range(MOST_WRONG - 1):
            self.check(app, member, "x")
        assert self.check(app, member, code_at(secret, START, 1)) is CodeResult.BY_APP
        for _ in range(MOST_WRONG):
            assert self.check(app, member, "x") is CodeResult.WRONG

    def test_only_a_right_code_turns_the_second_factor_on_and_only_once(
        self, app: Flask, org: Org, member: StaffMember, secret: str
    ) -> None:
        admin, other = org.admin(), second_factor.new_secret()
        with app.app_context():
            with pytest.raises(InvalidInput):
                second_factor.turn_on(admin, other, code_at(secret, START), now=START)
            assert not second_factor.state_of(admin).is_on
            with pytest.raises(Conflict):
                second_factor.turn_on(member, other, code_at(other, START), now=START)


class TestRecoveryCodes:
    def test_each_recovery_code_works_once_and_only_hashes_are_stored(
        self, app: Flask, member: StaffMember
    ) -> None:
        _secret, codes = with_factor(app, member)
        assert len(set(codes)) == 10
        assert all(re.fullmatch(r"([0-9a-hjkmnp-tv-z]{4}-){3}[0-9a-hjkmnp-tv-z]{4}", one)
                   for one in codes)  # fmt: skip
        with app.app_context():
            with database.read() as connection:
                hashes = set(connection.execute(select(RecoveryCode.code_hash)).scalars())
            assert hashes == {access.hash_secret(code.replace("-", "")) for code in codes}
            # As people type them: in capitals, with blanks, an O for a zero.
            typed = codes[0].upper().replace("0", "O").replace("-", " ")
            assert second_factor.check(member, typed) is CodeResult.BY_RECOVERY_CODE
            assert second_factor.check(member, codes[0]) is CodeResult.WRONG
            assert second_factor.state_of(member).codes_left == 9

    def test_new_recovery_codes_replace_the_old(self, app: Flask, member: StaffMember) -> None:
        _secret, codes = with_factor(app, member)
        with app.app_context():
            renewed = second_factor.renew_codes(member)
            assert second_factor.check(member, codes[0]) is CodeResult.WRONG
            assert second_factor.check(member, renewed[0]) is CodeResult.BY_RECOVERY_CODE

    def test_there_are_no_recovery_codes_without_the_second_factor(
        self, app: Flask, member: StaffMember
    ) -> None:
        with app.app_context():
            with pytest.raises(Conflict):
                second_factor.renew_codes(member)
            assert second_factor.check(member, "") is CodeResult.WRONG

    def test_recovery_codes_of_another_person_do_not_work(
        self, app: Flask, org: Org, member: StaffMember
    ) -> None:
        _secret, codes = with_factor(app, member)
        with_factor(app, org.admin())
        with app.app_context():
            assert second_factor.check(org.admin(), codes[0]) is CodeResult.WRONG


@pytest.mark.usefixtures("csrf_off")
class TestSettingUp:
    def test_setting_up_ends_other_sessions(
        self, app: Flask, staff_client: FlaskClient, org: Org
    ) -> None:
        elsewhere = org.sign_in(app.test_client())
        page = staff_client.get(OWN)
        assert page.headers["Cache-Control"] == "no-store"
        shown = read(page.text).first("#secret").text
        secret = shown.replace(" ", "")
        assert secret not in (staff_client.get(f"{OWN}/qr.svg").text)
        assert staff_client.get(f"{OWN}/qr.svg").mimetype == "image/svg+xml"
        wrong = staff_client.post(OWN, data={"code": "000", "proof": PASSWORD})
        assert wrong.status_code == 422
        assert shown in wrong.text  # the same key: the app need not read another
        done = staff_client.post(
            OWN, data={"code": code_of(secret), "proof": PASSWORD, "next": "/orders"}
        )
        assert done.status_code == 200
        assert done.headers["Cache-Control"] == "no-store"
        assert len(read(done.text).all("#codes li")) == 10
        assert 'href="/orders"' in done.text
        assert staff_client.get("/orders").status_code == 200
        assert elsewhere.get("/orders").status_code == 303
        assert staff_client.get(f"{OWN}/qr.svg").status_code == 404
        assert "10 recovery codes left" in staff_client.get("/account").text

    def test_password_and_code_turn_the_second_factor_off(
        self, app: Flask, client: FlaskClient, org: Org, member: StaffMember
    ) -> None:
        _secret, codes = with_factor(app, member)
        browser = org.sign_in(client, org.staff())
        for doing in ("off", "codes"):
            refused = browser.post(f"{OWN}/{doing}", data={"proof": "wrong"})
            assert refused.status_code == 422
            assert "Wrong password. Try again" in refused.text
            assert browser.get(f"{OWN}/{doing}").location == OWN
            no_code = browser.post(f"{OWN}/{doing}", data={"proof": PASSWORD})
            assert no_code.status_code == 422
            assert "Wrong code" in no_code.text
        page = browser.post(f"{OWN}/codes", data={"proof": PASSWORD, "code": codes[0]}).text
        proven = {"proof": PASSWORD, "code": texts(page, "#codes li")[0]}
        assert browser.post(f"{OWN}/off", data=proven).location == "/account"
        assert "Two-step sign-in is off" in browser.get("/account").text
        assert not org.staff().has_second_factor

    def test_an_admin_resets_the_second_factor(
        self, app: Flask, admin_client: FlaskClient, other_org: Org, org: Org,
        member: StaffMember,
    ) -> None:  # fmt: skip
        with_factor(app, member)
        browser = org.sign_in(app.test_client(), org.staff())
        address = f"/settings/staff/{member.id}"
        stranger = other_org.sign_in(app.test_client(), other_org.admin())
        assert stranger.post(f"{address}/second-factor/reset").status_code == 404
        assert org.staff().has_second_factor
        assert "Reset two-step sign-in" in admin_client.get(address).text
        assert admin_client.post(f"{address}/second-factor/reset").location == address
        page = admin_client.get(address).text
        assert f"Two-step sign-in for {org.email} is reset" in page
        assert f"Two-step sign-in turned off by {org.admin().email}" in page
        assert browser.get("/orders").status_code == 303
        assert not org.staff().has_second_factor


@pytest.mark.usefixtures("csrf_off")
class TestSigningIn:
    def first_step(self, client: FlaskClient, org: Org, **fields: str) -> None:
        form = {"email": org.email, "password": PASSWORD, **fields}
        answer = client.post("/sign-in", data=form)
        assert urlsplit(answer.location).path == "/sign-in/code"

    def test_the_password_alone_opens_nothing(
        self, app: Flask, client: FlaskClient, org: Org, member: StaffMember
    ) -> None:
        secret, _codes = with_factor(app, member)
        self.first_step(client, org, next="/orders?q=a")
        assert client.get("/orders").status_code == 303
        assert client.get("/account").status_code == 303
        page = client.get("/sign-in/code?next=/orders?q%3Da")
        assert 'value="/orders?q=a"' in page.text
        wrong = client.post("/sign-in/code", data={"code": "000", "next": "/orders?q=a"})
        assert wrong.status_code == 422
        assert "Wrong code, or it was already used. Wait for the next one" in wrong.text
        form = {"code": code_of(secret, 1), "next": "/orders?q=a"}
        answer = client.post("/sign-in/code", data=form)
        assert (answer.status_code, answer.location) == (303, "/orders?q=a")
        assert client.get("/orders").status_code == 200
        # The same code does not work again.
        second = app.test_client()
        self.first_step(second, org)
        assert second.post("/sign-in/code", data=form).status_code == 422

    def test_a_recovery_code_replaces_the_code(
        self, app: Flask, client: FlaskClient, org: Org, member: StaffMember
    ) -> None:
        _secret, codes = with_factor(app, member)
        self.first_step(client, org)
        assert client.post("/sign-in/code", data={"recovery": codes[3]}).status_code == 303
        page = client.get("/account").text
        assert "9 recovery codes left" in page
        assert "Signed in with a recovery code" in page

    @pytest.mark.usefixtures("org")
    def test_without_the_first_step_there_is_no_second(self, client: FlaskClient) -> None:
        assert client.get("/sign-in/code").location == "/sign-in?next=/"
        answer = client.post("/sign-in/code", data={"code": "123456"})
        assert answer.status_code == 401
        assert "The sign-in timed out after ten minutes. Please sign in again" in answer.text

    def test_a_new_password_ends_the_first_step(
        self, app: Flask, client: FlaskClient, org: Org, member: StaffMember
    ) -> None:
        _secret, codes = with_factor(app, member)
        self.first_step(client, org)
        with app.app_context():
            accounts.set_password(org.id, member.id, password="another battery", by=org.admin().id)
        assert client.post("/sign-in/code", data={"recovery": codes[0]}).status_code == 401

    def test_a_typed_order_is_resumed_after_both_steps(
        self, app: Flask, client: FlaskClient, org: Org, member: StaffMember,
        stored_rows: StoredRows,
    ) -> None:  # fmt: skip
        secret, _codes = with_factor(app, member)
        order = {**good_form(), "name": "Lobby “east” & <west>"}
        typed = {"resumed": pack(order.items()), "next": f"/orders/new?form={KEY}"}
        first = client.post("/sign-in", data={**typed, "email": org.email, "password": PASSWORD})
        assert first.status_code == 200
        assert "Your work is safe" in first.text
        refused = client.post("/sign-in/code", data={**typed, "code": "000"})
        for page in (first, refused):
            assert attribute(page.text, "[name=resumed]", "value") == typed["resumed"]
            assert PASSWORD not in page.text
        back = client.post("/sign-in/code", data={**typed, "code": code_of(secret, 1)})
        assert back.status_code == 200
        assert f"/orders/new?form={KEY}" in back.text
        assert "Lobby “east” &amp; &lt;west&gt;" in back.text
        assert stored_rows()["orders"] == 0

    @pytest.mark.usefixtures("org")
    def test_a_typed_order_survives_an_expired_first_step(self, client: FlaskClient) -> None:
        typed = {"resumed": pack(good_form().items()), "code": "123456"}
        answer = client.post("/sign-in/code", data=typed)
        assert answer.status_code == 401
        assert "cart.0.count=1" in attribute(answer.text, "[name=resumed]", "value").split()


def test_a_resumed_form_can_be_placed_at_once(
    app: Flask, client: FlaskClient, org: Org, stored_rows: StoredRows
) -> None:
    """The CSRF token of the form belongs to the new session."""
    org.staff()

    def token(page: str) -> str:
        return attribute(page, "[name=csrf_token]", "value")

    typed = {"resumed": pack(good_form().items()), "next": f"/orders/new?form={KEY}"}
    asked = client.get("/sign-in").text
    form = {**typed, "email": org.email, "password": PASSWORD, "csrf_token": token(asked)}
    back = client.post("/sign-in", data=form)
    assert back.status_code == 200
    placed = client.post(
        f"/orders/new?form={KEY}",
        data={**good_form(), "do": "place", "csrf_token": token(back.text)},
    )
    assert placed.status_code == 303
    assert stored_rows()["orders"] == 1


@pytest.mark.usefixtures("csrf_off")
class TestRequired:
    @pytest.fixture(autouse=True)
    def demand(self, app: Flask, org: Org) -> None:
        with app.app_context():
            stored = orgs.find_org(org.id)
            orgs.change_org(
                org.id, name=stored.name, is_strict=False, may_public_list=False,
                needs_second_factor=True,
            )  # fmt: skip

    def test_a_sign_in_leads_to_the_setup(
        self, client: FlaskClient, org: Org, member: StaffMember, stored_rows: StoredRows
    ) -> None:
        client.post("/sign-in", data={"email": org.email, "password": PASSWORD})
        page = client.get("/orders?q=a")
        assert page.location == f"{OWN}?next=/orders?q%3Da"
        assert client.get("/account").location.startswith(OWN)
        form = {**good_form(), "do": "place", "password": "secret words"}
        held_up = client.post(f"/orders/new?form={KEY}", data=form)
        assert held_up.status_code == 401
        assert f'href="{OWN}"' in held_up.text
        assert (attribute(held_up.text, "[name=do]", "value")) == "place"
        assert "secret words" not in held_up.text
        assert read(held_up.text).has("[name=password][type=password]")
        assert stored_rows()["orders"] == 0
        shown = client.get(OWN)
        assert "Your organization requires two-step sign-in. Set it up to continue" in shown.text
        secret = read(shown.text).first("#secret").text.replace(" ", "")
        assert client.post(OWN, data={"code": code_of(secret)}).status_code == 422
        proven = {"code": code_of(secret), "proof": PASSWORD}
        assert client.post(OWN, data=proven).status_code == 200
        assert client.get("/orders").status_code == 200

    def test_an_order_typed_before_waits_as_a_draft(
        self, app: Flask, client: FlaskClient, org: Org, member: StaffMember
    ) -> None:
        resumed = pack({**good_form(), "name": "Lobby"}.items())
        typed = {"resumed": resumed, "next": f"/orders/new?form={KEY}"}
        form = {**typed, "email": org.email, "password": PASSWORD}
        answer = client.post("/sign-in", data=form)
        assert answer.location == f"/orders/new?form={KEY}"
        with app.app_context():
            kept = drafts.find_draft(KEY, org.staff().actor)
        assert kept is not None
        assert ["name", "Lobby"] in kept.fields
        assert not {"email", "password", "next"} & {name for name, _value in kept.fields}

    def test_it_applies_to_sessions_from_before_and_nothing_typed_is_lost(
        self, staff_client: FlaskClient, org: Org, stored_rows: StoredRows
    ) -> None:
        htmx = {"HX-Request": "true"}
        for path in ("/orders", "/orders/new/configurations?q=x"):
            assert staff_client.get(path, headers=htmx).status_code == 401
        form = {**good_form(), "name": "Lobby “east” & <west>", "do": "place"}
        address = f"/orders/new?form={KEY}"
        assert staff_client.post(address, data=form, headers=htmx).status_code == 401
        kept = read(staff_client.post(address, data=form).text).first(f'[action="{address}"]')
        assert {**kept.fields(), "csrf_token": ""} == {**form, "csrf_token": ""}
        assert stored_rows()["orders"] == 0
        assert staff_client.get("/").location == f"{OWN}?next=/"
        assert staff_client.get("/sign-in?next=/orders").location == f"{OWN}?next=/orders"
        assert org.email not in staff_client.get("/docs/api").text

    def test_signing_out_is_possible(self, staff_client: FlaskClient) -> None:
        assert staff_client.post("/sign-out").location == "/sign-in"


def test_the_secret_is_never_shown_again(
    app: Flask, client: FlaskClient, org: Org, member: StaffMember
) -> None:
    secret, _codes = with_factor(app, member)
    browser = org.sign_in(client, org.staff())
    assert secret not in browser.get(OWN).text.replace(" ", "")
    assert secret not in browser.get("/account").text.replace(" ", "")
    with app.app_context(), database.read() as connection:
        assert secret in connection.execute(select(StaffAccount.totp_secret)).scalars().all()
