"""The data of the desk's start page: today, the last weeks, what is waiting, and what failed.

Each query reads only the index entries that it counts (docs/start-page.md), so that its time does
not depend on the total number of orders.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from sqlalchemy import Column, Connection, Select, func, select, text

from orders.domain.moments import begin_of_day, now_or
from orders.domain.order_dates import Period, due_rule, limits_of
from orders.domain.status import STATUS_BY_NAME, Status
from orders.domain.texts import unpack_line
from orders.services.accounts.access import Actor
from orders.services.imports.records import KEY_PREFIX, ImportState
from orders.services.orders.order_counts import count_by_day
from orders.services.orders.order_dates import count_dates
from orders.storage import database
from orders.storage.models.orders import IS_OF_FORM, IS_OPEN_CART
from orders.storage.models.webhooks import IS_GIVEN_UP, WebhookDelivery, WebhookRow
from orders.storage.replica import from_replica
from orders.storage.tables import cart_line, order_import, orders, submission

DAYS = 30  # in the charts, including today
QUIET_AFTER = timedelta(days=3)  # since the last change of an open cart
QUIET_SHOWN = 8
MINE_SHOWN = 6
FAILED_DAYS = 7  # age up to which failed deliveries and imports are shown
FAILED_SHOWN = 5  # imports


@dataclass(frozen=True, slots=True)
class DashboardOrder:
    """An order in a list of the DashboardSummary; `pieces` is the sum of its lines' counts.

    `at` is the time of the last change in the list `quiet`, and the time of creation in `mine`.
    """

    short_id: str
    name: str | None
    customer_id: str | None
    status: Status
    at: datetime
    pieces: int
    is_canceled: bool


@dataclass(frozen=True, slots=True)
class Day:
    """A day, and the numbers of orders created on it, grouped by their current status.

    Canceled orders and those in the bin are not counted. Statuses without orders may be left out of
    `counts`.
    """

    day: date
    counts: Mapping[Status, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Failing:
    """A webhook with failed messages.

    `given_up` is the number of messages that will not be tried again, and `retrying` is the number
    of messages that will.
    """

    webhook_id: str
    address: str
    given_up: int
    retrying: int


@dataclass(frozen=True, slots=True)
class FailedImport:
    """A failed import of orders; `message` is the reason, or None if no reason is stored."""

    id: str
    file_name: str
    message: str | None


@dataclass(frozen=True, slots=True)
class Overdue:
    """The number of overdue orders, and the path of the attribute that says when one is due."""

    path: str
    count: int


@dataclass(frozen=True, slots=True)
class DashboardSummary:
    """The data of the start page.

    `days` are the last DAYS days, the oldest first. `quiet` are open carts without a change for
    QUIET_AFTER, the longest unchanged first; `quiet_count` is the total number of such carts.
    `mine` are the last orders that the person entered, the newest first. `overdue` is None if no
    attribute of the org says when an order is due.
    """

    days: tuple[Day, ...]
    pieces_today: int
    quiet: tuple[DashboardOrder, ...]
    quiet_count: int
    failing: tuple[Failing, ...]
    failed_imports: tuple[FailedImport, ...]
    mine: tuple[DashboardOrder, ...]
    overdue: "Overdue | None" = None

    @property
    def today(self) -> Day:
        return self.days[-1]


@from_replica
def load_dashboard(
    actor: Actor, *, zone: tzinfo = UTC, now: datetime | None = None
) -> DashboardSummary:
    """Return the data of a person's start page, read from one database snapshot.

    Days begin at midnight in the time zone `zone`.
    """
    at = now_or(now).astimezone(UTC)
    today = at.astimezone(zone).date()
    news_since = at - timedelta(days=FAILED_DAYS)
    with database.read() as connection:
        quiet, quiet_count = _quiet(connection, actor.org_id, at - QUIET_AFTER)
        return DashboardSummary(
            days=_days(connection, actor.org_id, today, zone),
            pieces_today=_pieces_since(connection, actor.org_id, begin_of_day(today, zone)),
            quiet=quiet,
            quiet_count=quiet_count,
            failing=_failing(connection, actor.org_id, news_since),
            failed_imports=_failed_imports(connection, actor.org_id, news_since),
            mine=_mine(connection, actor),
            overdue=_overdue(connection, actor, today),
        )


def _overdue(connection: Connection, actor: Actor, today: date) -> Overdue | None:
    rule = due_rule(actor.org.attributes)
    if rule is None:
        return None
    limits = limits_of(rule, Period.OVERDUE, today)
    return Overdue(rule.path, count_dates(connection, actor.org_id, limits))


def _days(connection: Connection, org_id: str, today: date, zone: tzinfo) -> tuple[Day, ...]:
    days = [today - timedelta(days=age) for age in reversed(range(DAYS))]
    # Computed here, because SQLite has no time zones; days with a clock change are 23 or 25 hours.
    begins = [begin_of_day(day, zone) for day in (*days, today + timedelta(days=1))]
    counts: list[Counter[Status]] = [Counter() for _ in days]
    for at, status, count in count_by_day(connection, org_id, begins):
        counts[at][status] += count
    # Without those whose number has become 0.
    return tuple(Day(day, +own) for day, own in zip(days, counts, strict=True))


def _pieces_since(connection: Connection, org_id: str, moment: datetime) -> int:
    statement = (
        select(func.coalesce(func.sum(cart_line.c.count), 0))
        .select_from(orders)
        .join(cart_line, cart_line.c.order_id == orders.c.id)
        .where(
            orders.c.org_id == org_id, orders.c.created_at >= moment,
            orders.c.deleted_at.is_(None), orders.c.canceled_at.is_(None),
        )
    )  # fmt: skip
    return int(connection.execute(statement).scalar_one())


def _quiet(
    connection: Connection, org_id: str, before: datetime
) -> tuple[tuple[DashboardOrder, ...], int]:
    """Return the open carts that were last changed before `before`, and their total number.

    At most QUIET_SHOWN carts are returned, the longest unchanged first.
    """
    which = (orders.c.org_id == org_id, orders.c.updated_at < before, text(IS_OPEN_CART))
    statement = (
        _columns(orders.c.updated_at)
        .where(*which)
        .order_by(orders.c.updated_at, orders.c.id)
        .limit(QUIET_SHOWN)
    )
    found = connection.execute(statement).all()
    count = len(found)
    if count == QUIET_SHOWN:
        every = select(func.count()).select_from(orders).where(*which)
        count = connection.execute(every).scalar_one()
    return _dashboard_orders(connection, found), count


def _failing(connection: Connection, org_id: str, since: datetime) -> tuple[Failing, ...]:
    given_up = _count_by_webhook(
        connection, org_id, text(IS_GIVEN_UP), WebhookDelivery.created_at >= since
    )
    retrying = _count_by_webhook(
        connection,
        org_id,
        WebhookDelivery.next_attempt_at.is_not(None),
        WebhookDelivery.attempts > 0,
    )
    webhooks = {**given_up, **retrying}
    return tuple(
        Failing(*key, given_up.get(key, 0), retrying.get(key, 0))
        for key in sorted(webhooks, key=lambda key: key[1])
    )


def _count_by_webhook(
    connection: Connection,
    org_id: str,
    *which: Any,  # noqa: ANN401 - conditions
) -> dict[tuple[str, str], int]:
    statement = (
        select(WebhookRow.id, WebhookRow.address, func.count())
        .join(WebhookDelivery, WebhookDelivery.webhook_id == WebhookRow.id)
        .where(WebhookRow.org_id == org_id, WebhookRow.deleted_at.is_(None), *which)
        .group_by(WebhookRow.id, WebhookRow.address)
    )
    return {(row[0], row[1]): row[2] for row in connection.execute(statement)}


def _failed_imports(
    connection: Connection, org_id: str, since: datetime
) -> tuple[FailedImport, ...]:
    statement = (
        select(order_import.c.id, order_import.c.file_name, order_import.c.message)
        .where(
            order_import.c.org_id == org_id,
            order_import.c.created_at >= since,
            order_import.c.state == ImportState.FAILED,
        )
        .order_by(order_import.c.created_at.desc(), order_import.c.id.desc())
        .limit(FAILED_SHOWN)
    )
    return tuple(
        FailedImport(row.id, row.file_name, row.message and unpack_line(row.message))
        for row in connection.execute(statement)
    )


def _mine(connection: Connection, actor: Actor) -> tuple[DashboardOrder, ...]:
    """Return the last orders that this person entered in an order form, newest first.

    At most MINE_SHOWN are returned. They are found by the idempotency keys of the forms; keys of
    imports, which begin with KEY_PREFIX, are excluded.
    """
    statement = (
        _columns(orders.c.created_at)
        .select_from(submission)
        .join(orders, orders.c.id == submission.c.order_id)
        .where(
            submission.c.actor_id == actor.id,
            text(IS_OF_FORM),
            submission.c.key.not_like(f"{KEY_PREFIX}%"),
            orders.c.org_id == actor.org_id,
            orders.c.deleted_at.is_(None),
        )
        .order_by(submission.c.created_at.desc())
        .limit(MINE_SHOWN)
    )
    return _dashboard_orders(connection, connection.execute(statement).all())


def _columns(at: Column[datetime]) -> Select[Any]:
    names = ("id", "short_id", "name", "customer_id", "status", "canceled_at")
    return select(*(orders.c[name] for name in names), at.label("at"))


def _dashboard_orders(connection: Connection, rows: Sequence[Any]) -> tuple[DashboardOrder, ...]:
    counted = (
        select(cart_line.c.order_id, func.sum(cart_line.c.count))
        .where(cart_line.c.order_id.in_([row.id for row in rows]))
        .group_by(cart_line.c.order_id)
    )
    pieces = {row[0]: int(row[1]) for row in connection.execute(counted)} if rows else {}
    return tuple(
        DashboardOrder(
            row.short_id,
            row.name,
            row.customer_id,
            STATUS_BY_NAME[row.status],
            row.at,
            pieces.get(row.id, 0),
            row.canceled_at is not None,
        )
        for row in rows
    )
