"""What is older than the settings allow is deleted, and nothing else."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from flask import Flask
from sqlalchemy import func, select

from orders.services import retention
from orders.services.orders import changes
from orders.storage import database, tables
from tests.actors import Org
from tests.desk.test_pages import make_order
from tests.services.imports.steps import GOOD, checked, started, worked

NOW = datetime.now(UTC)


def counts() -> tuple[int, ...]:
    """Return the numbers of orders, imports, their rows, and events."""
    every = (tables.orders, tables.order_import, tables.order_import_row, tables.audit_event)
    return tuple(database.fetch_value(select(func.count()).select_from(table)) for table in every)


def test_old_data_is_deleted_after_its_days(app: Flask, org: Org) -> None:
    settings = app.config["SETTINGS"]
    gone, _ = make_order(org, name="gone")["id"], make_order(org, name="stays")
    org.staff()
    with app.app_context():
        changes.bin_order(gone, actor=org.actor(), now=NOW)
        done = worked(started(checked(org, GOOD), org), org)
        [first, *_] = database.fetch_all(select(tables.order_import_order.c.order_id))
        changes.bin_order(first.order_id, actor=org.actor(), now=NOW)
        before = counts()
        assert before[:3] == (5, 1, 4)
        assert before[3] > 2
        retention.clear_old(settings, now=NOW + timedelta(days=89))
        assert counts() == before
        never = replace(settings, deleted_order_days=0, import_days=0, audit_days=0)
        retention.clear_old(never, now=NOW + timedelta(days=9000))
        assert counts() == before
        retention.clear_old(settings, now=NOW + timedelta(days=91))
        assert counts() == (3, *before[1:])
        assert done.finished_at is not None
        retention.clear_old(settings, now=done.finished_at + timedelta(days=366))
        assert counts() == (3, 0, 0, before[3])
        retention.clear_old(settings, now=NOW + timedelta(days=732))
        assert counts() == (3, 0, 0, 0)
