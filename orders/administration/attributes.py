"""The attributes of an org: defining them, changing them, and their order on the form.

The key of an attribute stays, because orders hold it. Removing one leaves the orders as they are.
"""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Connection, Select, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from orders.access import attribute_rule
from orders.administration.checks import refuse, require_id, require_version, version_of
from orders.administration.orgs import require_org, touch_rules
from orders.rules.attributes import AttributeRule, check_definition
from orders.rules.errors import NotFound, Taken
from orders.rules.texts import mark
from orders.storage import database
from orders.storage.org_models import Attribute

UNKNOWN = mark("There is no attribute with this ID.")


@dataclass(frozen=True, slots=True)
class DefinedAttribute:
    """An attribute of an org, by its ID."""

    id: str
    rule: AttributeRule

    @property
    def version(self) -> str:
        """Names the definition, so that a change of others shows."""
        return version_of(self.rule)


def add_attribute(org_id: str, rule: AttributeRule) -> str:
    """Define an attribute behind all others and return its ID.

    Raises InvalidInput for a definition that makes no sense, NotFound for an unknown org, Taken
    when the org has the key already.
    """
    refuse(check_definition(rule))
    row = {
        "id": str(uuid.uuid4()),
        "org_id": org_id,
        "key": rule.key,
        "created_at": datetime.now(UTC),
        **_columns(rule),
    }

    def work(connection: Connection) -> None:
        require_org(connection, org_id)
        touch_rules(connection, org_id)
        last = select(func.max(Attribute.position)).where(Attribute.org_id == org_id)
        position = connection.execute(last).scalar_one()
        row["position"] = 0 if position is None else position + 1
        connection.execute(insert(Attribute), row)

    try:
        database.write(work)
    except IntegrityError as error:
        sentence = mark("The org has an attribute %(key)s already.", key=repr(rule.key))
        raise Taken("key", sentence) from error
    return str(row["id"])


def list_attributes(org_id: str) -> list[DefinedAttribute]:
    """Give the org's attributes in the order in which the form shows them."""
    with database.read() as connection:
        return [_defined(row) for row in connection.execute(_attributes(org_id))]


def find_attribute(org_id: str, attribute_id: str) -> DefinedAttribute:
    """Read one attribute of the org. Raises NotFound."""
    with database.read() as connection:
        return _find(connection, org_id, attribute_id)


def change_attribute(
    org_id: str, attribute_id: str, rule: AttributeRule, *, version: str | None = None
) -> None:
    """Change everything of an attribute but its key, for orders from the next one on.

    Raises InvalidInput for a definition that makes no sense, NotFound, and ChangedMeanwhile when
    `version` is not that of the stored definition.
    """
    refuse(check_definition(rule))

    def work(connection: Connection) -> None:
        touch_rules(connection, org_id)
        require_version(version, _find(connection, org_id, attribute_id).version)
        own = (Attribute.org_id == org_id, Attribute.id == attribute_id)
        connection.execute(update(Attribute).where(*own).values(_columns(rule)))

    database.write(work)


def move_attribute(org_id: str, attribute_id: str, direction: Literal["up", "down"]) -> int:
    """Move an attribute by one place and return its place, from 1; at the end it stays.

    Raises NotFound.
    """

    def work(connection: Connection) -> int:
        touch_rules(connection, org_id)
        ids = [row.id for row in connection.execute(_attributes(org_id))]
        if attribute_id not in ids:
            raise NotFound(UNKNOWN)
        at = ids.index(attribute_id)
        place = max(at - 1, 0) if direction == "up" else min(at + 1, len(ids) - 1)
        ids.insert(place, ids.pop(at))
        for position, one in enumerate(ids):
            connection.execute(
                update(Attribute).where(Attribute.id == one).values(position=position)
            )
        return place + 1

    return database.write(work)


def remove_attribute(org_id: str, attribute_id: str) -> None:
    """Remove an attribute; orders keep its values as undefined keys. Raises NotFound."""

    def work(connection: Connection) -> None:
        touch_rules(connection, org_id)
        _find(connection, org_id, attribute_id)
        own = (Attribute.org_id == org_id, Attribute.id == attribute_id)
        connection.execute(delete(Attribute).where(*own))

    database.write(work)


def _columns(rule: AttributeRule) -> dict[str, Any]:
    """Give the columns that can be changed."""
    return {
        "label": rule.label,
        "kind": str(rule.kind),
        "options": [{"value": option.value, "label": option.label} for option in rule.options],
        "applies": str(rule.applies),
        "is_required": rule.required,
        "default_value": rule.default,
        "is_visible_to_customer": rule.visible_to_customer,
    }


def _attributes(org_id: str) -> Select[Any]:
    return (
        select(Attribute)
        .where(Attribute.org_id == org_id)
        .order_by(Attribute.position, Attribute.id)
    )


def _find(connection: Connection, org_id: str, attribute_id: str) -> DefinedAttribute:
    require_id(attribute_id, UNKNOWN)
    statement = _attributes(org_id).where(Attribute.id == attribute_id)
    row = connection.execute(statement).one_or_none()
    if row is None:
        raise NotFound(UNKNOWN)
    return _defined(row)


def _defined(row: Any) -> DefinedAttribute:  # noqa: ANN401 - a row of `attribute`
    return DefinedAttribute(row.id, attribute_rule(row))
