"""Notes of the team on an order: for the desk alone, never in an answer of another door."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, delete, select

from orders.access import Actor
from orders.queries import actor_names, names_order
from orders.rules.errors import FieldError, Forbidden, InvalidInput, NotFound
from orders.rules.inputs import too_long
from orders.rules.json_values import find_unstorable
from orders.rules.order import Order
from orders.rules.texts import mark
from orders.storage import database
from orders.storage.desk_models import OrderNote
from orders.storage.tables import insert_new, order_note, orders

MAX_NOTE = 2_000  # characters
FIELD = "note"  # its path in errors, and its name in forms


@dataclass(frozen=True, slots=True)
class Note:
    """A note; `actor_name` is its author's e-mail address."""

    id: str
    at: datetime
    actor_id: str
    actor_name: str
    text: str


def check_note(text: str) -> str:
    """Give the text as it is stored: line ends are one character, no blanks around it.

    Raises InvalidInput for one that is empty, longer than MAX_NOTE or cannot be stored.
    """
    kept = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    errors = find_unstorable(kept, FIELD, nesting=0)
    if not kept:
        errors = [FieldError(FIELD, mark("Write something first."))]
    elif len(kept) > MAX_NOTE:
        errors = [FieldError(FIELD, too_long(MAX_NOTE, kept))]
    if errors:
        raise InvalidInput(errors)
    return kept


def note_row(
    order_id: str, text: str, *, actor: Actor, at: datetime, note_id: str | None = None
) -> dict[str, Any]:
    """Give the row of `order_note` for a checked text.

    For whoever writes a note in a transaction of its own, such as that of a new order.
    """
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
    """Write a note on an order that is not in the bin; gives the note's ID.

    A note with this `note_id` (a UUID) is written once, however often it is sent. Raises
    InvalidInput for a text that is not fit, and NotFound.
    """
    kept = check_note(text)
    which = (
        orders.c.org_id == actor.org_id,
        orders.c.deleted_at.is_(None),
        names_order(reference),
    )
    made = note_id or str(uuid.uuid4())

    def work(connection: Connection) -> None:
        order_id = connection.execute(select(orders.c.id).where(*which)).scalar_one_or_none()
        if order_id is None:
            raise NotFound(mark("There is no order with this ID."))
        row = note_row(order_id, kept, actor=actor, at=now or datetime.now(UTC), note_id=made)
        insert_new(connection, order_note, row)

    database.write(work)
    return made


def list_notes(order: Order) -> tuple[Note, ...]:
    """Read all notes on an order, newest first."""
    statement = (
        select(OrderNote.id, OrderNote.at, OrderNote.actor_id, OrderNote.text)
        .where(OrderNote.order_id == order.id)
        .order_by(OrderNote.at.desc(), OrderNote.id.desc())
    )
    with database.read() as connection:
        rows = connection.execute(statement).all()
    names: Mapping[str, str] = actor_names({row.actor_id for row in rows}, order.org_id)
    return tuple(
        Note(row.id, row.at, row.actor_id, names.get(row.actor_id, row.actor_id), row.text)
        for row in rows
    )


def remove_note(reference: str, note_id: str, *, actor: Actor) -> None:
    """Delete one's own note; one that is gone already stays gone.

    Raises NotFound for an order of another org or in the bin, and Forbidden for a note of somebody
    else.
    """
    which = (
        orders.c.org_id == actor.org_id,
        orders.c.deleted_at.is_(None),
        names_order(reference),
    )

    def work(connection: Connection) -> None:
        order_id = connection.execute(select(orders.c.id).where(*which)).scalar_one_or_none()
        if order_id is None:
            raise NotFound(mark("There is no order with this ID."))
        one = (order_note.c.id == note_id, order_note.c.order_id == order_id)
        author = connection.execute(select(order_note.c.actor_id).where(*one)).scalar_one_or_none()
        if author is not None and author != actor.id:
            raise Forbidden(mark("Only its author may delete a note."))
        connection.execute(delete(order_note).where(*one))

    database.write(work)
