"""Passkeys: added after the password, used in its place and in place of a code, removed."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from orders.services.accounts import accounts, orgs, passkeys, second_factor, sessions
from orders.services.accounts.passkeys import Site
from orders.storage import database
from orders.storage.models.people import PasskeyRow
from tests.actors import PASSWORD, Org
from tests.authenticator import HOST, ORIGIN, PRESENT, SoftPasskey
from tests.desk.people.links_and_codes import with_factor, with_passkey
from tests.desk.people.test_confirmation import wait
from tests.html import attribute, read, texts

pytestmark = [
    pytest.mark.one_database(reason="the SQL is that of plain rows; the answers are the subject"),
    pytest.mark.usefixtures("csrf_off"),
]
NEW, OWN = "/account/passkeys/new", "/account/passkeys"
SITE = Site(HOST, ORIGIN)


def options_on(page: str) -> str:
    return str(attribute(page, "[data-passkey]", "data-options"))


def add(client: FlaskClient, key: SoftPasskey, name: str = "Phone") -> None:
    made = key.create(options_on(client.post(NEW).text))
    answer = client.post(OWN, data={"name": name, "credential": made})
    assert answer.location == "/account", answer.text


def sign_in(client: FlaskClient, key: SoftPasskey, **fields: str) -> int:
    """Use a passkey on the sign-in page; return the status of the answer."""
    answer = key.use(options_on(client.get("/sign-in").text))
    return client.post("/sign-in", data={"credential": answer, **fields}).status_code


def is_signed_in(client: FlaskClient) -> bool:
    return client.get("/account").status_code == 200


@pytest.fixture
def key(app: Flask, org: Org) -> SoftPasskey:
    """A passkey of the salesperson."""
    return with_passkey(app, org.staff())


def test_passkeys_are_added_after_the_password_named_and_removed(
    app: Flask, staff_client: FlaskClient
) -> None:
    wait(app)
    asked = staff_client.post(NEW)
    assert asked.status_code == 401
    page = staff_client.post(NEW, data={"confirm_password": PASSWORD}).text
    assert read(page).first("#name")["value"]
    key = SoftPasskey()
    nameless = staff_client.post(OWN, data={"name": " ", "credential": "{}"})
    assert nameless.status_code == 422
    made = key.create(options_on(nameless.text))
    assert staff_client.post(OWN, data={"name": "Phone", "credential": made}).status_code == 303
    again = staff_client.post(OWN, data={"name": "Copy", "credential": made})
    assert (again.status_code, "could not be added" in again.text) == (422, True)
    add(staff_client, SoftPasskey(), "Key ring")
    own = read(staff_client.get("/account").text).first("[aria-labelledby=passkeys-title]")
    assert [row.text for row in own.all("tbody th")] == ["Phone", "Key ring"]
    with app.app_context():
        phone = database.fetch_value(select(PasskeyRow.id).where(PasskeyRow.name == "Phone"))
    elsewhere = app.test_client()
    assert sign_in(elsewhere, key) == 303
    assert staff_client.post(f"{OWN}/{phone}/remove").status_code == 303
    assert is_signed_in(staff_client)
    assert not is_signed_in(elsewhere)  # perhaps the lost phone
    assert staff_client.post(f"{OWN}/{phone}/remove").status_code == 404
    browser = app.test_client()
    assert sign_in(browser, key) == 422
    assert "Passkey added" in " ".join(texts(staff_client.get("/account").text, ".history li"))


def test_a_passkey_signs_in_without_password_and_code(
    app: Flask, client: FlaskClient, org: Org, key: SoftPasskey
) -> None:
    with_factor(app, org.staff())
    with app.app_context():
        orgs.change_org(org.id, name="W", needs_second_factor=True)
    for _ in range(2):  # passkeys of password managers never count
        assert sign_in(client, key, next="/orders") == 303
        assert is_signed_in(client)
        client.post("/sign-out")


@pytest.mark.parametrize(
    "wrong",
    [
        {"flags": PRESENT},
        {"flags": 0},
        {"origin": "https://evil.example"},
        {"host": "evil.example"},
        {"key": SoftPasskey().key},
        {"user": "AAAAAAAAAAAAAAAAAAAAAA"},
        {"id": b"another"},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_what_is_not_proven_signs_nobody_in(
    client: FlaskClient, key: SoftPasskey, wrong: dict[str, object]
) -> None:
    for name, value in wrong.items():
        setattr(key, name, value)
    assert sign_in(client, key) == 422
    assert not is_signed_in(client)


@pytest.mark.parametrize(
    "sent", ["x", "[]", '{"id": 1, "response": {}}', "[" * 2000, '{"id":"\\u0000","response":{}}']
)
def test_malformed_answers_are_refused(client: FlaskClient, org: Org, sent: str) -> None:
    client.get("/sign-in")
    answer = client.post("/sign-in", data={"credential": sent})
    assert (answer.status_code, "This passkey did not sign you in" in answer.text) == (422, True)


@pytest.mark.parametrize(
    "host", ["localhost:99999999", "[::1", "a b", "", "x" * 300, "a..b", "ä.example"]
)
def test_a_host_that_is_none_is_no_failure(client: FlaskClient, host: str) -> None:
    sent = {"Host": host.encode().decode("latin-1")}
    for path in ("/sign-in", "/find", "/none", "/api/orders"):
        assert client.get(path, headers=sent).status_code < 500, path


def test_a_sign_count_must_grow(
    app: Flask, client: FlaskClient, org: Org, key: SoftPasskey
) -> None:
    for count, status in (5, 303), (5, 422), (4, 422), (6, 303):
        key.count = count
        assert sign_in(client, key) == status
        client.post("/sign-out")


def test_an_answer_works_once(client: FlaskClient, key: SoftPasskey) -> None:
    answer = {"credential": key.use(options_on(client.get("/sign-in").text))}
    with client.session_transaction() as session:
        before = dict(session)
    assert client.post("/sign-in", data=answer).status_code == 303
    client.post("/sign-out")
    assert client.post("/sign-in", data=answer).status_code == 422
    with client.session_transaction() as session:
        session.update(before)  # as if the browser had kept the old cookie
    assert client.post("/sign-in", data=answer).status_code == 422


def test_a_disabled_account_stays_out(
    app: Flask, client: FlaskClient, org: Org, key: SoftPasskey
) -> None:
    with app.app_context():
        accounts.disable_staff(org.id, org.staff().id, by=org.admin().id)
    assert sign_in(client, key) == 422


def test_a_passkey_replaces_the_code_and_confirms(
    app: Flask, client: FlaskClient, org: Org, key: SoftPasskey
) -> None:
    member = org.staff()
    with_factor(app, member)
    client.post("/sign-in", data={"email": member.email, "password": PASSWORD})
    stranger = SoftPasskey()
    page = client.get("/sign-in/code").text
    wrong = client.post("/sign-in/code", data={"credential": stranger.use(options_on(page))})
    assert wrong.status_code == 422
    verified, key.flags = key.flags, PRESENT  # beside a password it is enough to have it
    sent = client.post("/sign-in/code", data={"credential": key.use(options_on(wrong.text))})
    assert sent.status_code == 303
    wait(app)
    asked = client.post("/account/sessions/end", data={"do": "others"})
    fields = read(asked.text).first("form.card").fields()
    fields["confirm_passkey"] = stranger.use(options_on(asked.text))
    refused = client.post("/account/sessions/end", data=fields)
    assert (refused.status_code, "did not confirm" in refused.text) == (422, True)
    fields["confirm_passkey"] = key.use(options_on(refused.text))
    refused = client.post("/account/sessions/end", data=fields)
    assert refused.status_code == 422  # alone it is not
    key.flags = verified
    fields["confirm_passkey"] = key.use(options_on(refused.text))
    assert client.post("/account/sessions/end", data=fields).location == "/account"


def test_a_page_that_was_open_before_another_sign_in_is_no_failed_try(
    app: Flask, client: FlaskClient, org: Org, key: SoftPasskey
) -> None:
    old = key.use(options_on(client.get("/sign-in").text))
    assert sign_in(app.test_client(), key) == 303
    assert client.post("/sign-in", data={"credential": old}).status_code == 422
    with app.app_context():
        assert sessions.failed_tries(org.staff()) == 0


def test_an_admin_removes_those_of_a_lost_phone(
    app: Flask, client: FlaskClient, org: Org, key: SoftPasskey
) -> None:
    member = org.staff()
    assert sign_in(client, key) == 303
    with app.app_context():
        assert accounts.find_staff(org.id, member.id).passkeys == 1
        second_factor.reset(org.id, member.id, by=org.admin().id)
        assert passkeys.list_passkeys(member) == []
    assert not is_signed_in(client)
