"""Deliveries: the messages to webhooks as admins see them, and what admins can do with them.

`sender` sends the messages; `claims` reserves them for it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import orjson
from sqlalchemy import delete, select, update

from orders.domain.errors import Conflict, NotFound
from orders.domain.identifiers import new_uuid, read_uuid
from orders.domain.moments import wire_time
from orders.domain.texts import lazy_gettext, unpack_line
from orders.services.webhooks import webhooks
from orders.services.webhooks.webhook_client import Message, PostResult
from orders.storage import database
from orders.storage.models.orders import OrderRow
from orders.storage.models.webhooks import WebhookDelivery, WebhookRow
from orders.storage.pages import Page, Paging, numbered_page
from orders.storage.replica import from_replica
from orders.storage.sqlite import request_lock
from orders.storage.tables import webhook, webhook_delivery

# Messages of one webhook that are deleted in one transaction.
CLEARED_AT_ONCE = 500
# The `type` of a test message, which is about no order.
TEST_TYPE = "webhook.test"


class DeliveryState(StrEnum):
    """The state of a message; STATE_TEXTS has the text that people see for each state."""

    WAITING = "Waiting"
    SENDING = "Being sent"
    RETRYING = "Trying again"
    DELIVERED = "Delivered"
    GIVEN_UP = "Given up"


# For an interface to translate.
STATE_TEXTS = {
    DeliveryState.WAITING: lazy_gettext("Waiting"),
    DeliveryState.SENDING: lazy_gettext("Sending"),
    DeliveryState.RETRYING: lazy_gettext("Trying again"),
    DeliveryState.DELIVERED: lazy_gettext("Delivered"),
    DeliveryState.GIVEN_UP: lazy_gettext("Given up"),
}


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message to a webhook, and its progress.

    `last_status` and `last_answer` are the HTTP status and the text of the receiver's last
    response. If there was no response, `last_status` is None and `last_answer` is the reason.
    Before the first result, both are None.
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
Post = Callable[[Message], PostResult]


def _utc_now() -> datetime:
    return datetime.now(UTC)


def send_test(
    webhook_id: str, org_id: str, post: Post, *, now: datetime | None = None
) -> PostResult:
    """Send a signed test message to a webhook now, and return the result.

    The message is neither stored nor retried. `post` sends it. Raises NotFound if the org has no
    such webhook outside the bin.
    """
    at = now or _utc_now()
    found = webhooks.find(webhook_id, org_id)
    data = {"webhookId": found.id}
    payload = orjson.dumps({"type": TEST_TYPE, "timestamp": wire_time(at), "data": data}).decode()
    with database.read() as connection:
        row = connection.execute(select(webhook).where(webhook.c.id == found.id)).one()
    secrets = webhooks.signing_secrets(row, at)
    request_lock.release()  # a receiver may be slow, and other requests should not wait for it
    return post(Message(new_uuid(at), row.address, payload, secrets))


def clear_old(kept_for: timedelta, *, now: Callable[[], datetime] = _utc_now) -> int:
    """Delete delivered and given-up messages that are older than `kept_for`; return how many.

    At most CLEARED_AT_ONCE messages of each webhook are deleted, so that other writes do not wait
    long. `now` returns the current time.
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


@from_replica
def list_deliveries(
    webhook_id: str, org_id: str, paging: Paging, *, now: datetime | None = None
) -> Page[Delivery]:
    """Return a page of the messages to a webhook; it is empty if the org has no such webhook."""
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
    # A receiver's answer is stored as it came, our reason as a text that can be translated.
    is_verbatim = row.last_status is not None or row.last_answer is None
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
        last_answer=row.last_answer if is_verbatim else unpack_line(row.last_answer),
    )


def _state(row: Any, at: datetime) -> DeliveryState:  # noqa: ANN401 - as above
    if row.claimed_until is not None and row.claimed_until > at:
        return DeliveryState.SENDING
    if row.next_attempt_at is not None:
        return DeliveryState.RETRYING if row.attempts else DeliveryState.WAITING
    return DeliveryState.GIVEN_UP if row.delivered_at is None else DeliveryState.DELIVERED


def send_again(
    delivery_id: str, webhook_id: str, org_id: str, *, now: datetime | None = None
) -> None:
    """Schedule a message to be sent now, even if it is delivered or given up.

    The number of its attempts is not reset. If the receiver has asked for a pause, the pause ends.
    Raises NotFound if there is no such message, and Conflict if the message is being sent or if its
    webhook is in the bin or switched off.
    """
    at = now or _utc_now()
    statement = (
        select(
            WebhookDelivery.claimed_until,
            WebhookRow.id,
            WebhookRow.deleted_at,
            WebhookRow.switched_off_at,
        )
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
            raise NotFound(lazy_gettext("This webhook has no such message."))
        if row.deleted_at is not None:
            raise Conflict(lazy_gettext("This webhook is deleted. Restore it first."))
        if row.switched_off_at is not None:
            raise Conflict(lazy_gettext("This webhook is turned off. Turn it on first."))
        if row.claimed_until is not None and row.claimed_until > at:
            raise Conflict(
                lazy_gettext("This message is being sent right now. Wait a moment for the result.")
            )
        connection.execute(again)
        webhooks.end_pause(connection, row.id)
