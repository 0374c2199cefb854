"""Templates: prefilled forms that the org shares, such as the order that comes every week."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from orders.domain.errors import Conflict, FieldError, InvalidInput, NotFound
from orders.domain.moments import now_or
from orders.domain.texts import lazy_gettext
from orders.services.accounts.access import Actor
from orders.services.orders.drafts import Fields
from orders.storage import database
from orders.storage.tables import order_template

MAX_NAME = 100  # characters
MOST = 200  # templates of an org


@dataclass(frozen=True, slots=True)
class Template:
    """A template as a list shows it."""

    id: str
    name: str
    created_by: str


def save_template(name: str, fields: Fields, *, actor: Actor, now: datetime | None = None) -> str:
    """Save a form under a name for the whole org and return its ID; replace one of the same name.

    Raises InvalidInput for a name that is empty or too long, and Conflict when the org has MOST.
    """
    name = " ".join(name.replace("\0", " ").split())
    if not name or len(name) > MAX_NAME:
        message = lazy_gettext("A name of 1 to %(most)s characters is needed.", most=MAX_NAME)
        raise InvalidInput([FieldError("templateName", message)])
    template_id = str(uuid.uuid4())
    made = {"created_at": now_or(now), "created_by": actor.id}
    mine = order_template.c.org_id == actor.org_id

    def save(connection: Connection) -> str:
        same = select(order_template.c.id).where(mine, order_template.c.name == name)
        found = connection.execute(same).scalar()
        if found is not None:
            connection.execute(
                update(order_template)
                .where(order_template.c.id == found)
                .values(fields=fields, **made)
            )
            return str(found)
        count = select(func.count()).select_from(order_template).where(mine)
        if connection.execute(count).scalar_one() >= MOST:
            raise Conflict(
                lazy_gettext(
                    "There are %(most)s templates already. Remove one that nobody needs.", most=MOST
                )
            )
        row = {"id": template_id, "org_id": actor.org_id, "name": name, "fields": fields}
        connection.execute(insert(order_template), {**row, **made})
        return template_id

    try:
        return database.write(save)
    except IntegrityError:  # a colleague has saved the same name at the same moment
        return database.write(save)


def list_templates(actor: Actor) -> list[Template]:
    """Return the org's templates, sorted by name."""
    statement = (
        select(order_template.c.id, order_template.c.name, order_template.c.created_by)
        .where(order_template.c.org_id == actor.org_id)
        .order_by(func.lower(order_template.c.name), order_template.c.id)
    )
    with database.read() as connection:
        return [Template(*row) for row in connection.execute(statement)]


def find_template(template_id: str, actor: Actor) -> Fields:
    """Return the fields of a template of the org. Raises NotFound."""
    statement = select(order_template.c.fields).where(
        order_template.c.org_id == actor.org_id,
        order_template.c.id == template_id.replace("\0", ""),
    )
    with database.read() as connection:
        found = connection.execute(statement).one_or_none()
    if found is None:
        raise NotFound(lazy_gettext("There is no such template."))
    fields: Fields = found.fields
    return fields


def remove_template(template_id: str, actor: Actor) -> str:
    """Delete a template of the org and return its name. Raises NotFound."""
    statement = (
        delete(order_template)
        .where(
            order_template.c.org_id == actor.org_id,
            order_template.c.id == template_id.replace("\0", ""),
        )
        .returning(order_template.c.name)
    )
    with database.transaction() as connection:
        name = connection.execute(statement).scalar()
    if name is None:
        raise NotFound(lazy_gettext("There is no such template."))
    return str(name)
