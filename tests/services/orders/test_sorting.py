"""Texts are sorted alike in the API and at the desk; their keys are written again by a command."""

import itertools
import json

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from orders.storage import database, tables
from tests.actors import Org
from tests.desk.order_list.test_list import all_pages
from tests.desk.test_pages import make_order

NAMES = ["1", "a b", "ab", "apfel", "Apfel", "äpfel", "Äpfel", "Müller", "Mullerin", "Zebra"]


def by_api(client: FlaskClient, org: Org, sort: str) -> list[str]:
    headers = {"Authorization": f"Bearer {org.private.secret}"}
    codes, after = [], ""
    while True:
        query = {"sort": sort, "perPage": 3} | ({"after": after} if after else {})
        answer = client.get("/api/orders", query_string=query, headers=headers).json
        assert answer is not None
        codes += [order["shortId"] for order in answer["orders"]]
        after = answer["next"]
        if not after:
            return codes


@pytest.mark.parametrize("field", ["name", "customerId"])
def test_api_and_desk_sort_texts_alike(
    client: FlaskClient, app: Flask, org: Org, monkeypatch: pytest.MonkeyPatch, field: str
) -> None:
    monkeypatch.setattr("orders.services.orders.order_list.PAGE_SIZE", 3)
    shuffled = NAMES[1::2] + NAMES[::2]
    made = {name: make_order(org, **{field: name})["shortId"] for name in shuffled}
    without = make_order(org)["shortId"]
    desk = org.sign_in(app.test_client())
    for sort, names in ((field, NAMES), (f"-{field}", NAMES[::-1])):
        wanted = [*(made[name] for name in names), without]
        assert by_api(client, org, sort) == wanted
        assert [code for page in all_pages(desk, f"sort={sort}") for code in page] == wanted


def test_a_long_name_in_any_script_has_a_next_page(
    client: FlaskClient, org: Org, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orders.services.orders.order_list.PAGE_SIZE", 1)
    made = [make_order(org, name=letter * 255)["shortId"] for letter in ("\u01e2", "\U0001d56c")]
    desk = org.sign_in(app.test_client())
    shown = list(itertools.chain(*all_pages(desk, "sort=-name")))
    assert shown == by_api(client, org, "-name") == made  # æ and a


def test_keys_of_another_version_are_written_again_by_a_command(app: Flask, org: Org) -> None:
    make_order(org, name="Äpfel", customerId="C 1")
    make_order(org)
    orders = tables.orders
    columns = (orders.c.id, orders.c.name_key, orders.c.customer_key, orders.c.sort_version)
    statement = select(*columns, orders.c.version).order_by(orders.c.id)
    with app.app_context():
        before = database.fetch_all(statement)
        old = update(orders).values(name_key="x", customer_key="x", sort_version=0)
        database.execute(old)
    for count in (2, 0):
        result = app.test_cli_runner().invoke(args=["orders", "sort-keys"])
        assert json.loads(result.output) == {"rebuilt": count}
    with app.app_context():
        assert database.fetch_all(statement) == before
