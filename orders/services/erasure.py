"""Erase a customer: what is stored about the person goes, and orders stay without the person.

The orders are changed in parts, and the customer's record goes last: if the process is stopped, a
second call finds what is left. docs/data.md says what is stored where.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from sqlalchemy import ColumnElement, Connection, Table, delete, or_, select, update

from orders.domain.configuration import ConfigurationInput
from orders.domain.erasure import SHORTEST_PART, Traces, traces_of
from orders.domain.errors import NotFound
from orders.domain.moments import now_or
from orders.services.accounts.account_events import EventKind, record
from orders.services.accounts.acting import current_doer
from orders.services.accounts.org_rules import org_rules_of
from orders.services.catalog.configurations import search_columns
from orders.services.catalog.product_index import bump_catalog_version
from orders.services.customers.customer_history import forget_histories
from orders.services.customers.customer_queries import NOT_FOUND, read_customer_id
from orders.services.files import FileStore
from orders.services.imports.import_erasure import erase_from_imports, refuse_running_imports
from orders.services.orders.order_erasure import erase_orders, find_order_ids
from orders.storage import database, tables
from orders.storage.sql import in_array

ORDERS_AT_ONCE = 100  # in one transaction, so that others wait for few of them
ROWS_AT_ONCE = 500  # that are read into memory
# Fields of a record, and of its history, by which the person is recognized elsewhere.
NAMING = ("name", "contact", "email", "phone")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was erased: the person in `orders` orders, and `files` files.

    `is_compact` is False if SQLite still has freed pages with old values, because others read for
    too long (`free_pages` tries it again).
    """

    orders: int
    files: int
    is_compact: bool


def erase_customer(customer_id: str, org_id: str, *, store: FileStore) -> Erasure:
    """Erase a customer of the org, and return what was erased. It cannot be undone.

    `store` has the files of imports and configurations. Raises NotFound if nothing is stored about
    the customer, Conflict while an import runs that names them, and ServiceBusy if the database
    cannot be written; a second call then goes on.
    """
    customer_id = read_customer_id(customer_id)
    org, doer = org_rules_of(org_id), current_doer()
    record_id, traces = _find_traces(customer_id, org_id)
    refuse_running_imports(org_id, traces)
    order_ids = find_order_ids(customer_id, org_id)
    products = _configurations_of(customer_id, org_id)
    if record_id is None and not order_ids and not products:
        raise NotFound(NOT_FOUND)
    for start in range(0, len(order_ids), ORDERS_AT_ONCE):
        with database.transaction() as connection:
            erase_orders(connection, order_ids[start : start + ORDERS_AT_ONCE], org, doer)
    files = erase_from_imports(org_id, traces, set(order_ids))
    with database.transaction() as connection:
        files += _erase_configurations(connection, products, traces, org_id)
        _erase_copies(connection, traces, set(order_ids), org_id)
        _erase_requests(connection, customer_id, org_id)
        forget_histories(connection, [customer_id], org_id)
        connection.execute(delete(tables.customer).where(*_record_of(customer_id, org_id)))
        detail = f"orders: {len(order_ids)}; files: {len(files)}"
        record(connection, org_id, EventKind.CUSTOMER_ERASED, record_id or "", detail)
    store.discard(files)
    return Erasure(len(order_ids), len(files), database.free_pages())


def _record_of(customer_id: str, org_id: str) -> tuple[Any, ...]:
    return tables.customer.c.org_id == org_id, tables.customer.c.customer_id == customer_id


def _find_traces(customer_id: str, org_id: str) -> tuple[str | None, Traces]:
    """Return the ID of the customer's record, or None, and what the person is recognized by."""
    row = database.fetch_one(select(tables.customer).where(*_record_of(customer_id, org_id)))
    texts = [] if row is None else [getattr(row, name) for name in NAMING]
    history = tables.customer_history.c
    entries = select(history.changes).where(
        history.org_id == org_id, history.customer_id == customer_id
    )
    for [changes] in database.fetch_all(entries):
        texts += [
            one for name in NAMING for one in changes.get(name, {}).values() if isinstance(one, str)
        ]
    return None if row is None else row.id, traces_of(customer_id, texts)


def _configurations_of(customer_id: str, org_id: str) -> list[Any]:
    table = tables.configuration
    own = (table.c.org_id == org_id, table.c.customer_id == customer_id)
    return list(database.fetch_all(select(table).where(*own)))


def _erase_configurations(
    connection: Connection, found: list[Any], traces: Traces, org_id: str
) -> list[str]:
    """Take the person out of configurations that they have saved; return the names of files.

    Product, SKU, and options stay, because orders name them. Here each word of the person's names
    is a trace: it is their own configuration.
    """
    words = [word for one in traces.texts for word in one.split()]
    traces = traces_of(traces.customer_id, [*traces.texts, *words])
    table, file, ids = tables.configuration, tables.configuration_file, [one.id for one in found]
    if not ids:
        return []
    own = in_array(file.c.configuration_id, ids)
    files = connection.execute(delete(file).where(own).returning(file.c.stored_as)).scalars().all()
    for one in found:
        variant = one.variant and {
            key: None if traces.are_in([key, value]) else value
            for key, value in one.variant.items()
        }
        metadata = {
            key: value
            for key, value in (one.metadata or {}).items()
            if key in {"name", "sku"} and not traces.are_in(value)
        }
        left = ConfigurationInput.model_construct(variant=variant, metadata=metadata)
        values = {
            "variant": variant,
            "metadata": metadata,
            **search_columns(left, one.short_id),
            "attachments": {},
            "updated_at": now_or(None),
            **dict.fromkeys(
                ("customer_id", "identifier", "scope", "scene_graph_state", "session_id",
                 "publish_file_id", "creator", "thumbnail")
            ),
        }  # fmt: skip
        connection.execute(update(table).where(table.c.id == one.id).values(values))
    bump_catalog_version(connection, org_id)
    return list(files)


def _erase_copies(connection: Connection, traces: Traces, order_ids: set[str], org_id: str) -> None:
    """Delete drafts, answers kept for repeated requests, saved views, and templates."""

    def is_of_order(text: str) -> bool:
        return not order_ids.isdisjoint(_UUID.findall(text))

    staff = select(tables.staff_account.c.id).where(tables.staff_account.c.org_id == org_id)
    tokens = select(tables.token.c.id).where(tables.token.c.org_id == org_id)
    draft, kept, view = tables.draft, tables.submission, tables.saved_view
    template, preference = tables.order_template, tables.staff_preference
    by_actor = or_(kept.c.actor_id.in_(staff), kept.c.actor_id.in_(tokens))
    for table, own, has_trace in (
        (draft, draft.c.staff_id.in_(staff),
         lambda row: is_of_order(row.key) or traces.are_in([row.title, *_values(row.fields)])),
        (kept, by_actor & kept.c.answer.is_not(None),
         lambda row: traces.are_in([row.key, row.answer]) or is_of_order(str(row.answer))),
        (view, view.c.org_id == org_id,
         lambda row: traces.are_in([row.name, *_values(row.address)])),
        (template, template.c.org_id == org_id,
         lambda row: traces.are_in([row.name, *_values(row.fields)])),
        (preference, preference.c.staff_id.in_(staff), lambda row: traces.are_in(row.value)),
    ):  # fmt: skip
        _delete_some(connection, table, own, has_trace)


def _values(fields: list[list[str]]) -> list[str]:
    return [value for _, *values in fields for value in values]


def _delete_some(
    connection: Connection,
    table: Table,
    condition: ColumnElement[bool],
    has_trace: Callable[[Any], bool],
) -> None:
    every = select(table).where(condition).execution_options(yield_per=ROWS_AT_ONCE)
    keys = [
        [column == row._mapping[column.name] for column in table.primary_key]
        for row in connection.execute(every)
        if has_trace(row)
    ]
    for key in keys:
        connection.execute(delete(table).where(*key))


def _erase_requests(connection: Connection, customer_id: str, org_id: str) -> None:
    """Delete requests whose path has the customer's ID."""
    log = tables.request_log
    parts = set(_as_in_paths(customer_id))
    named = or_(*(log.c.path.contains(part, autoescape=True) for part in sorted(parts)))
    connection.execute(delete(log).where(log.c.org_id == org_id, named))


def _as_in_paths(customer_id: str) -> Iterator[str]:
    prefix = "" if len(customer_id) >= SHORTEST_PART else "/customers/"
    for one in (customer_id, quote(customer_id), quote(customer_id, safe="")):
        yield prefix + one
