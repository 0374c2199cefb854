"""What the form of an order knows of its customer: their record, habits, carts, and last orders.

A customer is the ID that orders contain, with a record or without.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, select

from orders.domain.attributes import AttributeRule
from orders.domain.customer import Customer
from orders.domain.habits import COMPARED_ORDERS, Habit, OrderValues, usual_values
from orders.domain.identifiers import clean_reference
from orders.domain.status import OPEN_CARTS
from orders.services.catalog import products
from orders.services.catalog.products import ConfigurationSummary
from orders.services.customers.customer_queries import defaults_of, find_optional_customer
from orders.storage import database
from orders.storage.sql import unindexed, unsorted
from orders.storage.tables import cart_line, orders

LOOKED_BACK = 200  # the newest placed orders whose products are counted
MOST_LINES = 5_000  # lines of them that are counted: an order may have a thousand
READ_AT_ONCE = 50  # orders whose lines one statement reads
LAST_SHOWN = 3
CARTS_SHOWN = 3
USUAL_SHOWN = 6  # the digits 1 to 6 are their keys
RESOLVED = 24  # of the most frequent references: some may be deleted, or retired


@dataclass(frozen=True, slots=True)
class CustomerOrder:
    """An order of the customer; `pieces` is the sum of the counts of its lines."""

    id: str
    short_id: str
    name: str | None
    created_at: datetime
    pieces: int


@dataclass(frozen=True, slots=True)
class UsualCount:
    """How often a customer has ordered a product, and how much of it.

    `orders` is the number of orders with it. `count` is its most frequent count in a line; of
    equally frequent ones the newest.
    """

    orders: int
    count: int


@dataclass(frozen=True, slots=True)
class UsualLine:
    """A product that the customer usually orders, as a line of a new order.

    `reference` is the text that names the product to people; `count` is its usual count.
    """

    reference: str
    summary: ConfigurationSummary
    count: int
    orders: int


@dataclass(frozen=True, slots=True)
class CustomerHabits:
    """What is known of the customer with the ID `customer_id`; everything is empty for no ID.

    `values` are the usual values of attributes by path. `counts` are the products in the customer's
    placed orders by the reference that the lines contain, an ID or a short ID. `last` are at most
    LAST_SHOWN placed orders and `carts` at most CARTS_SHOWN open carts, newest first.
    """

    customer_id: str
    record: Customer | None = None
    values: Mapping[str, Habit] = field(default_factory=dict)
    counts: Mapping[str, UsualCount] = field(default_factory=dict)
    last: tuple[CustomerOrder, ...] = ()
    carts: tuple[CustomerOrder, ...] = ()

    @property
    def is_known(self) -> bool:
        """Whether the customer has a record or any orders."""
        return bool(self.record or self.last or self.carts)

    @property
    def shown_name(self) -> str:
        """The customer's name; their ID if they have none."""
        return self.record.shown_name if self.record else self.customer_id

    def usual_count(self, *references: str) -> UsualCount | None:
        """Return the counts of the first of these references that the customer has ordered."""
        return next((self.counts[one] for one in references if one in self.counts), None)


def load_habits(
    customer_id: str, org_id: str, rules: Sequence[AttributeRule], *, but: str = ""
) -> CustomerHabits:
    """Return what is known of a customer; deleted and canceled orders do not count.

    `customer_id` may be any text that was typed. `rules` are the attributes of orders. `but` is the
    short ID of an order that is left out because the form changes it.
    """
    customer_id, but = clean_reference(customer_id.replace("\0", "")), but.replace("\0", "")
    if not customer_id:
        return CustomerHabits("")
    own = (orders.c.customer_id == customer_id, *_existing(org_id), orders.c.short_id != but)
    with database.read() as connection:
        placed = _orders(connection, (*own, _is_placed()), LOOKED_BACK)
        carts = _orders(connection, (*own, ~_is_placed()), CARTS_SHOWN)
        newest = _values(connection, [one.id for one in placed[:COMPARED_ORDERS]])
        lines = _lines(connection, [one.id for one in placed])
        pieces = _pieces(connection, [one.id for one in (*placed[:LAST_SHOWN], *carts)])
    record = find_optional_customer(customer_id, org_id)
    return CustomerHabits(
        customer_id,
        record,
        usual_values(record.defaults if record else {}, newest, rules),
        _counted(lines),
        tuple(_shown(one, pieces) for one in placed[:LAST_SHOWN]),
        tuple(_shown(one, pieces) for one in carts),
    )


def usual_lines(habits: CustomerHabits, org_id: str) -> tuple[UsualLine, ...]:
    """Return the products in most of the customer's orders, the most frequent first.

    At most USUAL_SHOWN. Products that are retired or deleted are left out: nobody can order them
    again.
    """
    often = sorted(habits.counts.items(), key=lambda one: (-one[1].orders, one[0]))[:RESOLVED]
    summaries = products.resolve([reference for reference, _ in often], org_id)
    found: dict[str, tuple[ConfigurationSummary, UsualCount]] = {}
    for reference, usual in often:
        summary = summaries.get(reference)
        if summary is not None and summary.retired_at is None:
            found.setdefault(summary.id, (summary, usual))
    # Equally frequent ones are in the order of their names, so that their keys stay the same.
    ranked = sorted(
        found.values(),
        key=lambda one: (-one[1].orders, one[0].product_name or "", one[0].sku or "", one[0].id),
    )
    first = ranked[:USUAL_SHOWN]
    names = products.references_of([summary for summary, _ in first], org_id)
    return tuple(
        UsualLine(names[summary.id], summary, usual.count, usual.orders) for summary, usual in first
    )


def usual_values_of(
    customer_ids: Collection[str], org_id: str, rules: Sequence[AttributeRule]
) -> dict[str, dict[str, Habit]]:
    """Return the usual values of several customers, by their IDs and by path.

    The IDs are those that orders contain. Two statements read them all; keep it to some hundreds.
    """
    cleaned = sorted({clean_reference(one) for one in customer_ids if one} - {""})
    if not cleaned:
        return {}
    place = func.row_number().over(
        partition_by=unsorted(orders.c.customer_id),
        order_by=(orders.c.created_at.desc(), orders.c.id.desc()),
    )
    ranked = (
        select(orders.c.customer_id, orders.c.metadata, orders.c.derivative, place.label("place"))
        .where(
            # The index of customers has only the orders that name one.
            orders.c.customer_id.is_not(None),
            orders.c.customer_id.in_(cleaned),
            *_existing(org_id),
            _is_placed(),
        )
        .subquery()
    )
    newest = select(ranked).where(ranked.c.place <= COMPARED_ORDERS)
    found: dict[str, list[OrderValues]] = {one: [] for one in cleaned}
    with database.read() as connection:
        for row in connection.execute(newest.order_by(ranked.c.customer_id, ranked.c.place)):
            found[row.customer_id].append(OrderValues(row.metadata, row.derivative))
        defaults = defaults_of(connection, cleaned, org_id)
    return {one: usual_values(defaults.get(one, {}), found[one], rules) for one in cleaned}


def _existing(org_id: str) -> tuple[ColumnElement[bool], ...]:
    return (
        orders.c.org_id == org_id,
        orders.c.deleted_at.is_(None),
        orders.c.canceled_at.is_(None),
    )


def _is_placed() -> ColumnElement[bool]:
    # Not as `_placed` of customer_orders: an index of open carts would be searched by the org.
    return unindexed(orders.c.status).not_in([str(status) for status in OPEN_CARTS])


def _orders(
    connection: Connection, wanted: Iterable[ColumnElement[bool]], most: int
) -> list[CustomerOrder]:
    """Return the newest orders that match, without their pieces."""
    statement = (
        select(orders.c.id, orders.c.short_id, orders.c.name, orders.c.created_at)
        .where(*wanted)
        .order_by(unsorted(orders.c.created_at).desc(), orders.c.id.desc())
        .limit(most)
    )
    return [CustomerOrder(*row, pieces=0) for row in connection.execute(statement)]


def _values(connection: Connection, ids: Sequence[str]) -> list[OrderValues]:
    statement = select(orders.c.id, orders.c.metadata, orders.c.derivative)
    rows = connection.execute(statement.where(orders.c.id.in_(ids))).all() if ids else []
    found = {row.id: OrderValues(row.metadata, row.derivative) for row in rows}
    return [found[one] for one in ids if one in found]


def _lines(connection: Connection, ids: Sequence[str]) -> list[tuple[str, str, int]]:
    """Return order ID, reference, and count of the lines of orders, in the order of `ids`."""
    found: list[tuple[str, str, int]] = []
    for start in range(0, len(ids), READ_AT_ONCE):
        batch = ids[start : start + READ_AT_ONCE]
        places = {one: place for place, one in enumerate(batch)}
        statement = select(
            cart_line.c.order_id, cart_line.c.configuration_id, cart_line.c.count
        ).where(cart_line.c.order_id.in_(batch))
        rows = [(row[0], row[1], row[2]) for row in connection.execute(statement)]
        found += sorted(rows, key=lambda row: places[row[0]])
        if len(found) >= MOST_LINES:
            break
    return found[:MOST_LINES]


def _pieces(connection: Connection, ids: Sequence[str]) -> dict[str, int]:
    statement = (
        select(cart_line.c.order_id, func.sum(cart_line.c.count))
        .where(cart_line.c.order_id.in_(ids))
        .group_by(cart_line.c.order_id)
    )
    # PostgreSQL returns sums as decimal numbers.
    return {row[0]: int(row[1]) for row in connection.execute(statement)} if ids else {}


def _counted(lines: Sequence[tuple[str, str, int]]) -> dict[str, UsualCount]:
    within: dict[str, set[str]] = {}
    counts: dict[str, Counter[int]] = {}
    for order_id, reference, count in lines:
        within.setdefault(reference, set()).add(order_id)
        counts.setdefault(reference, Counter())[count] += 1
    return {
        reference: UsualCount(len(ids), counts[reference].most_common(1)[0][0])
        for reference, ids in within.items()
    }


def _shown(one: CustomerOrder, pieces: Mapping[str, int]) -> CustomerOrder:
    return CustomerOrder(one.id, one.short_id, one.name, one.created_at, pieces.get(one.id, 0))
