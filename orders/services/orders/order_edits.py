"""Save what a person has changed on the form of an order, however long ago it was opened.

A save changes only the fields and lines that this person has edited, and keeps what others have
changed in the meantime. If both have changed the same value, nothing is saved, and the conflicts
are reported, to be decided by choices. People who have the same order open see each other's names
before they save.
"""

import operator
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Row, delete, select

from orders.domain.changes import undo_difference
from orders.domain.errors import Conflict, FieldError, InvalidOrder, ServiceBusy, StaleVersion
from orders.domain.inputs import Limits
from orders.domain.json_values import same_json
from orders.domain.merging import (
    FieldConflict,
    Merged,
    Place,
    merge_orders,
    values_at,
    without_repeated_lines,
)
from orders.domain.moments import now_or
from orders.domain.order import EDITABLE_FIELDS, Order, OrderChanges
from orders.domain.texts import Figure, lazy_gettext
from orders.services.accounts.access import Actor, StaffMember
from orders.services.accounts.history import actor_names
from orders.services.orders import changes as order_changes
from orders.services.orders.change_rules import changed_order
from orders.services.orders.queries import find_order
from orders.storage import database
from orders.storage.models.people import StaffAccount
from orders.storage.tables import order_editor, order_history, shown_name, upsert

# Others may change the order between reading and saving, but hardly TRIES times in a row.
TRIES = 5


@dataclass(frozen=True, slots=True)
class OrderEdit:
    """What a person has changed on the form of an order.

    `version` is the version of the order that the person opened, and `raw` has the changed fields
    by their JSON names. If `cart` is one of them, `line_ids` has the ID of each of its lines, or
    None for a new line. `choices` are `keeps_mine` and `keeps_theirs` of conflicts. `is_repeated`
    is true if the page has saved changes of the order before. `pasted` is the text that was pasted
    into the form, which stays with the order if the edit changes it.
    """

    version: int
    raw: dict[str, Any]
    line_ids: Sequence[int | None] = ()
    choices: Collection[str] = ()
    is_repeated: bool = False
    pasted: str = ""


@dataclass(frozen=True, slots=True)
class Saved:
    """The result of saving changes to an order; `order` is the order as stored.

    `taken` are the places of values that others have changed since the form was opened.
    """

    order: Order
    taken: tuple[Place, ...]


class EditConflict(Conflict):
    """Raised when another person has changed the same values in the meantime.

    `stored` is the order as it is now; `merged` contains both people's changes, and the conflicts.
    """

    def __init__(self, stored: Order, merged: Merged) -> None:
        self.stored = stored
        self.merged = merged
        super().__init__(lazy_gettext("Someone else changed the same fields. Nothing was saved."))


def check_edit(base: Order, edit: OrderEdit, *, actor: Actor, limits: Limits) -> Order:
    """Return the order `base` with the changes of the edit, after checking them; store nothing.

    `base` is the order in the version of the edit. Raises InvalidOrder with all errors, and
    Forbidden if the edit contains another org's ID.
    """
    changes = order_changes.check_changes(edit.raw, actor=actor, limits=limits)
    if "cart" in changes.values:
        lines = zip(changes.values["cart"], edit.line_ids, strict=True)
        cart = tuple(replace(line, line_id=line_id) for line, line_id in lines)
        changes = OrderChanges(
            unchangeable=changes.unchangeable, **{**changes.values, "cart": cart}
        )
    return changed_order(base, changes, actor)


def merge_edit(stored: Order, edit: OrderEdit, *, actor: Actor, limits: Limits) -> Merged:
    """Merge an edit with what others have changed; `stored` is the order as it is now.

    Stores nothing. Raises InvalidOrder if the changes are invalid, and StaleVersion for a version
    that the order never had.
    """
    base = order_at(stored, edit.version)
    mine = check_edit(base, edit, actor=actor, limits=limits)
    if edit.is_repeated:
        mine = without_repeated_lines(base, mine, stored)
    merged = merge_orders(base, mine, stored, edit.choices)
    lines, most = len(merged.order.cart), limits.cart_lines
    if lines > max(most, len(mine.cart), len(stored.cart)):
        message = lazy_gettext(
            "At most %(most)s lines; with those of others it would have %(count)s.",
            most=Figure(most), count=Figure(lines),
        )  # fmt: skip
        raise InvalidOrder([FieldError("cart", message)])
    return merged


def save_edit(order_id: str, edit: OrderEdit, *, actor: Actor, limits: Limits) -> Saved:
    """Save a person's changes to an order, merged with what others have changed in the meantime.

    Raises EditConflict if others have changed the same values and the edit has no choice for them,
    InvalidOrder if the changes are invalid, NotFound if there is no such order outside the bin,
    StaleVersion for a version that the order never had, OrderCanceled if the order is canceled and
    its status or cart would change, and ServiceBusy if others keep changing the order while it is
    saved.
    """
    for _ in range(TRIES):
        stored = find_order(order_id, actor.org_id)
        merged = merge_edit(stored, edit, actor=actor, limits=limits)
        if merged.conflicts:
            raise EditConflict(stored, merged)
        values = {field.name: getattr(merged.order, field.name) for field in EDITABLE_FIELDS}
        is_current = partial(operator.eq, stored.version)
        try:
            order = order_changes.change_order(
                order_id, OrderChanges(**values), actor=actor, is_current=is_current,
                pasted=edit.pasted,
            )  # fmt: skip
        except StaleVersion:
            continue
        return Saved(order, merged.taken)
    raise ServiceBusy(lazy_gettext("Others keep changing this order. Please try again."))


# The actions that raise an order's version.
_CHANGES = ("changed", "canceled", "reopened", "binned", "restored")


def order_at(order: Order, version: int) -> Order:
    """Return the order with its fields as they were in an earlier version.

    The times of creation and of the last change, and whether it is canceled, stay as they are in
    `order`. Raises StaleVersion for a version that the order never had.
    """
    for earlier, _ in _earlier_versions(order, version):
        order = earlier
    return order


def _earlier_versions(order: Order, version: int) -> Iterator[tuple[Order, Row[Any]]]:
    """Yield each earlier version down to `version`, and the history row of the change after it."""
    steps = order.version - version
    if steps < 0 or version < 1:
        raise StaleVersion
    if steps == 0:
        return
    newest = (
        select(order_history)
        .where(order_history.c.order_id == order.id, order_history.c.action.in_(_CHANGES))
        .order_by(order_history.c.id.desc())
        .limit(steps)
    )
    rows = database.fetch_all(newest)
    if len(rows) < steps:
        raise StaleVersion
    for row in rows:
        before = undo_difference(order, row.changes)
        order = before._replace(version=order.version - 1)
        yield order, row


@dataclass(frozen=True, slots=True)
class Change:
    """Who has changed a value last, by name, and when."""

    by: str
    at: datetime


def last_changes(
    stored: Order, version: int, conflicts: Sequence[FieldConflict]
) -> dict[Place, Change]:
    """Return who has changed the values of conflicts last, by place.

    `stored` is the order as it is now, and `version` the version in which the changes began.
    """
    found: dict[Place, Row[Any]] = {}
    places = [one.place for one in conflicts]
    after = values_at(stored, places)
    for order, row in _earlier_versions(stored, version):
        before = values_at(order, places)
        for place in places:
            if not same_json(before[place], after[place]):
                found.setdefault(place, row)
        after = before
    names = actor_names({row.actor_id for row in found.values()}, stored.org_id)
    return {
        place: Change(names.get(row.actor_id, row.actor_id), row.at) for place, row in found.items()
    }


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
