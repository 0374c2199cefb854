"""The language of the desk's pages and scripts."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from orders.interfaces.http import i18n
from tests.actors import Org
from tests.html import attribute

pytestmark = pytest.mark.one_database(
    reason="what is read is the language; the same statements run in the English tests"
)

GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}
PREFERENCES = "/account/preferences"
CHOICES = {
    "name": "", "time_zone": "UTC", "date_format": "iso", "theme": "system", "density": "dense",
}  # fmt: skip


def spoken(text: str) -> str:
    return attribute(text, "html", "lang")


@pytest.mark.usefixtures("org")
def test_the_browser_chooses_the_language_unless_the_address_does(client: FlaskClient) -> None:
    assert spoken(client.get("/sign-in").text) == "en"
    assert spoken(client.get("/sign-in", headers=GERMAN).text) == "de"
    assert spoken(client.get("/sign-in?lang=en", headers=GERMAN).text) == "en"
    answer = client.get("/sign-in", headers=GERMAN)
    assert spoken(answer.text) == "en"  # it was kept
    assert {"Accept-Language", "Cookie"} <= set(answer.vary)


def test_a_person_chooses_for_every_browser(
    app: Flask, org: Org, staff_client: FlaskClient, csrf_off: None
) -> None:
    answer = staff_client.post(PREFERENCES, data={**CHOICES, "language": "de"})
    assert answer.status_code == 303
    elsewhere = org.sign_in(app.test_client())
    assert spoken(elsewhere.get("/account", headers={"Accept-Language": "en"}).text) == "de"
    # A customer's page is as customers see it.
    assert spoken(elsewhere.get("/find").text) == "en"
    staff_client.post(PREFERENCES, data={**CHOICES, "language": ""})
    assert spoken(elsewhere.get("/account", headers=GERMAN).text) == "de"
    assert spoken(elsewhere.get("/account").text) == "en"


def test_an_unknown_language_is_refused_at_its_field(
    staff_client: FlaskClient, csrf_off: None
) -> None:
    answer = staff_client.post(PREFERENCES, data={**CHOICES, "language": "xx"})
    assert answer.status_code == 422
    assert "Choose a language from the list." in answer.text


def test_pages_for_developers_stay_english(client: FlaskClient, org: Org) -> None:
    headers = {**GERMAN, "Authorization": f"Bearer {org.private.secret}"}
    assert client.post("/api/orders", json=[], headers=headers).status_code == 400
    assert spoken(client.get("/docs/api", headers=GERMAN).text) == "en"


@pytest.mark.usefixtures("org")
def test_scripts_get_their_texts_in_the_pages_language(client: FlaskClient) -> None:
    page = client.get("/sign-in", headers=GERMAN).text
    answer = client.get(attribute(page, "script[src^='/texts/de.js?v=']", "src"))
    assert answer.text == i18n.script_of("de")
    assert answer.headers["Cache-Control"].endswith("immutable")
    for other in ("/texts/de.js", "/texts/de.js?v=0123456789"):
        assert client.get(other).headers["Cache-Control"] == "no-cache"
    assert "/texts/" not in client.get("/sign-in").text
    for odd in ("en", "xx", "..%2Fde"):
        assert client.get(f"/texts/{odd}.js").status_code == 404
