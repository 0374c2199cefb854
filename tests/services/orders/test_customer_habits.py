"""What the order form knows of a customer: one set of indexed queries."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import event

from orders.domain.attributes import AttributeRule, Kind, Option
from orders.domain.inputs import Limits
from orders.services.customers import customers
from orders.services.orders import changes, intake
from orders.services.orders.customer_habits import (
    UsualCount,
    load_habits,
    usual_lines,
    usual_values_of,
)
from orders.storage import database
from tests.actors import Org
from tests.bad_orders import CHAIR
from tests.plans import noted_plans

COUNTRIES = (Option("AT", "Austria"), Option("DE", "Germany"))
COUNTRY = AttributeRule("country", "Country", Kind.OPTION, COUNTRIES)
RULES = (COUNTRY,)
START = datetime(2026, 11, 1, tzinfo=UTC)


def place(
    org: Org, day: int, *lines: tuple[str, int], customer: str = "C-1", **fields: object
) -> str:
    cart = [{"configurationId": name, "count": count} for name, count in lines or ((CHAIR, 1),)]
    raw = {"customerId": customer, "cart": cart, **fields}
    draft = intake.check_order(raw, actor=org.actor(), limits=Limits())
    return intake.create_order(draft, actor=org.actor(), now=START + timedelta(days=day)).id


@contextmanager
def noted_statements() -> Iterator[list[str]]:
    """Record the SELECT statements of the block."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.lstrip().startswith("SELECT"):
            sent.append(statement)

    engine = database.db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_all_that_is_known_of_a_customer(app: Flask, org: Org, other_org: Org) -> None:
    with app.app_context():
        chair = org.save("Oslo chair", "OSL-1")
        austria = {"country": "AT"}
        for day, count in enumerate((2, 14, 14)):
            place(org, day, (chair.id, count), (CHAIR, 3), metadata=austria)
        cart = place(org, 8, (chair.id, 5), status="In Cart", metadata={"country": "DE"})
        changes.bin_order(
            place(org, 9, (chair.id, 99), metadata={"country": "DE"}), actor=org.actor()
        )
        place(other_org, 9, (CHAIR, 99), metadata={"country": "DE"})
        place(org, 9, (chair.id, 99), customer="C-2")
        last = place(org, 7, (chair.short_id, 7), metadata=austria)

        found = load_habits(" C\u20111\0", org.id, RULES)
        assert (found.customer_id, found.record, found.is_known) == ("C-1", None, True)
        assert found.values["metadata.country"].value == "AT"
        assert [one.pieces for one in found.last] == [7, 17, 17]
        assert [(one.id, one.pieces) for one in found.carts] == [(cart, 5)]
        assert found.usual_count(chair.id, chair.short_id) == UsualCount(3, 14)
        assert found.usual_count("x", CHAIR) == UsualCount(3, 3)
        [usual] = usual_lines(found, org.id)  # nobody can order what is not saved
        assert (usual.reference, usual.count) == ("OSL-1", 14)

        own = found.last[0].short_id
        assert found.last[0].id == last
        but = load_habits("C-1", org.id, RULES, but=own)
        assert [one.pieces for one in but.last] == [17, 17, 5]


def test_an_unknown_customer_and_none(app: Flask, org: Org) -> None:
    with app.app_context():
        assert not load_habits("nobody", org.id, RULES).is_known
        assert load_habits(" \0", org.id, RULES).customer_id == ""


def test_the_record_comes_first_for_one_and_for_many(app: Flask, org: Org) -> None:
    with app.app_context():
        org.define(COUNTRY)
        for day in range(3):
            for customer in ("C-1", "C-2", "C-3"):
                place(org, day, customer=customer, metadata={"country": "AT"})
        raw = {"customerId": "C-2", "name": "Gasthof", "defaults": {"country": "DE"}}
        customers.create(raw, actor=org.actor(), limits=Limits())
        found = usual_values_of(["C-1", "C-2", "C-9", ""], org.id, RULES)
        usual = {one: habits["metadata.country"].value for one, habits in found.items() if habits}
        assert usual == {"C-1": "AT", "C-2": "DE"}
        assert load_habits("C-2", org.id, RULES).values == found["C-2"]
        assert load_habits("C-2", org.id, RULES).shown_name == "Gasthof"


@pytest.mark.one_database(reason="reads query plans of SQLite")
def test_every_statement_searches_by_customer(app: Flask, org: Org) -> None:
    with app.app_context():
        for day in range(3):
            place(org, day, metadata={"country": "AT"})
        for look_up in (
            lambda: load_habits("C-1", org.id, RULES),
            lambda: usual_values_of(["C-1"], org.id, RULES),
            lambda: usual_values_of(["C-1", "C-2"], org.id, RULES),
        ):
            with noted_plans() as steps:
                look_up()
            assert steps
            assert not [one for one in steps if "ix_orders_list" in one or "SCAN orders" in one]


@pytest.mark.parametrize("orders", [1, 12])
def test_the_number_of_statements_does_not_grow_with_the_orders(
    app: Flask, org: Org, orders: int
) -> None:
    with app.app_context():
        for day in range(orders):
            place(org, day, metadata={"country": "AT"})
        with noted_statements() as sent:
            load_habits("C-1", org.id, RULES)
        assert len(sent) <= 8
