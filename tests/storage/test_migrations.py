"""What a migration does with existing rows."""

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import select, text

from orders.settings import PROJECT
from orders.storage import database, tables
from tests.actors import Org
from tests.desk.test_pages import make_order

FOLDER = str(PROJECT / "orders" / "storage" / "migrations")


@pytest.mark.own_database(reason="it migrates the database there and back")
def test_orders_from_before_the_migration_are_found_by_their_values(app: Flask, org: Org) -> None:
    made = make_order(
        org, name="Größe", derivative={"net": 12.5}, platform={"id": "S-1", "storeName": "North"},
        metadata={"a": {"b": "Oak", "c": {"d": 7, "e": None, "f": True}}, "g": "x" * 3000},
    )  # fmt: skip
    make_order(org)
    column = tables.orders.c.search_text
    with app.app_context():
        with database.read() as connection:
            before = connection.execute(select(column).order_by(column)).scalars().all()
        database.close()
        flask_migrate.downgrade(directory=FOLDER, revision="0002")
        database.write(
            lambda connection: connection.execute(
                text("UPDATE orders SET search_text = ''")
            ).close()
        )
        flask_migrate.upgrade(directory=FOLDER)
        with database.read() as connection:
            after = connection.execute(select(column).order_by(column)).scalars().all()
    assert after == before
    assert len(after) == 2
    assert f"{made['shortId'].casefold()}\ngrösse\ns-1\nnorth\noak\n7\nxxx" in after[0] + after[1]
