"""Claims: a process reserves messages before it sends them, and stores the results afterwards.

The rows of `webhook_delivery` are the queue. A claim expires after seconds unless its process
renews it, so that a message is not lost if that process dies, although it may then arrive twice.
Only one process at a time has claims on the messages of a webhook, so the limits for a receiver
apply to all processes together.
"""

import random
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Integer, and_, bindparam, exists, func, or_, select, update

from orders.domain.texts import lazy_gettext, pack_line
from orders.services.webhooks import webhooks
from orders.services.webhooks.webhook_client import Message, PostResult
from orders.storage import database
from orders.storage.tables import webhook, webhook_delivery

_SECOND, _MINUTE, _HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
# After each failed attempt; together a day. docs/webhooks.md lists them.
PAUSES = (
    5 * _SECOND, 30 * _SECOND, 2 * _MINUTE, 10 * _MINUTE, 30 * _MINUTE,
    1 * _HOUR, 2 * _HOUR, 4 * _HOUR, 7 * _HOUR, 9 * _HOUR,
)  # fmt: skip
# Pauses vary by this share, so that not all receivers are called at the same moment.
JITTER = 0.1
# Duration of a claim: others send the messages of a dead process after it. Living processes renew
# the claims of longer attempts, as soon as less than RENEWED is left.
LEASE = timedelta(seconds=5)
RENEWED = timedelta(seconds=3)
GONE = 410
IN_THE_BIN = lazy_gettext("Not sent: the webhook was deleted.")
SWITCHED_OFF = lazy_gettext("Not sent: the webhook was turned off.")


@dataclass(frozen=True, slots=True)
class DueWebhook:
    """A webhook with at least one message that is due and that no process has claimed for sending.

    If `is_claimed` is true, a process, possibly this one, has claimed other messages to the
    webhook.
    """

    id: str
    org_id: str
    is_claimed: bool


@dataclass(slots=True, eq=False)
class ClaimedMessage:
    """A message that only this process may send until its claim expires at the time `until`.

    `store_and_claim` renews claims, and then sets `until`. `attempt` is the number of the attempt,
    from 1. `hindrance` is the reason why the message must not be sent, or None if it may be sent.
    """

    message: Message
    webhook_id: str
    attempt: int
    until: datetime
    hindrance: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome for a claimed message, at the time `at`.

    `result` is the result of the attempt to send the message, or None if there was no attempt, in
    which case the message is still due.
    """

    claim: ClaimedMessage
    result: PostResult | None
    at: datetime

    def next_attempt_at(self, chance: float) -> datetime | None:
        """Return when the message is due again, or None if it is delivered or given up.

        `result` must not be None. `chance`, from 0 to 1, varies the pause before the next attempt
        by up to JITTER.
        """
        assert self.result is not None  # noqa: S101 - for the type checker
        if self.result.is_delivered or self.result.status == GONE or self.claim.hindrance:
            return None
        pause = pause_after(self.claim.attempt, chance)
        if pause is None:
            return None
        return self.at + max(pause, self.result.retry_after or timedelta())


def pause_after(number: int, chance: float) -> timedelta | None:
    """Return the pause after the failed attempt `number` (from 1), or None after the last attempt.

    `chance`, from 0 to 1, varies the pause by up to JITTER.
    """
    if number > len(PAUSES):
        return None
    return PAUSES[number - 1] * (1 + JITTER * (2 * chance - 1))


# The statements are made once: to make them takes longer than to run them.
_row = webhook_delivery.c
_AT = bindparam("at", type_=_row.claimed_until.type)
_is_due = and_(
    _row.next_attempt_at <= _AT, or_(_row.claimed_until.is_(None), _row.claimed_until <= _AT)
)
_oldest = (
    select(_row.next_attempt_at)
    .where(_row.webhook_id == webhook.c.id, _is_due)
    .order_by(_row.next_attempt_at)
    .limit(1)
    .scalar_subquery()
)
_has_claims = exists().where(_row.webhook_id == webhook.c.id, _row.claimed_until > _AT)
_found = (
    select(webhook.c.id, webhook.c.org_id, _has_claims.label("claimed"), _oldest.label("since"))
    .where(or_(webhook.c.held_until.is_(None), webhook.c.held_until <= _AT))
    .subquery()
)
_due_webhooks = (
    select(_found.c.id, _found.c.org_id, _found.c.claimed)
    .where(_found.c.since.is_not(None))
    .order_by(_found.c.since, _found.c.id)
)
_backlog = (
    select(func.count(), func.min(_row.next_attempt_at))
    .join(webhook, webhook.c.id == _row.webhook_id)
    .where(_is_due, or_(webhook.c.held_until.is_(None), webhook.c.held_until <= _AT))
)
_locked_webhook = (
    select(webhook)
    .where(webhook.c.id == bindparam("webhook"))
    .with_for_update(key_share=True, skip_locked=True)
)
_claimed_messages = (
    select(_row.id)
    .where(_row.webhook_id == bindparam("webhook"), _row.claimed_until > _AT)
    .limit(1)
)
_due_messages = (
    select(_row.id, _row.payload, _row.attempts)
    .where(_row.webhook_id == bindparam("webhook"), _is_due)
    .order_by(_row.next_attempt_at)
    .limit(bindparam("count", type_=Integer))
    .with_for_update(skip_locked=True)
)
_claim_messages = (
    update(webhook_delivery)
    .where(_row.id.in_(bindparam("ids", expanding=True)))
    .values(claimed_until=bindparam("until"), attempts=_row.attempts + 1, last_attempt_at=_AT)
)
# Only while the claim is the caller's: after LEASE another process may have taken it over.
_is_held = (_row.id == bindparam("message_id")) & (_row.claimed_until == bindparam("claimed"))
_finish = (
    update(webhook_delivery)
    .where(_is_held)
    .values(
        claimed_until=None,
        last_status=bindparam("status"),
        last_answer=bindparam("answer"),
        delivered_at=bindparam("delivered"),
        next_attempt_at=bindparam("next"),
    )
)
_release = (
    update(webhook_delivery).where(_is_held).values(claimed_until=None, attempts=_row.attempts - 1)
)
# Or until the new time already: a transaction that is run again may find what it has stored.
_renew = (
    update(webhook_delivery)
    .where(
        _row.id == bindparam("message_id"),
        or_(_row.claimed_until == bindparam("claimed"), _row.claimed_until == bindparam("until")),
    )
    .values(claimed_until=bindparam("until"))
)


def find_due(at: datetime) -> list[DueWebhook]:
    """Return the webhooks with unclaimed messages due at `at`, those due longest first.

    Reads one index entry for each webhook, regardless of the number of messages. Raises ServiceBusy
    if the database cannot be read.
    """
    with database.read() as connection:
        return [DueWebhook(*row) for row in connection.execute(_due_webhooks, {"at": at})]


def backlog(at: datetime) -> tuple[int, datetime | None]:
    """Return how many messages wait to be sent at `at`, and since when the oldest of them does.

    Messages that are being sent, and those of webhooks that have asked for a pause, do not count.
    Reads an index entry for each message. Raises ServiceBusy if the database cannot be read.
    """
    with database.read() as connection:
        count, since = connection.execute(_backlog, {"at": at}).one()
    return count, since


def store_and_claim(
    outcomes: Sequence[Outcome],
    counts: Mapping[str, int],
    *,
    held: Collection[ClaimedMessage] = (),
    at: datetime,
    chance: Callable[[], float] = random.random,
) -> list[ClaimedMessage]:
    """Store outcomes, renew and claim messages, in one transaction; return the newly claimed.

    `counts` maps the IDs of webhooks to the maximum number of messages to claim. `held` are this
    process's claims without an outcome: those that `is_expiring` are renewed. Webhooks for which
    another process has claims are skipped. `at` is the current time, and `chance` returns a random
    number from 0 to 1. Raises ServiceBusy if the database cannot be written; nothing is stored
    then, and the same outcomes can be stored later.
    """
    # Sorted, so that two processes do not wait for each other's rows.
    expiring = sorted((one for one in held if is_expiring(one, at)), key=lambda one: one.message.id)
    claiming = {one.webhook_id for one in (*held, *(outcome.claim for outcome in outcomes))}
    began = time.monotonic()
    until: datetime | None = None
    renewed: list[ClaimedMessage] = []

    def run(connection: Connection) -> list[ClaimedMessage]:
        nonlocal until, renewed
        # The lease begins now, and not before the wait for a lock. A second run, after a lost
        # connection, may find what the first one has stored.
        until = until or at + LEASE + timedelta(seconds=time.monotonic() - began)
        _store(connection, outcomes, chance)
        renewed = [one for one in expiring if _is_renewed(connection, one, until)]
        claims: list[ClaimedMessage] = []
        for webhook_id, count in counts.items():
            is_own = webhook_id in claiming
            claims += _claim(connection, webhook_id, count, at, until, is_own=is_own)
        return claims

    claims = database.write(run)
    for one in renewed:  # the others belong to another process, and must not be sent
        one.until = until or one.until
    return claims


def is_expiring(claim: ClaimedMessage, at: datetime) -> bool:
    """Return whether the claim has to be renewed at the time `at`."""
    return claim.until - at < RENEWED


def _is_renewed(connection: Connection, claim: ClaimedMessage, until: datetime) -> bool:
    """Renew the claim, and return whether it was still this process's."""
    which = {"message_id": claim.message.id, "claimed": claim.until, "until": until}
    return connection.execute(_renew, which).rowcount == 1


def _claim(
    connection: Connection,
    webhook_id: str,
    count: int,
    at: datetime,
    until: datetime,
    *,
    is_own: bool,
) -> list[ClaimedMessage]:
    which = {"webhook": webhook_id, "at": at}
    # PostgreSQL: of two processes one gets the webhook; new messages are not kept waiting.
    receiver = connection.execute(_locked_webhook, which).one_or_none()
    if receiver is None:
        return []
    if not is_own and connection.execute(_claimed_messages, which).first() is not None:
        return []
    found = connection.execute(_due_messages, {**which, "count": count}).all()
    if not found:
        return []
    claimed = {**which, "ids": [one.id for one in found], "until": until}
    connection.execute(_claim_messages, claimed)
    secrets = webhooks.signing_secrets(receiver, at)
    hindrance = _hindrance(receiver)
    return [
        ClaimedMessage(
            Message(one.id, receiver.address, one.payload, secrets),
            webhook_id, one.attempts + 1, until, hindrance,
        )
        for one in found
    ]  # fmt: skip


def _hindrance(receiver: Any) -> str | None:  # noqa: ANN401 - a row of `webhook`
    if receiver.deleted_at is not None:
        return IN_THE_BIN
    return None if receiver.switched_off_at is None else SWITCHED_OFF


def _store(
    connection: Connection, outcomes: Sequence[Outcome], chance: Callable[[], float]
) -> None:
    finished: list[dict[str, Any]] = []
    released: list[dict[str, Any]] = []
    held: dict[str, datetime] = {}
    # In one order for all processes, so that two transactions never wait for each other.
    for outcome in sorted(outcomes, key=lambda one: one.claim.message.id):
        claim, result = outcome.claim, outcome.result
        place = {"message_id": claim.message.id, "claimed": claim.until}
        if result is None:
            released.append(place)
            continue
        finished.append(
            {
                **place,
                "status": result.status,
                "answer": pack_line(result.answer),
                "delivered": outcome.at if result.is_delivered else None,
                "next": outcome.next_attempt_at(chance()),
            }
        )
        if result.retry_after:
            asked = outcome.at + result.retry_after
            held[claim.webhook_id] = max(asked, held.get(claim.webhook_id, asked))
    if finished:
        connection.execute(_finish, finished)
    if released:
        connection.execute(_release, released)
    for webhook_id, until in sorted(held.items()):
        connection.execute(
            update(webhook).where(webhook.c.id == webhook_id).values(held_until=until)
        )
