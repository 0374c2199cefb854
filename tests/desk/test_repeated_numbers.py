"""A number that a customer gives twice is a warning: by JSON, in the form, and in a file."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from orders.domain.attributes import AttributeRule, Kind
from orders.domain.repeated_numbers import number_keys
from orders.domain.short_id import grouped
from orders.storage import database
from tests.actors import Org
from tests.bad_orders import CHAIR, good_form
from tests.desk.imports.test_imports import previewed, text_of, work_off
from tests.desk.test_pages import make_order
from tests.sheets import csv_of

NUMBERS: dict[str, Any] = {
    "customerId": "C-7", "platform": {"id": "4711"}, "metadata": {"PO number": "PO 1"},
}  # fmt: skip

pytestmark = pytest.mark.usefixtures("csrf_off")


def warned(order: dict[str, Any]) -> list[str]:
    return [one["path"] for one in order["warnings"]]


def test_the_api_warns_and_refuses_nothing(org: Org, other_org: Org, client: FlaskClient) -> None:
    first: dict[str, Any] = make_order(org, **NUMBERS)
    assert first["warnings"] == []
    assert warned(make_order(other_org, **NUMBERS)) == []
    second: dict[str, Any] = make_order(
        org, **{**NUMBERS, "platform": {"id": " 4711"}, "metadata": {"po_number": "po  1"}}
    )
    assert warned(second) == ["platform.id", "metadata.po_number"]
    assert grouped(first["shortId"]) in second["warnings"][0]["message"]
    others: tuple[dict[str, Any], ...] = (
        {"customerId": "C-8"}, {"customerId": None}, {"platform": {}, "metadata": {}},
        {"platform": {"id": "4712"}, "metadata": {"po": "PO 2", "other": "PO 1"}},
    )  # fmt: skip
    for other in others:
        assert warned(make_order(org, **{**NUMBERS, **other})) == [], other
    headers = {"Authorization": f"Bearer {org.private.secret}"}
    third = make_order(org, customerId="C-7")["shortId"]
    answer = client.put(f"/api/orders/{third}", json={"platform": {"id": "4711"}}, headers=headers)
    assert answer.json is not None
    assert warned(answer.json) == ["platform.id"]
    answer = client.put(f"/api/orders/{third}", json={"name": "x"}, headers=headers)
    assert answer.json is not None
    assert answer.json["warnings"] == []


def test_an_order_in_the_bin_is_no_repeat(org: Org, client: FlaskClient) -> None:
    first = make_order(org, **NUMBERS)["shortId"]
    headers = {"Authorization": f"Bearer {org.private.secret}"}
    client.delete(f"/api/orders/{first}", headers=headers)
    assert warned(dict(make_order(org, **NUMBERS))) == []


def test_a_page_in_the_web_is_told_nothing(org: Org, client: FlaskClient) -> None:
    make_order(org, **NUMBERS)
    answer = client.post(
        f"/api/orders?bearer_token={org.public.secret}",
        json={**NUMBERS, "cart": [{"configurationId": CHAIR, "count": 1}]},
        headers={"Origin": "https://shop.example"},
    )
    assert answer.status_code == 201
    assert answer.json is not None
    assert answer.json["warnings"] == []


def test_the_form_warns_at_the_field_and_places_the_order(
    org: Org, staff_client: FlaskClient
) -> None:
    org.define(AttributeRule("po", "PO number", Kind.TEXT))
    first = grouped(make_order(org, **{**NUMBERS, "metadata": {"po": "PO 1"}})["shortId"])
    key = "R" * 22
    form = {
        **good_form(), "customerId": "C-7", "platform.id": "4711", "metadata.po": "po 1",
        "extra.0.key": "", "extra.0.value": "",
    }  # fmt: skip
    for name in ("platform.id", "metadata.po"):
        answer = staff_client.post(f"/orders/new/check?field={name}", data=form)
        assert f"Order {first} of this customer has the same number." in answer.text
        assert "warning" in answer.text
    assert not staff_client.post("/orders/new/check?field=name", data=form).text.strip()
    # The read-back line says it as well, because a number may come from a pasted text.
    aloud = text_of(staff_client.post("/orders/new/read-back", data=form))
    assert f"PO number: Order {first} of this customer has the same number." in aloud
    placed = staff_client.post(f"/orders/new?form={key}", data={**form, "do": "place"})
    assert placed.status_code == 303, placed.text
    page = staff_client.get(placed.location)
    assert text_of(page).count(f"Order {first} of this customer has the same number.") == 2
    assert f"PO number: Order {first}" in text_of(page)
    code = placed.location.split("/")[2]
    shown = staff_client.get(f"/orders/{code}")
    assert text_of(shown).count(f"Order {first} of this customer has the same number.") == 2
    # The order itself is no repeat of its own.
    edit = {**form, "order": code, "version": "1", "platform.id": "4711"}
    assert first in staff_client.post("/orders/new/check?field=platform.id", data=edit).text


def test_an_import_warns_of_stored_orders_and_of_the_file_itself(
    app: Flask, org: Org, staff_client: FlaskClient
) -> None:
    first = grouped(make_order(org, **{**NUMBERS, "platform": {}})["shortId"])
    heads = ("order", "customerId", "metadata.PO number", "configurationId", "count")
    rows = [("A", "C-7", "PO 1", CHAIR, 1), ("B", "C-7", "PO 9", CHAIR, 1),
            ("C", "C-7", "po 9", CHAIR, 1), ("D", "C-8", "PO 9", CHAIR, 1)]  # fmt: skip
    address = previewed(app, staff_client, csv_of(heads, *rows))
    page = staff_client.get(address)
    assert "4 orders ready" in text_of(page)
    assert f"Order {first} of this customer has the same number." in text_of(page)
    assert "Row 3 has the same number for this customer." in text_of(page)
    staff_client.post(f"{address}/start", data={"mode": "all"})
    work_off(app)
    assert "4 orders created." in text_of(staff_client.get(address))


@pytest.mark.one_database(reason="PostgreSQL reads small tables without their indexes")
def test_the_numbers_are_found_in_an_index(app: Flask) -> None:
    with app.app_context(), database.read() as connection:
        for name in ("platform_key", "po_key"):
            statement = (
                f"EXPLAIN QUERY PLAN SELECT short_id FROM orders WHERE org_id = 'o' "  # noqa: S608 - a fixed name
                f"AND {name} = 'k' AND customer_id = 'c' AND deleted_at IS NULL "
                "AND short_id != '' LIMIT 1"
            )
            plan = connection.execute(text(statement)).all()
            assert "USING INDEX ix_orders" in str(plan)
            for column in ("org_id", name, "customer_id"):
                assert f"{column}=?" in str(plan)


def test_numbers_are_stored_folded() -> None:
    assert not any(number_keys({"id": None}, {"po": True}))
    assert not any(number_keys({"id": "  "}, {"po": "\u200b"}))
    assert number_keys({"id": 1}, {"Purchase-Order No.": " Nº  2"}) == ("1", "no 2")
