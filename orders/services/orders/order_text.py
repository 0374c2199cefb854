"""The index of the search: which orders may contain a text, without reading all of them.

The table `order_text` is written beside the requests and indexed by trigrams (all parts of three
characters), by FTS5 on SQLite and pg_trgm on PostgreSQL. What it finds are candidates: the search
compares their text as it is now, and looks at orders with a pending change in any case
(docs/decisions/0062).
"""

import math
import sqlite3
from collections.abc import Sequence
from itertools import chain
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    delete,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
    table,
    text,
)
from sqlalchemy.exc import DatabaseError

from orders.storage.sql import in_array
from orders.storage.tables import order_text, orders, pending_change

# Candidates that are looked at one by one. For anything more common, reading the newest orders
# fills a page sooner.
MOST_CANDIDATES = 5_000
TRIGRAM = 3  # characters; shorter texts are in no index
# Trigrams that SQLite looks for: few are rare enough together, and it reads all texts with each.
MOST_TRIGRAMS = 4
PROBED = 200  # texts with a trigram, to find out how rare it is
MOST_PROBES = 30
# PostgreSQL: texts that COMMON of the newest SAMPLE ones have are not looked up in its index.
SAMPLE, COMMON = 2_000, 10

_trigram = table("order_trigram")
_indexed_texts = table("order_trigram_docsize")
_COMPARE = "INSERT INTO order_trigram (order_trigram, rank) VALUES ('integrity-check', 1)"
# PostgreSQL's depends on its rules for letters, which a newer version of it may change.
_REBUILD = {
    "sqlite": "INSERT INTO order_trigram (order_trigram) VALUES ('rebuild')",
    "postgresql": "REINDEX INDEX ix_order_text_trigrams",
}


def find_candidates(connection: Connection, org_id: str, folded: str) -> list[str] | None:
    """Return IDs of orders of the org; all orders whose search text contains `folded` are included.

    Returns None if they would be more than MOST_CANDIDATES, or if the text is too short for the
    index.
    """
    if len(folded) < TRIGRAM:
        return None
    is_sqlite = connection.dialect.name == "sqlite"
    statement = (_on_sqlite if is_sqlite else _on_postgresql)(connection, org_id, folded)
    if statement is None:
        return None
    indexed = connection.execute(statement.limit(MOST_CANDIDATES + 1)).scalars().all()
    changed = select(pending_change.c.order_id).where(pending_change.c.org_id == org_id)
    others = select(orders.c.id).where(
        orders.c.id.in_(changed), orders.c.search_text.contains(folded, autoescape=True)
    )
    found = {*indexed, *connection.execute(others.limit(MOST_CANDIDATES + 1)).scalars()}
    return list(found) if len(found) <= MOST_CANDIDATES else None


def _on_postgresql(connection: Connection, org_id: str, folded: str) -> Select[Any] | None:
    """Return a SELECT of the IDs of orders whose stored text contains `folded`; None if of many."""
    newest = select(order_text.c.text).order_by(order_text.c.number.desc()).limit(SAMPLE).subquery()
    sample = select(func.count()).where(newest.c.text.contains(folded, autoescape=True))
    if connection.execute(sample).scalar_one() >= COMMON:
        return None
    matching = select(order_text.c.order_id).where(
        order_text.c.text.contains(folded, autoescape=True), order_text.c.org_id == org_id
    )
    # In a part of its own: for the sake of a limit, PostgreSQL would rather read all texts.
    return select(matching.cte("matching").prefix_with("MATERIALIZED"))


def _on_sqlite(connection: Connection, org_id: str, folded: str) -> Select[Any] | None:
    """Return what `_on_postgresql` returns; the texts contain the rarest trigrams of `folded`."""
    every = (folded[at : at + TRIGRAM] for at in range(len(folded) - TRIGRAM + 1))
    parts = list(dict.fromkeys(every))[:MOST_PROBES]
    # The further behind the last one of some texts with a trigram is found, the rarer it is.
    probes = {one: _matches(one).limit(1).offset(PROBED) for one in parts}
    places = {one: connection.execute(probe).scalar() for one, probe in probes.items()}
    rarest = sorted(parts, key=lambda one: -(places[one] or math.inf))
    matching = _matches(*rarest[:MOST_TRIGRAMS])
    counted = select(func.count()).select_from(matching.limit(MOST_CANDIDATES + 1).subquery())
    if connection.execute(counted).scalar_one() > MOST_CANDIDATES:
        return None
    of_org = order_text.c.org_id == org_id  # it is in no index
    return select(order_text.c.order_id).where(order_text.c.number.in_(matching), of_org)


def _matches(*trigrams: str) -> Select[Any]:
    quoted = " AND ".join('"' + one.replace('"', '""') + '"' for one in trigrams)
    matches: ColumnElement[bool] = literal_column("order_trigram").match(quoted)
    return select(literal_column("rowid")).select_from(_trigram).where(matches)


def store_again(connection: Connection, order_ids: Sequence[str]) -> None:
    """Store the search texts of these orders, and delete those of orders that no longer exist.

    Texts that have not changed are left alone. No other transaction may do so meanwhile.
    """
    _store(connection, in_array(order_text.c.order_id, order_ids), in_array(orders.c.id, order_ids))


def store_all_again(connection: Connection) -> None:
    """Store the search texts of all orders, and write SQLite's index again; see `store_again`."""
    _store(connection)
    write_index_again(connection)


def write_index_again(connection: Connection) -> None:
    """Write the database's own index of the texts again."""
    connection.execute(text(_REBUILD[connection.dialect.name]))


def lacks_texts(connection: Connection) -> bool:
    """Return whether SQLite's index has another number of texts than its table."""
    if connection.dialect.name != "sqlite":
        return False
    counts = (select(func.count()).select_from(one) for one in (_indexed_texts, order_text))
    return len({connection.execute(one).scalar_one() for one in counts}) > 1


def is_damaged(connection: Connection) -> bool:
    """Return whether SQLite's index differs from its table.

    Takes about 14 seconds for a million orders, and others cannot write meanwhile.
    """
    if connection.dialect.name != "sqlite":
        return False
    try:
        connection.execute(text(_COMPARE))
    except DatabaseError as error:
        if getattr(error.orig, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_CORRUPT:
            raise  # the database is busy, or the disk is full
        return True
    return False


def _store(connection: Connection, *conditions: ColumnElement[bool]) -> None:
    of_texts, of_orders = conditions[:1], conditions[1:]
    same = (
        orders.c.id == order_text.c.order_id,
        orders.c.org_id == order_text.c.org_id,
        orders.c.search_text == order_text.c.text,
    )
    connection.execute(delete(order_text).where(*of_texts, ~exists().where(*same)))
    is_stored = exists().where(order_text.c.order_id == orders.c.id)
    rows = select(orders.c.id, orders.c.org_id, orders.c.search_text).where(*of_orders, ~is_stored)
    connection.execute(insert(order_text).from_select(("order_id", "org_id", "text"), rows))


def find_wrong(connection: Connection, most: int) -> list[str]:
    """Return the IDs of orders whose search text is not stored as it is; about `most`.

    Orders with a pending change are right.
    """
    both = orders.outerjoin(order_text, order_text.c.order_id == orders.c.id)
    differs = or_(
        order_text.c.text.is_distinct_from(orders.c.search_text),
        order_text.c.org_id != orders.c.org_id,
    )
    missing = select(orders.c.id).select_from(both).where(differs, ~_is_changed(orders.c.id))
    lost = ~exists().where(orders.c.id == order_text.c.order_id)
    left = select(order_text.c.order_id).where(lost, ~_is_changed(order_text.c.order_id))
    found = (connection.execute(one.limit(most)).scalars() for one in (missing, left))
    return list(chain.from_iterable(found))


def _is_changed(order_id: ColumnElement[str]) -> ColumnElement[bool]:
    return exists().where(pending_change.c.order_id == order_id)
