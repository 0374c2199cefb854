"""What a mistyped code may have meant: lengths, characters that look alike, and swaps."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.domain.code_hints import CONFUSED, MISTYPED, hint_for, similar_codes
from orders.domain.short_id import ALPHABET, LENGTH, check_character, generate, grouped, normalise

codes = st.integers(0, 2**55 - 1).map(lambda bits: generate(lambda _count: bits))
PAIRS = {(one, other) for pair in CONFUSED for one, other in (pair, pair[::-1])}
SPELLINGS = (str, str.lower, grouped, " ".join)


@given(codes, st.sampled_from(SPELLINGS))
def test_after_one_confused_character_the_code_is_offered(code: str, spell: object) -> None:
    for place in range(LENGTH):
        for meant, typed in PAIRS:
            if code[place] == meant:
                wrong = code[:place] + typed + code[place + 1 :]
                hint = hint_for(spell(wrong))  # type: ignore[operator]
                assert hint.message == MISTYPED
                assert code in hint.offers
                assert len(hint.offers) <= 3


def test_more_than_two_offers_are_rare_and_there_are_never_more_than_three() -> None:
    source = random.Random(1)  # noqa: S311 - not a secret
    counts = [0] * 4
    for _ in range(20_000):
        # Codes of characters that are easily confused, which are the worst case.
        counts[len(similar_codes("".join(source.choices("8B5S2Z6G0Q", k=LENGTH))))] += 1
    assert counts[3] < 20_000 / 20
    for _ in range(5_000):
        eleven = "".join(source.choices(ALPHABET, k=LENGTH - 1))
        counts[len(similar_codes(eleven + source.choice(ALPHABET)))] += 1
    assert sum(counts) == 25_000


@given(codes)
def test_swapped_neighbors_are_offered_in_either_order(code: str) -> None:
    for place in range(LENGTH - 1):
        swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
        offers = similar_codes(swapped)
        if swapped != code and len(offers) < 2:
            assert code in offers


@given(st.text(max_size=60))
def test_offers_are_valid_codes_and_any_text_has_a_hint(typed: str) -> None:
    hint = hint_for(typed)
    assert hint.message
    for code in hint.offers:
        assert normalise(code) == code


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("7KQ4-M2XD-9T3", 11), ("7kq4 m2xd 9t3xx", 13), ("7", 1), (" 7-K ", 2), ("x" * 40, 40),
        ("http://localhost/o/7KQ4M2XD9T?lang=de", 10),
    ],
)  # fmt: skip
def test_a_wrong_length_is_counted(typed: str, number: int) -> None:
    hint = hint_for(typed)
    what = "character" if number == 1 else "characters"
    assert hint.message == f"That is {number} {what}; a code has 12."
    assert hint.offers == ()


@pytest.mark.parametrize("typed", ["", " - ", "x" * 41, "7KQ4-M2XD-9T3?", "\0", "ä" * 12, "🪑"])
def test_what_is_no_code_is_not_counted(typed: str) -> None:
    assert hint_for(typed).message == MISTYPED
    assert hint_for(typed).offers == ()


def test_an_example() -> None:
    code = "0110ABCDEF1" + check_character("0110ABCDEF1")
    assert code in hint_for(code.replace("B", "8")).offers
    assert code in hint_for(grouped(code).replace("AB", "BA").lower()).offers
