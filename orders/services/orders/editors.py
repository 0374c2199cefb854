"""Who has an order open for editing, so that two people know of each other before they save."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from orders.domain.moments import now_or
from orders.services.accounts.access import StaffMember
from orders.services.orders.queries import find_order
from orders.storage import database
from orders.storage.models.people import StaffAccount
from orders.storage.tables import insert_new, order_editor, shown_name

# An open page sends a request every RENEWED seconds; after SILENT_FOR it counts as closed.
RENEWED = 20
SILENT_FOR = timedelta(seconds=50)


def note_editor(reference: str, member: StaffMember, *, now: datetime | None = None) -> list[str]:
    """Store that this person has the order open; return the names of others who have, sorted.

    Raises NotFound when the org has no such order.
    """
    order = find_order(reference, member.org_id)
    at = now_or(now)

    with database.transaction() as connection:
        row = {"order_id": order.id, "staff_id": member.id, "seen_at": at}
        if not insert_new(connection, order_editor, row):
            mine = (order_editor.c.order_id == order.id, order_editor.c.staff_id == member.id)
            connection.execute(update(order_editor).where(*mine).values(seen_at=at))
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
    """Store that this person has closed the order. Raises NotFound."""
    order = find_order(reference, member.org_id)
    statement = delete(order_editor).where(
        order_editor.c.order_id == order.id, order_editor.c.staff_id == member.id
    )
    with database.transaction() as connection:
        connection.execute(statement)


def clear_old(now: datetime | None = None) -> int:
    """Delete who had orders open long ago; return how many."""
    before = (now_or(now)) - SILENT_FOR
    statement = delete(order_editor).where(order_editor.c.seen_at <= before)
    with database.transaction() as connection:
        return connection.execute(statement).rowcount
