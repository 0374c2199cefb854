"""Files that are imported and exported by commands."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import func, select

from orders.services.accounts.account_events import EventKind
from orders.services.accounts.acting import ActorKind
from orders.services.accounts.audit import AuditFilter, list_audit
from orders.services.imports import upload
from orders.storage import database, tables
from tests.actors import Org

pytestmark = pytest.mark.one_database(reason="the services have tests of their own on both")
Run = Callable[..., Result]
CUSTOMERS = "customerId,name,email\nC-1042,Gasthof Zur Linde,huber@linde.example\nC-1043,Nord,\n"
ORDERS = """\
order,name,customerId,sku,count
1,Reception,C-1042,{sku},4
1,Reception,C-1042,{sku},1
2,Canteen,C-1043,{sku},{count}
"""


@pytest.fixture
def run(app: Flask) -> Run:
    return lambda *arguments: app.test_cli_runner().invoke(args=[str(one) for one in arguments])


def said(done: Result) -> dict[str, object]:
    assert done.exit_code == 0, done.output
    found: dict[str, object] = json.loads(done.stdout)
    return found


def refusal(done: Result) -> str:
    assert done.exit_code == 1, done.output
    return str(json.loads(done.stderr))


def exported(done: Result) -> str:
    assert done.exit_code == 0, done.output
    return done.stdout_bytes.decode()


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def count(app: Flask, table: str) -> int:
    with app.app_context():
        statement = select(func.count()).select_from(getattr(tables, table))
        return int(database.fetch_value(statement))


def test_customers_are_checked_imported_and_exported(
    app: Flask, run: Run, org: Org, tmp_path: Path
) -> None:
    org.staff()
    file, back = tmp_path / "customers.csv", tmp_path / "back.csv"
    command = ("import", "customers", file, "--as", org.email)
    file.write_text(CUSTOMERS + "C-1044,Süd,nowhere\n", "utf-8")
    for options in ((), ("--check",)):
        refused = run(*command, *options)
        [error] = json.loads(refused.stderr)["errors"]
        assert (error["row"], error["column"]) == (4, "email")
        assert refused.exit_code == 1
    file.write_text(CUSTOMERS, "utf-8")
    assert said(run(*command, "--check"))["new"] == 2
    assert count(app, "customer") == 0
    assert said(run(*command))["new"] == 2
    assert said(run(*command))["unchanged"] == 2
    printed = exported(run("export", "customers"))
    assert [one["customerId"] for one in rows_of(printed)] == ["C-1042", "C-1043"]
    assert said(run("export", "customers", "--to", back))["count"] == 2
    assert back.read_bytes().decode() == printed
    assert said(run("import", "customers", back, "--as", org.email))["unchanged"] == 2


def test_orders_are_checked_imported_and_exported(
    app: Flask, run: Run, org: Org, tmp_path: Path
) -> None:
    org.staff()
    sku = org.save("Oslo chair", "OSL-1").sku
    file, book = tmp_path / "orders.csv", tmp_path / "orders.xlsx"
    command = ("import", "orders", file, "--as", org.email)
    file.write_text(ORDERS.format(sku=sku, count="many"), "utf-8")
    for options in ((), ("--check",)):
        refused = run(*command, *options)
        assert "row 4, count" in refusal(refused)
    file.write_text(ORDERS.format(sku=sku, count=2), "utf-8")
    assert said(run(*command, "--check"))["new"] == 2
    assert (count(app, "orders"), count(app, "order_import")) == (0, 0)
    assert said(run(*command))["new"] == 2
    assert "imported before" in refusal(run(*command))
    assert said(run(*command, "--again"))["new"] == 2
    assert count(app, "order_import") == 2
    rows = rows_of(exported(run("export", "orders")))
    with app.app_context():
        [event] = list_audit(org.id, AuditFilter(kind=EventKind.ORDERS_EXPORTED)).rows
        assert event.by_kind is ActorKind.COMMAND
    assert sorted(one["count"] for one in rows) == ["1", "1", "2", "2", "4", "4"]
    done = said(run("export", "orders", "--format", "xlsx", "--to", book))
    assert done["count"] == 4
    sheet = upload.read_xlsx(book.read_bytes(), most_rows=99)
    assert (sheet.sheets, len(sheet.rows)) == (("Orders",), 6)
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith(".")] == []


def test_products_are_exported_as_the_desk_imports_them(run: Run, org: Org) -> None:
    short_id = org.save("Oslo chair", "OSL-1").short_id
    [row] = rows_of(exported(run("export", "products")))
    chosen = {"variant.Legs": "Brass", "variant.Wood": "Oak"}
    assert row == {"name": "Oslo chair", "sku": "OSL-1", "shortId": short_id, **chosen}
    for options in ((), ("--to", "-")):
        assert run("export", "products", "--format", "xlsx", *options).exit_code == 2
    assert "cannot be written" in refusal(run("export", "products", "--to", "/nowhere/x.csv"))


def test_the_importing_person_must_be_known(run: Run, org: Org, tmp_path: Path) -> None:
    file = tmp_path / "customers.csv"
    file.write_text(CUSTOMERS, "utf-8")
    command = ("import", "customers", file)
    assert "Name who imports with --as" in refusal(run(*command))
    assert "cannot enter" in refusal(run(*command, "--as", "nobody@desk.example"))
    org.admin()
    assert said(run(*command))["new"] == 2
