"""Save what a person has changed on the form of an order, however long ago it was opened.

A save changes only what this person has touched. What others have changed meanwhile stays; where
both have changed the same, nothing is saved and the conflicts are returned. People who have the
same order open see each other's names before they save.
"""

import operator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import delete, select

from orders.domain.changes import Merged, merge_orders, undo_difference
from orders.domain.errors import Conflict, ServiceBusy, StaleVersion
from orders.domain.inputs import Limits
from orders.domain.moments import now_or
from orders.domain.order import EDITABLE_FIELDS, Order, OrderChanges
from orders.domain.texts import lazy_gettext
from orders.services.accounts.access import Actor, StaffMember
from orders.services.orders import changes as order_changes
from orders.services.orders.queries import find_order
from orders.storage import database
from orders.storage.models.people import StaffAccount
from orders.storage.tables import order_editor, order_history, shown_name, upsert

# Others may change the order between reading and saving, but hardly TRIES times in a row.
TRIES = 5


@dataclass(frozen=True, slots=True)
class Saved:
    """The order as stored; `taken` are paths of fields that others changed since it was opened."""

    order: Order
    taken: tuple[str, ...]


class EditConflict(Conflict):
    """Raised on conflicting changes; `stored` is the order now, `merged` has those of both."""

    def __init__(self, stored: Order, merged: Merged) -> None:
        self.stored = stored
        self.merged = merged
        super().__init__(
            lazy_gettext("Somebody else has changed the same meanwhile. Nothing was saved.")
        )


def check_edit(base: Order, raw: dict[str, Any], *, actor: Actor, limits: Limits) -> Order:
    """Return the order `base` with the changes `raw`, checked; nothing is stored.

    `raw` has the changed fields by their JSON names. Raises InvalidOrder with every error, and
    Forbidden if it contains another org's ID.
    """
    changes = order_changes.check_changes(raw, actor=actor, limits=limits)
    return order_changes.changed_order(base, changes, actor)


def save_edit(
    order_id: str, version: int, raw: dict[str, Any], *, actor: Actor, limits: Limits
) -> Saved:
    """Save changes of fields of an order, which the person has opened in this version.

    `raw` has the changed fields by their JSON names. What others have changed since stays. Raises
    EditConflict if they have changed the same, InvalidOrder, NotFound, StaleVersion for a version
    that the order never had, and ServiceBusy if others change the order all the time.
    """
    for _ in range(TRIES):
        stored = find_order(order_id, actor.org_id)
        base = order_at(stored, version)
        mine = check_edit(base, raw, actor=actor, limits=limits)
        merged = merge_orders(base, mine, stored)
        if merged.conflicts:
            raise EditConflict(stored, merged)
        values = {field.name: getattr(merged.order, field.name) for field in EDITABLE_FIELDS}
        is_current = partial(operator.eq, stored.version)
        try:
            order = order_changes.change_order(
                order_id, OrderChanges(**values), actor=actor, is_current=is_current
            )
        except StaleVersion:
            continue
        return Saved(order, merged.taken)
    raise ServiceBusy(
        lazy_gettext("The order is being changed by others all the time. Please try again.")
    )


# The actions that raise an order's version.
_CHANGES = ("changed", "binned", "restored")


def order_at(order: Order, version: int) -> Order:
    """Return the order with its fields as they were in an earlier version; times do not change.

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
    changes = [row.changes for row in database.fetch_all(newest)]
    if len(changes) < steps:
        raise StaleVersion
    for change in changes:
        order = undo_difference(order, change)
    return order._replace(version=version)


# An open page sends a request every RENEWED seconds; after SILENT_FOR it counts as closed.
RENEWED = 20
SILENT_FOR = timedelta(seconds=50)


def note_editor(reference: str, member: StaffMember, *, now: datetime | None = None) -> list[str]:
    """Store that this person has the order open; return the sorted names of others who have.

    Raises NotFound if the org has no such order.
    """
    order = find_order(reference, member.org_id)
    at = now_or(now)

    with database.transaction() as connection:
        own = {"order_id": order.id, "staff_id": member.id}
        upsert(connection, order_editor, own, {"seen_at": at})
        others = (
            select(shown_name)
            .join(order_editor, order_editor.c.staff_id == StaffAccount.id)
            .where(
                order_editor.c.order_id == order.id,
                order_editor.c.staff_id != member.id,
                order_editor.c.seen_at > at - SILENT_FOR,
            )
            .order_by(shown_name)
        )
        return list(connection.execute(others).scalars())


def leave(reference: str, member: StaffMember) -> None:
    """Forget that this person has the order open. Raises NotFound if the org has no such order."""
    order = find_order(reference, member.org_id)
    own = (order_editor.c.order_id == order.id, order_editor.c.staff_id == member.id)
    database.execute(delete(order_editor).where(*own))


def clear_old(now: datetime | None = None) -> int:
    """Delete who had orders open in pages that were not renewed for SILENT_FOR; return how many."""
    before = now_or(now) - SILENT_FOR
    return database.execute(delete(order_editor).where(order_editor.c.seen_at <= before))
