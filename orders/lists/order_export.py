"""The list of orders as a table of cells: a row for each line of a cart (docs/orders-list.md).

Orders are read in batches, so that a hundred thousand of them need no more memory than one batch.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from orders import queries
from orders.catalogue import naming
from orders.lists import order_list
from orders.lists.order_list import Wanted
from orders.lists.order_place import Sort
from orders.rules.attributes import Applies, AttributeRule, Kind
from orders.rules.cells import write_value
from orders.rules.order import CartLine, Order
from orders.rules.wire import wire_time
from orders.storage import database
from orders.storage.tables import orders

BATCH = 500
# Keys of metadata, derivative and platform that get columns of their own; what lies beyond stands
# together, as JSON, in a column that is named for the whole.
MOST_KEYS = 200
AREAS = ("platform", "metadata", "derivative")
PLATFORM = ("id", "platform", "storeName")

# What is known of configurations is kept from batch to batch, of so many at most.
MOST_PRODUCTS = 20_000

Cell = str | int
_Product = tuple[str, str]  # SKU and name
NO_PRODUCT: _Product = ("", "")


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of an export. `keys` are those of each area; `texts` hold nothing but texts."""

    keys: dict[str, tuple[str, ...]]
    has_rest: frozenset[str]
    texts: frozenset[tuple[str, str]]

    @property
    def names(self) -> list[str]:
        """Give the heads of the columns."""
        heads = []
        for area in AREAS:
            heads += [f"{area}.{key}" for key in self.keys[area]]
            heads += [area] if area in self.has_rest else []
        return [
            "shortId", "name", "customerId", "status", *heads,
            "configurationId", "sku", "configurationName", "count", "cart.metadata",
            "createdAt", "updatedAt", "createdBy", "createdByName",
        ]  # fmt: skip


def find_columns(
    org_id: str, wanted: Wanted, sort: Sort, rules: Sequence[AttributeRule]
) -> Columns:
    """Give the columns that the orders need: the org's attributes first, then other keys."""
    keys: dict[str, dict[str, None]] = {area: {} for area in AREAS}
    keys["platform"] = dict.fromkeys(PLATFORM)
    for rule in rules:
        for area in _areas(rule):
            keys[area][rule.key] = None
    rest: set[str] = set()
    for ids in order_list.ids_in_batches(org_id, wanted, sort, size=BATCH):
        for objects in _read_objects(ids):
            for area, values in zip(AREAS, objects, strict=True):
                for key in values:
                    if len(keys[area]) < MOST_KEYS:
                        keys[area][key] = None
                    elif key not in keys[area]:
                        rest.add(area)
    texts = {(area, rule.key) for rule in rules if _is_text(rule) for area in _areas(rule)}
    texts |= {("platform", key) for key in PLATFORM}
    named = {area: tuple(own) for area, own in keys.items()}
    return Columns(named, frozenset(rest), frozenset(texts))


def _areas(rule: AttributeRule) -> tuple[str, ...]:
    both = (str(Applies.METADATA), str(Applies.DERIVATIVE))
    return both if rule.applies is Applies.BOTH else (str(rule.applies),)


def _is_text(rule: AttributeRule) -> bool:
    return rule.kind in {Kind.TEXT, Kind.OPTION}


def _read_objects(ids: Sequence[str]) -> Iterator[tuple[dict[str, Any], ...]]:
    columns = [orders.c[area] for area in AREAS]
    statement = select(*columns).where(orders.c.id.in_(ids))
    with database.read() as connection:
        rows = connection.execute(statement).all()
    return (tuple(row) for row in rows)


def rows(org_id: str, wanted: Wanted, sort: Sort, columns: Columns) -> Iterator[list[Cell]]:
    """Give the rows of all orders that match, in the order of the list; texts are not guarded.

    An order with an empty cart has one row. Orders that come or go meanwhile may be in it or not.
    """
    products: dict[str, _Product] = {}
    for ids in order_list.ids_in_batches(org_id, wanted, sort, size=BATCH):
        batch = _read_orders(ids)
        if len(products) > MOST_PRODUCTS:
            products = {}
        named = {line.configuration_id for order in batch for line in order.cart}
        unknown = named - products.keys()
        products |= dict.fromkeys(unknown, NO_PRODUCT) | _read_products(unknown, org_id)
        names = queries.actor_names({order.created_by for order in batch}, org_id)
        for order in batch:
            yield from _rows_of(order, columns, products, names)


def _read_products(references: Iterable[str], org_id: str) -> dict[str, _Product]:
    cards = naming.resolve(references, org_id)
    return {
        reference: (card.sku or "", card.product_name or "") for reference, card in cards.items()
    }


def _read_orders(ids: Sequence[str]) -> list[Order]:
    statement = queries.any_order.where(orders.c.id.in_(ids))
    with database.read() as connection:
        found = {row.id: queries.order_from(row) for row in connection.execute(statement)}
    return [found[order_id] for order_id in ids if order_id in found]


def _rows_of(
    order: Order, columns: Columns, products: dict[str, _Product], names: dict[str, str]
) -> Iterator[list[Cell]]:
    before: list[Cell] = [
        order.short_id, order.name or "", order.customer_id or "", str(order.status),
    ]  # fmt: skip
    objects = (order.platform, order.metadata, order.derivative)
    for area, values in zip(AREAS, objects, strict=True):
        own = columns.keys[area]
        before += [_cell(values, key, is_text=(area, key) in columns.texts) for key in own]
        if area in columns.has_rest:
            rest = {key: value for key, value in values.items() if key not in own}
            before.append(write_value(rest) if rest else "")
    after: list[Cell] = [
        wire_time(order.created_at), wire_time(order.updated_at), order.created_by,
        names.get(order.created_by, ""),
    ]  # fmt: skip
    for line in order.cart or (None,):
        yield [*before, *_line(line, products), *after]


def _cell(values: dict[str, Any], key: str, *, is_text: bool) -> str:
    if key not in values or (is_text and values[key] is None):
        return ""
    value = values[key]
    return write_value(value, is_text=is_text and isinstance(value, str))


def _line(line: CartLine | None, products: dict[str, _Product]) -> list[Cell]:
    if line is None:
        return ["", "", "", "", ""]
    return [
        line.configuration_id,
        *products[line.configuration_id],
        line.count,
        "" if line.metadata is None else write_value(line.metadata),
    ]
