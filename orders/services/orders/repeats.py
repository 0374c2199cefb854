"""Warnings about other orders of the same customer with the same number; they are never errors.

Only people and private tokens receive them: a web page with a public token must not reveal what a
customer has ordered.
"""

from typing import Any

from sqlalchemy import bindparam, literal_column, select

from orders.domain.errors import FieldError
from orders.domain.order import Order
from orders.domain.repeated_numbers import number_keys, po_path
from orders.domain.short_id import grouped
from orders.domain.texts import lazy_gettext
from orders.services.accounts.access import Actor
from orders.storage import database
from orders.storage.database import CompiledSelect
from orders.storage.tables import orders

# One statement for each index; "" is the code of no order.
_SAME = {
    name: CompiledSelect(
        select(orders.c.short_id)
        .where(
            orders.c.org_id == bindparam("org_id"),
            orders.c[name] == bindparam("key"),
            orders.c.customer_id == bindparam("customer_id"),
            orders.c.deleted_at.is_(None),
            orders.c.canceled_at.is_(None),
            orders.c.short_id != bindparam("own"),
        )
        .limit(literal_column("1"))
        .offset(literal_column("0"))
    )
    for name in ("platform_key", "po_key")
}


def repeated_numbers(
    customer_id: str | None,
    platform: dict[str, Any],
    metadata: dict[str, Any],
    actor: Actor,
    *,
    but: str | None = None,
) -> tuple[FieldError, ...]:
    """Return a warning for each number of an order that another order of the customer also has.

    Canceled orders, and those in the bin, do not count.

    The numbers are `platform.id` and the purchase order number in `metadata`. `but` is the short ID
    of the order itself if it is stored, so that it is not compared with itself. The result is empty
    for a public token, or if `customer_id` is None or empty, as that of guests may be.
    """
    if not actor.is_private or not customer_id:
        return ()
    warnings = []
    keys = number_keys(platform, metadata)
    paths = {"platform_key": "platform.id", "po_key": f"metadata.{po_path(metadata)}"}
    for name, key in keys._asdict().items():
        values = {
            "org_id": actor.org_id, "key": key, "customer_id": customer_id, "own": but or "",
        }  # fmt: skip
        found = database.rows(_SAME[name], values) if key else ()
        if found:
            warnings.append(
                FieldError(
                    paths[name],
                    lazy_gettext(
                        "Order %(code)s of this customer has the same number.",
                        code=grouped(found[0].short_id),
                    ),
                )
            )
    return tuple(warnings)


def repeats_of(order: Order, actor: Actor) -> tuple[FieldError, ...]:
    """Return the warnings of `repeated_numbers` for a stored order."""
    return repeated_numbers(
        order.customer_id, order.platform, order.metadata, actor, but=order.short_id
    )
