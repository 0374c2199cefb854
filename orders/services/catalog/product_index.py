"""Loads the products of an org into memory, to find them by name and by closeness.

For reading pasted texts and for messages about unknown products: a search for each text would take
longer than loading all products once.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, select

from orders.domain.near_matches import KnownProduct, ProductIndex
from orders.storage import database
from orders.storage.database import CompiledSelect
from orders.storage.tables import configuration

MAX_PRODUCTS = 20_000  # of an org that are compared, the newest
MOST_CACHED = 8  # indexes that a process keeps
# By org: the rows that were read, and the index of them.
_indexes: dict[str, tuple[Sequence[Any], ProductIndex]] = {}
_of_org = CompiledSelect(
    select(
        configuration.c.id, configuration.c.short_id, configuration.c.sku,
        configuration.c.product_name, configuration.c.search_text,
    )
    .where(
        configuration.c.org_id == bindparam("org_id"),
        configuration.c.deleted_at.is_(None),
        configuration.c.retired_at.is_(None),
    )
    .order_by(configuration.c.created_at.desc(), configuration.c.id.desc())
    .limit(bindparam("most"))
    .offset(bindparam("skipped"))  # SQLite's dialect adds one to each limit, as a value of its own
)  # fmt: skip


def load_products(org_id: str) -> ProductIndex:
    """Return an index of the org's products that new orders are offered.

    Of more than MAX_PRODUCTS products, the newest are in it. The products are read each time; an
    index of the same products is used again, because making one takes much longer.
    """
    # Rows are compared as they are: to make products of them takes longer than to read them.
    rows = database.rows(_of_org, {"org_id": org_id, "most": MAX_PRODUCTS, "skipped": 0})
    cached = _indexes.get(org_id)
    if cached is not None and cached[0] == rows:
        return cached[1]
    if len(_indexes) >= MOST_CACHED:
        _indexes.clear()
    index = ProductIndex(
        [
            KnownProduct(own_id, short_id, sku or "", name or "", text)
            for own_id, short_id, sku, name, text in rows
        ]
    )
    _indexes[org_id] = rows, index
    return index
