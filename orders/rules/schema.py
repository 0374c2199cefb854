"""The shape of an order as it is sent: which fields there are, of which type, within which limits.

The models put the fields of `orders.rules.fields` together; every message is a sentence of our own,
the same for the form and for the JSON endpoint.
"""

import functools
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from orders.rules.errors import FieldError
from orders.rules.fields import (
    NO_NUL,
    OWN_RULES,
    ConfigurationId,
    Count,
    CustomerId,
    Derivative,
    Items,
    JsonObject,
    LineMetadata,
    Metadata,
    OrderName,
    OrderStatus,
    OrgId,
    OriginOrgId,
    PlatformName,
    PlatformOrderId,
    StoreName,
    canonical_configuration_id,
    shared,
)
from orders.rules.inputs import UNKNOWN_FIELD, StrictInput, Words, checked, is_name, too_large
from orders.rules.json_values import (
    MAX_ERRORS,
    find_unstorable,
    join_path,
    nesting_sentence,
)
from orders.rules.legacy_items import convert_items
from orders.rules.limits import Limits
from orders.rules.order import NOT_SENT, CartLine, OrderDraft
from orders.rules.status import (
    OPEN_CARTS,
    STATUS_TEXTS,
    Status,
    may_have_empty_cart,
    read_status,
)
from orders.rules.texts import Figure, mark

READ_ONLY = {"id", "shortId", "createdAt", "updatedAt", "createdBy", "deletedAt"}
NO_LIST_SENTENCE = mark("Text, a number, a boolean, null or an object; lists are not possible.")


class PlatformInput(BaseModel):
    """Where the order came from, in the shop's own words; other keys are kept as they come."""

    model_config = ConfigDict(
        extra="allow",
        strict=True,
        alias_generator=to_camel,
        json_schema_extra={
            "propertyNames": {"pattern": NO_NUL},
            "additionalProperties": shared("JsonValue"),
        },
    )

    id: PlatformOrderId = None
    platform: PlatformName = None
    store_name: StoreName = None


class CartLineInput(StrictInput):
    """One line of the cart; `metadata` may be left out but not null."""

    configuration_id: ConfigurationId
    count: Count
    metadata: LineMetadata = cast(JsonObject, None)


# What `_lines` below checks: from `New` on an order needs a line, by either name.
_NEEDS_A_LINE: dict[str, Any] = {
    "anyOf": [
        {
            "title": "A cart that is still being filled",
            "required": ["status"],
            "properties": {"status": {"enum": sorted(OPEN_CARTS)}},
        },
        {
            "title": "At least one line",
            "required": ["cart"],
            "properties": {"cart": {"minItems": 1}},
        },
        {
            "title": "At least one entry of the old kind",
            "required": ["items"],
            "properties": {"items": {"minItems": 1}, "cart": False},
        },
    ]
}


class OrderInput(StrictInput):
    """A new order. Left out and null are two things: null is taken only where the type says so."""

    model_config = ConfigDict(json_schema_extra=_NEEDS_A_LINE)

    org_id: OrgId = cast(str, None)
    origin_org_id: OriginOrgId = ""
    name: OrderName = None
    customer_id: CustomerId = None
    platform: PlatformInput = cast(PlatformInput, None)
    metadata: Metadata = Field(default_factory=dict)
    derivative: Derivative = Field(default_factory=dict)
    cart: list[CartLineInput] = Field(
        cast(list[CartLineInput], None),
        description="The lines, in the order in which they are sent. From the status `New` on at "
        "least one is needed.",
    )
    items: Items = Field(default_factory=list)
    status: OrderStatus = Status.NEW


@dataclass(frozen=True, slots=True)
class ShapeResult:
    """The draft, or what is wrong; `cart_from_items` tells that the lines were converted."""

    draft: OrderDraft | None
    errors: list[FieldError]
    cart_from_items: bool = False


def shape_errors(raw: object, *, limits: Limits, legacy_items: bool = True) -> ShapeResult:
    """Check an order as it was sent, as far as it can be judged without its org.

    `raw` is what a JSON parser gives. Never raises: whatever arrives, the result holds either the
    draft or every error, one for each path. What is nested too deeply is told alone, because
    nothing below it is looked at. Without `legacy_items` the field `items` is unknown.
    """
    seen = inspect(raw, OrderInput, limits=limits, unknown=() if legacy_items else ("items",))
    if seen.is_unreadable:
        return ShapeResult(None, list(seen.told.values()))
    order, sent, told = seen.parsed, seen.sent, seen.told
    lines, from_items, needs_line = _lines(order, sent) if order else ((), False, _is_bare(sent))
    if needs_line and not seen.has_oversized and "cart" not in told:
        status = order.status if order else sent.get("status", Status.NEW)
        told["cart"] = FieldError("cart", missing_line(status))
    if told or order is None:
        return ShapeResult(None, list(told.values()), from_items)
    return ShapeResult(_draft(order, sent, lines), [], from_items)


def missing_line(status: object) -> str:
    """Give the sentence for a cart that may not be empty any more."""
    known = read_status(status)
    shown = status if known is None else STATUS_TEXTS[known]
    return mark("At least one line is needed for status %(status)s.", status=shown)


Input = TypeVar("Input", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Inspection(Generic[Input]):
    """What a model reads of a document, and all that is wrong with it, by path.

    `sent` are the fields that can be judged; `is_unreadable` tells that nothing more can be said.
    """

    parsed: Input | None
    sent: dict[str, Any]
    told: dict[str, FieldError]
    has_oversized: bool = False
    is_unreadable: bool = False


def inspect(
    raw: object, model: type[Input], *, limits: Limits, unknown: Collection[str] = ()
) -> Inspection[Input]:
    """Check a document against a model and against all that no model can say.

    Never raises. `unknown` names fields of the model that this caller does not take.
    """
    if not isinstance(raw, dict):
        error = FieldError("", mark("An object with the fields of an order."))
        return Inspection(None, {}, {"": error}, is_unreadable=True)
    unstorable = find_unstorable(raw, nesting=limits.nesting)
    if any(error.message == nesting_sentence(limits.nesting) for error in unstorable):
        told = {error.path: error for error in unstorable}
        return Inspection(None, {}, told, is_unreadable=True)
    oversized = list(_too_many(raw, limits))
    told = {}
    for error in (*unstorable, *oversized):
        told.setdefault(error.path, error)
    sent: dict[str, Any] = raw
    refused = [field for field in unknown if field in raw]
    if unstorable or oversized or refused:
        # The models see what they can judge; the rest is told already, or is told here.
        dropped = {error.path for error in oversized}.union(refused)
        told.update({field: FieldError(field, UNKNOWN_FIELD) for field in refused})
        sent = {key: raw[key] for key in raw if key not in dropped and is_name(key)}
    parsed = checked(model, sent, told, _WORDS)
    for error in (*_list_faults(raw), *_too_large(raw, limits)):
        told.setdefault(error.path, error)
    return Inspection(parsed, sent, told, has_oversized=bool(oversized))


def _lines(order: OrderInput, raw: dict[Any, Any]) -> tuple[tuple[CartLine, ...], bool, bool]:
    """Give the lines, whether they come from `items`, and whether one is missing."""
    if "cart" in raw:
        lines = tuple(
            CartLine(line.configuration_id, line.count, line.metadata) for line in order.cart or ()
        )
        return lines, False, not lines and not may_have_empty_cart(order.status)
    converted = convert_items(order.items)
    if converted is not None:
        lines = tuple(
            CartLine(
                canonical_configuration_id(line["configurationId"]),
                line["count"],
                line.get("metadata"),
            )
            for line in converted
        )
        return lines, True, False
    # Entries that could not be converted are an order all the same; no entries are none.
    return (), False, not order.items and not may_have_empty_cart(order.status)


def _is_bare(raw: dict[Any, Any]) -> bool:
    """Tell of a faulty order whether it lacks lines too, judging by what can be read of it."""
    status = read_status(raw.get("status", Status.NEW))
    is_open = status is None or may_have_empty_cart(status)
    cart = raw.get("cart", raw.get("items", []))
    return not is_open and cart == []


def _draft(order: OrderInput, sent: dict[Any, Any], lines: tuple[CartLine, ...]) -> OrderDraft:
    return OrderDraft(
        name=order.name,
        customer_id=order.customer_id,
        platform=sent.get("platform", {}),
        metadata=order.metadata,
        derivative=order.derivative,
        cart=lines,
        items=order.items,
        status=order.status,
        origin_org_id=NOT_SENT if order.origin_org_id == "" else order.origin_org_id,
        org_id=order.org_id if "orgId" in sent else NOT_SENT,
    )


def _too_many(raw: dict[Any, Any], limits: Limits) -> Iterator[FieldError]:
    cart, items = raw.get("cart"), raw.get("items")
    if isinstance(cart, list) and len(cart) > limits.cart_lines:
        most, count = Figure(limits.cart_lines), Figure(len(cart))
        sentence = mark("At most %(most)s lines; this has %(count)s.", most=most, count=count)
        yield FieldError("cart", sentence)
    if isinstance(items, list) and len(items) > limits.items:
        most, count = Figure(limits.items), Figure(len(items))
        sentence = mark("At most %(most)s entries; this has %(count)s.", most=most, count=count)
        yield FieldError("items", sentence)


def _too_large(raw: dict[Any, Any], limits: Limits) -> Iterator[FieldError]:
    fields = [(field, raw.get(field)) for field in ("platform", "metadata", "derivative")]
    cart = raw.get("cart")
    for position, line in enumerate(cart if isinstance(cart, list) else ()):
        if isinstance(line, dict) and "metadata" in line:
            fields.append((f"cart.{position}.metadata", line["metadata"]))
    # What is no object is told already, by its type.
    objects = ((path, value) for path, value in fields if isinstance(value, dict))
    return too_large(objects, limits.metadata_bytes)


def _list_faults(raw: dict[Any, Any]) -> list[FieldError]:
    """Find lists in metadata: its values are texts, numbers, booleans, null and objects."""
    faults: list[FieldError] = []
    # Paths are written out for faults only, see `find_unstorable`.
    waiting: list[tuple[Any, tuple[str, ...]]] = [
        (raw[field], (field,)) for field in ("derivative", "metadata") if _is_object(raw, field)
    ]
    while waiting and len(faults) < MAX_ERRORS:
        one, place = waiting.pop()
        if isinstance(one, list):
            path = functools.reduce(join_path, place, "")
            faults.append(FieldError(path, NO_LIST_SENTENCE))
        else:
            inner = [
                (child, (*place, key))
                for key, child in one.items()
                if isinstance(child, dict | list)
            ]
            waiting.extend(reversed(inner))
    return faults


def _is_object(raw: dict[Any, Any], field: str) -> bool:
    return isinstance(raw.get(field), dict)


_WORDS = Words(
    nullable=frozenset(
        {
            "name",
            "customerId",
            "originOrgId",
            "platform.id",
            "platform.platform",
            "platform.storeName",
        }
    ),
    read_only=frozenset(READ_ONLY),
    own_rules=frozenset(OWN_RULES),
)
