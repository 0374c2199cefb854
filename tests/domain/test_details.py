"""Metadata as people type it: nothing is lost on the way to the form and back."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.domain.typed_values import (
    DetailError,
    read_details,
    read_value,
    write_details,
    write_value,
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | TEXTS,
    lambda inner: st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)


@given(VALUES)
def test_a_value_comes_back_as_it_was(value: object) -> None:
    again = read_value(write_value(value))
    assert (again, type(again)) == (value, type(value))


@given(st.dictionaries(TEXTS, VALUES, max_size=4))
def test_details_come_back_as_they_were(details: dict[str, Any]) -> None:
    assert json.dumps(dict(read_details(write_details(details)))) == json.dumps(details)


def test_people_write_keys_and_texts() -> None:
    typed = "Engraving: Für Anna\n\n  room :  12.30: late \nwidth := 120\ngift:=true\nempty:"
    assert read_details(typed) == [
        ("Engraving", "Für Anna"), ("room", "12.30: late"), ("width", 120), ("gift", True),
        ("empty", ""),
    ]  # fmt: skip


def test_empty_input_is_empty() -> None:
    assert read_details(" \n\t\n") == []
    assert write_details(None) == ""


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("just words", 1),
        ("a: b\n: no key", 2),
        ("a := twelve", 1),
        ("a := NaN", 1),
        ("a := " + "[" * 100_000, 1),
        ('"a" b', 1),
        ('"a: b', 1),
    ],
)
def test_a_line_that_cannot_be_read_is_named(typed: str, line: int) -> None:
    with pytest.raises(DetailError) as caught:
        read_details(typed)
    assert caught.value.line == line
