"""Finds saved configurations by ID, short ID or SKU, and suggests them while a person types."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, select, union_all
from sqlalchemy.orm import InstrumentedAttribute

from orders.domain.configuration import THUMBNAIL
from orders.domain.errors import FieldError
from orders.domain.identifiers import clean_reference, is_short_id, read_uuid
from orders.domain.search_text import fold
from orders.domain.texts import lazy_gettext
from orders.domain.uploads import PICTURES
from orders.services.accounts.access import MAX_PUBLIC_CODES, Actor
from orders.storage import database
from orders.storage.models.catalog import ConfigurationFile, ConfigurationRow
from orders.storage.sql import rows_with, unindexed
from orders.storage.tables import cart_line, columns_of, configuration, orders

MAX_SUGGESTIONS = 8
# References that are resolved for each suggestion if nothing is typed: some configurations may be
# deleted or belong to another platform.
MARGIN = 4
# Suggestions prefer what the newest RECENT_ORDERS of the org contain in their RECENT_LINES first
# lines; an order may have a thousand lines.
RECENT_ORDERS = 200
RECENT_LINES = 10
MAX_RANKED = 200  # matches that are ranked; of more, the newest
MAX_TEXT = 100  # characters of a search that are used
PICTURE_VERSION = 10  # hexadecimal characters
UNKNOWN_SENTENCE = lazy_gettext("No product has this ID.")


@dataclass(frozen=True, slots=True)
class ConfigurationSummary:
    """The fields of a configuration by which people recognize it.

    `thumbnail` is the URL or path of the picture, or None if there is none. `retired_at` is set if
    the product is not offered for new orders. `has_picture` is true if the picture is in the file
    store; `picture_version` is then the beginning of its SHA-256, otherwise "".
    """

    id: str
    short_id: str
    product_name: str | None
    sku: str | None
    variant: dict[str, Any]
    thumbnail: str | None
    retired_at: datetime | None = None
    picture_version: str = ""

    @property
    def has_picture(self) -> bool:
        """Whether the picture is in the file store."""
        return bool(self.picture_version)


_summaries = select(
    *columns_of(ConfigurationSummary, configuration), ConfigurationFile.sha256.label("picture")
).outerjoin(
    ConfigurationFile,
    and_(
        ConfigurationFile.configuration_id == ConfigurationRow.id,
        ConfigurationFile.key == THUMBNAIL,
        ConfigurationFile.content_type.in_(PICTURES),
    ),
)


def resolve(references: Iterable[str], org_id: str) -> dict[str, ConfigurationSummary]:
    """Return the configurations to which the references refer, keyed by reference.

    A reference is a UUID, a short ID or a SKU as a person typed it. References that do not match
    exactly one configuration of the org are left out. An ID takes precedence over a SKU, and a SKU
    that matches exactly over one that differs in case (`OSL-1` for `osl-1`). Invisible characters,
    which copying can add to a text, are ignored (`clean_reference`). Retired configurations are
    found by their IDs only, so that stored orders keep them.
    """
    # As typed, too: a SKU may have been stored with such marks.
    wanted = {one: (clean_reference(one), one.strip()) for one in references}
    names = {name for both in wanted.values() for name in both if name and "\0" not in name}
    uuids = {name: own_id for name in names if (own_id := read_uuid(name))}
    short_ids = {name for name in names if is_short_id(name)}
    # One statement per column, because a combined one takes three times as long.
    summaries = _find(ConfigurationRow.id, set(uuids.values()), org_id)
    summaries += _find(ConfigurationRow.short_id, short_ids, org_id)
    summaries += _find(ConfigurationRow.sku, names, org_id)
    # Other cases are searched only for references that were not found as typed.
    rest = names - {summary.short_id for summary in summaries}
    rest -= {summary.sku for summary in summaries if summary.sku and not summary.retired_at}
    spellings = {spelled for name in rest for spelled in (name.upper(), name.lower())} - rest
    summaries += _find(ConfigurationRow.sku, spellings, org_id)
    # A configuration may be found twice: by its ID and by its SKU.
    by_id = {summary.id: summary for summary in summaries}
    by_short_id = {summary.short_id: summary for summary in summaries}
    by_sku: dict[str, list[ConfigurationSummary]] = {}
    by_folded_sku: dict[str, list[ConfigurationSummary]] = {}
    for summary in by_id.values():
        if summary.sku and not summary.retired_at:
            by_sku.setdefault(summary.sku, []).append(summary)
            by_folded_sku.setdefault(summary.sku.casefold(), []).append(summary)

    def named(name: str) -> ConfigurationSummary | None:
        same_sku = by_sku.get(name) or by_folded_sku.get(name.casefold(), [])
        found = by_id.get(uuids.get(name, "")) or by_short_id.get(name)
        return found or (same_sku[0] if len(same_sku) == 1 else None)

    found = {one: named(clean) or named(typed) for one, (clean, typed) in wanted.items()}
    return {one: summary for one, summary in found.items() if summary is not None}


def ids_in(org_id: str) -> Callable[[Iterable[str]], dict[str, str]]:
    """Return a function that maps references to the UUIDs of the configurations they refer to.

    The function leaves out references that `resolve` does not find in the org.
    """
    return lambda names: {name: one.id for name, one in resolve(names, org_id).items()}


def references_of(summaries: Iterable[ConfigurationSummary], org_id: str) -> dict[str, str]:
    """Return the text that identifies each configuration to people, keyed by configuration UUID.

    The text is the SKU if it is unique in the org and fits into a one-line input field unchanged;
    otherwise it is the short ID.
    """
    every = list(summaries)
    found = resolve({one.sku for one in every if one.sku}, org_id)
    # A field of one line would change any other SKU.
    unique = {
        one.id: sku
        for sku, one in found.items()
        if one.sku == sku and sku == sku.strip() and len(sku.splitlines()) == 1
    }
    return {one.id: unique.get(one.id, one.short_id) for one in every}


def _find(
    column: InstrumentedAttribute[Any], names: Collection[str], org_id: str
) -> list[ConfigurationSummary]:
    # The index of SKUs starts with the org; the indexes of IDs do not contain it.
    is_by_sku = column is ConfigurationRow.sku
    ours = ConfigurationRow.org_id if is_by_sku else unindexed(ConfigurationRow.org_id)
    statement = _summaries.where(ours == org_id, ConfigurationRow.deleted_at.is_(None))
    if is_by_sku:
        statement = statement.where(ConfigurationRow.retired_at.is_(None))
    if not names:
        return []
    with database.read() as connection:
        return [_summary(row) for row in rows_with(connection, statement, column, names)]


def _summary(row: Any) -> ConfigurationSummary:  # noqa: ANN401 - a row of `_summaries`
    # Unpacking is faster than access by column name, which matters for hundreds of rows.
    configuration_id, short_id, product_name, sku, variant, thumbnail, retired_at, picture = row
    return ConfigurationSummary(
        configuration_id, short_id, product_name, sku, variant or {}, thumbnail, retired_at,
        picture[:PICTURE_VERSION] if picture else "",
    )  # fmt: skip


def unknown_errors(references: Sequence[tuple[int, str]], actor: Actor) -> list[FieldError]:
    """Return an error for each cart line whose `configurationId` is an unknown short ID.

    `references` are pairs of a line's position in the cart, from 0, and its `configurationId`. A
    public token gets the first MAX_PUBLIC_CODES errors, because it may be guessing.
    """
    unknown = unknown_short_ids((name for _, name in references), actor.org_id)
    errors = [
        FieldError(f"cart.{position}.configurationId", UNKNOWN_SENTENCE)
        for position, name in references
        if name in unknown
    ]
    return errors if actor.is_private else errors[:MAX_PUBLIC_CODES]


def count_unknown(errors: Iterable[FieldError]) -> int:
    """Return how many of the errors are about an unknown short ID."""
    return sum(error.message is UNKNOWN_SENTENCE for error in errors)


def unknown_short_ids(references: Iterable[str], org_id: str) -> set[str]:
    """Return the references that look like short IDs but belong to no configuration of the org.

    UUIDs are never returned, because they may belong to configurations on another platform.
    """
    short = {name for name in references if is_short_id(name) and read_uuid(name) is None}
    if not short:
        return set()
    column = ConfigurationRow.short_id
    statement = select(column).where(
        unindexed(ConfigurationRow.org_id) == org_id, ConfigurationRow.deleted_at.is_(None)
    )
    with database.read() as connection:
        return short - {row.short_id for row in rows_with(connection, statement, column, short)}


_searched = select(
    ConfigurationRow.id,
    ConfigurationRow.short_id,
    ConfigurationRow.sku,
    ConfigurationRow.product_name,
)


def find_configurations(
    text: str, actor: Actor, *, most: int = MAX_SUGGESTIONS
) -> list[ConfigurationSummary]:
    """Return suggestions for a text that a person has typed: at most `most`, the best first.

    Every word must occur in the name, SKU, short ID or an option value, regardless of case. First
    come configurations whose name, SKU or short ID equals the text, then those that the actor used
    recently, then those that others used recently, then those whose name, SKU or short ID starts
    with the text. If the text is empty, recently used configurations are returned. Retired ones are
    never returned.
    """
    words = fold(text[:MAX_TEXT].replace("\0", " ")).split()
    recent = _recently_used(actor)
    if not words:
        names = recent[: most * MARGIN]
        known = resolve(names, actor.org_id)
        offered = (known[name] for name in names if name in known)
        ids = list(dict.fromkeys(one.id for one in offered if not one.retired_at))[:most]
    else:
        typed = " ".join(words)
        rows = {row.id: row for row in _matching(words, typed, actor.org_id)}
        places = {name: place for place, name in enumerate(recent)}
        nowhere = len(places)

        def rank(one: str) -> tuple[bool, int, bool, str, str]:
            row = rows[one]
            sku, short_id, name = (
                fold(known or "") for known in (row.sku, row.short_id, row.product_name)
            )
            begins = any(known.startswith(typed) for known in (sku, short_id, name))
            # Order lines may contain either ID.
            used = min(places.get(row.id, nowhere), places.get(row.short_id, nowhere))
            return (typed not in {sku, short_id, name}, used, not begins, name, sku)

        ids = sorted(rows, key=rank)[:most]
    summaries = resolve(ids, actor.org_id)
    return [summaries[one] for one in ids if one in summaries]


def _recently_used(actor: Actor) -> list[str]:
    """Return the configuration IDs in the lines of recent orders, the actor's own orders first."""
    newest = (
        select(orders.c.id, orders.c.created_at, orders.c.created_by)
        .where(orders.c.org_id == actor.org_id, orders.c.deleted_at.is_(None))
        .order_by(orders.c.created_at.desc(), orders.c.id.desc())
        .limit(RECENT_ORDERS)
        .subquery()
    )
    is_mine = newest.c.created_by == actor.id
    used = (
        select(cart_line.c.configuration_id, func.max(newest.c.created_at), is_mine)
        .join(newest, cart_line.c.order_id == newest.c.id)
        .where(cart_line.c.position < RECENT_LINES)
        .group_by(cart_line.c.configuration_id, is_mine)
    )
    rows = database.fetch_all(used)
    mine_first = sorted(rows, key=lambda row: (row[2], row[1]), reverse=True)
    return list(dict.fromkeys(row[0] for row in mine_first))


def _matching(words: list[str], typed: str, org_id: str) -> list[Any]:
    is_there = and_(ConfigurationRow.deleted_at.is_(None), ConfigurationRow.retired_at.is_(None))
    is_ours = ConfigurationRow.org_id == org_id
    contains = [ConfigurationRow.search_text.contains(word, autoescape=True) for word in words]
    matching = _searched.where(is_ours, is_there, *contains)
    spelled = {typed, typed.upper()}
    exact = union_all(
        _searched.where(is_ours, is_there, ConfigurationRow.sku.in_(spelled)),
        _searched.where(
            unindexed(ConfigurationRow.org_id) == org_id, is_there,
            ConfigurationRow.short_id.in_(spelled),
        ),
    )  # fmt: skip
    newest = matching.order_by(ConfigurationRow.created_at.desc(), ConfigurationRow.id).limit(
        MAX_RANKED
    )
    with database.read() as connection:
        return [*connection.execute(exact), *connection.execute(newest)]
