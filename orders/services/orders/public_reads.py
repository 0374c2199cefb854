"""What a public token reads of orders: all of its own, and of others what the org lets it read.

Everyone who has a web page's source has its public token. So an org that asks customers for their
ID before it shows an order asks anyone with the token for it as well (docs/contract.md, "What
public tokens read").
"""

from collections.abc import Collection
from dataclasses import replace

from sqlalchemy import select

from orders.domain.errors import FieldError, InvalidInput, TooManyTries
from orders.domain.order import Order
from orders.domain.permissions import Gate, gate_of
from orders.domain.shown_orders import Shown
from orders.domain.status import OPEN_CARTS
from orders.domain.texts import lazy_gettext
from orders.services.accounts.access import Actor
from orders.services.orders import lookup, order_list, queries
from orders.services.orders.order_filter import OrderFilter
from orders.storage import database
from orders.storage.pages import Page, Paging
from orders.storage.tables import token

# A member of an enum costs more to look up than the rest of the common case.
ALL = Shown.ALL
CUSTOMER_ID_HEADER = "Customer-Id"
WRONG = lazy_gettext("This customer ID does not match the order.")
NO_TRY_LEFT = lazy_gettext("Too many wrong customer IDs for this order. Try again later.")
# Fields by which any order may be sorted, because its customer's page always shows them.
_SHOWN_SORTS = {"shortId", "status"}
_DEFAULT_SORT = Paging().sort
_SORT_OF_ALL = "shortId"


def find_order(reference: str, actor: Actor, customer_id: str | None) -> tuple[Order, Shown]:
    """Return an order of the actor's org, and how much of it the actor may see.

    `customer_id` is the customer ID that was sent to verify the customer, or None. Each time it is
    needed uses up one of the order's tries (see `lookup`). Raises InvalidInput if it is wrong,
    TooManyTries if no try is left, and the errors of `queries.find_order`.
    """
    order = queries.find_order(reference, actor.org_id)
    if _reads_all(actor) or _is_readable(order, _own_ids(actor)):
        return order, ALL
    attempt = _verify(order, actor, customer_id)
    if attempt.wait:
        raise TooManyTries(NO_TRY_LEFT, attempt.wait)
    if customer_id is not None and attempt.lock is None:
        raise InvalidInput([FieldError(CUSTOMER_ID_HEADER, WRONG)])
    return order, Shown.CONTENT if attempt.lock is not None else Shown.STATUS


def list_orders(
    actor: Actor, wanted: OrderFilter, paging: Paging, customer_id: str | None
) -> Page[tuple[Order, Shown]]:
    """Return a page of the actor's org, each order with how much of it the actor may see.

    If something is withheld from the actor, the list is sorted by short ID unless it asks for
    another sort, and filters and sorts by fields that are withheld find only orders that the actor
    may read completely: otherwise they would reveal the values. `customer_id` is tried on the
    orders named in `wanted.short_ids`, as `find_order` does; where it is wrong, or no try is left,
    the order's status is all that is shown.
    """
    if _reads_all(actor):
        page = order_list.find_orders(actor.org_id, wanted, paging)
        return _page([(order, ALL) for order in page.entries], page)
    own = _own_ids(actor)
    if paging.sort == _DEFAULT_SORT:
        paging = replace(paging, sort=_SORT_OF_ALL)
    others = replace(wanted, short_ids=(), statuses=(), is_canceled=None)
    if others != OrderFilter() or paging.sort_field not in _SHOWN_SORTS:
        wanted = replace(wanted, readable_by=own)
    tried = customer_id if wanted.short_ids else None
    page = order_list.find_orders(actor.org_id, wanted, paging)
    entries = [(one, _shown(one, actor, own, tried)) for one in page.entries]
    return _page(entries, page)


def _page(entries: list[tuple[Order, Shown]], of: Page[Order]) -> Page[tuple[Order, Shown]]:
    return Page(entries, of.count, of.paging, of.next, of.count_is_exact)


def _shown(order: Order, actor: Actor, own: Collection[str], customer_id: str | None) -> Shown:
    if _is_readable(order, own):
        return Shown.ALL
    is_verified = _verify(order, actor, customer_id).lock is not None
    return Shown.CONTENT if is_verified else Shown.STATUS


def _verify(order: Order, actor: Actor, customer_id: str | None) -> lookup.Attempt:
    """Return the result of trying `customer_id` on an order; without it, no try is used up."""
    gate = gate_of(actor.org.customer_check, order.customer_id)
    if gate is Gate.OPEN:
        return lookup.Attempt(lock="")  # nothing is asked for
    if gate is Gate.SHUT or customer_id is None:
        return lookup.Attempt()
    return lookup.try_customer_id(order, customer_id)


def _reads_all(actor: Actor) -> bool:
    return actor.is_private or not actor.org.hides_orders


def _is_readable(order: Order, own: Collection[str]) -> bool:
    return order.created_by in own or order.status in OPEN_CARTS


def _own_ids(actor: Actor) -> tuple[str, ...]:
    """Return the ID of a token, and those of the tokens that it succeeded."""
    statement = select(token.c.succeeds).where(token.c.id == actor.id)
    return (actor.id, *(database.fetch_value(statement) or ()))
