"""What a pasted text says, read again for each answer of the form."""

from datetime import date
from typing import Any

import pytest
from flask import Flask

from orders.domain.inputs import Limits
from orders.services.catalog import configuration_queries
from orders.services.catalog.configuration_edits import retire_configuration
from orders.services.customers import customers
from orders.services.customers.customer_queries import names_of
from orders.services.orders import order_list, order_search
from orders.services.orders.order_filter import OrderFilter
from orders.services.orders.pasted import MAX_PASTED, ReadText, read_pasted
from orders.storage.pages import Paging
from tests.actors import Org
from tests.desk.test_pages import make_order
from tests.plans import noted_plans
from tests.services.orders.test_customer_habits import noted_statements

TEXT = "Hello,\n\nplease send us\n\n3 Oslo chairs\n\nOur PO 4711.\n\nKind regards\nInn Zur Linde\n"


def read(org: Org, text: str = TEXT) -> ReadText:
    return read_pasted(text, org.actor(), today=date(2026, 12, 1))


def test_a_text_is_read_once_for_a_catalog(app: Flask, org: Org, other_org: Org) -> None:
    made = org.save("Oslo chair", "OSL-1")
    with app.app_context():
        first = read(org)
        assert [(row.reference, row.count) for row in first.rows] == [("OSL-1", "3")]
        with noted_statements() as sent:
            assert read(org) == first
        assert not [one for one in sent if "configuration" in one]
        assert read(other_org).rows != first.rows
        retire_configuration(made.id, org.actor())
        assert read(org).rows != first.rows


def test_customers_are_looked_up_each_time(app: Flask, org: Org) -> None:
    raw: dict[str, Any] = {"customerId": "C-1", "name": "Inn zur Linde"}
    with app.app_context():
        assert not read(org).found
        customers.create(raw, actor=org.actor(), limits=Limits())
        assert [one.value for one in read(org).found] == ["C-1"]


@pytest.mark.one_database(reason="what a process keeps")
def test_a_long_text_is_not_kept(app: Flask, org: Org) -> None:
    org.save("Oslo chair", "OSL-1")
    with app.app_context():
        for _ in range(2):
            with noted_statements() as sent:
                read(org, TEXT + "x" * MAX_PASTED)
            assert [one for one in sent if "configuration" in one]


@pytest.mark.one_database(reason="reads query plans of SQLite")
def test_lists_of_texts_are_searched_by_an_index(
    app: Flask, org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = org.save("Oslo chair", "OSL-1")
    make_order(org, cart=[{"configurationId": made.id, "count": 1}])
    with app.app_context():
        with noted_plans() as steps:
            read(org)
            names_of(["C-1"], org.id)
            configuration_queries.find_configurations([made.id], org.id)
        for table in ("customer", "configuration"):
            own = [one for one in steps if f" {table} " in one]
            assert own
            assert not [one for one in own if "SCAN" in one or one.endswith("(org_id=?)")]
        monkeypatch.setattr(order_search, "MOST_ORDERS", 0)
        with noted_plans() as steps:
            found = order_list.find_orders(org.id, OrderFilter(search="oslo"), Paging())
        assert len(found.entries) == 1
        of_lines = [one for one in steps if " cart_line " in one]
        assert of_lines
        assert all("(order_id=?" in one for one in of_lines)
