"""Webhooks as the services pass them around, and their wire names (docs/webhooks.md)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from orders.rules.wire import wire_time


class Topic(StrEnum):
    """Events of an order, by their wire names."""

    CREATED = "order.created"
    UPDATED = "order.updated"
    DELETED = "order.deleted"


@dataclass(frozen=True, slots=True)
class WebhookDraft:
    """A checked webhook that is not stored yet. `filter` is `{}` or `{"status": [...]}`."""

    topic: Topic
    address: str
    filter: dict[str, Any]


class Webhook(NamedTuple):
    """A stored webhook, without its secret. Times are aware and in UTC."""

    id: str
    org_id: str
    topic: Topic
    address: str
    filter: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    created_by: str


def webhook_fields(webhook: Webhook) -> dict[str, Any]:
    """Give a webhook as it is answered: camelCase, every field, never the secret."""
    return {
        "id": webhook.id,
        "orgId": webhook.org_id,
        "topic": str(webhook.topic),
        "address": webhook.address,
        "filter": webhook.filter,
        "createdAt": wire_time(webhook.created_at),
        "updatedAt": wire_time(webhook.updated_at),
        "deletedAt": None if webhook.deleted_at is None else wire_time(webhook.deleted_at),
        "createdBy": webhook.created_by,
    }
