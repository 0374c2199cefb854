"""Moments and days as people say them: "Today 12:07", "Yesterday 09:15", "Fri 5 Nov"."""

from datetime import UTC, date, datetime, time, tzinfo

from babel.dates import format_date, format_skeleton

from orders.interfaces.http.i18n import ENGLISH_DAY, gettext, language
from orders.services.languages import ENGLISH

ENGLISH_DAY_OF_THIS_YEAR = "EEE d MMM"
YESTERDAY, TODAY, TOMORROW = -1, 0, 1


def spoken_day(day: date, today: date) -> str:
    """Return a day in the page's language: `Fri 5 Nov`, or `5 Nov 2025` in another year."""
    code, is_this_year = language(), day.year == today.year
    if code == ENGLISH:
        return format_date(
            day, ENGLISH_DAY_OF_THIS_YEAR if is_this_year else ENGLISH_DAY, locale=code
        )
    noon = datetime.combine(day, time(12), UTC)
    return format_skeleton("MMMEd" if is_this_year else "yMMMd", noon, locale=code)


def spoken_moment(
    moment: datetime,
    now: datetime,
    zone: tzinfo,
    *,
    seconds: bool = False,
    brief: bool = False,
    inside: bool = False,
) -> str:
    """Return a moment as text in the page's language and in `zone`, as seen at `now`.

    It is `Today 12:07`, `Yesterday 12:07`, `Tomorrow 12:07` or `Fri 5 Nov, 12:07`. If `seconds` is
    true, the time includes them. If `brief` is true, a day other than those three is written
    without the time. If `inside` is true, the text fits into a sentence: `today 12:07`.
    """
    local = moment.astimezone(zone)
    today = now.astimezone(zone).date()
    clock = f"{local:%H:%M:%S}" if seconds else f"{local:%H:%M}"
    days = (local.date() - today).days
    if days == TODAY:
        return gettext("today %(time)s", time=clock) if inside else _today(clock)
    if days == YESTERDAY:
        return gettext("yesterday %(time)s", time=clock) if inside else _yesterday(clock)
    if days == TOMORROW:
        return gettext("tomorrow %(time)s", time=clock) if inside else _tomorrow(clock)
    day = spoken_day(local.date(), today)
    return day if brief else gettext("%(day)s, %(time)s", day=day, time=clock)


def _today(clock: str) -> str:
    return gettext("Today %(time)s", time=clock)


def _yesterday(clock: str) -> str:
    return gettext("Yesterday %(time)s", time=clock)


def _tomorrow(clock: str) -> str:
    return gettext("Tomorrow %(time)s", time=clock)
