"""What the filters of the list offer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from orders.storage import database
from orders.storage.tables import orders, shown_name, staff_account, token

# Orders whose platform and store names are offered for choice: the newest ones.
MOST_SUGGESTED_FROM = 200


@dataclass(frozen=True, slots=True)
class Choices:
    """What the filters offer: people and tokens by ID, and names that recent orders carry."""

    people: tuple[tuple[str, str], ...]
    tokens: tuple[tuple[str, str], ...]
    platforms: tuple[str, ...]
    stores: tuple[str, ...]

    def name_of(self, actor_id: str) -> str | None:
        """Give a creator's name; None for an ID of nobody."""
        return dict(self.people + self.tokens).get(actor_id)


def read_choices(org_id: str) -> Choices:
    """Read who has made orders of the org, or could, and what its recent orders came from."""
    people = select(staff_account.c.id, shown_name).where(staff_account.c.org_id == org_id)
    tokens = select(token.c.id, token.c.name).where(token.c.org_id == org_id)
    recent = (
        select(orders.c.platform)
        .where(orders.c.org_id == org_id)
        .order_by(orders.c.created_at.desc(), orders.c.id.desc())
        .limit(MOST_SUGGESTED_FROM)
    )
    with database.read() as connection:
        by_person = [(row[0], row[1]) for row in connection.execute(people)]
        by_token = [(row[0], row[1]) for row in connection.execute(tokens)]
        platforms = list(connection.execute(recent).scalars())
    return Choices(
        people=tuple(sorted(by_person, key=lambda one: one[1].casefold())),
        tokens=tuple(sorted(by_token, key=lambda one: one[1].casefold())),
        platforms=_texts_of(platforms, "platform"),
        stores=_texts_of(platforms, "storeName"),
    )


def _texts_of(objects: Sequence[dict[str, Any]], key: str) -> tuple[str, ...]:
    return tuple(
        sorted({text for one in objects if isinstance(text := one.get(key), str) and text})
    )
