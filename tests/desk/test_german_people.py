"""Layout, start page, sign-in, one's own account and imports are German."""

import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from flask import Flask
from flask.testing import FlaskClient

from orders import __version__
from orders.domain.preferences import time_zones
from orders.domain.sheet_reading import ENCODINGS
from orders.services.accounts import setup
from orders.settings import Settings
from tests.actors import PASSWORD, Org
from tests.bad_orders import CHAIR
from tests.desk.imports.test_imports import HEADS, MIXED, matched, send, text_of, work_off
from tests.desk.people.links_and_codes import code_of, link_on, with_factor
from tests.desk.people.test_resets import wait_for
from tests.desk.people.test_setup import FORM
from tests.desk.test_language import CHOICES, PREFERENCES
from tests.desk.test_pages import make_order
from tests.html import read
from tests.mail_server import MailServer, mail_server
from tests.sheets import csv_of

pytestmark = pytest.mark.one_database(
    reason="what is read is the language; the same statements run in the English tests"
)

# What is read beside the texts themselves.
READ = {"title", "aria-label", "placeholder", "alt", "data-said", "data-label", "label"}
# The same in both languages.
SECRET = re.compile("([A-Z2-7]{4} ?){8}")  # of a second factor, in base32
NAMES = {
    "Passkeys",
    "Shortorder", f"Shortorder {__version__}", "API", "UTC", "(UTC)", "Name", "Code", "Status",
    "Deutsch", "English", "7KQ4-M2XD-9T3B",
}  # fmt: skip


class Reader(HTMLParser):
    """Collects the texts of a page, also those for screen readers."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect the attributes."""
        self.found.update(value for name, value in attrs if name in READ and value)

    def handle_data(self, data: str) -> None:
        """Collect a text."""
        self.found.add(" ".join(data.split()).removesuffix(" \N{EN DASH} Shortorder"))


def english_left(client: FlaskClient, address: str) -> set[str]:
    """Return the texts that are the same on the German and the English page, without names."""
    german, english = (
        Reader(client.get(address, headers={"Accept-Language": code}).text).found
        for code in ("de", "en")
    )
    same = {text for text in german & english if re.search(r"[A-Za-z]{2}", text)}
    own = {text for text in same if SECRET.fullmatch(text) or "@" in text or text.startswith("{")}
    own |= {text for text in same if re.fullmatch(r"[\d-]{10} [\d:]{8} UTC", text)}
    return same - NAMES - own - {*time_zones(), *ENCODINGS.values()}


@pytest.fixture(autouse=True)
def no_csrf(csrf_off: None) -> None:
    """Turn off CSRF protection, which these tests do not need."""


@pytest.fixture
def german(staff_client: FlaskClient) -> FlaskClient:
    """A German-speaking salesperson's browser."""
    assert staff_client.post(PREFERENCES, data={**CHOICES, "language": "de"}).status_code == 303
    return staff_client


@pytest.fixture
def server(app: Flask, settings: Settings) -> Iterator[MailServer]:
    with mail_server() as server:
        app.config["SETTINGS"] = replace(
            settings, smtp_url=f"smtp://127.0.0.1:{server.port}?tls=off",
            mail_from="desk@desk.example", public_url="https://desk.example",
            allowed_hosts="localhost",
        )  # fmt: skip
        yield server


@pytest.mark.usefixtures("org")
@pytest.mark.parametrize("address", ["/sign-in", "/forgot-password", "/reset-password"])
def test_no_english_text_is_left_before_the_sign_in(client: FlaskClient, address: str) -> None:
    assert english_left(client, address) == set()


def test_no_english_text_is_left_on_the_setup(app: Flask, client: FlaskClient) -> None:
    assert english_left(client, "/setup") == {
        "http://localhost/setup?token=…", ".venv/bin/python -m orders setup-link",
    }  # fmt: skip
    with app.app_context():
        client.get(f"/setup?token={setup.new_link().secret}")
    assert english_left(client, "/setup") == set()
    client.post("/setup", data={**FORM, "name": "", "language": ""})
    assert len(read(client.get("/").text).all("[data-step]")) == 5
    assert english_left(client, "/") == set()


@pytest.mark.parametrize(
    "address", ["/", "/orders/import", "/nothing-here", "/account", "/account/second-factor"]
)
def test_no_english_text_is_left_after_the_sign_in(staff_client: FlaskClient, address: str) -> None:
    assert english_left(staff_client, address) == set()


class TestChoice:
    @pytest.mark.parametrize("address", ["/sign-in", "/forgot-password", "/reset-password"])
    @pytest.mark.usefixtures("org")
    def test_pages_before_the_sign_in_offer_the_other_languages(
        self, client: FlaskClient, address: str
    ) -> None:
        page = client.get(address).text
        assert 'href="?lang=de" lang="de" hreflang="de">Deutsch</a>' in page
        page = client.get(f"{address}?lang=de").text
        assert 'href="?lang=en" lang="en" hreflang="en">English</a>' in page
        assert '<html lang="de"' in client.get(address).text  # it is kept

    @pytest.mark.usefixtures("org")
    def test_the_next_page_is_kept(self, client: FlaskClient) -> None:
        page = client.get("/sign-in?next=/orders?q=a%26b").text
        assert 'href="?next=%2Forders%3Fq%3Da%26b&amp;lang=de"' in page
        page = client.get("/sign-in?next=%2Forders%3Fq%3Da%26b&lang=de").text
        assert 'name="next" value="/orders?q=a&amp;b"' in page

    @pytest.mark.usefixtures("org")
    def test_no_language_links_while_an_order_form_is_resumed(self, client: FlaskClient) -> None:
        answer = client.post("/orders/new", data={"name": "Typed", "do": "place"})
        assert answer.status_code == 401
        assert 'value="name=Typed"' in answer.text
        assert "hreflang" not in answer.text

    def test_people_who_are_signed_in_choose_under_their_account(
        self, staff_client: FlaskClient
    ) -> None:
        for address in ("/", "/account", "/sign-in", "/forgot-password"):
            assert "hreflang" not in staff_client.get(address).text


class TestSigningIn:
    @pytest.mark.usefixtures("org")
    def test_a_refusal_is_german(self, client: FlaskClient) -> None:
        answer = client.post(
            "/sign-in?lang=de", data={"email": "x@desk.example", "password": "nonsense"}
        )
        assert answer.status_code == 422
        assert "gehören nicht zusammen" in answer.text
        assert "<title>Fehler: Anmelden " in answer.text

    def test_the_second_step_too(self, app: Flask, client: FlaskClient, org: Org) -> None:
        secret, _ = with_factor(app, org.staff())
        client.post("/sign-in", data={"email": org.email, "password": PASSWORD})
        assert english_left(client, "/sign-in/code") == set()
        client.post("/sign-in/code", data={"code": code_of(secret, 1)})
        assert "Abmelden" in client.get("/", headers={"Accept-Language": "de"}).text


class TestAccount:
    def test_the_account_and_its_reports_are_german(self, german: FlaskClient) -> None:
        page = german.get("/account").text
        for text in ("Ihre Einstellungen sind gespeichert.", "Zeitzone", "Rolle: Verkauf",
                     "Passwort ändern", "Wie der Browser es wünscht"):  # fmt: skip
            assert text in page, text

    def test_the_second_factor(self, german: FlaskClient) -> None:
        page = german.get("/account/second-factor").text
        assert "<h1>Zweiten Faktor einrichten</h1>" in page
        assert 'alt="QR-Code des Schlüssels"' in page


class TestStartPage:
    def test_day_statuses_and_figures_are_german(self, german: FlaskClient, org: Org) -> None:
        make_order(org, cart=[{"configurationId": CHAIR, "count": 1200}])
        text = text_of(german.get("/"))
        assert re.search(r"(Montag|\w+tag|Mittwoch), \d+\. \w+ \d{4} \(UTC\)", text)
        assert "1 Bestellung 1.200 Stück" in text
        page = german.get("/").text
        assert 'aria-label="1 Bestellung in den letzten 30 Tagen, die meisten davon am ' in page
        assert 'aria-label="Nach Status: 1 Neu."' in page


class TestErrors:
    def test_error_messages_are_german(self, german: FlaskClient) -> None:
        assert '<p class="crumb hint">Fehler 404</p>' in german.get("/nothing-here").text
        english = german.get("/nothing-here?lang=en").text
        assert "Check the link, or look up the order." in english
        piece = german.get("/orders/import/none", headers={"HX-Request": "true"})
        assert piece.text.startswith("Nicht gefunden. Unter dieser Adresse")

    @pytest.mark.usefixtures("org")
    def test_the_end_of_a_session_is_reported_in_german(self, client: FlaskClient) -> None:
        answer = client.get("/orders", headers={"HX-Request": "true", "Accept-Language": "de"})
        assert (answer.status_code, answer.text.strip()) == (401, "Sie sind abgemeldet.")


class TestImports:
    def test_the_whole_way(self, app: Flask, german: FlaskClient) -> None:
        refused = german.post("/orders/import", data={})
        assert "Wählen Sie eine Datei aus." in refused.text
        address = matched(german, MIXED)
        assert "orders.csv wird geprüft" in german.get(address).text
        work_off(app)
        preview = text_of(german.get(address))
        for text in ("orders.csv ist bereit zum Import", "1 Bestellung in Ordnung", "1 mit Fehlern",
                     "Zeile 3, count:", "1 Bestellung importieren"):  # fmt: skip
            assert text in preview, text
        german.post(f"{address}/start", data={"mode": "skip"})
        running = text_of(german.get(address))
        assert " Bestellungen angelegt 0 % 0 Prozent angelegt" in running
        work_off(app)
        assert "1 Bestellung wurde angelegt." in text_of(german.get(address))

    def test_a_refused_choice_is_german(self, german: FlaskClient) -> None:
        columns = send(german, csv_of(HEADS, ("A", "a", CHAIR, 2))).location
        page = german.get(columns).text
        assert '<optgroup label="Position im Warenkorb">' in page
        assert ">Metadaten, „order“</option>" in page
        answer = german.post(columns, data={"column.0": "nonsense", "group": "0"})
        assert "Auswahl braucht" in answer.text or "Angaben brauchen" in answer.text


class TestMails:
    def test_an_invitation_is_in_the_language_of_its_page(
        self, admin_client: FlaskClient, client: FlaskClient, server: MailServer
    ) -> None:
        answer = admin_client.post(
            "/settings/staff/invite?lang=de",
            data={"email": "kim@desk.example", "role": "sales", "do": "mail"},
        )
        [message] = server.received
        assert message["Subject"] == "Ihr Konto für Shortorder"
        assert "Workshop lädt Sie zur Auftragsbearbeitung ein." in message.get_content()
        link = link_on(answer.text)
        assert f"https://desk.example{link}" in message.get_content()
        client.get(link)
        page = client.get("/invitation?lang=de").text
        assert "Willkommen bei Workshop" in page
        assert 'hreflang="en">English</a>' in page
        client.post("/invitation", data={"name": "Kim", "password": "a long enough one"})
        assert (
            "Willkommen. Ab jetzt melden Sie sich mit kim@desk.example an."
            in client.get("/account").text
        )

    def test_a_reset_mail_is_in_the_persons_language_or_else_the_pages(
        self, app: Flask, german: FlaskClient, org: Org, server: MailServer
    ) -> None:
        admin = org.admin().email
        asked = (("en", org.email), ("de", admin), ("en", admin))
        for number, (code, email) in enumerate(asked, 1):
            browser = app.test_client()
            browser.post(f"/forgot-password?lang={code}", data={"email": email})
            wait_for(server, number)
        subjects = {(message["To"], message["Subject"]) for message in server.received}
        assert subjects == {
            (org.email, "Neues Passwort für Shortorder"),
            (admin, "Neues Passwort für Shortorder"),
            (admin, "Reset your Shortorder password"),
        }
        assert "hat ein neues Passwort für" in server.received[0].get_content()
