"""Suggest customers from the org's orders to people who enter one."""

from dataclasses import dataclass

from sqlalchemy import func, or_, select

from orders.services.accounts.access import Actor
from orders.storage import database
from orders.storage.tables import orders

MOST_SHOWN = 8
# The newest orders of the org, in which any part of an ID is found; older ones by its start.
LOOKED_BACK = 500
MAX_TEXT = 100  # characters of a search that are looked at
# Sorts after every character that an ID may start with.
_LAST = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class KnownCustomer:
    """A customer by the ID that orders give, with the name of the newest of these orders."""

    customer_id: str
    order_name: str | None


def find_customers(text: str, actor: Actor, *, most: int = MOST_SHOWN) -> list[KnownCustomer]:
    """Return customers whose ID, or whose newest order's name, contains the text.

    Those of the newest orders first, in any case and by any part; then those whose ID starts with
    the text as it is spelled.
    """
    typed = text[:MAX_TEXT].replace("\0", " ").strip()
    is_ours = (
        orders.c.org_id == actor.org_id,
        orders.c.deleted_at.is_(None),
        orders.c.customer_id.is_not(None),
    )
    newest = (
        select(orders.c.customer_id, orders.c.name, orders.c.created_by)
        .where(orders.c.org_id == actor.org_id, orders.c.deleted_at.is_(None))
        .order_by(orders.c.created_at.desc(), orders.c.id.desc())
        .limit(LOOKED_BACK)
    )
    with database.read() as connection:
        rows = [row for row in connection.execute(newest) if row.customer_id]
        rows.sort(key=lambda row: row.created_by != actor.id)
        found: dict[str, KnownCustomer] = {}
        sought = typed.casefold()
        for row in rows:
            known = f"{row.customer_id}\n{row.name or ''}".casefold()
            if sought in known:
                found.setdefault(row.customer_id, KnownCustomer(row.customer_id, row.name))
        if typed and len(found) < most:
            column = orders.c.customer_id
            ways = (typed, typed.upper(), typed.lower(), typed.capitalize())
            spellings = list(dict.fromkeys(ways))
            every = [or_(*(column.startswith(one, autoescape=True) for one in spellings))]
            if connection.dialect.name == "sqlite":
                # Its LIKE cannot use the index. A statement for each spelling ends after a few
                # customers; one for all of them would look at all that the org has.
                every = [(column >= one) & (column < one + _LAST) for one in spellings]
            for begins in every:
                older = (
                    select(column, func.max(orders.c.name))
                    .where(*is_ours, begins)
                    .group_by(column)
                    .order_by(column)
                    .limit(most)
                )
                for customer_id, name in connection.execute(older):
                    found.setdefault(customer_id, KnownCustomer(customer_id, name))
    return list(found.values())[:most]
