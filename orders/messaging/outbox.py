"""The outbox: what webhooks are to be told, written together with the event itself.

A message that is written in the order's own transaction is neither lost when the process dies nor
sent for a change that was rolled back. Sending is the business of others, afterwards.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import orjson

from orders.access import OrgRules
from orders.rules.identifiers import new_uuid
from orders.rules.moments import wire_time
from orders.rules.order import Order, order_fields
from orders.rules.webhook import Topic

__all__ = ["Topic", "messages"]


def messages(topic: Topic, order: Order, org: OrgRules, *, at: datetime) -> list[dict[str, Any]]:
    """Give a row of `webhook_delivery` for each webhook that is to be told of this event.

    The payload has the shape that the Standard Webhooks scheme recommends: `type`, `timestamp` and
    `data`, which holds the whole order as the JSON door answers it.
    """
    told = list(_told(topic, order, org))
    if not told:
        return []
    payload = orjson.dumps(
        {"type": str(topic), "timestamp": wire_time(at), "data": order_fields(order)}
    ).decode()
    return [
        {
            # In the order of their time too, so that the due ones lie together.
            "id": new_uuid(at),
            "webhook_id": webhook_id,
            "order_id": order.id,
            "topic": str(topic),
            "payload": payload,
            "created_at": at,
            "attempts": 0,
            "next_attempt_at": at,
        }
        for webhook_id in told
    ]


def _told(topic: Topic, order: Order, org: OrgRules) -> Iterable[str]:
    for webhook in org.webhooks:
        if webhook.topic == topic and (not webhook.statuses or order.status in webhook.statuses):
            yield webhook.id
