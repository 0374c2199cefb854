"""Create, change, delete and restore customer records.

Orders contain the customer's ID and do not refer to the record, so nothing here changes an order.
"""

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from orders.domain.collation import VERSION, sort_key
from orders.domain.customer import (
    Customer,
    check_customer,
    check_customer_changes,
    customer_difference,
    default_errors,
    place,
    unchangeable_errors,
)
from orders.domain.errors import FieldError, InvalidInput, NotFound, StaleVersion, Taken
from orders.domain.inputs import Limits
from orders.domain.json_values import same_json
from orders.domain.moments import now_or
from orders.domain.search_text import MAX_PART, fold
from orders.domain.texts import Text, lazy_gettext
from orders.services import idempotency
from orders.services.accounts.access import Actor, refuse_foreign_org
from orders.services.accounts.account_events import EventKind, record
from orders.services.accounts.checks import require_version
from orders.services.accounts.history import CHANGED, CREATED, DELETED, IMPORTED, RESTORED
from orders.services.customers.customer_history import forget_histories, history_row
from orders.services.customers.customer_queries import (
    NOT_FOUND,
    columns,
    customer_from,
    find_customer,
    read_customer,
)
from orders.services.idempotency import IdempotencyKey
from orders.services.progress import Begin, no_progress
from orders.storage import database
from orders.storage.sql import in_array
from orders.storage.tables import customer, customer_history, insert_new

# How long the deletion of a record can be undone.
KEPT_FOR = timedelta(days=30)
REBUILT_AT_ONCE = 500  # records in one transaction, so that others wait for few of them


def check(raw: object, *, actor: Actor, limits: Limits) -> dict[str, Any]:
    """Check a new customer record as it was sent (camelCase keys, plain dicts and lists).

    Returns the values by the names of Customer. Raises InvalidInput with all errors by path, and
    Forbidden if `orgId` is another org's ID.
    """
    if isinstance(raw, dict):
        refuse_foreign_org(raw.get("orgId"), actor)
    sent = raw.get("defaults") if isinstance(raw, dict) else None
    wrong = default_errors(sent, actor.org.attributes) if isinstance(sent, dict) else []
    try:
        values = check_customer(raw, limits=limits)
    except InvalidInput as invalid:
        raise _with_errors(invalid.errors, wrong) from invalid
    if wrong:
        raise InvalidInput(wrong)
    return values


def create(
    raw: object,
    *,
    actor: Actor,
    limits: Limits,
    key: IdempotencyKey | None = None,
    record_id: str | None = None,
    now: datetime | None = None,
) -> Customer:
    """Create a customer record from the fields that were sent, and return it.

    `record_id` is a UUID that a form may choose: if the org has a record with this ID, it is
    returned. A deleted record of the same customer is replaced. Raises KeyAlreadyUsed if `key` was
    used before, Taken if the customer has a record, and the errors of `check`.
    """
    values = check(raw, actor=actor, limits=limits)

    with database.transaction() as connection:
        row = new_row(values, actor=actor, at=now_or(now), record_id=record_id)
        if not _insert(connection, row):
            same = (customer.c.id == row["id"], customer.c.org_id == actor.org_id)
            known = connection.execute(select(*columns).where(*same)).first()
            if known is not None:
                return customer_from(known)
            raise Taken("customerId", taken(row["customer_id"]))
        made = _customer_of(row)
        entry = history_row(made, actor, CREATED, {}, at=row["created_at"])
        connection.execute(insert(customer_history), entry)
        idempotency.remember(connection, key, actor, made, at=row["created_at"])
        return made


def taken(customer_id: str) -> Text:
    return lazy_gettext("There is a record of customer “%(value)s” already.", value=customer_id)


def _insert(connection: Connection, row: dict[str, Any]) -> bool:
    """Insert a row unless its ID is taken; replace a deleted record of the same customer."""
    same = (customer.c.org_id == row["org_id"], customer.c.customer_id == row["customer_id"])
    deleted = delete(customer).where(*same, customer.c.deleted_at.is_not(None))
    version = connection.execute(deleted.returning(customer.c.version)).scalar()
    # Versions of one customer only rise, so that an old ETag never names new content.
    row["version"] = (version or 0) + 1
    return insert_new(connection, customer, row)


def new_row(
    values: dict[str, Any], *, actor: Actor, at: datetime, record_id: str | None = None
) -> dict[str, Any]:
    """Return the row of a new record; `values` are checked values by the names of Customer."""
    row = {
        "id": record_id or str(uuid.uuid4()),
        "org_id": actor.org_id,
        **values,
        "created_at": at,
        "updated_at": at,
        "created_by": actor.id,
        "deleted_at": None,
        "version": 1,
    }
    return {**row, **_derived(_customer_of(row))}


def change(
    reference: str,
    raw: object,
    *,
    actor: Actor,
    limits: Limits,
    is_current: Callable[[int], bool] | None = None,
    version: str | None = None,
    now: datetime | None = None,
) -> Customer:
    """Replace those fields of a customer record that are in `raw`; return the changed record.

    `reference` is the customer's ID. If no value differs, nothing is written. `is_current` takes
    the stored version and returns whether the caller may change it. `version` is the version that a
    form has shown, as text. Either is None to skip its check. Raises InvalidInput with all errors
    by path, Forbidden if `orgId` is another org's ID, NotFound if there is no record, StaleVersion
    if `is_current` returns False, and ChangedMeanwhile if `version` is not the stored one.
    """
    if isinstance(raw, dict):
        refuse_foreign_org(raw.get("orgId"), actor)
    find_customer(reference, actor.org_id)
    values, unchangeable = check_customer_changes(raw, limits=limits)

    with database.transaction() as connection:
        before = read_customer(connection, reference, actor.org_id, to_change=True)
        _require_current(before, is_current)
        require_version(version, str(before.version))
        after = changed(before, values, unchangeable, actor=actor)
        if after == before:
            return before
        # A clock that was set back must not make `updated_at` older than before.
        at = max(now_or(now), before.updated_at)
        return _write(connection, before, after._replace(updated_at=at), actor, CHANGED, at=at)


def changed(
    before: Customer, values: dict[str, Any], unchangeable: dict[str, Any], *, actor: Actor
) -> Customer:
    """Return a record with new values, as `check_customer_changes` returns both dictionaries.

    The result equals `before` if no value differs. Raises InvalidInput with all errors.
    """
    wrong = unchangeable_errors(before, unchangeable)
    if "defaults" in values:
        wrong += default_errors(values["defaults"], actor.org.attributes, before.defaults)
    if wrong:
        raise InvalidInput(sorted(wrong, key=place))
    different = {
        name: value for name, value in values.items() if not same_json(getattr(before, name), value)
    }
    return before._replace(**different) if different else before


def remove(
    reference: str,
    *,
    actor: Actor,
    is_current: Callable[[int], bool] | None = None,
    now: datetime | None = None,
) -> Customer:
    """Delete a customer record and return it; orders of the customer stay as they are.

    For KEPT_FOR, `restore` can undo it; older deletions of the org become final, and the histories
    of those records are deleted with them. Raises NotFound if
    there is no record, and StaleVersion as `change` does.
    """
    at = now_or(now)
    with database.transaction() as connection:
        found = read_customer(connection, reference, actor.org_id, to_change=True)
        _require_current(found, is_current)
        old = (customer.c.org_id == actor.org_id, customer.c.deleted_at < at - KEPT_FOR)
        ended = delete(customer).where(*old).returning(customer.c.customer_id)
        forget_histories(connection, connection.execute(ended).scalars().all(), actor.org_id)
        record(connection, actor.org_id, EventKind.CUSTOMER_DELETED, found.id)
        return _write(connection, found, found._replace(deleted_at=at), actor, DELETED, at=at)


def restore(record_id: str, *, actor: Actor) -> Customer:
    """Restore a deleted customer record and return it; one that is not deleted is not changed.

    `record_id` is the record's internal ID. Raises NotFound if it cannot be restored any more,
    because it was deleted too long ago or the customer has got a new record since.
    """
    own = (customer.c.org_id == actor.org_id, customer.c.id == record_id.replace("\0", ""))
    with database.transaction() as connection:
        row = connection.execute(select(*columns).where(*own).with_for_update()).one_or_none()
        if row is None:
            raise NotFound(NOT_FOUND)
        found = customer_from(row)
        if found.deleted_at is None:
            return found
        after = found._replace(deleted_at=None)
        return _write(connection, found, after, actor, RESTORED, at=now_or(None))


def save_all(
    new: Sequence[dict[str, Any]],
    after: Sequence[Customer],
    *,
    actor: Actor,
    now: datetime | None = None,
) -> None:
    """Store new records (values as `check` returns them) and changed ones, all or none.

    `after` are stored records with new values and the version that was read. Raises Taken if a
    customer has got a record meanwhile, and StaleVersion if a stored one has changed.
    """
    ids = [values["customer_id"] for values in new]
    same = (customer.c.org_id == actor.org_id, in_array(customer.c.customer_id, ids))
    deleted = delete(customer).where(*same, customer.c.deleted_at.is_not(None))
    try:
        with database.transaction() as connection:
            at = now_or(now)
            count = len(new) + len(after)
            record(connection, actor.org_id, EventKind.CUSTOMERS_IMPORTED, detail=str(count))
            rows = [new_row(values, actor=actor, at=at) for values in new]
            if rows:
                gone = connection.execute(
                    deleted.returning(customer.c.customer_id, customer.c.version)
                )
                versions = {row.customer_id: row.version for row in gone}
                for row in rows:
                    row["version"] = versions.get(row["customer_id"], 0) + 1
                connection.execute(insert(customer), rows)
                entries = [
                    history_row(_customer_of(row), actor, IMPORTED, {}, at=at) for row in rows
                ]
                connection.execute(insert(customer_history), entries)
            for one in after:
                stored = read_customer(connection, one.customer_id, one.org_id, to_change=True)
                if (stored.id, stored.version) != (one.id, one.version):
                    raise StaleVersion
                imported = one._replace(updated_at=max(at, one.updated_at))
                _write(connection, stored, imported, actor, IMPORTED, at=imported.updated_at)
    except IntegrityError as error:
        sentence = lazy_gettext("Someone added a customer in the meantime. Import the file again.")
        raise Taken("customerId", sentence) from error


def rebuild_sort_keys(progress: Begin = no_progress) -> int:
    """Recompute the sort keys that an older version of `sort_key` has made; return their number."""
    rebuilt = 0
    outdated = select(func.count()).select_from(customer).where(customer.c.sort_version != VERSION)
    step = progress("Rewriting keys of customers", database.fetch_value(outdated))
    old = select(*columns).where(customer.c.sort_version != VERSION).limit(REBUILT_AT_ONCE)
    while True:
        with database.transaction() as connection:
            found = [customer_from(row) for row in connection.execute(old.with_for_update())]
            for one in found:
                changed = update(customer).where(customer.c.id == one.id)
                connection.execute(changed.values(_derived(one)))
        if not found:
            return rebuilt
        step(len(found))
        rebuilt += len(found)


def _require_current(found: Customer, is_current: Callable[[int], bool] | None) -> None:
    if is_current is not None and not is_current(found.version):
        raise StaleVersion


def _write(
    connection: Connection, before: Customer, after: Customer, actor: Actor, action: str, *,
    at: datetime,
) -> Customer:  # fmt: skip
    """Store a changed record with the next version and its history entry, and return it."""
    stored = after._replace(version=after.version + 1)
    values = {**stored._asdict(), **_derived(stored)}
    connection.execute(update(customer).where(customer.c.id == stored.id).values(values))
    entry = history_row(stored, actor, action, customer_difference(before, stored), at=at)
    connection.execute(insert(customer_history), entry)
    return stored


def _derived(one: Customer) -> dict[str, Any]:
    """Return the columns that are computed from others: sort keys and the text of the search."""
    cities = [address["city"] for address in one.addresses]
    texts = (one.customer_id, one.name, one.contact, one.email, one.phone, *cities)
    return {
        "name_key": sort_key(one.name),
        "customer_key": sort_key(one.customer_id),
        "sort_version": VERSION,
        "search_text": "\n".join(fold(text)[:MAX_PART] for text in texts if text),
    }


def _customer_of(row: dict[str, Any]) -> Customer:
    return Customer(**{name: row[name] for name in Customer._fields})


def _with_errors(errors: Sequence[FieldError], more: Sequence[FieldError]) -> InvalidInput:
    """Return an exception with both groups of errors, one for each path, in the usual order."""
    by_path = {error.path: error for error in (*more, *errors)}
    return InvalidInput(sorted(by_path.values(), key=place))
