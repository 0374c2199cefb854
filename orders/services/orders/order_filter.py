"""SQL conditions for the orders in a list, from filters and a search, for the API and the desk."""

import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Text, exists, or_, select, type_coerce

from orders.domain.collation import sort_key
from orders.domain.identifiers import read_uuid
from orders.domain.order import PLATFORM_LABELS
from orders.domain.order_dates import DateRange
from orders.domain.repeated_numbers import folded_number
from orders.domain.search_text import codes_of, fold, read_code_list
from orders.domain.status import OPEN_CARTS
from orders.services.orders.order_dates import is_within
from orders.services.orders.order_search import read_search
from orders.storage import database
from orders.storage.replica import from_replica
from orders.storage.sql import JsonMember, in_array, unindexed
from orders.storage.tables import cart_line, configuration, orders, shown_name, staff_account, token

# Characters of a value that the search text is asked for before the value itself is.
MOST_COMPARED = 100
# Orders whose platform and store names are offered for choice: the newest ones.
MOST_SUGGESTED_FROM = 200


@dataclass(frozen=True, slots=True)
class AttributeIs:
    """The condition that `key` has this value in at least one of `areas`.

    `areas` contains "metadata", "derivative" or both.
    """

    areas: tuple[str, ...]
    key: str
    value: str


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """The criteria for a list of orders; a field that is empty or None matches all orders.

    Texts other than `search` must be equal, including case. `short_ids` have the canonical
    spelling. `platform` maps keys to required values; the value None requires that the key has no
    value. Times are inclusive, except `created_before`. If `in_bin` is true, only orders in the bin
    match; otherwise only orders outside it. If `is_canceled` is not None, only orders that are
    canceled, or only orders that are not, match. With `readable_by`, only open carts and orders
    that one of these tokens created match.
    """

    search: str = ""
    short_ids: tuple[str, ...] = ()
    origin_org_id: str | None = None
    customer_id: str | None = None
    name: str | None = None
    statuses: tuple[str, ...] = ()
    platform: dict[str, Any] = field(default_factory=dict)
    created_from: datetime | None = None
    created_to: datetime | None = None
    created_before: datetime | None = None
    updated_from: datetime | None = None
    updated_to: datetime | None = None
    created_by: str | None = None
    attributes: tuple[AttributeIs, ...] = ()
    dates: tuple[DateRange, ...] = ()
    configuration_id: str | None = None
    in_bin: bool = False
    is_canceled: bool | None = None
    readable_by: tuple[str, ...] = ()


def conditions(
    connection: Connection, org_id: str, wanted: OrderFilter, *, by_org: bool = True
) -> Iterator[ColumnElement[bool]]:
    """Yield SQL conditions for the org's orders that match `wanted`, the cheapest first.

    If `by_org` is false, the caller has a condition of its own for the org.
    """
    search = read_search(connection, org_id, wanted.search)
    is_of_few = wanted.short_ids or codes_of(wanted.search) or _number(wanted.platform)
    is_indexed = not is_of_few and search.ids is None
    own = orders.c.org_id if is_indexed else unindexed(orders.c.org_id)
    yield from [own == org_id] if by_org else ()
    if search.ids is not None:
        yield in_array(orders.c.id, search.ids)
    yield from _are_set(deleted_at=wanted.in_bin, canceled_at=wanted.is_canceled)
    if wanted.short_ids:
        yield orders.c.short_id.in_(wanted.short_ids)
    if wanted.statuses:
        yield orders.c.status.in_([str(status) for status in wanted.statuses])
    if wanted.name is not None:
        # Of names, SQLite's index of the list has only the keys.
        yield orders.c.name_key == sort_key(wanted.name)
    for name in ("origin_org_id", "customer_id", "name", "created_by"):
        value = getattr(wanted, name)
        if value is not None:
            yield orders.c[name] == value
    yield from _are_readable(wanted.readable_by)
    periods = (
        (operator.ge, orders.c.created_at, wanted.created_from),
        (operator.le, orders.c.created_at, wanted.created_to),
        (operator.lt, orders.c.created_at, wanted.created_before),
        (operator.ge, orders.c.updated_at, wanted.updated_from),
        (operator.le, orders.c.updated_at, wanted.updated_to),
    )
    yield from (compare(column, at) for compare, column, at in periods if at is not None)
    yield from _of_platform(wanted.platform)
    for one in wanted.attributes:
        yield or_(*(_contains(area, one.key, one.value) for area in one.areas))
        yield or_(*(JsonMember(orders.c[area], one.key, one.value) for area in one.areas))
    yield from (is_within(org_id, one) for one in wanted.dates)
    if wanted.configuration_id is not None:
        names = _names_of(connection, org_id, wanted.configuration_id)
        named = cart_line.c.configuration_id.in_(names)
        yield exists().where(cart_line.c.order_id == orders.c.id, named)
    yield from search.conditions


def _number(platform: Mapping[str, Any]) -> str | None:
    number = platform.get("id")
    return folded_number(number) if isinstance(number, str) else None


def _of_platform(wanted: Mapping[str, Any]) -> Iterator[ColumnElement[bool]]:
    """Yield the conditions for the keys and values of `platform`."""
    if number := _number(wanted):
        yield orders.c.platform_key == number  # it has an index
    for key, value in wanted.items():
        if key in PLATFORM_LABELS and isinstance(value, str):
            # The search text contains it, and is read faster than the stored JSON.
            begin = fold(value)[:MOST_COMPARED]
            yield orders.c.search_text.contains(begin, autoescape=True)
        yield JsonMember(orders.c.platform, key, value)


def _are_readable(token_ids: Sequence[str]) -> Iterator[ColumnElement[bool]]:
    """Yield the condition that one of these tokens created an order, or that its cart is open."""
    if token_ids:
        is_open = orders.c.status.in_([str(status) for status in OPEN_CARTS])
        yield or_(orders.c.created_by.in_(token_ids), is_open)


def _are_set(**columns: bool | None) -> Iterator[ColumnElement[bool]]:
    """Yield conditions that columns have a value (true) or none (false); None is no condition."""
    for name, is_set in columns.items():
        if is_set is not None:
            yield orders.c[name].is_not(None) if is_set else orders.c[name].is_(None)


def _contains(area: str, key: str, value: str) -> ColumnElement[bool]:
    """Return a cheap condition that is met by all orders with this value of `key` in `area`.

    Other orders may meet it, too.
    """
    written = orjson.dumps({key: value}).decode()[1:-1]
    return type_coerce(orders.c[area], Text).contains(written, autoescape=True)


def _names_of(connection: Connection, org_id: str, reference: str) -> list[str]:
    """Return both the UUID and the short ID of a configuration, given one of them.

    Returns only the given one if the configuration is unknown.
    """
    name = read_uuid(reference) or reference
    statement = select(configuration.c.id, configuration.c.short_id).where(
        unindexed(configuration.c.org_id) == org_id,
        configuration.c.deleted_at.is_(None),
        or_(configuration.c.id == name, configuration.c.short_id == name),
    )
    return sorted({name}.union(*(tuple(row) for row in connection.execute(statement))))


@dataclass(frozen=True, slots=True)
class UnlistedCodes:
    """The order codes in a search whose orders are missing from the list, grouped by reason.

    `mistyped` are texts that are not order codes, as they were typed. Codes in `unknown` belong to
    no order of the org. Orders of the codes in `binned` are in the bin, and those of the codes in
    `filtered` do not match another filter.
    """

    mistyped: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    binned: tuple[str, ...] = ()
    filtered: tuple[str, ...] = ()
    count: int = 0  # of all codes of the search, mistyped ones included

    @property
    def unlisted(self) -> int:
        return len(self.mistyped + self.unknown + self.binned + self.filtered)


@from_replica
def unlisted_codes(org_id: str, wanted: OrderFilter) -> UnlistedCodes:
    """Return the order codes in a search whose orders the list does not contain, by reason.

    The result is empty if the search is not a list of codes.
    """
    sought = read_code_list(wanted.search)
    if sought is None:
        return UnlistedCodes()
    codes = sought.codes
    known = select(orders.c.short_id, orders.c.deleted_at).where(
        unindexed(orders.c.org_id) == org_id, orders.c.short_id.in_(codes)
    )
    with database.read() as connection:
        deleted = {row.short_id: row.deleted_at is not None for row in connection.execute(known)}
        listed = select(orders.c.short_id).where(*conditions(connection, org_id, wanted))
        shown = set(connection.execute(listed).scalars()) if codes else set()
    left = [code for code in codes if code in deleted and code not in shown]
    binned = tuple(code for code in left if deleted[code] and not wanted.in_bin)
    return UnlistedCodes(
        sought.mistyped,
        unknown=tuple(code for code in codes if code not in deleted),
        binned=binned,
        filtered=tuple(code for code in left if code not in binned),
        count=len(codes) + len(sought.mistyped),
    )


@dataclass(frozen=True, slots=True)
class FilterChoices:
    """What people can choose in the filters of the list.

    `people` and `tokens` are pairs of an ID and a name.
    """

    people: tuple[tuple[str, str], ...]
    tokens: tuple[tuple[str, str], ...]
    platforms: tuple[str, ...]
    stores: tuple[str, ...]

    def name_of(self, actor_id: str) -> str | None:
        """Return the name of the person or token with this ID; None for an unknown ID."""
        return dict(self.people + self.tokens).get(actor_id)


@from_replica
def read_choices(org_id: str, *, with_every_token: bool) -> FilterChoices:
    """Return the org's people and tokens, and the platforms and stores of its recent orders.

    Unless `with_every_token` is true, the tokens are only those that created a recent order: who
    may see an order may see who created it, and only admins may know all tokens.
    """
    people = select(staff_account.c.id, shown_name).where(staff_account.c.org_id == org_id)
    tokens = select(token.c.id, token.c.name).where(token.c.org_id == org_id)
    recent = (
        select(orders.c.platform, orders.c.created_by)
        .where(orders.c.org_id == org_id)
        .order_by(orders.c.created_at.desc(), orders.c.id.desc())
        .limit(MOST_SUGGESTED_FROM)
    )
    with database.read() as connection:
        made = connection.execute(recent).all()
        platforms, creators = [one.platform for one in made], {one.created_by for one in made}
        every = connection.execute(tokens).all()
        return FilterChoices(
            people=_by_name(connection.execute(people)),
            tokens=_by_name(one for one in every if with_every_token or one.id in creators),
            platforms=_texts_of(platforms, "platform"),
            stores=_texts_of(platforms, "storeName"),
        )


def _by_name(rows: Iterable[Any]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(((row[0], row[1]) for row in rows), key=lambda one: one[1].casefold()))


def _texts_of(objects: Sequence[dict[str, Any]], key: str) -> tuple[str, ...]:
    return tuple(
        sorted({text for one in objects if isinstance(text := one.get(key), str) and text})
    )
