"""The tables behind the models, for Core statements.

Creation and the reads of the JSON door use Core: loading and flushing mapped objects took more
than half of their time (docs/benchmarks.md).
"""

from collections.abc import Mapping
from typing import Any, cast

from sqlalchemy import Connection, Table, Text, func
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from orders.storage import (
    configuration_models,
    customer_models,
    desk_models,
    entry_models,
    import_models,
    list_models,
    order_models,
    org_models,
    people_models,
    webhook_models,
)

orders = cast(Table, order_models.OrderRow.__table__)
cart_line = cast(Table, order_models.CartLineRow.__table__)
staff_account = cast(Table, people_models.StaffAccount.__table__)
token = cast(Table, org_models.Token.__table__)
order_history = cast(Table, order_models.OrderHistory.__table__)
order_note = cast(Table, desk_models.OrderNote.__table__)
submission = cast(Table, order_models.Submission.__table__)
configuration = cast(Table, configuration_models.Configuration.__table__)
configuration_file = cast(Table, configuration_models.ConfigurationFile.__table__)
webhook = cast(Table, webhook_models.Webhook.__table__)
webhook_delivery = cast(Table, webhook_models.WebhookDelivery.__table__)
request_log = cast(Table, org_models.RequestLog.__table__)
draft = cast(Table, entry_models.Draft.__table__)
order_template = cast(Table, entry_models.OrderTemplate.__table__)
order_editor = cast(Table, entry_models.OrderEditor.__table__)
saved_view = cast(Table, list_models.SavedView.__table__)
staff_preference = cast(Table, list_models.StaffPreference.__table__)
bulk_change = cast(Table, list_models.BulkChange.__table__)
order_import = cast(Table, import_models.OrderImport.__table__)
order_import_row = cast(Table, import_models.OrderImportRow.__table__)
order_import_order = cast(Table, import_models.OrderImportOrder.__table__)
invitation = cast(Table, people_models.Invitation.__table__)
password_reset = cast(Table, people_models.PasswordReset.__table__)
recovery_code = cast(Table, people_models.RecoveryCode.__table__)
staff_event = cast(Table, people_models.StaffEvent.__table__)
customer_page = cast(Table, customer_models.CustomerPage.__table__)
order_tries = cast(Table, customer_models.OrderTries.__table__)


# What others read of a person: the name that they have given themselves, or their address.
shown_name = func.coalesce(func.nullif(staff_account.c.name, ""), staff_account.c.email)


def insert_new(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert a row unless its key is taken; tells whether it was inserted.

    The row that comes back tells it: the count of rows of an insert is not kept on PostgreSQL.
    """
    kind = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = kind.insert(table).values(row).on_conflict_do_nothing()
    return connection.execute(statement.returning(*table.primary_key)).first() is not None


class JsonRows(FunctionElement[str]):
    """Aggregates rows into one JSON array of arrays, as text and in no particular order.

    One statement then reads an order with its lines: half the time of two, and no transaction is
    needed for both to be of one state.
    """

    name = "json_rows"
    type = Text()
    inherit_cache = True


@compiles(JsonRows, "sqlite")
def _sqlite(element: JsonRows, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's own options
    return f"json_group_array(json_array({compiler.process(element.clauses, **options)}))"


@compiles(JsonRows, "postgresql")
def _postgresql(element: JsonRows, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - as above
    return f"json_agg(json_build_array({compiler.process(element.clauses, **options)}))::text"
