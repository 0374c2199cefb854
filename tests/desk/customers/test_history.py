"""The history of a record on the customer's page."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic.alias_generators import to_camel

from orders.domain.attributes import AttributeRule, Kind
from orders.domain.customer import EDITABLE
from orders.domain.inputs import Limits
from orders.interfaces.desk.customers.customer_history import LABELS
from orders.services.customers import customers
from orders.services.customers.customer_queries import find_customer
from tests.actors import Org
from tests.desk.customers.test_customers import add
from tests.desk.test_pages import make_order
from tests.html import read

pytestmark = pytest.mark.usefixtures("csrf_off")
HOME = {"label": "Home", "lines": ["Ring 1"], "city": "Graz", "postalCode": "8010", "country": "AT"}
DEPOT = {"label": "Depot", "lines": ["Quay 2"], "city": "Linz"}
BARE = {"lines": ["Weg 3"]}


def change(app: Flask, org: Org, **fields: Any) -> None:  # noqa: ANN401 - JSON
    with app.app_context():
        customers.change("C-1", fields, actor=org.actor(), limits=Limits())


def history(client: FlaskClient, query: str = "") -> list[str]:
    page = read(client.get(f"/customers/show?id=C-1{query}").text)
    return [one.text for one in page.all("#history-title + .events .event")]


def test_the_page_says_who_has_changed_what(
    app: Flask, staff_client: FlaskClient, org: Org
) -> None:
    org.define(AttributeRule("wood", "Wood", Kind.TEXT))
    add(org, "C-1", name="Linde", addresses=[HOME], defaults={"wood": "Oak", "x": 1})
    change(app, org, name="Zur Linde", defaults={"wood": "Ash", "x": 1}, notes="Ring twice")
    form = read(staff_client.get("/customers/edit?id=C-1").text).first("form.card").fields()
    saved = staff_client.post("/customers/edit?id=C-1", data={**form, "phone": "<b>1</b>"})
    assert saved.status_code == 303
    newest, second, first = history(staff_client)
    assert newest.startswith(f"Changed by {org.email} · Today")
    assert "Phone: nothing → to <b>1</b>" in newest
    assert second.startswith("Changed by token “script”")
    for shown in ("Name: from Linde → to Zur Linde", "Notes: nothing → to Ring twice",
                  "Default for Wood: from Oak → to Ash"):  # fmt: skip
        assert shown in second, shown
    assert "Default for x" not in second
    assert first.startswith("Created by token “script”")


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ([HOME, DEPOT], [DEPOT, HOME], ["Addresses reordered"]),
        ([HOME], [DEPOT, HOME], ["Address added: Depot: Quay 2, Linz"]),
        ([HOME, BARE], [HOME], ["Address removed: from Weg 3"]),
        ([BARE, HOME], [{**HOME, "city": "Wien"}, BARE],
         ["Address: from Home: Ring 1, 8010 Graz, Austria → to Home: Ring 1, 8010 Wien, Austria"]),
        ([HOME, DEPOT], [BARE], ["Address: from Home: Ring 1", "→ to Weg 3",
                                 "Address removed: from Depot: Quay 2, Linz"]),
        ([{}], [{"label": "Only"}], ["Address: from – → to Only"]),  # noqa: RUF001 - as on the page
    ],
)  # fmt: skip
def test_addresses_are_compared_one_by_one(
    app: Flask, staff_client: FlaskClient, org: Org, before: list[Any], after: list[Any],
    shown: list[str],
) -> None:  # fmt: skip
    add(org, "C-1", addresses=before)
    change(app, org, addresses=after)
    newest = history(staff_client)[0]
    for text in shown:
        assert text in newest, newest


def test_a_deletion_is_shown_while_the_customer_has_orders_and_in_german(
    app: Flask, staff_client: FlaskClient, org: Org
) -> None:
    make_order(org, customerId="C-1")
    assert history(staff_client) == []
    add(org, "C-1", name="Linde")
    change(app, org, addresses=[HOME])
    with app.app_context():
        customers.remove("C-1", actor=org.staff().actor)
    newest, second, _ = history(staff_client, "&lang=de")
    assert newest.startswith(f"Gelöscht von {org.email} · Heute")
    assert "Adresse hinzugefügt: Home: Ring 1, 8010 Graz, Österreich" in second


def test_an_import_is_named(app: Flask, staff_client: FlaskClient, org: Org) -> None:
    add(org, "C-1", name="Linde")
    with app.app_context():
        actor = org.staff().actor
        stored = find_customer("C-1", org.id)
        customers.save_all([], [stored._replace(name="Eiche")], actor=actor)
    assert history(staff_client)[0].startswith(f"Changed by {org.email}, via import · Today")
    assert "Name: from Linde → to Eiche" in history(staff_client)[0]


def test_every_field_has_a_label() -> None:
    assert {to_camel(name) for name in EDITABLE} == {*LABELS, "addresses", "defaults"}


def test_the_api_has_no_history(app: Flask, staff_client: FlaskClient, org: Org) -> None:
    add(org, "C-1", name="Linde")
    change(app, org, name="Eiche")
    headers = {"Authorization": f"Bearer {org.private.secret}"}
    found = staff_client.get("/api/customers/C-1", headers=headers)
    assert "Linde" not in found.text
    assert "history" not in found.text
