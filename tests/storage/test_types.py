"""Column types: values come back from the database as they were stored, to the last digit."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import DateTime
from sqlalchemy.dialects.sqlite import dialect

from orders.storage.types import JsonText, UtcDateTime
from tests.domain.json_strategies import clean_json

SQLITE = dialect()
zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=zones)  # noqa: DTZ001 - hypothesis adds the zone


@given(clean_json)
@example(1e16)
@example(-0.0)
@example(5e-324)
@example({"b": 1, "a": 1.0, "": [True, None]})
def test_json_keeps_key_order_and_the_kind_of_every_number(value: object) -> None:
    write = JsonText().bind_processor(SQLITE)
    read = JsonText().result_processor(SQLITE, None)
    # SQL NULL and the JSON value null are one: columns contain objects, arrays, or nothing.
    assert repr(read(write(value))) == repr(value)


@given(moments)
def test_a_moment_is_text_as_sqlalchemy_writes_it_cut_to_milliseconds(moment: datetime) -> None:
    write = UtcDateTime().bind_processor(SQLITE)
    read = UtcDateTime().result_processor(SQLITE, None)
    plain = DateTime().dialect_impl(SQLITE).bind_processor(SQLITE)
    assert write is not None
    assert read is not None
    assert plain is not None
    utc = moment.astimezone(UTC)
    cut = utc.replace(microsecond=utc.microsecond // 1000 * 1000)
    assert write(moment) == plain(cut.replace(tzinfo=None))
    assert read(write(moment)) == cut


def test_a_time_without_a_zone_is_refused() -> None:
    write = UtcDateTime().bind_processor(SQLITE)
    assert write is not None
    with pytest.raises(ValueError, match="time zone"):
        write(datetime(2026, 11, 24))  # noqa: DTZ001 - that is the point
