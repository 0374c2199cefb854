"""Deliveries: sending the messages of webhooks, and showing admins the results.

The rows of `webhook_delivery` are the queue. A thread claims a message and sends it; failed ones
are tried again for a day. A claim expires, so that a message survives the process that was sending
it: then it may arrive twice, but it is not lost.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, func, or_, select, update

from orders.domain.errors import Conflict, NotFound
from orders.domain.identifiers import read_uuid
from orders.domain.texts import lazy_gettext, pack_line, unpack_line
from orders.services.webhooks.webhook_client import Message, PostResult
from orders.storage import database
from orders.storage.models.orders import OrderRow
from orders.storage.models.webhooks import WebhookDelivery, WebhookRow
from orders.storage.pages import Page, Paging, numbered_page
from orders.storage.tables import webhook_delivery

_SECOND, _MINUTE, _HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
# After each failed attempt; together a day. docs/webhooks.md lists them.
PAUSES = (
    5 * _SECOND, 30 * _SECOND, 2 * _MINUTE, 10 * _MINUTE, 30 * _MINUTE,
    1 * _HOUR, 2 * _HOUR, 4 * _HOUR, 7 * _HOUR, 9 * _HOUR,
)  # fmt: skip
# Pauses vary by this share, so that not all receivers are called at the same moment.
JITTER = 0.1
# Duration of a claim; an attempt takes a fraction of it.
LEASE = timedelta(minutes=2)
# Simultaneous attempts to one webhook: one slow receiver must not keep all senders busy.
MOST_AT_ONCE = 4
# Messages of one webhook that are deleted in one transaction.
CLEARED_AT_ONCE = 500
GONE = 410
IN_THE_BIN = lazy_gettext("Not sent: the webhook was in the bin.")


class DeliveryState(StrEnum):
    """The state of a message; STATE_TEXTS has the words for people."""

    WAITING = "Waiting"
    SENDING = "Being sent"
    RETRYING = "Trying again"
    DELIVERED = "Delivered"
    GIVEN_UP = "Given up"


# For an interface to translate.
STATE_TEXTS = {
    DeliveryState.WAITING: lazy_gettext("Waiting"),
    DeliveryState.SENDING: lazy_gettext("Being sent"),
    DeliveryState.RETRYING: lazy_gettext("Trying again"),
    DeliveryState.DELIVERED: lazy_gettext("Delivered"),
    DeliveryState.GIVEN_UP: lazy_gettext("Given up"),
}


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message to a webhook and its progress.

    `last_status` is None when there was no answer; `last_answer` is our reason then.
    """

    id: str
    topic: str
    order_short_id: str
    is_order_binned: bool
    state: DeliveryState
    created_at: datetime
    attempts: int
    last_attempt_at: datetime | None
    next_attempt_at: datetime | None
    last_status: int | None
    last_answer: str | None


# Sends one message and returns the result; never raises. See `WebhookClient.post`.
Post = Callable[..., PostResult]


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A claimed message; `number` counts attempts from 1."""

    message: Message
    number: int
    claimed_until: datetime
    is_binned: bool


def _utc_now() -> datetime:
    return datetime.now(UTC)


def is_any_due(*, now: Callable[[], datetime] = _utc_now) -> bool:
    """Return whether a message is due and unclaimed; its receiver may be busy all the same.

    One look into the index of due times, without a lock. Raises ServiceBusy.
    """
    statement = select(WebhookDelivery.id).where(_is_due(now())).limit(1)
    with database.read() as connection:
        return connection.execute(statement).first() is not None


def send_next(
    post: Post,
    *,
    claimed: Callable[[], object] = lambda: None,
    now: Callable[[], datetime] = _utc_now,
    chance: Callable[[], float] = random.random,
) -> bool:
    """Claim the message that has been due the longest, send it, and store the result.

    `claimed` is called before the message is sent, so that another thread can claim the next one.
    Return False when nothing is due, or only messages to receivers with MOST_AT_ONCE attempts under
    way. Raises ServiceBusy; a message whose result was not stored is sent again after its claim.
    """
    attempt = _claim(now())
    if attempt is None:
        return False
    claimed()
    binned = PostResult(None, IN_THE_BIN)
    result = binned if attempt.is_binned else post(attempt.message, at=now())
    _store_result(attempt, result, now(), chance())
    return True


def _is_due(at: datetime) -> ColumnElement[bool]:
    return and_(
        WebhookDelivery.next_attempt_at <= at,
        or_(WebhookDelivery.claimed_until.is_(None), WebhookDelivery.claimed_until <= at),
    )


def _claim(at: datetime) -> _Attempt | None:
    busy = (
        select(WebhookDelivery.webhook_id)
        .where(WebhookDelivery.claimed_until > at)
        .group_by(WebhookDelivery.webhook_id)
        .having(func.count() >= MOST_AT_ONCE)
    )
    oldest = (
        select(
            WebhookDelivery.id,
            WebhookDelivery.payload,
            WebhookDelivery.attempts,
            WebhookRow.address,
            WebhookRow.secret,
            WebhookRow.old_secret,
            WebhookRow.old_secret_until,
            WebhookRow.deleted_at,
        )
        .join(WebhookRow, WebhookRow.id == WebhookDelivery.webhook_id)
        .where(_is_due(at), WebhookDelivery.webhook_id.not_in(busy))
        .order_by(WebhookDelivery.next_attempt_at, WebhookDelivery.id)
        .limit(1)
    )
    # Often there is nothing to claim: look first, without a lock.
    with database.read() as connection:
        if connection.execute(oldest).first() is None:
            return None
    # On PostgreSQL two claims at the same time take two rows; SQLite has one writer at a time.
    locked = oldest.with_for_update(of=WebhookDelivery, skip_locked=True)
    until = at + LEASE

    def claim(connection: Connection) -> _Attempt | None:
        row = connection.execute(locked).first()
        if row is None:
            return None
        taken = (
            update(WebhookDelivery)
            .where(WebhookDelivery.id == row.id, _is_due(at))
            .values(claimed_until=until, attempts=row.attempts + 1, last_attempt_at=at)
        )
        if connection.execute(taken).rowcount != 1:
            return None
        secrets = [row.secret]
        if row.old_secret is not None and row.old_secret_until > at:
            secrets.append(row.old_secret)
        message = Message(row.id, row.address, row.payload, tuple(secrets))
        return _Attempt(message, row.attempts + 1, until, row.deleted_at is not None)

    return database.write(claim)


def _store_result(attempt: _Attempt, result: PostResult, at: datetime, chance: float) -> None:
    pause = None
    if not (result.is_delivered or result.status == GONE or attempt.is_binned):
        pause = pause_after(attempt.number, chance)
    # Only while this attempt has the claim: after LEASE another one may have taken it over.
    statement = (
        update(WebhookDelivery)
        .where(
            WebhookDelivery.id == attempt.message.id,
            WebhookDelivery.claimed_until == attempt.claimed_until,
        )
        .values(
            claimed_until=None,
            last_status=result.status,
            last_answer=pack_line(result.answer),
            delivered_at=at if result.is_delivered else None,
            next_attempt_at=None if pause is None else at + pause,
        )
    )
    database.write(lambda connection: connection.execute(statement).rowcount)


def pause_after(number: int, chance: float) -> timedelta | None:
    """Return the pause after the failed attempt with this number (from 1), or None after the last.

    `chance`, from 0 to 1, varies it by JITTER.
    """
    if number > len(PAUSES):
        return None
    return PAUSES[number - 1] * (1 + JITTER * (2 * chance - 1))


def clear_old(kept_for: timedelta, *, now: Callable[[], datetime] = _utc_now) -> int:
    """Delete finished messages older than `kept_for`; return how many.

    At most CLEARED_AT_ONCE of each webhook, so that other writes do not wait long.
    """
    before = now() - kept_for
    with database.read() as connection:
        webhooks = connection.execute(select(WebhookRow.id)).scalars().all()
    return sum(_clear_old(webhook_id, before) for webhook_id in webhooks)


def _clear_old(webhook_id: str, before: datetime) -> int:
    old = (
        select(WebhookDelivery.id)
        .where(
            WebhookDelivery.webhook_id == webhook_id,
            WebhookDelivery.created_at < before,
            WebhookDelivery.next_attempt_at.is_(None),
        )
        .order_by(WebhookDelivery.created_at)
        .limit(CLEARED_AT_ONCE)
    )
    with database.read() as connection:
        ids = connection.execute(old).scalars().all()
    if not ids:
        return 0
    statement = delete(WebhookDelivery).where(
        # Keep one that was sent again meanwhile.
        WebhookDelivery.id.in_(ids),
        WebhookDelivery.next_attempt_at.is_(None),
    )
    with database.transaction() as connection:
        return connection.execute(statement).rowcount


_listed = [column for column in webhook_delivery.c if column.name != "payload"]


def list_deliveries(
    webhook_id: str, org_id: str, paging: Paging, *, now: datetime | None = None
) -> Page[Delivery]:
    """Return a page of the messages to a webhook of the org, newest first."""
    at = now or _utc_now()
    statement = (
        select(*_listed, OrderRow.short_id, OrderRow.deleted_at)
        .join(WebhookRow, WebhookRow.id == WebhookDelivery.webhook_id)
        .join(OrderRow, OrderRow.id == WebhookDelivery.order_id)
        .where(WebhookRow.org_id == org_id, WebhookDelivery.webhook_id == read_uuid(webhook_id))
    )
    with database.read() as connection:
        return numbered_page(
            connection, statement, paging, sortable={"createdAt": WebhookDelivery.created_at},
            tie=WebhookDelivery.id, make=lambda row: _delivery(row, at),
        )  # fmt: skip


def _delivery(row: Any, at: datetime) -> Delivery:  # noqa: ANN401 - a row of the statement above
    return Delivery(
        id=row.id,
        topic=row.topic,
        order_short_id=row.short_id,
        is_order_binned=row.deleted_at is not None,
        state=_state(row, at),
        created_at=row.created_at,
        attempts=row.attempts,
        last_attempt_at=row.last_attempt_at,
        next_attempt_at=row.next_attempt_at,
        last_status=row.last_status,
        last_answer=_answer(row),
    )


def _answer(row: Any) -> str | None:  # noqa: ANN401 - as above
    # A receiver's answer is stored as it came, our reason as a text that can be translated.
    has_answered = row.last_status is not None or row.last_answer is None
    return row.last_answer if has_answered else unpack_line(row.last_answer)


def _state(row: Any, at: datetime) -> DeliveryState:  # noqa: ANN401 - as above
    if row.claimed_until is not None and row.claimed_until > at:
        return DeliveryState.SENDING
    if row.next_attempt_at is not None:
        return DeliveryState.RETRYING if row.attempts else DeliveryState.WAITING
    return DeliveryState.GIVEN_UP if row.delivered_at is None else DeliveryState.DELIVERED


def send_again(
    delivery_id: str, webhook_id: str, org_id: str, *, now: datetime | None = None
) -> None:
    """Make a message due now, even when it is delivered or given up.

    After a failure it keeps the attempts that it had left. Raises NotFound, and Conflict while it
    is being sent or its webhook is in the bin.
    """
    at = now or _utc_now()
    statement = (
        select(WebhookDelivery.claimed_until, WebhookRow.deleted_at)
        .join(WebhookRow, WebhookRow.id == WebhookDelivery.webhook_id)
        .where(
            WebhookDelivery.id == read_uuid(delivery_id),
            WebhookRow.id == read_uuid(webhook_id),
            WebhookRow.org_id == org_id,
        )
        .with_for_update(of=WebhookDelivery)
    )
    again = (
        update(WebhookDelivery)
        .where(WebhookDelivery.id == read_uuid(delivery_id))
        .values(next_attempt_at=at, delivered_at=None, claimed_until=None)
    )

    with database.transaction() as connection:
        row = connection.execute(statement).one_or_none()
        if row is None:
            raise NotFound(lazy_gettext("There is no such message to this webhook."))
        if row.deleted_at is not None:
            raise Conflict(lazy_gettext("The webhook is in the bin. Restore it first."))
        if row.claimed_until is not None and row.claimed_until > at:
            raise Conflict(
                lazy_gettext("This message is just being sent. Wait a moment for its outcome.")
            )
        connection.execute(again)
