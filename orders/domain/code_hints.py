"""What is wrong with a mistyped code of an order, and which codes may have been meant.

Everything follows from the typed text alone: no order is looked up, so nobody learns from a hint
whether an order exists. `static/find.js` contains the same rules, and a test compares the two.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from orders.domain.identifiers import plain_characters
from orders.domain.short_id import (
    IN_A_LINK,
    LENGTH,
    LOOKALIKES,
    MAX_TYPED,
    SEPARATORS,
    check_character,
    grouped,
    is_canonical,
)
from orders.domain.texts import lazy_gettext, lazy_ngettext

MISTYPED = lazy_gettext("Check the code. It looks mistyped.")
MAX_COUNTED = 40  # a longer text is not a code with a few characters too many
# Characters that people take for each other, beside those that `normalise` reads as one: O and 0,
# I, L and 1. Q looks like O, which is read as 0. Of U and V, only V occurs in codes.
# The pairs are chosen so that never more than three substitutions make a code valid: all of them
# can be offered, and the one that was meant is always among them.
CONFUSED = (("8", "B"), ("5", "S"), ("2", "Z"), ("6", "G"), ("0", "Q"), ("U", "V"))
OFFERS = 2  # swaps of neighbors are offered only up to this number of offers

_PARTNERS = {pair[at]: pair[1 - at] for pair in CONFUSED for at in (0, 1) if pair[1 - at] != "U"}
_LETTERS_AND_DIGITS = re.compile(r"[0-9A-Za-z]+")


@dataclass(frozen=True, slots=True)
class CodeHint:
    """A sentence about a mistyped code, and the valid codes that are offered in its place.

    `code` is what was typed, in canonical form, if it has the length of a code, else empty.
    `offers` are in canonical form, too, the likeliest first. There are at most three, and hardly
    ever more than two.
    """

    message: str
    offers: tuple[str, ...] = ()
    code: str = ""

    def compared(self, offer: str) -> list[tuple[str, bool]]:
        """Return an offer in groups of four: each character, and whether it was typed differently.

        The hyphens between the groups are among the characters.
        """
        pairs = zip(grouped(offer), grouped(self.code), strict=True)
        return [(meant, meant != typed) for meant, typed in pairs]


def hint_for(typed: str) -> CodeHint:
    """Return what is wrong with a text in which `find_code` finds no valid code."""
    text = plain_characters(typed[:MAX_TYPED])
    link = IN_A_LINK.search(text)
    code = (link[1] if link else text).translate(SEPARATORS).strip()
    if not _LETTERS_AND_DIGITS.fullmatch(code) or len(code) > MAX_COUNTED:
        return CodeHint(MISTYPED)
    code = code.upper()
    if len(code) != LENGTH:
        return CodeHint(
            lazy_ngettext(
                "That is %(num)s character; a code has 12.",
                "That is %(num)s characters; a code has 12.",
                len(code),
            )
        )
    code = code.translate(LOOKALIKES)
    return CodeHint(MISTYPED, similar_codes(code), code)


def similar_codes(code: str) -> tuple[str, ...]:
    """Return the valid codes that differ from `code` by one likely typing error.

    `code` has twelve ASCII letters and digits in uppercase, without O, I, and L. First come
    substitutions of characters that look alike (CONFUSED), then, up to OFFERS codes in all, swaps
    of two neighbors.
    """
    substituted = [one for one in _substitutions(code) if _is_valid(one)]
    swapped = [one for one in _swaps(code) if _is_valid(one)]
    return (*substituted, *swapped[: max(0, OFFERS - len(substituted))])


def _substitutions(code: str) -> Iterator[str]:
    for place, character in enumerate(code):
        if other := _PARTNERS.get(character):
            yield code[:place] + other + code[place + 1 :]


def _swaps(code: str) -> Iterator[str]:
    for place in range(LENGTH - 1):
        first, second = code[place], code[place + 1]
        if first != second:
            yield code[:place] + second + first + code[place + 2 :]


def _is_valid(code: str) -> bool:
    return is_canonical(code) and check_character(code[:-1]) == code[-1]
