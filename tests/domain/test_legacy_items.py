"""The deprecated `items`: all entries are converted into lines, or none."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.domain.order import lines_as_json
from orders.domain.schema import convert_items
from tests.domain.json_strategies import any_json, clean_objects

SOFA = "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11"
names = st.uuids().map(str) | st.from_regex(r"[A-Za-z0-9_-]{7,14}", fullmatch=True)
counts = st.integers(1, 1_000_000)
TELLING = {"id", "configurationId", "count", "metadata"}


@st.composite
def convertible(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """Generate an entry that can be converted, and the line that it must become."""
    name, count = draw(names), draw(counts)
    line: dict[str, Any] = {"configurationId": name, "count": count}
    # Other keys do not matter; those that do are set below.
    others = {key: value for key, value in draw(clean_objects).items() if key not in TELLING}
    entry = {**others, "count": draw(st.sampled_from([count, float(count)]))}
    for key in draw(st.sampled_from([["id"], ["configurationId"], ["id", "configurationId"]])):
        entry[key] = name
    if draw(st.booleans()):
        entry["metadata"] = line["metadata"] = draw(clean_objects)
    return entry, line


@given(st.lists(convertible(), min_size=1, max_size=5))
def test_entries_with_an_id_a_count_and_optional_metadata_become_lines_in_their_order(
    pairs: list[tuple[dict[str, Any], dict[str, Any]]],
) -> None:
    items = [entry for entry, _ in pairs]
    before = copy.deepcopy(items)
    lines = convert_items(items)
    assert lines is not None
    assert lines_as_json(lines) == [line for _, line in pairs]
    assert all(type(line.count) is int for line in lines)
    assert items == before


ODD = [
    {},
    {"id": SOFA},
    {"count": 1},
    {"id": SOFA, "count": 0},
    {"id": SOFA, "count": -1},
    {"id": SOFA, "count": 1_000_001},
    {"id": SOFA, "count": 1.5},
    {"id": SOFA, "count": "2"},
    {"id": SOFA, "count": True},
    {"id": SOFA, "count": None},
    {"id": SOFA, "count": float("nan")},
    {"id": SOFA, "count": 10**400},
    {"id": SOFA, "quantity": 1},
    {"id": "a b", "count": 1},
    {"id": f"{SOFA}\n", "count": 1},
    {"id": None, "count": 1},
    {"id": 1234567, "count": 1},
    {"id": [SOFA], "count": 1},
    {"id": SOFA, "configurationId": "another-1", "count": 1},
    {"id": None, "configurationId": SOFA, "count": 1},
    {"id": SOFA, "count": 1, "metadata": None},
    {"id": SOFA, "count": 1, "metadata": []},
    {"sku": "SOFA", "count": 1},
    "text",
    7,
    None,
    [SOFA, 1],
]


@pytest.mark.parametrize("odd", ODD)
def test_an_entry_in_another_format_is_not_converted(odd: object) -> None:
    assert convert_items([odd]) is None


@given(st.sampled_from(ODD), st.lists(convertible(), max_size=3), st.integers(0, 3))
def test_one_entry_in_another_format_and_none_is_converted(
    odd: object, pairs: list[tuple[dict[str, Any], dict[str, Any]]], at: int
) -> None:
    items: list[Any] = [entry for entry, _ in pairs]
    items.insert(at, odd)
    assert convert_items(items) is None


def test_no_entries_are_nothing_to_convert() -> None:
    assert convert_items([]) is None


@given(st.lists(any_json))
def test_nothing_in_items_fails(items: list[Any]) -> None:
    lines = convert_items(items)
    assert lines is None or len(lines) == len(items)
