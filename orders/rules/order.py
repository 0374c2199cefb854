"""An order as the services pass it around: plain, unchangeable, in snake_case.

Drafts and orders are named tuples, because each is made several times on its way, and a frozen data
class with so many fields takes four times as long to make.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final, NamedTuple

from orders.rules.status import Status


class NotSent(Enum):
    """Marks a field that was left out, where that differs from null."""

    NOT_SENT = "not sent"


NOT_SENT: Final = NotSent.NOT_SENT


@dataclass(frozen=True, slots=True)
class CartLine:
    """A configuration and how many of it.

    `configuration_id` is a UUID in canonical form or a short ID as sent; `metadata` is None when
    the line was sent without it.
    """

    configuration_id: str
    count: int
    metadata: dict[str, Any] | None = None


class OrderDraft(NamedTuple):
    """A checked order that is not stored yet."""

    name: str | None
    customer_id: str | None
    platform: dict[str, Any]
    metadata: dict[str, Any]
    derivative: dict[str, Any]
    cart: tuple[CartLine, ...]
    items: list[Any]
    status: Status
    origin_org_id: str | NotSent | None = NOT_SENT
    org_id: str | NotSent = NOT_SENT


class Order(NamedTuple):
    """A stored order, whole. Times are aware and in UTC; `version` rises with every change."""

    id: str
    short_id: str
    org_id: str
    origin_org_id: str | None
    name: str | None
    customer_id: str | None
    platform: dict[str, Any]
    metadata: dict[str, Any]
    derivative: dict[str, Any]
    cart: tuple[CartLine, ...]
    items: list[Any]
    status: Status
    created_at: datetime
    updated_at: datetime
    created_by: str
    deleted_at: datetime | None
    version: int = 1
