"""A person's preferences for the desk: time zone, date format, theme, density."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from orders.domain.errors import FieldError
from orders.domain.texts import lazy_gettext

UTC_NAME = "UTC"
MAX_PERSON_NAME = 80  # characters of a person's name
# Form of a date -> how a day and a minute are written in it.
DATE_FORMATS = {
    "iso": ("%Y-%m-%d", "%H:%M"),
    "de": ("%d.%m.%Y", "%H:%M"),
    "us": ("%m/%d/%Y", "%I:%M %p"),
    "uk": ("%d/%m/%Y", "%H:%M"),
}
DATE_LABELS = {
    "iso": "2026-11-25 14:30",
    "de": lazy_gettext("25.11.2026 14:30 (German)"),
    "us": lazy_gettext("11/25/2026 02:30 PM (US)"),
    "uk": lazy_gettext("25/11/2026 14:30 (UK)"),
}
THEMES = {
    "system": lazy_gettext("As the device"),
    "light": lazy_gettext("Light"),
    "dark": lazy_gettext("Dark"),
}
DENSITIES = {"comfortable": lazy_gettext("Comfortable"), "dense": lazy_gettext("Dense")}
# Zones of places; the others (`Etc/GMT-3`, `US/Eastern`, `CET`) are old names, or have the opposite
# sign.
_AREAS = (
    *("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia"),
    *("Europe", "Indian", "Pacific"),
)


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a person has chosen; `Preferences()` are the defaults."""

    time_zone: str = UTC_NAME
    date_format: str = "iso"
    theme: str = "system"
    density: str = "comfortable"
    language: str = ""  # a code, as `de`; empty for what the browser asks for

    def as_json(self) -> dict[str, str]:
        """Return the form in which they are stored."""
        return {
            "timeZone": self.time_zone,
            "dateFormat": self.date_format,
            "theme": self.theme,
            "density": self.density,
            "language": self.language,
        }

    @property
    def zone(self) -> tzinfo:
        """The time zone; UTC when this machine does not know the one that was chosen."""
        return _zone(self.time_zone)

    @property
    def zone_name(self) -> str:
        """What the pages call the zone: `UTC`, or by its place, as `Berlin time`."""
        if self.zone is UTC:
            return UTC_NAME
        return lazy_gettext(
            "%(place)s time", place=self.time_zone.rpartition("/")[2].replace("_", " ")
        )

    def write_day(self, day: date) -> str:
        """Write a day in the person's form."""
        return day.strftime(DATE_FORMATS[self.date_format][0])

    def write(self, moment: datetime, *, seconds: bool = False) -> str:
        """Write a moment in the person's zone and form, to the minute or second."""
        day, minute = DATE_FORMATS[self.date_format]
        form = minute.replace("%M", "%M:%S") if seconds else minute
        return moment.astimezone(self.zone).strftime(f"{day} {form}")


def read_preferences(stored: Mapping[str, Any]) -> Preferences:
    """Read stored preferences; whatever is not known any more is the default."""
    known = {
        "time_zone": str(stored.get("timeZone") or UTC_NAME),
        "date_format": _one_of(DATE_FORMATS, stored.get("dateFormat")),
        "theme": _one_of(THEMES, stored.get("theme")),
        "density": _one_of(DENSITIES, stored.get("density")),
        "language": str(stored.get("language") or ""),
    }
    return Preferences(**known)


def preference_faults(preferences: Preferences) -> list[FieldError]:
    """Return an error for each preference that is not among the choices, by attribute name."""
    faults = [
        FieldError(name, lazy_gettext("One of: %(options)s.", options=", ".join(known)))
        for name, known in _CHOICES.items()
        if getattr(preferences, name) not in known
    ]
    if preferences.time_zone not in time_zones():
        faults.insert(0, FieldError("time_zone", lazy_gettext("A time zone from the list.")))
    return faults


@cache
def time_zones() -> tuple[str, ...]:
    """Return the names of all time zones of places, as Europe/Berlin, sorted, UTC first."""
    places = (name for name in available_timezones() if name.partition("/")[0] in _AREAS)
    return (UTC_NAME, *sorted(places))


@cache
def _zone(name: str) -> tzinfo:
    try:
        return UTC if name == UTC_NAME else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


_CHOICES: dict[str, Mapping[str, Any]] = {
    "date_format": DATE_FORMATS,
    "theme": THEMES,
    "density": DENSITIES,
}


def _one_of(known: Mapping[str, Any], stored: object) -> str:
    """Return what is stored if it is known, else the first choice."""
    return stored if isinstance(stored, str) and stored in known else next(iter(known))
