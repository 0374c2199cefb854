"""Validate a new order as it was sent: known fields, of the right types, within the limits.

The model is generated from ORDER_FIELDS. All messages are our own sentences, the same for the form
and for the JSON API.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, get_args

from pydantic import ConfigDict, Field

from orders.domain.errors import FieldError
from orders.domain.fields import NULL, AlsoSent
from orders.domain.inputs import (
    UNKNOWN_FIELD,
    Inspection,
    Limits,
    M,
    MessageRules,
    StrictInput,
    inspect,
    too_large,
    with_fields,
)
from orders.domain.legacy_items import convert_items
from orders.domain.normalization import normalize_new_order
from orders.domain.order import (
    FIELD_BY_PATH,
    OBJECT_FIELDS,
    ORDER_FIELDS,
    READ_ONLY,
    CartLine,
    FieldKind,
    OrderDraft,
    OrderField,
)
from orders.domain.status import OPEN_CARTS, STATUS_TEXTS, Status, read_status
from orders.domain.texts import Figure, lazy_gettext

# The JSON Schema of what `_lines` checks: from `New` on an order needs a line, by either name.
# As a condition, which generators of clients pass over: they would make a type of each `anyOf`.
_NEEDS_A_LINE: dict[str, Any] = {
    "if": {
        "title": "A cart that is still being filled",
        "required": ["status"],
        "properties": {"status": {"enum": sorted(OPEN_CARTS)}},
    },
    "else": {
        "anyOf": [
            {
                "title": "At least one line",
                "required": ["cart"],
                "properties": {"cart": {"type": "array", "minItems": 1}},
            },
            {
                "title": "At least one entry of the old kind",
                "required": ["items"],
                "properties": {"items": {"type": "array", "minItems": 1}, "cart": NULL},
            },
        ]
    },
}


def request_types(
    fields: Iterable[OrderField], *, is_change: bool = False, **own: str
) -> dict[str, Any]:
    """Return the pydantic fields of a request by name, for `with_fields`.

    If `is_change` is true, the request changes an order, and fields that are left out get no
    default. `own` maps names of fields to descriptions that replace those in `fields`.
    """
    types: dict[str, Any] = {}
    for field in fields:
        info: dict[str, Any] = {}
        if description := own.get(field.name) or field.description:
            info["description"] = description
        # An example of an ID would be another org than that of the reader.
        if field.examples is not None and field.kind is not FieldKind.ID:
            info["examples"] = list(field.examples)
        if not is_change and field.default in (dict, list):
            info["default_factory"] = field.default
        else:
            info["default"] = None if is_change else field.default
        # Null counts as not sent in a new order; in a change it clears what can be null.
        is_nullable = is_change or type(None) in get_args(field.sent)
        kind = field.sent if is_nullable else Annotated[field.sent | None, AlsoSent(NULL)]
        types[field.name] = (kind, Field(**info))
    return types


@with_fields(request_types(field for field in ORDER_FIELDS if field.sent is not None))
class OrderInput(StrictInput):
    """A new order. Null counts as not sent."""

    model_config = ConfigDict(json_schema_extra=_NEEDS_A_LINE)


@dataclass(frozen=True, slots=True)
class ShapeResult:
    """The result of `shape_errors`: a draft and no errors, or None and the errors.

    `sent` is the document after `normalize_new_order`, or {} if it is not an object.
    `cart_from_items` is true if the lines were converted from `items`.
    """

    draft: OrderDraft | None
    errors: list[FieldError]
    sent: dict[str, Any]
    cart_from_items: bool = False


def shape_errors(raw: object, *, limits: Limits, legacy_items: bool = True) -> ShapeResult:
    """Validate a new order as a client sent it, as far as possible without knowing its org.

    `raw` is the output of a JSON parser. Never raises: the result has either the draft or all
    errors, one for each path. A document nested too deeply is not checked further. If
    `legacy_items` is false, `items` is an unknown field.
    """
    unknown = () if legacy_items else ("items",)
    document = normalize_new_order(raw)
    seen = inspect_order(document, OrderInput, limits=limits, unknown=unknown)
    if not isinstance(document, dict):
        return ShapeResult(None, list(seen.errors.values()), {})
    if seen.is_unreadable:
        return ShapeResult(None, list(seen.errors.values()), document)
    sent, errors = seen.sent, seen.errors
    values = None if seen.parsed is None else vars(seen.parsed)
    converted = convert_items(values["items"]) if values and "cart" not in sent else None
    from_items = converted is not None and bool(converted.lines)
    if (
        _lacks_lines(values or sent)
        and "cart" not in errors
        and not any(_too_many(document, limits))
    ):
        status = values["status"] if values else sent.get("status", Status.NEW)
        errors["cart"] = FieldError("cart", missing_line(status))
    if errors or values is None:
        return ShapeResult(None, list(errors.values()), document, from_items)
    fields = {
        **values,
        "platform": sent.get("platform", {}),  # as sent: the model drops what was left out
        "cart": read_lines_of(values["cart"] or ()) if converted is None else converted.lines,
        "warnings": () if converted is None else converted.warnings,
    }
    draft = OrderDraft(*(fields[name] for name in OrderDraft._fields))
    return ShapeResult(draft, [], document, from_items)


def missing_line(status: object) -> str:
    """Return the error message for an empty cart in an order with this status.

    An unknown status is shown as it was sent.
    """
    known = read_status(status)
    shown = status if known is None else STATUS_TEXTS[known]
    return lazy_gettext("At least one line is needed for status %(status)s.", status=shown)


def inspect_order(
    raw: object, model: type[M], *, limits: Limits, unknown: Collection[str] = ()
) -> Inspection[M]:
    """Check a document with fields of an order against `model` and the limits; never raises.

    `unknown` has wire names of fields of the model that are to be rejected as unknown.
    """
    fields = raw if isinstance(raw, dict) else {}
    refused = (FieldError(name, UNKNOWN_FIELD) for name in unknown if name in fields)
    seen = inspect(
        raw, model, _WORDS, limits=limits, refused=(*_too_many(fields, limits), *refused)
    )
    if not seen.is_unreadable:
        seen.add(_too_large(fields, limits))
    return seen


def read_lines_of(lines: Iterable[Any]) -> tuple[CartLine, ...]:
    return tuple(CartLine(line.configuration_id, line.count, line.metadata) for line in lines)


def _lacks_lines(fields: dict[str, Any]) -> bool:
    """Return whether an order has no lines although its status requires one.

    False if the status is unknown or the lines have the wrong type.
    """
    status = read_status(fields.get("status", Status.NEW))
    is_open = status is None or status in OPEN_CARTS
    # Entries that could not be converted are an order all the same; no entries are none.
    lines = fields["cart"] if fields.get("cart") is not None else fields.get("items", [])
    return not is_open and lines == []


def _too_many(raw: dict[Any, Any], limits: Limits) -> Iterator[FieldError]:
    cart, items = raw.get("cart"), raw.get("items")
    if isinstance(cart, list) and len(cart) > limits.cart_lines:
        most, count = Figure(limits.cart_lines), Figure(len(cart))
        sentence = lazy_gettext(
            "At most %(most)s lines; this has %(count)s.", most=most, count=count
        )
        yield FieldError("cart", sentence)
    if isinstance(items, list) and len(items) > limits.items:
        most, count = Figure(limits.items), Figure(len(items))
        sentence = lazy_gettext(
            "At most %(most)s entries; this has %(count)s.", most=most, count=count
        )
        yield FieldError("items", sentence)


def _too_large(raw: dict[Any, Any], limits: Limits) -> Iterator[FieldError]:
    fields = [(field.wire_name, raw.get(field.wire_name)) for field in OBJECT_FIELDS]
    cart = raw.get("cart")
    for position, line in enumerate(cart if isinstance(cart, list) else ()):
        if isinstance(line, dict) and "metadata" in line:
            fields.append((f"cart.{position}.metadata", line["metadata"]))
    # What is no object has an error of its type already.
    objects = ((path, value) for path, value in fields if isinstance(value, dict))
    return too_large(objects, limits.metadata_bytes)


_WORDS = MessageRules(
    lazy_gettext("An object with the fields of an order."),
    nullable=frozenset(
        path for path, field in FIELD_BY_PATH.items() if field.kind is FieldKind.TEXT
    ),
    read_only=READ_ONLY,
)
