"""Changing, retiring and restoring configurations, without the desk."""

from typing import Any

import pytest
from flask import Flask

from orders.domain.configuration import Configuration, ConfigurationInput
from orders.domain.errors import NotFound, ServiceBusy
from orders.domain.inputs import Limits
from orders.domain.uploads import SentFile
from orders.services.accounts.checks import ChangedMeanwhile
from orders.services.catalog import configuration_edits, configurations, products
from orders.services.catalog.configuration_import import BadImport, import_configurations
from orders.services.catalog.configuration_queries import (
    ConfigurationFilter,
    find_configuration,
    find_picture,
    list_configurations,
    list_files,
)
from orders.services.files import FileStore
from orders.storage.pages import Paging
from tests.actors import Org
from tests.uploads import GIF, PDF, PNG

WHOLE: dict[str, Any] = {
    "metadata": {"name": "Oslo chair", "sku": "OSL-1", "a": [1, None]},
    "variant": {"Wood": "Oak", "asset": {"id": "x"}},
    "attachments": {"later": "later.txt"},
    "sceneGraphState": {"nodes": []},
    "identifier": "basket-9",
    "customerId": "C-1",
}


def picture(content: bytes = PNG, kind: str = "png") -> SentFile:
    return SentFile("thumbnail", f"shot.{kind}", f"image/{kind}", content)


class Shop:
    """An org, and how it changes what it has saved."""

    def __init__(self, app: Flask, org: Org) -> None:
        self.org = org
        self.store: FileStore = app.extensions["files"]
        self.actor = org.actor()

    def save(self, *files: SentFile, **fields: object) -> Configuration:
        new, checked = configurations.check_configuration(
            WHOLE | fields, files, actor=self.actor, limits=Limits()
        )
        return configurations.create_configuration(
            new, checked, actor=self.actor, store=self.store, limits=Limits()
        )

    def change(
        self, found: Configuration, raw: dict[str, Any], *files: SentFile,
        version: str | None = None, removes_picture: bool = False,
    ) -> Configuration:  # fmt: skip
        new, checked = configurations.check_configuration(
            raw, files, actor=self.actor, limits=Limits()
        )
        return configuration_edits.change_configuration(
            found.id, new, checked, actor=self.actor, store=self.store,
            version=version, removes_picture=removes_picture,
        )  # fmt: skip

    def named(self, *references: str) -> dict[str, str]:
        return products.ids_in(self.org.id)(references)


@pytest.fixture
def shop(app: Flask, org: Org) -> Shop:
    with app.app_context():
        return Shop(app, org)


def test_only_what_is_sent_changes(app: Flask, shop: Shop) -> None:
    with app.app_context():
        before = shop.save(picture(), SentFile("files", "plan.pdf", "application/pdf", PDF))
        changed = shop.change(before, {"customerId": "C-2", "variant": {"Wood": "Ash"}})
        assert changed == find_configuration(before.id, shop.org.id)
        assert changed == before._replace(
            customer_id="C-2", variant={"Wood": "Ash"}, updated_at=changed.updated_at
        )
        assert changed.updated_at > before.updated_at
        assert [one.key for one in list_files(before.id)] == ["plan.pdf", "thumbnail"]
        assert shop.change(changed, {"customerId": "C-2"}) == changed
        assert shop.change(changed, {"customerId": None}).customer_id is None


def test_names_and_search_text_follow(app: Flask, shop: Shop) -> None:
    with app.app_context():
        made = shop.save()
        metadata = {"Name": "Bergen", "SKU": " ber-1 "}
        changed = shop.change(made, {"metadata": metadata})
        assert (changed.product_name, changed.sku) == ("Bergen", "ber-1")
        assert shop.named("OSL-1", "ber-1") == {"ber-1": made.id}
        for words, count in (("bergen oak", 1), ("oslo", 0), (made.short_id, 1)):
            page = list_configurations(shop.org.id, ConfigurationFilter(search=words), Paging())
            assert page.count == count, words


def test_a_picture_is_replaced_whole_or_not_at_all(
    app: Flask, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context():
        made = shop.save(picture())
        old = find_picture(made.id, shop.org.id)
        changed = shop.change(made, {}, picture(GIF, "gif"))
        new = find_picture(made.id, shop.org.id)
        assert (new.content_type, changed.attachments["thumbnail"]) == ("image/gif", "shot.gif")
        assert shop.store.get(new.stored_as) == GIF
        assert changed.thumbnail != made.thumbnail
        with pytest.raises(NotFound):
            shop.store.get(old.stored_as)

        kept: list[str] = []
        put = shop.store.put

        def note(name: str, content: bytes) -> None:
            kept.append(name)
            put(name, content)

        monkeypatch.setattr(shop.store, "put", note)
        with pytest.raises(ChangedMeanwhile):
            shop.change(changed, {}, picture(), version="other")
        assert find_picture(made.id, shop.org.id) == new
        with pytest.raises(NotFound):
            shop.store.get(kept[0])

        def full(name: str, content: bytes) -> None:
            raise ServiceBusy("full")

        monkeypatch.setattr(shop.store, "put", full)
        with pytest.raises(ServiceBusy):
            shop.change(changed, {"customerId": "C-9"}, picture())
        assert find_configuration(made.id, shop.org.id) == changed


def test_a_stale_version_is_refused(app: Flask, shop: Shop) -> None:
    with app.app_context():
        made = shop.save()
        version = configuration_edits.edit_version(made)
        changed = shop.change(made, {"customerId": "C-2"}, version=version)
        with pytest.raises(ChangedMeanwhile) as refused:
            shop.change(made, {"customerId": "C-3"}, version=version)
        assert refused.value.version == configuration_edits.edit_version(changed)
        assert find_configuration(made.id, shop.org.id) == changed


def test_others_cannot_change_it(app: Flask, shop: Shop, other_org: Org) -> None:
    with app.app_context():
        made, actor = shop.save(), other_org.actor()
        for change in (
            lambda: configuration_edits.retire_configuration(made.id, actor),
            lambda: configuration_edits.restore_configuration(made.id, actor),
            lambda: configuration_edits.picture_to_copy(made.id, actor, shop.store),
            lambda: configuration_edits.change_configuration(
                made.id,
                ConfigurationInput.model_construct(),
                actor=actor,
                store=shop.store,
                version=None,
            ),
        ):
            with pytest.raises(NotFound):
                change()
        assert find_configuration(made.id, shop.org.id) == made


def test_a_retired_one_is_named_by_its_ids_only(app: Flask, shop: Shop) -> None:
    with app.app_context():
        made = shop.save()
        names = {"OSL-1", "osl-1", made.id, made.short_id}
        by_id = {made.id: made.id, made.short_id: made.id}
        assert shop.named(*names).keys() == names
        retired = configuration_edits.retire_configuration(made.id, shop.actor)
        assert retired.retired_at is not None
        assert configuration_edits.retire_configuration(made.id, shop.actor) == retired
        # Also if it is found by an ID beside its SKU.
        assert shop.named(*names) == by_id
        assert shop.named("OSL-1") == {}
        assert products.find_configurations("oslo", shop.actor) == []
        assert products.find_configurations("OSL-1", shop.actor) == []
        summary = products.resolve([made.id], shop.org.id)[made.id]
        assert products.references_of([summary], shop.org.id) == {made.id: made.short_id}
        restored = configuration_edits.restore_configuration(made.id, shop.actor)
        assert restored == made
        assert shop.named(*names).keys() == names
        assert [one.id for one in products.find_configurations("oslo", shop.actor)] == [made.id]


def test_a_successor_takes_the_sku(app: Flask, shop: Shop) -> None:
    with app.app_context():
        old, file = shop.save(), b"name,sku\nOslo chair,OSL-1\n"
        with pytest.raises(BadImport):
            import_configurations("a.csv", file, actor=shop.actor, limits=Limits())
        configuration_edits.retire_configuration(old.id, shop.actor)
        [new] = import_configurations("a.csv", file, actor=shop.actor, limits=Limits())
        assert shop.named("OSL-1") == {"OSL-1": new}
        assert shop.named("OSL-1", old.id) == {"OSL-1": new, old.id: old.id}
        found = find_configuration(new, shop.org.id)
        assert configuration_edits.count_same_sku(found) == 0
        configuration_edits.restore_configuration(old.id, shop.actor)
        assert configuration_edits.count_same_sku(found) == 1
        assert shop.named("OSL-1") == {}


def test_a_form_chooses_the_id_once(app: Flask, shop: Shop) -> None:
    own_id = "4f9d6f0e-50a6-4ab5-8d0c-7d5e3a9c8f11"
    with app.app_context():
        new, files = configurations.check_configuration(
            WHOLE, [picture()], actor=shop.actor, limits=Limits()
        )
        made = [
            configurations.create_configuration(
                new,
                files,
                actor=shop.actor,
                store=shop.store,
                limits=Limits(),
                configuration_id=own_id,
            )
            for _ in range(2)
        ]
        assert made[0] == made[1]
        assert made[0].id == own_id
