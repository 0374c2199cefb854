"""Attributes, the fields that an org defines for its orders: add, change, move and remove them.

The key of an attribute cannot change, because stored orders contain it. Removing an attribute does
not change any order.
"""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Connection, Select, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from orders.domain.attribute_definition import check_definition
from orders.domain.attributes import AttributeRule, Option
from orders.domain.errors import FieldError, NotFound, Taken
from orders.domain.order_dates import dated_rules
from orders.domain.texts import lazy_gettext
from orders.services.accounts.account_events import EventKind, record
from orders.services.accounts.checks import find_row, refuse, require_version, version_of
from orders.services.accounts.org_rules import attribute_rule
from orders.services.accounts.orgs import bump_rules_version, require_org
from orders.storage import database
from orders.storage.attribute_dates import fill_dates, forget_dates
from orders.storage.models.orgs import Attribute

UNKNOWN = lazy_gettext("There is no attribute with this ID.")


@dataclass(frozen=True, slots=True)
class DefinedAttribute:
    """A stored attribute of an org: its ID and its definition (`rule`)."""

    id: str
    rule: AttributeRule

    @property
    def version(self) -> str:
        return version_of(self.rule)


def add_attribute(org_id: str, rule: AttributeRule) -> str:
    """Add an attribute at the end of the org's order form, and return the attribute's ID.

    Raises InvalidInput for an invalid definition or a second due date, NotFound for an unknown
    org, and Taken if the org already has an attribute with this key.
    """
    refuse(check_definition(rule))
    row = {
        "id": str(uuid.uuid4()),
        "org_id": org_id,
        "key": rule.key,
        "created_at": datetime.now(UTC),
        **_columns(rule),
    }

    try:
        with database.transaction() as connection:
            require_org(connection, org_id)
            bump_rules_version(connection, org_id)
            _require_one_due(connection, org_id, rule)
            last = select(func.max(Attribute.position)).where(Attribute.org_id == org_id)
            position = connection.execute(last).scalar_one()
            row["position"] = 0 if position is None else position + 1
            connection.execute(insert(Attribute), row)
            record(connection, org_id, EventKind.ATTRIBUTE_ADDED, str(row["id"]), rule.key)
            fill_dates(connection, org_id, rule)
    except IntegrityError as error:
        sentence = lazy_gettext(
            "An attribute with the key %(key)s already exists.", key=repr(rule.key)
        )
        raise Taken("key", sentence) from error
    return str(row["id"])


def list_attributes(org_id: str) -> list[DefinedAttribute]:
    """Return the org's attributes in the sequence in which the order form shows them."""
    return [_defined(row) for row in database.fetch_all(_attributes(org_id))]


def find_attribute(org_id: str, attribute_id: str) -> DefinedAttribute:
    """Return an attribute of the org. Raises NotFound if it has none with this ID."""
    with database.read() as connection:
        return _find(connection, org_id, attribute_id)


def change_attribute(
    org_id: str, attribute_id: str, rule: AttributeRule, *, version: str | None = None
) -> None:
    """Replace an attribute's definition, except for its key; stored orders do not change.

    `version` is the `DefinedAttribute.version` that the caller has read, or None to overwrite any
    version. Raises InvalidInput for an invalid definition or a second due date, NotFound for an
    unknown attribute, and ChangedMeanwhile if the stored version is a different one.
    """
    refuse(check_definition(rule))

    with database.transaction() as connection:
        bump_rules_version(connection, org_id)
        before = _find(connection, org_id, attribute_id)
        require_version(version, before.version)
        _require_one_due(connection, org_id, rule, but=attribute_id)
        own = (Attribute.org_id == org_id, Attribute.id == attribute_id)
        connection.execute(update(Attribute).where(*own).values(_columns(rule)))
        record(connection, org_id, EventKind.ATTRIBUTE_CHANGED, attribute_id, before.rule.key)
        if (before.rule.kind, before.rule.applies) != (rule.kind, rule.applies):
            if dated_rules([before.rule]):
                forget_dates(connection, org_id, rule.key)
            fill_dates(connection, org_id, rule)


def move_attribute(org_id: str, attribute_id: str, direction: Literal["up", "down"]) -> int:
    """Move an attribute one position up or down on the order form.

    The first attribute does not move up, and the last one does not move down. Returns the
    attribute's position afterwards, counted from 1. Raises NotFound for an unknown attribute.
    """
    with database.transaction() as connection:
        bump_rules_version(connection, org_id)
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


def remove_attribute(org_id: str, attribute_id: str) -> None:
    """Delete an attribute, but not its values in stored orders. Raises NotFound if unknown."""
    with database.transaction() as connection:
        bump_rules_version(connection, org_id)
        found = _find(connection, org_id, attribute_id)
        own = (Attribute.org_id == org_id, Attribute.id == attribute_id)
        connection.execute(delete(Attribute).where(*own))
        record(connection, org_id, EventKind.ATTRIBUTE_REMOVED, attribute_id, found.rule.key)
        if dated_rules([found.rule]):
            forget_dates(connection, org_id, found.rule.key)


def _columns(rule: AttributeRule) -> dict[str, Any]:
    return {
        "label": rule.label,
        "kind": str(rule.kind),
        "options": list(map(_option, rule.options)),
        "applies": str(rule.applies),
        "is_required": rule.required,
        "default_value": rule.default,
        "is_visible_to_customer": rule.visible_to_customer,
        "labels": dict(rule.labels),
        "hint": rule.hint,
        "placeholder": rule.placeholder,
        "form_group": rule.group,
        "is_copied": rule.is_copied,
        "is_due": rule.is_due,
        "total": str(rule.total),
    }


def _require_one_due(
    connection: Connection, org_id: str, rule: AttributeRule, but: str = ""
) -> None:
    """Raise InvalidInput if the rule is due and another attribute than `but` is so already."""
    if not rule.is_due:
        return
    others = (Attribute.org_id == org_id, Attribute.is_due, Attribute.id != but)
    for label in connection.execute(select(Attribute.label).where(*others)).scalars():
        sentence = lazy_gettext(
            "“%(label)s” is already the date after which orders are overdue.", label=label
        )
        refuse([FieldError("is_due", sentence)])


def _option(option: Option) -> dict[str, Any]:
    stored: dict[str, Any] = {"value": option.value, "label": option.label}
    return stored | ({"labels": dict(option.labels)} if option.labels else {})


def _attributes(org_id: str) -> Select[Any]:
    return (
        select(Attribute)
        .where(Attribute.org_id == org_id)
        .order_by(Attribute.position, Attribute.id)
    )


def _find(connection: Connection, org_id: str, attribute_id: str) -> DefinedAttribute:
    statement = _attributes(org_id).where(Attribute.id == attribute_id)
    return _defined(find_row(connection, statement, attribute_id, UNKNOWN))


def _defined(row: Any) -> DefinedAttribute:  # noqa: ANN401 - a row of `attribute`
    return DefinedAttribute(row.id, attribute_rule(row))
