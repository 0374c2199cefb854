"""The short ID: how it is generated, what its check character catches, how it may be typed."""

import itertools
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from orders.domain.short_id import (
    ALPHABET,
    LENGTH,
    MistypedShortId,
    check_character,
    find_code,
    generate,
    grouped,
    normalise,
)

elevens = st.text(ALPHABET, min_size=LENGTH - 1, max_size=LENGTH - 1)
codes = elevens.map(lambda eleven: eleven + check_character(eleven))
SPOKEN = {"0": "0oO", "1": "1iIlL"}


def is_refused(typed: str) -> bool:
    try:
        normalise(typed)
    except MistypedShortId:
        return True
    return False


def test_a_generated_code_has_twelve_characters_of_the_alphabet_and_is_canonical() -> None:
    made = {generate() for _ in range(500)}
    assert len(made) == 500
    for code in made:
        assert len(code) == LENGTH
        assert set(code) <= set(ALPHABET)
        assert normalise(code) == code


def test_the_alphabet_is_digits_and_capitals_without_i_l_o_u() -> None:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    assert set("0123456789" + letters) - set("ILOU") == set(ALPHABET)
    assert len(ALPHABET) == 32


@given(st.integers(0, 2**55 - 1))
def test_a_code_contains_all_of_its_55_random_bits(number: int) -> None:
    asked = []

    def randbits(bits: int) -> int:
        asked.append(bits)
        return number

    code = generate(randbits)
    read = sum(ALPHABET.index(code[at]) << 5 * at for at in range(LENGTH - 1))
    assert (asked, read) == ([55], number)


@given(codes)
def test_every_single_wrong_character_is_caught(code: str) -> None:
    for at, wrong in itertools.product(range(LENGTH), ALPHABET):
        if wrong != code[at]:
            assert is_refused(code[:at] + wrong + code[at + 1 :])


@given(codes)
def test_every_swap_of_two_characters_neighbours_or_not_is_caught(code: str) -> None:
    for left, right in itertools.combinations(range(LENGTH), 2):
        if code[left] != code[right]:
            swapped = list(code)
            swapped[left], swapped[right] = code[right], code[left]
            assert is_refused("".join(swapped))


def test_wrong_characters_and_swaps_are_caught_in_every_place_for_every_pair() -> None:
    # The check is linear: the sum of two codes, place by place, is a code again. So a fault goes
    # unnoticed in some code only if the difference that it makes is itself a code. Every
    # difference of one wrong character, or of two swapped ones, is looked at here: a proof.
    zero = "0" * LENGTH
    assert normalise(zero) == zero
    places = range(LENGTH)
    for at, difference in itertools.product(places, ALPHABET[1:]):
        assert is_refused(zero[:at] + difference + zero[at + 1 :])
    for left, right in itertools.combinations(places, 2):
        for difference in ALPHABET[1:]:
            faults = list(zero)
            faults[left] = faults[right] = difference
            assert is_refused("".join(faults))


@pytest.mark.parametrize("code", ["000000000012", "100000000007", "7KQ4M2XD9T3X", "ZYXWVTSRQPN7"])
def test_codes_of_customers_stay_valid(code: str) -> None:
    # Another polynomial or other weights would be as good, and make every stored code mistyped.
    assert normalise(code) == code


@given(elevens, elevens)
def test_the_check_is_linear(left: str, right: str) -> None:
    def add(one: str, other: str) -> str:
        pairs = zip(one, other, strict=True)
        return "".join(ALPHABET[ALPHABET.index(a) ^ ALPHABET.index(b)] for a, b in pairs)

    added = add(check_character(left), check_character(right))
    assert check_character(add(left, right)) == added


@given(codes, st.data())
def test_small_letters_blanks_hyphens_and_lookalikes_are_read(
    code: str, data: st.DataObject
) -> None:
    typed = ""
    for character in code:
        typed += data.draw(
            st.sampled_from(
                ["", "", " ", "-", " - ", "\u00a0", "\u2011", "\u2013", "\u200b", "\u202a"]
            )
        )
        typed += data.draw(st.sampled_from(SPOKEN.get(character, character + character.lower())))
    assert normalise(typed + data.draw(st.sampled_from(["", " ", "-"]))) == code


@pytest.mark.parametrize(
    "spoil",
    [
        lambda code: code + "\n",
        lambda code: "\n" + code,
        lambda code: code[:4] + "\t" + code[4:],
        lambda code: code + "\0",
        lambda code: code[:-1],
        lambda code: code + "0",
        lambda code: code.replace("4", "\u0664"),
        lambda code: code.replace("1", "\u0131"),  # its capital is an ASCII I
        lambda code: code.replace("S", "\u017f"),
        lambda code: code.replace("1", "U"),
        lambda code: code.replace("K", "\u212a"),  # the sign of the unit kelvin
        lambda code: code.replace("4", "\ud800"),
        lambda code: code.replace("4", "\ufb00"),
        lambda code: code.replace("4", "_"),
        lambda _: "",
        lambda _: " - ",
        lambda _: "0" * 100_000,
    ],
)  # fmt: skip
def test_other_spellings_are_refused(spoil: Callable[[str], str]) -> None:
    code = "S1K4" + "0" * 7
    code += check_character(code)
    assert normalise(code) == code
    typed = spoil(code)
    assert typed != code
    with pytest.raises(MistypedShortId):
        normalise(typed)


@given(st.text(st.characters(), max_size=20) | st.text(ALPHABET + "oil -", max_size=16))
def test_whatever_is_typed_is_either_a_canonical_code_or_mistyped(typed: str) -> None:
    if not is_refused(typed):
        code = normalise(typed)
        assert normalise(code) == code
        assert set(code) <= set(ALPHABET)


@pytest.mark.parametrize(
    "pasted",
    [
        "7KQ4-M2XD-9T3X", "7kq4 m2xd 9t3x", "“7KQ4-M2XD-9T3X”", "Code: 7KQ4-M2XD-9T3X",
        "7KQ4.M2XD.9T3X.",
        "https://desk.example/o/7KQ4M2XD9T3X", "<https://desk.example/o/7KQ4-M2XD-9T3X?lang=de>",
        "Your order 7KQ4-M2XD-9T3X is on its way", "\u202a7KQ4\u2011M2XD\u20119T3X\u202c",
        "\uff17\uff2b\uff31\uff14\uff2d\uff12\uff38\uff24\uff19\uff34\uff13\uff38",
        "7KQ4\u200bM2XD\u200b9T3X", "\t7KQ4M2XD9T3X\r\n", "(7KQ4\u2013M2XD\u20139T3X)",
        "Bestellung Nr. 7KQ4/M2XD/9T3X",
    ],
)  # fmt: skip
def test_the_code_is_taken_out_of_whatever_was_pasted(pasted: str) -> None:
    assert find_code(pasted) == "7KQ4M2XD9T3X"


@pytest.mark.parametrize(
    "written", ["7KQ4-M2XD-9T3X", "7KQ4M2XD9T3X", "7KQ4 M2XD 9T3X", "7KQ4\u2011M2XD\u20119T3X"]
)
@given(st.from_regex(r"[0-9]{4}[- ]?[0-9]{4}[- ]?[0-9]{4}( [0-9]{1,12}){0,3}", fullmatch=True))
@example("1000 0000 0007")
def test_numbers_behind_a_code_are_not_taken_for_one(written: str, number: str) -> None:
    assert find_code(f"Order {written} for {number} thanks") == "7KQ4M2XD9T3X"
    assert find_code(f"Order for {number}: {written} thanks") == "7KQ4M2XD9T3X"
    with pytest.raises(MistypedShortId):
        find_code(f"Order {written[:-1]}B for {number} thanks")


@pytest.mark.parametrize(
    "behind", ["100000000007", "1000 0000 0007", "1000-0000-0007", "1000.0000.0007"]
)
def test_numbers_that_pass_the_check_are_codes_only_where_there_is_no_other(behind: str) -> None:
    assert find_code(f"Order 7KQ4-M2XD-9T3X for {behind} thanks") == "7KQ4M2XD9T3X"
    assert find_code(f"Order for {behind} thanks") == "100000000007"
    with pytest.raises(MistypedShortId):
        find_code(f"Order 7KQ4-M2XD-9T3B for {behind} thanks")


@pytest.mark.parametrize("pasted", ["", "7KQ4-M2XD", "no code here at all", "x" * 100_000, "\0"])
def test_a_text_without_a_code_is_mistyped(pasted: str) -> None:
    with pytest.raises(MistypedShortId):
        find_code(pasted)


def test_a_mistyped_code_gets_a_message() -> None:
    with pytest.raises(MistypedShortId, match=r"^Check the code\. It looks mistyped\.$"):
        normalise("7KQ4")


@given(codes)
def test_the_groups_of_four_can_be_typed_back(code: str) -> None:
    shown = grouped(code)
    assert [len(group) for group in shown.split("-")] == [4, 4, 4]
    assert normalise(shown) == code
