"""Internal notes of the team on an order. Only the desk shows them."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select

from orders.domain.errors import FieldError, Forbidden, InvalidInput, NotFound
from orders.domain.inputs import too_long
from orders.domain.json_values import find_unstorable
from orders.domain.moments import now_or
from orders.domain.order import Order
from orders.domain.texts import lazy_gettext
from orders.services.accounts.access import Actor
from orders.services.orders.queries import actor_names, names_order
from orders.storage import database
from orders.storage.models.orders import OrderNote
from orders.storage.tables import insert_new, order_note, orders

MAX_NOTE = 2_000  # characters
FIELD = "note"  # path in errors and name in forms


@dataclass(frozen=True, slots=True)
class Note:
    """A note; `actor_name` is its author's e-mail address."""

    id: str
    at: datetime
    actor_id: str
    actor_name: str
    text: str


def check_note(text: str) -> str:
    """Return the text as it is stored: stripped, with LF line ends.

    Raises InvalidInput if it is empty, longer than MAX_NOTE or cannot be stored.
    """
    note = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    errors = find_unstorable(note, FIELD, nesting=0)
    if not note:
        errors = [FieldError(FIELD, lazy_gettext("Write something first."))]
    elif len(note) > MAX_NOTE:
        errors = [FieldError(FIELD, too_long(MAX_NOTE, note))]
    if errors:
        raise InvalidInput(errors)
    return note


def note_row(
    order_id: str, text: str, *, actor: Actor, at: datetime, note_id: str | None = None
) -> dict[str, Any]:
    return {
        "id": note_id or str(uuid.uuid4()),
        "order_id": order_id,
        "at": at,
        "actor_id": actor.id,
        "text": text,
    }


def add_note(
    reference: str,
    text: str,
    *,
    actor: Actor,
    note_id: str | None = None,
    now: datetime | None = None,
) -> str:
    """Add a note to an order that is not in the bin, and return the note's ID.

    With a `note_id` (a UUID) the call is idempotent. Raises InvalidInput and NotFound.
    """
    note = check_note(text)
    new_id = note_id or str(uuid.uuid4())

    with database.transaction() as connection:
        order_id = _find_order(connection, reference, actor)
        row = note_row(order_id, note, actor=actor, at=now_or(now), note_id=new_id)
        insert_new(connection, order_note, row)
    return new_id


def list_notes(order: Order) -> tuple[Note, ...]:
    statement = (
        select(OrderNote.id, OrderNote.at, OrderNote.actor_id, OrderNote.text)
        .where(OrderNote.order_id == order.id)
        .order_by(OrderNote.at.desc(), OrderNote.id.desc())
    )
    with database.read() as connection:
        rows = connection.execute(statement).all()
    names = actor_names({row.actor_id for row in rows}, order.org_id)
    return tuple(
        Note(row.id, row.at, row.actor_id, names.get(row.actor_id, row.actor_id), row.text)
        for row in rows
    )


def remove_note(reference: str, note_id: str, *, actor: Actor) -> None:
    """Delete a note of the actor; do nothing if it does not exist.

    Raises NotFound for the order, and Forbidden for a note of another author.
    """
    with database.transaction() as connection:
        order_id = _find_order(connection, reference, actor)
        one = (order_note.c.id == note_id, order_note.c.order_id == order_id)
        author = connection.execute(select(order_note.c.actor_id).where(*one)).scalar_one_or_none()
        if author is not None and author != actor.id:
            raise Forbidden(lazy_gettext("Only its author may delete a note."))
        connection.execute(delete(order_note).where(*one))


def _find_order(connection: Connection, reference: str, actor: Actor) -> str:
    statement = select(orders.c.id).where(
        orders.c.org_id == actor.org_id, orders.c.deleted_at.is_(None), names_order(reference)
    )
    order_id = connection.execute(statement).scalar_one_or_none()
    if order_id is None:
        raise NotFound(lazy_gettext("There is no order with this ID."))
    return str(order_id)
