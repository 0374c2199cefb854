"""Check and create orders, for every interface.

`check_order` turns plain dicts and lists into a draft, or raises an exception with all errors.
`create_order` is the only function that creates an order. The desk's form, the import and the API
call these two.
"""

from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Table, bindparam, select
from sqlalchemy.exc import IntegrityError

from orders.domain import short_id
from orders.domain.attributes import apply_attributes
from orders.domain.errors import Conflict, FieldError, InvalidOrder, ServiceBusy
from orders.domain.identifiers import canonical_configuration_id, new_uuid
from orders.domain.inputs import Limits
from orders.domain.legacy_items import convert_items, id_path, not_converted
from orders.domain.line_attributes import line_faults, with_defaults
from orders.domain.moments import now_or
from orders.domain.order import ORDER_FIELDS, CartLine, Order, OrderDraft, new_order
from orders.domain.schema import shape_errors
from orders.domain.texts import lazy_gettext
from orders.domain.webhook import Topic
from orders.measurements import Measured, report
from orders.services import idempotency
from orders.services.accounts.access import Actor, refuse_foreign_org
from orders.services.accounts.history import CREATED, IMPORTED
from orders.services.catalog import products
from orders.services.idempotency import IdempotencyKey, KeyAlreadyUsed
from orders.services.orders import queries
from orders.services.orders.notes import note_row
from orders.services.orders.order_dates import date_rows
from orders.services.orders.pasted import pasted_row
from orders.services.orders.pending_changes import change_rows
from orders.services.orders.queries import history_row, line_rows, order_row
from orders.services.orders.repeats import repeated_numbers
from orders.services.webhooks.webhooks import messages
from orders.storage import database, tables
from orders.storage.database import CompiledSelect, NewRows

# Errors are listed in the order of the fields on the form.
_PLACES = {field.wire_name: place for place, field in enumerate(ORDER_FIELDS) if field.sent}

# With 55 random bits a second collision in a row means a broken random source, not bad luck.
SHORT_ID_TRIES = 8


class AlreadyPlaced(Conflict):
    """Raised when an idempotency key was already used to place an order with other content.

    `short_id` is the short ID of that order.
    """

    def __init__(self, order_short_id: str) -> None:
        self.short_id = order_short_id
        super().__init__(
            lazy_gettext(
                "This was already placed as order %(code)s, with different content.",
                code=short_id.grouped(order_short_id),
            )
        )


def check_order(
    raw: object, *, actor: Actor, limits: Limits, legacy_items: bool = True
) -> OrderDraft:
    """Check an order as it was sent (camelCase keys, plain dicts and lists), and return a draft.

    The draft contains the default values of the org's attributes, and warnings about likely
    mistakes, such as a repeated order number. If `legacy_items` is true, the deprecated `items` are
    allowed. Raises InvalidOrder with all errors by path, and Forbidden if `orgId` is another org's
    ID.
    """
    shape = shape_errors(raw, limits=limits, legacy_items=legacy_items)
    sent = shape.sent
    refuse_foreign_org(sent.get("orgId"), actor)
    attributes = apply_attributes(
        _object(sent.get("metadata")),
        _object(sent.get("derivative")),
        actor.org.attributes,
        strict=actor.org.is_strict,
    )
    # A field that is wrong in itself gets no second error by the org's rules.
    known = {error.path for error in shape.errors}
    errors = [*shape.errors, *(error for error in attributes.errors if error.path not in known)]
    draft = shape.draft
    # What old clients send as `items` is not checked so closely.
    if actor.org.line_attributes and not shape.cart_from_items:
        own = line_faults(
            _metadata_of(sent.get("cart")), actor.org.line_attributes, strict=actor.org.is_strict
        )
        errors += [error for error in own if not _is_within(error.path, known)]
    references = _references(
        sent.get("cart") if not shape.cart_from_items else draft and draft.cart
    )
    unknown = products.unknown_errors(references, actor)
    if unknown and shape.cart_from_items and draft is not None:
        # Entries that name no configuration cannot be converted: `items` stays as it came.
        warnings = item_warnings(draft.items, actor.org_id)
        # A public token may be guessing: it learns that an entry is unknown, but not which.
        draft = draft._replace(cart=(), warnings=warnings if actor.is_private else warnings[:1])
    else:
        errors += unknown
    if errors or draft is None:
        raise InvalidOrder(sorted(errors, key=_place))
    metadata = attributes.metadata
    repeated = repeated_numbers(draft.customer_id, draft.platform, metadata, actor)
    return draft._replace(
        metadata=metadata,
        derivative=attributes.derivative,
        cart=with_defaults(draft.cart, actor.org.line_attributes),
        warnings=draft.warnings + repeated,
    )


def item_warnings(items: list[Any], org_id: str) -> tuple[FieldError, ...]:
    """Return warnings about the entries of the deprecated `items` that cannot become cart lines."""
    converted = convert_items(items)
    named = [(at, line.configuration_id) for at, line in enumerate(converted.lines)]
    unknown = products.unknown_short_ids((name for _, name in named), org_id)
    reasons = [
        FieldError(id_path(items, at), products.UNKNOWN_SENTENCE)
        for at, name in named
        if name in unknown
    ]
    return not_converted(reasons).warnings if reasons else converted.warnings


def create_order(
    draft: OrderDraft,
    *,
    actor: Actor,
    key: IdempotencyKey | None = None,
    note: str = "",
    pasted: str = "",
    action: str = CREATED,
    now: datetime | None = None,
    new_short_id: Callable[[], str] = short_id.generate,
) -> Order:
    """Store a checked order with its lines and its first history entry, all or nothing.

    Returns the order after the commit. `note` is a note for the team that `notes.check_note` has
    returned, or empty for none; `pasted` is the text that the order was entered from, or empty for
    none; `action` is the action of the history entry. If `key` was used
    before, nothing is stored: raises KeyAlreadyUsed if `key` has a function `answer`, raises
    AlreadyPlaced if the content differs, and otherwise returns the order that was created then.
    Raises ServiceBusy if the database cannot be written.
    """
    # Made before the transaction: a write repeated after a lost commit finds its own order. In
    # microseconds: orders of the same millisecond are listed in the order of their IDs.
    order_id = new_uuid(now or datetime.now(UTC))
    if key is not None and (placed := _placed_before(key, actor)):
        return placed
    failure: IntegrityError | None = None
    order: Order
    for _ in range(SHORT_ID_TRIES):
        code = new_short_id()

        def make_rows(code: str = code) -> NewRows:
            nonlocal order
            order = new_order(
                draft, order_id=order_id, short_id=code, org_id=actor.org_id,
                created_by=actor.id, at=now_or(now),
            )  # fmt: skip
            return _rows(order, actor, key, note, pasted, action)

        try:
            database.insert(make_rows)
        except IntegrityError as error:
            failure = error
            # The same key at the same moment: the other one has won.
            if key is not None and (placed := _placed_before(key, actor)):
                return placed
            for own in database.rows(_own_short_id, {"order_id": order_id}):
                return queries.find_order(own.short_id, actor.org_id)
        else:
            report(Measured.ORDERS_CREATED, 1, "import" if action == IMPORTED else actor.kind)
            return order
    raise ServiceBusy(lazy_gettext("No free order code was found. Please try again.")) from failure


_own_short_id = CompiledSelect(
    select(tables.orders.c.short_id).where(tables.orders.c.id == bindparam("order_id"))
)
_placed_by_key = CompiledSelect(
    select(tables.orders.c.short_id, tables.submission.c.fingerprint)
    .join(tables.submission, tables.submission.c.order_id == tables.orders.c.id)
    .where(
        tables.submission.c.actor_id == bindparam("actor_id"),
        tables.submission.c.key == bindparam("key"),
    )
)


def _placed_before(key: IdempotencyKey, actor: Actor) -> Order | None:
    for placed in database.rows(_placed_by_key, {"actor_id": actor.id, "key": key.key}):
        if key.answer is not None:
            raise KeyAlreadyUsed
        if placed.fingerprint != key.fingerprint:
            raise AlreadyPlaced(placed.short_id)
        return queries.find_order(placed.short_id, actor.org_id)
    return None


def _rows(
    order: Order, actor: Actor, key: IdempotencyKey | None, note: str, pasted: str, action: str
) -> NewRows:
    """Return the rows to insert for a new order, by table; a table's list may be empty."""
    rows: dict[Table, list[dict[str, Any]]] = {
        tables.orders: [order_row(order)],
        tables.cart_line: line_rows(order),
        tables.pending_change: change_rows(None, order),
        tables.order_history: [history_row(order, actor, action, {}, at=order.created_at)],
        tables.webhook_delivery: messages(Topic.CREATED, order, actor.org, at=order.created_at),
        tables.order_date: date_rows(order, actor.org.attributes),
    }
    if note:
        rows[tables.order_note] = [note_row(order.id, note, actor=actor, at=order.created_at)]
    if pasted.strip("\0\r\n\t "):
        rows[tables.order_pasted_text] = [pasted_row(order, pasted, at=order.created_at)]
    if key is not None:
        rows[tables.submission] = [
            idempotency.row(key, actor, order, order_id=order.id, at=order.created_at)
        ]
    return rows


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _is_within(path: str, known: Collection[str]) -> bool:
    """Return whether the path, or a path that it is inside of, is one of those with an error."""
    parts = path.split(".", 3)  # the key, the last part, may have dots
    return any(".".join(parts[:length]) in known for length in range(1, len(parts) + 1))


def _metadata_of(cart: object) -> list[dict[str, Any]]:
    """Return the metadata of each line of a cart as it was sent; {} for what is no object."""
    lines = cart if isinstance(cart, list | tuple) else ()
    return [_object(_object(line).get("metadata")) for line in lines]


def _references(cart: object) -> list[tuple[int, str]]:
    """Return the position, from 0, and `configurationId` of each cart line that has one.

    The result is empty if `cart` is not a list or tuple.
    """
    named: list[tuple[int, str]] = []
    for position, line in enumerate(cart if isinstance(cart, list | tuple) else ()):
        name = line.get("configurationId") if isinstance(line, dict) else None
        if isinstance(line, CartLine):
            name = line.configuration_id
        if isinstance(name, str):
            named.append((position, canonical_configuration_id(name) or name))
    return named


def _place(error: FieldError) -> tuple[int, int, str]:
    """Return a sort key for errors: by the field's place on the form, then by line and path."""
    field, _, rest = error.path.partition(".")
    position = rest.partition(".")[0]
    line = int(position) if field in {"cart", "items"} and position.isdigit() else -1
    return _PLACES.get(field, len(ORDER_FIELDS)), line, error.path
