"""An order as rows of the tables: for whoever makes one and for whoever changes one."""

from datetime import datetime
from typing import Any

from orders.access import Actor
from orders.rules.order import Order
from orders.rules.search_text import search_text

# How the history calls the first entry of an order: by where it came from.
CREATED = "created"
IMPORTED = "imported"


def order_row(order: Order) -> dict[str, Any]:
    """Give the row of `orders`, every column of it."""
    return {
        "id": order.id,
        "short_id": order.short_id,
        "org_id": order.org_id,
        "origin_org_id": order.origin_org_id,
        "name": order.name,
        "customer_id": order.customer_id,
        "platform": order.platform,
        "metadata": order.metadata,
        "derivative": order.derivative,
        "items": order.items,
        "status": str(order.status),
        "created_at": order.created_at,
        "updated_at": order.updated_at,
        "created_by": order.created_by,
        "deleted_at": order.deleted_at,
        "version": order.version,
        "search_text": search_text(order),
    }


def line_rows(order: Order) -> list[dict[str, Any]]:
    """Give the rows of `cart_line`, in the order of the lines."""
    return [
        {
            "order_id": order.id,
            "position": position,
            "configuration_id": line.configuration_id,
            "count": line.count,
            "metadata": line.metadata,
        }
        for position, line in enumerate(order.cart)
    ]


def history_row(
    order: Order, actor: Actor, action: str, changes: dict[str, Any], *, at: datetime
) -> dict[str, Any]:
    """Give the row of `order_history`; `changes` is `{field: {"from": …, "to": …}}`."""
    return {
        "order_id": order.id,
        "at": at,
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "action": action,
        "changes": changes,
    }
