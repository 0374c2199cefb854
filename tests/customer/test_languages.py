"""In which language the customers' pages speak, and that they say the same in each."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from orders import administration
from orders.rules.attributes import AttributeRule, Kind
from orders.rules.errors import ServiceBusy
from orders.rules.status import Status
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


def spoken(text: str) -> str:
    return attribute(text, "html", "lang")


def let_speak(app: Flask, org: Org, language: str) -> None:
    with app.app_context():
        administration.change_customer_page(
            org.id, customer_check="none", accent="", contact="", language=language
        )


class TestTheChoice:
    def test_the_browser_is_asked(self, client: FlaskClient) -> None:
        assert spoken(client.get("/find", headers=GERMAN).text) == "de"
        assert spoken(client.get("/find", headers=ENGLISH).text) == "en"
        assert spoken(client.get("/find", headers=FRENCH).text) == "en"
        assert spoken(client.get("/find").text) == "en"

    @pytest.mark.parametrize("odd", ["", "*", ";;;", "de;q=x", "x" * 5000, "\xff"])
    def test_odd_wishes_are_no_failure(self, client: FlaskClient, odd: str) -> None:
        assert client.get("/find", headers={"Accept-Language": odd}).status_code == 200

    def test_the_address_wins_and_is_remembered(self, client: FlaskClient) -> None:
        answer = client.get("/find?lang=de", headers=ENGLISH)
        assert spoken(answer.text) == "de"
        assert "Max-Age=31536000" in answer.headers["Set-Cookie"]
        assert "HttpOnly" in answer.headers["Set-Cookie"]
        assert spoken(client.get("/find", headers=ENGLISH).text) == "de"
        assert spoken(client.get("/find?lang=en", headers=GERMAN).text) == "en"
        assert spoken(client.get("/find", headers=GERMAN).text) == "en"

    @pytest.mark.parametrize("odd", ["fr", "", "de\0", "../de", "<b>", "DE"])
    def test_a_language_that_there_is_not_is_passed_over(
        self, client: FlaskClient, odd: str
    ) -> None:
        answer = client.get("/find", query_string={"lang": odd}, headers=GERMAN)
        assert spoken(answer.text) == "de"
        assert "Set-Cookie" not in answer.headers

    def test_the_org_has_its_say_where_the_browser_has_none(
        self, app: Flask, client: FlaskClient, org: Org, place_order: PlaceOrder
    ) -> None:
        place_order(cart=[LINE])
        let_speak(app, org, "de")
        assert spoken(client.get(f"/o/{CODE}").text) == "de"
        for wish in ("fr", "fr, *;q=0.5", "*", "en;q=0"):
            text = client.get(f"/o/{CODE}", headers={"Accept-Language": wish}).text
            assert spoken(text) == "de", wish
        assert spoken(client.get(f"/o/{CODE}", headers=ENGLISH).text) == "en"
        assert spoken(client.get("/find").text) == "en"

    def test_caches_are_told_what_it_depends_on(
        self, client: FlaskClient, clock: Clock, place_order: PlaceOrder
    ) -> None:
        place_order(cart=[LINE])
        for path in ("/find", f"/o/{CODE}", f"/o/{UNKNOWN_CODE}"):
            assert {"Accept-Language", "Cookie"} <= set(client.get(path).vary)

    def test_each_page_leads_to_the_other_language_and_keeps_what_was_typed(
        self, client: FlaskClient, clock: Clock, place_order: PlaceOrder
    ) -> None:
        place_order(cart=[LINE])
        for path in ("/find", f"/o/{CODE}", f"/o/{UNKNOWN_CODE}", "/find?code=a%26b%22"):
            text = client.get(path).text
            [address] = attributes(text, "a[lang=de][hreflang=de]", "href")
            other = client.get(address, headers=ENGLISH, follow_redirects=True)
            assert spoken(other.text) == "de"
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
        for shown in ("In Arbeit", "Konfiguriertes Produkt", "1 Position, 1.200 Stück", "<dd>Ja<",
                      "1.234,56789", "Freitag, 18. Dezember 2026", "In den Kalender"):  # fmt: skip
            assert shown in text, shown
        # What the org has written is its own, in whatever language.
        assert "<dd>Yes<" in text
        assert "In Progress" not in text

    @pytest.mark.parametrize("status", list(Status))
    def test_statuses_are_translated_for_people_and_never_on_the_wire(
        self, client: FlaskClient, org: Org, place_order: PlaceOrder, status: Status
    ) -> None:
        order = place_order(status=str(status), cart=[LINE])
        page = client.get(f"/o/{CODE}", headers=GERMAN).text
        assert f"</svg>{status}<" not in page
        told = client.get(
            f"/api/orders/{order.id}",
            headers={**GERMAN, "Authorization": f"Bearer {org.private.secret}"},
        )
        assert told.json is not None
        assert told.json["status"] == str(status)

    def test_misses_have_the_same_size_and_time_there_too(
        self, client: FlaskClient, clock: Clock
    ) -> None:
        unknown = client.get(f"/o/{UNKNOWN_CODE}", headers=GERMAN)
        mistyped = client.get(f"/o/{MISTYPED_CODE}", headers=GERMAN)
        assert "Wir kennen keine Bestellung" in unknown.text
        assert "vertippt" in mistyped.text
        assert unknown.status_code == mistyped.status_code == 404
        assert len(unknown.data) == len(mistyped.data)
        assert clock.slept == [pytest.approx(0.02)] * 2

    @pytest.mark.parametrize(("method", "path"), [("POST", f"/o/{CODE}"), ("PUT", "/find")])
    def test_errors_too(self, client: FlaskClient, method: str, path: str) -> None:
        answer = client.open(path, method=method, headers=GERMAN)
        assert answer.status_code == 405
        assert "Hier nicht möglich" in answer.text
        assert "GET" in answer.headers["Allow"]


def test_english_counts_as_people_do(client: FlaskClient, place_order: PlaceOrder) -> None:
    place_order(cart=[{**LINE, "count": 1}])
    assert "1 line, 1 piece<" in client.get(f"/o/{CODE}").text


def test_a_busy_service_says_so_in_the_pages_language(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> None:
        raise ServiceBusy("The database cannot be reached. Please try again.")

    monkeypatch.setattr("orders.lookup.find_order_for_customer", fail)
    app.testing = False
    answer = client.get(f"/o/{CODE}", headers=GERMAN)
    assert answer.status_code == 503
    assert "Gerade überlastet" in answer.text
    assert answer.headers["Retry-After"] == "1"
