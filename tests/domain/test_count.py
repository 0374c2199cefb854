"""The count of a line: whole numbers from 1 to 1,000,000, and nothing that looks alike."""

import math
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from orders.domain.fields import MAX_COUNT, whole_count
from tests.domain.json_strategies import any_json


@pytest.mark.parametrize(
    ("value", "count"), [(1, 1), (2, 2), (2.0, 2), (1_000_000, 1_000_000), (1e6, 1_000_000)]
)
def test_whole_numbers_from_one_to_a_million_are_counts(value: float, count: int) -> None:
    read = whole_count(value)
    assert read == count
    assert type(read) is int


@pytest.mark.parametrize(
    "value",
    [0, -1, 1.5, 0.0, -0.0, 1_000_001, 1e300, 10**400, 2**63, math.nan, math.inf, -math.inf, True,
     False, None, "2", "", "\uff12", b"2", [2], {"count": 2}, Fraction(2)],
)  # fmt: skip
def test_lookalikes_are_not_counts(value: object) -> None:
    assert whole_count(value) is None


@given(any_json | st.integers(-5, MAX_COUNT + 5) | st.floats(-5, MAX_COUNT + 5))
@example(float(MAX_COUNT))
def test_a_count_is_returned_exactly_for_whole_numbers_in_range(value: object) -> None:
    is_count = type(value) in {int, float} and value in range(1, MAX_COUNT + 1)
    assert whole_count(value) == (value if is_count else None)
