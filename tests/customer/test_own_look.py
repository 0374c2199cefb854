"""The search form has an org's look, and the pages have its contact, words, and time zone."""

from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient

from orders.domain.attributes import Applies, AttributeRule, Kind
from orders.domain.contact_links import mail_address, phone_address
from orders.services.accounts import customer_wording, orgs
from orders.services.accounts.orgs import ContactLinks
from orders.services.orders import changes
from tests.actors import Org
from tests.customer.conftest import CODE, UNKNOWN_CODE, Clock, PlaceOrder
from tests.html import attributes, read, texts

UUID = "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11"
LINE = {"configurationId": UUID, "count": 1}
ONCE = "what is read is the page; the same statements run in the other tests"


def set_page(
    app: Flask, org: Org, *, contact: str = "", zone: str = "", check: str = "none",
    links: ContactLinks = orgs.NO_LINKS,
) -> None:  # fmt: skip
    with app.app_context():
        orgs.change_customer_page(
            org.id, customer_check=check, accent="#7a1f5c", contact=contact, language="de",
            time_zone=zone, links=links,
        )  # fmt: skip


def key_of(app: Flask, org: Org) -> str:
    with app.app_context():
        return str(orgs.find_customer_page(org.id).key)


class TestSearchForm:
    def test_it_has_the_look_of_the_only_org(
        self, app: Flask, client: FlaskClient, org: Org, clock: Clock
    ) -> None:
        set_page(app, org, contact="Mo bis Fr")
        for path in ("/find", "/find?org=unknown", "/find?code=x", f"/o/{UNKNOWN_CODE}"):
            text = client.get(path).text
            assert texts(text, ".brand") == ["Workshop"], path
            assert 'href="/o/look/7a1f5c.css"' in text
            assert 'lang="de"' in text
            assert texts(text, ".contact") == ["Fragen? Mo bis Fr"]
            assert org.id not in text
            assert key_of(app, org) not in text
            # The team signs in from here.
            assert "/sign-in" in text

    def test_with_several_orgs_a_key_names_one(
        self, app: Flask, client: FlaskClient, org: Org, other_org: Org, clock: Clock
    ) -> None:
        set_page(app, org)
        key, other = key_of(app, org), key_of(app, other_org)
        assert key != other
        assert texts(client.get(f"/find?org={key}").text, ".brand") == ["Workshop"]
        assert texts(client.get(f"/find?org={other}").text, ".brand") == ["Another workshop"]
        unnamed = client.get("/find").data
        for odd in ("", org.id, "x" * 16, key[:-1], f"{key}\0", "\0" * 16, "Workshop", "é"):
            # Nothing tells an unknown key from none.
            assert client.get("/find", query_string={"org": odd}).data == unnamed
        assert b"7a1f5c" not in unnamed

    def test_the_key_is_kept_until_the_order_is_found(
        self, app: Flask, client: FlaskClient, org: Org, other_org: Org, clock: Clock,
        place_order: PlaceOrder,
    ) -> None:  # fmt: skip
        key = key_of(app, org)
        form = read(client.get(f"/find?org={key}").text).first("form.find")
        assert form.fields()["org"] == key
        missed = client.get(f"/find?org={key}&code={UNKNOWN_CODE}", follow_redirects=True)
        assert missed.status_code == 404
        assert texts(missed.text, ".brand") == ["Workshop"]
        mistyped = client.get(f"/find?org={key}&code={CODE.replace('B', '8')}")
        assert attributes(mistyped.text, "#code-offers a", "href") == [f"/o/{CODE}?org={key}"]
        [german] = attributes(mistyped.text, "a[lang=de]", "href")
        assert texts(client.get(german).text, ".brand") == ["Workshop"]
        place_order(cart=[LINE])
        found = client.get(f"/find?org={key}&code={CODE}", follow_redirects=True)
        assert found.status_code == 200
        assert f'href="/find?org={key}"' in found.text


class TestContact:
    LINKS = ContactLinks("+49 (0)30 1234-56", "orders@studio.example")

    @pytest.mark.one_database(reason=ONCE)
    def test_phone_and_mail_are_links_on_every_page(
        self, app: Flask, client: FlaskClient, org: Org, clock: Clock, place_order: PlaceOrder
    ) -> None:
        set_page(app, org, contact="9 to 5", links=self.LINKS)
        place_order(cart=[LINE])
        for path in ("/find", f"/o/{CODE}", "/find?code=x"):
            text = client.get(path, headers={"Accept-Language": "en"}).text
            links = attributes(text, ".foot .contact a", "href")
            assert links[0] == "tel:+49301234" + "56"
            assert links[1].startswith("mailto:orders@studio.example")
            assert ("?subject=Order%200110-ABCD-EF10" in links[1]) is (path == f"/o/{CODE}")
            assert texts(text, ".foot .contact") == [
                "Questions? +49 (0)30 1234-56 orders@studio.example 9 to 5"
            ]

    @pytest.mark.one_database(reason=ONCE)
    def test_an_order_that_cannot_be_opened_shows_whom_to_ask(
        self, app: Flask, client: FlaskClient, org: Org, place_order: PlaceOrder
    ) -> None:
        set_page(app, org, check="customerId", links=self.LINKS)
        place_order(cart=[LINE])
        text = client.get(f"/o/{CODE}").text
        assert attributes(text, ".shut a", "href")[0] == "tel:+49301234" + "56"

    @pytest.mark.parametrize(
        ("phone", "address"),
        [
            ("+49 30 1234-56", "tel:+4930123456"), ("030 / 1234", "tel:0301234"),
            ("+49 (0)30 1234", "tel:+49301234"), ("(0)30 1234", "tel:0301234"),
            ("+1 (415) 555-0100 ext. 12", "tel:+14155550100;ext=12"),
        ],
    )  # fmt: skip
    def test_the_address_of_a_number(self, phone: str, address: str) -> None:
        assert phone_address(phone) == address

    def test_the_address_of_mail_is_escaped(self) -> None:
        assert mail_address("a&b@c.example", "Ü & ?") == (
            "mailto:a%26b@c.example?subject=%C3%9C%20%26%20%3F"
        )


class TestWording:
    def test_own_words_are_used_in_their_language_only(
        self, app: Flask, client: FlaskClient, org: Org, place_order: PlaceOrder
    ) -> None:
        own = {"de": {"complete": "Abholbereit", "canceled": "Zurückgezogen"}}
        with app.app_context():
            customer_wording.change_wording(org.id, own)
        order = place_order(cart=[LINE], status="Complete")
        german = client.get(f"/o/{CODE}", headers={"Accept-Language": "de"}).text
        assert texts(german, ".status") == ["Abholbereit"]
        assert texts(german, ".way b") == ["Eingegangen", "In Produktion", "Abholbereit"]
        # Our explanation may contradict the org's words.
        assert texts(german, ".way .words") == []
        english = client.get(f"/o/{CODE}", headers={"Accept-Language": "en"}).text
        assert texts(english, ".status") == ["Ready"]
        assert texts(english, ".way .words") == ["Your order is complete"]
        with app.app_context():
            changes.cancel_order(order.id, "HIDDEN reason", actor=org.actor())
        german = client.get(f"/o/{CODE}", headers={"Accept-Language": "de"}).text
        assert texts(german, ".status") == ["Zurückgezogen"]
        assert "HIDDEN" not in german

    def test_the_api_is_unchanged(
        self, app: Flask, client: FlaskClient, org: Org, place_order: PlaceOrder
    ) -> None:
        with app.app_context():
            customer_wording.change_wording(org.id, {"en": {"new": "Thanks"}})
        order = place_order(cart=[LINE], status="New")
        headers = {"Authorization": f"Bearer {org.private.secret}"}
        answer = client.get(f"/api/orders/{order.id}", headers=headers)
        assert answer.json is not None
        assert answer.json["status"] == "New"
        assert "Thanks" not in answer.text

    @pytest.mark.one_database(reason=ONCE)
    def test_words_are_escaped(
        self, app: Flask, client: FlaskClient, org: Org, place_order: PlaceOrder
    ) -> None:
        with app.app_context():
            customer_wording.change_wording(org.id, {"en": {"new": "<b>100 % & more"}})
        place_order(cart=[LINE], status="New")
        text = client.get(f"/o/{CODE}").text
        assert texts(text, ".status") == ["<b>100 % & more"]
        assert "<b>100" not in text


@pytest.mark.one_database(reason=ONCE)
class TestDates:
    def test_times_are_in_the_orgs_zone_which_is_named(
        self, app: Flask, client: FlaskClient, org: Org, place_order: PlaceOrder
    ) -> None:
        set_page(app, org, zone="Europe/Berlin")
        order = place_order(cart=[LINE])
        at = datetime(2030, 1, 6, 23, 30, tzinfo=UTC)
        with app.app_context():
            changes.cancel_order(order.id, None, actor=org.actor(), now=at)
        for language, expected in (
            ("en", "This order was canceled on January 7, 2030, 12:30 AM (Berlin time)."),
            ("de", "7. Januar 2030, 00:30 Uhr (Ortszeit Berlin)"),
        ):
            text = client.get(f"/o/{CODE}?lang={language}").text
            [sentence] = texts(text, ".canceled")
            assert expected in sentence

    @pytest.mark.parametrize(
        ("value", "english", "german"),
        [
            ("2027-01-18", "Monday, January 18, 2027", "Montag, 18. Januar 2027"),
            ("2027-W03", "week 3 of 2027 (January 18–24)", "KW 3/2027 (18.–24. Januar)"),  # noqa: RUF001
            ("2027-W13", "week 13 of 2027 (March 29 – April 4)",  # noqa: RUF001
             "KW 13/2027 (29. März – 4. April)"),  # noqa: RUF001
            ("2026-W53", "week 53 of 2026 (December 28 – January 3)",  # noqa: RUF001
             "KW 53/2026 (28. Dezember – 3. Januar)"),  # noqa: RUF001
            ("2027-W60", "2027-W60", "2027-W60"),
            ("2027-02-30", "2027-02-30", "2027-02-30"),
        ],
    )  # fmt: skip
    def test_days_and_weeks_of_orders_and_lines(
        self, client: FlaskClient, org: Org, place_order: PlaceOrder,
        value: str, english: str, german: str,
    ) -> None:  # fmt: skip
        org.define(
            AttributeRule("due", "Due", Kind.TEXT, visible_to_customer=True),
            AttributeRule(
                "made", "Made", Kind.TEXT, applies=Applies.LINE, visible_to_customer=True
            ),
        )
        place_order(cart=[{**LINE, "metadata": {"made": value}}], metadata={"due": value})
        for language, expected in (("en", english), ("de", german)):
            text = client.get(f"/o/{CODE}?lang={language}").text
            assert read(text).first(".facts dd").text.startswith(expected)
            assert texts(text, ".good dd") == [expected]
