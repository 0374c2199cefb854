"""Strict parsing of JSON, and errors for values that the databases cannot store."""

import contextlib
import json
import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from orders.domain.errors import FieldError, InvalidInput, NotJson
from orders.domain.json_values import (
    MAX_ERRORS,
    compact_size,
    find_unstorable,
    join_path,
    parse_json,
)
from tests.domain.json_strategies import any_json, clean_json, json_of_one_form


def faults(text: str, nesting: int = 16) -> list[str]:
    """Return the paths of the values that JSON text cannot contain."""
    return [error.path for error in find_unstorable(parse_json(text.encode()), nesting=nesting)]


@given(clean_json)
def test_json_values_come_through_unchanged_and_can_be_stored(value: object) -> None:
    for ensure_ascii in (True, False):
        parsed = parse_json(json.dumps(value, ensure_ascii=ensure_ascii).encode())
        assert json.dumps(parsed) == json.dumps(value)
        assert find_unstorable(parsed, nesting=16) == []


@pytest.mark.parametrize(
    "body",
    [b"", b" ", b"{", b"nonsense", b"{'a': 1}", b'{"a": 1,}', b"[1] 2", b"NaN", b"-Infinity",
     b'{"a": Infinity}', b"[01]", b'"a\nb"', b"\xff", b"\xef\xbb\xbf\xef\xbb\xbf{}",
     '{"a": 1}'.encode("utf-16"), b'"\xed\xa0\x80"', b'{"a": 1'],
)  # fmt: skip
def test_what_is_not_json_in_utf_8_is_refused(body: bytes) -> None:
    with pytest.raises(NotJson, match=r"^The body is not (JSON|UTF-8)"):
        parse_json(body)


@given(st.binary(max_size=40))
def test_no_bytes_make_the_parser_fail_in_another_way(body: bytes) -> None:
    with contextlib.suppress(NotJson):
        json.dumps(parse_json(body))


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_nesting_that_ends_the_parsers_recursion_is_an_invalid_order(opening: bytes) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_json(opening * 200_000)
    assert [error.path for error in caught.value.errors] == [""]


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ('{"a": 1e999}', ["a"]),
        ('{"a": [0, -1e999]}', ["a.1"]),
        ('{"a": 9223372036854775807, "b": -9223372036854775808}', []),
        ('{"a": 9223372036854775808}', ["a"]),
        ('{"a": -9223372036854775809}', ["a"]),
        ('{"a": 99999999999999999999, "b": -99999999999999999999}', ["a", "b"]),
        (f'{{"a": {"9" * 10_000}, "b": -{"9" * 10_000}}}', ["a", "b"]),
        ('{"a": 1, "b": 2, "a": 3}', ["a"]),
        ('{"x": {"a": 1, "a": 1, "a": 1, "b": [], "b": []}}', ["x.a", "x.b"]),
        ('{"a": "\\u0000"}', ["a"]),
        ('{"a": {"b\\u0000": 1}}', ["a.b\\u0000"]),
        ('{"a": "\\ud83d", "b": "\\ud83d\\ude00", "c": ["\\ude00"]}', ["a", "c.0"]),
        ('{"\\ud800": 1}', ["\\ud800"]),
        ('"\\u0000"', [""]),
        ("1e999", [""]),
    ],
)
def test_each_value_that_cannot_be_stored_is_reported_by_its_path(
    text: str, paths: list[str]
) -> None:
    assert faults(text) == paths


@pytest.mark.parametrize(("opening", "closing"), [('{"a":', "}"), ("[", "]")])
@pytest.mark.parametrize("nesting", [1, 3, 16])
def test_a_field_may_be_nested_to_the_limit_and_no_deeper(
    opening: str, closing: str, nesting: int
) -> None:
    def field(levels: int) -> str:
        return f'{{"field": {opening * levels}1{closing * levels}}}'

    assert faults(field(nesting), nesting) == []
    step = ".a" if opening == '{"a":' else ".0"
    assert faults(field(nesting + 1), nesting) == ["field" + step * nesting]
    assert faults(field(nesting + 500), nesting) == ["field" + step * nesting]


def test_errors_are_reported_in_document_order_up_to_a_limit() -> None:
    text = '{"a": "\\u0000", "b": {"c": 1e999, "d": ["\\ud800"]}, "e": {"f": 1, "f": 2}}'
    assert faults(text) == ["a", "b.c", "b.d.0", "e.f"]
    assert len(faults(json.dumps(["\0"] * 5_000))) == MAX_ERRORS
    assert len(faults(json.dumps({f"{n}\0": 1 for n in range(5_000)}))) == MAX_ERRORS


def test_structures_that_contain_themselves_end() -> None:
    loop: list[Any] = [1]
    loop += [loop] * 1_000
    around: dict[str, Any] = {}
    around["around"] = {"again": around}
    for value in (loop, around, {"a": [around, loop]}):
        assert all("deeper" in error.message for error in find_unstorable(value, nesting=16))
        assert find_unstorable(value, nesting=16)


@given(any_json, st.integers(0, 4))
@example({"a": object()}, 4)
@example({1: {(1, 2): 3}}, 4)
def test_valid_values_and_reported_errors_can_be_written_as_strict_json(
    value: object, nesting: int
) -> None:
    errors = find_unstorable(value, "field", nesting=nesting)
    for error in errors:
        assert f"{error.path}{error.message}".encode()
        assert error.path.startswith("field")
        assert "\0" not in error.path
    if not errors:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False)
        assert b"\\u0000" not in text.encode().replace(b"\\\\", b"")
        assert text == json.dumps(json.loads(text), ensure_ascii=False)


def test_an_overlong_key_above_many_values_stays_cheap() -> None:
    # With a path for every value this was a request of 0.7 MB that took 8 GB.
    long_key = "k" * 200_000
    value = {long_key: {f"a{n}": "\0" for n in range(60_000)}}
    errors = find_unstorable(value, nesting=16)
    assert len(errors) == MAX_ERRORS
    assert max(len(error.path) for error in errors) < 300


def test_a_path_joins_keys_and_positions_with_dots() -> None:
    assert join_path(join_path(join_path("", "cart"), 0), "count") == "cart.0.count"


@given(json_of_one_form)
def test_the_size_is_that_of_compact_utf_8(value: object) -> None:
    compact = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    assert compact_size(value) == len(compact.encode())


def test_marks_of_the_parser_are_kept_only_where_needed() -> None:
    assert type(parse_json(b'{"a": 1}')) is dict
    assert find_unstorable(math.inf, "x", nesting=1) == [
        FieldError("x", "A number within the range of 64-bit floats.")
    ]
