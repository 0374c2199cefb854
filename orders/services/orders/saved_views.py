"""Saved views of the list of orders, and a person's preferences for their own list."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, delete, func, or_, select, update

from orders.domain.errors import Conflict, FieldError, Forbidden
from orders.domain.texts import lazy_gettext
from orders.services.accounts.access import StaffMember
from orders.services.accounts.checks import find_row, name_errors, refuse
from orders.storage import database
from orders.storage.tables import (
    insert_new,
    saved_view,
    shown_name,
    staff_account,
    staff_preference,
    upsert,
)

MAX_NAME = 80  # characters
MAX_VIEWS = 50  # of one person
COLUMNS = "orders.columns"  # key of the preference that names the columns of the list

# Names and values of an address, in their order.
Address = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class View:
    """A saved view of the order list: query parameters (`address`) with a name.

    `owner` is the name or e-mail address of the person who saved it; `is_own` is true if that is
    the person for whom it is listed.
    """

    id: str
    name: str
    is_shared: bool
    is_own: bool
    owner: str
    address: tuple[tuple[str, str], ...]


def list_views(member: StaffMember) -> tuple[View, ...]:
    """Return the person's own views and those that others in the org share, sorted by name."""
    seen = or_(saved_view.c.staff_id == member.id, saved_view.c.is_shared.is_(True))
    statement = (
        select(saved_view, shown_name.label("owner"))
        .join(staff_account, staff_account.c.id == saved_view.c.staff_id)
        .where(saved_view.c.org_id == member.org_id, seen)
        .order_by(func.lower(saved_view.c.name), saved_view.c.id)
    )
    return tuple(
        View(
            id=row.id,
            name=row.name,
            is_shared=row.is_shared,
            is_own=row.staff_id == member.id,
            owner=row.owner,
            address=tuple((name, value) for name, value in row.address),
        )
        for row in database.fetch_all(statement)
    )


def may_change(view: View, member: StaffMember) -> bool:
    """Return whether the person may change and delete the view: its owner and admins may."""
    return view.is_own or member.role == "admin"


def save_view(
    member: StaffMember, *, name: str, is_shared: bool, address: Address, view_id: str | None = None
) -> str:
    """Save query parameters of the order list (`address`) under a name, and return the view's ID.

    If a view with the ID `view_id` already exists, nothing is stored. Raises InvalidInput for a
    name that is empty, too long or used by another view of this person, and Conflict if the person
    would have more than MAX_VIEWS views.
    """
    at = datetime.now(UTC)
    checked, own_id = _checked(name), view_id or str(uuid.uuid4())
    row = {
        "id": own_id,
        "org_id": member.org_id,
        "staff_id": member.id,
        "name": checked,
        "is_shared": is_shared,
        "address": [list(pair) for pair in address],
        "created_at": at,
        "updated_at": at,
    }

    with database.transaction() as connection:
        own = saved_view.c.staff_id == member.id
        others = select(func.count()).where(own, saved_view.c.id != own_id)
        if connection.execute(others).scalar_one() >= MAX_VIEWS:
            raise Conflict(
                lazy_gettext("The limit is %(most)s views. Delete one first.", most=MAX_VIEWS)
            )
        _refuse_taken(connection, member.id, checked, own_id)
        insert_new(connection, saved_view, row)
    return own_id


def change_view(
    view_id: str, member: StaffMember, *, name: str, is_shared: bool, address: Address | None = None
) -> None:
    """Change the name, sharing and query parameters (`address`) of a saved view.

    If `address` is None, the query parameters stay unchanged. Raises InvalidInput for an invalid or
    used name, NotFound for a view that the person cannot see, and Forbidden for another person's
    view unless `member` is an admin.
    """
    checked = _checked(name)
    values: dict[str, object] = {"name": checked, "is_shared": is_shared}
    values["updated_at"] = datetime.now(UTC)
    if address is not None:
        values["address"] = [list(pair) for pair in address]

    with database.transaction() as connection:
        owner_id = _require(connection, view_id, member)
        _refuse_taken(connection, owner_id, checked, view_id)
        connection.execute(update(saved_view).where(saved_view.c.id == view_id).values(values))


def delete_view(view_id: str, member: StaffMember) -> None:
    """Delete a saved view; this deletes no orders.

    Raises NotFound for a view that the person cannot see, and Forbidden for another person's view
    unless `member` is an admin.
    """
    with database.transaction() as connection:
        _require(connection, view_id, member)
        connection.execute(delete(saved_view).where(saved_view.c.id == view_id))


def _require(connection: Connection, view_id: str, member: StaffMember) -> str:
    """Return the ID of a view's owner if the person may change the view.

    Raises NotFound for a view that the person cannot see, and Forbidden for another person's view
    unless `member` is an admin.
    """
    seen = or_(saved_view.c.staff_id == member.id, saved_view.c.is_shared)
    statement = select(saved_view.c.staff_id).where(
        saved_view.c.id == view_id, saved_view.c.org_id == member.org_id, seen
    )
    found = find_row(connection, statement, view_id, lazy_gettext("This view does not exist."))
    if found.staff_id != member.id and member.role != "admin":
        raise Forbidden(lazy_gettext("Only the owner or an admin can change this view."))
    return str(found.staff_id)


def _checked(name: str) -> str:
    """Return the name with single spaces. Raises InvalidInput if it is empty or too long."""
    bare = " ".join(name.split())
    refuse(name_errors(bare, MAX_NAME))
    return bare


def _refuse_taken(connection: Connection, staff_id: str, name: str, view_id: str) -> None:
    same = select(saved_view.c.id).where(
        saved_view.c.staff_id == staff_id, saved_view.c.name == name, saved_view.c.id != view_id
    )
    if connection.execute(same).first() is not None:
        refuse([FieldError("name", lazy_gettext("A view with this name already exists."))])


def read_preference(staff_id: str, key: str) -> Any:  # noqa: ANN401 - any JSON value
    """Return the JSON value that a person has stored under this key; None if there is none."""
    statement = select(staff_preference.c.value).where(
        staff_preference.c.staff_id == staff_id, staff_preference.c.key == key
    )
    return database.fetch_value(statement)


def keep_preference(staff_id: str, key: str, value: Any) -> None:  # noqa: ANN401 - any JSON value but null
    """Store a JSON value as a person's preference under this key, replacing any older value."""
    with database.transaction() as connection:
        upsert(connection, staff_preference, {"staff_id": staff_id, "key": key}, {"value": value})
