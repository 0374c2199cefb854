"""The panel of the customer, copies of orders, and a record that is created from the form."""

import time

import pytest
from flask.testing import FlaskClient

from orders.domain.attributes import AttributeRule, Kind, Option
from tests.actors import Org
from tests.desk.customers.test_customers import add, stored
from tests.desk.order_form.test_customer_fill import KEY, fields, opened, press
from tests.desk.test_pages import make_order
from tests.html import read, texts

pytestmark = [
    pytest.mark.usefixtures("csrf_off"),
    pytest.mark.one_database(
        reason="a page; tests/services/orders/test_customer_habits.py tests the SQL on both"
    ),
]
COUNTRIES = (Option("AT", "Austria"), Option("DE", "Germany"))


@pytest.fixture
def country(org: Org) -> Org:
    org.define(
        AttributeRule("country", "Country", Kind.OPTION, COUNTRIES),
        AttributeRule("day", "Delivery day", Kind.DATE, is_copied=False),
    )
    return org


def panel(client: FlaskClient, **form: str) -> str:
    answer = client.post("/orders/new/customer", data=form)
    assert answer.status_code == 200
    return answer.text


def note(page: str, field: str = "metadata-country") -> str:
    found = read(page).all(f"#{field}-hint")
    return " ".join(found[0].text.split()) if found else ""


class TestPanel:
    def test_carts_last_orders_and_usual_products(
        self, staff_client: FlaskClient, country: Org
    ) -> None:
        chair = country.save("Oslo chair", "OSL-1")
        line = {"configurationId": chair.id, "count": 14}
        codes = []
        for _ in range(4):
            made = make_order(country, customerId="C-1", cart=[line], metadata={"country": "AT"})
            codes.append(made["shortId"])
            time.sleep(0.002)  # orders of the same millisecond have no order
        make_order(country, customerId="C-1", name="Roof", status="In Cart", cart=[line])
        add(country, "C-1", name="Gasthof Zur Linde")
        page = panel(staff_client, customerId=" C-1")
        assert texts(page, ".who-orders a") == ["Gasthof Zur Linde"]
        assert texts(page, ".carts a") == ["Roof"]
        links = [one["href"] for one in read(page).all(".last-order a[aria-label]")]
        assert links == [f"/orders/new?from={code}" for code in reversed(codes[1:])]
        assert texts(page, ".last-order time") == ["Today"] * 3
        [usual] = read(page).all(".usual-lines button")
        assert (usual["data-reference"], usual["data-count"]) == ("OSL-1", "14")
        assert usual["value"] == "usual:1:14:OSL-1"
        assert "usually:" in page
        assert "Austria" in page

    def test_a_box_is_said_only_if_it_is_usually_ticked(
        self, staff_client: FlaskClient, org: Org
    ) -> None:
        org.define(
            AttributeRule("gift", "Gift wrap", Kind.BOOLEAN),
            AttributeRule("assembly", "Assembly", Kind.BOOLEAN),
        )
        for _ in range(3):
            values = {"gift": True, "assembly": False}
            make_order(org, customerId="C-1", metadata=values)
        page = panel(staff_client, customerId="C-1", **{"metadata.gift": "y"})
        assert texts(page, ".usual-value") == ["Gift wrap: Gift wrap"]

    def test_no_customer_shows_nothing_and_an_unknown_one_can_be_created(
        self, staff_client: FlaskClient, country: Org
    ) -> None:
        assert read(panel(staff_client, customerId=" ")).first("#customer-panel").text.strip() == ""
        page = panel(staff_client, customerId="nobody", **{"newCustomer.name": "Typed"})
        assert not read(page).all(".who-orders")
        assert read(page).first("#newCustomer-name")["value"] == "Typed"
        assert "New customer" in page
        assert "New customer" not in panel(staff_client, customerId="\0x", order="\0" * 99)

    def test_without_scripts_the_server_adds_a_usual_product(
        self, staff_client: FlaskClient, country: Org
    ) -> None:
        country.save("Oslo chair", "OSL-1")
        form = opened(staff_client, customerId="C-1", **{"cart.0.configurationId": "x"})
        now = fields(press(staff_client, "usual:1:14:OSL-1", form))
        lines = [(now[f"cart.{at}.configurationId"], now[f"cart.{at}.count"]) for at in (0, 3)]
        assert lines == [("x", "1"), ("OSL-1", "14")]
        for odd in ("usual", "usual:1", "usual:1:2:", "usual:::"):
            assert fields(press(staff_client, odd, form))["cart.0.configurationId"] == "x"


class TestFlags:
    def test_a_value_that_is_not_usual_is_flagged_and_never_overwritten(
        self, staff_client: FlaskClient, country: Org
    ) -> None:
        add(country, "C-1", defaults={"country": "AT"})
        form = opened(staff_client, customerId="C-1", **{"metadata.country": "DE"})
        page = press(staff_client, "fill", form)
        assert fields(page)["metadata.country"] == "DE"
        assert note(page) == "▲ usually Austria"
        assert read(page).all("#metadata-country-hint .differs")
        assert "Country Germany: usually Austria" in page
        assert note(press(staff_client, "stay", {**form, "metadata.country": "AT"})) == ""

    def test_one_order_to_another_country_does_not_hide_the_habit(
        self, staff_client: FlaskClient, country: Org
    ) -> None:
        for value in ("AT", "AT", "AT", "DE"):
            make_order(country, customerId="C-1", metadata={"country": value})
        page = press(staff_client, "fill", opened(staff_client, customerId="C-1"))
        assert fields(page)["metadata.country"] == ""
        assert note(page) == "▲ usually Austria"

    def test_the_form_of_a_stored_order_compares_with_the_other_orders(
        self, staff_client: FlaskClient, country: Org
    ) -> None:
        for _ in range(2):
            make_order(country, customerId="C-1", metadata={"country": "AT"})
        code = make_order(country, customerId="C-1", metadata={"country": "DE"})["shortId"]
        page = staff_client.get(f"/orders/{code}/edit").text
        assert note(page) == "▲ usually Austria"
        assert not read(page).all(".new-customer")


class TestCopies:
    def test_what_was_taken_over_is_marked_and_the_rest_is_left_out(
        self, staff_client: FlaskClient, country: Org
    ) -> None:
        made = make_order(
            country, customerId="C-1",
            metadata={"country": "DE", "day": "2027-01-18", "PO number": "4711", "gate": "3"},
        )  # fmt: skip
        page = staff_client.get(f"/orders/new?from={made['shortId']}&form={KEY}").text
        now = fields(page)
        assert (now["metadata.country"], now["metadata.day"]) == ("DE", "")
        assert [now["extra.0.key"], "4711" in now.values()] == ["gate", False]
        code = "-".join(made["shortId"][at : at + 4] for at in (0, 4, 8))
        assert f"Copied from order {code}. Review before placing." in page
        assert note(page) == f"From order {code}"
        # It stays marked, and one undo does not take it away: someone has asked for it.
        page = press(staff_client, "unfill", now)
        assert (fields(page)["metadata.country"], note(page)) == ("DE", f"From order {code}")
        assert note(press(staff_client, "stay", {**now, "metadata.country": "AT"})) == ""

    def test_another_customer_does_not_keep_the_old_ones_values_silently(
        self, staff_client: FlaskClient, country: Org
    ) -> None:
        made = make_order(country, customerId="C-1", metadata={"country": "DE"})
        add(country, "C-2", defaults={"country": "AT"})
        copied = fields(staff_client.get(f"/orders/new?from={made['shortId']}&form={KEY}").text)
        page = press(staff_client, "fill", {**copied, "customerId": "C-2"})
        assert fields(page)["metadata.country"] == "DE"
        assert note(page) == "▲ usually Austria"
        assert "Country Germany: usually Austria" in page
        page = press(staff_client, "stay", {**copied, "customerId": "C-3"})
        assert note(page).startswith("▲ From order ")
        assert note(page).endswith("of customer C-1")
        assert "Country: From order" in page


class TestNewCustomer:
    DETAILS = {"newCustomer.name": "Anna Bauer", "newCustomer.email": "anna@bauer.example"}  # noqa: RUF012 - constant

    def test_its_own_button_creates_the_record_and_keeps_the_form(
        self, staff_client: FlaskClient, country: Org
    ) -> None:
        form = opened(staff_client, customerId="C-9", name="Mine", **self.DETAILS)
        for _ in range(2):  # a double click creates one
            page = press(staff_client, "customer", form)
            assert "The record of Anna Bauer is created." in page
            assert fields(page)["name"] == "Mine"
            assert not read(page).all(".new-customer")
        assert stored(country, staff_client, "C-9")["email"] == "anna@bauer.example"

    def test_placing_the_order_creates_it(self, staff_client: FlaskClient, country: Org) -> None:
        line = {"cart.0.configurationId": country.save("Chair", "OSL-1").id}
        form = opened(staff_client, customerId="C-9", **line, **self.DETAILS)
        bad = staff_client.post(
            f"/orders/new?form={KEY}", data={**form, "newCustomer.email": "x", "do": "place"}
        )
        assert bad.status_code == 422
        assert 'href="#newCustomer-email"' in bad.text
        assert stored(country, staff_client, "C-9").get("name") is None
        placed = staff_client.post(f"/orders/new?form={KEY}", data={**form, "do": "place"})
        assert placed.status_code == 303
        assert stored(country, staff_client, "C-9")["name"] == "Anna Bauer"

    def test_a_record_that_exists_meanwhile_is_not_changed(
        self, staff_client: FlaskClient, country: Org
    ) -> None:
        add(country, "C-9", name="Other")
        line = {"cart.0.configurationId": country.save("Chair", "OSL-1").id}
        form = opened(staff_client, customerId="C-9", **line, **self.DETAILS)
        answer = staff_client.post(f"/orders/new?form={KEY}", data={**form, "do": "place"})
        assert answer.status_code == 409
        assert "There is a record of customer “C-9” already." in answer.text
        assert stored(country, staff_client, "C-9")["name"] == "Other"

    @pytest.mark.parametrize("name", ["", "x" * 256, "\0"])
    def test_bad_details_are_reported_at_their_field(
        self, staff_client: FlaskClient, country: Org, name: str
    ) -> None:
        form = opened(staff_client, customerId="C-9", **{"newCustomer.name": name})
        answer = staff_client.post(f"/orders/new?form={KEY}", data={**form, "do": "customer"})
        assert answer.status_code == 422
        assert read(answer.text).first("#newCustomer-name")["aria-invalid"] == "true"
