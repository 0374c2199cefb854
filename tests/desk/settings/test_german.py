"""Settings, recent requests and configurations are German, with their errors and reports."""

import io
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from orders.domain.attributes import AttributeRule, Kind, Option
from orders.domain.preferences import time_zones
from orders.interfaces.http import i18n
from orders.services.webhooks.webhook_client import PostResult
from tests.actors import Org
from tests.desk.settings.test_webhooks import make, send
from tests.desk.test_pages import make_order
from tests.html import read

GERMAN, ENGLISH = {"Accept-Language": "de"}, {"Accept-Language": "en"}
READ_ALOUD = {"title", "aria-label", "placeholder", "alt", "data-label", "data-said"}
PAGES = (
    "/settings/organization", "/settings/customers", "/settings/staff",
    "/settings/staff/new", "/settings/staff/invite",
    "/settings/tokens", "/settings/tokens/new", "/settings/attributes", "/settings/attributes/new",
    "/settings/webhooks", "/settings/webhooks/new",
    "/configurations", "/configurations?q=nothing-like-it", "/configurations/import",
    "/configurations/new", "/configurations?view=grid&retired=1",
    "/docs/api/requests", "/docs/api/requests?status=x&to=y", "/docs/api/requests?path=nothing",
)  # fmt: skip
# The same in both languages, or a wire name.
SAME = {
    "Tokens", "Webhooks", "Webhook", "Domains", "Name", "Token", "Status", "Text", "Person", "Logo",
    "API", "Code", "English", "Deutsch", "ID", "UTC", "metadata", "derivative", "404", "/cart",
    "localhost, 127.0.0.1", "shop.example", "name, sku", "variant.Wood", "metadata.note", "shortId",
    "productId, productVersion, customerId, identifier, scope, sessionId, publishFileId, creator, "
    "sceneGraphState, thumbnail.",
    "GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "order.created",
    "https://shop.example/hook", "https://shop.example/hooks/orders",
}  # fmt: skip
FINISH = AttributeRule(
    key="finish", label="Oberfläche", kind=Kind.OPTION, default="matt",
    options=(Option("matt", "Matt"), Option("gloss", "Glanz")),
)  # fmt: skip

pytestmark = [
    pytest.mark.usefixtures("csrf_off"),
    pytest.mark.one_database(
        reason="what is read is the language; the same statements run in the English tests"
    ),
]


def texts_of(page: str) -> set[str]:
    """Return what people read in the main part of a page."""
    main = read(page).first("main")
    return {*main.strings(), *main.attributes(*READ_ALOUD)}


def left_in_english(client: FlaskClient, address: str) -> set[str]:
    english, german = (
        texts_of(client.get(address, headers=wish).text) for wish in (ENGLISH, GERMAN)
    )
    same = {text for text in english & german if re.search(r"[A-Za-z]{2}", text)}
    return {text for text in same if not re.fullmatch(r"[\d-]{10} [\d:]{8} UTC", text)}


@pytest.fixture
def speaker(org: Org, admin_client: FlaskClient) -> FlaskClient:
    """A German-speaking admin's browser, in an org with one of everything."""
    org.define(FINISH)
    org.save("Oslo", "OSL-1")
    admin_client.get("/settings/organization?lang=de")
    return admin_client


def test_no_english_text_is_left_on_the_pages(org: Org, admin_client: FlaskClient) -> None:
    org.define(FINISH)
    card = org.save("Oslo", "OSL-1")
    webhook = make(admin_client)
    names = {
        "finish", "Matt", "matt", "Oberfläche", "Oslo", "OSL-1", "Wood: Oak · Legs: Brass",
        card.short_id, "script", "shop",
        "shop.example, *.stores.example, localhost:3000", "Workshop",
        "7KQ4-M2XD-9T3X",
        # Defaults of words for customers, in the language of their field.
        *("Not submitted yet", "Received", "In production", "Ready", "Canceled"),
        *("Noch nicht aufgegeben", "Eingegangen", "In Produktion", "Fertig", "Storniert"),
        f"admin.{org.email}", webhook.rpartition("/")[2],
    }  # fmt: skip
    left = {
        address: left_in_english(admin_client, address) - SAME - names - {*time_zones()}
        for address in (*PAGES, webhook)
    }
    left["/settings/customers"] -= {
        text for text in left["/settings/customers"] if "/find?org=" in text
    }
    assert {address: texts for address, texts in left.items() if texts} == {}


def test_pages_are_german(speaker: FlaskClient) -> None:
    for address, sentences in {
        "/settings/organization": ("Sicherheit", "Alle melden sich mit einem zweiten Faktor an"),
        "/settings/customers": ("Kundenseite", "allein mit dem Bestellcode", "Bei Nacht"),
        "/settings/staff": ("Letzte Anmeldung", "Verwaltung", "Aktiv"),
        "/settings/staff/new": ("Konto anlegen", "Mindestens 10 Zeichen."),
        "/settings/staff/invite": ("Jemanden einladen", "Link erstellen"),
        "/settings/tokens": ("Neues Token", "Öffentlich"),
        "/settings/attributes": ("2 Optionen", 'aria-label="Oberfläche nach oben"'),
        "/settings/webhooks": ("Noch keine Webhooks.",),
        "/settings/webhooks/new": ("Eine Bestellung wird angelegt", ">Im Warenkorb</label>"),
        "/configurations": ("1 Produkt<", "Artikelnummer"),
        "/configurations/import": ("Bis zu 2.000 Produkte und ", ",2 MB."),
        "/configurations/new": ("Produkt hinzufügen", "Option hinzufügen", "bis zu 10,5 MB."),
        "/docs/api/requests": ("Letzte Anfragen", "in den letzten 14 Tagen"),
    }.items():
        page = speaker.get(address).text
        assert '<html lang="de"' in page, address
        for sentence in sentences:
            assert sentence in page, (address, sentence)
    assert '<html lang="en"' in speaker.get("/docs/api").text


def test_actions_are_reported_in_german(speaker: FlaskClient) -> None:
    form = {"key": "gift", "label": "Geschenk", "kind": "boolean", "default": "ja"}
    answer = speaker.post("/settings/attributes/new", data=form, follow_redirects=True)
    assert "„Geschenk“ steht ab jetzt im Bestellformular." in answer.text
    [address] = [one["href"] for one in read(answer.text).all("a") if one.text == "Geschenk"]
    assert 'value="ja"' in speaker.get(address).text
    assert 'value="yes"' in speaker.get(address, query_string={"lang": "en"}).text

    speaker.get("/settings/organization?lang=de")
    rows = "name,sku\n" + "".join(f"Stuhl,S-{number}\n" for number in range(1_001))
    sent = {"file": (io.BytesIO(rows.encode()), "stuehle.csv")}
    answer = speaker.post("/configurations/import", data=sent, follow_redirects=True)
    assert "1.001 Produkte wurden importiert." in answer.text
    assert "1.002 Produkte, Seite 1 von" in answer.text


def test_errors_are_shown_in_german(speaker: FlaskClient) -> None:
    answer = speaker.get("/docs/api/requests?status=9")
    assert answer.status_code == 422
    assert "Ein Status wie 404 oder eine Klasse" in answer.text
    assert "<title>Fehler: Letzte Anfragen" in answer.text

    form = {"name": "Neuer Name", "version": "of-another-time"}
    answer = speaker.post("/settings/organization", data=form)
    assert answer.status_code == 409
    assert "Nichts wurde gespeichert: Was Sie eingegeben haben, steht noch hier." in answer.text

    sent = {"file": (io.BytesIO(b"name,odd\nA,B\n"), "a.csv")}
    answer = speaker.post("/configurations/import", data=sent)
    assert answer.status_code == 422
    assert "Nichts wurde importiert." in answer.text
    assert "<b>Zeile 1, odd:</b>" in answer.text


def test_states_of_webhook_messages_are_german(app: Flask, org: Org, speaker: FlaskClient) -> None:
    address = make(speaker)
    assert "Der Webhook ist angelegt." in speaker.get(address).text
    make_order(org)
    assert "Wartet" in speaker.get(address).text
    # What a receiver answers stays what it is, also where it looks like a text of ours.
    send(app, PostResult(500, "Copied"))
    page = speaker.get(address).text
    assert "Neuer Versuch folgt" in page
    assert "<span>Copied</span>" in page
    assert '<td data-label="Versuche" class="figure">1</td>' in page


def test_values_of_a_text_may_have_any_name(app: Flask) -> None:
    with app.test_request_context("/settings?lang=de"):
        assert i18n.gettext("%(text)s is saved", text="“x”") == "“x” is saved"
        found = i18n.ngettext("%(one)s", "%(one)s, %(many)s", 2, one="a", many="b")
        assert found == "a, b"
