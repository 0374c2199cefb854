"""Totals of a cart: what the values of an attribute of lines add up to, exactly.

Amounts are decimal numbers, never binary fractions: 0.10 and 0.20 EUR are 0.30 EUR.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import Any

from orders.domain.attributes import AttributeRule, Kind, Total, value_fault

COLUMN = "total."  # before the key of the attribute, in names of columns
# The longest sum of JSON numbers, from 5e-324 to 1e308, times the largest counts.
_EXACT = Context(prec=1_000, traps=[Inexact, InvalidOperation])

# The count of a line, None if it is invalid, and its metadata.
CountedLine = tuple[int | None, Mapping[str, Any] | None]


@dataclass(frozen=True, slots=True)
class LineTotal:
    """The total of an attribute of lines.

    `sums` maps each currency, in the order of the lines, to its sum; the currency of numbers is "".
    It is empty if no line has a value. `missing` is the number of lines that are left out: they
    have no valid value, or no valid count although the total depends on the quantity.
    """

    rule: AttributeRule
    sums: Mapping[str, Decimal]
    missing: int = 0

    @property
    def text(self) -> str:
        """The sums for files, such as `12.50 EUR; 3.00 CHF`; numbers have a decimal point."""
        return "; ".join(f"{amount:f} {unit}".rstrip() for unit, amount in self.sums.items())


def total_rules(rules: Iterable[AttributeRule]) -> tuple[AttributeRule, ...]:
    """Return the attributes of lines that are added up."""
    return tuple(rule for rule in rules if rule.total)


def line_totals(
    lines: Iterable[CountedLine], rules: Iterable[AttributeRule]
) -> tuple[LineTotal, ...]:
    """Return the total of each attribute that is added up, in the order of `rules`."""
    every = list(lines)
    return tuple(_total(every, rule) for rule in total_rules(rules))


def _total(lines: Sequence[CountedLine], rule: AttributeRule) -> LineTotal:
    sums: dict[str, Decimal] = {}
    missing = 0
    # A sum does not depend on which currencies the attribute permits today.
    kind = replace(rule, options=())
    for count, metadata in lines:
        found = _amount(kind, (metadata or {}).get(rule.key))
        if found is None or (count is None and rule.total is Total.QUANTITY):
            missing += 1
            continue
        unit, amount = found
        if rule.total is Total.QUANTITY:
            amount = _EXACT.multiply(amount, Decimal(count or 0))
        sums[unit] = _EXACT.add(sums.get(unit, Decimal(0)), amount)
    if rule.kind is Kind.NUMBER:
        sums = {unit: _without_zeros(amount) for unit, amount in sums.items()}
    return LineTotal(rule, sums, missing)


def _amount(rule: AttributeRule, value: Any) -> tuple[str, Decimal] | None:  # noqa: ANN401 - a JSON value
    """Return the currency and the amount of a valid value; None for any other."""
    if value is None or value_fault(rule, value) is not None:
        return None
    if isinstance(value, dict):
        return value["currency"], Decimal(value["amount"])
    number = Decimal(repr(value))
    return ("", number) if number.is_finite() else None


def _without_zeros(number: Decimal) -> Decimal:
    """Return a number without zeros at its end: 3 for 3.00, and 100 for 1E+2."""
    whole = number.to_integral_value()
    return _EXACT.quantize(number, Decimal(1)) if number == whole else _EXACT.normalize(number)


def in_order(cart: Iterable[Any]) -> Iterator[CountedLine]:
    """Yield the lines of a stored cart."""
    return ((line.count, line.metadata) for line in cart)
