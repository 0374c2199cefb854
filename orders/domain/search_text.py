"""The text of an order that the desk's search looks through, and the words of a search."""

from collections.abc import Iterator, Mapping
from operator import attrgetter
from typing import Any

from orders.domain import short_id
from orders.domain.order import FIELD_BY_PATH, ORDER_FIELDS, FieldKind, Order
from orders.domain.short_id import MistypedShortId

# Characters of one value; case folding may lengthen a text threefold (255 characters of a name).
MAX_PART = 380
# Characters of all values of metadata and derivative together; what lies beyond is not found.
MAX_VALUES = 2_000
MAX_SEARCH = 500  # characters of a search that are looked at
MAX_WORDS = 20
_BLANKS = str.maketrans("\0,;", "   ")

_SEARCHABLE = [field for field in ORDER_FIELDS if field.is_searchable]
_texts_of = attrgetter(*(f.name for f in _SEARCHABLE if f.kind is not FieldKind.OBJECT))
_objects_of = attrgetter(*(f.name for f in _SEARCHABLE if f.kind is FieldKind.OBJECT))
# Of `platform`, whose keys are known, only these are searched; the text has its own name last.
_platform_keys = sorted(
    (part.name for part in FIELD_BY_PATH["platform"].parts if part.is_searchable),
    key="platform".__eq__,
)


def search_text(order: Order) -> str:
    """Return the case-folded texts by which people know an order; one value a line.

    No word of a search spreads over two lines.
    """
    fixed = (*_texts_of(order), *map(order.platform.get, _platform_keys))
    parts = [one.casefold()[:MAX_PART] for one in fixed if isinstance(one, str)]
    objects = _objects_of(order)
    if any(objects):
        parts += _within(MAX_VALUES, _texts(*objects))
    return "\n".join(parts)


def _within(room: int, texts: Iterator[str]) -> Iterator[str]:
    for text in texts:
        if room <= 0:
            return
        part = text.casefold()[: min(MAX_PART, room)]
        room -= len(part) + 1
        yield part


def _texts(*objects: Mapping[str, Any]) -> Iterator[str]:
    """Yield the texts and numbers of the objects, in their order and however deep."""
    waiting: list[Any] = list(reversed(objects))
    while waiting:
        value = waiting.pop()
        if isinstance(value, Mapping):
            waiting += reversed(list(value.values()))
        elif isinstance(value, list):
            waiting += reversed(value)
        elif value is not None and not isinstance(value, bool) and value != "":
            yield str(value)


def words_of(search: str) -> list[str]:
    """Return the words of a search; blanks, commas and semicolons separate them."""
    return list(dict.fromkeys(_split(search)))[:MAX_WORDS]


def _split(search: str) -> list[str]:
    return search[:MAX_SEARCH].translate(_BLANKS).split()


def codes_of(search: str) -> list[str]:
    """Return the codes of a search that is nothing but order codes, in any spelling, or [].

    A code may be spread over words ("7KQ4 M2XD 9T3B").
    """
    codes, parts = [], ""
    for word in _split(search):
        parts += word
        code = read_code(parts)
        if code is not None:
            codes.append(code)
            parts = ""
    return [] if parts else codes


def read_code(word: str) -> str | None:
    """Return the code that a word spells; None when it spells none."""
    try:
        return short_id.normalise(word)
    except MistypedShortId:
        return None
