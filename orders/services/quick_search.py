"""Finds the orders, customers, and products that a person means by a few typed letters."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select

from orders.domain.errors import NotFound
from orders.domain.search_text import words_of
from orders.domain.short_id import MistypedShortId
from orders.services.accounts.access import Actor
from orders.services.catalog import products
from orders.services.catalog.products import ConfigurationSummary
from orders.services.orders import queries
from orders.services.orders.order_search import few_in_order, in_order
from orders.services.orders.queries import KnownCustomer
from orders.storage import database
from orders.storage.replica import from_replica
from orders.storage.sql import in_array, unindexed
from orders.storage.tables import orders

MOST_OF_EACH = 4
MAX_TYPED = 500  # characters; the rest is ignored
# The newest orders, which are searched for what many orders contain, or words of two letters. To
# read all of them at each key would take too long; the list of orders does it.
LOOKED_THROUGH = 5_000


@dataclass(frozen=True, slots=True)
class FoundOrder:
    """An order that matches. `status` is the name that the API uses."""

    id: str
    short_id: str
    name: str | None
    customer_id: str | None
    status: str
    created_at: datetime
    canceled_at: datetime | None


@dataclass(frozen=True, slots=True)
class QuickResults:
    """What matches a text: at most MOST_OF_EACH of each kind, the best first.

    If `is_code` is true, the text is the code or the UUID of an order, which is the only result.
    """

    orders: tuple[FoundOrder, ...] = ()
    customers: tuple[KnownCustomer, ...] = ()
    products: tuple[ConfigurationSummary, ...] = ()
    is_code: bool = False


@from_replica
def find_quickly(text: str, actor: Actor) -> QuickResults:
    """Return what a text may mean to a person; nothing if it is empty.

    An order has each word in its code, name, customer ID, or any of its values, such as the
    purchase order number. For what many orders contain, only the newest LOOKED_THROUGH orders
    outside the bin are searched. Customers and products are found as the order form suggests them.
    Only the first MAX_TYPED characters are used.
    """
    typed = text[:MAX_TYPED].replace("\0", " ").strip()
    if not typed:
        return QuickResults()
    with suppress(NotFound, MistypedShortId):
        order = queries.find_any_order(typed, actor.org_id)
        found = FoundOrder(*(getattr(order, name) for name in FoundOrder.__slots__))
        return QuickResults((found,), is_code=True)
    return QuickResults(
        _find_orders(typed, actor.org_id),
        tuple(queries.find_customers(typed, actor, most=MOST_OF_EACH)),
        tuple(products.find_configurations(typed, actor, most=MOST_OF_EACH)),
    )


def _find_orders(typed: str, org_id: str) -> tuple[FoundOrder, ...]:
    is_ours = (orders.c.org_id == org_id, orders.c.deleted_at.is_(None))
    newest_first = (orders.c.created_at.desc(), orders.c.id.desc())
    last = select(orders.c.created_at).where(*is_ours).order_by(*newest_first)
    words = words_of(typed)
    # IDs alone: SQLite's index of the list has everything else that is read.
    matching = select(orders.c.id).where(*(or_(*in_order(word)) for word in words))
    with database.read() as connection:
        few = few_in_order(connection, org_id, words)
        if few is None:
            matching = matching.where(*is_ours)
            skipped = last.offset(LOOKED_THROUGH - 1).limit(1)
            oldest = connection.execute(skipped).scalar_one_or_none()
            if oldest is not None:
                matching = matching.where(orders.c.created_at >= oldest)
        else:
            own = unindexed(orders.c.org_id) == org_id
            matching = matching.where(
                in_array(orders.c.id, few), own, orders.c.deleted_at.is_(None)
            )
        found = matching.order_by(*newest_first).limit(MOST_OF_EACH)
        ids = connection.execute(found).scalars().all()
        columns = (orders.c[name] for name in FoundOrder.__slots__)
        rows = {
            row.id: row for row in connection.execute(select(*columns).where(orders.c.id.in_(ids)))
        }
    return tuple(FoundOrder(*rows[one]) for one in ids)
