"""Cells of an export: harmless in a spreadsheet, and read back as the same values."""

# ruff: noqa: RUF001 - full-width signs are a subject
import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.domain.sheet_reading import guard, read_value, unguard, write_value
from tests.domain.json_strategies import clean_json

RISKY = tuple("=+-@\t\r\n＝＋－＠")
texts = st.text(
    st.sampled_from("'=+-@\t\r\n,;＝＠ab\"1 ")
    | st.characters(codec="utf-8", exclude_characters="\0")
)


@given(texts)
def test_a_guarded_text_never_begins_as_a_formula_and_comes_back(text: str) -> None:
    assert not guard(text).startswith(RISKY)
    assert unguard(guard(text)) == text


@given(st.lists(texts, min_size=1, max_size=3), st.sampled_from(",;\t"))
def test_no_reader_finds_a_formula_whatever_it_takes_for_the_separator(
    row: list[str], separator: str
) -> None:
    written = io.StringIO()
    csv.writer(written, delimiter=separator).writerow(map(guard, row))
    text = written.getvalue()
    [own] = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    assert [unguard(cell) for cell in own] == row
    for other in ",;\t":
        lines = io.StringIO(text, newline="")
        cells = [cell for read in csv.reader(lines, delimiter=other) for cell in read]
        # Some readers know no quotation marks.
        cells += [cell.lstrip('"') for line in text.splitlines() for cell in line.split(other)]
        formulas = tuple(one for one in RISKY if one not in "\t\r\n")
        assert not [cell for cell in cells if cell.startswith(formulas)]


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"), ("@a", "'@a"), ("'=1", "''=1"), ("'tis", "'tis"), ("", ""),
        ("a=b", "a=b"), ("\n=1", "'\n'=1"), ("＝1", "'＝1"), ("a;=1", "a;'=1"),
        ("a,+1", "a,'+1"), ("a\n-b", "a\n'-b"), ("a; =1", "a;' =1"), ("a, -1", "a, -1"),
        ('a;"=1', "a;\"'=1"), (" a", "' a"), ("a\u00a0", "'a\u00a0"), ("' a", "'' a"),
        ("a;'=1", "a;''=1"), ("12; 3, x - y", "12; 3, x - y"),
    ],
)  # fmt: skip
def test_only_what_is_risky_gets_an_apostrophe(text: str, cell: str) -> None:
    assert guard(text) == cell


@given(clean_json)
def test_every_value_comes_back_from_its_cell(value: object) -> None:
    cell = write_value(value)
    assert cell != ""
    assert read_value(unguard(guard(cell))) == value


@given(texts.filter(bool))
def test_texts_stay_as_they_are_where_only_texts_are_possible(text: str) -> None:
    assert write_value(text, is_text=True) == text
    assert read_value(text, is_text=True) == text


@pytest.mark.parametrize(
    ("value", "cell"),
    [("matt", "matt"), ("007", "007"), ("12", '"12"'), ("true", '"true"'), ("", '""'), (12, "12"),
     (True, "true"), (None, "null"), ({"a": [1]}, '{"a":[1]}')],
)  # fmt: skip
def test_texts_that_look_like_something_else_are_quoted(value: object, cell: str) -> None:
    assert write_value(value) == cell
