"""The five states of an order (docs/contract.md, "The order")."""

from enum import StrEnum

from orders.domain.texts import lazy_gettext


class Status(StrEnum):
    """The states of an order by their API names, in the order in which it passes through them."""

    LIST = lazy_gettext("List")
    IN_CART = lazy_gettext("In Cart")
    NEW = lazy_gettext("New")
    IN_PROGRESS = lazy_gettext("In Progress")
    COMPLETE = lazy_gettext("Complete")


# What people read; pages translate it, the wire name is never translated.
STATUS_TEXTS = {status: lazy_gettext(status.value) for status in Status}
# Carts that are still being filled: they may be empty, and any token may change them.
OPEN_CARTS = frozenset({Status.LIST, Status.IN_CART})


STATUS_BY_NAME = {str(status): status for status in Status}


def read_status(value: object) -> Status | None:
    """Return the status with exactly this API name, such as "In Cart"; None for any other value."""
    return STATUS_BY_NAME.get(value) if isinstance(value, str) else None
