"""Loads the products of an org into memory, to find them by name and by closeness.

For reading pasted texts and for messages about unknown products: a search for each text would take
longer than loading all products once.
"""

from sqlalchemy import Connection, bindparam, select, text

from orders.domain.near_matches import KnownProduct, ProductIndex
from orders.storage import database
from orders.storage.database import CompiledSelect
from orders.storage.models.orgs import Org
from orders.storage.tables import configuration

MAX_PRODUCTS = 20_000  # of an org that are compared, the newest
MOST_CACHED = 8  # indexes that a process keeps
# By org: the version of the catalog, and the index of it.
_indexes: dict[str, tuple[int, ProductIndex]] = {}
_version = CompiledSelect(select(Org.catalog_version).where(Org.id == bindparam("org_id")))
# As text, made once: every saved configuration pays for it.
_bump = text("UPDATE org SET catalog_version = catalog_version + 1 WHERE id = :org_id")
_of_org = CompiledSelect(
    select(
        configuration.c.id, configuration.c.sku, configuration.c.product_name,
        configuration.c.search_text,
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


def catalog_version(org_id: str) -> int:
    """Return a number that is another one after each change of the org's configurations.

    Read it before what is kept with it: then a change in between makes what is kept obsolete.
    """
    return int(database.rows(_version, {"org_id": org_id})[0].catalog_version)


def bump_catalog_version(connection: Connection, org_id: str) -> None:
    """Increment the catalog's version, in the transaction of each change of configurations.

    Call this last: on PostgreSQL, other changes of the org's configurations wait from here on.
    """
    connection.execute(_bump, {"org_id": org_id})


def load_products(org_id: str) -> ProductIndex:
    """Return an index of the org's products that new orders are offered.

    Of more than MAX_PRODUCTS products, the newest are in it. The process keeps the index until the
    catalog changes.
    """
    version = catalog_version(org_id)
    kept = _indexes.get(org_id)
    if kept is not None and kept[0] == version:
        return kept[1]
    rows = database.rows(_of_org, {"org_id": org_id, "most": MAX_PRODUCTS, "skipped": 0})
    index = ProductIndex(
        [KnownProduct(own_id, sku or "", name or "", words) for own_id, sku, name, words in rows]
    )
    if len(_indexes) >= MOST_CACHED:
        _indexes.clear()
    _indexes[org_id] = version, index
    return index
