"""How text is sorted in lists: by a stored key that both databases compare byte by byte.

The order is that of the root collation of Unicode (CLDR), which English and German use unchanged:
letters are compared first without accents and case, then by accent, then by case, lowercase before
uppercase. Punctuation comes before digits, and digits before letters (docs/decisions/0038-…).

If `sort_key` changes, increase VERSION; `shortorder orders sort-keys` then rewrites the stored
keys.
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
    """Return the key that is stored to sort by `text`; None if `text` is None."""
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
