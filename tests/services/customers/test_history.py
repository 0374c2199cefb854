"""The history of customer records: what is kept, by whom, and until when."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from orders.domain.errors import StaleVersion
from orders.domain.inputs import Limits
from orders.services.accounts.history import HistoryEntry
from orders.services.customers import customer_history, customers
from orders.services.customers.customer_history import read_customer_history
from orders.services.customers.customer_queries import find_customer
from orders.services.imports.customer_import import import_file
from orders.storage import database, tables
from tests.actors import Org
from tests.services.customers.test_customers import NOW, add


def change(org: Org, customer_id: str, **fields: object) -> None:
    later = NOW + timedelta(minutes=1)
    customers.change(customer_id, fields, actor=org.actor(), limits=Limits(), now=later)


def entries(org: Org, customer_id: str = "C-1") -> tuple[HistoryEntry, ...]:
    return read_customer_history(customer_id, org.id)


def actions(org: Org, customer_id: str = "C-1") -> list[str]:
    return [one.action for one in entries(org, customer_id)]


def test_each_change_is_kept_with_both_values_the_actor_and_the_time(app: Flask, org: Org) -> None:
    home, depot = {"label": "Home"}, {"label": "Depot", "lines": ["1 Quay"]}
    after: dict[str, Any] = {"addresses": [home, depot], "defaults": {"floor": 3, "x": None}}
    with app.app_context():
        add(org, "C-1", name="Linde", addresses=[home], defaults={"floor": 2})
        change(org, "C-1", name="Zur Linde", **after)
        created, changed = entries(org)
        assert (created.action, created.changes, created.at) == ("created", {}, NOW)
        assert (changed.action, changed.at) == ("changed", NOW + timedelta(minutes=1))
        assert (changed.actor_name, changed.actor_kind) == ("script", "token")
        assert changed.changes["name"] == {"from": "Linde", "to": "Zur Linde"}
        assert changed.changes["defaults"] == {"from": {"floor": 2}, "to": {"floor": 3, "x": None}}
        assert [one["label"] for one in changed.changes["addresses"]["to"]] == ["Home", "Depot"]
        assert changed.changes.keys() == {"name", "addresses", "defaults"}


def test_what_changes_nothing_or_fails_leaves_no_entry(app: Flask, org: Org) -> None:
    with app.app_context():
        record = add(org, "C-1", name="Linde")
        change(org, "C-1", name="Linde", defaults={})
        customers.restore(record.id, actor=org.actor())
        again = {"customerId": "C-1", "name": "Linde"}
        customers.create(
            {**again, "customerId": "C-2"}, actor=org.actor(), limits=Limits(), record_id=record.id
        )
        with pytest.raises(StaleVersion):
            customers.change(
                "C-1", {"name": "x"}, actor=org.actor(), limits=Limits(), is_current=lambda _: False
            )
        assert actions(org) == ["created"]
        assert actions(org, "C-2") == []


def test_a_record_that_replaces_a_deleted_one_continues_its_history(
    app: Flask, org: Org, other_org: Org
) -> None:
    with app.app_context():
        record = add(org, "C-1", name="Linde")
        add(other_org, "C-1")
        customers.remove("C-1", actor=org.staff().actor)
        customers.restore(record.id, actor=org.staff().actor)
        customers.remove("C-1", actor=org.actor())
        add(org, "C-1", name="Other")
        assert actions(org) == ["created", "binned", "restored", "binned", "created"]
        assert [one.actor_kind for one in entries(org)][:3] == ["token", "staff", "staff"]
        assert actions(other_org) == ["created"]


def test_an_import_is_told_apart_and_writes_all_entries_or_none(app: Flask, org: Org) -> None:
    with app.app_context():
        add(org, "C-1", name="Linde")
        add(org, "C-2", name="Same")
        actor, text = org.staff().actor, "customerId,name\nC-1,Eiche\nC-2,Same\nC-3,New\n"
        import_file(text.encode(), actor=actor, limits=Limits())
        *_, changed = entries(org)
        assert (changed.action, changed.changes) == (
            "imported", {"name": {"from": "Linde", "to": "Eiche"}},
        )  # fmt: skip
        assert actions(org, "C-2") == ["created"]
        assert [(one.action, one.actor_name) for one in entries(org, "C-3")] == [
            ("imported", org.email)
        ]
        new = customers.check({"customerId": "C-4"}, actor=actor, limits=Limits())
        stale = find_customer("C-1", org.id)._replace(version=1, name="x")
        with pytest.raises(StaleVersion):
            customers.save_all([new], [stale], actor=actor)
        assert actions(org, "C-4") == []


def test_the_history_ends_with_the_record(app: Flask, org: Org) -> None:
    with app.app_context():
        for customer_id in ("C-1", "C-2", "C-3"):
            add(org, customer_id)
        customers.remove("C-1", actor=org.actor(), now=NOW)
        later = NOW + customers.KEPT_FOR + timedelta(seconds=1)
        customers.remove("C-2", actor=org.actor(), now=later)
        assert actions(org, "C-1") == []
        assert actions(org, "C-2") == ["created", "binned"]
        assert actions(org, "C-3") == ["created"]


def test_only_the_newest_entries_are_read(
    app: Flask, org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(customer_history, "MOST_ENTRIES", 2)
    with app.app_context():
        add(org, "C-1", name="0")
        for name in "123":
            change(org, "C-1", name=name)
        assert [one.changes["name"]["to"] for one in entries(org)] == ["2", "3"]
        stored = select(func.count()).select_from(tables.customer_history)
        assert database.fetch_value(stored) == 4
