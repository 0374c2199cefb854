"""The deprecated `items`: all entries are converted into lines, or none."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.domain.legacy_items import convert_items
from orders.domain.order import lines_as_json
from tests.domain.json_strategies import any_json, clean_objects

SOFA = "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11"
names = st.uuids().map(str) | st.from_regex(r"[A-Za-z0-9_-]{7,14}", fullmatch=True)
counts = st.integers(1, 1_000_000)
TELLING = {"id", "configurationId", "count", "metadata", "quantity", "qty", "number", "units"}


@st.composite
def convertible(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """Generate an entry that can be converted, and the line that it must become."""
    name, count = draw(names), draw(counts)
    line: dict[str, Any] = {"configurationId": name, "count": count}
    # Other keys do not matter; those that do are set below.
    others = {key: value for key, value in draw(clean_objects).items() if key not in TELLING}
    entry = {**others, "count": draw(st.sampled_from([count, float(count), str(count)]))}
    if count == 1 and draw(st.booleans()):
        entry["count"] = None
        if draw(st.booleans()):
            del entry["count"]
    for key in draw(st.sampled_from([["id"], ["configurationId"], ["id", "configurationId"]])):
        entry[key] = name
    if len(entry.keys() & {"id", "configurationId"}) == 1 and draw(st.booleans()):
        entry.setdefault("id", None)
        entry.setdefault("configurationId", None)
    metadata = draw(st.none() | clean_objects)
    if metadata is not None:
        line["metadata"] = metadata
        entry["metadata"] = metadata or draw(st.sampled_from([{}, []]))
    elif draw(st.booleans()):
        entry["metadata"] = None
    return entry, line


@given(st.lists(convertible(), min_size=1, max_size=5))
def test_entries_with_an_id_a_count_and_optional_metadata_become_lines_in_their_order(
    pairs: list[tuple[dict[str, Any], dict[str, Any]]],
) -> None:
    items = [entry for entry, _ in pairs]
    before = copy.deepcopy(items)
    converted = convert_items(items)
    assert converted.warnings == ()
    lines = converted.lines
    assert lines_as_json(lines) == [line for _, line in pairs]
    assert all(type(line.count) is int for line in lines)
    assert items == before


# Entries that cannot be converted, with the end of the path that the warning names.
ODD: list[tuple[Any, str]] = [
    ({}, ""),
    ({"count": 1}, ""),
    ({"id": None, "count": 1}, ""),
    ({"sku": "SOFA", "count": 1}, ""),
    ({"id": SOFA, "configurationId": "another-1", "count": 1}, ""),
    ("text", ""),
    (7, ""),
    (None, ""),
    ([SOFA, 1], ""),
    ({"id": SOFA, "count": 0}, ".count"),
    ({"id": SOFA, "count": -1}, ".count"),
    ({"id": SOFA, "count": 1_000_001}, ".count"),
    ({"id": SOFA, "count": 1.5}, ".count"),
    ({"id": SOFA, "count": "two"}, ".count"),
    ({"id": SOFA, "count": ""}, ".count"),
    ({"id": SOFA, "count": "0"}, ".count"),
    ({"id": SOFA, "count": "1.0"}, ".count"),
    ({"id": SOFA, "count": "-1"}, ".count"),
    ({"id": SOFA, "count": "1 000"}, ".count"),
    ({"id": SOFA, "count": "\u0662"}, ".count"),
    ({"id": SOFA, "count": "9" * 5000}, ".count"),
    ({"id": SOFA, "count": True}, ".count"),
    ({"id": SOFA, "count": []}, ".count"),
    ({"id": SOFA, "count": float("nan")}, ".count"),
    ({"id": SOFA, "count": 10**400}, ".count"),
    ({"id": SOFA, "quantity": 5}, ".quantity"),
    ({"id": SOFA, "qty": "5"}, ".qty"),
    ({"id": SOFA, "Count": 5}, ".Count"),
    ({"id": SOFA, "count": None, "Quantity": 5}, ".Quantity"),
    ({"id": "a b", "count": 1}, ".id"),
    ({"configurationId": "a b", "count": 1}, ".configurationId"),
    ({"id": f"{SOFA}\n", "count": 1}, ".id"),
    ({"id": 1234567, "count": 1}, ".id"),
    ({"id": [SOFA], "count": 1}, ".id"),
    ({"id": SOFA, "count": 1, "metadata": [1]}, ".metadata"),
    ({"id": SOFA, "count": 1, "metadata": "gift"}, ".metadata"),
]


@pytest.mark.parametrize(("odd", "where"), ODD)
def test_an_entry_in_another_format_is_not_converted(odd: object, where: str) -> None:
    converted = convert_items([{"id": SOFA}, odd])
    assert converted.lines == ()
    assert [warning.path for warning in converted.warnings] == ["items", f"items.1{where}"]


@given(
    st.sampled_from([odd for odd, _ in ODD]), st.lists(convertible(), max_size=3), st.integers(0, 3)
)
def test_one_entry_in_another_format_and_none_is_converted(
    odd: object, pairs: list[tuple[dict[str, Any], dict[str, Any]]], at: int
) -> None:
    items: list[Any] = [entry for entry, _ in pairs]
    items.insert(at, odd)
    converted = convert_items(items)
    assert converted.lines == ()
    assert converted.warnings[1].path.startswith(f"items.{min(at, len(pairs))}")


def test_no_entries_are_nothing_to_convert() -> None:
    assert (convert_items([]).lines, convert_items([]).warnings) == ((), ())


@given(st.lists(any_json))
def test_nothing_in_items_fails(items: list[Any]) -> None:
    converted = convert_items(items)
    assert bool(converted.warnings) != (len(converted.lines) == len(items))
