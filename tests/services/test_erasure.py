"""An erased customer is nowhere: not in a row, a file, or a freed page; the orders stay."""

import json
import os
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner
from sqlalchemy import insert, select, text

from orders.domain.attributes import Applies, AttributeRule, Kind
from orders.domain.configuration import ConfigurationInput
from orders.domain.erasure import traces_of
from orders.domain.errors import Conflict
from orders.domain.inputs import Limits
from orders.domain.uploads import NewFile
from orders.services import request_log
from orders.services.accounts import access, account_erasure, accounts, audit, own_account
from orders.services.accounts.audit import AuditFilter
from orders.services.catalog import configurations
from orders.services.customers import customers
from orders.services.erasure import erase_customer
from orders.services.imports import control
from orders.services.imports.records import ImportState
from orders.services.orders import changes, notes, queries
from orders.services.request_log import RequestRecord
from orders.storage import database, tables
from tests.actors import PASSWORD, Org
from tests.bad_orders import CHAIR
from tests.desk.test_pages import make_order
from tests.services.imports.steps import checked, started, uploaded, worked
from tests.sheets import csv_of

ID = "Qwyz-7"
MARK = re.compile(rb"qwyz", re.IGNORECASE)
HEADS = ("order", "name", "customerId", "configurationId", "count")


def people(client: FlaskClient, app: Flask, org: Org) -> str:
    """Put the customer into every place that can have one; return the ID of their order."""
    actor, staff = org.actor(), org.staff().actor
    token = {"Authorization": f"Bearer {org.private.secret}"}
    hook = {"topic": "order.created", "address": "https://shop.example/hook", "filter": {}}
    assert client.post("/api/webhooks", json=hook, headers=token).status_code == 201
    order = {
        "name": "Kitchen of Qwyz", "customerId": f" {ID} ", "platform": {"id": "QWYZ-1"},
        "metadata": {"email": "anna@qwyz.example", "greeting": "Dear Qwyz", "floor": 3},
        "derivative": {"net": 12.5, "note": "for Qwyz"},
        "cart": [{"configurationId": CHAIR, "count": 2,
                  "metadata": {"engraving": "Qwyz", "height": 74}}],
    }  # fmt: skip
    made = client.post("/api/orders", json=order, headers={**token, "Idempotency-Key": "qwyz-key"})
    reference = made.json["id"]  # type: ignore[index]
    limits = app.config["SETTINGS"].limits
    record = {
        "customerId": ID, "name": "Qwyz Ltd", "contact": "Anna Qwyz", "email": "anna@qwyz.example",
        "phone": "+49 30 99887766", "notes": "Qwyz likes oak", "defaults": {"floor": 3},
        "addresses": [{"label": "Qwyz", "lines": ["Qwyz 1"], "city": "Qwyz", "postalCode": "1",
                       "country": "DE"}],
    }  # fmt: skip
    answer = client.post("/api/customers", json=record, headers={**token, "Idempotency-Key": "k"})
    assert answer.status_code == 201, answer.json
    with app.app_context():
        customers.change(ID, {"name": "Qwyz GmbH"}, actor=actor, limits=limits)
        change = changes.check_changes({"name": "Qwyz, changed"}, actor=actor, limits=limits)
        changes.change_order(reference, change, actor=actor, pasted="From: Qwyz")
        changes.cancel_order(reference, "Qwyz moved", actor=actor)
        changes.note_link_sent(reference, "anna@qwyz.example", actor=staff)
        notes.add_note(reference, "Call Qwyz", actor=staff)
        row = ("1", "Qwyz", ID, CHAIR, 4), ("2", "Other", "c-2", CHAIR, 1)
        worked(started(checked(org, csv_of(HEADS, *row)), org), org)
        uploaded(org, csv_of(HEADS, ("9", "x", ID, CHAIR, 9)), key="second")
        saved = ConfigurationInput.model_construct(
            customer_id=ID, variant={"Wood": "Oak", "Text": "For Qwyz"}, creator="Qwyz",
            metadata={"name": "Table", "sku": "T-1", "for": "Qwyz"},
        )  # fmt: skip
        file = NewFile("drawing", "qwyz.txt", "text/plain", b"Qwyz's drawing")
        store = app.extensions["files"]
        configurations.create_configuration(saved, [file], actor=actor, store=store, limits=limits)
        fields = [["customerId", ID], ["name", "Qwyz"], ["note", "plain"]]
        at, own = datetime.now(UTC), {"staff_id": org.staff().id}
        common = {"created_at": at, "org_id": org.id}
        for table, values in (
            (tables.draft, {**own, "key": "d", "fields": fields, "title": "Qwyz", "lines": 1,
                            "version": 1, "page": "p", "created_at": at, "changed_at": at}),
            (tables.order_template, {"id": "t", "name": "Template", "fields": fields,
                                     "created_by": "x", **common}),
            (tables.saved_view, {**own, "id": "v", "name": "View", "is_shared": True,
                                 "address": [["q", ID]], "updated_at": at, **common}),
        ):  # fmt: skip
            database.execute(insert(table).values(values))
        paths = (f"/api/customers/{ID}", "/api/orders")
        request_log.store([
            RequestRecord(org.id, org.private.id, 1, "GET", path, 200, "") for path in paths
        ])  # fmt: skip
    return str(reference)


def dump(app: Flask) -> bytes:
    """Return everything that is stored: files of the database and of the store, or all rows."""
    with app.app_context():
        if database.db.engine.dialect.name == "sqlite":
            path = Path(str(database.db.engine.url.database))
            files = [file for file in path.parent.glob(f"{path.name}*") if file.is_file()]
        else:
            files = []
        rows: list[Any] = []
        with database.read() as connection:
            for table in database.db.metadata.sorted_tables:
                rows += connection.execute(text(f'SELECT * FROM "{table.name}"')).all()  # noqa: S608 - names of tables
    folder = Path(app.config["SETTINGS"].data_dir)
    files += [file for file in (folder / "files").rglob("*") if file.is_file()]
    # Read by another process: SQLite's locks are gone once their own process has closed the file.
    content = subprocess.check_output(["cat", os.devnull, *map(str, files)])  # noqa: S607 - found by PATH
    return repr(rows).encode() + content


def test_nothing_is_left_of_an_erased_customer(
    client: FlaskClient, app: Flask, org: Org, runner: FlaskCliRunner
) -> None:
    org.define(
        AttributeRule("floor", "Floor", Kind.NUMBER),
        AttributeRule("greeting", "Greeting", Kind.TEXT),
        AttributeRule("height", "Height", Kind.NUMBER, applies=Applies.LINE),
    )
    reference = people(client, app, org)
    assert len(MARK.findall(dump(app))) > 30
    data = json.loads(runner.invoke(args=["export", "customer", ID, "--org", org.id]).output)
    assert data["record"]["contact"] == "Anna Qwyz"
    [_, order_data] = sorted(data["orders"], key=lambda one: len(one["notes"]))
    assert [one["text"] for one in order_data["notes"]] == ["Call Qwyz"]
    assert order_data["pastedText"] == "From: Qwyz"
    done = runner.invoke(args=["erase", "customer", ID, "--org", org.id, "--yes"])
    assert done.output == '{"orders": 2, "files": 3, "freedPages": true}\n', done.stderr
    left = dump(app)
    found = [left[max(0, at.start() - 160) : at.end() + 40] for at in MARK.finditer(left)]
    assert found == [], "\n".join(map(repr, found))
    with app.app_context():
        order = queries.find_order(reference, org.id)
        assert (order.name, order.customer_id, order.cancel_reason) == (None, None, None)
        assert (order.metadata, order.derivative) == ({"floor": 3}, {"net": 12.5})
        [line] = order.cart
        assert (line.configuration_id, line.count, line.metadata) == (CHAIR, 2, {"height": 74})
        actions = [entry.action for entry in queries.read_history(order)]
        assert actions == ["created", "changed", "canceled", "link sent", "erased"]
        # The row of the other customer, and what had nothing to do with this one, stay.
        cells = select(tables.order_import_row.c.cells)
        assert ["2", "Other", "c-2", CHAIR, "1"] in [row.cells for row in database.fetch_all(cells)]
        assert database.fetch_value(select(tables.request_log.c.path)) == "/api/orders"
        [event, *_] = audit.list_audit(org.id, AuditFilter()).rows
        assert (event.kind, event.by_kind) == ("Customer erased", "command")
    again = runner.invoke(args=["erase", "customer", ID, "--org", org.id, "--yes"])
    assert again.exit_code == 1


@pytest.mark.parametrize("nobody", ["", " ", "\u200b"])
def test_orders_of_nobody_are_no_customer(
    app: Flask, org: Org, runner: FlaskCliRunner, client: FlaskClient, nobody: str
) -> None:
    token = {"Authorization": f"Bearer {org.private.secret}"}
    guest = {"status": "List", "name": "Of a guest", "customerId": ""}
    assert client.post("/api/orders", json=guest, headers=token).status_code == 201
    before = dump(app)
    for command in (("erase", "customer", nobody, "--yes"), ("export", "customer", nobody)):
        done = runner.invoke(args=[*command, "--org", org.id])
        assert (done.exit_code, "no record" in json.loads(done.stderr)["error"]) == (1, True)
    assert dump(app) == before


def test_an_import_goes_on_without_an_erased_customer(app: Flask, org: Org) -> None:
    rows = [("1", "A", "c-1", CHAIR, 1), ("2", "X", ID, CHAIR, 2), ("", "", "", CHAIR, 9),
            ("3", "B", "c-2", CHAIR, 3)]  # fmt: skip
    with app.app_context():
        one = started(checked(org, csv_of(HEADS, *rows)), org)
        store = app.extensions["files"]
        customers.create({"customerId": ID}, actor=org.actor(), limits=Limits())
        with pytest.raises(Conflict, match="is running"):
            erase_customer(ID, org.id, store=store)
        control.cancel(one)
        one = worked(one, org)
        assert one.state is ImportState.CANCELLED
        erase_customer(ID, org.id, store=store)
        control.carry_on(one)
        assert worked(one, org).state is ImportState.DONE
        # None at all: without the customer's cells, the rows would form other orders.
        assert database.fetch_all(select(tables.orders)) == []


def test_a_person_of_the_org_is_an_id_afterwards(
    app: Flask, org: Org, runner: FlaskCliRunner
) -> None:
    made, person = make_order(org), org.staff()
    org.admin()
    with app.app_context():
        notes.add_note(made["id"], "Ready", actor=person.actor)
        own_account.change_own(person, name="Qwyz Meier", preferences=person.preferences)
        at = datetime.now(UTC)
        own = {"org_id": org.id, "created_at": at, "staff_id": person.id}
        for table, values in (
            (tables.staff_identity, {"id": "i", "issuer": "x", "subject": "qwyz",
                                     "email": person.email}),
            (tables.passkey, {"id": "p", "credential_id": "qwyz", "public_key": "x",
                              "sign_count": 0, "name": "Qwyz's phone"}),
            (tables.saved_view, {"id": "v", "name": "For Qwyz", "is_shared": False, "address": [],
                                 "updated_at": at}),
        ):  # fmt: skip
            database.execute(insert(table).values({**own, **values}))
    args = ["erase", "person", person.email, "--yes"]
    assert json.loads(runner.invoke(args=args).output) == {"id": person.id, "freedPages": True}
    left = dump(app)
    assert not re.search(rb"(?<!admin\.)" + re.escape(person.email.encode()), left)
    assert not MARK.search(left)
    with app.app_context():
        [note] = notes.list_notes(queries.find_order(made["id"], org.id))
        assert note.actor_name == f"{person.id}@erased.invalid"
        assert access.sign_in(person.email, PASSWORD) is None
        with pytest.raises(Conflict, match="was erased"):
            accounts.enable_staff(org.id, person.id)
    assert "last admin" in runner.invoke(args=[*args[:2], org.admin().email, "--yes"]).stderr


def test_each_table_with_rows_of_a_person_is_emptied_or_kept_on_purpose() -> None:
    kept = {tables.audit_event, tables.bulk_change, tables.saved_view}
    account = tables.staff_account.c.id
    of_people = {
        one
        for one in database.db.metadata.sorted_tables
        if any(key.column is account for key in one.foreign_keys)
    }
    assert of_people == {*account_erasure.OF_PERSON} | kept


@pytest.mark.parametrize(
    ("value", "is_found"),
    [
        ("ÄNNA@x.example", True),
        ({"a": ["for c-12"]}, True),
        ("c-123", False),
        ("Ann", False),
        ("Heidelberg", False),
        ("for Berg, urgent", True),
    ],
)
def test_traces_are_found_in_any_case_and_as_whole_ids(value: object, is_found: bool) -> None:
    assert traces_of("c-12", ["anna@x.example", "Ann", "Berg", None]).are_in(value) == is_found
