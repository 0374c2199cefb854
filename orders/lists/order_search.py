"""What a search of the list finds, as conditions on orders.

Each word must be found somewhere: in the order's own text (code, name, customer, platform, values
of metadata and derivative), as its code or ID, or in a configuration that one of its lines names.
"""

import re

from sqlalchemy import ColumnElement, Connection, exists, literal, or_, select, union_all

from orders.rules.configuration_id import read_uuid
from orders.rules.search_text import codes_of, read_code, words_of
from orders.storage.sql import in_array
from orders.storage.tables import cart_line, configuration, orders

# Up to so many configurations are named, which costs least: PostgreSQL would look for them anew
# with each order. Beyond, the database gathers them itself.
MOST_NAMED = 5_000
# Up to so many orders, or names of configurations, are values of their own: an index then leads to
# the lines, and SQLite tells the orders without reading their rows. Of 20 words that makes 20,000
# values; SQLite takes 32,766. Where more orders have such a line, a page is full soon, and each
# order that is looked at is asked for its lines.
MOST_ORDERS = 1_000
# A code as it is shown, in part: hyphens that the stored text does not have.
_PART_OF_CODE = re.compile(r"[0-9A-Za-z]{1,4}(-[0-9A-Za-z]{1,4}){1,2}")


def conditions(connection: Connection, org_id: str, search: str) -> list[ColumnElement[bool]]:
    """Give the conditions that an order of the org matches the search; none for an empty search.

    Nothing but codes finds the orders of these codes. The conditions that cost least come first.
    """
    codes = codes_of(search)
    if codes:
        return [orders.c.short_id.in_(codes)]
    cheap: list[ColumnElement[bool]] = []
    dear: list[ColumnElement[bool]] = []
    # The longer a word, the fewer orders have it, and the fewer are looked at for the next one.
    for word in sorted(words_of(search), key=len, reverse=True):
        alternatives = _in_order(word)
        by_lines, is_dear = _by_lines(connection, org_id, word.casefold())
        found = or_(*alternatives, *by_lines)
        (dear if is_dear else cheap).append(found)
    return [*cheap, *dear]


def _in_order(word: str) -> list[ColumnElement[bool]]:
    folded = word.casefold()
    alternatives = [orders.c.search_text.contains(folded, autoescape=True)]
    if _PART_OF_CODE.fullmatch(word):
        alternatives.append(orders.c.search_text.contains(folded.replace("-", ""), autoescape=True))
    if (code := read_code(word)) is not None:
        alternatives.append(orders.c.short_id == code)
    if (order_id := read_uuid(word)) is not None:
        alternatives.append(orders.c.id == order_id)
    return alternatives


def _by_lines(
    connection: Connection, org_id: str, folded: str
) -> tuple[list[ColumnElement[bool]], bool]:
    """Give the condition that a line names a configuration with this word, and if it costs much."""
    matching = (
        configuration.c.org_id == org_id,
        configuration.c.search_text.contains(folded, autoescape=True),
    )
    which = select(configuration.c.id, configuration.c.short_id).where(*matching)
    found = connection.execute(which.limit(MOST_NAMED + 1)).all()
    if not found:
        return [], False
    # Lines name a configuration by its UUID or its short ID.
    of_order = cart_line.c.order_id == orders.c.id
    if len(found) > MOST_NAMED:
        every = (select(configuration.c[name]).where(*matching) for name in ("id", "short_id"))
        gathered = cart_line.c.configuration_id.in_(union_all(*every))
        return [exists().where(of_order, gathered)], True
    names = [name for row in found for name in row]
    if len(names) <= MOST_ORDERS:
        # Enough lines to tell: an order may have the configuration in several.
        named: ColumnElement[bool] = cart_line.c.configuration_id.in_(names)
        lines = select(cart_line.c.order_id).where(named).limit(2 * MOST_ORDERS)
        ids = connection.execute(lines).scalars().all()
        if len(ids) < 2 * MOST_ORDERS and len(set(ids)) <= MOST_ORDERS:
            return ([orders.c.id.in_(sorted(set(ids)))] if ids else []), False
    else:
        named = in_array(cart_line.c.configuration_id, names)
    # A scalar, not EXISTS: PostgreSQL would rather gather all such lines first than ask the few
    # orders that fill a page.
    one = select(literal(1)).where(of_order, named).limit(1).correlate(orders)
    return [one.scalar_subquery().is_not(None)], True
