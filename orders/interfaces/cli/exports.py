"""The command `export`: orders, customer records, and products as CSV or Excel files."""

import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import click
from flask.cli import AppGroup

from orders.domain.errors import Conflict
from orders.interfaces.cli.org_option import for_org
from orders.interfaces.cli.output import prints
from orders.interfaces.cli.progress import progress_bars
from orders.services.accounts.account_events import EventKind, note
from orders.services.accounts.org_rules import org_rules_of
from orders.services.catalog import configuration_export
from orders.services.customer_data import export_customer
from orders.services.imports import customer_import
from orders.services.orders import export as order_export
from orders.services.orders import order_list
from orders.services.orders.export import Cell, csv_pieces, write_xlsx
from orders.services.orders.order_filter import OrderFilter
from orders.services.orders.order_list import Sort
from orders.services.progress import Step

export = AppGroup(
    "export", help="Orders, customers, and products as files; whole orgs as archives."
)
# As other programs have it.
STANDARD_OUTPUT = Path("-")


class ExportTable(NamedTuple):
    """A table to write; `size` is the number of its objects, each of which has a row or more.

    The first cells of an object's rows are the same, up to and with the one at `key`.
    """

    size: int
    names: Sequence[str]
    rows: Iterable[Sequence[Cell]]
    key: int = 0


def _orders(org_id: str) -> ExportTable:
    note(org_id, EventKind.ORDERS_EXPORTED)
    every, sort = OrderFilter(), Sort()
    columns = order_export.find_columns(org_id, every, sort, org_rules_of(org_id).every_attribute)
    ids = order_list.ids_in_batches(org_id, every, sort, size=order_export.BATCH)
    rows = order_export.rows(org_id, every, sort, columns)
    return ExportTable(sum(map(len, ids)), columns.names, rows, columns.names.index("shortId"))


def _customers(org_id: str) -> ExportTable:
    return ExportTable(*customer_import.export_table(org_id, org_rules_of(org_id).attributes))


def _products(org_id: str) -> ExportTable:
    ids = configuration_export.current_ids(org_id)
    return ExportTable(len(ids), *configuration_export.product_table(org_id, ids))


def _add_command(name: str, purpose: str, find: Callable[[str], ExportTable]) -> None:
    command: Callable[..., Any] = export.command(
        name, help=f"{purpose} Without --to, they go to standard output."
    )

    @command
    @click.option("--format", "kind", type=click.Choice(["csv", "xlsx"]), default="csv")
    @click.option("--to", "file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE")
    @prints("Exported {count} {what} to {file}.")
    @for_org
    def run(org_id: str, kind: str, file: Path | None) -> dict[str, Any] | None:
        file = None if file == STANDARD_OUTPUT else file
        if file is None and kind == "xlsx":
            raise click.UsageError("An Excel file needs --to FILE.")
        found = find(org_id)
        with progress_bars() as begin:
            step = begin(f"Exporting {name}", found.size)
            found = found._replace(rows=_counted(found, step))
            if file is None:
                _write_csv(found, partial(click.echo, nl=False))
                return None
            with replacing(file) as draft:
                if kind == "xlsx":
                    write_xlsx(draft, found.names, found.rows, title=name.capitalize())
                else:
                    with draft.open("wb") as stream:
                        _write_csv(found, stream.write)
        return {"what": name, "count": found.size, "file": str(file)}


_add_command("orders", "Export all orders but the deleted ones, a row for each line.", _orders)
_add_command(
    "customers", "Export all customer records, as `import customers` reads them.", _customers
)
_add_command("products", "Export the current products, as the desk imports them.", _products)


def _counted(found: ExportTable, step: Step) -> Iterator[Sequence[Cell]]:
    last: Cell | None = None
    for row in found.rows:
        yield row
        if row[found.key] != last:
            last = row[found.key]
            step(1)


def _write_csv(found: ExportTable, write: Callable[[bytes], object]) -> None:
    for piece in csv_pieces(found.names, found.rows):
        write(piece.encode())


@contextmanager
def replacing(file: Path) -> Iterator[Path]:
    """Provide a file to write, which takes the place of `file` once all is written.

    Only this user can read it. Raises Conflict if it cannot be written; then `file` is unchanged.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
        os.close(handle)
        try:
            yield Path(name)
            Path(name).replace(file)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise Conflict(f"{file} cannot be written: {error.strerror}.") from error


@export.command("customer")
@click.argument("customer_id", metavar="ID")
@prints()
@for_org
def export_customer_command(customer_id: str, org_id: str) -> None:
    """Print a customer's record, orders, and configurations as JSON."""
    click.echo(json.dumps(export_customer(customer_id, org_id), indent=2))
