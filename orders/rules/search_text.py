"""What the desk's search looks through of an order, and the words of a search."""

from collections.abc import Iterator, Mapping
from typing import Any

from orders.rules import short_id
from orders.rules.order import Order
from orders.rules.short_id import MistypedShortId

# Characters of one value; case folding may lengthen a text threefold (255 characters of a name).
MAX_PART = 380
# Characters of all values of metadata and derivative together; what lies beyond is not found.
MAX_VALUES = 2_000
MAX_SEARCH = 500  # characters of a search that are looked at
MAX_WORDS = 20


def search_text(order: Order) -> str:
    """Give code, name, customer, platform and the values of metadata and derivative, case-folded.

    One value a line, so that no word spreads over two of them.
    """
    platform = order.platform
    fixed = (
        order.short_id, order.name, order.customer_id,
        platform.get("id"), platform.get("storeName"), platform.get("platform"),
    )  # fmt: skip
    parts = [one.casefold()[:MAX_PART] for one in fixed if isinstance(one, str)]
    if order.metadata or order.derivative:
        parts += _within(MAX_VALUES, _texts(order.metadata, order.derivative))
    return "\n".join(parts)


def _within(room: int, texts: Iterator[str]) -> Iterator[str]:
    for text in texts:
        if room <= 0:
            return
        part = text.casefold()[: min(MAX_PART, room)]
        room -= len(part) + 1
        yield part


def _texts(*objects: Mapping[str, Any]) -> Iterator[str]:
    """Give the texts and numbers of the objects, in their order and however deep."""
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
    """Give the words of what somebody has typed; blanks, commas and semicolons part them."""
    text = search[:MAX_SEARCH].replace("\0", " ").replace(",", " ").replace(";", " ")
    return list(dict.fromkeys(text.split()))[:MAX_WORDS]


def codes_of(search: str) -> list[str]:
    """Read a search that is nothing but order codes, in any spelling; else give an empty list.

    A code may be spread over words ("7KQ4 M2XD 9T3B").
    """
    text = search[:MAX_SEARCH].replace("\0", " ").replace(",", " ").replace(";", " ")
    codes, parts = [], ""
    for word in text.split():
        parts += word
        code = read_code(parts)
        if code is not None:
            codes.append(code)
            parts = ""
    return [] if parts else codes


def read_code(word: str) -> str | None:
    """Give the code that a word spells; None when it spells none."""
    try:
        return short_id.normalise(word)
    except MistypedShortId:
        return None
