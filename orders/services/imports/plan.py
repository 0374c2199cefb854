"""The orders of a file as they would be created now.

The file's rows are grouped into orders, configurations are looked up, and `intake` checks each
order.
"""

from collections.abc import Callable, Collection, Iterable, Sequence

from sqlalchemy import Text, select, type_coerce

from orders.domain.column_matching import IGNORED, ORDER, Matching
from orders.domain.errors import Forbidden, InvalidOrder
from orders.domain.imported_orders import (
    ImportedOrder,
    OrderBuilder,
    RowFault,
    group_rows,
    platform_ids,
    references,
)
from orders.domain.inputs import Limits
from orders.domain.order import OrderDraft
from orders.domain.search_text import read_code
from orders.domain.sheet_reading import SheetRow
from orders.services.accounts.access import Actor
from orders.services.catalog import products
from orders.services.idempotency import fingerprint
from orders.services.imports.records import BATCH, Import, read_sheet
from orders.services.orders import intake
from orders.storage import database
from orders.storage.sql import rows_with, unindexed
from orders.storage.tables import orders

# Orders that are looked through before the claim is renewed.
SEARCHED_AT_ONCE = 20_000


class BadRows(InvalidOrder):
    """Raised for an invalid order of an imported file; `rows` are the errors, each with its row."""

    def __init__(self, rows: Iterable[RowFault]) -> None:
        self.rows = tuple(rows)
        super().__init__(())


class Plan:
    """The orders that an import would create now.

    The `position` of an order is its index among the orders of the file, from 0.
    """

    def __init__(self, one: Import, actor: Actor, limits: Limits) -> None:
        """Read the rows of the import's file, and look up the configurations in them."""
        sheet = read_sheet(one)
        # An import that is planned has a matching; without one there are no orders.
        matching = one.matching or Matching((IGNORED,) * len(one.columns), None)
        self.groups = group_rows(sheet, matching)
        self._actor, self._limits, self._matching = actor, limits, matching
        found = products.resolve(references(sheet.rows, matching), actor.org_id)
        named = {name: configuration.id for name, configuration in found.items()}
        self._builder = OrderBuilder(
            one.columns,
            matching,
            actor.org.every_attribute,
            named,
            decimal_comma=one.choices.decimal_comma,
        )

    def order(self, position: int) -> ImportedOrder:
        """Return the order at a position in the file, without checking it (see `draft`)."""
        return self._builder.order(self.groups[position])

    def draft(self, order: ImportedOrder) -> OrderDraft:
        """Check an order, and return its draft. Raises BadRows with all errors."""
        faults = list(order.faults)
        try:
            draft = intake.check_order(
                order.raw, actor=self._actor, limits=self._limits, legacy_items=False
            )
        except InvalidOrder as invalid:
            raise BadRows([*faults, *order.faults_of(invalid.errors)]) from invalid
        except Forbidden as error:
            raise BadRows([*faults, RowFault(order.rows[0], "", error.sentence)]) from error
        if faults:
            raise BadRows(faults)
        return draft

    def fingerprint(self, position: int) -> str:
        """Return the hexadecimal SHA-256 of the cells of an order, for its idempotency key."""
        return fingerprint([row.cells for row in self.groups[position]])

    def same_orders(self, keep_claim: Callable[[], None]) -> dict[int, str]:
        """Return the short IDs of stored orders that the file repeats, by position in the file.

        An order of the file repeats a stored one if it has the same platform order ID, or if its
        cell in the column of order numbers is the short ID of the stored one. Orders that repeat
        none are left out. `keep_claim` renews the import's claim; it is called after each
        SEARCHED_AT_ONCE stored orders.
        """
        rows = [row for group in self.groups for row in group]
        codes = self._codes(rows)
        wanted = platform_ids(rows, self._matching)
        by_id = _orders_by_platform_id(wanted, self._actor.org_id, keep_claim)
        by_code = known_codes(codes.values(), self._actor.org_id)
        found: dict[int, str] = {}
        at = self._matching.column_of("platform.id")
        for position, group in enumerate(self.groups):
            same = by_id.get(group[0].cells[at]) if at is not None else None
            code = codes.get(group[0].number)
            if same or code in by_code:
                found[position] = same or str(code)
        return found

    def _codes(self, rows: Sequence[SheetRow]) -> dict[int, str]:
        """Return the short IDs in the file's column of order numbers, by row number."""
        at = self._matching.column_of(ORDER)
        codes = {} if at is None else {row.number: read_code(row.cells[at]) for row in rows}
        return {number: code for number, code in codes.items() if code}


def _orders_by_platform_id(
    wanted: Collection[str], org_id: str, keep_claim: Callable[[], None]
) -> dict[str, str]:
    if not wanted:
        return {}
    # One pass over the org's orders: their platform is JSON text without an index.
    statement = select(orders.c.platform, orders.c.short_id).where(
        orders.c.org_id == org_id,
        orders.c.deleted_at.is_(None),
        type_coerce(orders.c.platform, Text) != "{}",
    )
    found: dict[str, str] = {}
    with database.read() as connection:
        rows = connection.execution_options(yield_per=BATCH).execute(statement)
        for part in rows.partitions(SEARCHED_AT_ONCE):
            same = (row for row in part if row.platform.get("id") in wanted)
            found.update((row.platform["id"], row.short_id) for row in same)
            keep_claim()
    return found


def known_codes(codes: Iterable[str], org_id: str) -> set[str]:
    """Return those of the short IDs `codes` that belong to orders of the org outside the bin."""
    statement = select(orders.c.short_id).where(
        unindexed(orders.c.org_id) == org_id, orders.c.deleted_at.is_(None)
    )
    with database.read() as connection:
        found = rows_with(connection, statement, orders.c.short_id, set(codes))
        return {row.short_id for row in found}
