"""Sending what webhooks are to be told, and telling admins how that went.

The rows of `webhook_delivery` are the truth. A message is sent by whoever has claimed it, until its
receiver answers 2xx, or a day of tries is over. A claim ends by itself, so that a message survives
the process that was sending it: it may then arrive twice, and never not at all.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from sqlalchemy import Connection, and_, delete, func, or_, select, update

from orders.messaging import queue
from orders.messaging.courier import Message, Outcome
from orders.rules.errors import Conflict, NotFound
from orders.rules.identifiers import read_uuid
from orders.rules.texts import mark, pack_line, unpack_line
from orders.storage import database
from orders.storage.order_models import OrderRow
from orders.storage.pages import Page, Paging
from orders.storage.webhook_models import Webhook, WebhookDelivery

_SECOND, _MINUTE, _HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
# After each failed attempt; together a day. docs/webhooks.md lists them.
PAUSES = (
    5 * _SECOND, 30 * _SECOND, 2 * _MINUTE, 10 * _MINUTE, 30 * _MINUTE,
    1 * _HOUR, 2 * _HOUR, 4 * _HOUR, 7 * _HOUR, 9 * _HOUR,
)  # fmt: skip
# A pause is shortened or lengthened by up to so much, so that not all receivers are called at once.
JITTER = 0.1
# How long a claim lasts; an attempt takes a fraction of it.
LEASE = timedelta(minutes=2)
# Attempts to one webhook at the same time: one slow receiver must not keep all senders busy.
MOST_AT_ONCE = 4
# Messages of one webhook that are forgotten in one transaction.
CLEARED_AT_ONCE = 500
GONE = 410
IN_THE_BIN = mark("Not sent: the webhook was in the bin.")


class State(StrEnum):
    """What has become of a message, in words for people (STATE_TEXTS)."""

    WAITING = "Waiting"
    SENDING = "Being sent"
    RETRYING = "Trying again"
    DELIVERED = "Delivered"
    GIVEN_UP = "Given up"


# For a door to translate.
STATE_TEXTS = {
    State.WAITING: mark("Waiting"),
    State.SENDING: mark("Being sent"),
    State.RETRYING: mark("Trying again"),
    State.DELIVERED: mark("Delivered"),
    State.GIVEN_UP: mark("Given up"),
}


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message and how far it has come.

    `last_status` is None when nobody answered; `last_answer` then says in our own words why.
    """

    id: str
    topic: str
    order_short_id: str
    is_order_binned: bool
    state: State
    created_at: datetime
    attempts: int
    last_attempt_at: datetime | None
    next_attempt_at: datetime | None
    last_status: int | None
    last_answer: str | None


class Carry(Protocol):
    """Sends one message and says what came of it; never raises. `Courier.carry` is the real one."""

    def __call__(self, message: Message, /, *, at: datetime | None = None) -> Outcome:
        """Send it once; the signature names the moment `at`."""
        ...


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A claimed message. `number` counts from 1."""

    message: Message
    number: int
    claimed_until: datetime
    is_binned: bool


def _utc_now() -> datetime:
    return datetime.now(UTC)


def send_next(
    carry: Carry,
    *,
    now: Callable[[], datetime] = _utc_now,
    chance: Callable[[], float] = random.random,
) -> bool:
    """Claim the message that is due the longest, send it, and note the outcome.

    Gives False when nothing is due, or only messages to receivers that are busy with
    MOST_AT_ONCE others. Raises ServiceBusy when the database cannot be reached; a message whose
    outcome could not be noted is sent again when its claim ends.
    """
    attempt = _claim(now())
    if attempt is None:
        return False
    # Another thread may take the next one while this one waits for the receiver.
    queue.wake()
    binned = Outcome(None, IN_THE_BIN)
    outcome = binned if attempt.is_binned else carry(attempt.message, at=now())
    _note(attempt, outcome, now(), chance())
    return True


def _claim(at: datetime) -> _Attempt | None:
    is_due = and_(
        WebhookDelivery.next_attempt_at <= at,
        or_(WebhookDelivery.claimed_until.is_(None), WebhookDelivery.claimed_until <= at),
    )
    # Most wake-ups find nothing: a look takes no lock.
    with database.read() as connection:
        if connection.execute(select(WebhookDelivery.id).where(is_due).limit(1)).first() is None:
            return None
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
            Webhook.address,
            Webhook.secret,
            Webhook.old_secret,
            Webhook.old_secret_until,
            Webhook.deleted_at,
        )
        .join(Webhook, Webhook.id == WebhookDelivery.webhook_id)
        .where(is_due, WebhookDelivery.webhook_id.not_in(busy))
        .order_by(WebhookDelivery.next_attempt_at, WebhookDelivery.id)
        .limit(1)
        # On PostgreSQL two claims at once take two rows; SQLite has one writer at a time.
        .with_for_update(of=WebhookDelivery, skip_locked=True)
    )
    until = at + LEASE

    def work(connection: Connection) -> _Attempt | None:
        row = connection.execute(oldest).first()
        if row is None:
            return None
        claim = (
            update(WebhookDelivery)
            .where(WebhookDelivery.id == row.id, is_due)
            .values(claimed_until=until, attempts=row.attempts + 1, last_attempt_at=at)
        )
        if connection.execute(claim).rowcount != 1:
            return None
        secrets = [row.secret]
        if row.old_secret is not None and row.old_secret_until > at:
            secrets.append(row.old_secret)
        message = Message(row.id, row.address, row.payload, tuple(secrets))
        return _Attempt(message, row.attempts + 1, until, row.deleted_at is not None)

    return database.write(work)


def _note(attempt: _Attempt, outcome: Outcome, at: datetime, chance: float) -> None:
    pause = None
    if not (outcome.is_delivered or outcome.status == GONE or attempt.is_binned):
        pause = pause_after(attempt.number, chance)
    values: dict[str, Any] = {
        "claimed_until": None,
        "last_status": outcome.status,
        "last_answer": pack_line(outcome.answer),
        "delivered_at": at if outcome.is_delivered else None,
        "next_attempt_at": None if pause is None else at + pause,
    }
    # Of its own claim only: when it took too long, another one has the word.
    statement = update(WebhookDelivery).where(
        WebhookDelivery.id == attempt.message.id,
        WebhookDelivery.claimed_until == attempt.claimed_until,
    )
    database.write(lambda connection: connection.execute(statement.values(values)).rowcount)
    if pause is not None:
        queue.wake(pause)


def pause_after(number: int, chance: float) -> timedelta | None:
    """Give the pause after the failed attempt with this number; None when there is no other.

    `chance` lies from 0 to 1.
    """
    if number > len(PAUSES):
        return None
    return PAUSES[number - 1] * (1 + JITTER * (2 * chance - 1))


def clear_old(kept_for: timedelta, *, now: Callable[[], datetime] = _utc_now) -> int:
    """Forget messages that are older and come to nothing any more; gives how many.

    At most CLEARED_AT_ONCE of each webhook at a time, so that nobody waits long for the database.
    """
    before = now() - kept_for
    with database.read() as connection:
        webhooks = connection.execute(select(Webhook.id)).scalars().all()
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
        # One that is being sent again meanwhile stays.
        WebhookDelivery.id.in_(ids),
        WebhookDelivery.next_attempt_at.is_(None),
    )
    return database.write(lambda connection: connection.execute(statement).rowcount)


def list_deliveries(
    webhook_id: str, org_id: str, paging: Paging, *, now: datetime | None = None
) -> Page[Delivery]:
    """Read a page of the messages to a webhook of the org, newest first."""
    at = now or _utc_now()
    of_webhook = and_(Webhook.org_id == org_id, WebhookDelivery.webhook_id == read_uuid(webhook_id))
    count = (
        select(func.count())
        .select_from(WebhookDelivery)
        .join(Webhook, Webhook.id == WebhookDelivery.webhook_id)
        .where(of_webhook)
    )
    rows = (
        select(
            WebhookDelivery.id,
            WebhookDelivery.topic,
            WebhookDelivery.created_at,
            WebhookDelivery.attempts,
            WebhookDelivery.last_attempt_at,
            WebhookDelivery.next_attempt_at,
            WebhookDelivery.claimed_until,
            WebhookDelivery.delivered_at,
            WebhookDelivery.last_status,
            WebhookDelivery.last_answer,
            OrderRow.short_id,
            OrderRow.deleted_at,
        )
        .join(Webhook, Webhook.id == WebhookDelivery.webhook_id)
        .join(OrderRow, OrderRow.id == WebhookDelivery.order_id)
        .where(of_webhook)
        .order_by(WebhookDelivery.created_at.desc(), WebhookDelivery.id.desc())
        .limit(paging.per_page)
        .offset(paging.offset)
    )
    with database.read() as connection:
        total = connection.execute(count).scalar_one()
        found = [_delivery(row, at) for row in connection.execute(rows)]
    return Page(found, total, paging)


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
    # What a receiver has answered is in its own words, whatever they look like.
    has_answered = row.last_status is not None or row.last_answer is None
    return row.last_answer if has_answered else unpack_line(row.last_answer)


def _state(row: Any, at: datetime) -> State:  # noqa: ANN401 - as above
    if row.claimed_until is not None and row.claimed_until > at:
        return State.SENDING
    if row.next_attempt_at is not None:
        return State.RETRYING if row.attempts else State.WAITING
    return State.GIVEN_UP if row.delivered_at is None else State.DELIVERED


def send_again(
    delivery_id: str, webhook_id: str, org_id: str, *, now: datetime | None = None
) -> None:
    """Let a message be sent once more, at once; also one that is delivered or given up.

    When that fails, its further tries are those that it still had. Raises NotFound when the
    webhook of the org has no such message, and Conflict while it is being sent or its webhook is
    in the bin.
    """
    at = now or _utc_now()
    statement = (
        select(WebhookDelivery.claimed_until, Webhook.deleted_at)
        .join(Webhook, Webhook.id == WebhookDelivery.webhook_id)
        .where(
            WebhookDelivery.id == read_uuid(delivery_id),
            Webhook.id == read_uuid(webhook_id),
            Webhook.org_id == org_id,
        )
        .with_for_update(of=WebhookDelivery)
    )
    again = (
        update(WebhookDelivery)
        .where(WebhookDelivery.id == read_uuid(delivery_id))
        .values(next_attempt_at=at, delivered_at=None, claimed_until=None)
    )

    def work(connection: Connection) -> None:
        row = connection.execute(statement).one_or_none()
        if row is None:
            raise NotFound(mark("There is no such message to this webhook."))
        if row.deleted_at is not None:
            raise Conflict(mark("The webhook is in the bin. Restore it first."))
        if row.claimed_until is not None and row.claimed_until > at:
            raise Conflict(mark("This message is just being sent. Wait a moment for its outcome."))
        connection.execute(again)

    database.write(work)
    queue.wake()
