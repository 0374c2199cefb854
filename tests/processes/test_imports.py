"""An import survives a kill of the server: it continues, no order twice and none missing."""

import contextlib
import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from app import create_app
from orders.domain.inputs import Limits
from orders.services.imports import control, records, upload
from orders.services.imports.records import Counts, Import, ImportState, OrderState
from orders.settings import Settings
from orders.storage import database, tables
from tests.actors import Org, make_org
from tests.bad_orders import CHAIR
from tests.processes.server import PATIENCE, Server, running
from tests.sheets import csv_of

FEW_KILLS, MANY_KILLS = 1, 6
ORDERS_A_KILL = 150
LONG = 240.0  # seconds; the machine may be busy with other tests
HEADS = ("order", "name", "configurationId", "count")


def kill(server: Server) -> None:
    """Kill everything that the product has started, at the same moment."""
    for process in (server.process.pid, *server.children()):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    server.process.wait(timeout=PATIENCE)


def made(one: Import) -> int:
    statement = select(func.count()).select_from(tables.orders)
    with database.read() as connection:
        return connection.execute(
            statement.where(tables.orders.c.org_id == one.org_id)
        ).scalar_one()


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def running_import(org: Org, orders: int) -> Import:
    """Upload a file of two rows for each order; return the import as soon as it is checked."""
    actor = org.staff().actor
    rows = [(n, f"order {n}", CHAIR, line) for n in range(orders) for line in (1, 2)]
    content = csv_of(HEADS, *rows).encode()
    one = upload.upload("a.csv", content, actor=actor, limits=Limits(), key="k")
    upload.match(one, upload.suggest(one, actor), actor=actor)
    wait_until(lambda: records.find(one.id, org.id).state == ImportState.CHECKED)
    return records.find(one.id, org.id)


def names_and_lines(org_id: str) -> tuple[Counter[str], set[int]]:
    orders, line = tables.orders, tables.cart_line
    lines = select(line.c.order_id, func.count().label("lines")).group_by(line.c.order_id)
    counted = lines.subquery()
    statement = (
        select(orders.c.name, counted.c.lines)
        .join(counted, counted.c.order_id == orders.c.id)
        .where(orders.c.org_id == org_id)
    )
    with database.read() as connection:
        rows = connection.execute(statement).all()
    return Counter(row.name for row in rows), {row.lines for row in rows}


@pytest.mark.parametrize("kills", [FEW_KILLS, pytest.param(MANY_KILLS, marks=pytest.mark.soak)])
def test_an_import_survives_repeated_kills(database_url: str, tmp_path: Path, kills: int) -> None:
    orders = kills * ORDERS_A_KILL
    folder = tmp_path / "data"
    folder.mkdir()
    app: Flask = create_app(
        Settings(data_dir=folder, database_url=database_url, secret_key="x" * 32)
    )
    with app.app_context():
        org = make_org(app, "Killed")
        with running(folder, database_url) as server:
            one = running_import(org, orders)
            control.start(
                one, actor=org.staff().actor, all_or_nothing=True, skip_same=False, again=False
            )
            wait_until(lambda: made(one) > 5)
            kill(server)
        for _ in range(1, kills):
            before = made(one)
            assert 0 < before < orders, "it was killed in the middle"
            with running(folder, database_url) as server:
                enough = min(before + ORDERS_A_KILL // 2, orders - 100)
                while made(one) <= enough:
                    time.sleep(0.05)
                kill(server)
        assert made(one) < orders
        with running(folder, database_url):
            wait_until(lambda: records.find(one.id, org.id).state == ImportState.DONE)
        found = records.find(one.id, org.id)
        assert records.counts(found) == Counts(made=orders)
        names, lines = names_and_lines(org.id)
        assert names == Counter(f"order {n}" for n in range(orders))
        assert lines == {2}
        codes = {order.short_id for order in records.read_orders(found, (OrderState.MADE,))}
        assert len(codes) == orders
        database.close()
