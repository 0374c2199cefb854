"""Line IDs: which line of a cart is which, whatever else is changed in it.

A line keeps its ID while its order exists, and no other line of the order ever gets it. IDs are
unique within one order only (docs/decisions/0042). They are not part of an order's JSON: a cart
that was sent as JSON has none, and `with_line_ids` finds out which of its lines are stored ones.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any

from orders.domain.json_values import canonical_json, same_json
from orders.domain.order import Cart, CartLine, lines_as_json

# The lines of a new order have their positions as IDs. A line that is added later gets an ID made
# of the version that adds it, and so one that no line has had before. A cart has fewer lines.
IDS_PER_VERSION = 1_000_000

# By what a line without an ID is recognized, the best match first.
_MATCHES: tuple[Callable[[CartLine], Any], ...] = (
    lambda line: (line.configuration_id, line.count, canonical_json(line.metadata)),
    lambda line: (line.configuration_id, canonical_json(line.metadata)),
    lambda line: (line.configuration_id, line.count),
    lambda line: line.configuration_id,
)


def with_line_ids(before: Cart, after: Cart, version: int) -> Cart:
    """Return the cart `after`, which replaces `before`, with an ID for each line.

    `version` is the version of the order that has the new cart. If no line of `after` has an ID,
    each gets that of the line of `before` that it matches best: one with the same product, count
    and metadata, else one with the same product and metadata, else with the same product and count,
    else with the same product; in the order of the cart, and each ID once. If some lines have IDs,
    the others are new. New lines get new IDs.
    """
    if same_json(lines_as_json(before), lines_as_json(after)):
        return before
    if all(line.line_id is None for line in after):
        after = _matched(before, after)
    new_ids = count(version * IDS_PER_VERSION)
    return tuple(
        replace(line, line_id=next(new_ids)) if line.line_id is None else line for line in after
    )


def _matched(before: Cart, after: Cart) -> Cart:
    ids: dict[int, int | None] = {}
    left = dict(enumerate(before))
    for match in _MATCHES:
        waiting: dict[Any, deque[int]] = {}
        for place, line in left.items():
            waiting.setdefault(match(line), deque()).append(place)
        for at, line in enumerate(after):
            if at not in ids and (places := waiting.get(match(line))):
                ids[at] = left.pop(places.popleft()).line_id
    return tuple(replace(line, line_id=ids.get(at)) for at, line in enumerate(after))


def line_of(fields: dict[str, Any], line_id: int | None = None) -> CartLine:
    """Return the cart line with this JSON, as `line_fields` returns it."""
    return CartLine(fields["configurationId"], fields["count"], fields.get("metadata"), line_id)
