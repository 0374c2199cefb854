"""Recognize a cart that was copied from the page of an order in this product."""

import re
from collections.abc import Sequence

from orders.domain.column_matching import CONFIGURATION, COUNT, guess
from orders.domain.line_reading import MAX_PROSE, Named, id_of

_PARTS = re.compile(r"[\t\r\n]")
_FIGURE = re.compile(r"[0-9]{1,3}(?:[.,'’ ]?[0-9]{3})*")  # noqa: RUF001 - as languages write it
MIN_CART = 8  # texts of a copied cart with one line


def copied_cart(text: str) -> list[tuple[str, str]]:
    """Return (product, count) for each line if the text is a cart copied from our order page.

    [] for any other text. Browsers copy each piece of text in a table cell as a line of its own;
    the counts must add up to the total below the table.
    """
    parts = [part for part in map(str.strip, _PARTS.split(text)) if part]
    if len(parts) < MIN_CART or parts[0] != "#" or {COUNT, CONFIGURATION} - _targets(parts[1:3]):
        return []
    *rest, _, total = parts[3:]
    lines: list[tuple[str, str]] = []
    at = 0
    while at < len(rest):
        behind = range(at + 2, len(rest))
        end = next((i for i in behind if _FIGURE.fullmatch(rest[i])), None)
        if rest[at] != str(len(lines) + 1) or end is None:
            return []
        lines.append((rest[at + 1], _digits(rest[end])))
        at = end + 1
    return lines if sum(int(count) for _, count in lines) == int(_digits(total) or -1) else []


def _targets(cells: Sequence[str]) -> set[str]:
    return set(guess(cells, ()).targets)


def _digits(figure: str) -> str:
    return re.sub(r"[^0-9]", "", figure)


def ends_of(product: str) -> list[str]:
    """Return every ending of a text that begins at a word.

    For "Oslo OSL-1", these are "Oslo OSL-1" and "OSL-1".
    """
    words = product[:MAX_PROSE].split(" ")
    return [" ".join(words[at:]) for at in range(len(words))]


def named_at_end(product: str, named: Named) -> str:
    """Return the only ending of `product` that names a configuration, or else all of `product`."""
    found = {own: end for end in ends_of(product) if (own := id_of(end, named))}
    return found.popitem()[1] if len(found) == 1 else product
