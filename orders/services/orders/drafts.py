"""Forms that are kept: what a person has typed and not saved yet, and the org's templates.

A draft belongs to one person and has a key. That of a new order is the key of its form; once the
key has created an order there is no draft any more, whatever the table still contains. That of a
change is made from its order (`change_key`); its fields include the version of the order from which
the change began, so that a person who goes on days later still changes only what they have touched.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, delete, exists, func, or_, select, update

from orders.domain.errors import Conflict, FieldError, InvalidInput, NotFound
from orders.domain.moments import now_or
from orders.domain.order import Order
from orders.domain.texts import lazy_gettext
from orders.services.accounts.access import Actor
from orders.storage import database
from orders.storage.tables import draft, insert_new, order_template, submission, upsert

KEPT_FOR = timedelta(days=60)  # after its last change
# How long the end of a change is remembered: longer than any request of its page can take.
END_KEPT_FOR = timedelta(hours=1)
MOST_LISTED = 50
MAX_TITLE = 255  # characters

# Names and values of a form's fields, in its order.
Fields = list[list[str]]

# Prefix of the keys of changes of stored orders; no form's key contains a colon.
_CHANGE = "change:"


CHANGED_ELSEWHERE = lazy_gettext(
    "This draft was changed in another window, so it is not saved from here any more. "
    "Load the page again to see the other one, or place the order as it stands here."
)
OTHER_CHANGES = lazy_gettext(
    "Not kept as a draft: you have other changes of this order, or have ended these "
    "in another window. Save here, or open the order again."
)


class DraftChanged(Conflict):
    """Raised if another window has saved this draft meanwhile, or has ended the changes."""


@dataclass(frozen=True, slots=True)
class DraftSummary:
    """A listed draft of a new order; `title` is its name or customer or `""`, `lines` a number."""

    key: str
    title: str
    lines: int
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class FormDraft:
    """A draft with the fields that were typed; `version` rises with every save."""

    fields: Fields
    version: int
    changed_at: datetime


def change_key(order_id: str) -> str:
    """Return the key of a person's draft of changes of this stored order; each has at most one."""
    return f"{_CHANGE}{order_id}"


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
    """Save what was typed into an order form as a draft; return the version for the next save.

    `key` identifies the form; `title` and `lines` (their number) are for the list of drafts. `page`
    is an ID of the open page that saves, `version` what it has loaded or saved last, 0 for a new
    form. Raises DraftChanged if another page has saved since. Saves nothing and returns 0 if the
    form's order is placed. Empty `fields` mean that nothing is left to save.
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

    with database.transaction() as connection:
        if connection.execute(select(_is_placed(key, actor))).scalar():
            return 0
        row = {"staff_id": actor.id, "key": key, "version": 1, "created_at": at, **values}
        if insert_new(connection, draft, row):
            return 1
        found = connection.execute(_stored(key, actor)).one()
        if found.fields == fields and found.discarded_at is None:
            return int(found.version)
        if _is_refused(found, version, page):
            raise DraftChanged(OTHER_CHANGES if key.startswith(_CHANGE) else CHANGED_ELSEWHERE)
        following = int(found.version) + 1
        connection.execute(
            update(draft).where(_named(key, actor)).values(version=following, **values)
        )
        return following


def find_draft(key: str, actor: Actor) -> FormDraft | None:
    """Return the person's draft with this key; None if there is none, or if its order is placed."""
    statement = select(draft.c.fields, draft.c.version, draft.c.changed_at).where(
        _named(key, actor), ~_is_placed(key, actor)
    )
    found = database.fetch_one(statement)
    return None if found is None else FormDraft(*found)


def list_drafts(actor: Actor, *, but: str = "") -> list[DraftSummary]:
    """Return the person's drafts of new orders, newest first, at most MOST_LISTED.

    The draft with the key `but`, that of the open page, is left out.
    """
    placed = exists().where(
        submission.c.actor_id == draft.c.staff_id, submission.c.key == draft.c.key
    )
    statement = (
        select(draft.c.key, draft.c.title, draft.c.lines, draft.c.changed_at)
        .where(
            draft.c.staff_id == actor.id,
            draft.c.key != but,
            ~draft.c.key.startswith(_CHANGE, autoescape=True),
            draft.c.discarded_at.is_(None),
            ~placed,
        )
        .order_by(draft.c.changed_at.desc(), draft.c.key)
        .limit(MOST_LISTED)
    )
    return [DraftSummary(*row) for row in database.fetch_all(statement)]


def discard_draft(key: str, actor: Actor) -> None:
    """Hide a draft from the list; it can still be opened by its key, and a save restores it.

    `clear_old` deletes it later. A draft that does not exist is no error.
    """
    database.execute(update(draft).where(_named(key, actor)).values(discarded_at=now_or(None)))


def end_change(order: Order, actor: Actor, *, version: int, page: str) -> bool:
    """Empty the draft of changes of a stored order, because they were saved or discarded.

    Returns False, and keeps the draft, if another page has saved it since. `version` and `page` are
    as for `save_draft`. A save that arrives late from the same page is refused for END_KEPT_FOR,
    unless `page` is `""`.
    """
    key, at = change_key(order.id), now_or(None)
    values = {"fields": [], "title": "", "lines": 0, "changed_at": at, "discarded_at": at}

    with database.transaction() as connection:
        row = {"staff_id": actor.id, "key": key, "version": 1, "created_at": at, "page": page}
        if page and insert_new(connection, draft, {**row, **values}):
            return True
        found = connection.execute(_stored(key, actor)).one_or_none()
        if found is None:
            return True
        if found.fields and _is_refused(found, version, page):
            return False
        following = {"version": int(found.version) + 1, "page": page or found.page}
        connection.execute(update(draft).where(_named(key, actor)).values(**following, **values))
        return True


def clear_old(now: datetime | None = None) -> int:
    """Delete drafts unchanged for KEPT_FOR, and ended ones after END_KEPT_FOR; return how many."""
    at = now_or(now)
    is_end = and_(
        draft.c.key.startswith(_CHANGE, autoescape=True), draft.c.discarded_at <= at - END_KEPT_FOR
    )
    statement = delete(draft).where(or_(draft.c.changed_at <= at - KEPT_FOR, is_end))
    return database.execute(statement)


def _stored(key: str, actor: Actor) -> Select[Any]:
    columns = (draft.c.version, draft.c.page, draft.c.fields, draft.c.discarded_at)
    return select(*columns).where(_named(key, actor)).with_for_update()


def _is_refused(found: Row[Any], version: int, page: str) -> bool:
    if found.fields:
        return bool(found.version != version and found.page != page)
    # A page that has ended its change must not bring it back by a save that arrives late.
    return bool(found.discarded_at is not None and found.page == page and version < found.version)


def _named(key: str, actor: Actor) -> ColumnElement[bool]:
    return and_(draft.c.staff_id == actor.id, draft.c.key == key)


def _is_placed(key: str, actor: Actor) -> Any:  # noqa: ANN401 - SQLAlchemy's EXISTS, also a column
    return exists().where(submission.c.actor_id == actor.id, submission.c.key == key)


def find_change(order: Order, actor: Actor) -> FormDraft | None:
    """Return what this person has typed into the form of a stored order and not saved, or None.

    Also None for an order in the bin, which cannot be changed; its draft is kept.
    """
    if order.deleted_at is not None:
        return None
    found = find_draft(change_key(order.id), actor)
    return found if found is not None and found.fields else None


def save_change(order: Order, fields: Fields, *, actor: Actor, version: int, page: str) -> int:
    """Save what was typed into the form of a stored order as a draft; return its next `version`.

    `fields` are all fields of the form, or none if nothing differs from the order; `version` and
    `page` are as for `save_draft`. Returns 0 if there is nothing to save. Raises DraftChanged if
    another page has saved since, or if this page has ended its changes.
    """
    if not fields and not version:
        return 0
    key = change_key(order.id)
    return save_draft(key, fields, actor=actor, title="", lines=0, version=version, page=page)


MAX_NAME = 100  # characters
MAX_TEMPLATES = 200  # templates of an org


@dataclass(frozen=True, slots=True)
class Template:
    """A saved order form in a list, without its fields; `created_by` is the ID of an account."""

    id: str
    name: str
    created_by: str


def save_template(name: str, fields: Fields, *, actor: Actor) -> str:
    """Save an order form as a template of the org, or replace that of this name; return its ID.

    Raises InvalidInput for a name that is empty or too long, and Conflict beyond MAX_TEMPLATES.
    """
    name = " ".join(name.replace("\0", " ").split())
    if not name or len(name) > MAX_NAME:
        message = lazy_gettext("A name of 1 to %(most)s characters is needed.", most=MAX_NAME)
        raise InvalidInput([FieldError("templateName", message)])
    key = {"org_id": actor.org_id, "name": name}
    values = {"fields": fields, "created_at": now_or(None), "created_by": actor.id}
    mine = order_template.c.org_id == actor.org_id
    every = select(order_template.c.name, order_template.c.id).where(mine)

    with database.transaction() as connection:
        upsert(connection, order_template, key, values, {"id": str(uuid.uuid4())})
        ids = {row.name: row.id for row in connection.execute(every)}
        if len(ids) > MAX_TEMPLATES:
            raise Conflict(
                lazy_gettext(
                    "There are %(most)s templates already. Remove one that nobody needs.",
                    most=MAX_TEMPLATES,
                )
            )
        return str(ids[name])


def list_templates(actor: Actor) -> list[Template]:
    """Return the templates of the org, sorted by name without regard to case."""
    statement = (
        select(order_template.c.id, order_template.c.name, order_template.c.created_by)
        .where(order_template.c.org_id == actor.org_id)
        .order_by(func.lower(order_template.c.name), order_template.c.id)
    )
    return [Template(*row) for row in database.fetch_all(statement)]


def find_template(template_id: str, actor: Actor) -> Fields:
    """Return the form fields of a template of the org. Raises NotFound if there is none."""
    statement = select(order_template.c.fields).where(*_template(template_id, actor))
    fields: Fields | None = database.fetch_value(statement)
    if fields is None:
        raise NotFound(lazy_gettext("There is no such template."))
    return fields


def remove_template(template_id: str, actor: Actor) -> str:
    """Delete a template of the org and return its name. Raises NotFound if there is none."""
    own = delete(order_template).where(*_template(template_id, actor))
    with database.transaction() as connection:
        name = connection.execute(own.returning(order_template.c.name)).scalar()
    if name is None:
        raise NotFound(lazy_gettext("There is no such template."))
    return str(name)


def _template(template_id: str, actor: Actor) -> tuple[ColumnElement[bool], ...]:
    own_id = template_id.replace("\0", "")
    return order_template.c.org_id == actor.org_id, order_template.c.id == own_id
