"""Taking an order: the one way in, whichever door it comes through.

`check_order` turns plain dicts and lists into a draft, or says everything that is wrong with them.
`create_order` is the only function that makes an order. The web form and the JSON endpoint are
translators in front of these two.
"""

import hashlib
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from orders import catalogue, queries
from orders.access import Actor
from orders.rules import short_id
from orders.rules.attributes import apply_attributes
from orders.rules.errors import Conflict, FieldError, Forbidden, InvalidOrder, ServiceBusy
from orders.rules.limits import Limits
from orders.rules.order import CartLine, NotSent, Order, OrderDraft
from orders.rules.schema import shape_errors
from orders.storage import database, tables

# The order of the fields on the form, in which errors are told.
_FIELDS = ("name", "customerId", "status", "platform", "metadata", "derivative", "cart", "items")

# With 55 random bits a second collision in a row means a broken random source, not bad luck.
SHORT_ID_TRIES = 8


@dataclass(frozen=True, slots=True)
class Once:
    """Makes a creation safe to repeat: one order for each key of an actor.

    `key`: at most 255 characters, chosen by the form or client; `fingerprint`: SHA-256 over what
    was sent, hexadecimal.
    """

    key: str
    fingerprint: str


class AlreadyPlaced(Conflict):
    """The same key came with other content; `short_id` is the order that the key has made."""

    def __init__(self, order_short_id: str) -> None:
        self.short_id = order_short_id
        super().__init__(
            f"This was already placed as order {short_id.grouped(order_short_id)}, "
            "with other content."
        )


def check_order(
    raw: object, *, actor: Actor, limits: Limits, legacy_items: bool = True
) -> OrderDraft:
    """Check an order as it was sent (camelCase keys, plain dicts and lists).

    Returns the draft with the defaults of the org's attributes filled in. Raises InvalidOrder with
    every error by its path, and Forbidden when it names another org than the actor's. Nothing is
    stored. `legacy_items` is off for the web form, which does not know the deprecated `items`.
    """
    shape = shape_errors(raw, limits=limits, legacy_items=legacy_items)
    sent: dict[str, Any] = raw if isinstance(raw, dict) else {}
    _refuse_foreign_org(sent.get("orgId"), actor)
    attributes = apply_attributes(
        _object(sent.get("metadata")),
        _object(sent.get("derivative")),
        actor.org.attributes,
        strict=actor.org.is_strict,
    )
    # A field that is wrong in itself is not told a second time by the org's rules.
    told = {error.path for error in shape.errors}
    errors = [*shape.errors, *(error for error in attributes.errors if error.path not in told)]
    draft = shape.draft
    references = _references(
        sent.get("cart") if not shape.cart_from_items else draft and draft.cart
    )
    unknown = catalogue.unknown_short_ids([name for _, name in references], actor.org_id)
    if unknown and shape.cart_from_items and draft is not None:
        # Entries that name no configuration cannot be converted: `items` stays as it came.
        draft = replace(draft, cart=())
    elif unknown:
        errors += [
            FieldError(f"cart.{position}.configurationId", "No saved configuration has this ID.")
            for position, name in references
            if name in unknown
        ]
    if errors or draft is None:
        raise InvalidOrder(sorted(errors, key=_place))
    return replace(draft, metadata=attributes.metadata, derivative=attributes.derivative)


def create_order(
    draft: OrderDraft,
    *,
    actor: Actor,
    once: Once | None = None,
    now: datetime | None = None,
    new_short_id: Callable[[], str] = short_id.generate,
) -> Order:
    """Store a checked order with its lines and its first history entry, all or nothing.

    Returns the order after it is durable. With `once`, a repeat returns the order that the key
    has already made, and raises AlreadyPlaced when the content differs. A short ID that is taken
    is replaced by another, invisibly. Raises ServiceBusy when the database cannot be written.
    """
    at = now or datetime.now(UTC)
    at = at.replace(microsecond=at.microsecond // 1000 * 1000)
    # Made before the transaction: if the database's answer to a commit is lost and the work runs
    # again, it meets its own order and does not make a second one.
    order_id = str(uuid.uuid4())

    def work(connection: Connection) -> Order | _PlacedBefore:
        if once is not None and (placed := _placed_before(connection, once, actor)):
            return placed
        for _ in range(SHORT_ID_TRIES):
            order = _order(draft, actor, order_id, new_short_id(), at)
            if _insert_order(connection, order):
                _insert_rest(connection, order, actor, once)
                return order
            own = connection.execute(_own_short_id, {"order_id": order_id}).scalar()
            if own is not None:
                return replace(order, short_id=own)
        raise ServiceBusy("No free order code was found. Please try again.")

    try:
        made = database.write(work)
    except IntegrityError:
        if once is None:
            raise
        # The same key at the same moment: the other one has won, and this run finds its order.
        made = database.write(work)
    if isinstance(made, _PlacedBefore):
        return queries.find_order(made.short_id, actor.org_id)
    return made


def fingerprint(raw: object) -> str:
    """Give SHA-256, hexadecimal, over what was sent; the order of keys does not count."""
    text = json.dumps(raw, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class _PlacedBefore:
    short_id: str


_own_short_id = select(tables.orders.c.short_id).where(tables.orders.c.id == bindparam("order_id"))
_placed_by_key = (
    select(tables.orders.c.short_id, tables.submission.c.fingerprint)
    .join(tables.submission, tables.submission.c.order_id == tables.orders.c.id)
    .where(
        tables.submission.c.actor_id == bindparam("actor_id"),
        tables.submission.c.key == bindparam("key"),
    )
)
# A taken short ID is an answer here, not an error that would end the transaction.
_insert_if_free = {
    dialect: statement.on_conflict_do_nothing().execution_options(preserve_rowcount=True)
    for dialect, statement in (
        ("sqlite", sqlite.insert(tables.orders)),
        ("postgresql", postgresql.insert(tables.orders)),
    )
}
_insert_lines = insert(tables.cart_line)
_insert_history = insert(tables.order_history).inline()
_insert_submission = insert(tables.submission)


def _placed_before(connection: Connection, once: Once, actor: Actor) -> _PlacedBefore | None:
    found = connection.execute(_placed_by_key, {"actor_id": actor.id, "key": once.key}).first()
    if found is None:
        return None
    if found.fingerprint != once.fingerprint:
        raise AlreadyPlaced(found.short_id)
    return _PlacedBefore(found.short_id)


def _order(draft: OrderDraft, actor: Actor, order_id: str, code: str, at: datetime) -> Order:
    origin = draft.origin_org_id
    return Order(
        id=order_id,
        short_id=code,
        org_id=actor.org_id,
        origin_org_id=actor.org_id if isinstance(origin, NotSent) else origin,
        name=draft.name,
        customer_id=draft.customer_id,
        platform=draft.platform,
        metadata=draft.metadata,
        derivative=draft.derivative,
        cart=draft.cart,
        items=draft.items,
        status=draft.status,
        created_at=at,
        updated_at=at,
        created_by=actor.id,
        deleted_at=None,
    )


def _insert_order(connection: Connection, order: Order) -> bool:
    row = {
        "id": order.id,
        "short_id": order.short_id,
        "org_id": order.org_id,
        "origin_org_id": order.origin_org_id,
        "name": order.name,
        "customer_id": order.customer_id,
        "platform": order.platform,
        "metadata": order.metadata,
        "derivative": order.derivative,
        "items": order.items,
        "status": str(order.status),
        "created_at": order.created_at,
        "updated_at": order.updated_at,
        "created_by": order.created_by,
        "deleted_at": None,
        "version": order.version,
        "search_text": search_text(order),
    }
    return connection.execute(_insert_if_free[connection.dialect.name], row).rowcount == 1


def _insert_rest(connection: Connection, order: Order, actor: Actor, once: Once | None) -> None:
    if order.cart:
        lines = [
            {
                "order_id": order.id,
                "position": position,
                "configuration_id": line.configuration_id,
                "count": line.count,
                "metadata": line.metadata,
            }
            for position, line in enumerate(order.cart)
        ]
        connection.execute(_insert_lines, lines)
    entry = {
        "order_id": order.id,
        "at": order.created_at,
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "action": "created",
        "changes": {},
    }
    connection.execute(_insert_history, entry)
    if once is not None:
        key = {"actor_id": actor.id, "key": once.key, "fingerprint": once.fingerprint}
        connection.execute(
            _insert_submission, {**key, "order_id": order.id, "created_at": order.created_at}
        )


def search_text(order: Order) -> str:
    """Give what the list's search looks through: code, name, customer, in case-folded form."""
    parts = (order.short_id, order.name, order.customer_id, order.platform.get("id"))
    # Case folding may lengthen a text threefold (255 characters at the most each).
    return "\n".join(part.casefold()[:380] for part in parts if isinstance(part, str))


def _refuse_foreign_org(org_id: object, actor: Actor) -> None:
    """Refuse an order for another org; a value of another type is the schema's to name."""
    if isinstance(org_id, str) and org_id.lower() != actor.org_id:
        raise Forbidden("This token may create orders in its own org only.")


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _references(cart: object) -> list[tuple[int, str]]:
    """Give the position and configuration ID of each line that has a text there."""
    named: list[tuple[int, str]] = []
    for position, line in enumerate(cart if isinstance(cart, list | tuple) else ()):
        name = line.get("configurationId") if isinstance(line, dict) else None
        if isinstance(line, CartLine):
            name = line.configuration_id
        if isinstance(name, str):
            named.append((position, name))
    return named


def _place(error: FieldError) -> tuple[int, int, str]:
    """Sort errors as a reader of the form meets them: by field, then by line."""
    field, _, rest = error.path.partition(".")
    position = rest.partition(".")[0]
    line = int(position) if field in {"cart", "items"} and position.isdigit() else -1
    place = _FIELDS.index(field) if field in _FIELDS else len(_FIELDS)
    return place, line, error.path
