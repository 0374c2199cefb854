"""What is usual for a customer, and what in a new order differs from it.

The rules are simple enough to be said in a sentence each (docs/customer-records.md): a value is
usual if the record has it as a default, or if the newest placed orders agree on it; a quantity is
unusual if it is five times the usual one, or a fifth of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from orders.domain.attributes import AttributeRule, Kind, value_fault
from orders.domain.json_values import same_json

ALIKE_ORDERS = 3  # the newest orders that must agree before a value is filled in
COMPARED_ORDERS = 10  # the newest orders of which most must agree before a value is called usual
MOST = 0.75  # the share of them that is “most”
FACTOR = 5  # from how many times the usual quantity, or what part of it, a quantity is unusual
EARLIER_ORDERS = 3  # orders with a product, before its usual quantity means anything
# What belongs to one order: two orders with the same day say nothing about the next one.
_NEVER_USUAL = frozenset({Kind.DATE, Kind.WEEK})

Source = Literal["customer", "orders"]


class OrderValues(NamedTuple):
    """The two objects of an order that contain values of attributes."""

    metadata: Mapping[str, Any]
    derivative: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Habit:
    """A value that is usual for a customer.

    `source` is "customer" for a default of their record, and "orders" for their last orders.
    `can_fill` is true if a new order may be filled in with the value; a value that most of the last
    orders have is usual, but not certain enough for that.
    """

    value: Any
    source: Source
    can_fill: bool


def usual_values(
    defaults: Mapping[str, Any], newest: Sequence[OrderValues], rules: Sequence[AttributeRule]
) -> dict[str, Habit]:
    """Return the usual values of a customer by the paths of the attributes in `rules`.

    `defaults` are those of the customer's record, by key of `metadata`; they come first. `newest`
    are the values of the newest placed orders, newest first; what is in one order alone is not
    usual. Days, weeks, and attributes that copies leave out are never taken from orders, nor are
    values that the attribute no longer allows.
    """
    habits = {}
    for rule in rules:
        default = defaults.get(rule.key) if rule.areas[0] == "metadata" else None
        if default is not None:
            habits[rule.path] = Habit(default, "customer", can_fill=True)
        elif found := _of_orders(rule, newest):
            habits[rule.path] = found
    return habits


def _of_orders(rule: AttributeRule, newest: Sequence[OrderValues]) -> Habit | None:
    if not rule.is_copied or rule.kind in _NEVER_USUAL or len(newest) < 2:
        return None
    values = [one.metadata if rule.areas[0] == "metadata" else one.derivative for one in newest]
    compared = [one.get(rule.key) for one in values[:COMPARED_ORDERS]]
    last = compared[:ALIKE_ORDERS]
    is_agreed = all(same_json(last[0], other) for other in last[1:])
    usual = last[0] if is_agreed else _of_most(compared)
    if usual is None or value_fault(rule, usual) is not None:
        return None
    return Habit(usual, "orders", can_fill=is_agreed)


def _of_most(values: Sequence[Any]) -> Any:  # noqa: ANN401 - a JSON value
    """Return the value that MOST of the values equal; None if there is no such value."""
    for one in values[: len(values) // 2 + 1]:
        same = sum(same_json(one, other) for other in values)
        if same >= MOST * len(values):
            return one
    return None


def differs(rule: AttributeRule, value: object, habit: Habit) -> bool:
    """Return whether a value in an order differs from the usual one; None means no value."""
    if rule.kind is Kind.BOOLEAN and value in (None, False):
        return habit.value is True
    if rule.kind is Kind.NUMBER and isinstance(value, int | float):
        return bool(value != habit.value)  # 2 and 2.0 are the same to people
    if rule.kind is Kind.MANY and isinstance(value, list) and isinstance(habit.value, list):
        return sorted(map(str, value)) != sorted(map(str, habit.value))
    return not same_json(value, habit.value)


def differences(
    values: Mapping[str, Any], habits: Mapping[str, Habit], rules: Sequence[AttributeRule]
) -> Iterator[tuple[AttributeRule, Habit]]:
    """Yield the attributes whose values differ from the usual ones, each with the usual one.

    `values` are those of an order by path; a path that is missing means no value.
    """
    for rule in rules:
        habit = habits.get(rule.path)
        if habit is not None and differs(rule, values.get(rule.path), habit):
            yield rule, habit


def is_unusual(count: int, usual: int, orders: int) -> bool:
    """Return whether a quantity is far from the usual one of this product.

    That is at least FACTOR times as much, or at most a FACTOR-th of it. `orders` is the number of
    earlier orders with the product; with fewer than EARLIER_ORDERS nothing is unusual.
    """
    is_far = count >= usual * FACTOR or count * FACTOR <= usual
    return orders >= EARLIER_ORDERS and is_far
