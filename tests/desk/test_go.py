"""The field "Go to or do…": what it finds, for whom, and its page without JavaScript."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from orders.domain.inputs import Limits
from orders.services import quick_search
from orders.services.customers import customers
from orders.services.orders import order_text
from orders.storage import database
from orders.storage.tables import orders
from tests.actors import Org
from tests.desk.test_pages import make_order
from tests.html import read


def found(client: FlaskClient, text: str) -> dict[str, str]:
    """Return the titles that the field offers for a text, with their addresses."""
    piece = client.get("/go", query_string={"q": text}, headers={"HX-Request": "true"}).text
    return {one.first(".title").text: one["href"] for one in read(piece).all("[role=option]")}


@pytest.mark.one_database(reason="the permissions of views")
def test_each_role_is_offered_what_it_may_open(
    app: Flask, staff_client: FlaskClient, admin_client: FlaskClient, org: Org
) -> None:
    viewer = org.sign_in(app.test_client(), org._member(f"viewer.{org.email}", "viewer"))
    names = {"New order", "Import orders", "Staff", "Today", "Your account"}
    for client, offered in (
        (viewer, {"Today", "Your account"}),
        (staff_client, names - {"Staff"}),
        (admin_client, names),
    ):
        page = read(client.get("/go").text)
        links = {one.text: one["href"] for one in page.all(".targets a")}
        assert names & set(links) == offered
        opened = [client.get(address) for address in links.values()]
        assert all(answer.status_code in (200, 302) for answer in opened), links


@pytest.mark.one_database(reason="names of pages alone")
def test_pages_are_found_in_the_language_of_the_page(staff_client: FlaskClient) -> None:
    assert next(iter(found(staff_client, "cust imp"))) == "Import customers"
    assert found(staff_client, "PASSWORD") == {
        "Your account": "/account",
        "Search all orders for “PASSWORD”": "/orders?q=PASSWORD",
    }
    assert "Orders: Open carts" in found(staff_client, "carts")
    staff_client.set_cookie("language", "de")
    german = staff_client.get("/go", query_string={"q": "Kunden imp", "lang": "de"}).text
    assert "Kunden importieren" in german


def test_orders_customers_and_products_are_found(
    app: Flask, staff_client: FlaskClient, org: Org, other_org: Org
) -> None:
    org.save("Oslo chair", "OSL-77")
    record = {"customerId": "LINDE-AT", "name": "Gasthof Zur Linde"}
    with app.app_context():
        customers.create(record, actor=org.staff().actor, limits=Limits())
    order = make_order(org, customerId="LINDE-AT", metadata={"po": "PO-4711"})
    make_order(org, name="Deleted 4711")
    make_order(other_org, name="Theirs", metadata={"po": "PO-4711"})
    bin_it = update(orders).where(orders.c.name == "Deleted 4711")
    with app.app_context():
        database.write(
            lambda connection: (
                connection.execute(bin_it.values(deleted_at=orders.c.created_at)).rowcount
            )
        )
    code = order["shortId"]
    shown = f"{code[:4]}-{code[4:8]}-{code[8:]}"
    assert found(staff_client, "4711")[shown] == f"/orders/{code}"
    assert len(found(staff_client, "4711")) == 2  # and the search
    assert found(staff_client, "linde")["Gasthof Zur Linde"] == "/customers/show?id=LINDE-AT"
    assert found(staff_client, "osl-77")["Oslo chair"].startswith("/configurations/")
    assert shown in found(staff_client, shown[:9].lower())  # a part of the code
    for spelled in (code, f" {code[:4]} {code[4:8]}-{code[8:]} ".lower(), order["id"]):
        assert shown in found(staff_client, spelled)
        answer = staff_client.get("/go", query_string={"q": spelled})
        assert answer.location == f"/orders/{code}"


def test_what_many_orders_contain_is_sought_in_the_newest_and_codes_in_all(
    staff_client: FlaskClient, org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quick_search, "LOOKED_THROUGH", 2)
    monkeypatch.setattr(order_text, "MOST_CANDIDATES", 2)
    old, *_, new = [make_order(org, name=f"Lobby {number}")["shortId"] for number in range(3)]
    addresses = found(staff_client, "lobby").values()
    assert f"/orders/{new}" in addresses
    assert f"/orders/{old}" not in addresses
    assert f"/orders/{old}" in found(staff_client, old).values()


@pytest.mark.one_database(reason="refused before a statement runs, or no row is found")
@pytest.mark.parametrize("text", ["\0", "<b>\"'&", "x" * 5000, " , ; ", "\ud83d\ude00", "%", "'"])
def test_any_text_is_answered(staff_client: FlaskClient, text: str) -> None:
    text = text.encode("utf-16", "surrogatepass").decode("utf-16")
    answer = staff_client.get("/go", query_string={"q": text})
    assert answer.status_code == 200
    read(answer.text)
    assert '<b>"' not in answer.text
