"""The tables of the models, for Core statements.

Hot paths use Core, because loading and flushing mapped objects took more than half of their time
(docs/benchmarks.md).
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Column, Connection, Table, func
from sqlalchemy.dialects import postgresql, sqlite

from orders.storage.models import catalog, customers, desk, imports, limits, orgs, people, webhooks
from orders.storage.models import orders as order_models

orders = cast(Table, order_models.OrderRow.__table__)
order_count = cast(Table, order_models.OrderCount.__table__)
order_sort = cast(Table, order_models.OrderSort.__table__)
order_text = cast(Table, order_models.OrderText.__table__)
pending_change = cast(Table, order_models.PendingChange.__table__)
cart_line = cast(Table, order_models.CartLineRow.__table__)
order_history = cast(Table, order_models.OrderHistory.__table__)
order_date = cast(Table, order_models.OrderDate.__table__)
order_note = cast(Table, order_models.OrderNote.__table__)
order_pasted_text = cast(Table, order_models.OrderPastedText.__table__)
order_tries = cast(Table, order_models.OrderTries.__table__)
submission = cast(Table, order_models.Submission.__table__)
configuration = cast(Table, catalog.ConfigurationRow.__table__)
configuration_file = cast(Table, catalog.ConfigurationFile.__table__)
org = cast(Table, orgs.Org.__table__)
setup = cast(Table, orgs.SetupRow.__table__)
customer = cast(Table, customers.CustomerRow.__table__)
customer_history = cast(Table, customers.CustomerHistory.__table__)
token = cast(Table, orgs.Token.__table__)
request_log = cast(Table, orgs.RequestLog.__table__)
customer_page = cast(Table, orgs.CustomerPageRow.__table__)
staff_account = cast(Table, people.StaffAccount.__table__)
staff_session = cast(Table, people.StaffSessionRow.__table__)
staff_identity = cast(Table, people.StaffIdentity.__table__)
passkey = cast(Table, people.PasskeyRow.__table__)
invitation = cast(Table, people.InvitationRow.__table__)
password_reset = cast(Table, people.PasswordReset.__table__)
recovery_code = cast(Table, people.RecoveryCode.__table__)
audit_event = cast(Table, people.AuditEvent.__table__)
draft = cast(Table, desk.DraftRow.__table__)
order_template = cast(Table, desk.OrderTemplate.__table__)
order_editor = cast(Table, desk.OrderEditor.__table__)
saved_view = cast(Table, desk.SavedView.__table__)
staff_preference = cast(Table, desk.StaffPreference.__table__)
bulk_change = cast(Table, desk.BulkChange.__table__)
order_import = cast(Table, imports.OrderImport.__table__)
order_import_row = cast(Table, imports.OrderImportRow.__table__)
order_import_order = cast(Table, imports.OrderImportOrder.__table__)
webhook = cast(Table, webhooks.WebhookRow.__table__)
webhook_delivery = cast(Table, webhooks.WebhookDelivery.__table__)
rate_count = cast(Table, limits.RateCount.__table__)

# Name of a person as others see it: the one that they have set, or else their address.
shown_name = func.coalesce(func.nullif(staff_account.c.name, ""), staff_account.c.email)


def columns_of(kind: type[Any], table: Table) -> list[Column[Any]]:
    """Return the columns named like fields of the dataclass `kind`, in the order of the fields."""
    return [table.c[name] for name in kind.__dataclass_fields__ if name in table.c]


def insert_new(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert a row unless its primary or a unique key is taken; return whether it was inserted."""
    statement = _insert(connection, table).values(row).on_conflict_do_nothing()
    # By the row that comes back: psycopg does not keep the row count of an insert.
    return connection.execute(statement.returning(*table.primary_key)).first() is not None


def insert_missing(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows, skipping those whose primary key or a unique key already exists."""
    connection.execute(insert_or_skip(connection, table), rows)


def insert_or_skip(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """Return an INSERT that skips rows whose primary key or a unique key already exists."""
    return _insert(connection, table).on_conflict_do_nothing()


def upsert(
    connection: Connection,
    table: Table,
    key: Mapping[str, Any],
    values: Mapping[str, Any],
    new: Mapping[str, Any] | None = None,
) -> None:
    """Set `values` in the row with this key; if there is none, insert `key`, `values` and `new`.

    `key` maps the columns of the primary key or of a unique constraint to their values. `new` has
    values for columns that are set only when the row is inserted.
    """
    statement = _insert(connection, table).values({**key, **(new or {}), **values})
    connection.execute(statement.on_conflict_do_update(index_elements=[*key], set_=dict(values)))


def add_numbers(
    connection: Connection, table: Table, column: str, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Add `column` of each row to that of the row with its primary key, or insert the row.

    No two of `rows` have the same primary key.
    """
    if not rows:
        return
    statement = _insert(connection, table)
    total = table.c[column] + statement.excluded[column]
    keys = [one.name for one in table.primary_key]
    connection.execute(
        statement.on_conflict_do_update(index_elements=keys, set_={column: total}), rows
    )


def _insert(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """Return an INSERT for the connection's database that supports ON CONFLICT."""
    is_sqlite = connection.dialect.name == "sqlite"
    return sqlite.insert(table) if is_sqlite else postgresql.insert(table)
