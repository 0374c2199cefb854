"""The wire names: camelCase, every field in every answer (docs/contract.md)."""

from datetime import datetime
from typing import Any

from orders.rules.configuration import Configuration
from orders.rules.order import CartLine, Order


def order_fields(order: Order) -> dict[str, Any]:
    """Give an order as it is answered; times are UTC, ISO 8601 with milliseconds and `Z`."""
    return {
        "id": order.id,
        "shortId": order.short_id,
        "orgId": order.org_id,
        "originOrgId": order.origin_org_id,
        "name": order.name,
        "customerId": order.customer_id,
        "platform": order.platform,
        "metadata": order.metadata,
        "derivative": order.derivative,
        "cart": [line_fields(line) for line in order.cart],
        "items": order.items,
        "status": str(order.status),
        "createdAt": wire_time(order.created_at),
        "updatedAt": wire_time(order.updated_at),
        "createdBy": order.created_by,
        "deletedAt": None if order.deleted_at is None else wire_time(order.deleted_at),
    }


def line_fields(line: CartLine) -> dict[str, Any]:
    """Give a line as it is answered; `metadata` only when it was sent."""
    fields: dict[str, Any] = {"configurationId": line.configuration_id, "count": line.count}
    if line.metadata is not None:
        fields["metadata"] = line.metadata
    return fields


def wire_time(moment: datetime) -> str:
    """Give a moment in UTC as ISO 8601 with milliseconds and `Z`."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def configuration_fields(configuration: Configuration) -> dict[str, Any]:
    """Give a saved configuration as it is answered; what was not sent is null."""
    return {
        "id": configuration.id,
        "shortId": configuration.short_id,
        "orgId": configuration.org_id,
        "productId": configuration.product_id,
        "productVersion": configuration.product_version,
        "variant": configuration.variant,
        "metadata": configuration.metadata,
        "customerId": configuration.customer_id,
        "identifier": configuration.identifier,
        "scope": configuration.scope,
        "sceneGraphState": configuration.scene_graph_state,
        "sessionId": configuration.session_id,
        "publishFileId": configuration.publish_file_id,
        "creator": configuration.creator,
        "thumbnail": configuration.thumbnail,
        "attachments": configuration.attachments,
        "createdAt": wire_time(configuration.created_at),
        "updatedAt": wire_time(configuration.updated_at),
        "deletedAt": None
        if configuration.deleted_at is None
        else wire_time(configuration.deleted_at),
        "createdBy": configuration.created_by,
    }
