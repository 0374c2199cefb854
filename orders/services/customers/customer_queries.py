"""Queries for the customer records of an org: one record, lists, and names by customer ID."""

import operator
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from orders.domain.customer import Customer
from orders.domain.errors import NotFound
from orders.domain.identifiers import clean_reference
from orders.domain.search_text import fold, words_of
from orders.domain.texts import lazy_gettext
from orders.storage import database
from orders.storage.pages import Page, Paging, numbered_page
from orders.storage.replica import from_replica
from orders.storage.sql import in_array
from orders.storage.tables import customer

NOT_FOUND = lazy_gettext("There is no record of this customer.")
# Columns by which a list can be sorted, by wire name.
SORTABLE: Mapping[str, Any] = {
    "createdAt": customer.c.created_at,
    "updatedAt": customer.c.updated_at,
    "name": customer.c.name_key,
    "customerId": customer.c.customer_key,
}
columns = [customer.c[name] for name in Customer._fields]
MOST_SUGGESTED = 8


@dataclass(frozen=True, slots=True)
class CustomerFilter:
    """The criteria for a list of customer records; a field that is None or "" matches all of them.

    `name` and `email` must be equal, including case. Times are inclusive. Each word of `search`
    must occur in the ID, name, contact, e-mail address, phone number or city, whatever its case and
    accents.
    """

    name: str | None = None
    email: str | None = None
    updated_from: datetime | None = None
    updated_to: datetime | None = None
    search: str = ""


def customer_from(row: Any) -> Customer:  # noqa: ANN401 - a row of `columns`, or more columns
    """Return the customer record in a database row."""
    fields = row._mapping
    return Customer(**{name: fields[name] for name in Customer._fields})


def find_customer(reference: str, org_id: str) -> Customer:
    """Return the record of the customer with the ID `reference`.

    A final slash is ignored unless it is part of a stored ID, since every address of the API may
    end with one. Raises NotFound if the org has no such record.
    """
    with database.read() as connection:
        return read_customer(connection, reference, org_id)


def read_customer_id(text: str) -> str:
    """Return a typed customer ID as it is stored. Raises NotFound if it is empty.

    An order may have an empty ID, and belongs to nobody then.
    """
    if not (customer_id := clean_reference(text).replace("\0", "")):
        raise NotFound(NOT_FOUND)
    return customer_id


def find_optional_customer(customer_id: str, org_id: str) -> Customer | None:
    """Return the record of a customer, or None if there is none."""
    try:
        return find_customer(customer_id, org_id)
    except NotFound:
        return None


def read_customer(
    connection: Connection, reference: str, org_id: str, *, to_change: bool = False
) -> Customer:
    """Return a customer record as `find_customer` does, on the caller's connection.

    If `to_change` is true, the row is locked until the transaction ends. Raises NotFound.
    """
    cleaned = clean_reference(reference)
    if "\0" in cleaned or len(cleaned) > _MOST_CHARACTERS:  # PostgreSQL rejects NUL
        raise NotFound(NOT_FOUND)
    statement = select(*columns).where(
        customer.c.org_id == org_id,
        customer.c.customer_id.in_([cleaned, cleaned.removesuffix("/")]),
        customer.c.deleted_at.is_(None),
    )
    if to_change:
        statement = statement.with_for_update()
    found = [customer_from(row) for row in connection.execute(statement)]
    if not found:
        raise NotFound(NOT_FOUND)
    return max(found, key=lambda one: len(one.customer_id))


_MOST_CHARACTERS = 256  # of an ID, with a slash behind it


def find_customers_of(customer_ids: Collection[str], org_id: str) -> dict[str, Customer]:
    """Return the records of these customers by ID; IDs without a record are left out."""
    known = in_array(customer.c.customer_id, sorted(set(customer_ids)))
    statement = select(*columns).where(*_of_org(org_id), known)
    return {row.customer_id: customer_from(row) for row in database.fetch_all(statement)}


@from_replica
def all_customers(org_id: str) -> list[Customer]:
    """Return all customer records of the org, sorted by customer ID."""
    order = (customer.c.customer_key, customer.c.id)
    statement = select(*columns).where(*_of_org(org_id)).order_by(*order)
    return [customer_from(row) for row in database.fetch_all(statement)]


@from_replica
def list_customers(org_id: str, filters: CustomerFilter, paging: Paging) -> Page[Customer]:
    """Return a page of the org's customer records that match `filters`, with their number.

    `paging` names the field to sort by, one of SORTABLE; records with equal values are sorted by
    their internal ID.
    """
    found = select(*columns).where(*_of_org(org_id), *_conditions(filters))
    with database.read() as connection:
        return numbered_page(
            connection, found, paging, sortable=SORTABLE, tie=customer.c.id, make=customer_from
        )


def suggest_customers(
    connection: Connection, text: str, org_id: str, *, most: int = MOST_SUGGESTED
) -> list[str]:
    """Return the customer IDs of at most `most` records that match a search, sorted by name."""
    statement = (
        select(customer.c.customer_id)
        .where(*_of_org(org_id), *_conditions(CustomerFilter(search=text)))
        .order_by(customer.c.name_key, customer.c.id)
        .limit(most)
    )
    return list(connection.execute(statement).scalars())


def names_of(customer_ids: Collection[str | None], org_id: str) -> dict[str, str]:
    """Return the names of customers by their IDs, as they are in orders.

    IDs without a record, and records without a name, are left out.
    """
    cleaned = {one: clean_reference(one) for one in customer_ids if one}
    if not cleaned:
        return {}
    with database.read() as connection:
        statement = select(customer.c.customer_id, customer.c.name).where(
            *_of_org(org_id), in_array(customer.c.customer_id, sorted(set(cleaned.values())))
        )
        names = {row.customer_id: row.name for row in connection.execute(statement)}
    return {one: name for one, plain in cleaned.items() if (name := names.get(plain))}


def defaults_of(
    connection: Connection, customer_ids: Collection[str], org_id: str
) -> dict[str, dict[str, Any]]:
    """Return the defaults in the records of customers, by their IDs; those without are left out."""
    statement = select(customer.c.customer_id, customer.c.defaults).where(
        *_of_org(org_id), customer.c.customer_id.in_(sorted(customer_ids))
    )
    return {row.customer_id: row.defaults for row in connection.execute(statement)}


def _of_org(org_id: str) -> tuple[ColumnElement[bool], ...]:
    return customer.c.org_id == org_id, customer.c.deleted_at.is_(None)


def _conditions(filters: CustomerFilter) -> list[ColumnElement[bool]]:
    exact = {customer.c.name: filters.name, customer.c.email: filters.email}
    conditions = [column == value for column, value in exact.items() if value is not None]
    periods = (
        (operator.ge, customer.c.updated_at, filters.updated_from),
        (operator.le, customer.c.updated_at, filters.updated_to),
    )
    conditions += [compare(column, at) for compare, column, at in periods if at is not None]
    words = (fold(word) for word in words_of(filters.search))
    conditions += [customer.c.search_text.contains(word, autoescape=True) for word in words]
    return conditions
