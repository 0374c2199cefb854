"""Reads a pasted text with the org's products, customers and attributes, and keeps it as evidence.

The texts that an order was entered and changed from are kept with the order. People see them on the
order's page; the API does not have them.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, func, or_, select

from orders.domain.message_facts import CUSTOMER, CustomerHints, FactReader, Found, customer_hints
from orders.domain.message_rows import MessageRow
from orders.domain.messages import ReadMessage, read_message
from orders.domain.near_matches import ProductIndex
from orders.domain.order import Order
from orders.services.accounts.access import Actor
from orders.services.catalog import products
from orders.services.catalog.product_index import catalog_version, load_products
from orders.storage import database
from orders.storage.sql import in_array
from orders.storage.tables import customer, order_pasted_text, upsert

MAX_PASTED = 10_000  # characters of pasted texts that are kept of one form
MAX_KEPT = 50_000  # characters of all texts that are kept with one order
BETWEEN = "\n\n* * *\n\n"  # between two texts that were pasted into one order
MOST_READ = 32  # texts of MAX_PASTED characters at most, as a process keeps them read
MOST_CUSTOMERS = 3  # customers that are offered if a text names several
_ASCII_SMALL = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


@dataclass(frozen=True, slots=True)
class ReadText:
    """What a pasted text says.

    `rows` are its lines of the cart; their references are SKUs or IDs where a name decided.
    `unused` are the lines of text that did not become lines of the cart, and `open` those of them
    that name a product by its ID or SKU. `found` are values for
    fields of the order, the customer first.
    """

    rows: tuple[MessageRow, ...]
    unused: tuple[str, ...]
    found: tuple[Found, ...]
    open: tuple[str, ...] = ()


class _Names:
    """Finds products by their names; the products are loaded when they are first needed."""

    def __init__(self, org_id: str) -> None:
        self._org_id = org_id

    @cached_property
    def _index(self) -> ProductIndex:
        return load_products(self._org_id)

    def __call__(self, text: str) -> tuple[str, ...]:
        return self._index.named(text)


def read_pasted(text: str, actor: Actor, *, today: date, most: int | None = None) -> ReadText:
    """Return what a pasted text says: lines of the cart, and values for other fields.

    `today` is the day from which the year of a day or week without one is counted. Raises
    InvalidInput if the text has more than `most` lines of the cart.
    """
    org_id = actor.org_id
    read = _read if len(text) <= MAX_PASTED else _read.__wrapped__
    message = read(text, org_id, catalog_version(org_id), most)
    used = {row.source for row in message.rows}
    about = [line for line in message.about if " ".join(line.split()) not in used]
    found = _customers(customer_hints(about), org_id)
    found += FactReader(actor.org.attributes, today).read(message.about)
    return ReadText(message.rows, message.unused, tuple(found), message.open)


# The form reads its pasted text again for each answer. What depends on the catalog takes long.
@lru_cache(maxsize=MOST_READ)
def _read(text: str, org_id: str, version: int, most: int | None) -> ReadMessage:  # noqa: ARG001 - the version is part of the cache key
    """Return what a text says by the catalog alone; `version` is that of the catalog."""
    message = read_message(text, products.ids_in(org_id), _Names(org_id), most)
    ids = {row.product_id for row in message.rows} - {""}
    references = products.references_of(products.resolve(ids, org_id).values(), org_id)
    rows = (
        replace(row, reference=references.get(row.product_id, row.reference))
        for row in message.rows
    )
    return replace(message, rows=tuple(rows))


def _customers(hints: CustomerHints, org_id: str) -> list[Found]:
    """Return the customers that a text names.

    An ID behind a label decides, then e-mail addresses, other IDs and names together. The find is
    exact if it is one customer with a record, and more than a name of one word says so.
    """
    small = [form for name in hints.names for form in {name.lower(), name.translate(_ASCII_SMALL)}]
    columns = customer.c
    ways = (
        in_array(columns.customer_id, sorted({*hints.labelled, *hints.tokens})),
        in_array(func.lower(columns.email), sorted(hints.mails)),
        in_array(func.lower(columns.name), sorted(small)),
    )
    statement = select(columns.customer_id, columns.name, columns.email).where(
        columns.deleted_at.is_(None),
        # The org is in each of them, because the index of each begins with it.
        or_(*(and_(columns.org_id == org_id, one) for one in ways)),
    )
    rows = database.fetch_all(statement)
    labelled = [row for row in rows if row.customer_id in hints.labelled]
    if labelled or not hints.labelled:
        return _found(labelled or rows, hints)
    # People write IDs of customers without a record, too; nothing confirms them.
    return [Found(CUSTOMER, one, one, False) for one in hints.labelled[:MOST_CUSTOMERS]]


def _found(rows: Any, hints: CustomerHints) -> list[Found]:  # noqa: ANN401 - database rows
    # A word that is an ID may also be a word; one with a digit or a sign is no other.
    tokens = {one for one in hints.tokens if not one.isalpha()} | set(hints.labelled)
    found = []
    for row in rows:
        is_said = row.customer_id in tokens or (row.email or "").lower() in hints.mails
        is_telling = is_said or len((row.name or "").split()) > 1
        is_exact = len(rows) == 1 and is_telling
        found.append((not is_said, Found(CUSTOMER, row.customer_id, row.name or "", is_exact)))
    found.sort(key=lambda one: (one[0], one[1].value))
    return [one for _, one in found[:MOST_CUSTOMERS]]


def joined(kept: str, text: str, *, most: int = MAX_PASTED) -> str:
    """Return the texts that were pasted into one order as the one text that is kept.

    A text that is in it already is not added again. The result has at most `most` characters; the
    end is cut off.
    """
    plain = _plain(text)
    if not plain or plain in kept:
        return kept[:most]
    return (f"{kept}{BETWEEN}{plain}" if kept else plain)[:most]


def _plain(text: str) -> str:
    plain = text.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n").strip()
    return plain.encode("utf-8", "replace").decode()


def pasted_row(order: Order, text: str, *, at: datetime) -> dict[str, Any]:
    """Return the row that keeps a pasted text with its order."""
    return {
        "order_id": order.id,
        "org_id": order.org_id,
        "text": joined("", text),
        "created_at": at,
    }


def keep_pasted(connection: Connection, order: Order, text: str, *, at: datetime) -> None:
    """Add what was pasted while an order was changed to its kept text.

    It is in the caller's transaction, which has locked the order's row. `text` is one text, or
    several as `joined` returns them; its first MAX_PASTED characters are kept. A text that is kept
    already is not added again, and nothing beyond MAX_KEPT.
    """
    parts = _plain(text)[:MAX_PASTED].split(BETWEEN)
    columns = order_pasted_text.c
    stored = select(columns.text).where(columns.order_id == order.id)
    before = after = connection.execute(stored).scalar() or ""
    for part in parts:
        after = joined(after, part, most=MAX_KEPT)
    if after != before:
        new = {"org_id": order.org_id, "created_at": at}
        upsert(connection, order_pasted_text, {"order_id": order.id}, {"text": after}, new)


class KeptText(NamedTuple):
    """The joined texts that an order was entered and changed from, and when the first was saved."""

    text: str
    first_at: datetime

    @property
    def has_several(self) -> bool:
        return BETWEEN in self.text


def find_pasted(order: Order) -> KeptText | None:
    """Return the texts that the order was entered and changed from; None if there are none."""
    columns = order_pasted_text.c
    found = database.fetch_one(
        select(columns.text, columns.created_at).where(
            columns.order_id == order.id, columns.org_id == order.org_id
        )
    )
    return KeptText(*found) if found is not None and found.text else None
