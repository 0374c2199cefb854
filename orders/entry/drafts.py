"""What a person has typed and not placed yet: neither a crash nor a closed page loses it.

A draft belongs to one person and stands under the key of its form. Once the key has made an order
there is no draft any more, whatever the table still holds.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, insert, select, update

from orders.access import Actor
from orders.rules.errors import Conflict
from orders.rules.moments import now_or
from orders.rules.texts import mark
from orders.storage import database
from orders.storage.tables import draft, submission

KEPT_FOR = timedelta(days=60)  # after its last change
MOST_LISTED = 50
MAX_TITLE = 255  # characters

# Names and values of a form's fields, in its order.
Fields = list[list[str]]


class DraftChanged(Conflict):
    """Another window or computer has saved this draft meanwhile."""

    def __init__(self) -> None:
        super().__init__(
            mark(
                "This draft was changed in another window, so it is not saved from here any more. "
                "Load the page again to see the other one, or place the order as it stands here."
            )
        )


@dataclass(frozen=True, slots=True)
class DraftSummary:
    """A draft in a list; `title` is empty when neither name nor customer was typed."""

    key: str
    title: str
    lines: int
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft with all that was typed; `version` rises with every save."""

    fields: Fields
    version: int
    changed_at: datetime


def save_draft(
    key: str,
    fields: Fields,
    *,
    actor: Actor,
    title: str,
    lines: int,
    version: int,
    page: str,
    now: datetime | None = None,
) -> int:
    """Keep what stands on a form; gives the version to save over next.

    `page` names the open page that saves, `version` is what it has loaded or saved last, 0 for a
    new form. Raises DraftChanged when another page has saved since: then nothing is overwritten.
    The same content again is no change. A form whose order is placed keeps nothing and gives 0.
    """
    at = now_or(now)
    values = {
        "fields": fields,
        "title": title.replace("\0", "")[:MAX_TITLE],
        "lines": lines,
        "changed_at": at,
        "page": page,
        "discarded_at": None,
    }

    def work(connection: Connection) -> int:
        if connection.execute(select(_is_placed(key, actor))).scalar():
            return 0
        found = connection.execute(
            select(draft.c.version, draft.c.page, draft.c.fields)
            .where(_named(key, actor))
            .with_for_update()
        ).one_or_none()
        if found is None:
            row = {"staff_id": actor.id, "key": key, "version": 1, "created_at": at}
            connection.execute(insert(draft), {**row, **values})
            return 1
        if found.fields == fields:
            return int(found.version)
        if found.version != version and found.page != page:
            raise DraftChanged
        following = int(found.version) + 1
        connection.execute(
            update(draft).where(_named(key, actor)).values(version=following, **values)
        )
        return following

    return database.write(work)


def find_draft(key: str, actor: Actor) -> Draft | None:
    """Give the person's draft under this key, unless its order is placed."""
    statement = select(draft.c.fields, draft.c.version, draft.c.changed_at).where(
        _named(key, actor), ~_is_placed(key, actor)
    )
    with database.read() as connection:
        found = connection.execute(statement).one_or_none()
    return None if found is None else Draft(*found)


def list_drafts(actor: Actor, *, but: str = "") -> list[DraftSummary]:
    """List the person's drafts, the newest first, at most MOST_LISTED; without the one of `but`."""
    placed = exists().where(
        submission.c.actor_id == draft.c.staff_id, submission.c.key == draft.c.key
    )
    statement = (
        select(draft.c.key, draft.c.title, draft.c.lines, draft.c.changed_at)
        .where(
            draft.c.staff_id == actor.id,
            draft.c.key != but,
            draft.c.discarded_at.is_(None),
            ~placed,
        )
        .order_by(draft.c.changed_at.desc(), draft.c.key)
        .limit(MOST_LISTED)
    )
    with database.read() as connection:
        return [DraftSummary(*row) for row in connection.execute(statement)]


def discard_draft(key: str, actor: Actor, *, now: datetime | None = None) -> None:
    """Take a draft out of the list; until it is cleared away, its address and a save bring it back.

    One that is not there is no error.
    """
    at = now_or(now)
    statement = update(draft).where(_named(key, actor)).values(discarded_at=at)
    database.write(lambda connection: connection.execute(statement).rowcount)


def clear_old(now: datetime | None = None) -> int:
    """Forget drafts that nobody has changed for KEPT_FOR; gives how many."""
    before = (now_or(now)) - KEPT_FOR
    statement = delete(draft).where(draft.c.changed_at <= before)
    return database.write(lambda connection: connection.execute(statement).rowcount)


def _named(key: str, actor: Actor) -> ColumnElement[bool]:
    return and_(draft.c.staff_id == actor.id, draft.c.key == key)


def _is_placed(key: str, actor: Actor) -> Any:  # noqa: ANN401 - SQLAlchemy's EXISTS, also a column
    return exists().where(submission.c.actor_id == actor.id, submission.c.key == key)
