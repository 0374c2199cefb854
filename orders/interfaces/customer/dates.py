"""Dates, weeks, and times on the customer pages, in the form of the page's language."""

from datetime import date, datetime, timedelta

from babel import Locale
from babel.dates import format_date, format_time, parse_pattern

from orders.domain.attributes import AttributeRule, display
from orders.domain.moments import read_day
from orders.domain.preferences import find_zone, name_of_zone
from orders.domain.value_formats import read_week_start
from orders.interfaces.http.i18n import figure, gettext, language, translated

WEEK_END = timedelta(days=6)


def write_moment(moment: datetime, time_zone: str) -> str:
    """Return a moment in a time zone (an IANA name), with the zone's name.

    `January 18, 2027, 9:05 AM (Berlin time)`
    """
    local = moment.astimezone(find_zone(time_zone))
    return gettext(
        "%(day)s, %(time)s (%(zone)s)",
        day=format_date(local.date(), "long", locale=language()),
        time=format_time(local.time(), "short", locale=language()),
        zone=translated(name_of_zone(time_zone)),
    )


def write_day(day: date) -> str:
    """Return a day with its weekday: `Monday, January 18, 2027`."""
    return format_date(day, "full", locale=language())


def write_week(monday: date) -> str:
    """Return the ISO week that begins on a Monday: `week 3 of 2027 (January 18–24)`."""  # noqa: RUF002 - as on the page
    year, week, _ = monday.isocalendar()
    days = _write_days(monday, monday + WEEK_END)
    return gettext("week %(week)s of %(year)s (%(days)s)", week=week, year=year, days=days)


def _write_days(first: date, last: date) -> str:
    """Return two days of one year or two, written together as the language does, with months."""
    locale = Locale.parse(language())
    patterns = locale.interval_formats["MMMd"]["d" if first.month == last.month else "M"]
    written = [
        parse_pattern(pattern.replace("MMM", "MMMM")).apply(day, locale)
        for pattern, day in zip(patterns, (first, last), strict=True)
    ]
    # Thin spaces around the dash look like a mistake in a line of text.
    dash = "–" if first.month == last.month else " – "  # noqa: RUF001 - a dash between days
    return "".join(written).replace("\u2009–\u2009", dash)  # noqa: RUF001 - as above


def write_value(rule: AttributeRule, value: object) -> str:
    """Return the value of an attribute as customers read it; a day or a week at its full length."""
    if (day := read_day(value)) is not None:
        return write_day(day)
    if (monday := read_week_start(value)) is not None:
        return write_week(monday)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return figure(value)
    return translated(display(rule, value))
