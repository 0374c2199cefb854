"""The index of an org's products is kept until the catalog changes, whichever way it changes."""

from collections.abc import Callable

from flask import Flask

from orders.domain.configuration import ConfigurationInput
from orders.domain.inputs import Limits
from orders.services.catalog import configuration_edits, configurations, product_index
from orders.services.catalog.configuration_import import import_configurations
from orders.services.catalog.product_index import load_products
from tests.actors import Org


def test_every_change_of_the_catalog_makes_another_index(
    app: Flask, org: Org, other_org: Org
) -> None:
    product_index._indexes.clear()  # of other tests: at most a few are kept
    actor, store = org.actor(), app.extensions["files"]
    made = org.save("Oslo chair", "OSL-1")
    new = ConfigurationInput.model_validate({"metadata": {"name": "Bergen desk", "sku": "BER-1"}})
    edit = ConfigurationInput.model_validate({"metadata": {"name": "Oslo stool", "sku": "OSL-1"}})
    ways: list[tuple[Callable[[], object], set[str]]] = [
        (
            lambda: configurations.create_configuration(
                new, actor=actor, store=store, limits=Limits()
            ),
            {"Oslo chair", "Bergen desk"},
        ),
        (
            lambda: configuration_edits.change_configuration(
                made.id, edit, actor=actor, store=store, version=None
            ),
            {"Oslo stool", "Bergen desk"},
        ),
        (
            lambda: import_configurations(
                "a.csv", b"name,sku\nFenja shelf,FEN-1\n", actor=actor, limits=Limits()
            ),
            {"Oslo stool", "Bergen desk", "Fenja shelf"},
        ),
        (
            lambda: configuration_edits.retire_configuration(made.id, actor),
            {"Bergen desk", "Fenja shelf"},
        ),
        (
            lambda: configuration_edits.restore_configuration(made.id, actor),
            {"Oslo stool", "Bergen desk", "Fenja shelf"},
        ),
    ]
    with app.app_context():
        foreign = load_products(other_org.id)
        before = load_products(org.id)
        for change, names in ways:
            assert load_products(org.id) is before
            change()
            before = load_products(org.id)
            assert {one.name for one in before.products} == names
        assert load_products(other_org.id) is foreign
        assert foreign.products == []
