"""A mistyped code is answered with what is wrong and what was probably meant."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from orders.domain.code_hints import MISTYPED
from orders.domain.short_id import grouped
from tests.customer.conftest import CODE, UNKNOWN_CODE, Clock, PlaceOrder
from tests.html import attribute, attributes, texts

UUID = "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11"
LINE = {"configurationId": UUID, "count": 1}
CONFUSED = CODE.replace("B", "8")
GERMAN = {"Accept-Language": "de"}

pytestmark = pytest.mark.one_database(reason="hints are computed before any statement runs")


def offers(text: str) -> list[str]:
    return texts(text, "#code-offers a")


def test_a_confused_character_is_offered_at_the_field(client: FlaskClient, clock: Clock) -> None:
    for address in (f"/find?code={grouped(CONFUSED).lower()}", f"/o/{CONFUSED}"):
        answer = client.get(address)
        assert answer.status_code == 404
        assert texts(answer.text, "#code-message") == [MISTYPED]
        assert offers(answer.text) == [grouped(CODE)]
        assert texts(answer.text, "#code-offers mark") == ["B"]
        assert attributes(answer.text, "#code-offers a", "href") == [f"/o/{CODE}"]
        assert "code-error" in attribute(answer.text, "#code", "aria-describedby")
    typed = client.get("/find", query_string={"code": "  " + CONFUSED.lower()}).text
    assert attribute(typed, "#code", "value") == "  " + CONFUSED.lower()
    german = client.get(f"/o/{CONFUSED}", headers=GERMAN).text
    assert texts(german, "#code-offers > span") == ["Meinten Sie diesen Code?"]


def test_an_offer_leads_to_the_order(
    client: FlaskClient, clock: Clock, place_order: PlaceOrder
) -> None:
    place_order(cart=[LINE])
    [address] = attributes(client.get(f"/o/{CONFUSED}").text, "#code-offers a", "href")
    assert client.get(address).status_code == 200


@pytest.mark.parametrize(
    ("typed", "english", "german"),
    [
        (CODE[:-1], "That is 11 characters; a code has 12.",
         "Das sind 11 Zeichen; ein Code hat 12."),
        (CODE + "7", "That is 13 characters; a code has 12.",
         "Das sind 13 Zeichen; ein Code hat 12."),
        ("7", "That is 1 character; a code has 12.", "Das ist 1 Zeichen; ein Code hat 12."),
    ],
)  # fmt: skip
def test_a_wrong_length_is_said(
    client: FlaskClient, clock: Clock, typed: str, english: str, german: str
) -> None:
    text = client.get(f"/find?code={typed}").text
    assert texts(text, "#code-message") == [english]
    assert attribute(text, "#code", "aria-invalid") == "true"
    assert offers(text) == []
    text = client.get(f"/find?code={typed}", headers=GERMAN).text
    assert texts(text, "#code-message") == [german]


def test_hints_do_not_show_which_orders_exist(
    client: FlaskClient, clock: Clock, place_order: PlaceOrder
) -> None:
    before = client.get(f"/o/{CONFUSED}")
    place_order(cart=[LINE])
    after = client.get(f"/o/{CONFUSED}")
    assert after.data == before.data
    assert clock.slept == [pytest.approx(0.02)] * 2
    # A code that is valid but unknown has no hint: any code near it would be a guess.
    assert offers(client.get(f"/o/{UNKNOWN_CODE}").text) == []


def test_a_hint_costs_one_attempt_as_any_miss_does(
    app: Flask, client: FlaskClient, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "LOOKUP_LIMIT", "1000 per hour")  # no window ends meanwhile
    left = [
        int(client.get(f"/o/{code}").headers["X-RateLimit-Remaining"])
        for code in (UNKNOWN_CODE, CONFUSED, UNKNOWN_CODE)
    ]
    assert left == [left[0], left[0] - 1, left[0] - 2]
