"""Take a customer out of uploaded files of orders."""

from collections import defaultdict

from sqlalchemy import Connection, select, update

from orders.domain.erasure import Traces
from orders.domain.errors import Conflict
from orders.domain.texts import lazy_gettext
from orders.services.imports.control import forget
from orders.services.imports.records import ImportState, OrderState, import_from
from orders.storage import database
from orders.storage.tables import order_import, order_import_order, order_import_row

UNNAMED = "file"
RUNNING = (ImportState.RUNNING, ImportState.CANCELLING, ImportState.UNDOING)
IMPORT_RUNS = lazy_gettext(
    "An import that names this customer is running: %(file)s. Wait until it is done, or stop it."
)


def refuse_running_imports(org_id: str, traces: Traces) -> None:
    """Raise Conflict if an import that names the customer runs: it has the rows in memory."""
    running = select(order_import).where(
        order_import.c.org_id == org_id, order_import.c.state.in_(RUNNING)
    )
    for row in database.fetch_all(running):
        with database.read() as connection:
            if _rows_of(connection, row.id, traces, set()):
                raise Conflict(lazy_gettext(IMPORT_RUNS, file=row.file_name))


def erase_from_imports(org_id: str, traces: Traces, order_ids: set[str]) -> list[str]:
    """Empty the rows of all uploaded files that name the customer, or made one of these orders.

    Imports that were not started are deleted as a whole. Of others, orders that are still missing
    are not created any more: without the customer's cells, rows would form other orders. Returns
    the names of the files, which the caller discards.
    """
    files = []
    for row in database.fetch_all(select(order_import).where(order_import.c.org_id == org_id)):
        one = import_from(row)
        with database.read() as connection:
            numbers = _rows_of(connection, one.id, traces, order_ids)
        if not numbers and not traces.are_in(one.file_name):
            continue
        files.append(one.stored_as)
        if not forget(one):
            with database.transaction() as connection:
                _empty(connection, one.id, numbers)
                if traces.are_in(one.file_name):
                    renamed = update(order_import).where(order_import.c.id == one.id)
                    connection.execute(renamed.values(file_name=UNNAMED))
    return files


def _rows_of(
    connection: Connection, import_id: str, traces: Traces, order_ids: set[str]
) -> dict[int, int]:
    """Return the numbers of rows about the customer, each with the number of its cells."""
    table, made = order_import_row, order_import_order
    cells = {
        row.number: row.cells
        for row in connection.execute(
            select(table.c.number, table.c.cells).where(table.c.import_id == import_id)
        )
    }
    found = {number for number, values in cells.items() if traces.are_in(values)}
    orders = connection.execute(
        select(made.c.rows, made.c.order_id, made.c.label).where(made.c.import_id == import_id)
    )
    for row in orders:
        if row.order_id in order_ids or traces.are_in(row.label) or found & set(row.rows):
            found |= set(row.rows)
    return {number: len(cells.get(number, ())) for number in found}


def _empty(connection: Connection, import_id: str, numbers: dict[int, int]) -> None:
    table, made = order_import_row, order_import_order
    by_length = defaultdict(list)
    for number, length in numbers.items():
        by_length[length].append(number)
    for length, some in by_length.items():
        own = (table.c.import_id == import_id, table.c.number.in_(some))
        connection.execute(update(table).where(*own).values(cells=[""] * length))
    orders = select(made.c.position, made.c.rows).where(made.c.import_id == import_id)
    for row in connection.execute(orders).all():
        if not numbers.keys().isdisjoint(row.rows):
            own = (made.c.import_id == import_id, made.c.position == row.position)
            emptied = update(made).where(*own)
            connection.execute(emptied.values(label=f"# {row.rows[0]}", faults=[]))
    missing = (made.c.import_id == import_id, made.c.state.in_((OrderState.GOOD, OrderState.BAD)))
    connection.execute(update(made).where(*missing).values(state=OrderState.SKIPPED))
