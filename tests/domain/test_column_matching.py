"""Columns are matched by wire names, attributes, and common names."""

import pytest

from orders.domain.attributes import Applies, AttributeRule, Kind
from orders.domain.column_matching import Matching, free_targets, guess, matching_faults, still_fits

WIRE = (
    "name", "customerId", "status", "platform.id", "platform.platform", "platform.storeName",
    "configurationId", "sku", "count",
)  # fmt: skip
FINISH = AttributeRule("finish", "Surface", Kind.TEXT)
WEIGHT = AttributeRule("weight", "Weight (kg)", Kind.NUMBER, applies=Applies.DERIVATIVE)


def test_wire_names_are_fixed() -> None:
    assert guess(WIRE, ()).targets == WIRE
    assert guess([name.upper() for name in WIRE], ()).targets == WIRE


def test_what_the_export_writes() -> None:
    objects = ("platform.extra", "platform", "metadata.a", "metadata", "derivative.b", "derivative")
    ignored = ("configurationName", "createdAt", "updatedAt", "createdBy", "createdByName")
    matching = guess(("shortId", *WIRE, *objects, "cart.metadata", *ignored), ())
    assert matching.targets == ("order", *WIRE, *objects, "cart.metadata", *[""] * 5)
    assert matching.group == 0


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("Order", "order"), ("Bestellung", "order"), ("Auftrag", "order"), ("shortId", "order"),
        ("Order number", "platform.id"), ("Bestellnummer", "platform.id"),
        ("Auftrags-Nr.", "platform.id"), ("External ID", "platform.id"),
        ("Title", "name"), ("Bezeichnung", "name"),
        ("Customer", "customerId"), ("customer_id", "customerId"), ("Kunden-Nr.", "customerId"),
        ("State", "status"), ("Kanal", "platform.platform"), ("Shop", "platform.storeName"),
        ("Config ID", "configurationId"), ("Konfiguration", "configurationId"),
        ("product", "configurationId"), ("ID", "configurationId"),
        ("Artikelnummer", "sku"), ("Article no.", "sku"), ("Part number", "sku"),
        ("Qty", "count"), ("Menge", "count"), ("Stück", "count"), ("ANZAHL", "count"),
        ("metadata.po", "metadata.po"), ("Derivative.x.y", "derivative.x.y"),
        ("surface", "metadata.finish"), ("FINISH", "metadata.finish"),
        ("weight kg", "derivative.weight"),
        ("metadata", "metadata"), ("Platform", "platform.platform"),
        ("whatever", ""), ("createdAt", ""), ("orderId", "platform.id"),
    ],
)  # fmt: skip
def test_common_names_in_english_and_german(name: str, target: str) -> None:
    assert guess([name], (FINISH, WEIGHT)).targets == (target,)


def test_each_target_once_and_the_best_match_first() -> None:
    assert guess(("Qty", "count", "Menge"), ()).targets == ("", "count", "")
    assert guess(("Product", "SKU"), ()).targets == ("", "sku")
    assert guess(("shortId", "Order"), ()).targets == ("", "order")


def test_the_column_that_joins_rows() -> None:
    assert guess(("name", "Order number", "order", "sku"), ()).group == 2
    assert guess(("name", "Order number", "sku"), ()).group == 1
    assert guess(("sku", "name"), ()).group == 1
    assert guess(("sku", "count"), ()).group is None


def test_columns_keep_their_own_names_as_metadata() -> None:
    assert free_targets("Colour") == ("metadata.Colour", "derivative.Colour")
    assert free_targets("derivative.x") == ("metadata.x", "derivative.x")
    assert free_targets("platform.x") == ("platform.x", "metadata.x", "derivative.x")


def test_invalid_choices() -> None:
    columns = ("a", "b", "c")
    good = Matching(("name", "sku", "metadata.c"), 0)
    assert matching_faults(good, columns, ()) == []
    bad = Matching(("count", "count", "metadata.finish"), 3)
    assert [fault.path for fault in matching_faults(bad, columns, ())] == [
        "column.1", "column.2", "group", "",
    ]  # fmt: skip
    assert still_fits(Matching(("sku", "", "metadata.finish"), 0), columns, ["finish"])
    assert not still_fits(Matching(("sku", "", "metadata.finish"), 0), columns, [])
    assert not still_fits(Matching(("sku", ""), 0), columns, [])


def test_a_choice_is_stored_and_read() -> None:
    matching = Matching(("name", "sku"), None)
    assert Matching.from_json(matching.as_json()) == matching
    assert (matching.column_of("sku"), matching.column_of("count")) == (1, None)
