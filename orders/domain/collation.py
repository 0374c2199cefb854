"""The order of texts in lists: a stored key, which both databases compare byte by byte.

It follows the root collation of Unicode (CLDR), which English and German use as it is: letters
without accents and case decide first, then accents, then small letters come before capitals.
Punctuation comes before digits, and digits before letters (docs/decisions/0038-…).

A change of `sort_key` raises VERSION; `flask --app app orders sort-keys` then writes the keys
again.
"""

import unicodedata

from orders.domain.search_text import MAX_PART, fold

VERSION = 1
_LEVEL = "\x01"  # before every character of a key
# In the order of CLDR. Each becomes a character before the digits.
_SIGNS = " _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$"
_PLACES = str.maketrans(
    {sign: chr(2 + place) for place, sign in enumerate(_SIGNS)}
    | dict.fromkeys("\t\n\v\f\r", chr(2))
)


def sort_key(text: str | None) -> str | None:
    """Return the key to store and sort by in place of a text; None for None."""
    if text is None:
        return None
    letters = fold(text)[:MAX_PART].translate(_PLACES)
    small = text.casefold()
    accents = "" if text.isascii() else unicodedata.normalize("NFD", small)
    # Capitals and small letters change places, as small ones come first.
    cases = "" if small == text else unicodedata.normalize("NFD", text.swapcase())
    if not accents and not cases:
        return letters
    return _LEVEL.join((letters, accents[:MAX_PART], cases[:MAX_PART])).rstrip(_LEVEL)
