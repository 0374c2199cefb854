"""Moments in time: timezone-aware, in UTC, and precise to the millisecond, as the wire format is.

Also writes a day as a calendar file (RFC 5545). No library is needed: an all-day event has no time
zone and no repetition, and needs only escaping and line folding.
"""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from orders.domain.texts import lazy_gettext

# The precision of times: the smallest step from one to the next.
TICK = timedelta(milliseconds=1)
NOT_A_MOMENT = lazy_gettext("A time in ISO 8601, such as 2026-11-25T08:30:00Z or 2026-11-25.")

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
# A plus sign that is not encoded in an address arrives as a blank.
_MOMENT = re.compile(
    r"(\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?) ?(Z|[+ -]\d{2}:?\d{2})?",
    re.ASCII | re.IGNORECASE,
)


def to_the_millisecond(moment: datetime) -> datetime:
    """Return a moment truncated to milliseconds, so that stored times equal those in responses."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def now_or(now: datetime | None) -> datetime:
    """Return `now`, or the current UTC time if `now` is None.

    Either one is truncated to milliseconds.
    """
    return to_the_millisecond(now or datetime.now(UTC))


def is_day(text: str) -> bool:
    """Return whether text has the form of a date such as 2026-11-25; the date need not exist."""
    return _DAY.fullmatch(text) is not None


def read_moment(text: str, zone: tzinfo = UTC) -> datetime:
    """Parse an ISO 8601 time and return it in UTC.

    A time without an offset is in `zone`; a date alone means midnight of that day. Raises
    ValueError for any other text, and for moments outside the years 1 to 9999.
    """
    parts = _MOMENT.fullmatch(f"{text}T00:00" if is_day(text) else text)
    if parts is None:
        raise ValueError(NOT_A_MOMENT)
    offset = (parts[2] or "").replace(" ", "+").upper()
    moment = datetime.fromisoformat(parts[1] + offset)
    try:
        return (moment if offset else moment.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError as error:
        raise ValueError(NOT_A_MOMENT) from error


def begin_of_day(day: date, zone: tzinfo) -> datetime:
    """Return the first moment of a day in the time zone `zone`, converted to UTC.

    If clocks are set forward at midnight, that is the moment of the change. Raises OverflowError if
    the result is outside the years 1 to 9999.
    """
    return datetime.combine(day, time(), zone).astimezone(UTC)


def read_day(value: object) -> date | None:
    """Parse a date such as "2026-11-25"; return None for any other value or a nonexistent date."""
    if not isinstance(value, str) or not is_day(value):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def wire_time(moment: datetime) -> str:
    """Return a UTC moment in ISO 8601 with milliseconds and Z, such as 2026-11-25T08:30:00.000Z."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def wire_fields(names: Iterable[str], values: Iterable[object]) -> dict[str, Any]:
    """Return a dict for JSON that pairs names and values by position.

    Times, which must be in UTC, are written by `wire_time`. Values after the last name are left
    out.
    """
    return {
        name: wire_time(value) if isinstance(value, datetime) else value
        for name, value in zip(names, values, strict=False)
    }


LINE_BYTES = 75  # a longer line goes on in the next one, behind a blank
ENDINGS = {"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"}


def write_calendar(
    uid: str, day: date, title: str, text: str, address: str, changed_at: datetime
) -> str:
    """Return an iCalendar file with one all-day event on `day` that links to the URL `address`.

    `uid` identifies the event and must stay the same when the day changes. `title` and `text` are
    plain text; `changed_at` is when the event was last changed.
    """
    # Not strftime for the day: it writes years before 1000 with fewer digits.
    lines = (
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Shortorder//Orders//EN",
        "METHOD:PUBLISH",
        "BEGIN:VEVENT",
        f"UID:{_escaped(uid)}",
        f"DTSTAMP:{changed_at.astimezone(UTC):%Y%m%dT%H%M%SZ}",
        f"DTSTART;VALUE=DATE:{day.isoformat().replace('-', '')}",
        f"SUMMARY:{_escaped(title)}",
        f"DESCRIPTION:{_escaped(text)}",
        f"URL:{address}",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
        "END:VCALENDAR",
    )
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _escaped(text: str) -> str:
    """Return text escaped as an iCalendar value.

    Control characters other than line breaks are removed.
    """
    plain = "\n".join(text.splitlines())
    return "".join(ENDINGS.get(one, one) for one in plain if one >= " " or one == "\n")


def _folded(line: str) -> str:
    """Return a line folded for iCalendar into pieces of at most LINE_BYTES bytes.

    No character is split.
    """
    pieces = [""]
    size = 0
    for one in line:
        width = len(one.encode())
        if size + width > LINE_BYTES:
            pieces.append(" ")
            size = 1
        pieces[-1] += one
        size += width
    return "\r\n".join(pieces)
