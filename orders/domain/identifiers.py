"""UUIDs, the short IDs of configurations, and the replacement of special characters in text."""

import functools
import re
import secrets
import unicodedata
import uuid
from datetime import datetime

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_SHORT_ID = re.compile(r"[A-Za-z0-9_-]{7,14}")
_RANDOM_BITS = 62


# Characters that show nothing, beside those of the category Cf.
_FILLERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u3164\uffa0")
_MINUS_SIGNS = frozenset("\u02d7\u2043\u2212")
_FULL_WIDTH = range(0xFF01, 0xFF5F)  # forms of the ASCII characters from "!" on
_VARIATIONS = range(0xFE00, 0xFE10)


@functools.lru_cache(maxsize=1_024)
def _plain(character: str) -> str:
    code, category = ord(character), unicodedata.category(character)
    if code in _FULL_WIDTH:
        return chr(code - _FULL_WIDTH.start + ord("!"))
    if category == "Cf" or character in _FILLERS or code in _VARIATIONS:
        return ""
    if category == "Pd" or character in _MINUS_SIGNS:
        return "-"
    return " " if category == "Zs" else character


def plain_characters(text: str) -> str:
    """Return text with the special characters of documents and web pages made plain.

    Invisible characters are removed, dashes of every kind become hyphens, spaces of every kind
    become plain spaces, and full-width letters and digits become ASCII.
    """
    return text if text.isascii() else "".join(map(_plain, text))


def clean_reference(text: str) -> str:
    """Return an ID or SKU in plain characters, without white space at its ends."""
    return plain_characters(text).strip()


def read_uuid(text: str) -> str | None:
    """Return a UUID in canonical form, lowercase with hyphens; None for any other text."""
    plain = plain_characters(text)
    return plain.lower() if _UUID.fullmatch(plain) else None


def is_short_id(text: str) -> bool:
    """Return whether text has the form of a configuration's short ID: [A-Za-z0-9_-]{7,14}."""
    return _SHORT_ID.fullmatch(text) is not None


def canonical_configuration_id(text: str) -> str | None:
    """Return a UUID in lowercase, or a short ID of a configuration as it is; None for other text.

    Special characters are first replaced by `plain_characters`. Whether the configuration exists is
    not checked.
    """
    plain = plain_characters(text)
    return read_uuid(plain) or (plain if is_short_id(plain) else None)


def new_uuid(at: datetime) -> str:
    """Return a new UUID of version 7 (RFC 9562, section 5.7), which begins with the time `at`.

    Rows inserted one after another are then neighbors in every index on the ID, so that inserting
    several orders writes only a few pages of the database. The next 12 bits are the fraction of the
    millisecond (section 6.2, method 3): IDs of the same millisecond are in the order of their time,
    as far as `at` has microseconds.
    """
    milliseconds, fraction = int(at.timestamp() * 1000), at.microsecond % 1000 * 4096 // 1000
    version, variant = 7, 0b10
    second = secrets.randbits(_RANDOM_BITS)
    return str(
        uuid.UUID(int=milliseconds << 80 | version << 76 | fraction << 64 | variant << 62 | second)
    )
