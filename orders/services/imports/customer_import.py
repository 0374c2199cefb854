"""Imports customer records from a CSV or XLSX file, all of them or none, and exports them as CSV.

A customer who has a record gets the values in the file; fields without a column stay as they are.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from orders.domain.attributes import AttributeRule
from orders.domain.customer import Customer, check_customer_changes
from orders.domain.customer_columns import (
    CUSTOMER_ID,
    Cell,
    CustomerCells,
    changes_of,
    export_columns,
    read_row,
    targets_of,
    write_row,
)
from orders.domain.errors import InvalidInput
from orders.domain.identifiers import clean_reference
from orders.domain.imported_orders import MORE_CELLS
from orders.domain.inputs import Limits
from orders.domain.json_values import MAX_ERRORS
from orders.domain.sheet_reading import (
    BY_THE_FILE,
    ReadingChoices,
    Sheet,
    SheetRow,
    UnreadableSheet,
)
from orders.domain.text_tables import fault_of, is_broken, shown
from orders.domain.texts import lazy_gettext
from orders.services.accounts.access import Actor
from orders.services.accounts.account_events import EventKind, note
from orders.services.catalog.configuration_import import RowError
from orders.services.customers import customers
from orders.services.customers.customer_queries import all_customers, find_customers_of
from orders.services.imports.upload import read_file
from orders.services.orders.export import csv_pieces

MAX_ROWS = 5_000  # they are written in one transaction, for which others wait
SHOWN = 50  # rows in a preview
SAMPLE = """\
customerId,name,contact,email,phone,street,postal code,city,country
C-1042,Gasthof Zur Linde,Maria Huber,huber@linde.example,+43 316 555,Hauptplatz 3,8010,Graz,AT
C-1043,Hotel Nord,,,,,,,
"""


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """A row of a preview; `is_new` is False for a customer who has a record already."""

    number: int
    customer_id: str
    name: str | None
    is_new: bool
    is_changed: bool


@dataclass(slots=True)
class CheckedFile:
    """A file of customers that was checked and not stored.

    `new` are the checked values of new records and `changed` existing records with new values;
    `unchanged` is the number of rows that equal what is stored. `errors` are all errors, and
    `ignored` the names of columns that are not imported. `rows` are the first rows, for a preview.
    """

    new: list[dict[str, Any]] = field(default_factory=list)
    changed: list[Customer] = field(default_factory=list)
    unchanged: int = 0
    errors: list[RowError] = field(default_factory=list)
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    rows: list[PreviewRow] = field(default_factory=list)

    @property
    def shown_errors(self) -> Sequence[RowError]:
        return sorted(self.errors, key=lambda error: error.row)[:MAX_ERRORS]


def check_file(
    content: bytes, *, actor: Actor, limits: Limits, choices: ReadingChoices = BY_THE_FILE
) -> CheckedFile:
    """Check a CSV or XLSX file of customer records, and store nothing.

    Errors in rows are in the result. Raises UnreadableSheet if the file cannot be read, has more
    than MAX_ROWS rows, or has no column with customer IDs.
    """
    sheet = read_file(content, replace(limits, order_rows=MAX_ROWS), choices)
    targets = targets_of(sheet.columns, actor.org.attributes)
    if CUSTOMER_ID not in targets:
        raise UnreadableSheet(
            lazy_gettext("No column has the customers' IDs. Name it customerId or “Customer ID”.")
        )
    checked = CheckedFile(
        notes=sheet.notes,
        ignored=tuple(
            name for name, target in zip(sheet.columns, targets, strict=True) if not target
        ),
    )
    _check_rows(checked, sheet, targets, actor=actor, limits=limits, choices=choices)
    return checked


def _check_rows(
    checked: CheckedFile,
    sheet: Sheet,
    targets: tuple[str, ...],
    *,
    actor: Actor,
    limits: Limits,
    choices: ReadingChoices,
) -> None:
    rules, comma = actor.org.attributes, choices.decimal_comma
    column_of = dict(zip(targets, sheet.columns, strict=True))
    rows = [
        (row, read_row([shown(cell) for cell in row.cells], targets, rules, decimal_comma=comma))
        for row in sheet.rows
    ]
    ids = {_id_of(one) for _, one in rows} - {""}
    known = find_customers_of([one for one in ids if "\0" not in one], actor.org_id)
    seen: dict[str, int] = {}
    for row, one in rows:
        customer_id = _id_of(one)
        faults = list(_faults(row, sheet, seen.get(customer_id, 0)))
        if customer_id:
            seen.setdefault(customer_id, row.number)
        if faults:
            checked.errors += faults
            continue
        before = known.get(customer_id)
        sent = changes_of(one, before, targets, rules) if before else one
        try:
            is_changed = _check_row(checked, sent, before, actor=actor, limits=limits)
        except InvalidInput as invalid:
            checked.errors += [
                RowError(
                    row.number, column_of.get(sent.target(path := error.path), path), error.message
                )
                for error in invalid.errors
            ]
            continue
        if len(checked.rows) < SHOWN:
            name = one.raw.get("name") or (before.name if before else None)
            checked.rows.append(
                PreviewRow(row.number, customer_id, name, before is None, is_changed)
            )


def _faults(row: SheetRow, sheet: Sheet, first: int) -> Iterator[RowError]:
    """Yield the errors of a row as such; `first` is the row with the same ID above it, or 0."""
    if any(row.cells[len(sheet.columns) :]):
        yield RowError(row.number, "", MORE_CELLS)
    for name, cell in zip(sheet.columns, row.cells, strict=False):
        if is_broken(cell):
            yield RowError(row.number, name, fault_of(cell))
    if first:
        sentence = lazy_gettext("Row %(row)s has the same customer ID.", row=first)
        yield RowError(row.number, "", sentence)


def _check_row(
    checked: CheckedFile,
    row: CustomerCells,
    before: Customer | None,
    *,
    actor: Actor,
    limits: Limits,
) -> bool:
    """Add a row to `checked`; return whether it would create or change a record.

    If `before`, the stored record, is not None, `row` has only the fields that differ. Raises
    InvalidInput with all errors of the row.
    """
    if before is None:
        checked.new.append(customers.check(row.raw, actor=actor, limits=limits))
        return True
    values, _ = check_customer_changes(row.raw, limits=limits)
    after = customers.changed(before, values, {}, actor=actor)
    if after == before:
        checked.unchanged += 1
    else:
        checked.changed.append(after)
    return after != before


def _id_of(row: CustomerCells) -> str:
    return clean_reference(row.raw.get(CUSTOMER_ID) or "")


def import_file(
    content: bytes,
    *,
    actor: Actor,
    limits: Limits,
    choices: ReadingChoices = BY_THE_FILE,
    now: datetime | None = None,
) -> CheckedFile:
    """Store all records of a file, and return what was stored; nothing if it has errors.

    The errors are in the result. Raises UnreadableSheet as `check_file` does, and Conflict or
    StaleVersion if a record was created or changed while the file was checked.
    """
    checked = check_file(content, actor=actor, limits=limits, choices=choices)
    if not checked.errors:
        customers.save_all(checked.new, checked.changed, actor=actor, now=now)
    return checked


def export_csv(actor: Actor, separator: str = ",") -> Iterator[str]:
    """Yield the text of a CSV file with all customer records of the actor's org, in pieces.

    `check_file` reads the file back without changes.
    """
    _, columns, rows = export_table(actor.org_id, actor.org.attributes)
    return csv_pieces(columns, rows, separator)


def export_table(
    org_id: str, rules: Sequence[AttributeRule]
) -> tuple[int, Sequence[str], Iterator[list[Cell]]]:
    """Return the number of the org's customer records, the columns of a table, and its rows.

    `rules` are the org's attributes of orders.
    """
    note(org_id, EventKind.CUSTOMERS_EXPORTED)
    stored = all_customers(org_id)
    columns = export_columns(stored, rules)
    return len(stored), columns, (write_row(one, columns, rules) for one in stored)
