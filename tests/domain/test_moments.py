"""Times: truncated to milliseconds, and parsed from what people and programs write."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.domain.moments import is_day, now_or, read_moment, to_the_millisecond

MILLISECOND = timedelta(milliseconds=1)


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_time_is_truncated_never_rounded(moment: datetime) -> None:
    cut = to_the_millisecond(moment)
    assert timedelta() <= moment - cut < MILLISECOND
    assert cut.microsecond % 1000 == 0
    assert now_or(moment) == cut


def test_without_a_moment_it_is_now_in_utc() -> None:
    before = datetime.now(UTC)
    now = now_or(None)
    assert before - MILLISECOND < now <= datetime.now(UTC)
    assert now.utcoffset() == timedelta()
    assert now.microsecond % 1000 == 0


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-25", datetime(2026, 11, 25, tzinfo=UTC)),
        ("2026-11-25T08:30", datetime(2026, 11, 25, 8, 30, tzinfo=UTC)),
        ("2026-11-25 08:30:15", datetime(2026, 11, 25, 8, 30, 15, tzinfo=UTC)),
        ("2026-11-25t08:30:15z", datetime(2026, 11, 25, 8, 30, 15, tzinfo=UTC)),
        ("2026-11-25T08:30:15.5Z", datetime(2026, 11, 25, 8, 30, 15, 500_000, tzinfo=UTC)),
        ("2026-11-25T08:30:15,123456789Z", datetime(2026, 11, 25, 8, 30, 15, 123_456, tzinfo=UTC)),
        ("2026-11-25T08:30+01:00", datetime(2026, 11, 25, 7, 30, tzinfo=UTC)),
        ("2026-11-25T08:30 0100", datetime(2026, 11, 25, 7, 30, tzinfo=UTC)),
        ("2026-11-25T08:30-0130", datetime(2026, 11, 25, 10, tzinfo=UTC)),
    ],
)
def test_iso_8601_is_read_as_utc(text: str, moment: datetime) -> None:
    assert read_moment(text) == moment
    assert read_moment(text).utcoffset() == timedelta()


@given(
    st.datetimes(
        datetime(1, 1, 2),  # noqa: DTZ001 - the bounds are without a zone
        datetime(9999, 12, 30),  # noqa: DTZ001 - as above
        timezones=st.integers(-1439, 1439).map(lambda one: timezone(timedelta(minutes=one))),
    )
)
def test_what_python_writes_is_read(moment: datetime) -> None:
    assert read_moment(moment.isoformat()) == moment


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "2026", "2026-13-01", "2026-02-29", "20261125", "2026-11-25T",
     "2026-11-25T08", "2026-11-25T25:00", "2026-11-25T08:30+1", "2026-11-25T08:30+25:00",
     "2026-11-25 ", "\u0662026-11-25", "0001-01-01T00:00+23:00", "9999-12-31T23:59-01:00"],
)  # fmt: skip
def test_nothing_else_is_a_moment(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - Python's own sentence for some of them
        read_moment(text)


def test_a_day_is_distinguished_from_a_time() -> None:
    assert is_day("2026-11-25")
    assert not is_day("2026-11-25T00:00")
    assert not is_day("20261125")
