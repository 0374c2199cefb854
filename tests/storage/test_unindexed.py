"""Rows found by several IDs or codes are found by index, never by a scan of the whole org."""

import uuid
from collections.abc import Callable

import pytest
from flask import Flask

from orders.domain import short_id
from orders.domain.inputs import Limits
from orders.domain.status import Status
from orders.services.catalog import configurations, products
from orders.services.catalog.configuration_import import import_configurations
from orders.services.catalog.configuration_queries import ConfigurationFilter, list_configurations
from orders.services.catalog.products import find_configurations
from orders.services.imports.plan import known_codes
from orders.services.orders.bulk import BulkAction, Target, change_orders
from orders.services.orders.order_filter import OrderFilter
from orders.services.orders.order_list import NEWEST_FIRST, find_orders, list_page
from orders.storage.pages import Paging
from tests.actors import Org
from tests.plans import noted_plans

CODES = tuple(short_id.generate() for _ in range(50))
SHORT_IDS = tuple(configurations.new_short_id() for _ in range(50))


def change_status(org: Org) -> object:
    targets = [Target(code, 1) for code in CODES]
    actor, change_id = org.staff().actor, str(uuid.uuid4())
    return change_orders(
        targets, BulkAction.STATUS, status=Status.NEW, change_id=change_id, actor=actor
    )


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("ask", "step"),
    [
        (lambda org: find_orders(org.id, OrderFilter(short_ids=CODES), Paging()),
         "SEARCH orders USING INDEX sqlite_autoindex_orders_2 (short_id=?)"),
        (lambda org: list_page(org.id, OrderFilter(search=" ".join(CODES[:12])), NEWEST_FIRST),
         "SEARCH orders USING INDEX sqlite_autoindex_orders_2 (short_id=?)"),
        (change_status, "SEARCH orders USING INDEX sqlite_autoindex_orders_2 (short_id=?)"),
        (lambda org: known_codes(CODES, org.id),
         "SEARCH orders USING INDEX sqlite_autoindex_orders_2 (short_id=?)"),
        (lambda org: list_configurations(
            org.id, ConfigurationFilter(short_ids=SHORT_IDS), Paging()
        ),
         "SEARCH configuration USING INDEX sqlite_autoindex_configuration_2 (short_id=?)"),
        (lambda org: products.unknown_short_ids(SHORT_IDS, org.id),
         "SEARCH configuration USING INDEX sqlite_autoindex_configuration_2 (short_id=?)"),
        (lambda org: products.resolve(SHORT_IDS, org.id),
         "SEARCH configuration USING INDEX sqlite_autoindex_configuration_2 (short_id=?)"),
        (lambda org: products.resolve([str(uuid.uuid4()) for _ in range(50)], org.id),
         "SEARCH configuration USING INDEX sqlite_autoindex_configuration_1 (id=?)"),
    ],
)  # fmt: skip
def test_many_are_found_by_their_ids(
    app: Flask, org: Org, ask: Callable[[Org], object], step: str
) -> None:
    with app.app_context():
        org.staff()
        with noted_plans() as plans:
            ask(org)
    asked_of = step.split()[1]
    read = [one for one in plans if one.split()[1] == asked_of]
    assert step in read
    walks = ("created", "_list", "SCAN")
    assert not [one for one in read if any(word in one for word in walks)]


BY_SKU = "configuration USING COVERING INDEX ix_configuration_org_sku (org_id=? AND sku=? "


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_configurations_are_searched_without_reading_their_rows(app: Flask, org: Org) -> None:
    staff = org.staff()
    with app.app_context(), noted_plans() as plans:
        find_configurations("oak chair", staff.actor)
        list_page(org.id, OrderFilter(search="oak chair"), NEWEST_FIRST)
    assert any(BY_SKU in one for one in plans)
    walked = [one for one in plans if "configuration USING" in one and "(org_id=?)" in one]
    # Once for the suggestions, once for each word of the list's search.
    assert (
        walked == ["SEARCH configuration USING COVERING INDEX ix_configuration_list (org_id=?)"] * 3
    )


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_skus_of_a_file_are_looked_up_one_by_one(app: Flask, org: Org) -> None:
    rows = "".join(f"Chair {at},SKU-{at}\n" for at in range(50))
    actor = org.admin().actor
    with app.app_context():  # counts all that the org has, once a minute
        import_configurations("a.csv", b"name,sku\nStool,ST-1", actor=actor, limits=Limits())
    with app.app_context(), noted_plans() as plans:
        import_configurations("new.csv", f"name,sku\n{rows}".encode(), actor=actor, limits=Limits())
    read = [one for one in plans if "configuration USING" in one]
    assert read
    assert all(BY_SKU in one for one in read)
