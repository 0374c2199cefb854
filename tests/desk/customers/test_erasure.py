"""The page that erases a customer: for admins, who prove who they are."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.actors import PASSWORD, Org
from tests.desk.people.test_confirmation import wait
from tests.desk.test_pages import make_order
from tests.html import attributes, read

pytestmark = pytest.mark.one_database(reason="the SQL is that of the service")


def test_an_admin_erases_a_customer(app: Flask, admin_client: FlaskClient, org: Org) -> None:
    make_order(org, customerId="anna", name="Anna's table")
    page = admin_client.get("/customers/show?id=anna").text
    exported, address = attributes(page, ".acts a[href*=settings]", "href")
    data = admin_client.get(exported).json
    assert [one["name"] for one in data["orders"]] == ["Anna's table"]  # type: ignore[index]
    assert admin_client.get("/settings/export.json?id=unknown").status_code == 404
    assert address == "/settings/erase?id=anna"
    fields = read(admin_client.get(address).text).first("form[action*=erase]").fields()
    wait(app)
    asked = admin_client.post(address, data=fields)
    assert asked.status_code == 401
    fields = read(asked.text).first("form.card").fields()
    done = admin_client.post(address, data={**fields, "confirm_password": PASSWORD})
    assert done.location == "/customers"
    assert admin_client.get("/settings/erase?id=").status_code == 404
    assert "The customer is erased." in admin_client.get("/customers").text
    assert admin_client.get("/customers/show?id=anna").status_code == 404
    assert "Customer erased" in admin_client.get("/settings/audit").text
    assert admin_client.post(address, data=fields).status_code == 404


def test_others_have_no_link(staff_client: FlaskClient, org: Org) -> None:
    make_order(org, customerId="anna")
    assert "/settings/erase" not in staff_client.get("/customers/show?id=anna").text
