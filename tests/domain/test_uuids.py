"""UUIDs of version 7, which begin with their time."""

import uuid
from datetime import UTC, datetime, timedelta

from orders.domain.identifiers import new_uuid


def test_ids_of_one_millisecond_are_in_the_order_of_their_time() -> None:
    start = datetime(2026, 3, 1, 12, 0, 0, 5000, tzinfo=UTC)
    made = [new_uuid(start + timedelta(microseconds=at)) for at in range(2000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert {(uuid.UUID(one).version, uuid.UUID(one).variant) for one in made} == {
        (7, uuid.RFC_4122)
    }
    assert {uuid.UUID(one).int >> 80 for one in made} == {
        int(start.timestamp() * 1000) + at for at in (0, 1)
    }


def test_ids_of_one_moment_differ() -> None:
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    assert len({new_uuid(moment) for _ in range(1000)}) == 1000
