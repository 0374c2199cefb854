"""The list of all orgs, for the person who runs the service."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from orders.storage import database
from orders.storage.models.orgs import Org


@dataclass(frozen=True, slots=True)
class OrgEntry:
    """An org in the list of all orgs."""

    id: str
    name: str
    created_at: datetime


def list_orgs() -> list[OrgEntry]:
    """Return all orgs, sorted by name."""
    statement = select(Org.id, Org.name, Org.created_at).order_by(func.lower(Org.name), Org.id)
    return [OrgEntry(**row._mapping) for row in database.fetch_all(statement)]
