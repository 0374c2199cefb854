"""The list of orders and the page of an order are German, without any English text."""

import re
from datetime import UTC, datetime
from urllib.parse import unquote

import pytest
from flask import Flask
from flask.testing import FlaskClient

from orders.interfaces.desk.order import history
from orders.interfaces.desk.order.history import FieldChange
from orders.services.accounts import orgs
from orders.services.accounts.history import HistoryEntry
from tests.actors import Org
from tests.bad_orders import CHAIR
from tests.desk.order_list.test_bulk import change, form, headline, undo
from tests.desk.test_language import GERMAN
from tests.desk.test_pages import make_order
from tests.html import attribute, read

pytestmark = [
    pytest.mark.usefixtures("csrf_off"),
    pytest.mark.one_database(
        reason="what is read is the language; the same statements run in the English tests"
    ),
]
LAMP = "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d22"
# Words that are German too, file formats, and names of keys.
SAME_IN_BOTH = {
    *("Name", "Code", "Status", "Status …", "Status:"), *("PDF", "CSV", "Excel (XLSX)"),
    *("UTC", "Tokens"), *("Enter", "Esc"),
}  # fmt: skip


@pytest.fixture
def german(staff_client: FlaskClient) -> FlaskClient:
    staff_client.get("/sign-in?lang=de")  # is kept in a cookie
    return staff_client


FULL_TIME = re.compile(r"[\d-]{10} [\d:]{8} UTC")  # the tooltip of a moment


def words_of(text: str) -> set[str]:
    """Return the texts that people see or hear in the main part of a page."""
    main = read(text).first("main")
    named = main.attributes("aria-label", "title", "placeholder", "alt", "data-label")
    shown = [*main.strings(but_in=("pre",)), *named]
    return {" ".join(one.strip(" ·").split()) for one in shown if one.strip()}


def test_the_list_with_filters_and_keys_is_german(german: FlaskClient, org: Org) -> None:
    make_order(org, cart=[{"configurationId": CHAIR, "count": 1250}])
    text = german.get("/orders?status=New&q=oak").text
    assert "Keine Bestellung passt." in text
    assert "Suche:" in text
    assert "Status: <b>Neu</b>" in text
    text = german.get("/orders").text
    assert '<html lang="de"' in text
    for told_there in (
        "Bestellungen</h1>", "Suchen</button>", "Offene Warenkörbe", "1 Bestellung<",
        "Neueste zuerst", ">1.250<", '<option value="In Progress">In Arbeit</option>',
        "Nächste und vorige Bestellung", "Zeiten: UTC.",
    ):  # fmt: skip
        assert told_there in text, told_there


def test_invalid_values_are_reported_at_their_fields(german: FlaskClient) -> None:
    answer = german.get("/orders?from=yesterday&status=Lost&platform=" + "x" * 300)
    assert answer.status_code == 422
    assert "Von: Ein Tag, etwa 2026-11-24." in answer.text
    assert "Status: Einer oder mehrere der Werte Merkliste, Im Warenkorb, Neu," in answer.text
    assert "Plattform: Höchstens 255 Zeichen." in answer.text


def test_a_bulk_change_and_its_undo_are_reported_in_german(german: FlaskClient, org: Org) -> None:
    for _ in range(2):
        make_order(org)
    answer = german.post("/orders/bulk", data={**form(german), "do": "status"})
    assert "Kreuzen Sie zuerst Bestellungen an, oder wählen Sie alle." in answer.text
    text = change(german, form(german), scope="all", do="status", set="Complete")
    assert headline(text) == "2 Bestellungen auf „Fertig“ gesetzt."
    assert text.count("geändert, vorher „Neu“") == 2
    assert headline(undo(german, text)) == "Rückgängig gemacht: 2 Bestellungen zurückgesetzt."


def test_a_view_without_a_name_is_refused_in_german(german: FlaskClient) -> None:
    answer = german.post("/orders/views", data={"name": "", "state": "", "key": "k"})
    assert answer.status_code == 422
    assert "Ansicht speichern" in answer.text


def test_the_page_of_an_order_reports_actions_in_german(german: FlaskClient, org: Org) -> None:
    code = make_order(org)["shortId"]
    sent = german.post(f"/orders/{code}/status", data={"status": "In Progress", "version": 1})
    text = german.get(sent.location).text
    assert "Die Bestellung hat jetzt den Status „In Arbeit“; vorher war es „Neu“." in text
    assert "Auf „Fertig“ setzen" in text
    assert f"von {org.email}" in text
    assert re.search(r'>von</span> <span class="was">Neu<.*?>auf</span> <span class="is">In Arbeit',
                     text, re.DOTALL)  # fmt: skip
    answer = german.post(f"/orders/{code}/status", data={"status": "?", "version": 1})
    assert "Der Status wurde nicht geändert: Einer der Werte Merkliste," in answer.text
    german.post(f"/orders/{code}/bin", data={"version": 2})
    text = german.get(f"/orders/{code}").text
    assert "Die Bestellung ist im Papierkorb: Kein Kunde, Shop oder Skript sieht sie." in text
    assert "Im Papierkorb: <time" in text


def test_the_history_is_described_in_german(app: Flask, org: Org) -> None:
    before = [{"configurationId": CHAIR, "count": 1}, {"configurationId": LAMP, "count": 2}]
    changes = {"cart": {"from": before, "to": [{"configurationId": CHAIR, "count": 1500}]}}
    entries = [
        HistoryEntry(datetime.now(UTC), "shop", "changed", changes, "token"),
        HistoryEntry(datetime.now(UTC), "ida", "link sent", {"to": "a@customer.example"}),
    ]
    with app.test_request_context("/orders", headers=GERMAN):
        sent, changed = history.describe(entries, (), org.id)
    assert (sent.title, changed.title) == ("Link an den Kunden gesendet", "Warenkorb geändert")
    assert sent.changes == (FieldChange("Gesendet an", after="a@customer.example"),)
    assert changed.changes == (
        FieldChange(f"Anzahl von {CHAIR}", "1", "1.500"),
        FieldChange("Position entfernt", before=f"2 × {LAMP}"),  # noqa: RUF001 - a times sign is meant
    )


@pytest.mark.parametrize(
    ("chosen", "asked", "subject"),
    [
        (None, "de", "Ihre Bestellung "), (None, "en", "Your order "),
        ("de", "en", "Ihre Bestellung "), ("en", "de", "Your order "),
    ],
)  # fmt: skip
def test_the_message_to_the_customer_is_in_the_customers_language(
    staff_client: FlaskClient, org: Org, chosen: str | None, asked: str, subject: str
) -> None:
    with org.app.app_context():
        orgs.change_customer_page(
            org.id, customer_check="none", accent="", contact="", language=chosen or ""
        )
    text = staff_client.get(f"/orders/{make_order(org)['shortId']}?lang={asked}").text
    assert f'<html lang="{asked}"' in text
    link = attribute(text, "a[href^='mailto:?subject=']", "href")
    title, _, body = link.removeprefix("mailto:?subject=").partition("&body=")
    assert unquote(title).startswith(subject)
    hint = "Hier können Sie Ihre Bestellung ansehen:"
    assert (hint in unquote(body)) == subject.startswith("Ihre")


def test_order_sheets_are_german(german: FlaskClient, org: Org) -> None:
    codes = [make_order(org)["shortId"] for _ in range(2)]
    text = german.get(f"/orders/print?codes={codes[0]},{codes[1]},XYZ").text
    assert '<html lang="de"' in text
    assert "2 Bestellblätter" in text
    assert "Kein Bestellblatt für XYZ:" in text
    assert "<dt>Status</dt><dd>Neu</dd>" in text


@pytest.mark.parametrize("place", ["/orders", "/orders?bin=1", "/orders?q=zz", "", "/print"])
def test_no_english_text_is_left(german: FlaskClient, org: Org, place: str) -> None:
    code = make_order(org, name="N", customerId="C-1", platform={"id": "1"})["shortId"]
    german.post(f"/orders/{code}/notes", data={"note": "x", "key": "N" * 22})
    address = place if place.startswith("/orders") else f"/orders/{code}{place}"
    joint = "&" if "?" in address else "?"
    english, german_words = (
        words_of(german.get(f"{address}{joint}lang={language}").text) for language in ("en", "de")
    )
    own = {f"{code[:4]}-{code[4:8]}-{code[8:]}", f"http://localhost/o/{code}", org.email}
    same = {one for one in english & german_words if re.search(r"[A-Za-z]{3}", one)}
    same = {one for one in same if not FULL_TIME.fullmatch(one)}
    assert same <= SAME_IN_BOTH | own | {"script", "shop"}
