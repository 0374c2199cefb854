"""The five states of an order (docs/contract.md, "The order")."""

from enum import StrEnum

from orders.rules.texts import mark


class Status(StrEnum):
    """Wire names of the states, in the order in which an order passes through them."""

    LIST = "List"
    IN_CART = "In Cart"
    NEW = "New"
    IN_PROGRESS = "In Progress"
    COMPLETE = "Complete"


# What people read; pages translate it, the wire name is never translated.
STATUS_TEXTS = {
    Status.LIST: mark("List"),
    Status.IN_CART: mark("In Cart"),
    Status.NEW: mark("New"),
    Status.IN_PROGRESS: mark("In Progress"),
    Status.COMPLETE: mark("Complete"),
}

# Carts that are still being filled: they may be empty, and any token may change them.
OPEN_CARTS = frozenset({Status.LIST, Status.IN_CART})


def may_have_empty_cart(status: Status) -> bool:
    """Return whether an order in this state may have no line at all."""
    return status in OPEN_CARTS


STATUS_BY_NAME = {str(status): status for status in Status}


def read_status(value: object) -> Status | None:
    """Return the state with exactly this wire name; None for anything else."""
    return STATUS_BY_NAME.get(value) if isinstance(value, str) else None
