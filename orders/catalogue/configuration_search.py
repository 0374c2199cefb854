"""Finding a configuration while somebody types: by name, SKU, option values or short ID.

What is called exactly so comes first, then what this person has used lately, then what others have;
the rest by where the typed text stands.
"""

from typing import Any

from sqlalchemy import func, select, union_all

from orders.access import Actor
from orders.catalogue import naming
from orders.catalogue.naming import ConfigurationCard
from orders.storage import database
from orders.storage.sql import unindexed
from orders.storage.tables import cart_line, configuration, orders

MOST_SHOWN = 8
# Names that are looked up for each one that is shown, when nothing is typed.
MARGIN = 4
# The newest orders of the org that tell what is in use, and how many lines of each are looked at:
# an order may have a thousand.
LOOKED_BACK = 200
FIRST_LINES = 10
# Matches that are ranked; of more, the newest.
RANKED = 200
MAX_TEXT = 100  # characters of a search that are looked at

_found = select(
    configuration.c.id,
    configuration.c.short_id,
    configuration.c.sku,
    configuration.c.product_name,
)


def find_configurations(
    text: str, actor: Actor, *, most: int = MOST_SHOWN
) -> list[ConfigurationCard]:
    """Give the configurations of the org that the text may mean, the likeliest first.

    Every word must stand in name, SKU, short ID or an option's value, in any letters. Without a
    text, those that this person has used lately, then those that others have.
    """
    words = text[:MAX_TEXT].replace("\0", " ").casefold().split()
    recent = _recently_used(actor)
    if not words:
        # Some may be gone, or live on another platform.
        names = recent[: most * MARGIN]
        known = naming.resolve(names, actor.org_id)
        ids = list(dict.fromkeys(known[name].id for name in names if name in known))[:most]
    else:
        typed = " ".join(words)
        rows = {row.id: row for row in _matching(words, typed, actor.org_id)}
        places = {name: place for place, name in enumerate(recent)}
        nowhere = len(places)

        def rank(one: str) -> tuple[bool, int, bool, str, str]:
            row = rows[one]
            sku, short_id, name = (
                (known or "").casefold() for known in (row.sku, row.short_id, row.product_name)
            )
            begins = any(known.startswith(typed) for known in (sku, short_id, name))
            # Lines name a configuration by either of its IDs.
            used = min(places.get(row.id, nowhere), places.get(row.short_id, nowhere))
            return (typed not in {sku, short_id, name}, used, not begins, name, sku)

        ids = sorted(rows, key=rank)[:most]
    cards = naming.resolve(ids, actor.org_id)
    return [cards[one] for one in ids if one in cards]


def _recently_used(actor: Actor) -> list[str]:
    """Give IDs and short IDs from the lines of the newest orders: this person's, then others'."""
    newest = (
        select(orders.c.id, orders.c.created_at, orders.c.created_by)
        .where(orders.c.org_id == actor.org_id, orders.c.deleted_at.is_(None))
        .order_by(orders.c.created_at.desc(), orders.c.id.desc())
        .limit(LOOKED_BACK)
        .subquery()
    )
    is_mine = newest.c.created_by == actor.id
    used = (
        select(cart_line.c.configuration_id, func.max(newest.c.created_at), is_mine)
        .join(newest, cart_line.c.order_id == newest.c.id)
        .where(cart_line.c.position < FIRST_LINES)
        .group_by(cart_line.c.configuration_id, is_mine)
    )
    with database.read() as connection:
        rows = connection.execute(used).all()
    mine_first = sorted(rows, key=lambda row: (row[2], row[1]), reverse=True)
    return list(dict.fromkeys(row[0] for row in mine_first))


def _matching(words: list[str], typed: str, org_id: str) -> list[Any]:
    is_there = configuration.c.deleted_at.is_(None)
    is_ours = configuration.c.org_id == org_id
    contains = [configuration.c.search_text.contains(word, autoescape=True) for word in words]
    holding = _found.where(is_ours, is_there, *contains)
    spelled = {typed, typed.upper()}
    exact = union_all(
        _found.where(is_ours, is_there, configuration.c.sku.in_(spelled)),
        _found.where(
            unindexed(configuration.c.org_id) == org_id, is_there,
            configuration.c.short_id.in_(spelled),
        ),
    )  # fmt: skip
    newest = holding.order_by(configuration.c.created_at.desc(), configuration.c.id).limit(RANKED)
    with database.read() as connection:
        return [*connection.execute(exact), *connection.execute(newest)]
