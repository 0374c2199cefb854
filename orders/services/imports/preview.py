"""What people see of an import: its first orders, its errors, and its rows as CSV files."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import select

from orders.domain.attributes import Applies, AttributeRule, display, value_fault
from orders.domain.import_doubts import changed_ids, not_imported
from orders.domain.imported_orders import OrderBuilder
from orders.domain.order import EDITABLE_FIELDS, FieldKind
from orders.domain.sheet_reading import SheetRow, write_value
from orders.domain.status import STATUS_TEXTS, read_status
from orders.domain.text_tables import shown
from orders.domain.texts import Text, lazy_gettext
from orders.services.accounts.access import Actor
from orders.services.imports.records import FileOrder, Import, OrderState, read_orders, read_sheet
from orders.services.orders.export import csv_pieces
from orders.storage import database
from orders.storage.tables import order_import_row

# Fields that have columns of their own in the preview.
_OF_THEIR_OWN = {"name", "customer_id"}


@dataclass(frozen=True, slots=True)
class FirstOrder:
    """An order of the file as the preview shows it.

    `lines` is the number of its lines, and `facts` are pairs of a label and a value for its other
    fields.
    """

    order: FileOrder
    name: str
    customer_id: str
    lines: int
    facts: tuple[tuple[str, str], ...]


def first_orders(
    one: Import, attributes: Sequence[AttributeRule], *, most: int
) -> list[FirstOrder]:
    """Return the first `most` orders of an import, or none before its columns are matched.

    `attributes` are those of the org, with the labels that people are to see.
    """
    if one.matching is None:
        return []
    orders = read_orders(one, most=most)
    rows = _rows(one, [number for order in orders for number in order.rows])
    builder = OrderBuilder(
        one.columns, one.matching, attributes, {}, decimal_comma=one.choices.decimal_comma
    )
    of_order = [rule for rule in attributes if rule.applies is not Applies.LINE]
    return [
        _first(order, builder.order([rows[number] for number in order.rows]).raw, of_order)
        for order in orders
    ]


def doubts(one: Import, actor: Actor) -> tuple[list[tuple[str, str]], list[Text]]:
    """Return the columns that are not imported, and warnings about changed IDs.

    The first list has pairs of a column's name and the label of the field that it probably
    contains, or an empty text if there is no guess. The second list has warnings about IDs that a
    spreadsheet seems to have changed. Both are empty until the columns are matched to fields.
    """
    if one.matching is None:
        return [], []
    rows = read_sheet(one).rows
    return (
        not_imported(one.matching, one.columns, rows, actor.org.every_attribute),
        changed_ids(one.matching, one.columns, rows),
    )


def common_faults(one: Import, *, most: int) -> list[tuple[int, str, str]]:
    """Return the errors that occur more than once, the most frequent first, at most `most`.

    Each is a tuple of the number of occurrences, the name of the column, and the message.
    """
    bad = read_orders(one, (OrderState.BAD,))
    counted = Counter((fault.column, fault.message) for order in bad for fault in order.faults)
    return [
        (count, column, message)
        for (column, message), count in counted.most_common(most)
        if count > 1
    ]


def _rows(one: Import, numbers: list[int]) -> dict[int, SheetRow]:
    statement = select(order_import_row.c.number, order_import_row.c.cells).where(
        order_import_row.c.import_id == one.id, order_import_row.c.number.in_(numbers)
    )
    found = database.fetch_all(statement)
    return {row.number: SheetRow(row.number, tuple(row.cells)) for row in found}


def _first(
    order: FileOrder, raw: dict[str, Any], attributes: Sequence[AttributeRule]
) -> FirstOrder:
    rules = {rule.path: rule for rule in attributes}
    labels = {rule.key: rule.label for rule in attributes}
    status = read_status(raw.get("status"))
    facts: dict[str, str] = {
        lazy_gettext("Status"): raw.get("status", "") if status is None else STATUS_TEXTS[status]
    }
    for field in EDITABLE_FIELDS:
        if field.kind is FieldKind.OBJECT:
            names = {part.name: part.label for part in field.parts} or labels
            for key, value in raw.get(field.wire_name, {}).items():
                rule = rules.get(f"{field.wire_name}.{key}")
                facts[names.get(key, key)] = (
                    display(rule, value)
                    if rule is not None and value_fault(rule, value) is None
                    else write_value(value, is_text=isinstance(value, str))
                )
        elif field.kind is FieldKind.TEXT and field.name not in _OF_THEIR_OWN:
            facts[field.label] = raw.get(field.wire_name, "")
    for rule in attributes:
        area, _, key = rule.path.partition(".")
        if rule.default is not None and key not in raw.get(area, {}):
            value = display(rule, rule.default)
            facts[rule.label] = lazy_gettext("uses default: %(value)s", value=value)
    return FirstOrder(
        order=order,
        name=raw.get("name", ""),
        customer_id=raw.get("customerId", ""),
        lines=len(raw["cart"]),
        facts=tuple((label, value) for label, value in facts.items() if value),
    )


# Returns the cells to add to a row, given its order and its number in the file.
Values: TypeAlias = Callable[[FileOrder, int], list[str]]
Translate: TypeAlias = Callable[[str], str]

# Names of the columns that are added; if the file is imported again, they are ignored.
ERROR, SHORT_ID, ORDER_ID = "error", "shortId", "orderId"


def errors_csv(one: Import, translate: Translate = str) -> str:
    """Return a CSV file with the rows of all orders that have errors.

    Each row has an additional cell with its errors, translated by `translate`.
    """
    bad = read_orders(one, (OrderState.BAD,))
    return _written(one, [ERROR], bad, lambda order, row: [_error(order, row, translate)])


def result_csv(one: Import, translate: Translate = str) -> str:
    """Return a CSV file with all rows of the import's file and the result for each row.

    The result is the short ID and the ID of the created order, or a text, translated by
    `translate`, that says why there is none.
    """

    def values(order: FileOrder, row: int) -> list[str]:
        return [order.short_id or "", order.order_id or "", _error(order, row, translate)]

    return _written(one, [SHORT_ID, ORDER_ID, ERROR], read_orders(one), values)


def _error(order: FileOrder, row: int, translate: Translate) -> str:
    if order.state == OrderState.MADE:
        return ""
    if order.state == OrderState.BINNED:
        return translate(lazy_gettext("The import was undone. This order is deleted."))
    if order.state == OrderState.SKIPPED:
        return translate(
            lazy_gettext("Not imported: already exists as %(code)s.", code=order.same_as)
        )
    own = [
        f"{fault.column}: {translate(fault.message)}" if fault.column else translate(fault.message)
        for fault in order.faults
        if fault.row == row
    ]
    others = sorted({fault.row for fault in order.faults} - {row})
    if not own and others:
        return translate(
            lazy_gettext("Another row of this order has an error: row %(row)s.", row=others[0])
        )
    return " ".join(own) or translate(lazy_gettext("Not imported."))


def _written(one: Import, added: list[str], orders: Iterable[FileOrder], values: Values) -> str:
    cells = {row.number: row.cells for row in read_sheet(one).rows}
    of_rows = sorted((number, order) for order in orders for number in order.rows)
    width = len(one.columns)
    rows = (
        [*map(shown, cells[number][:width]), *values(order, number), *cells[number][width:]]
        for number, order in of_rows
    )
    return "".join(csv_pieces([*one.columns, *added], rows))


SAMPLE = """\
order,name,customerId,platform.id,sku,count
1,Reception,C-1042,S-2201,OSL-CH-OAK-02,4
1,Reception,C-1042,S-2201,PLK-DT-OAK-22,1
2,Canteen,C-2077,S-2202,STU-DK-OAK-14,2
"""
