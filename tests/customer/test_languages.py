"""The language of the customer pages."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from orders.domain.attributes import AttributeRule, Kind
from orders.domain.errors import ServiceBusy
from orders.domain.status import Status
from orders.services.accounts import orgs
from tests.actors import Org
from tests.customer.conftest import CODE, UNKNOWN_CODE, Clock, PlaceOrder
from tests.html import attribute, attributes

pytestmark = pytest.mark.one_database(
    reason="what is read is the language; the same statements run in the English tests"
)

UUID = "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11"
LINE = {"configurationId": UUID, "count": 1200}
MISTYPED_CODE = UNKNOWN_CODE[:-1] + ("0" if UNKNOWN_CODE[-1] != "0" else "1")
GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}
ENGLISH = {"Accept-Language": "en-GB"}
FRENCH = {"Accept-Language": "fr"}


def language_of(text: str) -> str:
    return attribute(text, "html", "lang")


def set_language(app: Flask, org: Org, language: str) -> None:
    with app.app_context():
        orgs.change_customer_page(
            org.id, customer_check="none", accent="", contact="", language=language
        )


class TestChoice:
    def test_the_browser_decides(self, client: FlaskClient) -> None:
        assert language_of(client.get("/find", headers=GERMAN).text) == "de"
        assert language_of(client.get("/find", headers=ENGLISH).text) == "en"
        assert language_of(client.get("/find", headers=FRENCH).text) == "en"
        assert language_of(client.get("/find").text) == "en"

    @pytest.mark.parametrize("odd", ["", "*", ";;;", "de;q=x", "x" * 5000, "\xff"])
    def test_odd_headers_are_no_error(self, client: FlaskClient, odd: str) -> None:
        assert client.get("/find", headers={"Accept-Language": odd}).status_code == 200

    def test_the_url_wins_and_is_remembered(self, client: FlaskClient) -> None:
        answer = client.get("/find?lang=de", headers=ENGLISH)
        assert language_of(answer.text) == "de"
        assert "Max-Age=31536000" in answer.headers["Set-Cookie"]
        assert "HttpOnly" in answer.headers["Set-Cookie"]
        assert language_of(client.get("/find", headers=ENGLISH).text) == "de"
        assert language_of(client.get("/find?lang=en", headers=GERMAN).text) == "en"
        assert language_of(client.get("/find", headers=GERMAN).text) == "en"

    @pytest.mark.parametrize("odd", ["fr", "", "de\0", "../de", "<b>", "DE"])
    def test_an_unknown_language_is_ignored(self, client: FlaskClient, odd: str) -> None:
        answer = client.get("/find", query_string={"lang": odd}, headers=GERMAN)
        assert language_of(answer.text) == "de"
        assert "Set-Cookie" not in answer.headers

    def test_the_language_of_the_org_is_used_if_the_browser_names_none(
        self, app: Flask, client: FlaskClient, org: Org, place_order: PlaceOrder
    ) -> None:
        place_order(cart=[LINE])
        set_language(app, org, "de")
        assert language_of(client.get(f"/o/{CODE}").text) == "de"
        for wish in ("fr", "fr, *;q=0.5", "*", "en;q=0"):
            text = client.get(f"/o/{CODE}", headers={"Accept-Language": wish}).text
            assert language_of(text) == "de", wish
        assert language_of(client.get(f"/o/{CODE}", headers=ENGLISH).text) == "en"
        # It is the only org, so that its language is that of the search form, too.
        assert language_of(client.get("/find").text) == "de"

    def test_vary_names_what_the_language_depends_on(
        self, client: FlaskClient, clock: Clock, place_order: PlaceOrder
    ) -> None:
        place_order(cart=[LINE])
        for path in ("/find", f"/o/{CODE}", f"/o/{UNKNOWN_CODE}"):
            assert {"Accept-Language", "Cookie"} <= set(client.get(path).vary)

    def test_each_page_links_to_the_other_language_and_keeps_the_input(
        self, client: FlaskClient, clock: Clock, place_order: PlaceOrder
    ) -> None:
        place_order(cart=[LINE])
        for path in ("/find", f"/o/{CODE}", f"/o/{UNKNOWN_CODE}", "/find?code=a%26b%22"):
            text = client.get(path).text
            [address] = attributes(text, "a[lang=de][hreflang=de]", "href")
            other = client.get(address, headers=ENGLISH, follow_redirects=True)
            assert language_of(other.text) == "de"
            client.delete_cookie("language")
            typed = attributes(text, "[name=code][type=text]", "value")
            assert attributes(other.text, "[name=code][type=text]", "value") == typed


class TestGerman:
    def test_the_whole_page(self, client: FlaskClient, org: Org, place_order: PlaceOrder) -> None:
        org.define(
            AttributeRule("gift", "Geschenk", Kind.BOOLEAN, visible_to_customer=True),
            AttributeRule("yes", "Antwort", Kind.TEXT, visible_to_customer=True),
            AttributeRule("weight", "Gewicht", Kind.NUMBER, visible_to_customer=True),
            AttributeRule("day", "Lieferung", Kind.TEXT, visible_to_customer=True),
        )
        place_order(
            cart=[LINE], status="In Progress",
            metadata={"gift": True, "yes": "Yes", "weight": 1234.56789, "day": "2026-12-18"},
        )  # fmt: skip
        text = client.get(f"/o/{CODE}", headers=GERMAN).text
        for shown in (
            "In Produktion", "Konfiguriertes Produkt", "1 Position, 1.200 Stück", "<dd>Ja<",
            "1.234,56789", "Freitag, 18. Dezember 2026", "In den Kalender",
        ):  # fmt: skip
            assert shown in text, shown
        # Texts written by the org are not translated.
        assert "<dd>Yes<" in text
        assert "In Progress" not in text

    @pytest.mark.parametrize("status", list(Status))
    def test_statuses_are_translated_on_pages_and_never_in_the_api(
        self, client: FlaskClient, org: Org, place_order: PlaceOrder, status: Status
    ) -> None:
        order = place_order(status=str(status), cart=[LINE])
        page = client.get(f"/o/{CODE}", headers=GERMAN).text
        assert f"</svg>{status}<" not in page
        answer = client.get(
            f"/api/orders/{order.id}",
            headers={**GERMAN, "Authorization": f"Bearer {org.private.secret}"},
        )
        assert answer.json is not None
        assert answer.json["status"] == str(status)

    def test_misses_have_the_same_size_and_time(self, client: FlaskClient, clock: Clock) -> None:
        unknown = client.get(f"/o/{UNKNOWN_CODE}", headers=GERMAN)
        mistyped = client.get(f"/o/{MISTYPED_CODE}", headers=GERMAN)
        assert "Wir kennen keine Bestellung" in unknown.text
        assert "vertippt" in mistyped.text
        assert unknown.status_code == mistyped.status_code == 404
        assert len(unknown.data) == len(mistyped.data)
        assert clock.slept == [pytest.approx(0.02)] * 2

    @pytest.mark.parametrize(("method", "path"), [("POST", f"/o/{CODE}"), ("PUT", "/find")])
    def test_error_pages_are_translated(self, client: FlaskClient, method: str, path: str) -> None:
        answer = client.open(path, method=method, headers=GERMAN)
        assert answer.status_code == 405
        assert "Hier nicht möglich" in answer.text
        assert "GET" in answer.headers["Allow"]


def test_english_has_singular_and_plural(client: FlaskClient, place_order: PlaceOrder) -> None:
    place_order(cart=[{**LINE, "count": 1}])
    assert "1 line, 1 item<" in client.get(f"/o/{CODE}").text


def test_a_busy_service_answers_in_the_pages_language(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> None:
        raise ServiceBusy("The database cannot be reached. Please try again.")

    monkeypatch.setattr("orders.services.orders.lookup.find_order_for_customer", fail)
    app.testing = False
    answer = client.get(f"/o/{CODE}", headers=GERMAN)
    assert answer.status_code == 503
    assert "Gerade überlastet" in answer.text
    assert answer.headers["Retry-After"] == "1"
