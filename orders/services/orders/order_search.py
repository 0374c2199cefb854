"""SQL conditions for the orders that a search finds.

Each word of a search must be found in one of these places: the order's own text (code, name,
customer, platform, values of metadata and derivative), its code or ID, or the search text of a
configuration in its cart.
"""

import operator
import re
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, exists, literal, or_, select, union_all

from orders.domain.identifiers import read_uuid
from orders.domain.search_text import codes_of, fold, read_code, words_of
from orders.services.orders.order_text import find_candidates
from orders.storage.sql import in_array, unindexed
from orders.storage.tables import cart_line, configuration, orders

# Up to MOST_NAMED configurations are passed as values, which costs least: PostgreSQL would search
# them again for each order. Beyond, the database gathers them itself.
MOST_NAMED = 5_000
# Up to MOST_ORDERS orders, or names of configurations, are passed as values of their own: an index
# then leads to the lines, and SQLite finds the orders without reading their rows. 20 words make
# 20,000 values; SQLite takes 32,766. With more, a page is full soon: each order is checked instead.
MOST_ORDERS = 1_000
# With no more orders left to look at, the index is not asked for further words.
ENOUGH = 200
# A part of a code as it is shown: hyphens that the stored text does not have.
_PART_OF_CODE = re.compile(r"[0-9A-Za-z]{1,4}(-[0-9A-Za-z]{1,4}){1,2}")


@dataclass(frozen=True, slots=True)
class Search:
    """What a search requires of an order: to meet all `conditions`, and to have one of `ids`.

    `ids` is None if any order may match.
    """

    conditions: list[ColumnElement[bool]]
    ids: list[str] | None = None


def read_search(connection: Connection, org_id: str, search: str) -> Search:
    """Return the SQL conditions that an order must meet to match a search: one for each word.

    If the search is a list of order codes, there is one condition for all codes.
    """
    codes = codes_of(search)
    if codes:
        return Search([orders.c.short_id.in_(codes)])
    found: list[tuple[bool, ColumnElement[bool]]] = []
    few: set[str] | None = None
    # Those with the longest words come first: fewer orders meet them, and get to the next one.
    for word in sorted(words_of(search), key=len, reverse=True):
        by_lines = _by_lines(connection, org_id, fold(word))
        found.append((by_lines.is_expensive, or_(*in_order(word), *by_lines.conditions)))
        is_enough = few is not None and len(few) <= ENOUGH
        ids = None if is_enough or by_lines.ids is None else _by_text(connection, org_id, word)
        if ids is not None:
            own = ids.union(by_lines.ids or ())
            few = own if few is None else few & own
    conditions = [condition for _, condition in sorted(found, key=operator.itemgetter(0))]
    return Search(conditions, None if few is None else sorted(few))


def few_in_order(connection: Connection, org_id: str, words: Iterable[str]) -> list[str] | None:
    """Return IDs of orders; all orders whose own fields contain all words are included.

    None if they may be many.
    """
    few: set[str] | None = None
    for word in sorted(words, key=len, reverse=True):
        if few is not None and len(few) <= ENOUGH:
            break
        if (ids := _by_text(connection, org_id, word)) is not None:
            few = ids if few is None else few & ids
    return None if few is None else sorted(few)


def _by_text(connection: Connection, org_id: str, word: str) -> set[str] | None:
    """Return IDs that include all orders that meet a condition of `in_order`; None if of many."""
    found: set[str] = set()
    for one in _spellings(word):
        ids = find_candidates(connection, org_id, one)
        if ids is None:
            return None
        found.update(ids)
    if (code := read_code(word)) is not None:
        of_code = select(orders.c.id).where(orders.c.short_id == code)
        found.update(connection.execute(of_code).scalars())
    if (order_id := read_uuid(word)) is not None:
        found.add(order_id)
    return found


def _spellings(word: str) -> list[str]:
    """Return the texts for which the search text of an order is searched."""
    folded = fold(word)
    is_code = _PART_OF_CODE.fullmatch(folded) is not None
    return [folded, folded.replace("-", "")] if is_code else [folded]


def in_order(word: str) -> list[ColumnElement[bool]]:
    """Return SQL conditions, one of which an order meets if its own fields contain the word."""
    alternatives = [orders.c.search_text.contains(one, autoescape=True) for one in _spellings(word)]
    if (code := read_code(word)) is not None:
        alternatives.append(orders.c.short_id == code)
    if (order_id := read_uuid(word)) is not None:
        alternatives.append(orders.c.id == order_id)
    return alternatives


@dataclass(frozen=True, slots=True)
class _ByLines:
    """The orders with a configuration whose search text contains a word.

    `conditions` has one condition, or none if there are no such orders. `ids` are those of the
    orders, or None if they are many. `is_expensive`: to check the condition takes long.
    """

    conditions: list[ColumnElement[bool]]
    ids: list[str] | None = None
    is_expensive: bool = False


def _by_lines(connection: Connection, org_id: str, folded: str) -> _ByLines:
    """Return which orders have a configuration whose search text contains the word `folded`."""
    matching = (
        configuration.c.org_id == org_id,
        configuration.c.search_text.contains(folded, autoescape=True),
    )
    which = select(configuration.c.id, configuration.c.short_id).where(*matching)
    found = connection.execute(which.limit(MOST_NAMED + 1)).all()
    if not found:
        return _ByLines([], [])
    # Lines name a configuration by its UUID or its short ID.
    of_order = cart_line.c.order_id == orders.c.id
    if len(found) > MOST_NAMED:
        every = (select(configuration.c[name]).where(*matching) for name in ("id", "short_id"))
        gathered = cart_line.c.configuration_id.in_(union_all(*every))
        return _ByLines([exists().where(of_order, gathered)], is_expensive=True)
    names = [name for row in found for name in row]
    if len(names) <= MOST_ORDERS:
        # Twice as many lines: an order may have the configuration in several.
        named = cart_line.c.configuration_id.in_(names)
        lines = select(cart_line.c.order_id).where(named).limit(2 * MOST_ORDERS)
        ids = connection.execute(lines).scalars().all()
        if len(ids) < 2 * MOST_ORDERS and len(set(ids)) <= MOST_ORDERS:
            own = sorted(set(ids))
            return _ByLines([orders.c.id.in_(own)] if own else [], own)
    # By the index of configurations, SQLite would walk through all their lines for each order.
    has_name = in_array(unindexed(cart_line.c.configuration_id), names)
    # A scalar, not EXISTS: PostgreSQL would gather all such lines first, in place of asking the few
    # orders that fill a page.
    one = select(literal(1)).where(of_order, has_name).limit(1).correlate(orders)
    return _ByLines([one.scalar_subquery().is_not(None)], is_expensive=True)
