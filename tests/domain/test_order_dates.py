"""Days and weeks of orders: how they are compared, and when an order is overdue."""

from datetime import date, datetime
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.domain.attributes import Applies, AttributeRule, Kind
from orders.domain.order_dates import (
    DateRange,
    Period,
    day_in,
    days_of,
    is_overdue,
    limits_of,
    monday_of,
)
from orders.domain.status import Status

DAY = AttributeRule("day", "Day", Kind.DATE, is_due=True)
WEEK = AttributeRule("week", "Week", Kind.WEEK, applies=Applies.BOTH)


def order(metadata: dict[str, Any], status: Status = Status.NEW) -> Any:  # noqa: ANN401 - a stub
    return SimpleNamespace(
        metadata=metadata, derivative={}, status=status, canceled_at=None, deleted_at=None
    )


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("2026-W53", "2026-12-28"),  # a year of 53 weeks
        ("2027-W53", None),
        ("2027-W01", "2027-01-04"),  # its week 53 has the first days of 2027
        ("2025-W01", "2024-12-30"),  # a Monday of the year before
        ("2027-W3", None), ("", None), (7, None), (None, None),
    ],
)  # fmt: skip
def test_a_week_is_compared_by_its_monday(value: object, day: str | None) -> None:
    found = day_in(order({"week": value}), WEEK)
    assert (found and found.isoformat()) == day


def test_the_first_valid_value_of_both_objects_counts() -> None:
    one = order({"week": "soon"})
    one.derivative = {"week": "2027-W03"}
    assert days_of(one, [DAY, WEEK]) == {"week": "2027-01-18"}


@given(st.dates(), st.dates())
def test_periods_are_those_of_the_calendar(day: date, today: date) -> None:
    text, year_week = day.isoformat(), day.isocalendar()
    is_late = {"day": day < today, "week": year_week[:2] < today.isocalendar()[:2]}
    week = f"{year_week.year:04}-W{year_week.week:02}"
    for rule, value in ((DAY, text), (WEEK, week)):
        if day_in(order({rule.key: value}), rule) is None:
            continue  # weeks that begin before the year 1
        late = is_overdue(order({rule.key: value}), rule, today)
        assert late == is_late[rule.key] or today == date.min
        assert not is_overdue(order({rule.key: value}, Status.COMPLETE), rule, today)
        this = limits_of(rule, Period.THIS_WEEK, today)
        assert (
            str(this.first) <= str(day_in(order({rule.key: value}), rule)) <= str(this.last)
        ) == (monday_of(day) == monday_of(today))


def test_the_next_week_of_the_last_one_is_no_error() -> None:
    limits = limits_of(DAY, Period.NEXT_WEEK, date.max)
    assert limits == DateRange("day", "9999-12-31", "9999-12-31")


def test_today_depends_on_the_time_zone() -> None:
    late = datetime(2026, 12, 31, 23, 30, tzinfo=ZoneInfo("UTC"))
    due = order({"day": "2026-12-31"})
    for zone, is_late in (("UTC", False), ("Europe/Berlin", True), ("America/New_York", False)):
        assert is_overdue(due, DAY, late.astimezone(ZoneInfo(zone)).date()) == is_late
