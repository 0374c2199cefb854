"""Sessions of people: listed with their devices, and ended."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from orders.domain.company_accounts import CompanyIdentity
from orders.domain.devices import device_of
from orders.domain.errors import ServiceBusy
from orders.services.accounts import identities, sessions
from orders.settings import Settings
from orders.storage import database
from orders.storage.models.people import PasskeyRow, StaffSessionRow
from orders.storage.sqlite.database_files import CANNOT_READ
from tests.actors import PASSWORD, Org
from tests.desk.people.links_and_codes import with_passkey
from tests.html import read, texts

pytestmark = [
    pytest.mark.one_database(reason="the SQL is that of services, whose tests run on both"),
    pytest.mark.usefixtures("csrf_off"),
]
WINDOWS = ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
           "Chrome/143.0.0.0 Safari/537.36")  # fmt: skip
PHONE = ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_2 like Mac OS X) AppleWebKit/605.1.15 "
         "(KHTML, like Gecko) Version/18.2 Mobile/15E148 Safari/604.1")  # fmt: skip


@pytest.fixture
def sign_in(app: Flask, org: Org) -> Callable[[str], FlaskClient]:
    """Sign in as the salesperson in a new browser."""

    def sign_in(user_agent: str) -> FlaskClient:
        email, browser = org.staff().email, app.test_client()
        sent = browser.post(
            "/sign-in", data={"email": email, "password": PASSWORD},
            headers={"User-Agent": user_agent}, environ_base={"REMOTE_ADDR": "203.0.113.77"},
        )  # fmt: skip
        assert sent.status_code == 303
        return browser

    return sign_in


def is_signed_in(browser: FlaskClient) -> bool:
    return browser.get("/orders").status_code == 200


def test_a_copied_cookie_is_useless_after_the_sign_out(
    app: Flask, sign_in: Callable[[str], FlaskClient]
) -> None:
    browser, thief = sign_in(WINDOWS), app.test_client()
    cookie = browser.get_cookie("shortorder")
    assert cookie is not None
    thief.set_cookie("shortorder", cookie.value)
    assert is_signed_in(thief)
    assert browser.post("/sign-out").location == "/sign-in"
    assert not is_signed_in(thief)


def test_the_setting_says_how_long_an_unused_session_lasts(
    app: Flask, settings: Settings, staff_client: FlaskClient
) -> None:
    with app.app_context():
        used_at = datetime.now(UTC) - timedelta(hours=2)
        database.execute(update(StaffSessionRow).values(last_used_at=used_at))
        app.config["SETTINGS"] = replace(settings, session_idle_hours=1)
    assert not is_signed_in(staff_client)
    app.config["SETTINGS"] = settings
    assert is_signed_in(staff_client)


def times_of(app: Flask) -> list[tuple[datetime, datetime]]:
    """Return when the person of each session signed in, and last proved who they are."""
    with app.app_context():
        rows = database.fetch_all(select(StaffSessionRow.created_at, StaffSessionRow.confirmed_at))
        return [(row.created_at, row.confirmed_at) for row in rows]


class TestWhatEndsTheOtherSessions:
    """A session that goes on after such a change lasts no longer, and proves nothing new."""

    @pytest.fixture
    def before(self, app: Flask, staff_client: FlaskClient) -> tuple[datetime, datetime]:
        now = datetime.now(UTC).replace(microsecond=0)
        signed_in, confirmed = now - timedelta(days=13), now - timedelta(minutes=9)
        with app.app_context():
            own = update(StaffSessionRow)
            database.execute(own.values(created_at=signed_in, confirmed_at=confirmed))
        return signed_in, confirmed

    def test_nothing_to_disconnect(
        self, app: Flask, staff_client: FlaskClient, before: tuple[datetime, datetime]
    ) -> None:
        assert staff_client.post("/account/company/disconnect").location == "/account"
        assert times_of(app) == [before]

    def test_a_company_account(
        self, app: Flask, org: Org, staff_client: FlaskClient, before: tuple[datetime, datetime]
    ) -> None:
        member = org.staff()
        identity = CompanyIdentity("https://id.example", "sam", member.email, is_verified=True)
        with app.app_context():
            identities.connect(member, identity)
        assert staff_client.post("/account/company/disconnect").location == "/account"
        assert is_signed_in(staff_client)
        assert times_of(app) == [before]

    def test_a_passkey(
        self, app: Flask, org: Org, staff_client: FlaskClient, before: tuple[datetime, datetime]
    ) -> None:
        with_passkey(app, org.staff())
        with app.app_context():
            passkey_id = database.fetch_value(select(PasskeyRow.id))
        assert staff_client.post(f"/account/passkeys/{passkey_id}/remove").location == "/account"
        assert is_signed_in(staff_client)
        assert times_of(app) == [before]

    def test_a_new_password_proves_it(
        self, app: Flask, staff_client: FlaskClient, before: tuple[datetime, datetime]
    ) -> None:
        typed = {"old_password": PASSWORD, "password": "tables and chairs of oak"}
        assert staff_client.post("/account/password", data=typed).location == "/account"
        [(signed_in, confirmed)] = times_of(app)
        assert signed_in == before[0]
        assert confirmed > before[1]


def test_what_pages_have_stored_goes_with_the_session(
    org: Org, sign_in: Callable[[str], FlaskClient]
) -> None:
    def clears(browser: FlaskClient, path: str, **typed: str) -> bool:
        answer = browser.post(path, data=typed)
        assert answer.status_code == 303
        return answer.headers.get("Clear-Site-Data") == '"storage"'

    here, elsewhere = sign_in(WINDOWS), sign_in(PHONE)
    rows = read(here.get("/account").text).all("#sessions-title ~ table tbody tr")
    rows.sort(key=lambda row: "(this device)" in row.words)
    other, own = (row.first("form")["action"] for row in rows)
    assert not clears(here, other)
    assert clears(here, own)
    # Who signs in next finds nothing of another account's, also after a session that ran out.
    for member, is_cleared in ((org.staff(), False), (org.admin(), True), (org.admin(), False)):
        typed = {"email": member.email, "password": PASSWORD}
        assert clears(elsewhere, "/sign-in", **typed) == is_cleared
    own = f"/settings/staff/{org.admin().id}/sessions/end"
    assert not clears(elsewhere, own, session="another")
    assert clears(elsewhere, own)
    typed = {"email": org.admin().email, "password": PASSWORD}
    assert not clears(elsewhere, "/sign-in", **typed)
    assert not clears(elsewhere, "/account/sessions/end", do="others")
    assert clears(elsewhere, "/account/sessions/end", do="all")


def test_a_database_that_cannot_be_read_is_no_error_of_the_page(
    staff_client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object) -> None:
        raise ServiceBusy(CANNOT_READ)

    monkeypatch.setattr(sessions, "find", refuse)
    assert staff_client.get("/orders").status_code == 503


def test_disabling_an_account_ends_its_sessions_for_good(
    sign_in: Callable[[str], FlaskClient], admin_client: FlaskClient, org: Org
) -> None:
    browser, page = sign_in(WINDOWS), f"/settings/staff/{org.staff().id}"
    for doing in ("disable", "enable"):
        assert admin_client.post(f"{page}/{doing}").location == page
    assert not is_signed_in(browser)


def test_people_end_one_session_the_others_or_all(sign_in: Callable[[str], FlaskClient]) -> None:
    here, phone, third, fourth = (sign_in(one) for one in (WINDOWS, PHONE, "", WINDOWS))
    page = read(here.get("/account").text)
    rows = {row.words: row for row in page.all("#sessions-title ~ table tbody tr")}
    assert len(rows) == 4
    [(words, own)] = [(text, row) for text, row in rows.items() if "(this device)" in text]
    assert words.startswith("Chrome on Windows (this device) 203.0.113.x Today")
    [(_words, row)] = [(text, row) for text, row in rows.items() if "Safari on iPhone" in text]
    assert any(text.startswith("Unknown device") for text in rows)
    assert here.post(row.first("form")["action"]).location == "/account"
    assert [is_signed_in(one) for one in (here, phone, third, fourth)] == [True, False, True, True]
    assert here.post("/account/sessions/end", data={"do": "others"}).location == "/account"
    assert [is_signed_in(one) for one in (here, third, fourth)] == [True, False, False]
    fifth = sign_in(PHONE)
    assert here.post("/account/sessions/end", data={"do": "all"}).location == "/sign-in"
    assert not is_signed_in(here)
    assert not is_signed_in(fifth)
    assert own.first("form")["action"].endswith("/end")


def test_an_admin_ends_the_sessions_of_a_colleague(
    app: Flask, sign_in: Callable[[str], FlaskClient], admin_client: FlaskClient, org: Org,
    other_org: Org,
) -> None:  # fmt: skip
    first, second, page = sign_in(WINDOWS), sign_in(PHONE), f"/settings/staff/{org.staff().id}"
    stranger = other_org.sign_in(app.test_client(), other_org.admin())
    assert stranger.post(f"{page}/sessions/end").status_code == 404
    shown = read(admin_client.get(page).text).all("#sessions-title ~ table button")
    for odd in ("%00", "\0", "x"):
        assert admin_client.post(f"{page}/sessions/end", data={"session": odd}).location == page
    assert [is_signed_in(first), is_signed_in(second)] == [True, True]
    assert admin_client.post(f"{page}/sessions/end", data={"session": shown[0]["value"]}).location
    assert sorted([is_signed_in(first), is_signed_in(second)]) == [False, True]
    assert admin_client.post(f"{page}/sessions/end").location == page
    assert [is_signed_in(first), is_signed_in(second)] == [False, False]
    assert f"Signed out of sessions by {org.admin().email}" in admin_client.get(page).text


def test_failed_tries_are_shown_to_the_person_and_to_admins(
    app: Flask, client: FlaskClient, admin_client: FlaskClient, org: Org
) -> None:
    member, page = org.staff(), f"/settings/staff/{org.staff().id}"
    for password in ("wrong", "", "\0"):
        client.post("/sign-in", data={"email": member.email, "password": password})
    client.post("/sign-in", data={"email": "nobody@desk.example", "password": "wrong"})
    with app.app_context():
        until = time.monotonic() + 5  # they are recorded after the response
        while sessions.failed_tries(member) < 3 and time.monotonic() < until:
            time.sleep(0.01)
    assert "3, the last one: Today" in " ".join(texts(admin_client.get(page).text, ".facts dd"))
    client.post("/sign-in", data={"email": member.email, "password": PASSWORD})
    assert "3 failed tries to sign in since your last sign-in" in client.get("/account").text
    activity = client.get("/account").text
    assert "3 failed tries" not in activity
    assert "Sign-in failed" in activity
    assert "Failed tries" not in admin_client.get(page).text


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        (WINDOWS, "Chrome on Windows"),
        (f"{WINDOWS} Edg/143.0.0.0", "Edge on Windows"),
        (PHONE, "Safari on iPhone"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
         "Firefox on Linux"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like "
         "Gecko) Version/18.2 Safari/605.1.15", "Safari on Mac"),
        ("Mozilla/5.0 (Linux; Android 15) Gecko/145.0 Firefox/145.0", "Firefox on Android"),
        ("curl/8.11", "Unknown device"),
        ("Windows", "Windows"),
        ("<script>", "Unknown device"),
    ],
)  # fmt: skip
def test_devices_are_named_in_plain_words(user_agent: str, device: str) -> None:
    assert device_of(user_agent) == device
