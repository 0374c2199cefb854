"""Customer records: deletions become final, files meet changes, and sort keys are rebuilt."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from orders.domain.customer import Customer
from orders.domain.errors import NotFound, StaleVersion, Taken
from orders.domain.inputs import Limits
from orders.services.customers import customers
from orders.services.customers.customer_queries import find_customer
from orders.storage import database
from orders.storage.tables import customer
from tests.actors import Org

NOW = datetime(2026, 11, 25, tzinfo=UTC)


def add(org: Org, customer_id: str, **fields: object) -> Customer:
    raw = {"customerId": customer_id, **fields}
    return customers.create(raw, actor=org.actor(), limits=Limits(), now=NOW)


def test_a_deletion_becomes_final_after_a_month(app: Flask, org: Org) -> None:
    with app.app_context():
        old, young = add(org, "C-1"), add(org, "C-2")
        customers.remove("C-1", actor=org.actor(), now=NOW)
        later = NOW + customers.KEPT_FOR + timedelta(seconds=1)
        customers.remove("C-2", actor=org.actor(), now=later)
        with pytest.raises(NotFound):
            customers.restore(old.id, actor=org.actor())
        assert customers.restore(young.id, actor=org.actor()).deleted_at is None
        assert database.fetch_value(select(func.count()).select_from(customer)) == 1


def test_a_file_does_not_overwrite_what_was_changed_meanwhile(app: Flask, org: Org) -> None:
    with app.app_context():
        actor = org.actor()
        read, other = add(org, "C-1", name="Read"), add(org, "C-2", name="Other")
        customers.change("C-1", {"name": "Theirs"}, actor=actor, limits=Limits())
        new = customers.check({"customerId": "C-3"}, actor=actor, limits=Limits())
        changed = [other._replace(name="Mine"), read._replace(name="Mine")]
        with pytest.raises(StaleVersion):
            customers.save_all([new], changed, actor=actor)
        taken = {**new, "customer_id": "C-1"}
        with pytest.raises(Taken):
            customers.save_all([new, taken], [], actor=actor)
        assert find_customer("C-1", org.id).name == "Theirs"
        assert find_customer("C-2", org.id) == other
        with pytest.raises(NotFound):
            find_customer("C-3", org.id)


def test_sort_keys_of_an_older_version_are_rebuilt(app: Flask, org: Org) -> None:
    with app.app_context():
        add(org, "C-1", name="Äpfel")
        keys = select(customer.c.name_key, customer.c.customer_key, customer.c.sort_version)
        before = database.fetch_one(keys)
        database.execute(update(customer).values(name_key="x", customer_key="x", sort_version=0))
        assert customers.rebuild_sort_keys() == 1
        assert database.fetch_one(keys) == before
        assert customers.rebuild_sort_keys() == 0
