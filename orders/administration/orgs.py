"""The org itself: its name, and what it lays down for all of its orders."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from orders.administration.checks import name_faults, refuse, require_version, version_of
from orders.rules.errors import NotFound
from orders.rules.texts import mark
from orders.storage import database
from orders.storage.org_models import Org

_settings = select(Org.id, Org.name, Org.is_strict, Org.may_public_list, Org.needs_second_factor)


@dataclass(frozen=True, slots=True)
class OrgSettings:
    """What an admin may change of an org."""

    id: str
    name: str
    is_strict: bool
    may_public_list: bool
    needs_second_factor: bool = False

    @property
    def version(self) -> str:
        """Names these settings, so that a change of others shows."""
        return version_of(self.name, self.is_strict, self.may_public_list, self.needs_second_factor)


def add_org(name: str) -> str:
    """Make an org and return its ID. Raises InvalidInput for a name that cannot be stored."""
    refuse(name_faults(name))
    org_id = str(uuid.uuid4())
    row = {"id": org_id, "name": name.strip(), "created_at": datetime.now(UTC)}
    database.write(lambda connection: connection.execute(insert(Org), row).rowcount)
    return org_id


def find_org(org_id: str) -> OrgSettings:
    """Read the settings of an org. Raises NotFound for an unknown one."""
    with database.read() as connection:
        return _org(connection.execute(_settings.where(Org.id == org_id)).one_or_none())


def change_org(
    org_id: str,
    *,
    name: str,
    is_strict: bool,
    may_public_list: bool,
    needs_second_factor: bool | None = None,
    version: str | None = None,
) -> None:
    """Change the settings of an org, for orders from the next one on.

    `needs_second_factor` stays as it is when it is None.
    Raises InvalidInput for a name that cannot be stored, NotFound for an unknown org, and
    ChangedMeanwhile when `version` is not that of the stored settings.
    """
    refuse(name_faults(name))
    values: dict[str, Any] = {
        "name": name.strip(),
        "is_strict": is_strict,
        "may_public_list": may_public_list,
    }
    if needs_second_factor is not None:
        values["needs_second_factor"] = needs_second_factor

    def work(connection: Connection) -> None:
        touch_rules(connection, org_id)
        stored = _org(connection.execute(_settings.where(Org.id == org_id)).one_or_none())
        require_version(version, stored.version)
        connection.execute(update(Org).where(Org.id == org_id).values(values))

    database.write(work)


def touch_rules(connection: Connection, org_id: str) -> None:
    """Raise the version of an org's rules: every process then reads them afresh.

    Done first in a transaction, it also makes other changes of the same org's rules wait, so that
    what is read afterwards is still so when it is written.
    """
    connection.execute(
        update(Org).where(Org.id == org_id).values(rules_version=Org.rules_version + 1)
    )


def has_orgs() -> bool:
    """Tell whether any org exists; a database without one has just been made."""
    with database.read() as connection:
        return connection.execute(select(Org.id).limit(1)).first() is not None


def require_org(connection: Connection, org_id: str, *, alone: bool = False) -> None:
    """Raise NotFound for an unknown org; `alone` makes others who ask so wait for the end."""
    statement = select(Org.id).where(Org.id == org_id)
    if alone:
        # Not FOR UPDATE: that would hold up every new order, which refers to the org.
        statement = statement.with_for_update(key_share=True)
    if connection.execute(statement).first() is None:
        raise NotFound(mark("There is no org with this ID."))


def _org(row: Any | None) -> OrgSettings:  # noqa: ANN401 - a row of `_settings`
    if row is None:
        raise NotFound(mark("There is no org with this ID."))
    return OrgSettings(**row._mapping)
