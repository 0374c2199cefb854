"""Internal notes of the team on an order. Only the desk shows them."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select

from orders.domain.errors import FieldError, Forbidden
from orders.domain.inputs import too_long
from orders.domain.json_values import find_unstorable
from orders.domain.moments import now_or
from orders.domain.order import Order
from orders.domain.texts import lazy_gettext
from orders.services.accounts.access import Actor
from orders.services.accounts.checks import refuse
from orders.services.accounts.history import actor_names
from orders.services.orders.queries import find_order
from orders.storage import database
from orders.storage.tables import insert_new, order_note

MAX_NOTE = 2_000  # characters
FIELD = "note"  # path in errors and name in forms


@dataclass(frozen=True, slots=True)
class Note:
    """A note on an order.

    `actor_name` is the name or e-mail address of the author, or the author's ID if neither is
    known.
    """

    id: str
    at: datetime
    actor_id: str
    actor_name: str
    text: str


def check_note(text: str) -> str:
    """Return the text as it is stored: stripped, with LF line ends.

    Raises InvalidInput if the text is empty, is longer than MAX_NOTE or cannot be stored.
    """
    note = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    errors = find_unstorable(note, FIELD, nesting=0)
    if not note:
        errors = [FieldError(FIELD, lazy_gettext("Enter a note first."))]
    elif len(note) > MAX_NOTE:
        errors = [FieldError(FIELD, too_long(MAX_NOTE, note))]
    refuse(errors)
    return note


def note_row(
    order_id: str, text: str, *, actor: Actor, at: datetime, note_id: str | None = None
) -> dict[str, Any]:
    """Return a row for the table of notes.

    `text` must come from `check_note`. If `note_id` is None, a new ID is generated.
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
    """Add a note to the order with this UUID or short ID, and return the note's ID.

    `note_id` is a UUID that the caller may choose: a second call with the same one adds nothing.
    Raises InvalidInput for an invalid text, NotFound if the org has no such order outside the bin,
    and MistypedShortId if `reference` can be neither a UUID nor a short ID.
    """
    note = check_note(text)
    new_id = note_id or str(uuid.uuid4())

    order = find_order(reference, actor.org_id)
    row = note_row(order.id, note, actor=actor, at=now_or(now), note_id=new_id)

    with database.transaction() as connection:
        insert_new(connection, order_note, row)
    return new_id


def list_notes(order: Order) -> tuple[Note, ...]:
    """Return the notes on an order, newest first."""
    newest_first = (order_note.c.at.desc(), order_note.c.id.desc())
    of_order = order_note.c.order_id == order.id
    statement = select(order_note).where(of_order).order_by(*newest_first)
    rows = database.fetch_all(statement)
    names = actor_names({row.actor_id for row in rows}, order.org_id)
    return tuple(
        Note(row.id, row.at, row.actor_id, names.get(row.actor_id, row.actor_id), row.text)
        for row in rows
    )


def remove_note(reference: str, note_id: str, *, actor: Actor) -> None:
    """Delete a note that the actor has written; do nothing if the note does not exist.

    `reference` is the order's UUID or short ID. Raises NotFound if the org has no such order, and
    Forbidden if someone else wrote the note.
    """
    order = find_order(reference, actor.org_id)
    one = (order_note.c.id == note_id, order_note.c.order_id == order.id)

    with database.transaction() as connection:
        author = connection.execute(select(order_note.c.actor_id).where(*one)).scalar_one_or_none()
        if author is not None and author != actor.id:
            raise Forbidden(lazy_gettext("Only the author can delete a note."))
        connection.execute(delete(order_note).where(*one))
