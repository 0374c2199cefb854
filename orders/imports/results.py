"""What an import leaves: the file's rows as CSV, with what has become of each."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from orders.imports.records import FileOrder, Import, OrderState, read_orders, read_sheet
from orders.rules.cells import guard
from orders.rules.texts import mark

# Of an order and the number of one of its rows: the cells that are added.
Values: TypeAlias = Callable[[FileOrder, int], list[str]]
Told: TypeAlias = Callable[[str], str]

BOM = "\ufeff"  # Excel takes CSV for another encoding without it
# Of the columns that are added; a file that is imported again does not import them.
ERROR, SHORT_ID, ORDER_ID = "error", "shortId", "orderId"
NOT_MADE = mark("Not imported.")


def errors_csv(one: Import, told: Told = str) -> str:
    """Give the rows of the orders that have errors, each with what is wrong.

    `told` writes a text as its reader wants it.
    """
    bad = read_orders(one, (OrderState.BAD,))
    return _written(one, [ERROR], bad, lambda order, row: [_error(order, row, told)])


def result_csv(one: Import, told: Told = str) -> str:
    """Give all rows of the file, each with its order's code and ID, or why there is none.

    `told` writes a text as its reader wants it.
    """
    return _written(
        one,
        [SHORT_ID, ORDER_ID, ERROR],
        read_orders(one),
        lambda order, row: [order.short_id or "", order.order_id or "", _error(order, row, told)],
    )


def _error(order: FileOrder, row: int, told: Told) -> str:
    if order.state == OrderState.MADE:
        return ""
    if order.state == OrderState.SKIPPED:
        return told(mark("Not imported: it is there already, as %(code)s.", code=order.same_as))
    own = [
        f"{fault.column}: {told(fault.message)}" if fault.column else told(fault.message)
        for fault in order.faults
        if fault.row == row
    ]
    others = sorted({fault.row for fault in order.faults} - {row})
    if not own and others:
        return told(mark("Another row of this order has an error: row %(row)s.", row=others[0]))
    return " ".join(own) or told(NOT_MADE)


def _written(
    one: Import,
    added: list[str],
    orders: Iterable[FileOrder],
    values: Values,
) -> str:
    text = io.StringIO()
    text.write(BOM)
    writer = csv.writer(text)
    writer.writerow([guard(name) for name in (*one.columns, *added)])
    cells = {row.number: row.cells for row in read_sheet(one).rows}
    for number, order in sorted(_rows_of(orders), key=lambda pair: pair[0]):
        row = [*cells[number], *values(order, number)]
        writer.writerow([guard(cell) for cell in row])
    return text.getvalue()


def _rows_of(orders: Iterable[FileOrder]) -> Iterator[tuple[int, FileOrder]]:
    return ((number, order) for order in orders for number in order.rows)


SAMPLE = """\
order,name,customerId,platform.id,sku,count
1,Reception,C-1042,S-2201,OSL-CH-OAK-02,4
1,Reception,C-1042,S-2201,PLK-DT-OAK-22,1
2,Canteen,C-2077,S-2202,STU-DK-OAK-14,2
"""
