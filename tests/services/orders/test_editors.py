"""Who has an order open, and an order as it was before its changes."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from orders.domain.errors import NotFound, StaleVersion
from orders.domain.inputs import Limits
from orders.domain.order import Order
from orders.services.orders import changes as order_changes
from orders.services.orders import intake, order_edits
from orders.services.orders.order_edits import order_at
from tests.actors import Org
from tests.bad_orders import CHAIR

NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
TABLE = "b2f7c1de-8a44-4d0b-9a39-0c5f2a7d6e11"


def place(org: Org, **fields: object) -> Order:
    raw = {"name": "Oak", "cart": [{"configurationId": CHAIR, "count": 2}], **fields}
    actor = org.actor()
    return intake.create_order(intake.check_order(raw, actor=actor, limits=Limits()), actor=actor)


def test_two_people_see_each_other_while_both_have_it_open(app: Flask, org: Org) -> None:
    with app.app_context():
        order, sales, admin = place(org), org.staff(), org.admin()
        assert order_edits.note_editor(order.short_id, sales, now=NOW) == []
        assert order_edits.note_editor(order.short_id, admin, now=NOW) == [sales.email]
        later = NOW + timedelta(seconds=order_edits.RENEWED)
        assert order_edits.note_editor(order.id, sales, now=later) == [admin.email]
        much_later = later + order_edits.SILENT_FOR
        assert order_edits.note_editor(order.id, admin, now=much_later) == []
        order_edits.leave(order.id, admin)
        assert order_edits.note_editor(order.id, sales, now=much_later) == []
        assert order_edits.clear_old(much_later + order_edits.SILENT_FOR) == 1


def test_a_stranger_s_order_cannot_be_open(app: Flask, org: Org, other_org: Org) -> None:
    with app.app_context():
        order = place(org)
        with pytest.raises(NotFound):
            order_edits.note_editor(order.id, other_org.staff())


def test_an_order_is_read_back_as_it_was(app: Flask, org: Org) -> None:
    def change(raw: object) -> Order:
        changes = order_changes.check_changes(raw, actor=actor, limits=Limits())
        return order_changes.change_order(versions[0].id, changes, actor=actor)

    with app.app_context():
        actor = org.actor()
        versions = [place(org, metadata={"room": "7"})]
        line = {"configurationId": TABLE, "count": 1, "metadata": {"a": [1]}}
        versions.append(change({"name": None, "customerId": "C-1"}))
        versions.append(change({"metadata": {"gift": True}, "platform": {"id": "A-1"}}))
        lines = order_changes.check_lines([line], actor=actor, limits=Limits())
        versions.append(
            order_changes.add_lines(versions[0].id, lines, actor=actor, limits=Limits())
        )
        versions.append(change({"cart": [line], "status": "Complete"}))
        order_changes.cancel_order(versions[0].id, "Ordered twice", actor=actor)
        versions.append(order_changes.reopen_order(versions[0].id, actor=actor))
        order_changes.bin_order(versions[0].id, actor=actor)
        versions.append(order_changes.restore_order(versions[0].id, actor=actor))
        now = versions[-1]
        assert now.version == 9
        for earlier in versions:
            was = order_at(now, earlier.version)
            assert was == earlier._replace(updated_at=was.updated_at, deleted_at=was.deleted_at)
        for never in (0, now.version + 1):
            with pytest.raises(StaleVersion):
                order_at(now, never)
