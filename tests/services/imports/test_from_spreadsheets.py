"""The files of docs/from-spreadsheets.md, imported in its order."""

import re

import pytest
from flask import Flask

from orders.domain.attributes import AttributeRule, Kind, Option
from orders.services.catalog.configuration_import import import_configurations
from orders.services.customers import customer_queries
from orders.services.imports import records
from orders.services.imports.customer_import import import_file
from orders.services.imports.records import ImportState
from orders.services.orders import queries
from orders.settings import PROJECT
from tests.actors import Org
from tests.services.imports.steps import LIMITS, checked, started, worked

pytestmark = pytest.mark.one_database(reason="imports have tests of their own on both")
PAGE = (PROJECT / "docs" / "from-spreadsheets.md").read_text("utf-8")
FILES = dict(re.findall(r"```csv (\w+)\n(.*?)```", PAGE, re.DOTALL))


def test_products_customers_and_orders(app: Flask, org: Org) -> None:
    options = (Option("matt", "Matt"), Option("gloss", "Gloss"))
    org.define(
        AttributeRule("finish", "Finish", Kind.OPTION, options),
        AttributeRule("deliveryWeek", "Delivery week", Kind.WEEK),
    )
    with app.app_context():
        actor = org.admin().actor
        products = import_configurations(
            "products.csv", FILES["products"].encode(), actor=actor, limits=LIMITS
        )
        read = import_file(FILES["customers"].encode(), actor=actor, limits=LIMITS)
        assert (read.errors, read.ignored, len(read.new)) == ([], (), 2)
        nord = customer_queries.find_optional_customer("C-1042", org.id)
        assert nord
        assert (nord.addresses[0]["country"], nord.defaults) == ("DE", {"finish": "matt"})
        one = checked(org, FILES["orders"])
        assert one.state == ImportState.CHECKED
        done = worked(started(one, org, all_or_nothing=True), org)
        made = [
            queries.find_order(order.short_id or "", org.id) for order in records.read_orders(done)
        ]
    assert [(order.name, order.customer_id, order.status, order.metadata) for order in made] == [
        ("Reception", "C-1042", "New", {"finish": "matt", "deliveryWeek": "2027-W03"}),
        ("Bar", "C-1043", "In Progress", {"finish": "gloss", "deliveryWeek": "2027-W05"}),
    ]
    sofa, ash, lamp = products
    lines = [[(line.configuration_id, line.count) for line in order.cart] for order in made]
    assert lines == [[(sofa, 2), (lamp, 4)], [(ash, 1)]]
