"""What the desk shows of a customer's orders: the newest, the usual products, and the months.

Orders belong to a customer by the customer's ID; the customer may have a record or not.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo

from sqlalchemy import ColumnElement, Connection, Integer, column, func, select, values

from orders.domain.moments import begin_of_day, now_or
from orders.domain.status import OPEN_CARTS
from orders.services.catalog import products
from orders.services.catalog.products import ConfigurationSummary
from orders.services.orders.order_filter import OrderFilter
from orders.services.orders.order_list import NEWEST_FIRST, OrderSummary, list_page
from orders.storage import database
from orders.storage.replica import from_replica
from orders.storage.sql import unsorted
from orders.storage.tables import cart_line, orders

MONTHS = 12  # with totals, including the current one
NEWEST_SHOWN = 10
USUAL_SHOWN = 6
LOOKED_BACK = 200  # the newest orders of the customer, in which usual products are counted


@dataclass(frozen=True, slots=True)
class UsualProduct:
    """A configuration that a customer orders often.

    `reference` is what the lines contain, and `summary` the saved configuration, or None. `orders`
    is the number of orders with it, and `count` its most frequent count in a line; of equally
    frequent ones the newest.
    """

    reference: str
    summary: ConfigurationSummary | None
    orders: int
    count: int


@dataclass(frozen=True, slots=True)
class Month:
    """The orders of a customer that were created in a month, and the pieces in them.

    `begin` is the month's first day.
    """

    begin: date
    orders: int
    pieces: int


@dataclass(frozen=True, slots=True)
class CustomerOrders:
    """A customer's orders.

    `newest` are at most NEWEST_SHOWN orders of any status, of `count` in all; `has_more` is true if
    there are even more than `count`. `usual` are the products in most orders, and `months` the last
    MONTHS months, newest first. Open carts do not count in these two.
    """

    newest: tuple[OrderSummary, ...]
    count: int
    has_more: bool
    usual: tuple[UsualProduct, ...]
    months: tuple[Month, ...]


@from_replica
def load_customer_orders(
    customer_id: str, org_id: str, *, zone: tzinfo = UTC, now: datetime | None = None
) -> CustomerOrders:
    """Return what the desk shows of a customer's orders; nothing of those in the bin.

    Months begin at midnight in the time zone `zone`.
    """
    page = list_page(org_id, OrderFilter(customer_id=customer_id), NEWEST_FIRST)
    today = now_or(now).astimezone(zone).date()
    placed = _placed(customer_id, org_id)
    with database.read() as connection:
        counted = _counts(connection, placed)
        months = tuple(_months(connection, placed, today, zone))
    return CustomerOrders(
        tuple(page.rows[:NEWEST_SHOWN]),
        page.count or 0,
        page.has_more,
        _usual(counted, org_id),
        months,
    )


def _counts(
    connection: Connection, placed: Sequence[ColumnElement[bool]]
) -> list[tuple[str, str, int]]:
    """Return order ID, configuration and count of each line of the newest orders, newest first."""
    newest = (
        select(orders.c.id, orders.c.created_at)
        .where(*placed)
        .order_by(unsorted(orders.c.created_at).desc(), orders.c.id.desc())
        .limit(LOOKED_BACK)
        .subquery()
    )
    lines = (
        select(newest.c.id, cart_line.c.configuration_id, cart_line.c.count)
        .join(cart_line, cart_line.c.order_id == newest.c.id)
        .order_by(newest.c.created_at.desc(), newest.c.id.desc(), cart_line.c.position)
    )
    return [(row[0], row[1], row[2]) for row in connection.execute(lines)]


def _usual(lines: Sequence[tuple[str, str, int]], org_id: str) -> tuple[UsualProduct, ...]:
    summaries = products.resolve({reference for _, reference, _ in lines}, org_id)
    found: dict[str, tuple[str, set[str], Counter[int]]] = {}
    for order_id, reference, count in lines:
        # Lines name a configuration by its UUID or its short ID.
        summary = summaries.get(reference)
        _, within, counts = found.setdefault(
            summary.id if summary else reference, (reference, set(), Counter())
        )
        within.add(order_id)
        counts[count] += 1
    usual = [
        UsualProduct(reference, summaries.get(reference), len(within), counts.most_common(1)[0][0])
        for reference, within, counts in found.values()
    ]
    # A stable sort: of equally frequent ones the newest comes first.
    return tuple(sorted(usual, key=lambda one: -one.orders)[:USUAL_SHOWN])


def _months(
    connection: Connection, placed: Sequence[ColumnElement[bool]], today: date, zone: tzinfo
) -> Iterator[Month]:
    last = today.year * 12 + today.month  # of the month after this one, counted from 0
    firsts = [date(*_year_and_month(last - age)) for age in range(MONTHS + 1)]
    begins = [begin_of_day(first, zone) for first in firsts]
    moment = orders.c.created_at.type
    span = (
        values(column("month", Integer), column("begins", moment), column("ends", moment))
        .data([(age, begins[age + 1], begins[age]) for age in range(MONTHS)])
        .cte("span")
    )
    statement = (
        select(
            span.c.month,
            func.count(orders.c.id.distinct()),
            func.coalesce(func.sum(cart_line.c.count), 0),
        )
        .select_from(span)
        .join(orders, (orders.c.created_at >= span.c.begins) & (orders.c.created_at < span.c.ends))
        .outerjoin(cart_line, cart_line.c.order_id == orders.c.id)
        .where(*placed)
        .group_by(span.c.month)
    )
    totals = {row[0]: (row[1], int(row[2])) for row in connection.execute(statement)}
    for age in range(MONTHS):
        yield Month(firsts[age + 1], *totals.get(age, (0, 0)))


def _year_and_month(number: int) -> tuple[int, int, int]:
    """Return year, month and day of the first day of a month, counted from January of year 0."""
    return number // 12, number % 12 + 1, 1


def _placed(customer_id: str, org_id: str) -> tuple[ColumnElement[bool], ...]:
    return (
        orders.c.org_id == org_id,
        orders.c.customer_id == customer_id,
        orders.c.deleted_at.is_(None),
        orders.c.canceled_at.is_(None),
        orders.c.status.not_in([str(status) for status in OPEN_CARTS]),
    )
