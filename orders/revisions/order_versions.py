"""An order as it was, read back from what its history says of each change since."""

from typing import Any

from sqlalchemy import select

from orders.rules.errors import StaleVersion
from orders.rules.order import CartLine, Order
from orders.rules.status import Status
from orders.storage import database
from orders.storage.tables import order_history

# What raises an order's version; other entries of the history tell of other things.
_CHANGES = ("changed", "binned", "restored")
_FIELDS = {
    "name": "name",
    "customerId": "customer_id",
    "platform": "platform",
    "metadata": "metadata",
    "derivative": "derivative",
}


def order_at(order: Order, version: int) -> Order:
    """Give the order's fields as they were in an earlier version; its times stay as they are.

    Raises StaleVersion for a version that it never had.
    """
    steps = order.version - version
    if steps < 0 or version < 1:
        raise StaleVersion
    if steps == 0:
        return order
    newest = (
        select(order_history.c.changes)
        .where(order_history.c.order_id == order.id, order_history.c.action.in_(_CHANGES))
        .order_by(order_history.c.id.desc())
        .limit(steps)
    )
    with database.read() as connection:
        changes = list(connection.execute(newest).scalars())
    if len(changes) < steps:
        raise StaleVersion
    for change in changes:
        order = _before(order, change)
    return order._replace(version=version)


def _before(order: Order, changes: dict[str, Any]) -> Order:
    fields: dict[str, Any] = {
        _FIELDS[wire]: change["from"] for wire, change in changes.items() if wire in _FIELDS
    }
    if "status" in changes:
        fields["status"] = Status(changes["status"]["from"])
    cart = changes.get("cart")
    if cart is not None and "added" in cart:
        fields["cart"] = order.cart[: len(order.cart) - len(cart["added"])]
    elif cart is not None:
        fields["cart"] = tuple(
            CartLine(line["configurationId"], line["count"], line.get("metadata"))
            for line in cart["from"]
        )
    return order._replace(**fields)
