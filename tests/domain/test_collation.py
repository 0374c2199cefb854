"""The order of texts: that of Unicode's root collation, by keys that are compared byte by byte."""

# ruff: noqa: RUF001 - signs that look alike are the subject
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.domain.collation import sort_key

# As ICU 74 sorts them with the root collation, and with those of English and German.
SORTED = [
    " x", "-x", "(x)", "#1", "1", "10", "2", "a", "a b", "a-b", "ab", "Ab", "äb", "Äb", "abc",
    "apfel", "Apfel", "äpfel", "Äpfel", "apfelbaum", "cote", "côte", "Müller", "Mullerin", "naive",
    "naïve", "O'Connery", "oconnery", "œuvre", "ofen", "strasse", "Straße", "strassen", "Zebra",
    "αβγ", "жук",
]  # fmt: skip


def test_texts_are_sorted_as_people_expect() -> None:
    assert (
        sorted(SORTED[1::2] + SORTED[::2], key=lambda text: (sort_key(text) or "").encode())
        == SORTED
    )


@pytest.mark.parametrize(
    ("one", "other"), [("é", "e\u0301"), ("Ａ", "Ａ"), ("O’Neil", "O’Neil"), (None, None)]
)
def test_unicode_forms_of_a_text_are_the_same(one: str | None, other: str | None) -> None:
    assert sort_key(one) == sort_key(other)


@given(st.text(max_size=40))
def test_a_key_can_be_stored_and_has_a_limit(text: str) -> None:
    key = sort_key(text)
    assert key is not None
    assert len(key) <= 3 * 380 + 2
    assert ("\0" in key) == ("\0" in text)
