"""The totals of several orders, for the list."""

from collections.abc import Sequence

from sqlalchemy import select

from orders.domain.attributes import AttributeRule
from orders.domain.line_totals import CountedLine, LineTotal, line_totals
from orders.storage import database
from orders.storage.tables import cart_line


def read_totals(
    order_ids: Sequence[str], rules: Sequence[AttributeRule]
) -> dict[str, tuple[LineTotal, ...]]:
    """Return the totals of each order, by its ID; an order without lines has empty ones.

    `rules` are the attributes of lines that are added up. `order_ids` are orders of one page that
    the caller has read for its own org.
    """
    lines: dict[str, list[CountedLine]] = {order_id: [] for order_id in order_ids}
    statement = (
        select(cart_line.c.order_id, cart_line.c.count, cart_line.c.metadata)
        .where(cart_line.c.order_id.in_(order_ids))
        .order_by(cart_line.c.order_id, cart_line.c.position)
    )
    for row in database.fetch_all(statement):
        lines[row.order_id].append((row.count, row.metadata))
    return {order_id: line_totals(own, rules) for order_id, own in lines.items()}
