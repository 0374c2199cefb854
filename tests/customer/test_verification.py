"""An org may ask for the customer ID; until it is verified, nothing of the order is shown."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from orders.domain.attributes import AttributeRule, Kind
from orders.services.accounts import orgs
from orders.services.orders import changes, lookup
from orders.storage import database, tables
from tests.actors import Org
from tests.customer.conftest import CODE, UNKNOWN_CODE, Clock, PlaceOrder
from tests.customer.test_pictures import save
from tests.html import read
from tests.uploads import PNG

NUMBER = "ACME 4711-B"
WRONG = "This customer number does not match the order. Check it and try again."
TOO_MANY = "Too many wrong customer numbers for this order."


@pytest.fixture
def asking(app: Flask, org: Org, csrf_off: None, clock: Clock) -> None:
    """The org asks for the customer ID."""
    with app.app_context():
        orgs.change_customer_page(
            org.id, customer_check="customerId", accent="", contact="", language=""
        )


@pytest.fixture
def placed(app: Flask, org: Org, asking: None, place_order: PlaceOrder) -> None:
    """An order with everything that must not leak."""
    org.define(AttributeRule("day", "HIDDEN day", Kind.TEXT, visible_to_customer=True))
    picture = save(app, org, "a.png", PNG, "image/png")
    place_order(
        name="HIDDEN name", customerId=NUMBER, status="In Progress",
        metadata={"day": "2026-12-18"}, cart=[{"configurationId": picture, "count": 7777}],
    )  # fmt: skip


def verify(client: FlaskClient, typed: str, code: str = CODE) -> TestResponse:
    return client.post(f"/o/{code}/open", data={"number": typed})


def is_locked(client: FlaskClient) -> bool:
    text = client.get(f"/o/{CODE}").text
    assert ("Oslo chair" in text) is ("HIDDEN day" in text)
    return "Oslo chair" not in text


@pytest.mark.usefixtures("placed")
class TestLockedOrder:
    def test_status_and_steps_are_shown_and_nothing_else(self, client: FlaskClient) -> None:
        answer = client.get(f"/o/{CODE}")
        assert answer.status_code == 200
        for shown in ("In production", 'aria-current="step"', "Your customer number"):
            assert shown in answer.text
        response = answer.text + str(answer.headers)
        for hidden in (
            "HIDDEN",
            "Oslo",
            "7,777",
            "7777",
            "pictures",
            "2026",
            "4711",
            "ACME",
            ".ics",
        ):
            assert hidden not in response, hidden

    def test_that_it_is_canceled_is_shown_but_not_when(
        self, app: Flask, client: FlaskClient, org: Org
    ) -> None:
        with app.app_context():
            changes.cancel_order(CODE, "HIDDEN reason", actor=org.actor())
        text = client.get(f"/o/{CODE}").text
        assert "This order was canceled." in text
        for hidden in ("HIDDEN", "Oslo", "20", "In production"):
            assert hidden not in read(text).first("main").text.replace(CODE, ""), hidden

    def test_pictures_and_calendar_files_are_locked_too(self, client: FlaskClient) -> None:
        for path in ("pictures/1", "days/1.ics"):
            assert client.get(f"/o/{CODE}/{path}").status_code == 404

    @pytest.mark.parametrize("typed", ["", "-", "ACME", "ACME 4711-C", "\0", "🪑", "x" * 5_000])
    def test_a_wrong_number_is_an_error_and_unlocks_nothing(
        self, client: FlaskClient, typed: str
    ) -> None:
        answer = verify(client, typed)
        assert answer.status_code == 422
        assert WRONG in answer.text
        assert "<title>Error:" in answer.text
        assert 'aria-invalid="true"' in answer.text
        assert "Oslo" not in answer.text
        assert "\0" not in answer.text
        assert not any(one.startswith("open=") for one in answer.headers.getlist("Set-Cookie"))
        assert is_locked(client)

    def test_the_input_is_still_in_the_field(self, client: FlaskClient) -> None:
        assert 'value="&lt;b&gt;"' in verify(client, "<b>").text

    def test_a_form_without_a_csrf_token_is_refused(self, app: Flask, client: FlaskClient) -> None:
        app.config["WTF_CSRF_ENABLED"] = True
        answer = verify(client, NUMBER)
        assert answer.status_code == 400
        assert "Oslo" not in answer.text
        assert is_locked(client)


@pytest.mark.usefixtures("placed")
class TestUnlockedOrder:
    @pytest.mark.parametrize("typed", [NUMBER, "acme4711b", " acme-4711 b "])
    def test_the_right_number_unlocks_the_order(self, client: FlaskClient, typed: str) -> None:
        answer = verify(client, typed)
        assert (answer.status_code, answer.location) == (303, f"/o/{CODE}")
        assert not is_locked(client)
        assert client.get(f"/o/{CODE}/pictures/1").data == PNG
        assert client.get(f"/o/{CODE}/days/1.ics").mimetype == "text/calendar"

    def test_the_cookie_is_limited_to_the_order(self, client: FlaskClient) -> None:
        cookie = verify(client, NUMBER).headers["Set-Cookie"]
        for part in (f"Path=/o/{CODE};", "HttpOnly", "SameSite=Lax", "Max-Age=2592000"):
            assert part in f"{cookie};"
        assert "4711" not in cookie

    def test_the_cookie_is_secure_over_https(self, client: FlaskClient) -> None:
        sent = client.post(f"/o/{CODE}/open", data={"number": NUMBER}, base_url="https://localhost")
        assert "Secure" in sent.headers["Set-Cookie"]

    def test_another_browser_sees_nothing(self, app: Flask, client: FlaskClient) -> None:
        verify(client, NUMBER)
        assert is_locked(app.test_client())

    def test_a_forged_or_expired_cookie_unlocks_nothing(
        self, app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        cookie = re.findall(r"open=([^;]+)", verify(client, NUMBER).headers["Set-Cookie"])[0]
        other = app.test_client()
        # Not the last letter: the signature does not use all of its bits.
        signed_otherwise = cookie[:-9] + ("B" if cookie[-9] == "A" else "A") + cookie[-8:]
        for forged in ("open", "", f"x{cookie}", signed_otherwise, "ÿ"):
            other.set_cookie("open", forged, path=f"/o/{CODE}")
            assert is_locked(other), forged
        other.set_cookie("open", cookie, path=f"/o/{CODE}")
        assert not is_locked(other)
        in_31_days = datetime.now(UTC) + timedelta(days=31)
        monkeypatch.setattr("itsdangerous.timed.time.time", in_31_days.timestamp)
        assert is_locked(other)

    def test_changing_the_customer_id_locks_the_order_again(
        self, app: Flask, client: FlaskClient
    ) -> None:
        verify(client, NUMBER)
        set_customer(app, "ACME 4712")
        assert is_locked(client)
        set_customer(app, "acme-4711-b")
        assert not is_locked(client)

    def test_an_org_that_no_longer_asks_shows_the_order(
        self, app: Flask, client: FlaskClient, org: Org
    ) -> None:
        with app.app_context():
            orgs.change_customer_page(
                org.id, customer_check="none", accent="", contact="", language=""
            )
        assert not is_locked(client)


def set_customer(app: Flask, customer_id: str) -> None:
    with app.app_context():
        statement = update(tables.orders).values(customer_id=customer_id)
        database.write(lambda connection: connection.execute(statement).rowcount)


@pytest.mark.usefixtures("placed")
class TestTooManyTries:
    def test_after_ten_wrong_numbers_the_right_one_has_to_wait_too(
        self, app: Flask, client: FlaskClient
    ) -> None:
        for number in range(lookup.MAX_TRIES):
            # The limit does not depend on the client's address.
            answer = app.test_client().post(
                f"/o/{CODE}/open", data={"number": str(number)},
                environ_base={"REMOTE_ADDR": f"192.0.2.{number}"},
            )  # fmt: skip
            assert answer.status_code == 422
        refused = verify(client, NUMBER)
        assert refused.status_code == 429
        assert TOO_MANY in refused.text
        assert 3500 <= int(refused.headers["Retry-After"]) <= 3600
        assert "Oslo" not in refused.text
        assert is_locked(client)

    def test_parallel_requests_share_ten_tries(self, app: Flask) -> None:
        def try_it(_number: int) -> bool:
            with app.app_context():
                attempt = lookup.verify_customer(CODE, "x")
                assert attempt is not None
                return attempt.wait == 0

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(try_it, range(24))) == lookup.MAX_TRIES

    def test_tries_are_available_again_after_an_hour(self, app: Flask) -> None:
        start = datetime(2026, 11, 25, 12, tzinfo=UTC)
        with app.app_context():
            for _ in range(lookup.MAX_TRIES):
                lookup.verify_customer(CODE, "x", now=start)
            waiting = lookup.verify_customer(CODE, NUMBER, now=start + timedelta(minutes=59))
            later = lookup.verify_customer(CODE, NUMBER, now=start + timedelta(minutes=60))
        assert waiting is not None
        assert later is not None
        assert (waiting.lock, waiting.wait) == (None, 60)
        assert (later.lock is not None, later.wait) == (True, 0)

    def test_the_right_number_resets_the_tries(self, app: Flask) -> None:
        with app.app_context():
            for typed in (["x"] * 9 + [NUMBER]) * 3:
                attempt = lookup.verify_customer(CODE, typed)
                assert attempt is not None
                assert attempt.wait == 0


def test_an_order_without_a_customer_id_shows_its_status_only(
    client: FlaskClient, org: Org, asking: None, place_order: PlaceOrder
) -> None:
    card = org.save("Oslo chair", "OSL-1")
    place_order(cart=[{"configurationId": card.id, "count": 1}])
    text = client.get(f"/o/{CODE}").text
    assert "Oslo" not in text
    assert "<form" not in text
    assert "it has no customer number. Please ask Workshop." in text
    for typed in ("", "x"):
        assert verify(client, typed).status_code == 303
    assert "Oslo" not in client.get(f"/o/{CODE}").text


@pytest.mark.usefixtures("asking")
class TestCodesThatCannotBeVerified:
    def test_an_unknown_one_is_a_miss(self, client: FlaskClient, clock: Clock) -> None:
        assert verify(client, "x", UNKNOWN_CODE).status_code == 404
        assert verify(client, "x", "mistyped").status_code == 404
        assert len(clock.slept) == 2

    def test_an_order_that_needs_no_verification_redirects_to_its_page(
        self, app: Flask, client: FlaskClient, org: Org, place_order: PlaceOrder
    ) -> None:
        place_order(customerId=NUMBER, status="List", cart=[])
        with app.app_context():
            orgs.change_customer_page(
                org.id, customer_check="none", accent="", contact="", language=""
            )
        answer = verify(client, "x")
        assert (answer.status_code, answer.location) == (303, f"/o/{CODE}")
        assert "Set-Cookie" not in answer.headers
