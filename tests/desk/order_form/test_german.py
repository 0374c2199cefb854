"""Entering and changing an order in German: the texts, and the values that are sent."""

import html
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from orders.domain.attributes import AttributeRule, Kind
from orders.interfaces.http import i18n
from tests.actors import Org
from tests.bad_orders import CHAIR, good_form
from tests.desk.order_form.test_edit import Desk, fields_of
from tests.html import read

GERMAN, ENGLISH = {"Accept-Language": "de"}, {"Accept-Language": "en"}
HTMX = {"HX-Request": "true"}
KEY = "G" * 22
ADDRESS = f"/orders/new?form={KEY}"
READ_ALOUD = {"title", "aria-label", "placeholder", "alt", "data-title"}
# The same in both languages: names, typed texts, names of keys.
SAME = {
    "Status", "Enter", "Alt", "Alt Z", "C", "D", "M", "STU-DK-OAK-14 12", "Oak table", "C-7",
    "Weekly shelf", "Finish", "room", "7", "weight", "width", "sizes", "odd", "UTC", "Code",
    "matt", "gloss", "PDF", "note: x · n := [1, null]",
}  # fmt: skip

pytestmark = [
    pytest.mark.usefixtures("csrf_off"),
    pytest.mark.one_database(
        reason="what is read is the language; the same statements run in the English tests"
    ),
]


def texts_of(text: str) -> set[str]:
    """Return what people read in the main part of a page, or in a piece."""
    page = read(text)
    main = page.first("main") if page.has("main") else page
    aloud = {" ".join(one.split()) for one in main.attributes(*READ_ALOUD)}
    return {*main.strings(but_in=("textarea", "datalist")), *aloud}


def left_in_english(client: FlaskClient, address: str, **headers: str) -> set[str]:
    """Return the texts that are the same in German and English, without names and numbers."""
    english, german = (
        texts_of(client.get(address, headers={**wish, **headers}).text)
        for wish in (ENGLISH, GERMAN)
    )
    both = {text for text in english & german if re.search(r"[A-Za-z]{2}", text)}
    return {
        text for text in both - SAME
        if "@" not in text and not re.fullmatch(r"[0-9A-Z-]{14}|[0-9a-f-]{36}|http.*|\d.*UTC", text)
    }  # fmt: skip


class Post:
    """Send a form in German and return the texts of the answer."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def __call__(self, address: str, fields: dict[str, str], status: int = 200) -> str:
        answer = self.client.post(address, data=fields, headers=GERMAN)
        assert answer.status_code == status
        return html.unescape(answer.text)


@pytest.fixture
def post(staff_client: FlaskClient) -> Post:
    return Post(staff_client)


@pytest.fixture
def desk(app: Flask, org: Org) -> Desk:
    return Desk(app, org)


def test_the_form_is_german(staff_client: FlaskClient) -> None:
    page = staff_client.get(ADDRESS, headers=GERMAN).text
    for text in (
        "<h1>Neue Bestellung</h1>", ">Kunde<", "Bestellung aufgeben<kbd", "Strg ↵",
        'aria-label="Position 2 nach unten verschieben"', '<option value="In Cart">Im Warenkorb<',
        "<b>0</b> Positionen, <b>0</b> Stück", "Notiz für das Team",
    ):  # fmt: skip
        assert text in page, text
    assert left_in_english(staff_client, ADDRESS) == set()


def test_drafts_are_offered_in_german(staff_client: FlaskClient, post: Post) -> None:
    typed = {"name": "Oak table", "draft_version": "0", "page": "first", **good_form()}
    assert staff_client.post(f"/orders/new/draft?form={KEY}", data=typed).text == "1"
    post(ADDRESS, {**typed, "templateName": "Weekly shelf", "do": "template"})
    elsewhere = "/orders/new?form=" + "H" * 22
    page = staff_client.get(elsewhere, headers=GERMAN).text
    assert "Ein Entwurf" in page
    assert "1 Position, <time" in page
    assert 'aria-label="Vorlage Weekly shelf entfernen"' in page
    assert "Das ist Ihr Entwurf (<time" in staff_client.get(ADDRESS, headers=GERMAN).text
    for address in (elsewhere, ADDRESS, f"{elsewhere}&discarded={KEY}"):
        assert left_in_english(staff_client, address) == set(), address


def test_errors_of_the_form_are_german(post: Post) -> None:
    typed = {
        "cart.0.metadata": "no colon", "extra.3.value": "x", "note": " ", "cart.1.count": "x",
    }  # fmt: skip
    page = post(ADDRESS, {**good_form(), **typed, "do": "place"}, 422)
    text = read(page).raw
    assert "Fehler: Neue Bestellung" in page
    assert " Felder, um diese Bestellung aufzugeben." in text
    assert "Einzelheiten, Position 1: Zeile 1 der Einzelheiten: " in text
    assert "Anzahl, Position 2: " in text
    assert "Schlüssel in weiteren Metadaten, Zeile 1: Diese Angabe ist nötig." in text
    template = post(ADDRESS, {**good_form(), "do": "template", "templateName": " "}, 422)
    assert ">Name der Vorlage</a>" in template


def test_a_check_answers_in_german(staff_client: FlaskClient, post: Post) -> None:
    kept = {**good_form(), "cart.1.configurationId": CHAIR}
    field = "/orders/new/check?field=cart.1.configurationId"
    assert "bleibt, wie es ist" in post(field, kept)
    assert "Gleich wie Position 1" in post(field, kept)
    paste = post("/orders/new/paste?first=5", {"paste": f"{CHAIR}\t2"})
    assert 'aria-label="Anzahl, Position 1"' in paste
    signed_out = staff_client.application.test_client()
    answer = signed_out.post(field, data=kept, headers={**GERMAN, **HTMX})
    assert (answer.status_code, answer.text.strip()) == (401, "Sie sind abgemeldet.")


def test_placing_answers_in_german(staff_client: FlaskClient, post: Post) -> None:
    form = {**good_form(), "cart.0.count": "1234", "do": "place"}
    placed = staff_client.post(ADDRESS, data=form, headers=GERMAN).location
    page = staff_client.get(placed, headers=GERMAN).text
    assert "Bestellung aufgegeben</h1>" in page
    assert "<b>1.234</b>" in page
    assert "<b>1,234</b>" in staff_client.get(placed, headers=ENGLISH).text
    assert left_in_english(staff_client, placed) == set()
    assert (
        "Aus diesem Formular ist schon Bestellung <a"
        in staff_client.get(ADDRESS, headers=GERMAN).text
    )
    refused = post(ADDRESS, {**form, "name": "Another"}, 409)
    assert "Soll dies eine weitere Bestellung sein, geben Sie sie noch einmal auf." in refused


class TestChanging:
    def test_the_form_and_its_answers_are_in_german(
        self, desk: Desk, staff_client: FlaskClient, post: Post
    ) -> None:
        page = staff_client.get(desk.address, headers=GERMAN).text
        assert "Speichern und Bestellung aufgeben" in page
        assert left_in_english(staff_client, desk.address) == set()
        form = {**desk.open(staff_client), "do": "save"}
        for name, expected in (
            (form["name"], "Nichts war anders, also wurde nichts geändert."),
            ("Ash table", "Gespeichert."),
        ):
            saved = staff_client.post(desk.address, data={**form, "name": name}, headers=GERMAN)
            assert expected in staff_client.get(saved.location, headers=GERMAN).text
        assert desk.stored().name == "Ash table"

    def test_a_conflict_is_reported_in_german(
        self, desk: Desk, staff_client: FlaskClient, post: Post
    ) -> None:
        form = desk.open(staff_client)
        desk.change({"name": "Elm table", "status": "In Progress", "cart": [
            {"configurationId": CHAIR, "count": 1_000},
        ]})  # fmt: skip
        form |= {"name": "Ash table", "status": "New", "cart.1.count": "4", "do": "save"}
        refused = post(desk.address, form, 409)
        text = read(refused).raw
        assert "Welche Werte sollen bleiben?" in text
        rows = {one.first("b").text: one for one in read(refused).all(".conflicts tbody tr")}
        values = {
            label: [one.words.split(": ", 1)[1] for one in row.all("label")]
            for label, row in rows.items()
        }
        assert values == {
            "Name der Bestellung": ["Ash table", "Elm table"],
            "Status": ["Neu", "In Arbeit"],
            "Anzahl, Position 2": ["4", "1.000"],
        }
        assert "Vorher: In Cart" not in text
        assert "Vorher: Im Warenkorb" in text
        # The values that are sent are not translated.
        assert fields_of(refused)["status"] == "New"

    def test_other_editors_are_named_in_german(
        self, desk: Desk, org: Org, staff_client: FlaskClient, admin_client: FlaskClient
    ) -> None:
        staff_client.get(desk.address)
        page = admin_client.get(desk.address, headers=GERMAN).text
        assert f"{org.staff().email} hat diese Bestellung auch geöffnet. Was Sie beide" in page

    def test_a_copied_order_is_announced_in_german(
        self, desk: Desk, staff_client: FlaskClient
    ) -> None:
        address = f"/orders/new?from={desk.order.short_id}&form={KEY}"
        assert "Das Formular ist aus Bestellung " in staff_client.get(address, headers=GERMAN).text
        assert left_in_english(staff_client, address) == set()


def test_the_scripts_of_the_form_have_german_texts() -> None:
    script = i18n.script_of("de")
    for text in (
        '"%(count)s line": ["%(count)s Position", "%(count)s Positionen"]',
        '"Line duplicated.": ["Position dupliziert."]',
        '"Draft saved %(time)s": ["Um %(time)s als Entwurf gesichert"]',
        '"Sign in in a new tab": ["Melden Sie sich in einem anderen Tab an"]',
        '"Suggestions": ["Vorschläge"]', '"Copied: %(text)s": ["Kopiert: %(text)s"]',
    ):  # fmt: skip
        assert text in script, text


def test_a_decimal_comma_is_understood_where_the_language_has_it(
    app: Flask, org: Org, staff_client: FlaskClient
) -> None:
    org.define(AttributeRule("net", "Net", Kind.NUMBER))
    desk = Desk(app, org)
    desk.order = desk.place(metadata={"net": 2.5})
    form = {**fields_of(staff_client.get(desk.address).text), "do": "save"}
    for typed, language, stored in (
        ("12,5", GERMAN, 12.5), ("0.25", GERMAN, 0.25), ("-3,75", GERMAN, -3.75), ("7", GERMAN, 7),
        ("1,5", ENGLISH, None), ("1.234,5", GERMAN, None), ("1,2,3", GERMAN, None),
    ):  # fmt: skip
        before = desk.stored()
        form["version"] = str(before.version)
        answer = staff_client.post(
            desk.address, data={**form, "metadata.net": typed}, headers=language
        )
        assert answer.status_code == (422 if stored is None else 303), typed
        wanted = before.metadata["net"] if stored is None else stored
        assert desk.stored().metadata["net"] == wanted, typed
