"""Histories: what an entry says, and the names of the people and tokens that it is by."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from orders.storage import database
from orders.storage.models.orgs import Token
from orders.storage.models.people import StaffAccount
from orders.storage.tables import shown_name

# The action of the first entry: where an order or a customer record is from.
CREATED = "created"
IMPORTED = "imported"
CHANGED = "changed"
DELETED = "binned"
RESTORED = "restored"


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """An event in the history of an order or a customer record.

    `changes` has the old and the new value of each changed field, as `difference` in
    `domain.changes` or `domain.customer` returned it. `actor_name` is a person's name or e-mail
    address, or a token's name; `actor_kind` is "staff" or "token". `action` is a word such as
    "created".
    """

    at: datetime
    actor_name: str
    action: str
    changes: dict[str, Any]
    actor_kind: str = "staff"


def entries_from(rows: Sequence[Any], org_id: str) -> tuple[HistoryEntry, ...]:
    """Return rows of a history table as entries, in the same order.

    If the person or token of an entry is unknown, `actor_name` is its ID.
    """
    names = actor_names({row.actor_id for row in rows}, org_id)
    return tuple(
        HistoryEntry(
            row.at, names.get(row.actor_id, row.actor_id), row.action, row.changes, row.actor_kind
        )
        for row in rows
    )


def actor_names(actor_ids: set[str], org_id: str) -> dict[str, str]:
    """Return the names of staff accounts and tokens by ID, without unknown IDs.

    The name of a person who has not entered one is their e-mail address.
    """
    staff = select(StaffAccount.id, shown_name).where(
        StaffAccount.org_id == org_id, StaffAccount.id.in_(actor_ids)
    )
    tokens = select(Token.id, Token.name).where(Token.org_id == org_id, Token.id.in_(actor_ids))
    with database.read() as connection:
        found = [*connection.execute(staff), *connection.execute(tokens)]
    return {row[0]: row[1] for row in found}
