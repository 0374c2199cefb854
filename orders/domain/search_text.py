"""The text by which the desk's search finds an order, and the words of a search.

Both are folded, so that case, accents, kinds of quotation marks and dashes, invisible characters
and Unicode forms make no difference. A change to `fold` needs a migration that rewrites the stored
texts, as 0012 does.
"""

import functools
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from orders.domain import short_id
from orders.domain.identifiers import plain_characters
from orders.domain.order import FIELD_BY_PATH, ORDER_FIELDS, FieldKind, Order
from orders.domain.short_id import MistypedShortId

# Characters of one value; case folding may lengthen a text threefold (255 characters of a name).
MAX_PART = 380
# Characters of all values of metadata and derivative together; what lies beyond is not found.
MAX_VALUES = 2_000
MAX_SEARCH = 500  # characters of a search that is no list of codes
MAX_WORDS = 20
# Characters of a list of codes, 1,200 as they are shown: an address must still reach the service.
MAX_CODES = 20_000
_BLANKS = str.maketrans("\0,;", "   ")

_QUOTES = "`´ʹʻʼʽˈ‘’‚‛′‵‹›＇"  # noqa: RUF001 - alike on purpose
_DOUBLE_QUOTES = "«»“”„‟″‶〝〞＂"  # noqa: RUF001 - alike on purpose
# Letters that Unicode does not take apart, and signs that it knows no plain form of.
_PLAIN_FORMS = {
    **dict.fromkeys(map(ord, _QUOTES), "'"),
    **dict.fromkeys(map(ord, _DOUBLE_QUOTES), '"'),
    **str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t", "ı": "i"}),  # noqa: RUF001
    **str.maketrans({"æ": "ae", "œ": "oe", "þ": "th", "ŋ": "n", "ĸ": "k"}),
}

_SEARCHABLE = [field for field in ORDER_FIELDS if field.is_searchable]
_texts_of = attrgetter(*(f.name for f in _SEARCHABLE if f.kind is not FieldKind.OBJECT))
_objects_of = attrgetter(*(f.name for f in _SEARCHABLE if f.kind is FieldKind.OBJECT))
# Of `platform`, whose keys are known, only these are searched; the text has its own name last.
_platform_keys = sorted(
    (part.name for part in FIELD_BY_PATH["platform"].parts if part.is_searchable),
    key="platform".__eq__,
)


def search_text(order: Order) -> str:
    """Return the searchable values of an order, folded, one value per line.

    A value is truncated to MAX_PART characters, and all values of metadata and derivative together
    to MAX_VALUES.
    """
    fixed = (*_texts_of(order), *map(order.platform.get, _platform_keys))
    parts = [fold(one)[:MAX_PART] for one in fixed if isinstance(one, str)]
    objects = _objects_of(order)
    if any(objects):
        parts += _within(MAX_VALUES, _texts(*objects))
    return "\n".join(parts)


def _within(room: int, texts: Iterator[str]) -> Iterator[str]:
    for text in texts:
        if room <= 0:
            return
        part = fold(text)[: min(MAX_PART, room)]
        room -= len(part) + 1
        yield part


def _texts(*objects: Mapping[str, Any]) -> Iterator[str]:
    """Yield all strings and numbers in JSON objects, at any depth, as text in document order."""
    waiting: list[Any] = list(reversed(objects))
    while waiting:
        value = waiting.pop()
        if isinstance(value, Mapping):
            waiting += reversed(list(value.values()))
        elif isinstance(value, list):
            waiting += reversed(value)
        elif value is not None and not isinstance(value, bool) and value != "":
            yield str(value)


def fold(text: str) -> str:
    """Return text folded for comparison: in lowercase, no accents, plain quotes and dashes."""
    if text.isascii():
        return text.lower().replace("`", "'")
    plain = plain_characters(text).casefold().translate(_PLAIN_FORMS)
    plain = unicodedata.normalize("NFKD", plain)
    # Some letters have a case, or a plain form, only after they were taken apart.
    plain = "".join(map(_folded, plain)).casefold().translate(_PLAIN_FORMS)
    return unicodedata.normalize("NFC", plain)


@functools.lru_cache(maxsize=4_096)
def _folded(character: str) -> str:
    category = unicodedata.category(character)
    if unicodedata.combining(character) or category == "Cf":
        return ""
    return "-" if category == "Pd" else " " if category == "Zs" else character


def words_of(search: str) -> list[str]:
    """Return the words of a search; spaces, commas and semicolons separate them.

    A word that is repeated is returned once. Only the first MAX_SEARCH characters and the first
    MAX_WORDS words are used; `is_too_long` reports longer searches.
    """
    return list(dict.fromkeys(_split(search[:MAX_SEARCH])))[:MAX_WORDS]


def is_too_long(search: str) -> bool:
    """Return whether a search is so long that part of it would be ignored."""
    if len(search) > MAX_CODES:
        return True
    is_text = not codes_of(search)
    return is_text and (len(search) > MAX_SEARCH or len(set(_split(search))) > MAX_WORDS)


def _split(search: str) -> list[str]:
    return search.translate(_BLANKS).split()


@dataclass(frozen=True, slots=True)
class CodeList:
    """A search that is a list of order codes (short IDs).

    `codes` are the valid ones, in canonical form and in the order typed. `mistyped` are texts, as
    typed, that resemble a code; if `codes` is empty, they may be ordinary words.
    """

    codes: tuple[str, ...]
    mistyped: tuple[str, ...] = ()


# A code with a character more, less or wrong. Small letters alone are a word of a language.
_LIKE_A_CODE = re.compile(r"(?=.*[0-9])[0-9A-Za-z]{11,13}|[A-Z]{12}")
_MOST_PARTS = 12  # words of one code, with a blank between any two characters


@functools.lru_cache(maxsize=64)
def read_code_list(search: str) -> CodeList | None:
    """Return the codes in a search that has only order codes, in any spelling, else None.

    A code may be spread over several words ("7KQ4 M2XD 9T3B"). Text that resembles a code but is
    invalid, for example because of a wrong check character, is listed as mistyped.
    """
    words = _split(search)
    # Dictionaries, to have each once and in order.
    codes: dict[str, None] = {}
    mistyped: dict[str, None] = {}
    at = 0
    while at < len(words):
        code, end = _code_at(words, at)
        if code is None:
            spelled = _like_a_code(words[at : at + 3])
            if not spelled:
                return None
            mistyped[spelled] = None
            end = at + spelled.count(" ") + 1
        else:
            codes[code] = None
        at = end
    return CodeList(tuple(codes), tuple(mistyped)) if words else None


def _code_at(words: list[str], start: int) -> tuple[str | None, int]:
    """Return the code that begins at word `start`, and the position of the word after it.

    (None, 0) if no code begins there.
    """
    parts = ""
    for at in range(start, min(start + _MOST_PARTS, len(words))):
        parts += words[at]
        if len(parts) > 2 * short_id.LENGTH:
            break
        if (code := read_code(parts)) is not None:
            return code, at + 1
    return None, 0


def _like_a_code(words: list[str]) -> str:
    """Return the start of `words` that resembles a code, or "".

    `words` are at most three. The result is the first of them, or, if each has four characters, all
    three joined with spaces.
    """
    if _LIKE_A_CODE.fullmatch(re.sub(r"[\W_]", "", words[0])):
        return words[0]
    is_grouped = len(words) == 3 and all(len(one) == 4 for one in words)
    return " ".join(words) if is_grouped and _LIKE_A_CODE.fullmatch("".join(words)) else ""


def codes_of(search: str) -> tuple[str, ...]:
    """Return the valid order codes in a search, in canonical form.

    () if the search has words that do not even resemble a code.
    """
    found = read_code_list(search)
    return found.codes if found else ()


def read_code(word: str) -> str | None:
    """Return a word as an order code in canonical form; None if it is not a valid code."""
    try:
        return short_id.normalise(word)
    except MistypedShortId:
        return None
