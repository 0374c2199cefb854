"""Lists of orders for programs: by filters, sorted, in numbered pages."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, exists

from orders.catalogue import naming
from orders.queries import order_from, whole_order
from orders.rules import short_id
from orders.rules.configuration_id import read_uuid
from orders.rules.order import Order
from orders.rules.paging import Page, Paging
from orders.rules.status import Status
from orders.storage import database
from orders.storage.pages import numbered_page
from orders.storage.sql import JsonMember, unindexed
from orders.storage.tables import cart_line, orders

# An order's steps, not the letters of their names.
_STEP = case({str(status): step for step, status in enumerate(Status)}, value=orders.c.status)
_SORTED_BY: dict[str, ColumnElement[Any]] = {
    "createdAt": orders.c.created_at,
    "updatedAt": orders.c.updated_at,
    "name": orders.c.name,
    "customerId": orders.c.customer_id,
    "shortId": orders.c.short_id,
    "status": _STEP,
}
SORTABLE = tuple(_SORTED_BY)


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """What orders must have; what is None or empty does not matter.

    Texts are equal, letter by letter. `platform` names keys and their values; null means that the
    order has no value there. The times are inclusive. `short_ids` in any spelling.
    """

    short_ids: tuple[str, ...] = ()
    origin_org_id: str | None = None
    customer_id: str | None = None
    name: str | None = None
    statuses: tuple[str, ...] = ()
    platform: dict[str, Any] | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    configuration_id: str | None = None


def find_orders(org_id: str, wanted: OrderFilter, paging: Paging) -> Page[Order]:
    """Give a page of the org's orders and the number of all that match; none from the bin.

    Orders that are equal by the sorted field stand by their ID, so that no page repeats one of
    another. Raises MistypedShortId when one of `short_ids` cannot be a code.
    """
    ours = unindexed(orders.c.org_id) if wanted.short_ids else orders.c.org_id
    conditions = [ours == org_id, *_conditions(org_id, wanted)]
    found = whole_order.where(*conditions)
    with database.read() as connection:
        return numbered_page(
            connection, found, paging, sortable=_SORTED_BY, tie=orders.c.id, make=order_from
        )


def _conditions(org_id: str, wanted: OrderFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.short_ids:
        yield orders.c.short_id.in_([short_id.normalise(code) for code in wanted.short_ids])
    for column, value in (
        (orders.c.origin_org_id, wanted.origin_org_id),
        (orders.c.customer_id, wanted.customer_id),
        (orders.c.name, wanted.name),
    ):
        if value is not None:
            yield column == value
    if wanted.statuses:
        yield orders.c.status.in_(wanted.statuses)
    if wanted.created_from is not None:
        yield orders.c.created_at >= wanted.created_from
    if wanted.created_to is not None:
        yield orders.c.created_at <= wanted.created_to
    for key, value in (wanted.platform or {}).items():
        yield JsonMember(orders.c.platform, key, value)
    if wanted.configuration_id is not None:
        yield _holds_configuration(org_id, wanted.configuration_id)


def _holds_configuration(org_id: str, reference: str) -> ColumnElement[bool]:
    """Lines name a configuration by its UUID or its short ID: either is found by both."""
    names = {read_uuid(reference) or reference}
    card = naming.resolve([reference], org_id).get(reference)
    if card is not None and reference in {card.id, card.short_id, card.id.upper()}:
        names |= {card.id, card.short_id}
    return exists().where(
        cart_line.c.order_id == orders.c.id, cart_line.c.configuration_id.in_(sorted(names))
    )
