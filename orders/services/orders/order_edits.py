"""Save what a person has changed on the form of an order, however long ago it was opened.

A save changes only the fields that this person has edited, and keeps what others have changed in
the meantime. If both have changed the same field, nothing is saved, and the conflicts are reported.
People who have the same order open see each other's names before they save.
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
    """The result of saving changes to an order; `order` is the order as stored.

    `taken` are the paths of fields that others have changed since the form was opened.
    """

    order: Order
    taken: tuple[str, ...]


class EditConflict(Conflict):
    """Raised when another person has changed the same fields in the meantime.

    `stored` is the order as it is now; `merged` contains both people's changes, and the conflicts.
    """

    def __init__(self, stored: Order, merged: Merged) -> None:
        self.stored = stored
        self.merged = merged
        super().__init__(lazy_gettext("Someone else changed the same fields. Nothing was saved."))


def check_edit(base: Order, raw: dict[str, Any], *, actor: Actor, limits: Limits) -> Order:
    """Return the order `base` with the changes in `raw`, after checking them; store nothing.

    `raw` has the changed fields by their JSON names. Raises InvalidOrder with all errors, and
    Forbidden if `raw` contains another org's ID.
    """
    changes = order_changes.check_changes(raw, actor=actor, limits=limits)
    return order_changes.changed_order(base, changes, actor)


def save_edit(
    order_id: str, version: int, raw: dict[str, Any], *, actor: Actor, limits: Limits
) -> Saved:
    """Save a person's changes to an order, merged with what others have changed in the meantime.

    `version` is the version of the order that the person opened, and `raw` has the changed fields
    by their JSON names. Raises EditConflict if others have changed the same fields, InvalidOrder if
    the changes are invalid, NotFound if there is no such order outside the bin, StaleVersion for a
    version that the order never had, OrderCanceled if the order is canceled and its status or cart
    would change, and ServiceBusy if others keep changing the order while it is saved.
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
    raise ServiceBusy(lazy_gettext("Others keep changing this order. Please try again."))


# The actions that raise an order's version.
_CHANGES = ("changed", "canceled", "reopened", "binned", "restored")


def order_at(order: Order, version: int) -> Order:
    """Return the order with its fields as they were in an earlier version.

    The times of creation and of the last change, and whether it is canceled, stay as they are in
    `order`. Raises StaleVersion
    for a version that the order never had.
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
    """Record that this person has the order open; return the sorted names of others who do.

    Raises NotFound if the org has no such order outside the bin.
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
    """Record that this person has closed the order. Raises NotFound for an unknown order."""
    order = find_order(reference, member.org_id)
    own = (order_editor.c.order_id == order.id, order_editor.c.staff_id == member.id)
    database.execute(delete(order_editor).where(*own))


def clear_old(now: datetime | None = None) -> int:
    """Delete records of `note_editor` that are older than SILENT_FOR; return how many."""
    before = now_or(now) - SILENT_FOR
    return database.execute(delete(order_editor).where(order_editor.c.seen_at <= before))
