"""Suggestions while typing: configurations and customers."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from orders.domain.inputs import Limits
from orders.domain.order import Order
from orders.services.accounts.access import Actor
from orders.services.catalog.products import find_configurations
from orders.services.orders import intake, queries
from tests.actors import Org

BEGIN = datetime(2026, 11, 25, tzinfo=UTC)
_places = itertools.count()


def place(actor: Actor, *references: str, **fields: object) -> Order:
    cart = [{"configurationId": reference, "count": 1} for reference in references]
    raw = {"status": "In Cart", "cart": cart, **fields}
    # One after the other, also where a machine makes two in the same millisecond.
    at = BEGIN + timedelta(seconds=next(_places))
    return intake.create_order(
        intake.check_order(raw, actor=actor, limits=Limits()), actor=actor, now=at
    )


class TestConfigurations:
    @pytest.fixture
    def shop(self, app: Flask, org: Org) -> dict[str, str]:
        """Save configurations; return the ID of each SKU."""
        saved = {"OSL-1": "Oslo chair", "OSL-10": "Oslo table", "FEN-1": "Fenja lamp", "MIX": "Osl"}
        return {sku: org.save(name, sku).id for sku, name in saved.items()}

    def skus(self, text: str, actor: Actor) -> list[str | None]:
        return [card.sku for card in find_configurations(text, actor)]

    def test_name_sku_option_and_short_id_find_it(
        self, app: Flask, org: Org, shop: dict[str, str]
    ) -> None:
        with app.app_context():
            actor = org.staff().actor
            [lamp] = find_configurations("fenja", actor)
            pasted = ("fen\u20111", "\u200bFEN\u20131", "\uff26\uff25\uff2e-1", "fenja\u00a0lamp")
            for text in (
                "LAMP fen",
                "fen-1",
                "  fenja   lamp ",
                lamp.short_id,
                "oak fenja",
                *pasted,
            ):
                assert "FEN-1" in self.skus(text, actor), text
            assert self.skus("oak", actor) == ["FEN-1", "MIX", "OSL-1", "OSL-10"]
            for text in ("nothing like it", "%", "os_o", "\\"):
                assert self.skus(text, actor) == []

    def test_what_is_called_exactly_so_is_first(
        self, app: Flask, org: Org, shop: dict[str, str]
    ) -> None:
        with app.app_context():
            actor = org.staff().actor
            place(actor, shop["OSL-10"])
            assert self.skus("osl-1", actor) == ["OSL-1", "OSL-10"]
            assert self.skus("osl", actor)[:2] == ["MIX", "OSL-10"]

    def test_recently_used_by_me_comes_before_used_by_others(
        self, app: Flask, org: Org, shop: dict[str, str]
    ) -> None:
        with app.app_context():
            mine, other = org.staff().actor, org.admin().actor
            place(mine, shop["FEN-1"])
            place(other, shop["OSL-1"])
            assert self.skus("", mine) == ["FEN-1", "OSL-1"]
            assert self.skus("", other) == ["OSL-1", "FEN-1"]
            assert self.skus("o", mine)[:2] == ["FEN-1", "OSL-1"]

    def test_long_orders_of_others_do_not_displace_what_i_used(
        self, app: Flask, org: Org, shop: dict[str, str]
    ) -> None:
        with app.app_context():
            mine, other = org.staff().actor, org.admin().actor
            place(mine, shop["FEN-1"])
            for _ in range(3):
                place(other, *[shop["OSL-1"]] * 400)
            assert self.skus("", mine) == ["FEN-1", "OSL-1"]

    def test_the_first_lines_of_an_order_decide_what_is_in_use(
        self, app: Flask, org: Org, shop: dict[str, str]
    ) -> None:
        with app.app_context():
            actor = org.staff().actor
            place(actor, *[shop["OSL-1"]] * 9, shop["MIX"], shop["FEN-1"])
            assert set(self.skus("", actor)) == {"OSL-1", "MIX"}

    def test_another_org_s_are_never_offered(
        self, app: Flask, org: Org, other_org: Org, shop: dict[str, str]
    ) -> None:
        with app.app_context():
            place(org.staff().actor, shop["FEN-1"])
            stranger = other_org.staff().actor
            assert self.skus("", stranger) == []
            assert self.skus("oslo", stranger) == []


class TestCustomers:
    def ids(self, text: str, actor: Actor) -> list[str]:
        return [one.customer_id for one in queries.find_customers(text, actor)]

    def test_customers_of_the_newest_orders_come_first_mine_before_others(
        self, app: Flask, org: Org, other_org: Org
    ) -> None:
        with app.app_context():
            mine, other = org.staff().actor, org.admin().actor
            place(mine, customerId="C-1", name="Hotel Nord")
            place(mine, customerId="C-2")
            place(other, customerId="X-9")
            place(other_org.staff().actor, customerId="C-3")
            assert self.ids("", mine) == ["C-2", "C-1", "X-9"]
            assert self.ids("c-", mine) == ["C-2", "C-1"]
            assert self.ids("nord", mine) == ["C-1"]
            assert queries.find_customers("nord", mine)[0].order_name == "Hotel Nord"
            assert self.ids("nobody", mine) == []

    def test_older_ones_are_found_by_their_beginning(
        self, app: Flask, org: Org, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(queries, "LOOKED_BACK", 1)
        with app.app_context():
            actor = org.staff().actor
            place(actor, customerId="MÖB-17")
            place(actor, customerId="other")
            assert self.ids("möb", actor) == self.ids("MÖB-1", actor) == ["MÖB-17"]
            assert self.ids("17", actor) == []
            assert self.ids("%", actor) == []
