"""Preferences of people: how a time is shown, and what cannot be chosen."""

from datetime import UTC, datetime
from typing import Any

import pytest

from orders.domain import moments
from orders.domain.preferences import (
    DATE_FORMATS,
    Preferences,
    preference_faults,
    read_preferences,
    time_zones,
)

SUMMER = datetime(2026, 7, 1, 22, 5, 9, tzinfo=UTC)
WINTER = datetime(2026, 11, 25, 13, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("date_format", "written"),
    [
        ("iso", "2026-11-25 14:30"),
        ("de", "25.11.2026 14:30"),
        ("us", "11/25/2026 02:30 PM"),
        ("uk", "25/11/2026 14:30"),
    ],
)
def test_a_moment_is_written_in_the_persons_form(date_format: str, written: str) -> None:
    assert Preferences("Europe/Berlin", date_format).write(WINTER) == written


@pytest.mark.parametrize(
    ("zone", "written", "name"),
    [
        ("UTC", "2026-07-01 22:05:09", "UTC"),
        ("Europe/Berlin", "2026-07-02 00:05:09", "Berlin time"),
        ("America/New_York", "2026-07-01 18:05:09", "New York time"),
        ("America/Argentina/Buenos_Aires", "2026-07-01 19:05:09", "Buenos Aires time"),
        ("Asia/Kathmandu", "2026-07-02 03:50:09", "Kathmandu time"),
    ],
)
def test_it_is_written_in_the_zone_that_is_named(zone: str, written: str, name: str) -> None:
    preferences = Preferences(zone)
    assert preferences.write(SUMMER, seconds=True) == written
    assert preferences.zone_name == name


@pytest.mark.parametrize("unknown", ["Mars/Olympus", "../etc/passwd", "", "Europe/Berlin\0", "/"])
def test_an_unknown_time_zone_is_utc_and_reported(unknown: str) -> None:
    preferences = read_preferences({"timeZone": unknown})
    assert preferences.write(WINTER) == "2026-11-25 13:30"
    assert preferences.zone_name == "UTC"


@pytest.mark.parametrize(
    "stored", [{}, {"theme": "neon", "density": 3, "dateFormat": None}, {"other": ["x"]}]
)
def test_what_is_not_known_any_more_is_the_default(stored: dict[str, Any]) -> None:
    assert read_preferences(stored) == Preferences()


def test_what_is_stored_comes_back() -> None:
    chosen = Preferences("Europe/Berlin", "de", "dark", "dense")
    assert read_preferences(chosen.as_json()) == chosen
    assert preference_faults(chosen) == []


def test_each_error_is_shown_at_its_field() -> None:
    faults = preference_faults(Preferences("Mars/Olympus", "x", "neon", ""))
    assert [fault.path for fault in faults] == ["time_zone", "date_format", "theme", "density"]


def test_zones_of_places_can_be_chosen_but_no_inverted_offsets() -> None:
    zones = time_zones()
    assert zones[0] == "UTC"
    assert {"Europe/Berlin", "America/New_York", "Asia/Tokyo"} <= set(zones)
    assert not [zone for zone in zones if zone.startswith(("Etc/", "US/", "posix"))]
    assert set(DATE_FORMATS) == {"spoken", "iso", "de", "us", "uk"}


def test_a_time_that_is_typed_without_a_zone_is_in_the_persons_zone() -> None:
    berlin = Preferences("Europe/Berlin").zone
    assert moments.read_moment("2026-11-25", berlin) == datetime(2026, 11, 24, 23, tzinfo=UTC)
    assert moments.read_moment("2026-11-25T14:30", berlin) == WINTER
    assert moments.read_moment("2026-11-25T14:30Z", berlin).hour == 14
    with pytest.raises(ValueError, match="ISO 8601"):
        moments.read_moment("0001-01-01", berlin)
