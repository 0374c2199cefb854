"""Loads the products of an org into memory, to find them by name and by closeness.

For reading pasted texts and for messages about unknown products: a search for each text would take
longer than loading all products once.
"""

from sqlalchemy import select

from orders.domain.near_matches import KnownProduct, ProductIndex
from orders.storage import database
from orders.storage.tables import configuration

MAX_PRODUCTS = 20_000  # of an org that are compared, the newest
MOST_CACHED = 8  # indexes that a process keeps
# By org: the rows that were read, and the index of them.
_indexes: dict[str, tuple[list[tuple[str | None, ...]], ProductIndex]] = {}


def load_products(org_id: str) -> ProductIndex:
    """Return an index of the org's products that new orders are offered.

    Of more than MAX_PRODUCTS products, the newest are in it. The products are read each time; an
    index of the same products is used again, because making one takes much longer.
    """
    columns = configuration.c
    statement = (
        select(columns.id, columns.short_id, columns.sku, columns.product_name, columns.search_text)
        .where(columns.org_id == org_id, columns.deleted_at.is_(None), columns.retired_at.is_(None))
        .order_by(columns.created_at.desc(), columns.id.desc())
        .limit(MAX_PRODUCTS)
    )
    # Rows are compared as they are: to make products of them takes longer than to read them.
    rows = [tuple(row) for row in database.fetch_all(statement)]
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
