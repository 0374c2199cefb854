"""What an import would make and what is wrong with it, short enough to be read by people."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from orders.access import Actor
from orders.imports.records import FileOrder, Import, OrderState, read_orders
from orders.rules.cells import write_value
from orders.rules.column_matching import OBJECTS
from orders.rules.imported_orders import OrderBuilder
from orders.rules.sheet_reading import SheetRow
from orders.rules.status import STATUS_TEXTS, read_status
from orders.rules.texts import mark
from orders.storage import database
from orders.storage.tables import order_import_row

# What the form calls the keys of `platform`.
PLATFORM = {
    "id": mark("Platform order ID"),
    "platform": mark("Platform"),
    "storeName": mark("Store"),
}


@dataclass(frozen=True, slots=True)
class FirstOrder:
    """An order of the file with what stands in its fields; `facts` are labels and values."""

    order: FileOrder
    name: str
    customer_id: str
    lines: int
    facts: tuple[tuple[str, str], ...]


def first_orders(one: Import, actor: Actor, *, most: int) -> list[FirstOrder]:
    """Read the first orders of an import whose columns are matched."""
    if one.matching is None:
        return []
    orders = read_orders(one, most=most)
    rows = _rows(one, [number for order in orders for number in order.rows])
    builder = OrderBuilder(one.columns, one.matching, actor.org.attributes, {})
    labels = {rule.key: rule.label for rule in actor.org.attributes}
    return [
        _first(order, builder.order([rows[number] for number in order.rows]).raw, labels)
        for order in orders
    ]


def common_faults(one: Import, *, most: int) -> list[tuple[int, str, str]]:
    """Give the faults that stand in several rows: how many, the column, and what is wrong."""
    bad = read_orders(one, (OrderState.BAD,))
    counted = Counter((fault.column, fault.message) for order in bad for fault in order.faults)
    return [
        (count, column, message)
        for (column, message), count in counted.most_common(most)
        if count > 1
    ]


def _rows(one: Import, numbers: list[int]) -> dict[int, SheetRow]:
    wanted = order_import_row.c.number.in_(numbers)
    statement = select(order_import_row.c.number, order_import_row.c.cells).where(
        order_import_row.c.import_id == one.id, wanted
    )
    with database.read() as connection:
        found = connection.execute(statement)
        return {row.number: SheetRow(row.number, tuple(row.cells)) for row in found}


def _first(order: FileOrder, raw: dict[str, Any], labels: dict[str, str]) -> FirstOrder:
    status = read_status(raw.get("status"))
    facts: dict[str, str] = {
        mark("Status"): raw.get("status", "") if status is None else STATUS_TEXTS[status]
    }
    for area in OBJECTS:
        names = PLATFORM if area == OBJECTS[0] else labels
        for key, value in raw.get(area, {}).items():
            facts[names.get(key, key)] = write_value(value, is_text=isinstance(value, str))
    return FirstOrder(
        order=order,
        name=raw.get("name", ""),
        customer_id=raw.get("customerId", ""),
        lines=len(raw["cart"]),
        facts=tuple((label, value) for label, value in facts.items() if value),
    )
