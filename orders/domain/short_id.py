"""The short ID of an order: twelve characters that people can read out over the phone.

Eleven characters from Crockford's base 32 alphabet are random (55 bits, so that orders cannot be
found by guessing); the twelfth is a check character (docs/contract.md, "The short ID").
"""

import contextlib
import re
import secrets
from collections.abc import Callable

from orders.domain.errors import OrderError
from orders.domain.identifiers import plain_characters
from orders.domain.texts import lazy_gettext

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 12
RANDOM_BITS = 55

_CANONICAL = re.compile(f"[{ALPHABET}]{{{LENGTH}}}")
# Short IDs of orders on the wire, of other platforms too (docs/contract.md, "The order").
_WIRE = re.compile(r"[A-Za-z0-9_-]{7,14}")
# What people write for a character that looks or sounds alike.
LOOKALIKES = str.maketrans("OIL", "011")
SEPARATORS = str.maketrans("", "", " -")
MAX_TYPED = 500  # characters of a text in which a code is looked for
IN_A_LINK = re.compile(r"/o/([^/?#\s]{1,100})")
_WORDS = re.compile(r"[A-Za-z0-9]+")
# Twelve characters together, or in groups of four with the same sign between them.
_AS_ONE = re.compile(
    r"(?<![A-Za-z0-9])(?=([A-Za-z0-9]{4}([^A-Za-z0-9]?)[A-Za-z0-9]{4}\2[A-Za-z0-9]{4})(?![A-Za-z0-9]))"
)
_FIELD_POLYNOMIAL = 0b100101  # x^5 + x^2 + 1, primitive over GF(2)


class MistypedShortId(OrderError):  # noqa: N818 - named like its siblings in errors.py
    """The text cannot be a short ID: its length, characters or check character are wrong."""

    def __init__(self) -> None:
        super().__init__(lazy_gettext("Check the code. It looks mistyped."))


def _times_alpha(value: int) -> int:
    """Return the product of a value and the primitive element of GF(2^5)."""
    doubled = value << 1
    return doubled ^ _FIELD_POLYNOMIAL if doubled & 32 else doubled


# For each place, the characters with their values times the weight of the place. Twelve different
# weights, none zero: every wrong character changes the sum, and so does every swap of two different
# characters, because (w1 - w2) * (a - b) is zero only for equal factors. The check character has
# the weight 1, so it is the sum of the others.
_WEIGHTED = [{character: value for value, character in enumerate(ALPHABET)}]
while len(_WEIGHTED) < LENGTH:
    _WEIGHTED.insert(0, {one: _times_alpha(value) for one, value in _WEIGHTED[0].items()})


def check_character(eleven: str) -> str:
    """Return the check character for the first eleven characters of a short ID.

    All of them must be in ALPHABET, which `normalise` ensures for text that a person typed.
    """
    total = 0
    for weighted, character in zip(_WEIGHTED, eleven):  # noqa: B905 - the twelfth weight is for the check
        total ^= weighted[character]
    return ALPHABET[total]


def generate(randbits: Callable[[int], int] = secrets.randbits) -> str:
    """Return a new short ID; `randbits(55)` must return 55 bits from a cryptographic source."""
    number = randbits(RANDOM_BITS)
    eleven = "".join(ALPHABET[number >> 5 * place & 31] for place in range(LENGTH - 1))
    return eleven + check_character(eleven)


def is_canonical(text: str) -> bool:
    """Return whether text has twelve characters of ALPHABET; the check character may be wrong."""
    return _CANONICAL.fullmatch(text) is not None


def normalise(typed: str) -> str:
    """Return the canonical form of a short ID that a person typed.

    Accepts lowercase, spaces and hyphens of every kind, invisible characters, O in place of 0, and
    I or L in place of 1. Raises MistypedShortId for anything else, including a wrong check
    character. Whether the order exists is not checked.
    """
    code = typed
    if _CANONICAL.fullmatch(code) is None:
        bare = plain_characters(typed).translate(SEPARATORS)
        # Unicode has letters outside of ASCII whose uppercase is an ASCII letter.
        if not bare.isascii():
            raise MistypedShortId
        code = bare.upper().translate(LOOKALIKES)
        if _CANONICAL.fullmatch(code) is None:
            raise MistypedShortId
    if check_character(code[:-1]) != code[-1]:
        raise MistypedShortId
    return code


def is_foreign(text: str) -> bool:
    """Return whether text has the form of another platform's short ID for an order.

    It must have 7 to 14 characters, which are letters, digits, _ or -, and must be neither one of
    our own short IDs nor a mistyped one.
    """
    if _WIRE.fullmatch(text) is None:
        return False
    code = text.translate(SEPARATORS).upper().translate(LOOKALIKES)
    return _CANONICAL.fullmatch(code) is None


def find_code(pasted: str) -> str:
    """Return the likeliest short ID in a pasted text, in canonical form.

    It may be in a link (`/o/…`) or among other words. Raises MistypedShortId if the text has no
    valid short ID, or contains NUL.
    """
    if "\0" in pasted:
        raise MistypedShortId
    text = plain_characters(pasted[:MAX_TYPED])
    link = IN_A_LINK.search(text)
    words = [link[1]] if link else []
    words += [text, *_possible_codes(text)]
    for word in words:
        with contextlib.suppress(MistypedShortId):
            return normalise(word)
    raise MistypedShortId


def _possible_codes(text: str) -> list[str]:
    """Return the parts of a text that may be a short ID, the likeliest first.

    One in 32 numbers passes the check, but hardly any short ID has only digits. So if other text
    has the form of a short ID, valid or mistyped, numbers are left out.
    """
    found: list[tuple[str, str]] = _AS_ONE.findall(text)[::-1]
    found.sort(key=lambda one: ["-", "", one[1]].index(one[1]))  # hyphens first, as we write it
    as_one = ["".join(_WORDS.findall(written)) for written, _ in found]
    joined = _joined_words(text)
    if not all(map(str.isdigit, as_one)):
        return [code for code in (*as_one, *joined) if not code.isdigit()]
    return as_one + joined


def _joined_words(text: str) -> list[str]:
    """Return neighboring words, joined, that have the length of a short ID; the last ones first."""
    words = _WORDS.findall(text)
    joined = []
    for end in range(len(words), 0, -1):
        length = 0
        for start in range(end - 1, -1, -1):
            length += len(words[start])
            if length >= LENGTH:
                if length == LENGTH:
                    joined.append("".join(words[start:end]))
                break
    return joined


def grouped(short_id: str) -> str:
    """Return a short ID in groups of four, for people to read: 7KQ4-M2XD-9T3X."""
    return "-".join(short_id[start : start + 4] for start in range(0, len(short_id), 4))
