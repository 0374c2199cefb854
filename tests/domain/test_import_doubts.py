"""What a file leaves open: columns without a place, and IDs that a spreadsheet has changed."""

import pytest

from orders.domain.attributes import AttributeRule, Kind
from orders.domain.column_matching import Matching, best_guess, guess
from orders.domain.import_doubts import changed_ids, count_question, not_imported
from orders.domain.sheet_reading import SheetRow

FINISH = AttributeRule("finish", "Surface", Kind.TEXT)


def rows(*cells: tuple[str, ...]) -> list[SheetRow]:
    return [SheetRow(number, row) for number, row in enumerate(cells, 2)]


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("Quantitiy", "Quantity"), ("Menge (Stk.)", "Quantity"), ("Kundnummer", "Customer ID"),
        ("Surfaces", "Surface"), ("Surface of the top", "Surface"), ("Artikelnumer", "SKU"),
        ("Weather", ""), ("", ""), ("x", ""),
    ],
)  # fmt: skip
def test_a_column_without_a_place_has_a_best_guess(name: str, label: str) -> None:
    assert guess([name], (FINISH,)).targets in {("",), ("count",)}
    assert best_guess(name, (FINISH,)) == label


def test_columns_that_are_not_imported_are_listed_unless_they_are_empty() -> None:
    found = not_imported(
        Matching(("sku", "", "", ""), None), ("SKU", "Number", "Weather", "Empty"),
        rows(("A", "2", "rain", ""), ("B", "3", "sun", "")), (),
    )  # fmt: skip
    assert found == [("Number", "Quantity"), ("Weather", "")]


def test_a_column_of_whole_numbers_prompts_a_question_while_none_is_the_count() -> None:
    columns, cells = ("SKU", "Number", "Note"), [("A", "2", "x"), ("B", "", "7")]
    [question] = count_question(Matching(("sku", "", ""), None), columns, cells)
    assert question.path == "single"
    assert "whole numbers: Number." in question.message
    for answered in (
        Matching(("sku", "", ""), None, is_single=True),
        Matching(("sku", "count", ""), None),
        Matching(("sku", "name", "count"), None),
        Matching(("sku", "name", ""), None),
    ):
        assert count_question(answered, columns, cells) == []


@pytest.mark.parametrize(
    ("target", "cells", "changed"),
    [
        ("customerId", ["1.23457E+12", "C-1", "4,2E+15"], "2, 4"),
        ("platform.id", ["00123", "456", "00789"], "3"),
        (
            "sku",
            ["4006381333931", "4006381333948", "4006381333955", "4006381333962", "638133397"],
            "6",
        ),
        ("configurationId", ["1E5", "x"], "2"),
        ("order", ["001", "2", "003"], "3"),
    ],
)
def test_ids_that_a_spreadsheet_has_changed_raise_a_warning(
    target: str, cells: list[str], changed: str
) -> None:
    [warning] = changed_ids(Matching((target,), None), ("ID",), rows(*((one,) for one in cells)))
    assert "a spreadsheet may have changed" in warning
    assert f" {changed} (" in warning


@pytest.mark.parametrize(
    ("target", "cells"),
    [
        ("customerId", ["98", "99", "100", "101"]), ("customerId", ["C-1", "C-100"]), ("sku", []),
        ("platform.id", ["00123", "00456"]), ("count", ["1E5"]), ("", ["1.2E+12"]),
        ("name", ["007", "8"]),
    ],
)  # fmt: skip
def test_other_ids_raise_none(target: str, cells: list[str]) -> None:
    found = changed_ids(Matching((target,), None), ("ID",), rows(*((one,) for one in cells)))
    assert found == []
