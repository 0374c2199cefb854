"""Change an order: its fields or its cart; cancel and reopen it; bin and restore it.

`check_changes` and `check_lines` turn input into checked changes, as `intake` does for new orders.
The other functions read the order, check the change, and write it with its history entry and its
webhook messages, all in one transaction, so that nobody overwrites another person's change
unknowingly.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from orders.domain.cancellation import read_reason, refuse_if_canceled
from orders.domain.changes import difference, is_same, read_changes, read_lines
from orders.domain.collation import VERSION, sort_key
from orders.domain.errors import FieldError, Forbidden, InvalidOrder, NotFound, StaleVersion
from orders.domain.inputs import Limits
from orders.domain.json_values import compact_size, same_json
from orders.domain.line_attributes import line_faults, with_defaults
from orders.domain.line_ids import with_line_ids
from orders.domain.moments import TICK, now_or
from orders.domain.order import CartLine, Order, OrderChanges, lines_as_json
from orders.domain.status import OPEN_CARTS, STATUS_TEXTS
from orders.domain.texts import Figure, lazy_gettext
from orders.domain.webhook import Topic
from orders.services import idempotency
from orders.services.accounts.access import Actor, refuse_foreign_org
from orders.services.catalog import products
from orders.services.idempotency import IdempotencyKey
from orders.services.orders.change_rules import changed_order
from orders.services.orders.order_dates import store_dates
from orders.services.orders.pasted import keep_pasted
from orders.services.orders.pending_changes import settle_at_once, store_changes
from orders.services.orders.queries import (
    any_order,
    changed_line_rows,
    find_order,
    history_row,
    names_order,
    order_from,
    order_row,
)
from orders.services.orders.repeats import repeats_of
from orders.services.progress import Begin, no_progress
from orders.services.webhooks.webhooks import messages
from orders.storage import database, tables

# Returns whether the caller may change the order in this version; None if any version is fine.
VersionCheck = Callable[[int], bool] | None


def check_changes(raw: object, *, actor: Actor, limits: Limits) -> OrderChanges:
    """Check changes to an order, and return them.

    `raw` is an object with the fields to replace, or an array of lines that replaces the cart.
    Raises InvalidOrder with all errors by path, and Forbidden if `orgId` is another org's ID.
    """
    if isinstance(raw, dict):
        refuse_foreign_org(raw.get("orgId"), actor)
    changes, errors = read_changes(raw, limits=limits)
    if changes is not None:
        errors += _unknown_errors(changes.values.get("cart", ()), actor)
    if errors or changes is None:
        raise InvalidOrder(errors)
    return changes


def check_lines(
    raw: object, *, actor: Actor, limits: Limits, is_legacy: bool = False
) -> tuple[CartLine, ...]:
    """Check cart lines, and return them for `add_lines`.

    `raw` is an array of lines, or `{"cart": [...]}`. If `is_legacy` is true, a count may be a
    string of digits or missing, as in the deprecated `items`. Raises InvalidOrder with all errors
    by path.
    """
    lines, errors = read_lines(raw, limits=limits, is_legacy=is_legacy)
    errors += _unknown_errors(lines, actor)
    rules = actor.org.line_attributes
    errors += line_faults((line.metadata for line in lines), rules, strict=actor.org.is_strict)
    if errors:
        raise InvalidOrder(errors)
    return with_defaults(lines, rules)


def change_order(
    reference: str,
    changes: OrderChanges,
    *,
    actor: Actor,
    is_current: VersionCheck = None,
    pasted: str = "",
    now: datetime | None = None,
) -> Order:
    """Replace the fields in `changes`; return the changed order, with its warnings.

    `reference` is the order's UUID or short ID. If no value differs, nothing is written. `pasted`
    is the text that the changes were entered from, which stays with the order; empty for none.
    `is_current` takes the stored version and returns whether the caller may change it; None permits
    any version. Raises NotFound if there is no such order outside the bin, Forbidden if the actor
    may not change it, StaleVersion if `is_current` returns False, InvalidOrder if the changed order
    would be invalid, and OrderCanceled if it is canceled and its status or cart would change.
    """

    def apply(order: Order) -> Order:
        _require_open_or_private(order, actor)
        return changed_order(order, changes, actor)

    order = _OrderChange(reference, actor, "changed", is_current, now, pasted=pasted).run(apply)
    if not changes.values.keys() & {"customer_id", "platform", "metadata"}:
        return order
    return order._replace(warnings=order.warnings + repeats_of(order, actor))


def add_lines(
    reference: str,
    lines: tuple[CartLine, ...],
    *,
    actor: Actor,
    limits: Limits,
    is_current: VersionCheck = None,
    key: IdempotencyKey | None = None,
    now: datetime | None = None,
) -> Order:
    """Append lines to the cart of an order, and return the changed order.

    Raises InvalidOrder if the cart would be too large, KeyAlreadyUsed if a request with this key
    has already added lines, and the other errors of `change_order`.
    """

    def append_lines(order: Order) -> Order:
        _require_open_or_private(order, actor)
        cart = order.cart + lines
        if len(cart) > limits.cart_lines:
            message = lazy_gettext(
                "At most %(most)s lines; with these it would have %(count)s.",
                most=Figure(limits.cart_lines), count=Figure(len(cart)),
            )  # fmt: skip
            raise InvalidOrder([FieldError("cart", message)])
        # Lines may come one by one, each in a body within the limit.
        size = compact_size(lines_as_json(cart))
        if size > limits.body_bytes:
            message = lazy_gettext(
                "At most %(most)s bytes of JSON; with these it would be %(count)s.",
                most=Figure(limits.body_bytes), count=Figure(size),
            )  # fmt: skip
            raise InvalidOrder([FieldError("cart", message)])
        return order._replace(cart=cart)

    change = _OrderChange(reference, actor, "changed", is_current, now, key)
    return change.run(append_lines)


def check_reason(raw: object, *, limits: Limits) -> str | None:
    """Check the reason for canceling an order, and return it for `cancel_order`.

    `raw` is `{"reason": text or null}`. Returns None for no reason. Raises InvalidOrder with all
    errors by path.
    """
    reason, errors = read_reason(raw, limits=limits)
    if errors:
        raise InvalidOrder(errors)
    return reason


def cancel_order(
    reference: str,
    reason: str | None,
    *,
    actor: Actor,
    is_current: VersionCheck = None,
    key: IdempotencyKey | None = None,
    now: datetime | None = None,
) -> Order:
    """Cancel an order, and return it; do nothing if it is canceled already.

    Its status does not change. Until `reopen_order`, changes of its status or its cart raise
    OrderCanceled. Raises Forbidden for a public token, NotFound if there is no such order outside
    the bin, StaleVersion as `change_order` does, and KeyAlreadyUsed if a request with this key has
    already canceled the order.
    """
    _require_private(actor)
    change = _OrderChange(reference, actor, "canceled", is_current, now, key, Topic.CANCELED)

    def cancel(order: Order) -> Order:
        if order.canceled_at is not None:
            return order
        return order._replace(canceled_at=change.at, cancel_reason=reason)

    return change.run(cancel)


def reopen_order(
    reference: str,
    *,
    actor: Actor,
    is_current: VersionCheck = None,
    key: IdempotencyKey | None = None,
    now: datetime | None = None,
) -> Order:
    """Undo the cancellation of an order, and return it; do nothing if it is not canceled.

    Raises the errors of `cancel_order`.
    """
    _require_private(actor)
    change = _OrderChange(reference, actor, "reopened", is_current, now, key)
    return change.run(lambda order: order._replace(canceled_at=None, cancel_reason=None))


def bin_order(
    reference: str, *, actor: Actor, is_current: VersionCheck = None, now: datetime | None = None
) -> Order:
    """Move an order to the bin and return it; afterwards only `restore_order` can change it.

    Raises Forbidden for a public token, NotFound if there is no such order outside the bin, and
    StaleVersion as `change_order` does.
    """
    _require_private(actor)
    change = _OrderChange(reference, actor, "binned", is_current, now, topic=Topic.DELETED)
    return change.run(lambda order: order._replace(deleted_at=change.at))


def restore_order(
    reference: str,
    *,
    actor: Actor,
    is_current: VersionCheck = None,
    key: IdempotencyKey | None = None,
    now: datetime | None = None,
) -> Order:
    """Take an order out of the bin, and return it; do nothing if it is not in the bin.

    Raises Forbidden for a public token, NotFound for an unknown order, StaleVersion as
    `change_order` does, and KeyAlreadyUsed if a request with this key has already restored the
    order.
    """
    _require_private(actor)
    change = _OrderChange(reference, actor, "restored", is_current, now, key, may_be_binned=True)
    return change.run(lambda order: order._replace(deleted_at=None))


LINK_SENT = "link sent"  # the action; its changes are `{"to": address}`


def note_link_sent(reference: str, to: str, *, actor: Actor) -> None:
    """Record in an order's history that the customer page's link was mailed to the address `to`.

    The order and its version do not change. Raises NotFound if there is no such order outside the
    bin.
    """
    order = find_order(reference, actor.org_id)
    entry = history_row(order, actor, LINK_SENT, {"to": to}, at=now_or(None))
    stored = insert(tables.order_history).values(entry)
    database.write(lambda connection: connection.execute(stored).close())


@dataclass
class _OrderChange:
    """One change of one order, as a transaction that can be run again after a lost connection.

    `action` is the action of the history entry, and `topic` is that of the webhook messages. If
    `may_be_binned` is true, the order may be in the bin. `pasted` is the text that the change was
    entered from.
    """

    reference: str
    actor: Actor
    action: str
    is_current: VersionCheck
    now: datetime | None = None
    key: IdempotencyKey | None = None
    topic: Topic = Topic.UPDATED
    may_be_binned: bool = False
    pasted: str = ""
    # The time of the change. It is taken in the transaction, which may have waited for others.
    at: datetime = field(init=False)
    # What the first run wrote: a second run after a lost answer must not write it again.
    _done: Order | None = field(default=None, init=False)

    def run(self, change: Callable[[Order], Order]) -> Order:
        return database.write(lambda connection: self._run(connection, change))

    def _run(self, connection: Connection, change: Callable[[Order], Order]) -> Order:
        before = self._read(connection)
        self.at = now_or(self.now)
        if self._done is not None and (self._done.version, self._done) == (before.version, before):
            return self._done
        if self.is_current is not None and not self.is_current(before.version):
            raise StaleVersion
        after = change(before)
        refuse_if_canceled(before, after)
        if not is_same(before, after):
            at = self.at
            if at < before.updated_at:  # the clock was set back, and clients still poll onward
                at = before.updated_at + TICK
            version = before.version + 1
            cart = with_line_ids(before.cart, after.cart, version)
            after = after._replace(updated_at=at, version=version, cart=cart)
            self._write(connection, before, after)
        idempotency.remember(connection, self.key, self.actor, after, at=self.at)
        self._done = after
        return after

    def _read(self, connection: Connection) -> Order:
        which = (tables.orders.c.org_id == self.actor.org_id, names_order(self.reference))
        # Two transactions on PostgreSQL wait for each other here; SQLite has one writer anyway. A
        # statement of its own: the lines must be read after the wait.
        connection.execute(select(tables.orders.c.id).where(*which).with_for_update())
        found = connection.execute(any_order.where(*which)).one_or_none()
        if found is None or (found.deleted_at is not None and not self.may_be_binned):
            raise NotFound(lazy_gettext("There is no order with this ID."))
        return order_from(found)

    def _write(self, connection: Connection, before: Order, after: Order) -> None:
        row = order_row(after)
        connection.execute(update(tables.orders).where(tables.orders.c.id == after.id).values(row))
        if not same_json(lines_as_json(before.cart), lines_as_json(after.cart)):
            of_order = tables.cart_line.c.order_id == after.id
            connection.execute(delete(tables.cart_line).where(of_order))
            if after.cart:
                connection.execute(insert(tables.cart_line), changed_line_rows(after))
        store_dates(connection, before, after, self.actor.org.attributes)
        store_changes(connection, before, after)
        entry = history_row(
            after, self.actor, self.action, difference(before, after), at=after.updated_at
        )
        connection.execute(insert(tables.order_history), entry)
        if self.pasted:
            keep_pasted(connection, after, self.pasted, at=after.updated_at)
        to_send = messages(self.topic, after, self.actor.org, at=after.updated_at)
        if to_send:
            connection.execute(insert(tables.webhook_delivery), to_send)


def _require_open_or_private(order: Order, actor: Actor) -> None:
    if not actor.is_private and order.status not in OPEN_CARTS:
        raise Forbidden(
            lazy_gettext(
                "An order with status %(status)s can be changed with a private token only.",
                status=STATUS_TEXTS[order.status],
            )
        )


def _require_private(actor: Actor) -> None:
    if not actor.is_private:
        raise Forbidden(lazy_gettext("This needs a private token."))


def _unknown_errors(lines: Sequence[CartLine], actor: Actor) -> list[FieldError]:
    named = [(position, line.configuration_id) for position, line in enumerate(lines)]
    return products.unknown_errors(named, actor)


REBUILT_AT_ONCE = 500  # orders in one transaction, so that others wait for few of them


def rebuild_sort_keys(progress: Begin = no_progress) -> int:
    """Recompute the sort keys that an older version of `sort_key` has made.

    Returns the number of orders with new sort keys. Their versions and histories do not change.
    """
    table = tables.orders
    rebuilt, last = 0, ""
    outdated = select(func.count()).select_from(table).where(table.c.sort_version != VERSION)
    step = progress("Rewriting keys of orders", database.fetch_value(outdated))
    while True:
        old = (
            select(table.c.id, table.c.name, table.c.customer_id)
            .where(table.c.id > last, table.c.sort_version != VERSION)
            .order_by(table.c.id)
            .limit(REBUILT_AT_ONCE)
        )
        with database.transaction() as connection:
            # No order changes between reading and writing.
            rows = connection.execute(old.with_for_update()).all()
            for row in rows:
                keys = {"name_key": sort_key(row.name), "customer_key": sort_key(row.customer_id)}
                changed = update(table).where(table.c.id == row.id)
                connection.execute(changed.values(**keys, sort_version=VERSION))
            settle_at_once(connection, [row.id for row in rows])
        if not rows:
            return rebuilt
        step(len(rows))
        rebuilt, last = rebuilt + len(rows), rows[-1].id
