"""Undo: the page after a change offers to take it back, as long as nothing else has happened."""

from dataclasses import dataclass

from flask import session

from orders.rules.order import Order

_KEY = "undo"


@dataclass(frozen=True, slots=True)
class Undo:
    """What takes the last change back: the endpoint that a form sends `fields` to."""

    endpoint: str
    fields: dict[str, str]


def offer_undo(order: Order, endpoint: str, **fields: str) -> None:
    """Let the next page of this order offer to take back what has just made it this version."""
    session[_KEY] = {
        "order": order.id,
        "version": order.version,
        "endpoint": endpoint,
        "fields": fields,
    }


def take_undo(order: Order) -> Undo | None:
    """Give what was offered, once, and only while the order is as the change has left it."""
    offered = session.pop(_KEY, None)
    if offered is None or (offered["order"], offered["version"]) != (order.id, order.version):
        return None
    return Undo(offered["endpoint"], {**offered["fields"], "version": str(order.version)})
