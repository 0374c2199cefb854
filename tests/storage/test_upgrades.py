"""Every schema that has been released, with rows in every table, is upgraded to the newest."""

import json
from datetime import UTC, date, datetime
from typing import Any

import flask_migrate
import pytest
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import Column, Connection, Date, DateTime, MetaData, func, select

from orders.settings import MIGRATIONS
from orders.storage import database

FOLDER = str(MIGRATIONS)
REVISIONS = sorted(one.revision for one in ScriptDirectory(FOLDER).walk_revisions())
SOME = ("0001",)
# What migrations read from columns that are texts to the database.
LISTS = {"options", "attachments", "domains", "topics", "cart", "items"}
VALUES = {"kind": "text", "applies": "order", "role": "sales", "status": "open"}


def value_of(column: "Column[Any]", number: int) -> object:
    """Return a value for a column; the numbers of two rows of one table differ."""
    kind, length = column.type, getattr(column.type, "length", None)
    if isinstance(kind, DateTime):
        return datetime(2026, 11, 24, 9, number, tzinfo=UTC)
    if isinstance(kind, Date):
        return date(2026, 11, number)
    if kind.python_type is not str:
        return kind.python_type(number)
    if column.name in VALUES:
        return VALUES[column.name]
    if length is None:
        return "[]" if column.name in LISTS else json.dumps({"Wood": f"Oak {number}"})
    return f"{number} {column.name}"[:length]


def fill(connection: Connection) -> dict[str, int]:
    """Put two rows into each table, which refer to those of other tables; return their number."""
    schema = MetaData()
    schema.reflect(connection)
    made: dict[str, list[dict[str, object]]] = {"alembic_version": []}
    for table in schema.sorted_tables:
        if table.name in made or table.name.startswith("order_trigram"):  # a trigger fills it
            continue
        made[table.name] = []
        for number in (1, 2):
            row = {one.name: value_of(one, number) for one in table.columns}
            for key in table.foreign_keys:
                parents = made.get(key.column.table.name)
                row[key.parent.name] = parents[number - 1][key.column.name] if parents else None
            connection.execute(table.insert(), row)
            made[table.name].append(row)
    return {name: len(rows) for name, rows in made.items() if rows}


@pytest.mark.own_database(reason="it migrates the database there and back")
@pytest.mark.parametrize(
    "revision",
    [one if one in SOME else pytest.param(one, marks=pytest.mark.soak) for one in REVISIONS],
)
def test_a_database_with_rows_is_upgraded(app: Flask, revision: str) -> None:
    with app.app_context():
        database.close()
        flask_migrate.downgrade(directory=FOLDER, revision="base")
        flask_migrate.upgrade(directory=FOLDER, revision=revision)
        with database.transaction() as connection:
            before = fill(connection)
        flask_migrate.upgrade(directory=FOLDER)
        with database.read() as connection:
            schema = MetaData()
            schema.reflect(connection)
            after = {
                name: connection.execute(select(func.count()).select_from(table)).scalar_one()
                for name, table in schema.tables.items()
                if name in before
            }
    assert after == {name: rows for name, rows in before.items() if name in after}
    assert {"org", "orders", "cart_line", "configuration"} <= set(after)
