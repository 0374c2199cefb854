"""Days and weeks in orders: what the list sorts and filters by, and when an order is overdue.

A week is compared by its Monday. Both are written as ISO 8601 days, such as "2027-01-18", whose
order as texts is that of the calendar.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Protocol

from orders.domain.attributes import DATED, Applies, AttributeRule, Kind
from orders.domain.moments import read_day
from orders.domain.status import Status
from orders.domain.value_formats import read_week_start

WEEK = timedelta(days=7)


class Period(StrEnum):
    """A period that is relative to today, by its name in addresses.

    OVERDUE is everything before today; of weeks, those that have ended. Only open orders are in it.
    """

    OVERDUE = "overdue"
    THIS_WEEK = "this-week"
    NEXT_WEEK = "next-week"


@dataclass(frozen=True, slots=True)
class DateRange:
    """The condition that an attribute's day is between two days, both included.

    `key` is the attribute's key. `first` and `last` are ISO 8601 days, or None for no limit. If
    `is_open` is true, the order must also be open (`is_open`).
    """

    key: str
    first: str | None = None
    last: str | None = None
    is_open: bool = False


class _Dated(Protocol):
    """An order, or a part of it that has what its days are read from."""

    @property
    def metadata(self) -> dict[str, Any]: ...
    @property
    def derivative(self) -> dict[str, Any]: ...


class _Closable(Protocol):
    """An order, or a part of it that has what closes it."""

    @property
    def status(self) -> Status: ...
    @property
    def deleted_at(self) -> object: ...
    @property
    def canceled_at(self) -> object: ...


def dated_rules(rules: Iterable[AttributeRule]) -> tuple[AttributeRule, ...]:
    """Return the attributes of whole orders whose values are days or weeks."""
    return tuple(rule for rule in rules if rule.kind in DATED and rule.applies is not Applies.LINE)


def due_rule(rules: Iterable[AttributeRule]) -> AttributeRule | None:
    """Return the attribute after whose value orders are overdue; None if the org has none."""
    return next((rule for rule in dated_rules(rules) if rule.is_due), None)


def day_of(rule: AttributeRule, value: object) -> date | None:
    """Return the day that a value is compared by; None for a value that is not of the kind."""
    return read_week_start(value) if rule.kind is Kind.WEEK else read_day(value)


def day_in(order: _Dated, rule: AttributeRule) -> date | None:
    """Return the day of an attribute in an order; None if the order has no valid value.

    Of an attribute that may be in both objects, the first valid value counts.
    """
    values = (getattr(order, area).get(rule.key) for area in rule.areas)
    return next((day for value in values if (day := day_of(rule, value)) is not None), None)


def days_of(order: _Dated, rules: Sequence[AttributeRule]) -> dict[str, str]:
    """Return the day of each attribute in `rules` that has one in the order, by key, as text."""
    days = ((rule.key, day_in(order, rule)) for rule in dated_rules(rules))
    return {key: day.isoformat() for key, day in days if day is not None}


def is_open(order: _Closable) -> bool:
    """Return whether an order is neither complete nor canceled nor deleted."""
    is_closed = order.status is Status.COMPLETE or order.canceled_at or order.deleted_at
    return not is_closed


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def limits_of(rule: AttributeRule, period: Period, today: date) -> DateRange:
    """Return the period as days; `today` is the current day in the reader's time zone.

    A week is over on the Monday after it.
    """
    monday = monday_of(today)
    if period is Period.OVERDUE:
        begin = monday if rule.kind is Kind.WEEK else today
        return DateRange(rule.key, last=_before(begin).isoformat(), is_open=True)
    first = monday if period is Period.THIS_WEEK else _after(monday, WEEK)
    return DateRange(rule.key, first.isoformat(), _after(first, timedelta(days=6)).isoformat())


def is_overdue(order: Any, rule: AttributeRule, today: date) -> bool:  # noqa: ANN401 - an order, or its summary in a list
    """Return whether an open order's day of this attribute is over on the day `today`."""
    day = day_in(order, rule)
    last = limits_of(rule, Period.OVERDUE, today).last
    return day is not None and is_open(order) and day.isoformat() <= str(last)


def _before(day: date) -> date:
    return day - timedelta(days=1) if day > date.min else day


def _after(day: date, span: timedelta) -> date:
    return day + span if date.max - span >= day else date.max
