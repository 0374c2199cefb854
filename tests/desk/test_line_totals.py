"""Totals of attributes of lines: on the form, on pages and sheets, in the list and in files."""

import pytest
from flask.testing import FlaskClient

from orders.domain.attributes import Applies, AttributeRule, Kind, Option, Total
from tests.actors import Org
from tests.bad_orders import good_form
from tests.desk.order_list.test_export import exported, workbook
from tests.desk.test_pages import make_order
from tests.html import read

CURRENCIES = (Option("EUR", "EUR"), Option("CHF", "CHF"))
PRICE = AttributeRule(
    "price", "Price", Kind.MONEY, CURRENCIES, Applies.LINE, labels={"de": "Preis"},
    total=Total.QUANTITY,
)  # fmt: skip
WEIGHT = AttributeRule("weight", "Weight", Kind.NUMBER, (), Applies.LINE, total=Total.PLAIN)
BARE = AttributeRule("bare", "Bare", Kind.NUMBER, (), Applies.LINE)

pytestmark = [
    pytest.mark.usefixtures("csrf_off"),
    pytest.mark.one_database(reason="it reads lines as every page does"),
]


def line(org: Org, count: int, **metadata: object) -> dict[str, object]:
    chair = org.save("Chair", "CH-1").id
    return {"configurationId": chair, "count": count, "metadata": metadata}


def money(amount: str, currency: str = "EUR") -> dict[str, str]:
    return {"amount": amount, "currency": currency}


@pytest.fixture
def code(org: Org) -> str:
    """An order with prices in two currencies, weights, and a line without either."""
    org.define(PRICE, WEIGHT, BARE)
    cart = [
        line(org, 1200, price=money("12.10"), weight=0.1, bare=5),
        line(org, 1, price=money("7.00", "CHF"), weight=0.2),
        line(org, 3),
    ]
    return str(make_order(org, name="Hall", cart=cart)["shortId"])


@pytest.mark.parametrize("address", ["/orders/{}", "/orders/{}/print", "/orders/{}/edit"])
def test_pages_show_the_totals(staff_client: FlaskClient, code: str, address: str) -> None:
    text = read(staff_client.get(address.format(code)).text).first("main").text
    for shown in ("Price", "€14,520.00", "CHF", "7.00", "Weight", "0.3", "1 line has no value"):
        assert shown in text, shown
    german = staff_client.get(f"{address.format(code)}?lang=de").text.replace("\xa0", " ")
    for shown in ("Preis", "14.520,00 €", "7,00 CHF", "0,3", "1 Position hat keinen Wert"):
        assert shown in german, shown


def test_the_list_has_a_column_that_can_be_chosen(staff_client: FlaskClient, code: str) -> None:
    assert "14,520" not in staff_client.get("/orders").text
    page = read(staff_client.get("/orders?columns=name,total.price,total.weight").text)
    cells = [cell.text.replace("\xa0", " ") for cell in page.all(f"#row-{code} td.figure")]
    assert cells == ["€14,520.00 + CHF7.00", "0.3"]
    sent = {"column": ["name", "total.price"]}
    staff_client.post("/orders/columns", data=sent)
    assert "Price, total" in read(staff_client.get("/orders").text).first("thead").text


def test_files_have_a_column_with_each_total(staff_client: FlaskClient, code: str) -> None:
    rows = exported(staff_client)
    assert {row["total.price"] for row in rows} == {"14520.00 EUR; 7.00 CHF"}
    assert [row["total.weight"] for row in rows] == ["0.3"] * 3
    assert "total.bare" not in rows[0]
    names, *cells = workbook(staff_client)
    assert [row[names.index("total.price")] for row in cells] == ["14520.00 EUR; 7.00 CHF"] * 3
    assert [row[names.index("total.weight")] for row in cells] == ["0.3"] * 3
    assert code in cells[0]


def test_the_form_is_told_its_totals_while_it_is_filled_in(
    staff_client: FlaskClient, org: Org
) -> None:
    org.define(PRICE, WEIGHT)
    form = {
        **good_form(), "cart.0.count": "3", "cart.0.metadata.price.amount": "0.10",
        "cart.0.metadata.price.currency": "EUR", "cart.0.metadata.weight": "1.5",
        "cart.1.configurationId": "nothing", "cart.1.count": "many",
        "cart.1.metadata.price.amount": "x", "cart.1.metadata.weight": "2",
    }  # fmt: skip
    answer = staff_client.post("/orders/new/totals", data=form)
    text = " ".join(read(answer.text).text.split())
    assert text == "Price: €0.30 (1 line has no value) · Weight: 3.5"
    refused = read(
        staff_client.post(f"/orders/new?form={'A' * 22}", data={**form, "do": "place"}).text
    )
    assert " ".join(refused.first("#line-totals").text.split()) == text


def test_without_such_attributes_the_form_asks_nothing(staff_client: FlaskClient, org: Org) -> None:
    org.define(BARE)
    assert not read(staff_client.get(f"/orders/new?form={'A' * 22}").text).has("#line-totals")
    answer = staff_client.post("/orders/new/totals", data={"cart.0.count": "\0", "cart.x": "1"})
    assert (answer.status_code, answer.text.strip()) == (200, "")


def test_the_json_is_unchanged(staff_client: FlaskClient, org: Org, code: str) -> None:
    assert staff_client.get("/orders").status_code == 200
    answer = org.app.test_client().get(
        f"/api/orders/{code}", headers={"Authorization": f"Bearer {org.private.secret}"}
    )
    assert "total" not in answer.text


def test_settings_keep_what_an_attribute_is_used_for(admin_client: FlaskClient, org: Org) -> None:
    line_form = {"key": "price", "label": "Price", "kind": "money", "applies": "line"}
    date_form = {"key": "day", "label": "Day", "kind": "date", "is_due": "y"}
    for form in ({**line_form, "total": "quantity"}, date_form):
        assert admin_client.post("/settings/attributes/new", data=form).status_code == 303
    text = admin_client.get("/settings/attributes").text
    page = read(text)
    addresses = {one.text: one["href"] for one in page.all("main a")}
    price = read(admin_client.get(addresses["Price"]).text)
    assert price.first("#total option[selected]")["value"] == "quantity"
    assert read(admin_client.get(addresses["Day"]).text).has("[name=is_due][checked]")
    for form, message in (
        ({**date_form, "key": "other"}, "“Day” is already the date after which orders"),
        ({**date_form, "key": "other", "kind": "text"}, "Only a date or a calendar week"),
        ({**line_form, "key": "o", "kind": "text", "total": "plain"}, "Only numbers and amounts"),
    ):
        answer = admin_client.post("/settings/attributes/new", data=form)
        assert answer.status_code == 422
        assert message in answer.text
    unknown = {**line_form, "key": "odd", "total": "product"}
    assert admin_client.post("/settings/attributes/new", data=unknown).status_code in {303, 422}
