"""Filters of the order list by attributes that are days or weeks.

In addresses, `metadata.<key>` is a period relative to today (`Period`), and `metadata.<key>.from`
and `metadata.<key>.to` are days, both included. For a week they may be weeks, such as `2027-W03`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from orders.domain.attributes import AttributeRule, Kind, display
from orders.domain.moments import read_day
from orders.domain.order_dates import DateRange, Period, dated_rules, day_of, limits_of
from orders.domain.texts import lazy_gettext
from orders.domain.value_formats import read_date, read_week
from orders.interfaces.http.i18n import gettext, translated

FROM, TO = ".from", ".to"
# Labels of the filters of one attribute.
PERIODS = {
    Period.OVERDUE: lazy_gettext("Overdue"),
    Period.THIS_WEEK: lazy_gettext("This week"),
    Period.NEXT_WEEK: lazy_gettext("Next week"),
}
_NOT_A_PERIOD = lazy_gettext("One of: overdue, this-week, next-week.")
_NOT_A_WEEK = lazy_gettext("Enter a week such as 2026-W48.")
NOT_A_DAY = lazy_gettext("Enter a date such as 2026-11-24.")
_ENDS_BEFORE = lazy_gettext("The end date is before the start date.")


@dataclass(frozen=True, slots=True)
class DateFilter:
    """A filter by one attribute; each text may be empty. The days are those of `as_written`."""

    rule: AttributeRule
    period: str
    first: str
    last: str


def dates_by_path(rules: Sequence[AttributeRule]) -> dict[str, AttributeRule]:
    """Return the attributes that are days or weeks, by their `AttributeRule.path`."""
    return {rule.path: rule for rule in dated_rules(rules)}


def rule_of(name: str, rules: Mapping[str, AttributeRule]) -> AttributeRule | None:
    """Return the attribute that a query parameter filters by, given those by their paths."""
    for end in (FROM, TO):
        if name.endswith(end) and (rule := rules.get(name.removesuffix(end))):
            return rule
    return rules.get(name)


def as_written(rule: AttributeRule, text: str) -> str:
    """Return a typed day or week as inputs of browsers write it; other text is unchanged.

    A day is 2026-11-24, and a week 2026-W48; for a week, a day in it may be typed.
    """
    day = read_date(text)
    if rule.kind is not Kind.WEEK:
        return day
    if found := read_day(day):
        year, week, _ = found.isocalendar()
        return f"{year:04}-W{week:02}"
    return read_week(text)


def read_ranges(sent: DateFilter, today: date, errors: dict[str, str]) -> Iterator[DateRange]:
    """Yield the conditions of a filter; add messages to `errors`, by the parameter's name.

    `today` is the current day in the person's time zone.
    """
    rule, path = sent.rule, sent.rule.path
    if sent.period in set(Period):
        yield limits_of(rule, Period(sent.period), today)
    elif sent.period:
        errors[path] = translated(_NOT_A_PERIOD)
    days: dict[str, date | None] = {}
    for end, text in ((FROM, sent.first), (TO, sent.last)):
        days[end] = day_of(rule, text)
        if text and days[end] is None:
            is_week = rule.kind is Kind.WEEK
            errors[path + end] = translated(_NOT_A_WEEK if is_week else NOT_A_DAY)
    first, last = days[FROM], days[TO]
    if first and last and last < first:
        errors[path + TO] = translated(_ENDS_BEFORE)
    elif first or last:
        yield DateRange(rule.key, _text(first), _text(last))


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def label_of_end(name: str, rule: AttributeRule) -> str:
    """Return the label of a filter by an attribute, such as "Delivery day from:"."""
    if name == rule.path + FROM:
        return gettext("%(label)s from:", label=rule.label)
    if name == rule.path + TO:
        return gettext("%(label)s to:", label=rule.label)
    return f"{rule.label}:"


def shown_end(name: str, value: str, rule: AttributeRule) -> str:
    """Return what a filter asks for, in the page's language: "Overdue", or a day or week."""
    if name == rule.path:
        return translated(PERIODS[Period(value)]) if value in set(Period) else value
    return translated(display(rule, value))
