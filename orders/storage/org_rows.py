"""Which rows of the database belong to an org."""

from collections.abc import Iterator, Sequence

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Table,
    and_,
    false,
    func,
    not_,
    or_,
    select,
)

from orders.storage import tables
from orders.storage.table_copies import BATCH, copied_tables

# Rows that are only good where they were written, or for a moment: counters, sign-ins, logs of
# requests and messages, and who is editing.
LEFT_OUT = frozenset(
    {
        tables.rate_count, tables.setup, tables.request_log, tables.staff_session,
        tables.password_reset, tables.webhook_delivery, tables.order_editor, tables.order_tries,
    }
)  # fmt: skip
# What no two orgs may have, with a name for people.
_UNIQUE: Sequence[tuple[Column[str], str]] = (
    (tables.staff_account.c.email, "the e-mail address"),
    (tables.orders.c.short_id, "the short ID"),
    (tables.configuration.c.short_id, "the short ID"),
)


def tables_of_orgs() -> list[Table]:
    """Return the tables with rows of orgs, each after those to which its foreign keys refer."""
    return [one for one in copied_tables() if one not in LEFT_OUT]


def belongs_to(of: Table, org_id: str) -> ColumnElement[bool]:
    """Return the condition for the rows of a table that belong to an org.

    A row without an `org_id` belongs to the org of the row to which it must refer.
    """
    if of.name == "org":
        return of.c.id == org_id
    if of is tables.audit_event:  # rows of earlier versions name the account alone
        accounts = select(tables.staff_account.c.id)
        of_org = accounts.where(tables.staff_account.c.org_id == org_id)
        return or_(of.c.org_id == org_id, and_(of.c.org_id.is_(None), of.c.staff_id.in_(of_org)))
    if "org_id" in of.c:
        return of.c.org_id == org_id
    if of is tables.submission:  # those of orders: a draft that was placed stays placed
        of_org = select(tables.orders.c.id).where(tables.orders.c.org_id == org_id)
        return of.c.order_id.in_(of_org)
    key = next(one for one in of.foreign_keys if not one.parent.nullable)
    owners = select(key.column).where(belongs_to(key.column.table, org_id))
    return key.parent.in_(owners)


def find_foreign(connection: Connection, org_id: str) -> str:
    """Return the name of a table with rows that are not of the org; "" if there is none."""
    for one in copied_tables():
        own = false() if one in LEFT_OUT else func.coalesce(belongs_to(one, org_id), false())
        foreign = not_(own)
        if connection.execute(select(one).where(foreign).limit(1)).first() is not None:
            return one.name
    return ""


def find_taken(source: Connection, target: Connection) -> str:
    """Return what is unique in `source` and is in `target` already, for people; "" if nothing."""
    for column, name in _UNIQUE:
        for values in _batches(source, column):
            found = target.execute(select(column).where(column.in_(values)).limit(1)).scalar()
            if found is not None:
                return f"{name} {found}"
    return ""


def _batches(connection: Connection, column: Column[str]) -> Iterator[Sequence[str]]:
    found = connection.execute(select(column), execution_options={"yield_per": BATCH})
    yield from found.scalars().partitions()
