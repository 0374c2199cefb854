"""Counts who tries to tell an order's second fact, so that nobody tries customer IDs out.

The table counts, not the process: the limit is the same for any number of them, and outlives a
restart. A try is counted before it is judged, so that many at once are not more than one after
the other.
"""

import math
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from orders.rules.moments import now_or
from orders.storage import database
from orders.storage.tables import insert_new, order_tries

MAX_TRIES = 10
WINDOW = timedelta(hours=1)  # begins with the first try


def take_try(order_id: str, *, now: datetime | None = None) -> int:
    """Take one of the order's tries; gives 0, or for how many seconds there is none left."""
    at = now_or(now)
    mine = order_tries.c.order_id == order_id

    with database.transaction() as connection:
        first = {"order_id": order_id, "tries": 1, "since": at}
        if insert_new(connection, order_tries, first):
            return 0
        # Two at once take turns here: the row is locked by whoever writes it first.
        connection.execute(update(order_tries).where(mine).values(tries=order_tries.c.tries + 1))
        row = connection.execute(select(order_tries).where(mine)).one()
        if row.since + WINDOW <= at:
            connection.execute(update(order_tries).where(mine).values(tries=1, since=at))
            return 0
        left = (row.since + WINDOW - at).total_seconds()
        return max(1, math.ceil(left)) if row.tries > MAX_TRIES else 0


def forget_tries(order_id: str) -> None:
    """Forget the tries of an order whose fact was told."""
    statement = delete(order_tries).where(order_tries.c.order_id == order_id)
    with database.transaction() as connection:
        connection.execute(statement)
