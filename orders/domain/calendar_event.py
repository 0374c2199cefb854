"""A day as a calendar file (RFC 5545).

Written by hand: one event of one whole day needs neither time zones nor repetitions, which are
what a library for calendars is for; what is left is escaping and folding, a line each.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime

LINE_BYTES = 75  # a longer line goes on in the next one, behind a blank
ENDINGS = {"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"}


@dataclass(frozen=True, slots=True)
class DayEvent:
    """An event of a whole day. `uid` stays the same when the day is changed."""

    uid: str
    day: date
    title: str
    text: str
    address: str
    changed_at: datetime


def write_calendar(event: DayEvent) -> str:
    """Write a calendar with the event in it; every program of today reads it."""
    lines = (
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Shortorder//Orders//EN",
        "METHOD:PUBLISH",
        "BEGIN:VEVENT",
        f"UID:{_escaped(event.uid)}",
        f"DTSTAMP:{event.changed_at.astimezone(UTC):%Y%m%dT%H%M%SZ}",
        f"DTSTART;VALUE=DATE:{_day(event.day)}",
        f"SUMMARY:{_escaped(event.title)}",
        f"DESCRIPTION:{_escaped(event.text)}",
        f"URL:{event.address}",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
        "END:VCALENDAR",
    )
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _day(day: date) -> str:
    # Not strftime: it writes years before 1000 with fewer digits.
    return day.isoformat().replace("-", "")


def _escaped(text: str) -> str:
    """Escape separators of values; other control characters are left out."""
    plain = "\n".join(text.splitlines())
    return "".join(ENDINGS.get(one, one) for one in plain if one >= " " or one == "\n")


def _folded(line: str) -> str:
    """Fold a line into pieces of at most LINE_BYTES, never inside a character."""
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
