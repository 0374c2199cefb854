"""The outbox: messages to webhooks, stored in the transaction of the event itself.

So a message is neither lost when the process dies nor sent for a change that was rolled back.
`deliveries` sends them afterwards.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import orjson

from orders.domain.identifiers import new_uuid
from orders.domain.moments import wire_time
from orders.domain.order import Order, order_fields
from orders.domain.webhook import Topic
from orders.services.accounts.access import OrgRules

__all__ = ["Topic", "messages"]


def messages(topic: Topic, order: Order, org: OrgRules, *, at: datetime) -> list[dict[str, Any]]:
    """Return a row of `webhook_delivery` for each webhook that receives this event.

    The payload has the shape that Standard Webhooks recommends: `type`, `timestamp` and `data`, the
    whole order as the JSON API returns it.
    """
    webhook_ids = list(_receivers(topic, order, org))
    if not webhook_ids:
        return []
    payload = orjson.dumps(
        {"type": str(topic), "timestamp": wire_time(at), "data": order_fields(order)}
    ).decode()
    return [
        {
            # Sorted by time, so that due messages are next to each other.
            "id": new_uuid(at),
            "webhook_id": webhook_id,
            "order_id": order.id,
            "topic": str(topic),
            "payload": payload,
            "created_at": at,
            "attempts": 0,
            "next_attempt_at": at,
        }
        for webhook_id in webhook_ids
    ]


def _receivers(topic: Topic, order: Order, org: OrgRules) -> Iterable[str]:
    for webhook in org.webhooks:
        if webhook.topic == topic and (not webhook.statuses or order.status in webhook.statuses):
            yield webhook.id
