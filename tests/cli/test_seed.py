"""The demo org."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy import func, select

from orders.domain.attribute_definition import check_definition
from orders.domain.attributes import Applies, Kind, Total
from orders.domain.errors import Conflict, Forbidden
from orders.domain.inputs import Limits
from orders.domain.order_dates import DateRange, Period, due_rule, limits_of
from orders.domain.status import Status
from orders.interfaces.cli.demo.example_orders import example_orders
from orders.interfaces.cli.demo.seed import DemoResult, seed_demo
from orders.interfaces.cli.demo.workshop import WORKSHOP
from orders.services.accounts import access, org_rules
from orders.services.accounts.access import Origin
from orders.services.catalog import products
from orders.services.catalog.sample_products import SampleProduct
from orders.services.customers.customer_queries import CustomerFilter, list_customers
from orders.services.orders.order_filter import OrderFilter
from orders.services.orders.order_list import Sort, list_page
from orders.services.orders.order_totals import read_totals
from orders.settings import PROJECT
from orders.storage import database, tables
from orders.storage.models.base import Base
from orders.storage.pages import Paging
from tests.cli import drawings

NOW = datetime(2026, 3, 18, 15, 30, tzinfo=UTC)


@pytest.fixture
def demo(app: Flask) -> DemoResult:
    with app.app_context():
        return seed_demo(Limits(), now=NOW)


def test_it_creates_forty_orders_with_all_statuses_over_the_last_weeks(
    app: Flask, demo: DemoResult
) -> None:
    statement = select(tables.orders.c.status, tables.orders.c.created_at)
    with app.app_context(), database.read() as connection:
        rows = connection.execute(statement).all()
    assert demo.orders == len(rows) == 40
    states = Counter(row.status for row in rows)
    assert set(states) == {str(status) for status in Status}
    assert min(states.values()) >= 3
    assert max(row.created_at for row in rows) <= NOW
    assert min(row.created_at for row in rows) > NOW - timedelta(weeks=8)
    assert len({row.created_at.date() for row in rows}) > 20


def test_orders_have_a_history_and_some_have_notes(app: Flask, demo: DemoResult) -> None:
    history, order = tables.order_history, tables.orders
    changes = select(order.c.status, func.count()).join(history, history.c.order_id == order.c.id)
    with app.app_context(), database.read() as connection:
        made = {
            row.status: row[1] / row[2]
            for row in connection.execute(
                changes.add_columns(func.count(order.c.id.distinct())).group_by(order.c.status)
            )
        }
        notes = connection.execute(select(func.count()).select_from(tables.order_note)).scalar_one()
        newest = connection.execute(select(func.max(history.c.at))).scalar_one()
    assert made == {"List": 1, "In Cart": 1, "New": 1, "In Progress": 2, "Complete": 3}
    assert notes == 4
    assert newest <= NOW


def test_orders_come_from_every_source_and_some_have_old_items(
    app: Flask, demo: DemoResult
) -> None:
    order, line = tables.orders, tables.cart_line
    with app.app_context(), database.read() as connection:
        makers = connection.execute(select(order.c.created_by).distinct()).scalars().all()
        items = [row[0] for row in connection.execute(select(order.c["items"])) if row[0] != []]
        lines = connection.execute(
            select(func.count()).group_by(line.c.order_id).select_from(line)
        ).scalars()
        assert set(lines) >= {1, 2, 3, 5}
    assert len(makers) == 3
    assert any("id" in entries[0] for entries in items)
    assert any("sku" in entries[0] for entries in items)


def test_every_configuration_is_found_by_its_sku_and_has_its_picture(
    app: Flask, demo: DemoResult
) -> None:
    with app.app_context():
        found = products.resolve([product.sku for product in WORKSHOP.products], demo.org_id)
    assert demo.configurations == len(found) == 20
    for sku, product in found.items():
        assert product.sku == sku
        assert product.product_name
        assert len(product.variant) >= 2
        assert product.thumbnail == f"/static/demo/{sku}.svg"
        assert (PROJECT / product.thumbnail.removeprefix("/")).is_file()


def test_the_account_and_the_tokens_work(app: Flask, demo: DemoResult) -> None:
    with app.app_context():
        member = access.sign_in(demo.email, demo.password)
        assert member is not None
        assert member.org_id == demo.org_id
        assert access.sign_in(demo.email, demo.password + "x") is None
        assert access.authenticate(demo.private_token, origin=None).is_private
        for host in ("localhost", "shop.example", "my.shop.example"):
            page = access.authenticate(demo.public_token, origin=Origin(host, 3000))
            assert (page.org_id, page.is_private) == (demo.org_id, False)
        with pytest.raises(Forbidden):
            access.authenticate(demo.public_token, origin=Origin("elsewhere.example", None))


def test_some_customers_have_records_with_valid_defaults(app: Flask, demo: DemoResult) -> None:
    with app.app_context():
        page = list_customers(demo.org_id, CustomerFilter(), Paging())
        known = {one.customer_id for one in WORKSHOP.customers}
        assert {one.customer_id for one in page.entries} < known
        assert page.count >= 5
        assert all(one.name and one.defaults for one in page.entries)


def test_orders_are_overdue_due_soon_and_later_and_have_totals(
    app: Flask, demo: DemoResult
) -> None:
    with app.app_context():
        rules = org_rules.org_rules_of(demo.org_id)
        due = due_rule(rules.attributes)
        assert due is not None
        late = limits_of(due, Period.OVERDUE, NOW.date())
        week = limits_of(due, Period.THIS_WEEK, NOW.date())
        later = DateRange(due.key, "2026-03-23", is_open=True)
        found = [
            list_page(demo.org_id, OrderFilter(dates=(one,)), Sort(due.path)).rows
            for one in (late, week, later)
        ]
        totals = read_totals([row.id for row in found[2]], rules.line_attributes)
    assert all(found)
    assert {unit for own in totals.values() for total in own for unit in total.sums} >= {"EUR"}


def test_secrets_are_stored_as_hashes_only(app: Flask, demo: DemoResult) -> None:
    with app.app_context(), database.read() as connection:
        stored = "".join(
            str(row)
            for table in Base.metadata.sorted_tables
            for row in connection.execute(table.select())
        )
    assert demo.email in stored
    for secret in (demo.password, demo.private_token, demo.public_token):
        assert secret not in stored


def test_a_second_demo_is_refused_and_leaves_nothing_behind(app: Flask, demo: DemoResult) -> None:
    def counts() -> dict[str, int]:
        with database.read() as connection:
            return {
                table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
                for table in Base.metadata.sorted_tables
            }

    with app.app_context():
        before = counts()
        with pytest.raises(Conflict, match=demo.email):
            seed_demo(Limits())
        assert counts() == before


def test_the_command_prints_json_and_fails_the_second_time(runner: FlaskCliRunner) -> None:
    first = runner.invoke(args=["seed", "demo"])
    assert first.exit_code == 0
    printed = json.loads(first.stdout)
    assert printed["orders"] == 40
    assert printed["configurations"] == 20
    assert printed["privateToken"].startswith("so_prv_")
    assert printed["publicToken"].startswith("so_pub_")
    second = runner.invoke(args=["seed", "demo"])
    assert second.exit_code == 1
    assert second.stdout == ""
    assert printed["email"] in json.loads(second.stderr)["error"]


def test_attributes_cover_every_kind_and_setting() -> None:
    assert {rule.kind for rule in WORKSHOP.attributes} == set(Kind)
    assert {rule.applies for rule in WORKSHOP.attributes} == set(Applies)
    assert {rule.total for rule in WORKSHOP.attributes} == {Total.NONE, Total.QUANTITY}
    assert [rule.key for rule in WORKSHOP.attributes if rule.is_due] == ["deliveryWeek"]
    assert {rule.visible_to_customer for rule in WORKSHOP.attributes} == {True, False}
    assert any(rule.default is not None for rule in WORKSHOP.attributes)
    assert not [fault for rule in WORKSHOP.attributes for fault in check_definition(rule)]
    required = [rule for rule in WORKSHOP.attributes if rule.required]
    assert required
    # Otherwise the first example of the README would be invalid in the demo.
    assert all(rule.default is not None for rule in required)


def test_the_content_is_the_same_on_every_machine() -> None:
    ids = {product.sku: f"id of {product.sku}" for product in WORKSHOP.products}
    assert list(example_orders(NOW, ids)) == list(example_orders(NOW, ids))


@pytest.mark.parametrize("product", WORKSHOP.products, ids=lambda product: product.sku)
def test_the_stored_drawing_is_what_the_code_renders(product: SampleProduct) -> None:
    stored = (drawings.FOLDER / product.picture).read_text(encoding="ascii")
    assert stored == drawings.render(product), "run `python -m tests.cli.drawings`"
    assert len(stored) < 2000
    root = ElementTree.fromstring(stored)  # noqa: S314 - our own file
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert {element.tag.partition("}")[2] for element in root.iter()} <= {
        "svg", "rect", "path", "ellipse",
    }  # fmt: skip
