"""The sentence that a clerk reads aloud, and what is unusual in it."""

import pytest
from flask.testing import FlaskClient

from orders.domain.attributes import AttributeRule, Kind, Option
from orders.interfaces.desk.order_form.habit_flags import within_sentence
from tests.actors import Org
from tests.desk.customers.test_customers import add
from tests.desk.order_form.test_customer_fill import opened, press
from tests.desk.test_pages import make_order
from tests.html import read, texts

pytestmark = [
    pytest.mark.usefixtures("csrf_off"),
    pytest.mark.one_database(reason="the SQL is that of services, whose tests run on both"),
]
COUNTRIES = (Option("AT", "Austria"), Option("DE", "Germany"))


@pytest.fixture
def chair(org: Org) -> str:
    org.define(
        AttributeRule("delivery", "Delivery", Kind.OPTION, (Option("room", "Into the room"),)),
        AttributeRule("country", "Country", Kind.OPTION, COUNTRIES),
        AttributeRule("week", "Week", Kind.WEEK),
        AttributeRule("po", "PO", Kind.TEXT),
        AttributeRule("gift", "Gift", Kind.BOOLEAN),
        AttributeRule("story", "Story", Kind.MULTILINE),
    )
    return org.save("Oslo chair", "OSL-1").id


def said(client: FlaskClient, **form: str) -> tuple[str, list[str]]:
    answer = client.post("/orders/new/read-back", data=form)
    assert answer.status_code == 200
    return read(answer.text).first(".read-back").text, texts(answer.text, "li")


ORDER = {
    "customerId": "C-1", "metadata.delivery": "room", "metadata.country": "AT",
    "metadata.week": "2031-W03", "metadata.story": "long", "metadata.gift": "y",
    "metadata.po": "4711", "cart.0.configurationId": "OSL-1", "cart.0.count": "14",
    "cart.1.configurationId": "x", "cart.1.count": "9", "cart.2.configurationId": "",
}  # fmt: skip


def test_the_sentence_says_what_was_entered(
    staff_client: FlaskClient, org: Org, chair: str
) -> None:
    add(org, "C-1", name="Gasthof Zur Linde")
    sentence = (
        "Gasthof Zur Linde, into the room, Austria, week 3 of 2031, PO 4711, Gift: "
        "23 items in 2 lines"
    )
    assert said(staff_client, **ORDER) == (sentence, [])
    assert said(staff_client) == ("", [])
    empty = {"customerId": "C-1", "metadata.delivery": "room"}
    assert said(staff_client, **empty)[0] == "Gasthof Zur Linde, into the room. No lines yet"
    only = {name: text for name, text in ORDER.items() if name.startswith("cart.0")}
    assert said(staff_client, **only) == ("No customer: 14 items in 1 line", [])
    # A page without scripts has it, too.
    page = press(staff_client, "stay", opened(staff_client, **ORDER))
    assert read(page).first("#read-back .read-back").text == sentence


@pytest.mark.parametrize(
    ("text", "value", "spoken"),
    [
        ("Into the room", "room", "into the room"), ("Oiled", "oiled", "oiled"),
        ("Austria", "AT", "Austria"), ("In den Raum", "room", "in den Raum"),
        ("In", "IN", "In"), ("Raumduft", "smell", "Raumduft"), ("", "", ""),
    ],
)  # fmt: skip
def test_only_what_is_no_name_begins_with_a_small_letter(
    text: str, value: str, spoken: str
) -> None:
    assert within_sentence(text, value) == spoken


@pytest.mark.parametrize(
    ("count", "warning"),
    [
        ("140", ["▲ Line 1, Oslo chair: usually 14, now 140"]), ("69", []), ("3", []),
        ("2", ["▲ Line 1, Oslo chair: usually 14, now 2"]), ("0", []), ("many", []), ("9" * 99, []),
    ],
)  # fmt: skip
def test_a_quantity_far_from_the_usual_one_is_a_warning(
    staff_client: FlaskClient, org: Org, chair: str, count: str, warning: list[str]
) -> None:
    for _ in range(3):
        make_order(org, customerId="C-1", cart=[{"configurationId": chair, "count": 14}])
    assert said(staff_client, **{**ORDER, "cart.0.count": count})[1] == warning


def test_two_earlier_orders_say_nothing_about_a_quantity(
    staff_client: FlaskClient, org: Org, chair: str
) -> None:
    for _ in range(2):
        make_order(org, customerId="C-1", cart=[{"configurationId": chair, "count": 14}])
    assert said(staff_client, **{**ORDER, "cart.0.count": "140"})[1] == []


def test_other_values_and_missing_ones_are_warnings_with_their_field(
    staff_client: FlaskClient, org: Org, chair: str
) -> None:
    add(org, "C-1", defaults={"country": "DE", "delivery": "room", "gift": True})
    form = {**ORDER, "metadata.delivery": ""}
    answer = staff_client.post("/orders/new/read-back", data=form).text
    assert texts(answer, "li") == [
        "▲ Delivery is empty: usually into the room", "▲ Country Austria: usually Germany",
    ]  # fmt: skip
    assert [one["data-field"] for one in read(answer).all("li")] == [
        "metadata-delivery", "metadata-country",
    ]  # fmt: skip
    assert read(answer).first("[role=status]").all("li")


def test_many_unusual_quantities_are_counted(
    staff_client: FlaskClient, org: Org, chair: str
) -> None:
    for _ in range(3):
        make_order(org, customerId="C-1", cart=[{"configurationId": chair, "count": 1}])
    cart = {f"cart.{at}.{name}": text for at in range(8)
            for name, text in (("configurationId", chair), ("count", "50"))}  # fmt: skip
    warnings = said(staff_client, customerId="C-1", **cart)[1]
    assert (len(warnings), warnings[-1]) == (6, "▲ And 3 more unusual quantities")
