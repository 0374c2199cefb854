"""The page of a placed order: what is read back, and where it leads."""

import pytest
from flask.testing import FlaskClient

from orders.domain.attributes import AttributeRule, Kind, Option
from orders.domain.short_id import ALPHABET
from orders.domain.spelling import spelled
from tests.actors import Org
from tests.desk.customers.test_customers import add
from tests.desk.test_pages import make_order
from tests.html import read, texts

pytestmark = pytest.mark.one_database(reason="Rendering.")
GERMAN = {"Accept-Language": "de"}


@pytest.fixture
def placed(org: Org) -> str:
    """Place an order of a customer with a record; return the address of its page."""
    options = (Option("oil", "Oiled"), Option("soap", "Soaped"))
    org.define(
        AttributeRule("finish", "Finish", Kind.OPTION, options),
        AttributeRule("poNumber", "Purchase order", Kind.TEXT),
    )
    add(org, "C 1/2", name="Gasthof Zur Linde", defaults={"finish": "soap"})
    order = make_order(org, customerId="C 1/2", metadata={"finish": "oil", "poNumber": "4711"})
    return f"/orders/{order['shortId']}/placed"


def test_all_that_is_read_back_is_there(staff_client: FlaskClient, placed: str) -> None:
    page = staff_client.get(placed).text
    facts = dict(zip(texts(page, ".facts dt"), texts(page, ".facts dd"), strict=True))
    assert facts == {
        "Customer": "Gasthof Zur Linde C 1/2", "Finish": "Oiled", "Purchase order": "4711",
    }  # fmt: skip
    code = placed.split("/")[2]
    said = texts(page, ".spoken span")
    assert [one[0] for one in said] == list(code)
    assert len(texts(page, ".cart-lines tbody tr")) == 1


def test_the_words_are_those_of_the_language() -> None:
    assert spelled("34SPJ01")[0] == ("34SP", ["3", "4", "Sierra", "Papa"])
    assert spelled("34SPJ01")[1] == ("J01", ["Juliett", "0", "1"])
    every = [word for _, words in spelled(ALPHABET) for word in words]
    assert [word[0] for word in every] == list(ALPHABET)


def test_german_has_words_of_its_own(staff_client: FlaskClient, placed: str) -> None:
    said = texts(staff_client.get(placed, headers=GERMAN).text, ".spoken span")
    code = placed.split("/")[2]
    assert [one[0] for one in said] == list(code)
    assert not {"Sierra", "Papa", "Quebec", "Tango", "Romeo"} & set(said)


def test_the_next_order_of_the_customer_is_begun(staff_client: FlaskClient, placed: str) -> None:
    links = {one.words: one["href"] for one in read(staff_client.get(placed).text).all(".next a")}
    assert list(links) == [
        "New order N", "Another for this customer A", "Edit E", "Order sheet S", "View order V",
    ]  # fmt: skip
    form = read(staff_client.get(links["Another for this customer A"], follow_redirects=True).text)
    fields = form.first("#order-form").fields()
    assert (fields["customerId"], fields["metadata.finish"]) == ("C 1/2", "soap")
    assert form.first("[autofocus]")["id"] == "cart-0-configurationId"


@pytest.mark.parametrize("customer", ["a\0b", "x" * 5000, "%ED%A0%80", " "])
def test_any_customer_in_the_address_opens_a_form(staff_client: FlaskClient, customer: str) -> None:
    address = f"/orders/new?form={'K' * 22}&customer={customer}"
    assert staff_client.get(address).status_code == 200
