"""Drafts, which keep what a person has typed into an order form, and the org's form templates.

A draft belongs to one person and has a key. For a new order this is the key of the order form; once
an order was created with the key, the draft no longer counts, even if its row still exists. For
changes of a stored order, the key is made from the order's ID (`change_key`), and the draft's
fields include the version of the order from which the person started. A person who continues days
later therefore still changes only the fields that they have edited.
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
    "This draft was changed in another window and is no longer saved from here. "
    "Reload to see the other version, or place the order as it is here."
)
OTHER_CHANGES = lazy_gettext(
    "Draft not saved: you changed or closed this order in another window. Save "
    "here, or open the order again."
)


class DraftChanged(Conflict):
    """Raised if a draft cannot be saved because another window has saved or ended it.

    A draft of changes to an order ends when the changes are saved to the order or discarded.
    """


@dataclass(frozen=True, slots=True)
class DraftSummary:
    """A draft of a new order in a list.

    `title` is the name or customer of the order, or empty if neither is known; `lines` is the
    number of its lines.
    """

    key: str
    title: str
    lines: int
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class FormDraft:
    """A draft with the fields that were typed; `version` increases with every save."""

    fields: Fields
    version: int
    changed_at: datetime


def change_key(order_id: str) -> str:
    """Return the key of a person's draft of changes to this order; each person has at most one."""
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
    """Save what was typed into an order form as a draft, and return the draft's new version.

    `key` identifies the form. `title` and `lines`, the number of lines, are for the list of drafts.
    `page` is an ID of the open browser page that saves, and `version` is the version that this page
    has loaded or saved last, or 0 for a new form. Empty `fields` mean that nothing is left to save.
    Raises DraftChanged if another page has saved since. If an order was already created from the
    form, nothing is saved, and 0 is returned.
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
    """Return the person's draft with this key.

    Returns None if there is none, or if an order was already created with the key.
    """
    statement = select(draft.c.fields, draft.c.version, draft.c.changed_at).where(
        _named(key, actor), ~_is_placed(key, actor)
    )
    found = database.fetch_one(statement)
    return None if found is None else FormDraft(*found)


def list_drafts(actor: Actor, *, but: str = "") -> list[DraftSummary]:
    """Return the person's drafts of new orders, newest first, at most MOST_LISTED.

    `but` is the key of a draft to leave out, such as that of the open form; empty leaves out none.
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
    """Hide a draft from the list of drafts; do nothing if there is no such draft.

    The draft can still be opened by its key, and the next save puts it back on the list.
    `clear_old` deletes it later.
    """
    database.execute(update(draft).where(_named(key, actor)).values(discarded_at=now_or(None)))


def end_change(order: Order, actor: Actor, *, version: int, page: str) -> bool:
    """Empty a person's draft of changes to an order after the changes were saved or discarded.

    `version` and `page` are as for `save_draft`. Returns False, and keeps the draft, if another
    page has saved it since; else True. For END_KEPT_FOR, a late save by the same page is refused,
    unless `page` is empty.
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


def has_ended(order: Order, actor: Actor, page: str) -> bool:
    """Return whether this page has saved or discarded changes to the order before.

    `page` is as for `save_draft`. False after END_KEPT_FOR, or if another page has ended since.
    """
    ended = (draft.c.page == page, draft.c.discarded_at.is_not(None))
    statement = select(draft.c.key).where(_named(change_key(order.id), actor), *ended)
    return bool(page) and database.fetch_one(statement) is not None


def clear_old(now: datetime | None = None, *, kept_for: timedelta = KEPT_FOR) -> int:
    """Delete old drafts, and return their number.

    Drafts are deleted `kept_for` after their last change. Drafts of changes that were saved or
    discarded are deleted END_KEPT_FOR after that.
    """
    at = now_or(now)
    is_end = and_(
        draft.c.key.startswith(_CHANGE, autoescape=True), draft.c.discarded_at <= at - END_KEPT_FOR
    )
    statement = delete(draft).where(or_(draft.c.changed_at <= at - kept_for, is_end))
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
    """Return this person's draft of unsaved changes to a stored order, or None if there is none.

    Also returns None if the order is in the bin, where it cannot be changed; the draft is kept.
    """
    if order.deleted_at is not None:
        return None
    found = find_draft(change_key(order.id), actor)
    return found if found is not None and found.fields else None


def save_change(order: Order, fields: Fields, *, actor: Actor, version: int, page: str) -> int:
    """Save what was typed into the form of a stored order as a draft; return its new version.

    `fields` are all fields of the form, or empty if nothing differs from the order; `version` and
    `page` are as for `save_draft`. Returns 0 if there is nothing to save. Raises DraftChanged if
    another page has saved since, or if this page has already ended its changes.
    """
    if not fields and not version:
        return 0
    key = change_key(order.id)
    return save_draft(key, fields, actor=actor, title="", lines=0, version=version, page=page)


MAX_NAME = 100  # characters
MAX_TEMPLATES = 200  # templates of an org


@dataclass(frozen=True, slots=True)
class Template:
    """A template in a list, without its fields; `created_by` is the ID of a staff account."""

    id: str
    name: str
    created_by: str


def save_template(name: str, fields: Fields, *, actor: Actor) -> str:
    """Save an order form as a template of the org, and return the template's ID.

    A template with the same name is replaced. Raises InvalidInput for a name that is empty or too
    long, and Conflict if the org would have more than MAX_TEMPLATES templates.
    """
    name = " ".join(name.replace("\0", " ").split())
    if not name or len(name) > MAX_NAME:
        message = lazy_gettext("Enter a name with 1 to %(most)s characters.", most=MAX_NAME)
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
                    "The limit is %(most)s templates. Remove one you no longer need.",
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
        raise NotFound(lazy_gettext("This template does not exist."))
    return fields


def remove_template(template_id: str, actor: Actor) -> str:
    """Delete a template of the org and return its name. Raises NotFound if there is none."""
    own = delete(order_template).where(*_template(template_id, actor))
    with database.transaction() as connection:
        name = connection.execute(own.returning(order_template.c.name)).scalar()
    if name is None:
        raise NotFound(lazy_gettext("This template does not exist."))
    return str(name)


def _template(template_id: str, actor: Actor) -> tuple[ColumnElement[bool], ...]:
    own_id = template_id.replace("\0", "")
    return order_template.c.org_id == actor.org_id, order_template.c.id == own_id
