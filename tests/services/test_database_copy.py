"""The database copied from SQLite to PostgreSQL and back, interrupted, and refused."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select, update

from orders.domain.inputs import Limits
from orders.interfaces.cli.demo.seed import seed_demo
from orders.services import database_copy
from orders.services.accounts import orgs
from orders.storage import database, table_copies, tables
from orders.storage.table_copies import copy_rows
from tests.databases import copy_sqlite, own_app, settings_for
from tests.postgres import new_database

Rows = dict[str, list[tuple[object, ...]]]
pytestmark = pytest.mark.one_database(reason="the test itself uses both")


@contextmanager
def other(url: str, folder: Path) -> Iterator[Flask]:
    with own_app(settings_for(url, folder)) as app:
        yield app


def stored(app: Flask) -> Rows:
    """Return every row of every table, sorted."""
    with app.app_context(), database.read() as connection:
        return {
            one.name: sorted((tuple(row) for row in connection.execute(select(one))), key=repr)
            for one in table_copies.copied_tables()
        }


def copy(app: Flask, url: str, *more: str) -> Result:
    return app.test_cli_runner().invoke(args=["database", "copy", "--to", url, *more])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """An empty SQLite database with all tables."""
    copy_sqlite(tmp_path, "back.sqlite3")
    return tmp_path / "back.sqlite3"


def interrupted(*arguments: Any) -> object:  # noqa: ANN401 - those of `copy_rows`
    if arguments[2].name == "cart_line":
        raise KeyboardInterrupt
    return copy_rows(*arguments)


def test_the_demo_is_the_same_on_postgresql_and_back_on_sqlite(
    app: Flask, postgres: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context():
        demo = seed_demo(Limits())
    headers = {"Authorization": f"Bearer {demo.private_token}"}

    def answer(of: Flask) -> bytes:
        found = of.test_client().get("/api/orders?perPage=100", headers=headers)
        assert found.status_code == 200, found.text
        return bytes(found.data)

    said, rows = answer(app), stored(app)
    with new_database(postgres, "copied_orders") as url:
        monkeypatch.setattr(table_copies, "copy_rows", interrupted)
        with pytest.raises(KeyboardInterrupt), app.app_context():
            database_copy.copy_database(url)
        monkeypatch.undo()
        with other(url, file.parent) as there:
            _a_copy_is_finished_by_the_command(app, url, there)
            assert stored(there) == rows
            assert answer(there) == said
            done = copy(there, f"sqlite:///{file}")
            assert done.exit_code == 0, done.output
            # The rows of its history get numbers of their own.
            new = there.test_client().post("/api/orders", json={"status": "List"}, headers=headers)
            assert new.status_code == 201, new.text
    with other(f"sqlite:///{file}", file.parent) as back:
        assert stored(back) == rows
        assert answer(back) == said


def _a_copy_is_finished_by_the_command(app: Flask, url: str, there: Flask) -> None:
    refused = there.test_cli_runner().invoke(args=["database", "check"])
    assert "A copy into this database was interrupted." in json.loads(refused.stderr)["error"]
    assert "--continue" in json.loads(copy(app, url).stderr)["error"]
    with there.app_context():
        database.execute(update(tables.orders).values(name="as nobody wrote it"))
    done = copy(app, url, "--continue")
    assert done.exit_code == 0, done.output
    report = {one["table"]: one for one in json.loads(done.stdout)}
    assert report["orders"]["here"] == report["orders"]["there"] == 40
    copied = {name for name, one in report.items() if one["isCopied"]}
    assert {"orders", "cart_line", "order_history"} <= copied
    assert not {"org", "configuration", "staff_account"} & copied
    again = copy(app, url, "--continue")
    assert "is not empty: it has rows in org" in json.loads(again.stderr)["error"]


def test_a_service_that_writes_meanwhile_is_noticed(
    app: Flask, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def written_meanwhile(*arguments: Any) -> object:  # noqa: ANN401 - as above
        if arguments[2].name == "org":
            orgs.add_org("Meanwhile")
        return copy_rows(*arguments)

    monkeypatch.setattr(table_copies, "copy_rows", written_meanwhile)
    refused = copy(app, f"sqlite:///{file}")
    assert "the service has written to org" in json.loads(refused.stderr)["error"]
    monkeypatch.undo()
    assert copy(app, f"sqlite:///{file}", "--continue").exit_code == 0


def test_databases_that_cannot_be_the_target_are_refused(app: Flask, tmp_path: Path) -> None:
    (tmp_path / "empty.sqlite3").touch()
    for url, said in (
        ("mysql://x", "--to must begin with sqlite:/// or postgresql://"),
        (f"sqlite:///{tmp_path}/none.sqlite3", "There is no database"),
        (f"sqlite:///{tmp_path}/empty.sqlite3", "has no tables"),
        ("postgresql://127.0.0.1:1/x", "cannot be opened: connection failed"),
    ):
        refused = copy(app, url)
        assert refused.exit_code == 1, url
        assert said in json.loads(refused.stderr)["error"]
