"""What is usual for a customer, and what differs from it."""

from typing import Any

import pytest

from orders.domain.attributes import Applies, AttributeRule, Kind, Option
from orders.domain.habits import Habit, OrderValues, differences, is_unusual, usual_values
from orders.domain.import_doubts import left_out

COUNTRIES = (Option("AT", "Austria"), Option("DE", "Germany"))
COUNTRY = AttributeRule("country", "Country", Kind.OPTION, COUNTRIES)
CRATE = AttributeRule("crate", "Crate", Kind.TEXT, applies=Applies.DERIVATIVE)
GIFT = AttributeRule("gift", "Gift", Kind.BOOLEAN)
WEIGHT = AttributeRule("weight", "Weight", Kind.NUMBER)
MANY = AttributeRule("extras", "Extras", Kind.MANY, (Option("a", "A"), Option("b", "B")))


def orders(*values: Any) -> list[OrderValues]:  # noqa: ANN401 - JSON
    return [OrderValues({} if one is None else {"country": one}, {}) for one in values]


def country(*values: Any, **defaults: Any) -> Habit | None:  # noqa: ANN401 - JSON
    return usual_values(defaults, orders(*values), (COUNTRY,)).get("metadata.country")


def test_the_last_three_orders_decide_or_most_of_ten() -> None:
    assert country("AT", "AT", "AT", "DE") == Habit("AT", "orders", can_fill=True)
    assert country("AT", "AT") == Habit("AT", "orders", can_fill=True)
    assert country("AT") is None
    assert country("AT", "DE") is None
    # One order to another country does not hide the habit, but nothing is filled in.
    assert country("DE", "AT", "AT", "AT") == Habit("AT", "orders", can_fill=False)
    assert country("DE", "DE", "AT", "AT", "AT") is None
    # The customer has moved.
    assert country("DE", "DE", "DE", *["AT"] * 7) == Habit("DE", "orders", can_fill=True)
    # Only ten are compared.
    assert country("AT", "DE", *["AT"] * 7, "AT", *["DE"] * 90) == Habit("AT", "orders", False)
    assert country(None, None, None) is None


def test_a_default_of_the_record_comes_first() -> None:
    assert country("AT", "AT", country="DE") == Habit("DE", "customer", can_fill=True)
    assert country(country="DE") == Habit("DE", "customer", can_fill=True)


def test_what_belongs_to_one_order_and_what_is_no_option_any_more_is_not_usual() -> None:
    assert country("FR", "FR") is None
    alone = AttributeRule("country", "Country", Kind.TEXT, is_copied=False)
    day = AttributeRule("country", "Day", Kind.DATE)
    assert usual_values({}, orders("2027-01-18", "2027-01-18"), (alone,)) == {}
    assert usual_values({}, orders("2027-01-18", "2027-01-18"), (day,)) == {}


def test_values_of_the_second_object_are_usual_too() -> None:
    newest = [OrderValues({"crate": "no"}, {"crate": "big"})] * 2
    found = usual_values({"crate": "no"}, newest, (CRATE,))
    assert found == {"derivative.crate": Habit("big", "orders", can_fill=True)}


@pytest.mark.parametrize(
    ("rule", "value", "usual", "is_flagged"),
    [
        (COUNTRY, "DE", "AT", True), (COUNTRY, None, "AT", True), (COUNTRY, "AT", "AT", False),
        (GIFT, None, False, False), (GIFT, False, True, True), (GIFT, None, True, True),
        (MANY, ["b", "a"], ["a", "b"], False), (MANY, ["a"], ["a", "b"], True),
        (WEIGHT, 1, 1.0, False), (WEIGHT, 1, 1.5, True),
    ],
)  # fmt: skip
def test_values_differ(rule: AttributeRule, value: Any, usual: Any, is_flagged: bool) -> None:  # noqa: ANN401 - JSON
    habits = {rule.path: Habit(usual, "orders", can_fill=True)}
    assert bool(list(differences({rule.path: value}, habits, (rule,)))) is is_flagged


def test_a_quantity_is_unusual_from_five_times_or_a_fifth() -> None:
    assert [is_unusual(count, 14, 3) for count in (2, 3, 69, 70, 140)] == [
        True, False, False, True, True,
    ]  # fmt: skip
    assert not is_unusual(140, 14, 2)
    assert not is_unusual(1, 1, 9)


@pytest.mark.parametrize("raw", [{}, {"metadata": None}, {"metadata": []}, {"metadata": {}}])
def test_an_order_of_a_file_without_its_usual_value_is_doubted(raw: dict[str, Any]) -> None:
    habits = {COUNTRY.path: Habit("AT", "orders", can_fill=True)}
    [doubt] = left_out(raw, {}, habits, (COUNTRY,))
    assert str(doubt) == "Country is not in the file. This customer usually has Austria."
    assert not list(left_out(raw, {COUNTRY.path: "AT"}, habits, (COUNTRY,)))
    assert not list(
        left_out({"metadata": {"country": "DE"}}, {COUNTRY.path: "DE"}, habits, (COUNTRY,))
    )
