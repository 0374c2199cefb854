"""Totals of lines are exact, by currency, and leave out what is no value."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.domain.attribute_definition import check_definition
from orders.domain.attributes import Applies, AttributeRule, Kind, Option, Total
from orders.domain.column_matching import IGNORED, guess
from orders.domain.line_totals import line_totals

PRICE = AttributeRule(
    "price", "Price", Kind.MONEY, (Option("EUR", "EUR"),), Applies.LINE, total=Total.QUANTITY
)
WEIGHT = AttributeRule("weight", "Weight", Kind.NUMBER, (), Applies.LINE, total=Total.PLAIN)


def money(amount: str, currency: str = "EUR") -> dict[str, Any]:
    return {"price": {"amount": amount, "currency": currency}}


def sums(rule: AttributeRule, *lines: tuple[int | None, dict[str, Any] | None]) -> dict[str, str]:
    [total] = line_totals(lines, [rule])
    return {unit: f"{amount:f}" for unit, amount in total.sums.items()}


def test_amounts_are_added_by_currency_times_the_quantity() -> None:
    lines = (
        (3, money("0.10")), (1, money("0.2")), (2, money("5.00", "CHF")), (1, money("-0.01", "CHF"))
    )  # fmt: skip
    assert sums(PRICE, *lines) == {"EUR": "0.50", "CHF": "9.99"}
    [total] = line_totals(lines, [PRICE])
    assert total.text == "0.50 EUR; 9.99 CHF"


def test_numbers_are_added_once_for_each_line() -> None:
    assert sums(WEIGHT, (7, {"weight": 0.1}), (None, {"weight": 0.2})) == {"": "0.3"}
    assert sums(WEIGHT, (1, {"weight": 1.5}), (1, {"weight": 1.5})) == {"": "3"}
    assert sums(WEIGHT, (1, {"weight": 60}), (1, {"weight": 40})) == {"": "100"}


def test_lines_without_a_valid_value_are_counted() -> None:
    lines: list[tuple[int | None, Any]] = [
        (1, None), (1, {}), (1, {"price": None}), (1, {"price": "12"}), (1, {"price": 12}),
        (1, money("1,50")), (1, money("1.50", "XYZ")), (None, money("1.50")), (2, money("1.50")),
    ]  # fmt: skip
    [total] = line_totals(lines, [PRICE])
    assert (total.sums, total.missing) == ({"EUR": Decimal("3.00")}, 8)
    [empty] = line_totals(lines[:3], [PRICE])
    assert (empty.sums, empty.missing, empty.text) == ({}, 3, "")
    [odd] = line_totals([(1, {"weight": True}), (1, {"weight": float("inf")})], [WEIGHT])
    assert (odd.sums, odd.missing) == ({}, 2)


def test_the_largest_amounts_lose_no_digit() -> None:
    huge = "9" * 15 + ".999999"
    lines = [(999_999_999, money(huge))] * 10_000
    expected = Fraction(huge) * 999_999_999 * 10_000
    assert Fraction(sums(PRICE, *lines)["EUR"]) == expected
    found = sums(WEIGHT, (1, {"weight": 1e308}), (1, {"weight": 5e-324}), (1, {"weight": -1e308}))
    assert Fraction(found[""]) == Fraction("5e-324")


@given(st.lists(st.tuples(st.integers(1, 10**9), st.floats(allow_nan=False, allow_infinity=False))))
def test_sums_are_those_of_fractions(lines: list[tuple[int, float]]) -> None:
    rule = AttributeRule("weight", "W", Kind.NUMBER, (), Applies.LINE, total=Total.QUANTITY)
    found = sums(rule, *((count, {"weight": number}) for count, number in lines))
    expected = sum(count * Fraction(repr(number)) for count, number in lines)
    assert Fraction(found.get("", "0")) == expected


@pytest.mark.parametrize(
    ("kind", "applies", "field"),
    [
        (Kind.TEXT, Applies.LINE, "total"), (Kind.DATE, Applies.LINE, "total"),
        (Kind.NUMBER, Applies.METADATA, "total"), (Kind.NUMBER, Applies.LINE, ""),
        (Kind.DATE, Applies.LINE, "is_due"), (Kind.TEXT, Applies.METADATA, "is_due"),
        (Kind.WEEK, Applies.BOTH, ""),
    ],
)  # fmt: skip
def test_few_kinds_can_be_due_or_added_up(kind: Kind, applies: Applies, field: str) -> None:
    is_due = field == "is_due" or kind is Kind.WEEK
    total = Total.NONE if is_due else Total.PLAIN
    rule = AttributeRule("k", "K", kind, (), applies, is_due=is_due, total=total)
    assert [error.path for error in check_definition(rule)] == ([field] if field else [])


def test_an_import_ignores_the_columns_of_an_export() -> None:
    columns = ["sku", "count", "total.price", "Total.Weight", "total price"]
    named = AttributeRule("totalprice", "Agreed", Kind.NUMBER)
    found = guess(columns, [PRICE, WEIGHT, named]).targets
    assert found == ("sku", "count", IGNORED, IGNORED, "metadata.totalprice")
