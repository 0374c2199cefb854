"""Orders as rows of the tables, and back."""

from datetime import datetime
from typing import Any

import orjson

from orders.domain.order import CartLine, Order
from orders.domain.search_text import search_text
from orders.domain.status import STATUS_BY_NAME
from orders.services.accounts.access import Actor

# The action of the first entry of the history: where the order came from.
CREATED = "created"
IMPORTED = "imported"


def order_row(order: Order) -> dict[str, Any]:
    """Return the row of `orders`, with every column."""
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


def order_from(row: Any) -> Order:  # noqa: ANN401 - a row of `whole_order`
    """Return the order of a row of `queries.whole_order`."""
    return Order(
        id=row.id,
        short_id=row.short_id,
        org_id=row.org_id,
        origin_org_id=row.origin_org_id,
        name=row.name,
        customer_id=row.customer_id,
        platform=row.platform,
        metadata=row.metadata,
        derivative=row.derivative,
        cart=_cart(row.lines),
        items=row.items,
        status=STATUS_BY_NAME[row.status],
        created_at=row.created_at,
        updated_at=row.updated_at,
        created_by=row.created_by,
        deleted_at=row.deleted_at,
        version=row.version,
    )


def _cart(text: str | None) -> tuple[CartLine, ...]:
    """Return the lines in JSON of `JsonRows`: position, configuration, count, metadata as text."""
    if text is None:
        return ()
    rows = orjson.loads(text)
    rows.sort()
    return tuple(
        CartLine(name, count, None if metadata is None else orjson.loads(metadata))
        for _position, name, count, metadata in rows
    )


def line_rows(order: Order) -> list[dict[str, Any]]:
    """Return the rows of `cart_line`, in the order of the lines."""
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
    """Return the row of `order_history`; `changes` is what `changes.difference` returns."""
    return {
        "order_id": order.id,
        "at": at,
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "action": action,
        "changes": changes,
    }
