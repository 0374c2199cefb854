"""A person's preferences for the desk: time zone, date format, theme, density, and language."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, tzinfo
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic.alias_generators import to_camel

from orders.domain.errors import FieldError
from orders.domain.texts import lazy_gettext

UTC_NAME = "UTC"
NO_ZONE = lazy_gettext("Choose a time zone from the list.")
MAX_PERSON_NAME = 80  # characters of a person's name
SPOKEN = "spoken"
# Form of a date -> how a day and a minute are written in it. The pages write SPOKEN in their
# language ("Today 14:30"); what is listed here is its full form, for printed sheets and tooltips.
DATE_FORMATS = {
    SPOKEN: ("%Y-%m-%d", "%H:%M"),
    "iso": ("%Y-%m-%d", "%H:%M"),
    "de": ("%d.%m.%Y", "%H:%M"),
    "us": ("%m/%d/%Y", "%I:%M %p"),
    "uk": ("%d/%m/%Y", "%H:%M"),
}
DATE_LABELS = {
    SPOKEN: lazy_gettext("Today 14:30, Fri 5 Nov"),
    "iso": "2026-11-25 14:30",
    "de": lazy_gettext("25.11.2026 14:30 (German)"),
    "us": lazy_gettext("11/25/2026 02:30 PM (US)"),
    "uk": lazy_gettext("25/11/2026 14:30 (UK)"),
}
THEMES = {
    "system": lazy_gettext("Same as device"),
    "light": lazy_gettext("Light"),
    "dark": lazy_gettext("Dark"),
}
DENSITIES = {"comfortable": lazy_gettext("Comfortable"), "dense": lazy_gettext("Dense")}
_CHOICES: dict[str, Mapping[str, Any]] = {
    "date_format": DATE_FORMATS, "theme": THEMES, "density": DENSITIES,
}  # fmt: skip
# Zones of places; the others (`Etc/GMT-3`, `US/Eastern`, `CET`) are old names, or have the opposite
# sign.
_AREAS = (
    *("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia"),
    *("Europe", "Indian", "Pacific"),
)


@dataclass(frozen=True, slots=True)
class Preferences:
    """A staff member's preferences for the desk; `Preferences()` has the defaults.

    `time_zone` is an IANA name, or empty for `org_time_zone`, the zone of the person's org; that
    one is no preference, and is not stored. All times at the desk are in `zone`, whose rule this
    is. `date_format`, `theme` and `density` are keys of DATE_FORMATS, THEMES and DENSITIES.
    `language` is a code such as `de`, or empty for the browser's language.
    """

    time_zone: str = ""
    date_format: str = SPOKEN
    theme: str = "system"
    density: str = "comfortable"
    language: str = ""  # a code, as `de`; empty for what the browser asks for
    org_time_zone: str = UTC_NAME

    def as_json(self) -> dict[str, str]:
        return {to_camel(name): getattr(self, name) for name in _STORED}

    @property
    def zone(self) -> tzinfo:
        """The person's time zone, else that of the org, else UTC, as an object.

        It is also UTC if this machine does not know the zone.
        """
        return find_zone(self.time_zone or self.org_time_zone)

    @property
    def zone_name(self) -> str:
        """The name of `zone` as translatable text: `UTC`, or its city, as in `Berlin time`."""
        return name_of_zone(self.time_zone or self.org_time_zone)

    def write_day(self, day: date) -> str:
        return day.strftime(DATE_FORMATS[self.date_format][0])

    def write(self, moment: datetime, *, seconds: bool = False) -> str:
        """Return a moment as text in the person's time zone and date format.

        The time is written to the minute, or to the second if `seconds` is true.
        """
        day, minute = DATE_FORMATS[self.date_format]
        form = minute.replace("%M", "%M:%S") if seconds else minute
        return moment.astimezone(self.zone).strftime(f"{day} {form}")


_STORED = tuple(one.name for one in fields(Preferences) if one.name != "org_time_zone")
_DEFAULTS = Preferences()


def read_preferences(stored: Mapping[str, Any], org_time_zone: str | None = None) -> Preferences:
    """Return stored preferences, with defaults for missing and unknown values.

    `stored` is an object as `Preferences.as_json` returns it. `org_time_zone` is an IANA name, or
    None if the org has not chosen a zone. The time zones and the language are not checked.
    """
    chosen = {name: str(stored.get(to_camel(name)) or getattr(_DEFAULTS, name)) for name in _STORED}
    known = {name: value for name, value in chosen.items() if value in _CHOICES.get(name, [value])}
    return Preferences(**known, org_time_zone=org_time_zone or UTC_NAME)


def preference_faults(preferences: Preferences) -> list[FieldError]:
    """Return an error for each invalid preference; [] if all are valid.

    The path of an error is the name of the attribute, such as `time_zone`. An empty time zone is
    valid.
    """
    faults = []
    if preferences.time_zone not in {"", *time_zones()}:
        faults.append(FieldError("time_zone", NO_ZONE))
    for name, known in _CHOICES.items():
        if getattr(preferences, name) not in known:
            sentence = lazy_gettext("One of: %(options)s.", options=", ".join(known))
            faults.append(FieldError(name, sentence))
    return faults


@cache
def time_zones() -> tuple[str, ...]:
    """Return UTC, followed by the sorted IANA names of time zones of places (Europe/Berlin)."""
    places = (name for name in available_timezones() if name.partition("/")[0] in _AREAS)
    return (UTC_NAME, *sorted(places))


def name_of_zone(time_zone: str) -> str:
    """Return an IANA name as translatable text: `UTC`, or its city, as in `Berlin time`."""
    place = time_zone.rpartition("/")[2].replace("_", " ")
    is_utc = find_zone(time_zone) is UTC
    return UTC_NAME if is_utc else lazy_gettext("%(place)s time", place=place)


@cache
def find_zone(name: str) -> tzinfo:
    """Return the time zone with an IANA name; UTC if this machine does not know it."""
    try:
        return UTC if name == UTC_NAME else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC
