"""The list of orders as a table of cells: one row for each cart line (docs/orders-list.md).

Orders are read in batches, so that an export of a hundred thousand orders needs no more memory than
one batch. The cells are written as CSV or as a workbook (XLSX).
"""

import csv
import io
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import select

from orders.domain.attributes import LINE_AREA, TEXT_KINDS, AttributeRule
from orders.domain.errors import OrderError, ServiceBusy
from orders.domain.line_totals import COLUMN as TOTAL
from orders.domain.line_totals import LineTotal, in_order, line_totals, total_rules
from orders.domain.moments import wire_time
from orders.domain.order import (
    FIELD_BY_PATH,
    OBJECT_FIELDS,
    ORDER_FIELDS,
    CartLine,
    FieldKind,
    Order,
)
from orders.domain.sheet_reading import guard, write_value
from orders.domain.texts import Figure, lazy_gettext
from orders.domain.typed_values import write_attribute
from orders.services.accounts.history import actor_names
from orders.services.catalog import products
from orders.services.orders import order_list, queries
from orders.services.orders.order_filter import OrderFilter
from orders.services.orders.order_list import Sort
from orders.services.orders.queries import order_from
from orders.storage import database
from orders.storage.replica import from_replica
from orders.storage.tables import orders

BATCH = 500
# Keys of metadata, derivative and platform that get columns of their own; the others are together,
# as JSON, in a column with the name of the object.
MOST_KEYS = 200
AREAS = tuple(field.name for field in OBJECT_FIELDS if field.is_exported)
PLATFORM = tuple(part.name for part in FIELD_BY_PATH["platform"].parts if part.is_exported)

# Products that are remembered from batch to batch at most.
MOST_PRODUCTS = 20_000

LINE_COLUMNS = ("configurationId", "sku", "configurationName", "count", "cart.metadata")
_EXPORTED = tuple(
    field for field in ORDER_FIELDS if field.is_exported or field.kind is FieldKind.LINES
)

# Exports that each process begins, or writes as workbooks, at the same time. Until its first piece
# is there, an export keeps a thread of the server busy, for seconds if there are many orders.
AT_ONCE = 2
OTHERS_RUN = lazy_gettext("Other exports are just beginning. Please try again in a moment.")

_beginning = threading.BoundedSemaphore(AT_ONCE)

Cell = str | int | float
_Product = tuple[str, str]  # SKU and name


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of an export.

    `keys` maps each of the fields metadata, derivative and platform to the keys that have a column
    of their own. A field in `has_rest` has more keys, which share one column. `texts` are pairs of
    a field and a key whose values are always texts. `rules` maps such pairs to the attributes. The
    keys of the lines' metadata in `line_keys` have a column, too; their field is LINE_AREA. Each of
    `totals`, attributes of lines, has a column with the total of the order.
    """

    keys: dict[str, tuple[str, ...]]
    has_rest: frozenset[str]
    texts: frozenset[tuple[str, str]]
    rules: Mapping[tuple[str, str], AttributeRule]
    line_keys: tuple[str, ...] = ()
    totals: tuple[AttributeRule, ...] = ()

    @property
    def names(self) -> list[str]:
        names: list[str] = []
        for field in ORDER_FIELDS:
            if field.kind is FieldKind.LINES:
                names += [*LINE_COLUMNS, *(f"{LINE_AREA}.{key}" for key in self.line_keys)]
                names += [f"{TOTAL}{rule.key}" for rule in self.totals]
            elif field.is_exported and field.kind is FieldKind.OBJECT:
                names += [f"{field.wire_name}.{key}" for key in self.keys[field.name]]
                names += [field.wire_name] if field.name in self.has_rest else []
            elif field.is_exported:
                names.append(field.wire_name)
        return [*names, "createdByName"]


@contextmanager
def turn() -> Iterator[None]:
    """Be one of the AT_ONCE exports that begin during the `with` block, or raise ServiceBusy."""
    if not _beginning.acquire(blocking=False):
        raise ServiceBusy(OTHERS_RUN)
    try:
        yield
    finally:
        _beginning.release()


def find_columns(
    org_id: str, wanted: OrderFilter, sort: Sort, rules: Sequence[AttributeRule]
) -> Columns:
    """Return the columns for an export of the orders that match `wanted`.

    Among the keys with a column, those of the org's attributes (`rules`) come first. Other keys
    follow as they first occur in the orders, sorted by `sort`.
    """
    keys: dict[str, dict[str, None]] = {area: {} for area in AREAS}
    keys["platform"] = dict.fromkeys(PLATFORM)
    line_keys: dict[str, None] = {}
    for rule in rules:
        for area in rule.areas:
            keys.get(area, line_keys)[rule.key] = None
    rest: set[str] = set()
    for ids in order_list.ids_in_batches(org_id, wanted, sort, size=BATCH):
        for objects in _read_objects(ids):
            for area, values in zip(AREAS, objects, strict=True):
                for key in values:
                    if len(keys[area]) < MOST_KEYS:
                        keys[area][key] = None
                    elif key not in keys[area]:
                        rest.add(area)
    known = {(area, rule.key): rule for rule in rules for area in rule.areas}
    texts = {place for place, rule in known.items() if rule.kind in TEXT_KINDS}
    texts |= {("platform", key) for key in PLATFORM}
    named = {area: tuple(own) for area, own in keys.items()}
    return Columns(
        named, frozenset(rest), frozenset(texts), known, tuple(line_keys), total_rules(rules)
    )


def rows(org_id: str, wanted: OrderFilter, sort: Sort, columns: Columns) -> Iterator[list[Cell]]:
    """Yield a row of cells for each cart line of the orders that match `wanted`, sorted by `sort`.

    An order with an empty cart has one row. Orders that are created or deleted during the export
    may be missing. The column names are not included, and formulas are not escaped: `csv_pieces`
    and `write_xlsx` do both.
    """
    known: dict[str, _Product] = {}
    for ids in order_list.ids_in_batches(org_id, wanted, sort, size=BATCH):
        batch = _read_orders(ids)
        if len(known) > MOST_PRODUCTS:
            known = {}
        unknown = {line.configuration_id for order in batch for line in order.cart} - known.keys()
        known |= dict.fromkeys(unknown, ("", ""))
        for reference, one in products.resolve(unknown, org_id).items():
            known[reference] = (one.sku or "", one.product_name or "")
        names = actor_names({order.created_by for order in batch}, org_id)
        for order in batch:
            yield from _rows_of(order, columns, known, names)


@from_replica
def _read_objects(ids: Sequence[str]) -> Sequence[Any]:
    return database.fetch_all(
        select(*(orders.c[area] for area in AREAS)).where(orders.c.id.in_(ids))
    )


@from_replica
def _read_orders(ids: Sequence[str]) -> list[Order]:
    rows = database.fetch_all(queries.any_order.where(orders.c.id.in_(ids)))
    found = {row.id: order_from(row) for row in rows}
    return [found[order_id] for order_id in ids if order_id in found]


def _rows_of(
    order: Order, columns: Columns, products: dict[str, _Product], names: dict[str, str]
) -> Iterator[list[Cell]]:
    before: list[Cell] = []
    after: list[Cell] = []
    cells = before
    for field in _EXPORTED:
        value = getattr(order, field.name)
        if field.kind is FieldKind.LINES:
            cells = after
            cells += [_total(total) for total in line_totals(in_order(order.cart), columns.totals)]
        elif field.kind is FieldKind.OBJECT:
            own = columns.keys[field.name]
            cells += [_cell(columns, (field.name, key), value) for key in own]
            if field.name in columns.has_rest:
                rest = {key: value[key] for key in value if key not in own}
                cells.append(write_value(rest) if rest else "")
        elif isinstance(value, datetime):
            cells.append(wire_time(value))
        else:
            cells.append("" if value is None else str(value))
    after.append(names.get(order.created_by, ""))
    for line in order.cart or (None,):
        yield [*before, *_line(line, products, columns), *after]


def _cell(columns: Columns, place: tuple[str, str], values: dict[str, Any]) -> Cell:
    """Return the cell for a key of an order's object; `place` is the object's field and the key."""
    key, is_text = place[1], place in columns.texts
    if key not in values or (is_text and values[key] is None):
        return ""
    value, rule = values[key], columns.rules.get(place)
    if rule is not None and (written := write_attribute(rule, value)) is not None:
        return written
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    return write_value(value, is_text=is_text and isinstance(value, str))


def _total(total: LineTotal) -> Cell:
    """Return a total as a number if no digit is lost, else as text."""
    number = total.sums.get("")
    is_short = number is not None and abs(number) < 10**MOST_DIGITS
    if number is not None and is_short and Decimal(repr(float(number))) == number:
        return int(number) if number == number.to_integral_value() else float(number)
    return total.text


def _line(line: CartLine | None, products: dict[str, _Product], columns: Columns) -> list[Cell]:
    own = columns.line_keys
    if line is None:
        return ["", "", "", "", "", *("" for _ in own)]
    metadata = line.metadata or {}
    rest = {key: value for key, value in metadata.items() if key not in own}
    has_rest = rest or line.metadata == {}
    return [
        line.configuration_id,
        *products[line.configuration_id],
        line.count,
        write_value(rest) if has_rest else "",
        *(_cell(columns, (LINE_AREA, key), metadata) for key in own),
    ]


BOM = "\ufeff"  # spreadsheets take a file without it for another encoding than UTF-8
PIECE = 64 * 1024  # characters that are sent at once
# A workbook is made whole before it is sent; beyond this, CSV is the way.
MOST_XLSX_ROWS = 100_000
TOO_MANY_ROWS = lazy_gettext(
    "An Excel file can have at most %(most)s lines. Filter the list, or export as CSV.",
    most=Figure(MOST_XLSX_ROWS),
)
MOST_CELL = 32_767  # characters of a cell, by the format
# Digits of a number in a workbook; one with more is written as a text, which keeps them all.
MOST_DIGITS = 15
# Separators of a CSV file, by their names in addresses.
SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t"}


class TooManyRows(OrderError):  # noqa: N818 - named like its siblings in errors.py
    """Raised when a workbook would have more than MOST_XLSX_ROWS rows."""


def csv_pieces(
    names: Sequence[str], rows: Iterable[Sequence[Cell]], separator: str = ","
) -> Iterator[str]:
    """Yield the text of a CSV file in pieces.

    The file begins with a BOM and the column names; each line ends with CR LF. Texts that a
    spreadsheet could run as formulas are escaped. Numbers have a decimal point.
    """
    buffer = io.StringIO()
    buffer.write(BOM)
    writer = csv.writer(buffer, delimiter=separator)
    writer.writerow(map(_guarded, names))
    for row in rows:
        writer.writerow(map(_guarded, row))
        if buffer.tell() > PIECE:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def write_xlsx(
    file: Path, names: Sequence[str], rows: Iterable[Sequence[Cell]], *, title: str = "Orders"
) -> None:
    """Write an XLSX workbook with one sheet, which has the name `title`, to `file`.

    Texts of more than MOST_CELL characters are truncated. Raises TooManyRows if there are more than
    MOST_XLSX_ROWS rows; the file is then unusable.
    """
    # Not above: it takes long to load, and is needed seldom.
    import xlsxwriter  # noqa: PLC0415

    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, options) as book:
        sheet = book.add_worksheet(title)
        bold = book.add_format({"bold": True})
        sheet.freeze_panes(1, 1)
        sheet.set_column(0, len(names) - 1, 16)
        for at, name in enumerate(names):
            sheet.write_string(0, at, _guarded(name)[:MOST_CELL], bold)
        for number, row in enumerate(rows, start=1):
            if number > MOST_XLSX_ROWS:
                raise TooManyRows(TOO_MANY_ROWS)
            for at, cell in enumerate(row):
                if isinstance(cell, str):
                    if cell:
                        sheet.write_string(number, at, _cut(guard(cell)))
                elif _fits(cell):
                    sheet.write_number(number, at, cell)
                else:
                    sheet.write_string(number, at, _guarded(cell))


def _guarded(cell: Cell) -> str:
    return guard(cell) if isinstance(cell, str) else write_value(cell)


def _fits(number: float) -> bool:
    """Return whether the number has few enough digits for a spreadsheet to keep all of them."""
    return abs(number) < 10**MOST_DIGITS and float(f"{number:.{MOST_DIGITS}g}") == number


def _cut(text: str) -> str:
    return text if len(text) <= MOST_CELL else f"{text[: MOST_CELL - 1]}…"
