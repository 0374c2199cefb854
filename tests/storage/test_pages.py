"""Pages of a list: the statements for them."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from orders.services.orders.order_filter import OrderFilter
from orders.services.orders.order_list import find_orders
from orders.storage import database
from orders.storage.pages import Paging
from tests.actors import Org


def asked(app: Flask, org: Org, sort: str) -> list[str]:
    """Return the statements that read a customer's orders for a page, which finds none."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:  # noqa: ANN401 - SQLAlchemy's own
        seen.append(" ".join(statement.split()))

    with app.app_context():
        event.listen(database.db.engine, "before_cursor_execute", note)
        find_orders(org.id, OrderFilter(customer_id="C-1"), Paging(sort=sort))
        event.remove(database.db.engine, "before_cursor_execute", note)
    return [one for one in seen if "FROM orders" in one]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("-createdAt", "ORDER BY orders.created_at DESC, orders.id DESC LIMIT"),
        ("createdAt", "ORDER BY orders.created_at ASC, orders.id ASC LIMIT"),
        ("name", "ORDER BY orders.name_key ASC NULLS LAST, orders.id ASC LIMIT"),
        ("-name", "ORDER BY orders.name_key DESC NULLS LAST, orders.id DESC LIMIT"),
    ],
)
def test_nulls_are_put_last_only_where_there_are_any(
    app: Flask, org: Org, sort: str, order: str
) -> None:
    """The index by time cannot serve an ORDER BY that places nulls."""
    _counted, page = asked(app, org, sort)
    assert order in page


def test_orders_are_counted_without_reading_them(app: Flask, org: Org) -> None:
    counted, _page = asked(app, org, "-createdAt")
    assert counted.startswith("SELECT count(*) AS count_1 FROM (SELECT ")
    assert "LIMIT" in counted
    assert "ORDER BY" not in counted
    assert "cart_line" not in counted
