"""What a migration does with existing rows."""

# ruff: noqa: RUF001 - signs that look alike are the subject
import flask_migrate
import pytest
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import delete, func, select, text, update

from orders.interfaces.cli import upgrade
from orders.services.accounts import audit, customer_wording, orgs, sessions, setup
from orders.services.accounts.account_events import list_events
from orders.services.accounts.audit import AuditFilter
from orders.services.catalog.configuration_edits import retire_configuration
from orders.services.catalog.configuration_queries import find_configuration
from orders.services.orders import changes, order_list, pending_changes, queries
from orders.services.orders.order_filter import OrderFilter
from orders.settings import PROJECT
from orders.storage import database, tables
from orders.storage.models.orgs import Org as OrgRow
from orders.storage.pages import Paging
from tests.actors import Org
from tests.bad_orders import CHAIR
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
    assert f"{made['shortId'].casefold()}\ngrosse\ns-1\nnorth\noak\n7\nxxx" in after[0] + after[1]


@pytest.mark.own_database(reason="it migrates the database there and back")
def test_what_lists_read_is_written_for_older_orders(app: Flask, org: Org) -> None:
    number = {"platform": {"id": " Nº  4711 "}, "metadata": {"PO number": "PO 7"}}
    made = [
        make_order(org, **one)
        for one in (
            {"name": "Hall", "customerId": "C-1", **number}, {"status": "List", **number},
            {"customerId": "C\n2", "name": "x" * 255, **number}, {"name": "Bar"}, {},
        )
    ]  # fmt: skip
    actor = org.staff().actor
    keys = select(tables.orders.c.platform_key, tables.orders.c.po_key).order_by(tables.orders.c.id)
    with app.app_context():
        changes.cancel_order(made[3]["id"], None, actor=actor)
        changes.bin_order(made[4]["id"], actor=actor)
        before = database.fetch_all(keys)
        database.close()
        flask_migrate.downgrade(directory=FOLDER, revision="0041")
        flask_migrate.upgrade(directory=FOLDER)
        assert database.fetch_all(keys) == before
        assert {row.platform_key for row in before} == {"no 4711", None}
        assert pending_changes.find_differences() == []
        assert database.fetch_value(select(func.count()).select_from(tables.order_sort)) == 4


@pytest.mark.own_database(reason="it migrates the database there and back")
def test_orders_from_before_the_migration_are_found_without_accents(app: Flask, org: Org) -> None:
    make_order(org, name="O’Connery, Müllerstädt")
    make_order(org, name="plain")
    org.save("Stühle", "ŁÓD-1")
    with app.app_context():
        before = _search_texts()
        database.close()
        flask_migrate.downgrade(directory=FOLDER, revision="0011")
        for stored in (tables.orders, tables.configuration):
            for row in database.fetch_all(select(stored.c.id, stored.c.search_text)):
                old = row.search_text.replace("muller", "mu\u0308ller").replace("lod", "łód")
                old = old.replace(chr(39), chr(0x2019))
                statement = update(stored).where(stored.c.id == row.id)
                database.execute(statement.values(search_text=old))
        assert _search_texts() != before
        flask_migrate.upgrade(directory=FOLDER)
        assert _search_texts() == before
    assert any("o'connery, mullerstadt" in one for one in before)
    assert any("lod-1" in one for one in before)


def _search_texts() -> list[str]:
    columns = (tables.orders.c.search_text, tables.configuration.c.search_text)
    return sorted(row[0] for column in columns for row in database.fetch_all(select(column)))


@pytest.mark.own_database(reason="it migrates the database there and back")
def test_orders_from_before_the_migration_are_sorted_by_keys(app: Flask, org: Org) -> None:
    make_order(org, name="Äpfel", customerId="c-1")
    make_order(org)
    orders = tables.orders
    statement = select(orders.c.name_key, orders.c.customer_key, orders.c.sort_version)
    with app.app_context():
        before = sorted(map(str, database.fetch_all(statement)))
        database.close()
        flask_migrate.downgrade(directory=FOLDER, revision="0013")
        flask_migrate.upgrade(directory=FOLDER)
        assert sorted(map(str, database.fetch_all(statement))) == before
    assert "apfel" in "".join(before)


@pytest.mark.own_database(reason="it migrates the database there and back")
def test_orders_from_before_the_migration_are_not_canceled(app: Flask, org: Org) -> None:
    code, actor = make_order(org, name="Hall")["shortId"], org.actor()
    with app.app_context():
        changes.cancel_order(code, "Ordered twice", actor=actor)
        database.close()
        flask_migrate.downgrade(directory=FOLDER, revision="0016")
        flask_migrate.upgrade(directory=FOLDER)
        order = queries.find_order(code, org.id)
        assert (order.name, order.canceled_at, order.cancel_reason) == ("Hall", None, None)
        again = changes.cancel_order(code, "Ordered twice", actor=actor)
        for is_canceled, found in ((True, [again]), (False, [])):
            wanted = OrderFilter(is_canceled=is_canceled)
            assert order_list.find_orders(org.id, wanted, Paging()).entries == found


@pytest.mark.own_database(reason="it migrates the database there and back")
def test_a_desk_from_before_the_migration_is_set_up_if_it_has_an_org(app: Flask) -> None:
    with app.app_context():
        for has_org in (False, True):
            if has_org:
                orgs.add_org("Workshop")
            database.close()
            flask_migrate.downgrade(directory=FOLDER, revision="0016")
            flask_migrate.upgrade(directory=FOLDER)
            assert setup.is_open() == (not has_org)
        database.execute(delete(OrgRow))
        assert not setup.is_open()


@pytest.mark.own_database(reason="it migrates the database there and back")
def test_products_from_before_the_migration_are_not_retired(app: Flask, org: Org) -> None:
    made = org.save("Oslo chair", "OSL-1").id
    with app.app_context():
        retire_configuration(made, org.actor())
        database.close()
        flask_migrate.downgrade(directory=FOLDER, revision="0016")
        flask_migrate.upgrade(directory=FOLDER)
        assert find_configuration(made, org.id).retired_at is None


@pytest.mark.own_database(reason="it migrates the database there and back")
def test_customer_pages_from_before_the_migration_have_keys_and_our_words(
    app: Flask, org: Org, other_org: Org
) -> None:
    with app.app_context():
        orgs.change_customer_page(
            org.id, customer_check="none", accent="#7a1f5c", contact="9 to 5", language="de"
        )
        before = [orgs.find_customer_page(one.id) for one in (org, other_org)]
        customer_wording.change_wording(org.id, {"de": {"new": "Danke"}})
        database.close()
        flask_migrate.downgrade(directory=FOLDER, revision="0020")
        flask_migrate.upgrade(directory=FOLDER)
        after = [orgs.find_customer_page(one.id) for one in (org, other_org)]
        assert after == before
        keys = [page.key for page in after]
        assert len({*keys, None}) == 3
        assert [orgs.find_look_up_page(str(key)) for key in keys] == after


@pytest.mark.own_database(reason="it migrates the database there and back")
def test_lines_from_before_the_migration_have_ids(app: Flask, org: Org) -> None:
    line = {"configurationId": CHAIR, "count": 1}
    made = make_order(org, cart=[line, {**line, "count": 2}])
    with app.app_context():
        database.close()
        flask_migrate.downgrade(directory=FOLDER, revision="0021")
        flask_migrate.upgrade(directory=FOLDER)
        order = queries.find_order(made["id"], org.id)
    assert [(line.line_id, line.count) for line in order.cart] == [(0, 1), (1, 2)]


@pytest.mark.own_database(reason="it migrates the database there and back")
def test_events_from_before_the_migration_have_an_org_and_an_author(app: Flask, org: Org) -> None:
    member = org.staff()
    with app.app_context():
        sessions.record_failed_try(member.email)
        sessions.begin(member, sessions.Browser("", ""))
        before = list_events(org.id, member.id, most=9)
        database.close()
        flask_migrate.downgrade(directory=FOLDER, revision="0034")
        flask_migrate.upgrade(directory=FOLDER)
        assert list_events(org.id, member.id, most=9) == before
        found = audit.list_audit(org.id, AuditFilter()).rows
    assert [(one.kind, one.by_kind, one.by_id) for one in found] == [
        ("Signed in", "staff", member.id),
        ("Sign-in failed", "unknown", ""),
        ("Account created", "staff", member.id),
    ]


def test_the_names_of_the_files_say_which_revision_is_the_newest() -> None:
    scripts = ScriptDirectory(FOLDER)
    assert {one.revision for one in scripts.walk_revisions()} == upgrade._revisions()
    assert scripts.get_current_head() == max(upgrade._revisions())
